//! Events are sent again, with their ids.

use std::collections::BTreeSet;
use std::sync::Arc;

use freehold_mailbox::record::save;
use freehold_protocol::path::Path;
use freehold_protocol::time::Timestamp;
use freehold_store::{ReadError, Txn, WriteError};

use crate::held;
use crate::log::{self, AnsweredBy, Hook, Owed, Record};
use crate::shared::Shared;
use crate::sinks::{Receiver, Stream, batch, revive};
use crate::tables::{self, Counters};
use crate::view::ReplayView;

/// Why nothing is sent again.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// Neither a number nor a time.
    #[error("write an event's number, or a time such as 2026-11-24T00:00:00Z")]
    Since,
    /// There is no such sink.
    #[error("no sink {name} is configured; there is: {there}")]
    Unknown {
        /// What was asked for.
        name: String,
        /// Those that there are.
        there: String,
    },
    /// There is none at all.
    #[error("no sink is configured: add one to hub.toml and start the hub again")]
    NoSink,
    /// The store failed.
    #[error("{0}")]
    Store(String),
}

/// To whom.
#[derive(Debug, Clone, Copy)]
enum Sink {
    Stream(Stream),
    Receiver(Receiver),
}

impl Sink {
    fn name(self) -> &'static str {
        match self {
            Self::Stream(stream) => stream.name(),
            Self::Receiver(receiver) => receiver.name(),
        }
    }
}

/// Has events sent again from a number or a time on.
pub(crate) async fn replay(
    shared: &Arc<Shared>,
    since: &str,
    sink: Option<&str>,
) -> Result<ReplayView, ReplayError> {
    let failed = |error: &dyn std::fmt::Display| ReplayError::Store(error.to_string());
    let sinks = sinks(shared, sink)?;
    let last = Counters::load(&shared.store).map_err(|error| failed(&error))?.events;
    let from = from(shared, since, last)?;
    for sink in &sinks {
        match *sink {
            Sink::Stream(stream) => put_back(shared, stream, from).await.map_err(|error| failed(&error))?,
            Sink::Receiver(receiver) => {
                again(shared, receiver, from).await.map_err(|error| failed(&error))?
            }
        }
    }
    let names = sinks.iter().map(|sink| sink.name().to_owned()).collect();
    Ok(ReplayView { from, events: (last + 1).saturating_sub(from), sinks: names })
}

fn sinks(shared: &Shared, wanted: Option<&str>) -> Result<Vec<Sink>, ReplayError> {
    let present = shared.sinks();
    let streams = present.streams.iter().copied().map(Sink::Stream);
    let all: Vec<Sink> = streams.chain(present.receivers.keys().copied().map(Sink::Receiver)).collect();
    if all.is_empty() {
        return Err(ReplayError::NoSink);
    }
    let Some(name) = wanted else { return Ok(all) };
    let found: Vec<Sink> = all.iter().copied().filter(|sink| sink.name() == name).collect();
    if found.is_empty() {
        let there = all.iter().map(|sink| sink.name()).collect::<Vec<_>>().join(", ");
        return Err(ReplayError::Unknown { name: name.to_owned(), there });
    }
    Ok(found)
}

/// The number of the first event.
fn from(shared: &Shared, since: &str, last: u64) -> Result<u64, ReplayError> {
    if let Ok(n) = since.parse::<u64>() {
        return Ok(n.max(1));
    }
    let since = Timestamp::parse(since).map_err(|_| ReplayError::Since)?;
    // Events are stored in the order of time: the first one of it is found by halves.
    let (mut low, mut high) = (0, last);
    while low < high {
        let middle = low + (high - low) / 2;
        let next =
            log::after(&shared.store, middle, 1).map_err(|error| ReplayError::Store(error.to_string()))?;
        match next.first() {
            Some(next) if next.at < since => low = next.n,
            _ => high = middle,
        }
    }
    Ok(low + 1)
}

/// Puts a stream's cursor before an event. What it has delivered of the events behind that, it delivers again.
async fn put_back(shared: &Shared, stream: Stream, from: u64) -> Result<(), WriteError<ReadError>> {
    let put = shared.store.write(move |txn| {
        let cursor = stream.cursor(txn)?.min(from - 1);
        save(txn, tables::cursor(stream.name()), &cursor);
        Ok::<_, ReadError>(())
    });
    put.await.map(drop)
}

/// Makes what a receiver has taken or refused due again.
async fn again(shared: &Shared, receiver: Receiver, from: u64) -> Result<(), WriteError<ReadError>> {
    let answers = shared.sinks().is_answer(receiver);
    let mut after = from - 1;
    loop {
        let numbers: Vec<u64> = batch(shared, after)?.iter().map(|record| record.n).collect();
        let Some(last) = numbers.last() else { break };
        after = *last;
        let written = shared
            .store
            .write(move |txn| numbers.iter().try_for_each(|n| due_again(txn, receiver, answers, *n)));
        written.await.map(drop)?;
    }
    if let Some(waiting) = shared.sinks().receivers.get(&receiver) {
        waiting.revived.notify_one();
    }
    Ok(())
}

fn due_again(txn: &mut Txn, receiver: Receiver, answers: bool, n: u64) -> Result<(), ReadError> {
    let Some(mut record) = Record::load(txn, n)? else { return Ok(()) };
    match record.hook(receiver) {
        Hook::Due { .. } => return Ok(()),
        Hook::Dead { .. } => return revive(txn, receiver, answers, n).map(drop),
        Hook::Done if record.kind == log::OUTCOME => return Ok(()),
        Hook::Done => {}
    }
    if let Some(Owed { seq, by: AnsweredBy::Outcome, .. }) = record.owed {
        // A value never comes after the one that has replaced it.
        let values = held::values(txn, &record.relationship)?;
        let stale: BTreeSet<Path> = values.into_iter().filter(|v| v.seq > seq).map(|v| v.path).collect();
        record.withdraw(txn, &stale, "superseded")?;
        if record.paths.is_empty() {
            return Ok(());
        }
    }
    record.revive(txn, receiver);
    Ok(())
}
