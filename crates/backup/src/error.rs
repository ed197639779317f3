//! What can go wrong, with a code for scripts.

use std::io;
use std::path::{Path, PathBuf};

use freehold_store::{ReadError, WriteError};

/// Why there is no backup, or none that can be used. No text holds a word, a key or a value.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// Nothing in the folder is a backup, or not the chain that was asked for.
    #[error("there is no such backup in {0}: check the folder, and that all of it was copied")]
    Missing(PathBuf),
    /// A file of the chain is not there.
    #[error("the backup is incomplete: {0} is missing; bring it back, or restore an earlier point with --to")]
    Incomplete(PathBuf),
    /// A file is not what was written.
    #[error(
        "the backup is damaged: {file} {what}; take another copy of it, or restore an earlier point with --to"
    )]
    Damaged {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        what: &'static str,
    },
    /// Another version of the program wrote it.
    #[error(
        "{file} has format {found} and this program reads {supported}: use the version of the program that made it"
    )]
    Format {
        /// The file.
        file: PathBuf,
        /// The format found.
        found: u32,
        /// The one that this build reads.
        supported: u32,
    },
    /// It is encrypted to somebody else.
    #[error("these words or this identity do not open {0}: check them, and that the backup is of this home")]
    Locked(PathBuf),
    /// The folder of the backup lies in the home.
    #[error("{0} lies in the home, and would be lost with it: name a folder on another disk")]
    InsideHome(PathBuf),
    /// Another backup of the home runs.
    #[error("another backup of this home is under way: wait until it is done")]
    Busy,
    /// The store cannot be read, or not be written while restoring.
    #[error("{0}")]
    Store(String),
    /// No room on a disk.
    #[error("the disk is full: free some space and try again")]
    DiskFull,
    /// The file system failed.
    #[error("{path} cannot be used ({error}): check the folder, its owner and the disk")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
}

impl BackupError {
    /// A stable name for scripts.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Missing(_) => "not-found",
            Self::Incomplete(_) => "backup-incomplete",
            Self::Damaged { .. } => "backup-damaged",
            Self::Format { .. } => "backup-format",
            Self::Locked(_) => "wrong-words",
            Self::InsideHome(_) => "usage",
            Self::Busy => "home-in-use",
            Self::Store(_) => "store-failed",
            Self::DiskFull => "disk-full",
            Self::Io { .. } => "backup-unusable",
        }
    }

    pub(crate) fn damaged(file: &Path, what: &'static str) -> Self {
        Self::Damaged { file: file.to_owned(), what }
    }

    pub(crate) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |error| match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull,
            _ => Self::Io { path, error },
        }
    }
}

impl From<ReadError> for BackupError {
    fn from(error: ReadError) -> Self {
        Self::Store(error.to_string())
    }
}

impl From<WriteError<ReadError>> for BackupError {
    fn from(error: WriteError<ReadError>) -> Self {
        match error {
            WriteError::DiskFull => Self::DiskFull,
            error => Self::Store(error.to_string()),
        }
    }
}
