//! Rows that the writer has read, for as long as nobody else writes.

use std::collections::HashMap;

use crate::tree::Raw;

/// Bytes that an entry costs beside its key and value.
const ENTRY_BYTES: usize = 128;

/// Rows by key; `None` for keys without one. Whoever uses it makes sure that it is true.
///
/// There are two generations. What is read or written is in the younger one; when that has half of the bytes it becomes the older
/// one, and what was in the older one and not asked for since is forgotten. So a cache that is full loses what nobody needs, and
/// never what is in use.
pub(crate) struct Cache {
    younger: Generation,
    older: Generation,
    /// Bytes of a generation.
    bytes_max: usize,
}

#[derive(Default)]
struct Generation {
    rows: HashMap<Vec<u8>, Option<Raw>>,
    bytes: usize,
}

impl Cache {
    pub(crate) fn new(bytes_max: u64) -> Self {
        let bytes_max = usize::try_from(bytes_max / 2).unwrap_or(usize::MAX);
        Self { younger: Generation::default(), older: Generation::default(), bytes_max }
    }

    /// What is known to be under a key.
    pub(crate) fn get(&mut self, key: &[u8]) -> Option<Option<Raw>> {
        if let Some(row) = self.younger.rows.get(key) {
            return Some(row.clone());
        }
        let (key, row) = self.older.take(key)?;
        self.put(key, row.clone());
        Some(row)
    }

    /// Notes what is under a key.
    pub(crate) fn put(&mut self, key: Vec<u8>, row: Option<Raw>) {
        self.older.take(&key);
        self.younger.take(&key);
        if self.younger.bytes >= self.bytes_max {
            self.older = std::mem::take(&mut self.younger);
        }
        self.younger.bytes += cost(&key, row.as_ref());
        self.younger.rows.insert(key, row);
    }

    pub(crate) fn clear(&mut self) {
        (self.younger, self.older) = Default::default();
    }
}

impl Generation {
    fn take(&mut self, key: &[u8]) -> Option<(Vec<u8>, Option<Raw>)> {
        let (key, row) = self.rows.remove_entry(key)?;
        self.bytes -= cost(&key, row.as_ref());
        Some((key, row))
    }
}

fn cost(key: &[u8], row: Option<&Raw>) -> usize {
    ENTRY_BYTES + key.len() + row.map_or(0, |raw| raw.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALUE_BYTES: usize = 100;
    /// Room for so many rows.
    const ROWS: usize = 100;

    fn cache() -> Cache {
        Cache::new(((ENTRY_BYTES + 8 + VALUE_BYTES) * ROWS) as u64)
    }

    fn key(number: usize) -> Vec<u8> {
        number.to_be_bytes().to_vec()
    }

    fn row(byte: u8) -> Option<Raw> {
        Some(Raw { bytes: vec![byte; VALUE_BYTES].into(), secret: None })
    }

    fn byte(cache: &mut Cache, number: usize) -> Option<Option<u8>> {
        cache.get(&key(number)).map(|row| row.map(|raw| raw[0]))
    }

    #[test]
    fn what_is_in_use_stays_however_much_else_comes_and_the_rest_is_bounded() {
        let mut cache = cache();
        cache.put(key(0), row(7));
        for number in 1..50 * ROWS {
            cache.put(key(number), row(1));
            if number % (ROWS / 4) == 0 {
                assert_eq!(byte(&mut cache, 0), Some(Some(7)), "after {number}");
            }
            assert!(cache.younger.rows.len() + cache.older.rows.len() <= ROWS + 1);
        }
        assert_eq!(byte(&mut cache, 1), None);
        let held = (1..50 * ROWS).filter(|number| byte(&mut cache, *number).is_some()).count();
        assert!(held >= ROWS / 3, "{held}");
    }

    #[test]
    fn a_key_has_one_row_the_latest_and_none_is_an_answer_too() {
        let mut cache = cache();
        for number in 0..ROWS / 2 + 1 {
            cache.put(key(number), row(1));
        }
        // It is in the older generation now.
        assert!(cache.older.rows.contains_key(&key(0)));
        cache.put(key(0), None);
        assert_eq!(byte(&mut cache, 0), Some(None));
        for number in ROWS..2 * ROWS {
            cache.put(key(number), row(2));
            assert_eq!(byte(&mut cache, 0), Some(None));
        }
        cache.put(key(0), row(3));
        assert_eq!(byte(&mut cache, 0), Some(Some(3)));
        cache.clear();
        assert_eq!((byte(&mut cache, 0), cache.younger.bytes, cache.older.bytes), (None, 0, 0));
    }

    #[test]
    fn a_cache_without_room_keeps_at_most_two_rows() {
        let mut cache = Cache::new(0);
        for number in 0..10 {
            cache.put(key(number), row(1));
            assert!(cache.younger.rows.len() + cache.older.rows.len() <= 2);
        }
    }
}
