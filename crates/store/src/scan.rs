//! Ordered reading of many records.

use std::ops::Bound;
use std::sync::Arc;

use crate::error::ReadError;
use crate::key::Key;
use crate::records::{Records, stored};
pub(crate) use crate::tree::Range;
use crate::tree::{Bytes, Entries, Raw};

/// The records under a prefix, in key order, from either end. It holds no lock: a batch applied meanwhile
/// may be seen in part.
pub struct Scan {
    raw: Entries,
    records: Arc<Records>,
}

impl Scan {
    pub(crate) fn new(records: &Arc<Records>, range: Range) -> Self {
        Self { raw: records.tree.range(range), records: Arc::clone(records) }
    }

    /// The next stored key and bytes, not yet opened.
    pub(crate) fn next_raw(&mut self, end: End) -> Option<Result<(Bytes, Raw), ReadError>> {
        match end {
            End::Front => self.raw.next(),
            End::Back => self.raw.next_back(),
        }
    }

    pub(crate) fn open(&self, key: &[u8], raw: Raw) -> Option<Result<(Key, Vec<u8>), ReadError>> {
        let value = self.records.open(key, raw).transpose()?;
        Some(value.map(|value| (Key::from_bytes(key[1..].to_vec()), value)))
    }

    fn step(&mut self, end: End) -> Option<Result<(Key, Vec<u8>), ReadError>> {
        loop {
            match self.next_raw(end)? {
                Err(error) => return Some(Err(error)),
                Ok((key, raw)) => {
                    if let Some(found) = self.open(&key, raw) {
                        return Some(found);
                    }
                }
            }
        }
    }
}

impl Iterator for Scan {
    type Item = Result<(Key, Vec<u8>), ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.step(End::Front)
    }
}

impl DoubleEndedIterator for Scan {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.step(End::Back)
    }
}

/// Which end of a scan is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Front,
    Back,
}

/// The stored keys under a prefix.
pub(crate) fn prefix_range(prefix: &Key) -> Range {
    prefix_range_stored(stored(prefix.as_bytes()))
}

/// The stored keys under a stored prefix.
pub(crate) fn prefix_range_stored(prefix: Vec<u8>) -> Range {
    let end = end_of_prefix(&prefix);
    (Bound::Included(prefix), end)
}

/// The stored keys under a prefix that are greater than `after`.
pub(crate) fn after_range(prefix: &Key, after: &Key) -> Range {
    let (start, end) = prefix_range(prefix);
    if after < prefix {
        return (start, end);
    }
    let after = stored(after.as_bytes());
    // An `after` past the whole prefix would make the range run backwards, which a BTreeMap refuses.
    match &end {
        Bound::Excluded(limit) if after >= *limit => (Bound::Included(limit.clone()), end),
        _ => (Bound::Excluded(after), end),
    }
}

/// The least key that is greater than every key with this prefix.
pub(crate) fn end_of_prefix(prefix: &[u8]) -> Bound<Vec<u8>> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if last < u8::MAX {
            end.push(last + 1);
            return Bound::Excluded(end);
        }
    }
    Bound::Unbounded
}
