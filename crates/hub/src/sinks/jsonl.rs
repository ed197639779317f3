//! The file of JSON lines: one `CloudEvent` a line, on disk before the cursor moves.

mod file;

use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use freehold_mailbox::record::save;
use freehold_store::ReadError;
use tokio::sync::watch;

use crate::log::Record;
use crate::shared::{Answers, Shared, stopping};
use crate::sinks::jsonl::file::LineFile;
use crate::sinks::{JSONL, batch, cursor, outcome};
use crate::tables;

/// How long to wait after a failure, and for an event whose announcement was lost with its session.
const PAUSE: Duration = Duration::from_secs(1);

/// Writes events until the hub stops.
pub(crate) async fn run(shared: Arc<Shared>, path: PathBuf, mut stop: watch::Receiver<bool>) {
    let mut events = shared.last_event.subscribe();
    let file = LineFile::new(path);
    let mut whole = false;
    while !*stop.borrow() {
        let step = async {
            if !whole {
                let file = file.clone();
                tokio::task::spawn_blocking(move || file.mend()).await.map_err(io::Error::other)??;
            }
            deliver(&shared, &file).await
        };
        match step.await {
            Ok(true) => {
                whole = true;
                continue;
            }
            Ok(false) => whole = true,
            Err(error) => {
                whole = false;
                tracing::warn!(%error, "the file of events cannot be written: it is tried again");
                tokio::time::sleep(PAUSE).await;
            }
        }
        tokio::select! {
            () = stopping(&mut stop) => return,
            _ = events.changed() => {}
            () = tokio::time::sleep(PAUSE) => {}
        }
    }
}

/// Writes one batch; says whether there was one.
async fn deliver(shared: &Arc<Shared>, file: &LineFile) -> io::Result<bool> {
    let after = cursor(&shared.store, JSONL).map_err(io::Error::other)?;
    let records = batch(shared, after).map_err(io::Error::other)?;
    let Some(last) = records.last().map(|record| record.n) else { return Ok(false) };
    let mut lines = Vec::new();
    for record in &records {
        let event = record.cloudevent(&shared.store, shared.keys.did.as_str());
        let event = match event {
            Ok(event) => event,
            // Pruned or rewritten since the batch was read: what is there now is written.
            Err(_) => match Record::load(&shared.store, record.n).map_err(io::Error::other)? {
                None => continue,
                Some(now) => {
                    now.cloudevent(&shared.store, shared.keys.did.as_str()).map_err(io::Error::other)?
                }
            },
        };
        serde_json::to_writer(&mut lines, &event)?;
        lines.push(b'\n');
    }
    let file = file.clone();
    tokio::task::spawn_blocking(move || file.append(&lines)).await.map_err(io::Error::other)??;
    settle(shared, &records, last).await.map_err(io::Error::other)?;
    Ok(true)
}

/// Moves the cursor and tells the persons.
async fn settle(
    shared: &Arc<Shared>,
    records: &[Record],
    last: u64,
) -> Result<(), freehold_store::WriteError<ReadError>> {
    let numbers: Vec<u64> = records.iter().map(|record| record.n).collect();
    let (writing, now) = (Arc::clone(shared), shared.now());
    let told = shared.store.write(move |txn| {
        let mut told = BTreeSet::new();
        if writing.answers == Answers::Jsonl {
            let (kind, system) = writing.applied_in();
            for n in numbers {
                let Some(mut record) = Record::load(txn, n)? else { continue };
                let lines = outcome::lines(&record.paths, kind, system, None);
                if outcome::answer(txn, &mut record, lines, now)? {
                    record.save(txn);
                    told.insert(record.relationship);
                }
            }
        }
        save(txn, tables::cursor(JSONL), &last);
        Ok::<_, ReadError>(told)
    });
    told.await?.into_inner().iter().for_each(|relationship| shared.wake(relationship));
    Ok(())
}
