//! Delivery of events to the vendor's systems, and what persons are told of it.
//!
//! A [`Feed`](feed::Feed) takes all events in their order, in batches. A [`Receiver`] takes one event at a time, may say what
//! became of each field, and refuse.

pub(crate) mod answer;
pub(crate) mod crm;
pub(crate) mod delivery;
mod erasure;
pub(crate) mod feed;
pub(crate) mod jsonl;
pub(crate) mod nats;
mod outcome;
pub(crate) mod postgres;
pub(crate) mod replay;
pub(crate) mod running;
pub(crate) mod webhook;
pub(crate) mod worker;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use freehold_mailbox::record::{list, load};
use freehold_protocol::path::Path;
use freehold_store::{ReadError, Reader, Txn, WriteError};
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

use crate::held;
use crate::log::{self, AnsweredBy, Hook, Owed, Record};
use crate::shared::Shared;
use crate::tables::{self, Counters};

/// First wait of a sink after this machine's own disk refused something.
const PAUSE_FIRST: Duration = Duration::from_secs(1);

/// Longest wait of a sink after this machine's own disk refused something: a vendor who has made room sees the events
/// move within a minute.
const PAUSE_MAX: Duration = Duration::from_secs(60);

/// A sink that takes all events in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stream {
    /// The file of JSON lines.
    Jsonl,
    /// The stream of NATS JetStream.
    Nats,
    /// The tables in PostgreSQL.
    Postgres,
}

/// A sink that takes one event at a time, and says what became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Receiver {
    /// The webhook.
    Webhook,
    /// The CRM.
    Crm,
}

/// Who tells a person what became of an update.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answers {
    /// There is no sink: the hub itself holds the value.
    Hub,
    /// A stream.
    Stream(Stream),
    /// The webhook, at this host.
    Webhook(String),
    /// The CRM of this kind.
    Crm(String),
}

/// The sinks of a hub.
pub(crate) struct Sinks {
    pub(crate) streams: BTreeSet<Stream>,
    pub(crate) receivers: BTreeMap<Receiver, Arc<Waiting>>,
    pub(crate) answers: Answers,
}

/// What waits for a receiver.
#[derive(Default)]
pub(crate) struct Waiting {
    /// Tells its worker that dead letters are due again.
    pub(crate) revived: Notify,
    /// Events that wait for it.
    pub(crate) pending: AtomicU64,
}

/// How far each stream is.
pub(crate) struct Cursors(BTreeMap<Stream, u64>);

/// Why a dead letter was not sent again.
#[derive(Debug, thiserror::Error)]
pub enum RetryError {
    /// No such dead letter.
    #[error("there is no dead letter {0}: `freehold hub dead-letters` lists them")]
    Unknown(u64),
    /// There is nobody to send it to now.
    #[error("neither a webhook nor a CRM is configured: add one to hub.toml, then `freehold hub reload`")]
    NoReceiver,
    /// The store failed.
    #[error("{0}")]
    Store(String),
}

impl Stream {
    /// The name of its cursor, and of the system that persons are told.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Jsonl => "jsonl",
            Self::Nats => "nats",
            Self::Postgres => "postgres",
        }
    }

    /// How far it is.
    pub(crate) fn cursor(self, reader: &impl Reader) -> Result<u64, ReadError> {
        Ok(load(reader, &tables::cursor(self.name()))?.unwrap_or_default())
    }
}

impl Receiver {
    pub(crate) const ALL: [Self; 2] = [Self::Webhook, Self::Crm];

    /// The name of its cursor: everything up to it is settled.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Webhook => "webhook",
            Self::Crm => "crm",
        }
    }

    /// How far it is; `None` before its first event.
    pub(crate) fn cursor(self, reader: &impl Reader) -> Result<Option<u64>, ReadError> {
        load(reader, &tables::cursor(self.name()))
    }
}

impl Sinks {
    /// Sinks, of which the most telling one answers.
    pub(crate) fn new(streams: &[Stream], webhook_host: Option<String>, crm: Option<String>) -> Self {
        let mut receivers = BTreeMap::new();
        if webhook_host.is_some() {
            receivers.insert(Receiver::Webhook, Arc::default());
        }
        if crm.is_some() {
            receivers.insert(Receiver::Crm, Arc::default());
        }
        let crm = crm.map(Answers::Crm);
        let stream = streams.last().copied().map(Answers::Stream);
        let answers = crm.or(webhook_host.map(Answers::Webhook)).or(stream).unwrap_or(Answers::Hub);
        Self { streams: streams.iter().copied().collect(), receivers, answers }
    }

    /// Whether one of this name is among them.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.streams.iter().any(|stream| stream.name() == name)
            || self.receivers.keys().any(|receiver| receiver.name() == name)
    }

    /// In the place of others: workers that go on are told of dead letters as before.
    pub(crate) fn after(mut self, others: &Self) -> Self {
        for (receiver, waiting) in &mut self.receivers {
            if let Some(known) = others.receivers.get(receiver) {
                *waiting = Arc::clone(known);
            }
        }
        self
    }

    /// How far each stream is.
    pub(crate) fn cursors(&self, reader: &impl Reader) -> Result<Cursors, ReadError> {
        let cursor = |stream: &Stream| Ok((*stream, stream.cursor(reader)?));
        self.streams.iter().map(cursor).collect::<Result<_, _>>().map(Cursors)
    }

    /// Whether every sink has an event.
    pub(crate) fn have(&self, record: &Record, cursors: &Cursors) -> bool {
        cursors.0.values().all(|cursor| record.n <= *cursor)
            && self.receivers.keys().all(|receiver| *record.hook(*receiver) == Hook::Done)
    }

    /// Whether a receiver tells persons what became of an update.
    pub(crate) fn is_answer(&self, receiver: Receiver) -> bool {
        match self.answers {
            Answers::Crm(_) => receiver == Receiver::Crm,
            Answers::Webhook(_) => receiver == Receiver::Webhook,
            Answers::Hub | Answers::Stream(_) => false,
        }
    }

    /// The system that persons are told, where the sink says nothing else.
    pub(crate) fn system(&self) -> &str {
        match &self.answers {
            Answers::Hub => "hub",
            Answers::Stream(stream) => stream.name(),
            Answers::Webhook(host) => host,
            Answers::Crm(system) => system,
        }
    }
}

impl Cursors {
    /// The one that is furthest behind.
    pub(crate) fn least(&self) -> Option<u64> {
        self.0.values().min().copied()
    }
}

/// The numbers of all dead letters of a receiver.
pub(crate) fn dead(reader: &impl Reader, receiver: Receiver) -> Result<Vec<u64>, ReadError> {
    list(reader, &tables::dead_letters(receiver))
}

/// Makes a dead letter due again, less the values that a later update has replaced meanwhile.
fn revive(txn: &mut Txn, receiver: Receiver, answers: bool, n: u64) -> Result<bool, ReadError> {
    let Some(mut record) = Record::load(txn, n)? else { return Ok(false) };
    if !matches!(record.hook(receiver), Hook::Dead { .. }) {
        return Ok(false);
    }
    let update = match record.owed.as_mut() {
        // The person was told that it was refused, and is told anew.
        Some(Owed { seq, by: AnsweredBy::Outcome, answered, .. }) => {
            *answered &= !answers;
            Some(*seq)
        }
        _ => None,
    };
    record.revive(txn, receiver);
    if let Some(seq) = update {
        let values = held::values(txn, &record.relationship)?;
        let stale: BTreeSet<Path> = values.into_iter().filter(|v| v.seq > seq).map(|v| v.path).collect();
        record.withdraw(txn, &stale, "superseded")?;
    }
    if record.kind == log::UPDATE && record.paths.is_empty() {
        record.settle(txn, receiver, Hook::Done);
    }
    Ok(true)
}

/// Makes dead letters due again; gives how many.
pub(crate) async fn retry(shared: &Shared, which: Option<u64>) -> Result<usize, RetryError> {
    let store = |error: &dyn std::fmt::Display| RetryError::Store(error.to_string());
    if shared.sinks().receivers.is_empty() {
        return Err(RetryError::NoReceiver);
    }
    let mut revived = 0;
    let sinks = shared.sinks();
    for (&receiver, waiting) in &sinks.receivers {
        let answers = sinks.is_answer(receiver);
        let wanted = match which {
            Some(n) => vec![n],
            None => dead(&shared.store, receiver).map_err(|error| store(&error))?,
        };
        let mut failed = None;
        for n in wanted {
            match shared.store.write(move |txn| revive(txn, receiver, answers, n)).await {
                Ok(done) => revived += usize::from(done.into_inner()),
                Err(error) => {
                    let error: WriteError<ReadError> = error;
                    failed = Some(store(&error));
                    break;
                }
            }
        }
        // Also those before a failure.
        waiting.revived.notify_one();
        if let Some(error) = failed {
            return Err(error);
        }
    }
    match which {
        Some(n) if revived == 0 => Err(RetryError::Unknown(n)),
        _ => Ok(revived),
    }
}

/// Tells the sinks of outcomes that were noted as events.
pub(crate) fn announce_outcomes(shared: &Shared) -> Result<(), ReadError> {
    if shared.sinks().streams.contains(&Stream::Postgres) {
        shared.announce(Counters::load(&shared.store)?.events);
    }
    Ok(())
}

/// The events after a sink's cursor, a batch at a time.
pub(crate) fn batch(shared: &Shared, after: u64) -> Result<Vec<Record>, ReadError> {
    /// One transaction settles them: it stays small, and shares its fsync.
    const BATCH: usize = 256;
    log::after(&shared.store, after, BATCH)
}

/// How long a sink waits after so many failures of this machine's own disk in a row.
pub(crate) fn pause(failures: u32) -> Duration {
    let doublings = failures.saturating_sub(1);
    PAUSE_FIRST.saturating_mul(2_u32.saturating_pow(doublings)).min(PAUSE_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_minute() {
        let seconds = [1, 2, 4, 8, 16, 32, 60, 60].map(Duration::from_secs);
        assert_eq!([1, 2, 3, 4, 5, 6, 7, u32::MAX].map(pause), seconds);
    }

    #[test]
    fn the_crm_answers_before_the_webhook_and_that_before_a_stream_of_which_the_last_one_does() {
        let answers = |streams: &[Stream], webhook: bool, crm: bool| {
            let webhook = webhook.then(|| "crm.example".to_owned());
            Sinks::new(streams, webhook, crm.then(|| "tryton".to_owned())).system().to_owned()
        };
        assert_eq!(answers(&[], false, false), "hub");
        assert_eq!(answers(&[Stream::Jsonl], false, false), "jsonl");
        assert_eq!(answers(&[Stream::Jsonl, Stream::Nats], false, false), "nats");
        assert_eq!(answers(&[Stream::Jsonl, Stream::Nats, Stream::Postgres], false, false), "postgres");
        assert_eq!(answers(&[Stream::Jsonl], true, false), "crm.example");
        assert_eq!(answers(&[Stream::Jsonl], true, true), "tryton");
    }
}
