//! What comes out of the hub's sinks, read from outside: the moment at which each update's event is there.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use freehold_tests::bench::Failure;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncSeekExt as _, BufReader};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::nats::Client;

/// The type of an update's event.
const UPDATE: &str = "dev.freehold.update";

/// Pause between two looks at a file that has not grown: the grain of what is told of it.
const LOOK: Duration = Duration::from_millis(1);

/// A sink as its reader sees it.
pub struct Outlet {
    seen: Arc<Mutex<Seen>>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct Seen {
    /// Numbers of nodes by their DIDs.
    nodes: HashMap<String, usize>,
    /// When which update of which node was there.
    at: HashMap<(usize, u64), Instant>,
}

impl Outlet {
    /// Follows a file of JSON lines from where it ends now.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn lines(path: &Path, nodes: HashMap<String, usize>) -> Result<Self, Failure> {
        let seen = Arc::new(Mutex::new(Seen { nodes, ..Seen::default() }));
        let (path, reading) = (path.to_owned(), Arc::clone(&seen));
        let length = tokio::fs::metadata(&path).await.map_or(0, |file| file.len());
        let task = tokio::spawn(async move {
            // A file that is gone ends it: whoever waits for an event is told that there is none.
            let _ = follow(path, length, &reading).await;
        });
        Ok(Self { seen, task })
    }

    /// Subscribes to the stream's subjects.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn subjects(port: u16, nodes: HashMap<String, usize>) -> Result<Self, Failure> {
        let seen = Arc::new(Mutex::new(Seen { nodes, ..Seen::default() }));
        let reading = Arc::clone(&seen);
        let mut client = Client::connect(port).await?;
        client.subscribe("freehold.>").await?;
        let task = tokio::spawn(async move {
            while let Ok(body) = client.next().await {
                note(&reading, &body);
            }
        });
        Ok(Self { seen, task })
    }

    /// When an update was there.
    ///
    /// # Errors
    /// When it is not within the time.
    pub async fn seen(&self, of: (usize, u64), wait_max: Duration) -> Result<Instant, Failure> {
        let until = Instant::now() + wait_max;
        loop {
            if let Some(at) = lock(&self.seen).at.remove(&of) {
                return Ok(at);
            }
            if Instant::now() > until {
                return Err("an update's event has not come out of the sink".into());
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

impl Drop for Outlet {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn follow(path: PathBuf, length: u64, seen: &Mutex<Seen>) -> std::io::Result<()> {
    let mut file = loop {
        match tokio::fs::File::open(&path).await {
            Ok(file) => break BufReader::new(file),
            Err(_) => tokio::time::sleep(LOOK).await,
        }
    };
    file.seek(std::io::SeekFrom::Start(length)).await?;
    let mut line = Vec::new();
    loop {
        file.read_until(b'\n', &mut line).await?;
        if line.ends_with(b"\n") {
            note(seen, &line);
            line.clear();
        } else {
            tokio::time::sleep(LOOK).await;
        }
    }
}

fn note(seen: &Mutex<Seen>, event: &[u8]) {
    let now = Instant::now();
    let Ok(event) = serde_json::from_slice::<Value>(event) else { return };
    if event["type"] != UPDATE {
        return;
    }
    let seq = event["id"].as_str().and_then(|id| id.rsplit('-').next()).and_then(|seq| seq.parse().ok());
    let mut seen = lock(seen);
    let node = event["data"]["did"].as_str().and_then(|did| seen.nodes.get(did)).copied();
    if let (Some(node), Some(seq)) = (node, seq) {
        seen.at.insert((node, seq), now);
    }
}

fn lock(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}
