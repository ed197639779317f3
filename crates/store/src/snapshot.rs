//! All records as they are at one moment, for a copy of the store.

use std::sync::Arc;

use zeroize::Zeroizing;

use crate::error::ReadError;
use crate::key::Key;
use crate::records::Records;
use crate::scan::{End, Scan, prefix_range};
use crate::seal::{Slot, slot_of};
use crate::tree::{Bytes, Raw, Secret};
use crate::writer::{HEAD_KEY, Head};

/// Bytes of a [`Stamp`].
pub const STAMP_BYTES: usize = 24;

/// Tells one version of a record from every other: random bytes, drawn anew whenever the record is written. It says
/// nothing of the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stamp([u8; STAMP_BYTES]);

impl Stamp {
    /// A stamp from its bytes.
    #[must_use]
    pub fn new(bytes: [u8; STAMP_BYTES]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; STAMP_BYTES] {
        &self.0
    }
}

/// The records of a store between two of its batches. It keeps the keys that it needs: what is overwritten or deleted later is
/// still readable in it.
pub struct Snapshot {
    commit: u64,
    records: Arc<Records>,
    entries: Vec<Entry>,
}

/// One record's place in a snapshot.
pub struct Entry {
    key: Key,
    stamp: Stamp,
    sealed: Option<Box<Sealed>>,
}

struct Sealed {
    stored_key: Bytes,
    raw: Raw,
    slot: Slot,
    secret: Option<Secret>,
}

/// What a record holds.
pub struct Opened {
    /// Whether it has a key of its own, as [`Txn::put_erasable`](crate::Txn::put_erasable) gives it.
    pub erasable: bool,
    /// The value.
    pub value: Zeroizing<Vec<u8>>,
}

impl Snapshot {
    /// Takes what is there. It runs on the writer's thread, between two batches, and opens nothing: values are opened later.
    pub(crate) fn take(
        records: Arc<Records>,
        is_known: impl Fn(&Key, &Stamp) -> bool,
    ) -> Result<Self, ReadError> {
        let head = match records.get(&HEAD_KEY)? {
            Some(bytes) => Head::from_bytes(&bytes).ok_or(ReadError::Corrupt)?,
            None => Head::default(),
        };
        let mut entries = Vec::new();
        let mut scan = Scan::new(&records, prefix_range(&Key::from_bytes(Vec::new())));
        while let Some(entry) = scan.next_raw(End::Front) {
            let (stored_key, raw) = entry?;
            let key = Key::from_bytes(stored_key.get(1..).ok_or(ReadError::Corrupt)?.to_vec());
            let stamp = crate::seal::stamp_of(&raw).map_err(|_| ReadError::Corrupt)?;
            let sealed = if is_known(&key, &stamp) {
                None
            } else {
                let slot = slot_of(&raw).map_err(|_| ReadError::Corrupt)?;
                let secret = match slot {
                    0 => None,
                    slot => Some(records.secret(slot, &raw)?.ok_or(ReadError::Corrupt)?),
                };
                Some(Box::new(Sealed { stored_key, raw, slot, secret }))
            };
            entries.push(Entry { key, stamp, sealed });
        }
        Ok(Self { commit: head.commit, records, entries })
    }

    /// Number of the last batch that is in it.
    #[must_use]
    pub fn commit(&self) -> u64 {
        self.commit
    }

    /// The records, in key order.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// What a record holds; `None` for one that was known.
    ///
    /// # Errors
    /// [`ReadError::Corrupt`] if the record is damaged.
    pub fn open(&self, entry: &Entry) -> Result<Option<Opened>, ReadError> {
        let Some(sealed) = &entry.sealed else { return Ok(None) };
        let sealer = &self.records.sealer;
        let value = match &sealed.secret {
            Some(secret) => sealer.open_erasable(sealed.slot, secret, &sealed.stored_key, &sealed.raw),
            None => sealer.open(&sealed.stored_key, &sealed.raw),
        };
        let value = Zeroizing::new(value.map_err(|_| ReadError::Corrupt)?);
        Ok(Some(Opened { erasable: sealed.secret.is_some(), value }))
    }
}

impl Entry {
    /// The record's key.
    #[must_use]
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// Which version of the record it is.
    #[must_use]
    pub fn stamp(&self) -> &Stamp {
        &self.stamp
    }

    /// Whether it was not known.
    #[must_use]
    pub fn is_new(&self) -> bool {
        self.sealed.is_some()
    }
}

impl std::fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Snapshot({} records)", self.entries.len())
    }
}
