//! What the hub was good for: a ledger of single things, each with the event it is counted from, and sums of them.
//!
//! It holds no value of any field. The sums count everything since the hub was made; of the single things the latest are
//! kept, as receipts of the sums.

use std::collections::{BTreeMap, BTreeSet};

use freehold_mailbox::record::{decode, load, save};
use freehold_protocol::data::{OutcomeKind, OutcomeLine};
use freehold_protocol::id::{GrantId, RelationshipId};
use freehold_protocol::path::Path;
use freehold_protocol::time::Timestamp;
use freehold_store::{Key, ReadError, Reader, Txn};
use serde::{Deserialize, Serialize};

use crate::held::HeldValue;
use crate::log::Record;
use crate::shared::Shared;
use crate::tables;

/// Receipts kept of each kind; older ones are counted in the sum alone.
const KEPT_MAX: u64 = 10_000;

/// Receipts beyond them that are forgotten together: to look for the oldest is a question to the store, and not to be one of each
/// update.
const FORGOTTEN_AT_ONCE: u64 = 256;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    /// An address that was held was replaced by another one.
    AddressCorrected = 1,
    /// A system has said of an update that it holds the new values.
    Confirmed = 2,
    /// A system has taken an update, and said nothing of its fields.
    Taken = 3,
    /// A system has found that it knew the person already.
    DuplicateAvoided = 4,
    /// A revocation was answered with an erasure receipt.
    ErasureAnswered = 5,
    /// A grant came.
    GrantWon = 6,
    /// A person said no.
    Declined = 7,
    /// A person took a whole grant back.
    Revoked = 8,
    /// A person took a part of a grant back.
    Narrowed = 9,
    /// A grant has ended by itself.
    Expired = 10,
    /// A system has taken nothing of an update, or somebody must look at it.
    NotApplied = 11,
}

/// One thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// The event it is counted from.
    pub(crate) n: u64,
    pub(crate) relationship: RelationshipId,
    pub(crate) at: Timestamp,
    /// How many it counts for.
    pub(crate) pieces: u64,
    /// How long it took, where it took time.
    pub(crate) millis: Option<u64>,
}

/// All of one kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sum {
    /// How many things.
    pub(crate) entries: u64,
    /// What they count for.
    pub(crate) pieces: u64,
    /// How long they took together.
    pub(crate) millis: u64,
    /// How many of them are kept.
    pub(crate) kept: u64,
    /// The greatest number of an event among them. An older hub did not note it.
    #[serde(default)]
    pub(crate) last: Option<u64>,
}

impl Entry {
    pub(crate) fn new(n: u64, relationship: &RelationshipId, at: Timestamp) -> Self {
        Self { n, relationship: relationship.clone(), at, pieces: 1, millis: None }
    }
}

/// Writes a thing down.
pub(crate) fn add(txn: &mut Txn, what: What, entry: &Entry) -> Result<(), ReadError> {
    let (list, mut sum) = (tables::worth(what as u8), sum(txn, what)?);
    let key = list.clone().with_u64(entry.n);
    let last = match sum.last {
        Some(last) => last,
        None => txn.last(&list)?.and_then(|(key, _)| key.last_u64()).unwrap_or_default(),
    };
    // Numbers of events rise, so that one beyond the last need not be looked for.
    if entry.n <= last && load::<Entry>(txn, &key)?.is_some() {
        // A dead letter that was sent again: what its event was worth is counted.
        return Ok(());
    }
    sum.last = Some(last.max(entry.n));
    sum.entries += 1;
    sum.pieces += entry.pieces;
    sum.millis = sum.millis.saturating_add(entry.millis.unwrap_or_default());
    sum.kept += 1;
    if sum.kept > KEPT_MAX + FORGOTTEN_AT_ONCE {
        sum.kept -= forget_oldest(txn, &list)?;
    }
    save(txn, key, entry);
    save(txn, tables::worth_sum(what as u8), &sum);
    Ok(())
}

/// Forgets the oldest receipts of a list; gives how many there were.
fn forget_oldest(txn: &mut Txn, list: &Key) -> Result<u64, ReadError> {
    let oldest = txn.scan(list).take(FORGOTTEN_AT_ONCE as usize);
    let oldest: Vec<Key> = oldest.map(|entry| Ok(entry?.0)).collect::<Result<_, ReadError>>()?;
    oldest.iter().for_each(|key| txn.delete(key));
    Ok(oldest.len() as u64)
}

/// The sum of a kind.
pub(crate) fn sum(reader: &impl Reader, what: What) -> Result<Sum, ReadError> {
    Ok(load(reader, &tables::worth_sum(what as u8))?.unwrap_or_default())
}

/// The latest things of a kind, newest first.
pub(crate) fn latest(reader: &impl Reader, what: What, limit: usize) -> Result<Vec<Entry>, ReadError> {
    reader.scan(&tables::worth(what as u8)).rev().take(limit).map(|entry| decode(&entry?.1)).collect()
}

/// How many addresses an update replaces by others: an address that was not held before is none, nor one that is taken
/// away.
pub(crate) fn addresses_corrected(
    reader: &impl Reader,
    id: &RelationshipId,
    grant: &GrantId,
    fields: &BTreeMap<Path, Option<String>>,
) -> Result<u64, ReadError> {
    let mut corrected = BTreeSet::new();
    for (path, value) in fields {
        let Some(address) = address_of(path) else { continue };
        let before: Option<HeldValue> = load(reader, &tables::value(reader, id, grant, path))?;
        let before = before.and_then(|held| held.value);
        if value.is_some() && before.is_some() && before != *value {
            corrected.insert(address);
        }
    }
    Ok(corrected.len() as u64)
}

/// Which address a field belongs to: `home` of `address.home.street`.
fn address_of(path: &Path) -> Option<&str> {
    path.as_str().strip_prefix("address.")?.split('.').next()
}

/// Counts what became of an update. `said` is whether a system has spoken of its fields, rather than just taken them.
pub(crate) fn answered(
    txn: &mut Txn,
    shared: &Shared,
    record: &Record,
    lines: &[OutcomeLine],
    said: bool,
    now: Timestamp,
) -> Result<(), ReadError> {
    lines.iter().for_each(|line| shared.metrics.outcome(line.outcome));
    let is = |kind: OutcomeKind| move |line: &OutcomeLine| line.outcome == kind;
    let entry = Entry {
        millis: Some(now.millis().saturating_sub(record.at.millis())),
        ..Entry::new(record.n, &record.relationship, now)
    };
    if lines.iter().any(is(OutcomeKind::Duplicate)) {
        add(txn, What::DuplicateAvoided, &Entry { millis: None, ..entry.clone() })?;
    }
    let what = match (lines.iter().all(is(OutcomeKind::Applied)), said) {
        _ if lines.is_empty() => return Ok(()),
        (true, true) => What::Confirmed,
        (true, false) => What::Taken,
        (false, _) => What::NotApplied,
    };
    add(txn, what, &entry)
}

/// Counts a revocation that was answered.
pub(crate) fn erased(txn: &mut Txn, record: &Record, now: Timestamp) -> Result<(), ReadError> {
    let entry = Entry {
        millis: Some(now.millis().saturating_sub(record.at.millis())),
        ..Entry::new(record.n, &record.relationship, now)
    };
    add(txn, What::ErasureAnswered, &entry)
}

#[cfg(test)]
mod tests;
