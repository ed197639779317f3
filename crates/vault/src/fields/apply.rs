//! Changing fields, all or nothing.

use std::collections::BTreeMap;
use std::fmt;

use freehold_protocol::id::ChangeId;
use freehold_protocol::identity::SigningKey;
use freehold_protocol::path::Path;
use freehold_protocol::release::Version;
use freehold_protocol::time::Timestamp;
use freehold_protocol::vocabulary::{ValueError, Vocabulary};
use freehold_store::{ReadError, Txn};

use super::change::{self, ChangeSet};
use super::order::{self, Place};
use super::version::{self, FieldVersion, current};

/// Most fields that one change set changes: ten cards' worth, and far below what a transaction of the store holds.
pub const CHANGES_MAX: usize = 4096;

/// Longest source in bytes: a word and the name of a format or a program.
pub const SOURCE_BYTES_MAX: usize = 128;

/// What a field is to become. Its `Debug` shows no value.
#[derive(Clone, PartialEq, Eq)]
pub struct Change {
    /// Which field.
    pub path: Path,
    /// The new value; `None` unsets the field.
    pub value: Option<String>,
}

impl fmt::Debug for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Change({} {})", if self.value.is_some() { "set" } else { "unset" }, self.path)
    }
}

/// Why nothing was changed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum FieldError {
    /// The vocabulary refuses a path or its value.
    #[error("{}", refusal(.path, .reason))]
    Value {
        /// Which field.
        path: Path,
        /// Why.
        reason: ValueError,
    },
    /// One field is named twice.
    #[error("{path}: the field is named twice: name it once")]
    Twice {
        /// Which field.
        path: Path,
    },
    /// More changes than [`CHANGES_MAX`].
    #[error("{got} fields are to change at once, more than {CHANGES_MAX}: change them in several steps")]
    TooMany {
        /// How many there are.
        got: usize,
    },
    /// The source is empty or longer than [`SOURCE_BYTES_MAX`].
    #[error("the source is empty or longer than {SOURCE_BYTES_MAX} bytes: name it in a word, such as cli")]
    Source,
    /// The store cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
}

fn refusal(path: &Path, reason: &ValueError) -> String {
    match reason {
        ValueError::UnknownPath { .. } => reason.to_string(),
        _ => format!("{path}: {reason}"),
    }
}

/// Changes fields as one change set. Each value is checked against the vocabulary and normalised; a field that has
/// it already keeps its version. When nothing changes, nothing is written and the change set is empty.
///
/// # Errors
/// [`FieldError`], and nothing is staged then.
pub fn apply(
    txn: &mut Txn,
    changes: &[Change],
    source: &str,
    now: Timestamp,
    key: &SigningKey,
) -> Result<ChangeSet, FieldError> {
    if changes.len() > CHANGES_MAX {
        return Err(FieldError::TooMany { got: changes.len() });
    }
    if source.is_empty() || source.len() > SOURCE_BYTES_MAX {
        return Err(FieldError::Source);
    }
    let id = ChangeId::from_entropy(freehold_mailbox::entropy());
    let mut set = ChangeSet { id, at: now, source: source.to_owned(), versions: BTreeMap::new() };
    let wanted = normalised(txn, changes)?;
    let (mut versions, mut places) = (Vec::new(), Vec::new());
    for (path, value) in wanted {
        let held = current(txn, path)?.and_then(|field| field.value);
        if held != value {
            match (&held, &value) {
                (None, Some(_)) => places.push((path.clone(), Place::Taken)),
                (Some(_), None) => places.push((path.clone(), Place::Left)),
                _ => {}
            }
            let version = version::version(txn, path)? + 1;
            set.versions.insert(path.clone(), version);
            let (path, change, source) = (path.clone(), set.id.clone(), set.source.clone());
            versions.push(FieldVersion { path, version, value, change, source, at: now });
        }
    }
    if !versions.is_empty() {
        change::append(txn, &set)?;
    }
    for version in &versions {
        version::save(txn, version, key)?;
    }
    order::note(txn, places)?;
    Ok(set)
}

/// Writes down of fields that never had a version that they are empty, so that a vendor which may hold a value of them is
/// told: in a home that was restored, one from after the backup. Gives the versions that were written.
///
/// # Errors
/// The store's.
pub fn note_empty(
    txn: &mut Txn,
    paths: impl IntoIterator<Item = Path>,
    source: &str,
    now: Timestamp,
    key: &SigningKey,
) -> Result<BTreeMap<Path, Version>, ReadError> {
    let id = ChangeId::from_entropy(freehold_mailbox::entropy());
    let mut set = ChangeSet { id, at: now, source: source.to_owned(), versions: BTreeMap::new() };
    for path in paths {
        if version::version(txn, &path)? == 0 {
            set.versions.insert(path, 1);
        }
    }
    if set.versions.is_empty() {
        return Ok(set.versions);
    }
    change::append(txn, &set)?;
    for path in set.versions.keys() {
        let (path, change, source) = (path.clone(), set.id.clone(), set.source.clone());
        let empty = FieldVersion { path, version: 1, value: None, change, source, at: now };
        version::save(txn, &empty, key)?;
    }
    Ok(set.versions)
}

/// What each field is to become.
fn normalised<'a>(
    txn: &Txn,
    changes: &'a [Change],
) -> Result<BTreeMap<&'a Path, Option<String>>, FieldError> {
    let vocabulary = Vocabulary::standard();
    let mut wanted = BTreeMap::new();
    for Change { path, value } in changes {
        let refused = |reason| FieldError::Value { path: path.clone(), reason };
        let value = match value {
            Some(text) => Some(vocabulary.check(path, text).map_err(refused)?.into_string()),
            None if path.is_free() || vocabulary.field(path).is_some() => None,
            // A field that an older vocabulary knew can still be unset.
            None if current(txn, path)?.is_some() => None,
            None => {
                let nearest = vocabulary.nearest(path).cloned();
                return Err(refused(ValueError::UnknownPath { path: path.clone(), nearest }));
            }
        };
        if wanted.insert(path, value).is_some() {
            return Err(FieldError::Twice { path: path.clone() });
        }
    }
    Ok(wanted)
}
