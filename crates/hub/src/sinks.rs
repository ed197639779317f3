//! Delivery of events to the vendor's systems, and what persons are told of it.

pub(crate) mod answer;
mod erasure;
pub(crate) mod jsonl;
mod outcome;
pub(crate) mod webhook;

use std::collections::BTreeSet;
use std::time::Duration;

use freehold_mailbox::record::{list, load};
use freehold_protocol::path::Path;
use freehold_store::{ReadError, Reader, Txn, WriteError};

use crate::held;
use crate::log::{self, AnsweredBy, Hook, Owed, Record};
use crate::shared::{Answers, Shared};
use crate::tables;

/// The name of the file's cursor.
pub(crate) const JSONL: &str = "jsonl";
/// The name of the webhook's cursor: everything up to it is settled.
pub(crate) const WEBHOOK: &str = "webhook";

/// First wait of a sink after this machine's own disk refused something.
const PAUSE_FIRST: Duration = Duration::from_secs(1);

/// Longest wait of a sink after this machine's own disk refused something: a vendor who has made room sees the events
/// move within a minute.
const PAUSE_MAX: Duration = Duration::from_secs(60);

/// Why a dead letter was not sent again.
#[derive(Debug, thiserror::Error)]
pub enum RetryError {
    /// No such dead letter.
    #[error("there is no dead letter {0}: `freehold hub dead-letters` lists them")]
    Unknown(u64),
    /// There is no webhook now.
    #[error("no webhook is configured: add one to hub.toml and start the hub again")]
    NoWebhook,
    /// The store failed.
    #[error("{0}")]
    Store(String),
}

/// Where a sink stands.
pub(crate) fn cursor(reader: &impl Reader, sink: &str) -> Result<u64, ReadError> {
    Ok(load(reader, &tables::cursor(sink))?.unwrap_or_default())
}

impl Shared {
    /// Whether every sink has an event.
    pub(crate) fn is_delivered(&self, record: &Record, jsonl_cursor: u64) -> bool {
        let webhook = matches!(self.answers, Answers::Webhook(_));
        (!self.jsonl || record.n <= jsonl_cursor) && (!webhook || record.webhook == Hook::Done)
    }
}

/// The numbers of all dead letters.
pub(crate) fn dead(reader: &impl Reader) -> Result<Vec<u64>, ReadError> {
    list(reader, &tables::dead_letters())
}

/// Makes a dead letter due again, less the values that a later update has replaced meanwhile.
fn revive(txn: &mut Txn, n: u64) -> Result<bool, ReadError> {
    let Some(mut record) = Record::load(txn, n)? else { return Ok(false) };
    if !matches!(record.webhook, Hook::Dead { .. }) {
        return Ok(false);
    }
    let update = match record.owed.as_mut() {
        // The person was told that it was refused, and is told anew.
        Some(Owed { seq, by: AnsweredBy::Outcome, answered, .. }) => {
            *answered = false;
            Some(*seq)
        }
        _ => None,
    };
    record.revive(txn);
    if let Some(seq) = update {
        let values = held::values(txn, &record.relationship)?;
        let stale: BTreeSet<Path> = values.into_iter().filter(|v| v.seq > seq).map(|v| v.path).collect();
        record.withdraw(txn, &stale, "superseded")?;
    }
    if record.kind == log::UPDATE && record.paths.is_empty() {
        record.settle(txn, Hook::Done);
    }
    Ok(true)
}

/// Makes dead letters due again; gives how many.
pub(crate) async fn retry(shared: &Shared, which: Option<u64>) -> Result<usize, RetryError> {
    let store = |error: &dyn std::fmt::Display| RetryError::Store(error.to_string());
    if !matches!(shared.answers, Answers::Webhook(_)) {
        return Err(RetryError::NoWebhook);
    }
    let wanted = match which {
        Some(n) => vec![n],
        None => dead(&shared.store).map_err(|error| store(&error))?,
    };
    let mut revived = 0;
    let mut failed = None;
    for n in wanted {
        match shared.store.write(move |txn| revive(txn, n)).await {
            Ok(done) => revived += usize::from(done.into_inner()),
            Err(error) => {
                let error: WriteError<ReadError> = error;
                failed = Some(store(&error));
                break;
            }
        }
    }
    // Also those before a failure.
    shared.revived.notify_one();
    match (failed, which) {
        (Some(error), _) => Err(error),
        (None, Some(n)) if revived == 0 => Err(RetryError::Unknown(n)),
        _ => Ok(revived),
    }
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
}
