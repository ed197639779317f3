//! Rows that the writer has read, for as long as nobody else writes.

use std::collections::HashMap;

use crate::tree::Raw;

/// Bytes that an entry costs beside its key and value.
const ENTRY_BYTES: usize = 128;

/// Rows by key; `None` for keys without one. Whoever uses it makes sure that it is true.
pub(crate) struct Cache {
    rows: HashMap<Vec<u8>, Option<Raw>>,
    bytes: usize,
    bytes_max: usize,
}

impl Cache {
    pub(crate) fn new(bytes_max: u64) -> Self {
        let bytes_max = usize::try_from(bytes_max).unwrap_or(usize::MAX);
        Self { rows: HashMap::new(), bytes: 0, bytes_max }
    }

    pub(crate) fn get(&self, key: &[u8]) -> Option<&Option<Raw>> {
        self.rows.get(key)
    }

    /// Notes what is under a key. A cache that is full begins anew: what is in use comes back with the next reads.
    pub(crate) fn put(&mut self, key: Vec<u8>, row: Option<Raw>) {
        if self.bytes > self.bytes_max {
            self.clear();
        }
        self.bytes += cost(&key, row.as_ref());
        let key_bytes = key.len();
        if let Some(before) = self.rows.insert(key, row) {
            self.bytes -= before.map_or(0, |raw| raw.len()) + key_bytes + ENTRY_BYTES;
        }
    }

    pub(crate) fn clear(&mut self) {
        self.rows.clear();
        self.bytes = 0;
    }
}

fn cost(key: &[u8], row: Option<&Raw>) -> usize {
    ENTRY_BYTES + key.len() + row.map_or(0, |raw| raw.len())
}
