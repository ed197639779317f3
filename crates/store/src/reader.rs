//! Reading, wherever from.

use crate::{Key, ReadError, Store, Txn};

/// Records in key order, from either end.
pub type Entries<'a> = Box<dyn DoubleEndedIterator<Item = Result<(Key, Vec<u8>), ReadError>> + 'a>;

/// What both a [`Store`] and a [`Txn`] can read, so that a table needs one reading function.
pub trait Reader {
    /// The value of a record.
    ///
    /// # Errors
    /// [`ReadError`] if the stored record is damaged or the disk fails.
    fn get(&self, key: &Key) -> Result<Option<Vec<u8>>, ReadError>;

    /// The record with the greatest key under a prefix.
    ///
    /// # Errors
    /// [`ReadError`] if a stored record is damaged or the disk fails.
    fn last(&self, prefix: &Key) -> Result<Option<(Key, Vec<u8>)>, ReadError>;

    /// The records under a prefix, in key order, from either end.
    fn scan(&self, prefix: &Key) -> Entries<'_>;

    /// A name, hidden under the home key.
    fn hidden(&self, label: &[u8]) -> [u8; 16];
}

impl Reader for Store {
    fn get(&self, key: &Key) -> Result<Option<Vec<u8>>, ReadError> {
        Self::get(self, key)
    }

    fn last(&self, prefix: &Key) -> Result<Option<(Key, Vec<u8>)>, ReadError> {
        Self::last(self, prefix)
    }

    fn scan(&self, prefix: &Key) -> Entries<'_> {
        Box::new(Self::scan(self, prefix))
    }

    fn hidden(&self, label: &[u8]) -> [u8; 16] {
        Self::hidden(self, label)
    }
}

impl Reader for Txn {
    fn get(&self, key: &Key) -> Result<Option<Vec<u8>>, ReadError> {
        Self::get(self, key)
    }

    fn last(&self, prefix: &Key) -> Result<Option<(Key, Vec<u8>)>, ReadError> {
        Self::last(self, prefix)
    }

    fn scan(&self, prefix: &Key) -> Entries<'_> {
        Box::new(Self::scan(self, prefix))
    }

    fn hidden(&self, label: &[u8]) -> [u8; 16] {
        Self::hidden(self, label)
    }
}
