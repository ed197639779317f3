//! What the vault is, and small settings by name.

use freehold_mailbox::record;
use freehold_protocol::time::Timestamp;
use freehold_store::{ReadError, Reader, Txn};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::tables::{SETTINGS, named};

/// The format of the tables that this build writes, and the newest it reads.
pub const FORMAT_VERSION: u32 = 1;

/// The setting that holds the [`Format`].
const FORMAT: &str = "format";

/// What the vault is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Format {
    /// The format of its tables.
    pub version: u32,
    /// When it was made.
    pub created: Timestamp,
}

/// Why a vault cannot be used.
#[derive(Debug, Clone, thiserror::Error)]
pub enum FormatError {
    /// A newer program wrote it.
    #[error("the vault has format {found} and this program reads up to {supported}: install a newer version")]
    Newer {
        /// The format found.
        found: u32,
        /// The newest this build reads.
        supported: u32,
    },
    /// The store cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// Marks the vault with the format of this build, if it has no mark yet.
///
/// # Errors
/// [`FormatError`] when the mark it has is a newer one.
pub fn create(txn: &mut Txn, now: Timestamp) -> Result<Format, FormatError> {
    if let Some(format) = format(txn)? {
        return Ok(format);
    }
    let format = Format { version: FORMAT_VERSION, created: now };
    set(txn, FORMAT, &format);
    Ok(format)
}

/// What the vault is; `None` before [`create`].
///
/// # Errors
/// [`FormatError`] when a newer program wrote it.
pub fn format(reader: &impl Reader) -> Result<Option<Format>, FormatError> {
    match setting::<Format>(reader, FORMAT)? {
        Some(Format { version: found, .. }) if found > FORMAT_VERSION => {
            Err(FormatError::Newer { found, supported: FORMAT_VERSION })
        }
        format => Ok(format),
    }
}

/// A setting.
///
/// # Errors
/// The store's, and [`ReadError::Corrupt`] when it is of another shape.
pub fn setting<T: DeserializeOwned>(reader: &impl Reader, name: &str) -> Result<Option<T>, ReadError> {
    record::load(reader, &named(reader, SETTINGS, name))
}

/// Writes a setting of at most 64 KiB.
pub fn set<T: Serialize>(txn: &mut Txn, name: &str, value: &T) {
    record::save_erasable(txn, named(txn, SETTINGS, name), value);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    #[test]
    fn the_mark_is_made_once_and_a_newer_one_is_refused() {
        let scratch = Scratch::new();
        assert_eq!(format(&scratch.store).unwrap(), None);
        let made = scratch.write(|txn| create(txn, Timestamp::from_millis(1)));
        let scratch = scratch.reopened();
        assert_eq!(scratch.write(|txn| create(txn, Timestamp::from_millis(2))), made);
        assert_eq!(format(&scratch.store).unwrap(), Some(made));
        scratch.write(move |txn| {
            set(txn, FORMAT, &Format { version: FORMAT_VERSION + 1, ..made });
            Ok::<_, ReadError>(())
        });
        let error = format(&scratch.store).unwrap_err();
        assert!(matches!(error, FormatError::Newer { found, .. } if found == FORMAT_VERSION + 1));
    }
}
