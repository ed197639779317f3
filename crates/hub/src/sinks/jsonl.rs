//! The file of JSON lines: one `CloudEvent` a line, on disk before the cursor moves.

mod file;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use crate::log::{self, Record};
use crate::shared::Shared;
use crate::sinks::Stream;
use crate::sinks::feed::Outlet;
use crate::sinks::jsonl::file::LineFile;

/// The file.
pub(crate) struct Lines {
    file: LineFile,
    #[cfg(feature = "simulation")]
    simulated: Option<crate::simulation::OpenSink>,
    /// Whether the file is there and ends with a whole line.
    whole: bool,
}

impl Lines {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self {
            #[cfg(feature = "simulation")]
            simulated: crate::simulation::mounted(&path),
            file: LineFile::new(path),
            whole: false,
        }
    }

    async fn on_disk(
        &self,
        work: impl FnOnce(&LineFile) -> io::Result<()> + Send + 'static,
    ) -> io::Result<()> {
        let file = self.file.clone();
        tokio::task::spawn_blocking(move || work(&file)).await.map_err(io::Error::other)?
    }
}

impl Outlet for Lines {
    const STREAM: Stream = Stream::Jsonl;

    async fn ready(&mut self, _: &Arc<Shared>) -> io::Result<Option<u64>> {
        #[cfg(feature = "simulation")]
        if self.simulated.is_some() {
            return Ok(None);
        }
        if !self.whole {
            self.on_disk(LineFile::mend).await?;
            self.whole = true;
        }
        Ok(None)
    }

    fn forget(&mut self) {
        self.whole = false;
    }

    async fn append(&mut self, shared: &Arc<Shared>, records: &[Record]) -> io::Result<()> {
        let lines = lines(shared, records)?;
        #[cfg(feature = "simulation")]
        if let Some(sink) = &self.simulated {
            return sink.append(&lines);
        }
        self.whole = false;
        self.on_disk(move |file| file.append(&lines)).await?;
        self.whole = true;
        Ok(())
    }
}

/// A line for each event.
fn lines(shared: &Shared, records: &[Record]) -> io::Result<Vec<u8>> {
    let mut lines = Vec::new();
    let records: Vec<&Record> = records.iter().filter(|record| record.is_for(Stream::Jsonl)).collect();
    for event in log::cloudevents_now(shared, &records).map_err(io::Error::other)?.into_iter().flatten() {
        serde_json::to_writer(&mut lines, &event)?;
        lines.push(b'\n');
    }
    Ok(lines)
}
