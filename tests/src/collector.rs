//! A collector of OpenTelemetry's spans, as a process that reads them with OpenTelemetry's own package.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

use crate::verifiers::python;

/// A running collector, which is killed when it is dropped.
pub struct Collector {
    process: Child,
    address: String,
    spans: Arc<Mutex<Vec<Value>>>,
}

impl Collector {
    /// Starts one.
    ///
    /// # Panics
    /// When it cannot be installed or started.
    #[must_use]
    pub fn start() -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("interop/otlp/collector.py");
        let started = Command::new(python("otlp")).arg(script).stdout(Stdio::piped()).spawn();
        let mut process = started.expect("the collector starts");
        let mut lines = BufReader::new(process.stdout.take().expect("its output is piped")).lines();
        let read = |line: std::io::Result<String>| serde_json::from_str::<Value>(&line.unwrap_or_default());
        let first = lines.next().map(read).expect("it says where it is").expect("a line of JSON");
        let spans = Arc::new(Mutex::new(Vec::new()));
        let taken = Arc::clone(&spans);
        std::thread::spawn(move || {
            for span in lines.map_while(|line| read(line).ok()) {
                taken.lock().unwrap_or_else(PoisonError::into_inner).push(span);
            }
        });
        Self { process, address: first["address"].as_str().expect("an address").to_owned(), spans }
    }

    /// Where it is.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// What it has.
    #[must_use]
    pub fn spans(&self) -> Vec<Value> {
        self.spans.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
