//! What the staff did: appended to, never changed, each entry bound to the one before by its hash.
//!
//! A customer stands in it by the hub's own id, never by reference or DID, and no entry has a value of a field.

use freehold_mailbox::record::{decode, load, save};
use freehold_protocol::cbor;
use freehold_protocol::time::Timestamp;
use freehold_store::{ReadError, Reader, Txn};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::Who;
use crate::tables;
use crate::view::JournalView;

/// What every hash of an entry begins with.
const CONTEXT: &[u8] = b"freehold/1/staff\0";

/// Longest detail, in bytes.
const DETAIL_BYTES_MAX: usize = 512;

/// What somebody did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deed {
    /// Who.
    pub who: Who,
    /// What: `kebab-case`, never changed.
    pub what: String,
    /// With which customer: the relationship's id at this hub.
    pub customer: Option<String>,
    /// Which fields, event, user or purpose. Never a value.
    pub detail: Option<String>,
}

/// The chain does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JournalBroken {
    /// An entry does not follow the one before it.
    #[error("entry {0} of the staff's log does not follow the one before: it was edited, or one was cut out")]
    At(u64),
    /// The end is not the end that was noted.
    #[error("the staff's log has {found} entries and {noted} were noted: its end was cut off")]
    End {
        /// How many are there.
        found: u64,
        /// How many were noted.
        noted: u64,
    },
    /// The store cannot be read.
    #[error("{0}")]
    Store(String),
}

/// One entry.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Entry {
    n: u64,
    #[serde(with = "serde_bytes")]
    previous: [u8; 32],
    at: Timestamp,
    deed: Deed,
}

/// The end of the chain.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(super) struct Journal {
    n: u64,
    #[serde(with = "serde_bytes")]
    hash: [u8; 32],
}

impl Deed {
    /// A deed with no customer and no detail.
    #[must_use]
    pub fn of(who: &Who, what: &str) -> Self {
        Self { who: who.clone(), what: what.to_owned(), customer: None, detail: None }
    }

    /// The same with a customer.
    #[must_use]
    pub fn with(self, customer: &str) -> Self {
        Self { customer: Some(customer.to_owned()), ..self }
    }
}

impl Journal {
    /// Appends an entry.
    pub(super) fn append(txn: &mut Txn, mut deed: Deed, at: Timestamp) -> Result<(), ReadError> {
        if let Some(detail) = &mut deed.detail {
            let end =
                (0..=DETAIL_BYTES_MAX.min(detail.len())).rev().find(|end| detail.is_char_boundary(*end));
            detail.truncate(end.unwrap_or_default());
        }
        let head: Self = load(txn, &tables::journal_head())?.unwrap_or_default();
        let entry = Entry { n: head.n + 1, previous: head.hash, at, deed };
        let bytes = cbor::encode(&entry);
        save(txn, tables::journal_head(), &Self { n: entry.n, hash: hash(&bytes) });
        txn.put(tables::journal().with_u64(entry.n), bytes);
        Ok(())
    }
}

pub(super) fn before(
    reader: &impl Reader,
    before: Option<u64>,
    limit: usize,
) -> Result<Vec<JournalView>, ReadError> {
    let head: Journal = load(reader, &tables::journal_head())?.unwrap_or_default();
    let mut views = Vec::new();
    let mut n = before.map_or(head.n, |before| before.saturating_sub(1).min(head.n));
    while n > 0 && views.len() < limit {
        let entry: Entry = load(reader, &tables::journal().with_u64(n))?.ok_or(ReadError::Corrupt)?;
        let Deed { who, what, customer, detail } = entry.deed;
        views.push(JournalView {
            n,
            at: entry.at.rfc3339(),
            who: who.name,
            by: who.by,
            what,
            customer,
            detail,
        });
        n -= 1;
    }
    Ok(views)
}

pub(super) fn verify(reader: &impl Reader) -> Result<u64, JournalBroken> {
    let store = |error: ReadError| JournalBroken::Store(error.to_string());
    let head: Journal = load(reader, &tables::journal_head()).map_err(store)?.unwrap_or_default();
    let mut end = Journal::default();
    for record in reader.scan(&tables::journal()) {
        let (_, bytes) = record.map_err(store)?;
        let broken = JournalBroken::At(end.n + 1);
        let entry: Entry = decode(&bytes).map_err(|_| broken.clone())?;
        if entry.n != end.n + 1 || entry.previous != end.hash {
            return Err(broken);
        }
        end = Journal { n: entry.n, hash: hash(&bytes) };
    }
    if (end.n, end.hash) != (head.n, head.hash) {
        return Err(JournalBroken::End { found: end.n, noted: head.n });
    }
    Ok(end.n)
}

fn hash(bytes: &[u8]) -> [u8; 32] {
    Sha256::new().chain_update(CONTEXT).chain_update(bytes).finalize().into()
}
