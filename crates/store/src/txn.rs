//! One closure's view and its staged changes.

use std::collections::{BTreeMap, BTreeSet, btree_map};
use std::sync::Arc;

use crate::database::Bell;
use crate::error::ReadError;
use crate::key::Key;
use crate::records::{Records, stored};
use crate::scan::{End, Range, Scan, after_range, prefix_range};
use crate::tree::{Bytes, Raw};
use crate::{KEY_BYTES_MAX, TXN_BYTES_MAX, VALUE_BYTES_MAX};

/// A staged change of one record.
#[derive(Clone)]
pub(crate) enum Change {
    Put(Vec<u8>),
    PutErasable(Vec<u8>),
    Delete,
}

impl Change {
    fn value(&self) -> Option<&Vec<u8>> {
        match self {
            Self::Put(value) | Self::PutErasable(value) => Some(value),
            Self::Delete => None,
        }
    }
}

/// What a write closure works on. Reads see everything applied before and the closure's own changes; nobody
/// else sees these before the closure has returned `Ok`, and then all of them at once.
pub struct Txn {
    records: Arc<Records>,
    pub(crate) changes: BTreeMap<Vec<u8>, Change>,
    pub(crate) erasing: bool,
    pub(crate) too_large: bool,
    /// What is rung for the other processes that have the store, once this is committed.
    pub(crate) bells: BTreeSet<Bell>,
    bytes: usize,
}

impl Txn {
    pub(crate) fn new(records: Arc<Records>) -> Self {
        Self {
            records,
            changes: BTreeMap::new(),
            erasing: false,
            too_large: false,
            bells: BTreeSet::new(),
            bytes: 0,
        }
    }

    /// The value of a record.
    ///
    /// # Errors
    /// [`ReadError`] if the stored record is damaged or the disk fails.
    pub fn get(&self, key: &Key) -> Result<Option<Vec<u8>>, ReadError> {
        let stored = stored(key.as_bytes());
        match self.changes.get(&stored) {
            Some(change) => Ok(change.value().cloned()),
            None => self.records.get(&stored),
        }
    }

    /// The records under a prefix, in key order, from either end.
    #[must_use]
    pub fn scan(&self, prefix: &Key) -> TxnScan<'_> {
        self.range(prefix_range(prefix))
    }

    /// The records under a prefix whose keys are greater than `after`.
    #[must_use]
    pub fn scan_after(&self, prefix: &Key, after: &Key) -> TxnScan<'_> {
        self.range(after_range(prefix, after))
    }

    /// The record with the greatest key under a prefix.
    ///
    /// # Errors
    /// [`ReadError`] if a stored record is damaged or the disk fails.
    pub fn last(&self, prefix: &Key) -> Result<Option<(Key, Vec<u8>)>, ReadError> {
        self.scan(prefix).next_back().transpose()
    }

    /// Writes a record under the home key. Its old bytes stay readable with that key after it is deleted: for
    /// anything personal use [`Txn::put_erasable`]. Over a limit, the whole write fails with `TooLarge`.
    pub fn put(&mut self, key: Key, value: impl Into<Vec<u8>>) {
        self.stage(key, Change::Put(value.into()));
    }

    /// Writes a record under a key of its own, which is destroyed when the record is deleted or overwritten.
    pub fn put_erasable(&mut self, key: Key, value: impl Into<Vec<u8>>) {
        self.stage(key, Change::PutErasable(value.into()));
    }

    /// Deletes a record. An erasable record's key is on the list of keys to destroy, durably, when the write is
    /// acknowledged, and destroyed soon after.
    pub fn delete(&mut self, key: &Key) {
        self.stage(key.clone(), Change::Delete);
    }

    /// Deletes a record and has its key destroyed before the write is acknowledged. What was written with
    /// [`Txn::put`] is only deleted.
    pub fn erase(&mut self, key: &Key) {
        self.erasing = true;
        self.stage(key.clone(), Change::Delete);
    }

    /// Erases every record under a prefix and says how many there were.
    ///
    /// # Errors
    /// [`ReadError`] if the keys cannot be listed; a damaged value is no hindrance.
    pub fn erase_prefix(&mut self, prefix: &Key) -> Result<u64, ReadError> {
        self.erasing = true;
        let range = prefix_range(prefix);
        let mut keys: BTreeSet<Vec<u8>> = self
            .changes
            .range(range.clone())
            .filter(|(_, change)| change.value().is_some())
            .map(|(key, _)| key.clone())
            .collect();
        let mut stored = Scan::new(&self.records, range);
        while let Some(entry) = stored.next_raw(End::Front) {
            let (key, _) = entry?;
            if !self.changes.contains_key(key.as_ref()) {
                keys.insert(key.to_vec());
            }
        }
        let count = keys.len() as u64;
        for key in keys {
            self.stage_stored(key, Change::Delete);
        }
        Ok(count)
    }

    /// Runs a part of the closure that may fail by itself: its staged changes stay only if it returns `Ok`.
    ///
    /// # Errors
    /// What the part returns.
    pub fn attempt<T, E>(&mut self, part: impl FnOnce(&mut Self) -> Result<T, E>) -> Result<T, E> {
        let before = (self.changes.clone(), self.erasing, self.too_large, self.bells.clone(), self.bytes);
        let result = part(self);
        if result.is_err() {
            (self.changes, self.erasing, self.too_large, self.bells, self.bytes) = before;
        }
        result
    }

    /// Rings a bell with the other processes that have the store, when this is committed. A closure that changes nothing rings
    /// none; a store that one process has alone rings none either.
    pub fn ring(&mut self, bell: Bell) {
        self.bells.insert(bell);
    }

    /// A name, hidden under the home key, as [`Store::hidden`](crate::Store::hidden) gives it.
    #[must_use]
    pub fn hidden(&self, label: &[u8]) -> [u8; 16] {
        self.records.sealer.hidden(label)
    }

    pub(crate) fn records(&self) -> &Arc<Records> {
        &self.records
    }

    fn range(&self, range: Range) -> TxnScan<'_> {
        TxnScan {
            changes: &self.changes,
            staged: Ahead::new(self.changes.range(range.clone())),
            stored: Ahead::new(Scan::new(&self.records, range)),
        }
    }

    fn stage(&mut self, key: Key, change: Change) {
        self.too_large |= key.as_bytes().len() > KEY_BYTES_MAX;
        self.stage_stored(stored(key.as_bytes()), change);
    }

    fn stage_stored(&mut self, key: Vec<u8>, change: Change) {
        let value_bytes = change.value().map_or(0, Vec::len);
        self.bytes = self.bytes.saturating_add(key.len() + value_bytes);
        self.too_large |= value_bytes > VALUE_BYTES_MAX || self.bytes > TXN_BYTES_MAX;
        if !self.too_large {
            self.changes.insert(key, change);
        }
    }
}

type Staged<'a> = Ahead<btree_map::Range<'a, Vec<u8>, Change>, (&'a Vec<u8>, &'a Change)>;

/// The records that a transaction sees under a prefix: what is stored with its own changes laid over.
pub struct TxnScan<'a> {
    changes: &'a BTreeMap<Vec<u8>, Change>,
    staged: Staged<'a>,
    stored: Ahead<Scan, (Bytes, Raw)>,
}

impl TxnScan<'_> {
    fn step(&mut self, end: End) -> Option<Result<(Key, Vec<u8>), ReadError>> {
        loop {
            let changes = self.changes;
            let staged = self.staged.fill(end, |iter| match end {
                End::Front => iter.next(),
                End::Back => iter.next_back(),
            });
            let staged_key = staged.map(|(key, _)| key.as_slice());
            let mut failed = None;
            let stored = self.stored.fill(end, |iter| {
                loop {
                    match iter.next_raw(end)? {
                        Ok((key, _)) if changes.contains_key(key.as_ref()) => {}
                        Ok(entry) => return Some(entry),
                        Err(error) => {
                            failed = Some(error);
                            return None;
                        }
                    }
                }
            });
            let stored_key = stored.map(|(key, _)| key.as_ref());
            if let Some(error) = failed {
                return Some(Err(error));
            }
            let staged_first = match (staged_key, stored_key) {
                (None, None) => return None,
                (Some(_), None) => true,
                (None, Some(_)) => false,
                (Some(staged), Some(stored)) => (staged < stored) == (end == End::Front),
            };
            if staged_first {
                let (key, change) = self.staged.take(end)?;
                if let Some(value) = change.value() {
                    return Some(Ok((Key::from_bytes(key[1..].to_vec()), value.clone())));
                }
            } else {
                let (key, raw) = self.stored.take(end)?;
                if let Some(found) = self.stored.iter.open(&key, raw) {
                    return Some(found);
                }
            }
        }
    }
}

impl Iterator for TxnScan<'_> {
    type Item = Result<(Key, Vec<u8>), ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.step(End::Front)
    }
}

impl DoubleEndedIterator for TxnScan<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.step(End::Back)
    }
}

/// An iterator looked into by one entry at each end.
struct Ahead<I, T> {
    iter: I,
    front: Option<T>,
    back: Option<T>,
}

impl<I, T> Ahead<I, T> {
    fn new(iter: I) -> Self {
        Self { iter, front: None, back: None }
    }

    /// The entry at an end. Once the iterator is empty, the one held at the other end is the last of all.
    fn fill(&mut self, end: End, next: impl FnOnce(&mut I) -> Option<T>) -> Option<&T> {
        let (near, far) = match end {
            End::Front => (&mut self.front, &mut self.back),
            End::Back => (&mut self.back, &mut self.front),
        };
        if near.is_none() {
            *near = next(&mut self.iter).or_else(|| far.take());
        }
        near.as_ref()
    }

    fn take(&mut self, end: End) -> Option<T> {
        match end {
            End::Front => self.front.take(),
            End::Back => self.back.take(),
        }
    }
}
