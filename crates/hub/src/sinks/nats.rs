//! The stream of NATS JetStream: acknowledged by it before the cursor moves.

use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use freehold_nats::{JetStream, Message};
use freehold_store::ReadError;

use crate::log::{self, Record};
use crate::relationship::uuid;
use crate::shared::Shared;
use crate::sinks::Stream;
use crate::sinks::feed::Outlet;
use crate::tables;

/// Longest wait: a cluster that has lost its leader has another one within seconds.
const WAIT_MAX: Duration = Duration::from_secs(5);

/// The stream.
pub(crate) struct Subjects {
    stream: JetStream,
}

impl Subjects {
    pub(crate) fn new(stream: JetStream) -> Self {
        Self { stream }
    }
}

impl Outlet for Subjects {
    const STREAM: Stream = Stream::Nats;
    const WAIT_MAX: Duration = WAIT_MAX;

    async fn ready(&mut self, _: &Arc<Shared>) -> io::Result<Option<u64>> {
        self.stream.ready().await.map(|()| None).map_err(io::Error::other)
    }

    async fn append(&mut self, shared: &Arc<Shared>, records: &[Record]) -> io::Result<()> {
        let mut messages = Vec::new();
        let records: Vec<&Record> = records.iter().filter(|record| record.is_for(Stream::Nats)).collect();
        let events = log::cloudevents_now(shared, &records).map_err(io::Error::other)?;
        for (record, event) in records.into_iter().zip(events) {
            let Some(event) = event else { continue };
            messages.push(Message {
                id: record.id.clone(),
                customer: uuid(&record.relationship).to_owned(),
                kind: record.kind.rsplit('.').next().unwrap_or_default().to_owned(),
                body: serde_json::to_vec(&event)?,
                erases: erases(shared, record).map_err(io::Error::other)?,
            });
        }
        self.stream.publish(&messages).await.map_err(io::Error::other)
    }
}

/// The updates of which nothing is left, where an event is an erasure.
fn erases(shared: &Shared, record: &Record) -> Result<BTreeSet<String>, ReadError> {
    let mut erased = BTreeSet::new();
    if record.kind != log::ERASE {
        return Ok(erased);
    }
    for entry in shared.store.scan(&tables::events_of(&shared.store, &record.relationship)) {
        let Some(n) = entry?.0.last_u64() else { continue };
        let update =
            Record::load(&shared.store, n)?.filter(|one| one.kind == log::UPDATE && one.paths.is_empty());
        erased.extend(update.filter(|one| one.grant == record.grant).map(|one| one.id));
    }
    Ok(erased)
}
