//! The file of JSON lines: one `CloudEvent` a line, on disk before the cursor moves.

mod file;

use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use freehold_mailbox::record::save;
use freehold_store::ReadError;

use crate::log::Record;
use crate::shared::{Answers, Shared};
use crate::sinks::jsonl::file::LineFile;
use crate::sinks::{JSONL, answer, batch, cursor, pause};
use crate::stop::Stopping;
use crate::tables;

/// How often to look for events whose announcement was lost with its session.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Writes events until the hub stops.
pub(crate) async fn run(shared: Arc<Shared>, path: PathBuf, stop: Stopping) {
    let mut events = shared.last_event.subscribe();
    let mut lines = Lines::new(path);
    let mut failures = 0;
    while !stop.is_given() {
        match lines.step(&shared).await {
            Ok(true) => failures = 0,
            Ok(false) => {
                failures = 0;
                tokio::select! {
                    biased;
                    () = stop.given() => return,
                    _ = events.changed() => {}
                    () = tokio::time::sleep(LOOK_EVERY) => {}
                }
            }
            Err(error) => {
                failures += 1;
                tracing::warn!(%error, "events are not written to their file: it is tried again");
                tokio::select! {
                    biased;
                    () = stop.given() => return,
                    () = tokio::time::sleep(pause(failures)) => {}
                }
            }
        }
    }
}

/// The file, and how far it is ahead of the store.
pub(crate) struct Lines {
    file: LineFile,
    #[cfg(feature = "simulation")]
    simulated: Option<crate::simulation::OpenSink>,
    /// Whether the file is there and ends with a whole line.
    whole: bool,
    /// The last event whose line is on disk. The cursor is behind it while the store takes nothing.
    appended: u64,
}

impl Lines {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self {
            #[cfg(feature = "simulation")]
            simulated: crate::simulation::mounted(&path),
            file: LineFile::new(path),
            whole: false,
            appended: 0,
        }
    }

    /// Writes one batch; says whether there was one.
    pub(crate) async fn step(&mut self, shared: &Arc<Shared>) -> io::Result<bool> {
        self.mend().await?;
        let after = cursor(&shared.store, JSONL).map_err(io::Error::other)?;
        let mut records = batch(shared, after).map_err(io::Error::other)?;
        if self.appended > after {
            // Their lines are on disk and the store did not take note of it. To write them again with each attempt
            // would fill the disk: only the note is repeated.
            records.retain(|record| record.n <= self.appended);
        } else {
            let Some(last) = records.last().map(|record| record.n) else { return Ok(false) };
            let lines = lines(shared, &records)?;
            self.whole = false;
            self.append(lines).await?;
            (self.whole, self.appended) = (true, last);
        }
        settle(shared, &records, self.appended).await.map_err(io::Error::other)?;
        Ok(true)
    }

    async fn mend(&mut self) -> io::Result<()> {
        #[cfg(feature = "simulation")]
        if self.simulated.is_some() {
            return Ok(());
        }
        if !self.whole {
            self.on_disk(LineFile::mend).await?;
            self.whole = true;
        }
        Ok(())
    }

    async fn append(&self, lines: Vec<u8>) -> io::Result<()> {
        #[cfg(feature = "simulation")]
        if let Some(sink) = &self.simulated {
            return sink.append(&lines);
        }
        self.on_disk(move |file| file.append(&lines)).await
    }

    async fn on_disk(
        &self,
        work: impl FnOnce(&LineFile) -> io::Result<()> + Send + 'static,
    ) -> io::Result<()> {
        let file = self.file.clone();
        tokio::task::spawn_blocking(move || work(&file)).await.map_err(io::Error::other)?
    }
}

/// A line for each event.
fn lines(shared: &Shared, records: &[Record]) -> io::Result<Vec<u8>> {
    let (store, first) = (&shared.store, shared.keys.first());
    let source = first.did.as_str();
    let mut lines = Vec::new();
    for record in records {
        let event = match record.cloudevent(store, source) {
            Ok(event) => event,
            // Pruned or rewritten since the batch was read: what is there now is written.
            Err(_) => match Record::load(store, record.n).map_err(io::Error::other)? {
                None => continue,
                Some(now) => now.cloudevent(store, source).map_err(io::Error::other)?,
            },
        };
        serde_json::to_writer(&mut lines, &event)?;
        lines.push(b'\n');
    }
    Ok(lines)
}

/// Moves the cursor and tells the persons.
async fn settle(
    shared: &Arc<Shared>,
    records: &[Record],
    last: u64,
) -> Result<(), freehold_store::WriteError<ReadError>> {
    let owing: Vec<u64> = records.iter().filter(|r| r.owed().is_some()).map(|record| record.n).collect();
    let (writing, now) = (Arc::clone(shared), shared.now());
    let told = shared.store.write(move |txn| {
        // Before the answers: an erasure is answered by the last sink that has it.
        save(txn, tables::cursor(JSONL), &last);
        let mut told = BTreeSet::new();
        for n in owing {
            let Some(mut record) = Record::load(txn, n)? else { continue };
            if answer::taken(txn, &writing, &Answers::Jsonl, &mut record, None, now)? {
                told.insert(record.relationship);
            }
        }
        Ok::<_, ReadError>(told)
    });
    told.await?.into_inner().iter().for_each(|relationship| shared.wake(relationship));
    Ok(())
}
