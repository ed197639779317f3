//! A store whose records are in a database of somebody else's, such as PostgreSQL.
//!
//! The database is asked for little: one row by its key, a page of rows in the order of their keys, and a [`Batch`], which begins
//! after every other batch that was begun anywhere has ended, reads what those have left, and is committed as a whole or not at
//! all. Everything else is the store's: ciphertext, hidden names, the closures and their order, what is acknowledged when.
//!
//! # Rows
//!
//! A row has a *part*, a key, a value, and for an erasable record a secret. The part is taken out of the key, where [`Spread`] says;
//! rows with the same part belong together, and a database may spread the parts over tables or machines. Values are sealed under
//! the home key, those with a secret under a key made of both: whoever has only the database sees sizes, parts and tags. What a
//! record held is gone when its secret is: deleting and overwriting deletes the secret in the same batch.
//!
//! The store's own rows begin with a zero byte and have the empty part:
//!
//! | key | value |
//! |---|---|
//! | `0 f` | the format version of all these rows (4, big-endian) and a check value of the home key |
//! | `0 h` | sealed: how many batches there were |
//! | `0 b` and a writer | the number of that writer's last batch |
//!
//! # What is certain when
//!
//! A batch is acknowledged when the database has said that it is committed, which has to mean that it is on its disk. When the
//! answer is lost, nobody knows: then the writer's callers wait until the row of its last batch could be read in a later batch,
//! which begins only after the lost one has ended. Meanwhile other writes are refused and say why, and nothing has to be done by
//! hand when the database is back. Because the number of batches never shrinks, a database that has gone back to an earlier
//! state, such as a standby that lagged, is noticed; then the store takes nothing more until it is opened again.

mod cache;
mod group;
mod open;
mod others;
pub(crate) mod pages;
mod writer;

use std::ops::{Bound, Range};

pub(crate) use open::open;
pub use others::{Bell, Claim, Hear, Heard, Others};

use crate::tree::Secret;

/// Where in the keys of a table, told by the tag that they begin with, the part is that its rows are spread by. A table with `None`
/// has the empty part, as have keys that are too short. The range must not include the tag, and every key of the table that is
/// longer must differ within it or after it.
pub type Spread = fn(u8) -> Option<Range<usize>>;

/// Which keys: a range that runs forwards and is not empty.
pub type KeyRange = (Bound<Vec<u8>>, Bound<Vec<u8>>);

/// A row.
#[derive(Clone, PartialEq, Eq)]
pub struct Row {
    /// Its key.
    pub key: Vec<u8>,
    /// Its value.
    pub value: Vec<u8>,
    /// Its secret, if it has one.
    pub secret: Option<Secret>,
}

/// What a row is after a batch.
#[derive(Clone, PartialEq, Eq)]
pub struct Change {
    /// The part that the row belongs to.
    pub part: Vec<u8>,
    /// Its key.
    pub key: Vec<u8>,
    /// Its value; `None` for no row.
    pub value: Option<Vec<u8>>,
    /// Its secret; `None` for none, whichever it had.
    pub secret: Option<Secret>,
}

/// Which end of a range a page is taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum From {
    /// The least keys, ascending.
    Front,
    /// The greatest keys, descending.
    Back,
}

/// Reading rows.
pub trait Rows {
    /// The row under a key.
    ///
    /// # Errors
    /// [`DatabaseError`].
    fn row(&mut self, part: &[u8], key: &[u8]) -> Result<Option<Row>, DatabaseError>;

    /// The rows under some keys, given with their parts: those that there are, in any order.
    ///
    /// # Errors
    /// [`DatabaseError`].
    fn rows(&mut self, keys: &[(Vec<u8>, Vec<u8>)]) -> Result<Vec<Row>, DatabaseError> {
        let mut found = Vec::with_capacity(keys.len());
        for (part, key) in keys {
            found.extend(self.row(part, key)?);
        }
        Ok(found)
    }

    /// At most `rows_max` rows of a range from one of its ends; of one part, or of all of them.
    ///
    /// # Errors
    /// [`DatabaseError`].
    fn page(
        &mut self,
        part: Option<&[u8]>,
        range: &KeyRange,
        from: From,
        rows_max: usize,
    ) -> Result<Vec<Row>, DatabaseError>;
}

/// A batch that was begun. Dropped, it is as if it never was.
pub trait Batch: Rows + Send {
    /// Makes the changes, all or none, durably, and rings the bells with whoever else has the database.
    ///
    /// # Errors
    /// [`CommitError`], which says whether that is known.
    fn commit(self: Box<Self>, changes: &[Change], bells: &[Bell]) -> Result<(), CommitError>;
}

/// The database. Each call ends within seconds, also while it cannot be reached.
pub trait Database: Send + Sync {
    /// Reads what is committed, from whatever thread or task asks.
    fn committed(&self) -> Box<dyn Rows + '_>;

    /// Begins a batch, when every batch that was begun before it has ended, here or elsewhere. It is called on one thread of the
    /// store's own, which may block.
    ///
    /// # Errors
    /// [`DatabaseError`].
    fn begin(&self) -> Result<Box<dyn Batch>, DatabaseError>;

    /// What the processes that share the database know of each other; `None` where one has it alone.
    fn others(&self) -> Option<&dyn Others> {
        None
    }
}

/// What the database did not do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DatabaseError {
    /// It cannot be reached, or broke off.
    #[error("the database cannot be reached ({0}): check that it runs; it is tried again by itself")]
    Away(String),
    /// It has no space left.
    #[error("the database's disk is full: free some space there")]
    Full,
    /// A newer program made its tables.
    #[error(
        "the database's tables have version {found} and this program reads up to {supported}: install a newer version"
    )]
    Newer {
        /// The version found.
        found: u32,
        /// The newest this build reads.
        supported: u32,
    },
    /// Another process has the store.
    #[error(
        "the store is in use by another process: stop that one first, or give each a number with --replica"
    )]
    InUse,
    /// It refuses, or gave what cannot be right.
    #[error("the database refuses ({0}): check its settings and the role's rights")]
    Failed(String),
}

/// Why a batch was not acknowledged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommitError {
    /// It is certainly not committed, and never will be.
    #[error("{0}")]
    Not(DatabaseError),
    /// It may be committed or not.
    #[error("{0}")]
    Unknown(DatabaseError),
}

/// The part of a stored key.
pub(crate) fn part_of(spread: Spread, stored_key: &[u8]) -> &[u8] {
    match part_range(spread, stored_key) {
        Some(range) => stored_key.get(range).unwrap_or_default(),
        None => &[],
    }
}

/// Where the part is in stored keys of this one's table.
fn part_range(spread: Spread, stored_key: &[u8]) -> Option<Range<usize>> {
    match stored_key {
        [crate::records::SPACE_RECORDS, tag, ..] => spread(*tag).map(|range| range.start + 1..range.end + 1),
        _ => None,
    }
}

/// The one part that all keys of a range have; `None` if they may have several.
pub(crate) fn part_of_range(spread: Spread, range: &KeyRange) -> Option<Vec<u8>> {
    let (Bound::Included(start) | Bound::Excluded(start)) = &range.0 else { return None };
    // What all keys with the part begin with: for a table that is not spread, its tag, and for the store's own the zero byte.
    let common = match (part_range(spread, start), start.as_slice()) {
        (Some(part), _) => start.get(..part.end)?,
        (None, [crate::records::SPACE_RECORDS, _, ..]) => &start[..2],
        (None, [crate::records::SPACE_OWN, ..]) => &start[..1],
        (None, _) => return None,
    };
    let (Bound::Excluded(last), Bound::Excluded(end)) = (crate::scan::end_of_prefix(common), &range.1) else {
        return None;
    };
    (*end <= last).then(|| part_of(spread, start).to_vec())
}
