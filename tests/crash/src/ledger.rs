//! The writes that a store is put through: transaction after transaction, each decided by the seed and its number, so
//! that whoever looks later knows what must be there without having been told.

use std::collections::BTreeMap;

use freehold_store::{HomeKey, Key, Options, ReadError, Store, Txn};

use crate::random::Random;

/// Records that the transactions write, overwrite, delete and erase.
const RECORDS: u64 = 48;
/// Most changes in one transaction, besides its number.
const CHANGES_MAX: u64 = 6;
/// Table of the records.
const TAG_RECORD: u8 = b'r';
/// The record that holds the number of the last transaction.
const TAG_NUMBER: u8 = b'n';

/// How large the values are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sizes {
    /// As a person's fields: up to some hundred bytes.
    Small,
    /// Up to the store's limit, so that sled moves pages and uses segments of its log again.
    Large,
}

/// A story of transactions.
#[derive(Debug, Clone, Copy)]
pub struct Ledger {
    /// What decides it.
    pub seed: u64,
    /// How large its values are.
    pub sizes: Sizes,
}

/// What a transaction does to a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    Put,
    PutErasable,
    Delete,
    Erase,
}

/// What must be in the store after a transaction: per record the transaction that wrote its value.
type State = BTreeMap<u64, u64>;

/// What the store holds that it must not, or lacks that it must hold.
#[derive(Debug, thiserror::Error)]
pub enum Breach {
    /// An acknowledged transaction is not there.
    #[error("transaction {acknowledged} was acknowledged, and the store ends at {found}")]
    Lost {
        /// The last that was acknowledged.
        acknowledged: u64,
        /// The last that is there.
        found: u64,
    },
    /// The store does not hold what its last transaction left.
    #[error("the store ends at transaction {found}, and record {record} is not as that one left it")]
    Half {
        /// The last that is there.
        found: u64,
        /// Where it differs.
        record: u64,
    },
    /// The store does not open.
    #[error("the store does not open: {0}")]
    Open(#[from] freehold_store::OpenError),
    /// A record cannot be read.
    #[error("a record cannot be read: {0}")]
    Read(#[from] ReadError),
}

impl Ledger {
    /// The key of the stores of these tests.
    #[must_use]
    pub fn home_key() -> HomeKey {
        HomeKey::new([0x5c; 32])
    }

    /// How they are opened: a small cache, so that pages really come from the file.
    #[must_use]
    pub fn options() -> Options {
        Options { cache_bytes: 4 * 1024 * 1024, ..Options::default() }
    }

    /// Stages transaction `number`.
    pub fn stage(self, number: u64, txn: &mut Txn) {
        for (record, change) in self.changes(number) {
            let key = Key::new(TAG_RECORD).with_u64(record);
            match change {
                Change::Put => txn.put(key, self.value(number, record)),
                Change::PutErasable => txn.put_erasable(key, self.value(number, record)),
                Change::Delete => txn.delete(&key),
                Change::Erase => txn.erase(&key),
            }
        }
        txn.put(Key::new(TAG_NUMBER), number.to_be_bytes());
    }

    /// The number of the store's last transaction; 0 before the first.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn last(store: &Store) -> Result<u64, ReadError> {
        let number = store.get(&Key::new(TAG_NUMBER))?;
        Ok(number.and_then(|bytes| bytes.try_into().ok()).map_or(0, u64::from_be_bytes))
    }

    /// Opens the store and compares all of it with what must be there. Gives the number of its last transaction.
    ///
    /// # Errors
    /// [`Breach`].
    pub fn check(self, dir: &std::path::Path, acknowledged: u64) -> Result<u64, Breach> {
        let store = Store::open(dir, &Self::home_key(), Self::options())?;
        self.check_open(&store, acknowledged)
    }

    /// As [`Ledger::check`], on an open store.
    ///
    /// # Errors
    /// [`Breach`].
    pub fn check_open(self, store: &Store, acknowledged: u64) -> Result<u64, Breach> {
        let found = Self::last(store)?;
        if found < acknowledged {
            return Err(Breach::Lost { acknowledged, found });
        }
        let mut expected = self.state(found);
        for entry in store.scan(&Key::new(TAG_RECORD)) {
            let (key, value) = entry?;
            let record = key.last_u64().unwrap_or(u64::MAX);
            match expected.remove(&record) {
                Some(writer) if value == self.value(writer, record) => {}
                _ => return Err(Breach::Half { found, record }),
            }
        }
        match expected.pop_first() {
            Some((record, _)) => Err(Breach::Half { found, record }),
            None => Ok(found),
        }
    }

    /// Reads each record by itself, where some cannot be read. Gives how many can.
    ///
    /// # Errors
    /// [`Breach::Half`] if one that can be read is not what was written.
    pub fn count_readable(self, store: &Store, number: u64) -> Result<u64, Breach> {
        let expected = self.state(number);
        let mut readable = 0;
        for record in 0..RECORDS {
            let found = store.get(&Key::new(TAG_RECORD).with_u64(record));
            let written = expected.get(&record).map(|writer| self.value(*writer, record));
            match found {
                Ok(found) if found == written => readable += u64::from(written.is_some()),
                Ok(_) => return Err(Breach::Half { found: number, record }),
                Err(_) => {}
            }
        }
        Ok(readable)
    }

    fn changes(self, number: u64) -> BTreeMap<u64, Change> {
        let mut random = Random::part(self.seed, number);
        let count = 1 + random.below(CHANGES_MAX);
        let kinds = [Change::Put, Change::PutErasable, Change::PutErasable, Change::Delete, Change::Erase];
        (0..count)
            .map(|_| (random.below(RECORDS), kinds[random.below(kinds.len() as u64) as usize]))
            .collect()
    }

    fn value(self, number: u64, record: u64) -> Vec<u8> {
        let mut random = Random::part(self.seed, number << 16 | record);
        let bytes_max = match self.sizes {
            Sizes::Small => 300,
            Sizes::Large => freehold_store::VALUE_BYTES_MAX as u64,
        };
        let count = 16 + random.below(bytes_max - 16);
        random.bytes(count as usize)
    }

    fn state(self, number: u64) -> State {
        let mut state = State::new();
        for number in 1..=number {
            for (record, change) in self.changes(number) {
                match change {
                    Change::Put | Change::PutErasable => state.insert(record, number),
                    Change::Delete | Change::Erase => state.remove(&record),
                };
            }
        }
        state
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_that_lacks_or_changed_a_transaction_is_a_breach() {
        let dir = tempfile::tempdir().unwrap();
        let ledger = Ledger { seed: 7, sizes: Sizes::Small };
        let store = Store::open(dir.path(), &Ledger::home_key(), Ledger::options()).unwrap();
        let run = |number| {
            let written = store.write_blocking(move |txn| {
                ledger.stage(number, txn);
                Ok::<_, ReadError>(())
            });
            written.unwrap();
        };
        (1..=40).for_each(run);
        assert_eq!(ledger.check_open(&store, 40).unwrap(), 40);
        assert!(matches!(ledger.check_open(&store, 41), Err(Breach::Lost { acknowledged: 41, found: 40 })));
        run(42);
        assert!(matches!(ledger.check_open(&store, 40), Err(Breach::Half { found: 42, .. })));
    }
}
