//! One error per operation.

use std::io;
use std::sync::Arc;

use crate::database::DatabaseError;

/// Why a store does not open. Nothing was changed in it, except that a step of a migration may have been made as a whole.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process, or another handle of this one, has it open.
    #[error("the store is in use by another process: stop that one first")]
    InUse,
    /// The home key is not the one it was made with.
    #[error("the store was made with another key: check that the home and its words belong together")]
    WrongKey,
    /// A newer program wrote it.
    #[error("the store has format {found} and this program reads up to {supported}: install a newer version")]
    NewerFormat {
        /// The format version found.
        found: u32,
        /// The newest this build reads.
        supported: u32,
    },
    /// A newer program wrote its tables.
    #[error(
        "the tables of the {name} have version {found} and this program reads up to {supported}: install a newer version"
    )]
    NewerTables {
        /// Whose tables.
        name: &'static str,
        /// The version found.
        found: u32,
        /// The newest this build reads.
        supported: u32,
    },
    /// Its files are damaged, or some are missing.
    #[error("the store is damaged ({0}): restore it from a backup")]
    Corrupt(&'static str),
    /// The file system failed.
    #[error("the store's files cannot be used ({0}): check the folder, its owner and the disk")]
    Io(#[from] io::Error),
    /// The database that holds it failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

/// Why a record cannot be read.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ReadError {
    /// The record's bytes are damaged, or were moved here from another key.
    #[error("a record of the store is damaged: restore it from a backup")]
    Corrupt,
    /// The file system failed.
    #[error("the store cannot be read ({0}): check the disk")]
    Io(Arc<io::Error>),
    /// The database that holds it failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        Self::Io(Arc::new(error))
    }
}

/// Why a write is not durable. `E` is the closure's own error.
#[derive(Debug, thiserror::Error)]
pub enum WriteError<E> {
    /// The closure refused; nothing was written.
    #[error("{0}")]
    Refused(E),
    /// The closure panicked; nothing was written.
    #[error("the write failed by a fault of the program and nothing was written: report it")]
    Panicked,
    /// Less space is left than the reserve; nothing was written.
    #[error("the disk is full: free some space and try again")]
    DiskFull,
    /// A key, a value or the whole transaction is over its limit; nothing was written.
    #[error("the write is over a limit of the store (value: {max} bytes): split it", max = crate::VALUE_BYTES_MAX)]
    TooLarge,
    /// A record that is replaced cannot be read; nothing was written.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// An earlier write failed on its way to disk: what was written since the last good one is uncertain.
    #[error("an earlier write did not reach the disk: check the disk, then open the store again")]
    Poisoned,
    /// This write failed on its way to disk, and may be there or not after the store is opened again.
    #[error("the write did not reach the disk ({0}): check the disk, then open the store again")]
    Io(Arc<io::Error>),
    /// The database that holds the store failed; nothing was written. Later writes go on by themselves.
    #[error("{0}; nothing was written")]
    Database(DatabaseError),
    /// The store was closed; nothing was written.
    #[error("the store is closed")]
    Closed,
}

/// Why a store did not close cleanly. What was acknowledged is on disk all the same.
#[derive(Debug, thiserror::Error)]
pub enum CloseError {
    /// An earlier write failed on its way to disk.
    #[error("an earlier write did not reach the disk: check the disk, then open the store again")]
    Poisoned,
    /// The last flush failed.
    #[error("the store did not close cleanly ({0}): check the disk")]
    Io(Arc<io::Error>),
}

/// A failure that a whole group of writes shares, before it is typed for each caller.
#[derive(Debug, Clone)]
pub(crate) enum Failure {
    DiskFull,
    TooLarge,
    Read(ReadError),
    Poisoned,
    Io(Arc<io::Error>),
    Database(DatabaseError),
}

impl<E> From<Failure> for WriteError<E> {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::DiskFull => Self::DiskFull,
            Failure::TooLarge => Self::TooLarge,
            Failure::Database(error) | Failure::Read(ReadError::Database(error)) => Self::Database(error),
            Failure::Read(error) => Self::Read(error),
            Failure::Poisoned => Self::Poisoned,
            Failure::Io(error) => Self::Io(error),
        }
    }
}

impl From<Failure> for CloseError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Io(error) | Failure::Read(ReadError::Io(error)) => Self::Io(error),
            _ => Self::Poisoned,
        }
    }
}
