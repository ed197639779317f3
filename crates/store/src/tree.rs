//! The ordered map under the records: sled's, that of a simulated disk, or a database's.

use std::ops::{Bound, Deref};
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::database::pages::{Pages, Source};
use crate::error::ReadError;
use crate::record_keys::SLOT_BYTES;
use crate::records::contain;
#[cfg(feature = "simulation")]
use crate::simulation::disk::Log;

/// Keys and values as they are stored; a copy costs a count.
pub(crate) type Bytes = sled::IVec;

/// A range of stored keys.
pub(crate) type Range = (Bound<Vec<u8>>, Bound<Vec<u8>>);

/// What is stored under a key: sealed bytes, and the secret that they are sealed with where it is stored beside them.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Raw {
    pub(crate) bytes: Bytes,
    pub(crate) secret: Option<Secret>,
}

/// A record's own secret.
pub(crate) type Secret = Zeroizing<[u8; SLOT_BYTES]>;

impl From<Bytes> for Raw {
    fn from(bytes: Bytes) -> Self {
        Self { bytes, secret: None }
    }
}

impl Deref for Raw {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

/// The map. What was applied is seen at once; it is durable only after [`Tree::flush`] and the disk's sync.
pub(crate) enum Tree {
    Sled(sled::Db),
    #[cfg(feature = "simulation")]
    Simulated(Log),
    /// Its batches are made by the database's writer, never here.
    Database(Arc<dyn Source>),
}

/// Changes that are applied together or not at all: what each key holds then.
#[derive(Clone, Default)]
pub(crate) struct Batch(pub(crate) Vec<(Bytes, Option<Bytes>)>);

/// The entries of a range, from either end. It holds no lock.
pub(crate) enum Entries {
    Sled(sled::Iter),
    #[cfg(feature = "simulation")]
    Simulated(Log, Range),
    Database(Pages),
}

impl Batch {
    pub(crate) fn insert(&mut self, key: &[u8], value: Vec<u8>) {
        self.0.push((key.into(), Some(value.into())));
    }

    pub(crate) fn remove(&mut self, key: &[u8]) {
        self.0.push((key.into(), None));
    }
}

impl Tree {
    pub(crate) fn get(&self, key: &[u8]) -> Result<Option<Raw>, ReadError> {
        match self {
            Self::Sled(tree) => Ok(contain(|| tree.get(key))?.map(Raw::from)),
            #[cfg(feature = "simulation")]
            Self::Simulated(log) => Ok(log.get(key)?.map(Raw::from)),
            Self::Database(source) => source.get(key),
        }
    }

    /// What is under some keys, in their order; a database is asked once for many.
    pub(crate) fn get_all(&self, keys: &[Vec<u8>]) -> Result<Vec<Option<Raw>>, ReadError> {
        match self {
            Self::Database(source) => {
                let mut found = source.get_all(keys)?;
                Ok(keys.iter().map(|key| found.remove(key)).collect())
            }
            _ => keys.iter().map(|key| self.get(key)).collect(),
        }
    }

    pub(crate) fn range(&self, range: Range) -> Entries {
        match self {
            Self::Sled(tree) => Entries::Sled(tree.range(range)),
            #[cfg(feature = "simulation")]
            Self::Simulated(log) => Entries::Simulated(log.clone(), range),
            Self::Database(source) => Entries::Database(Pages::new(Arc::clone(source), range)),
        }
    }

    pub(crate) fn apply(&self, batch: Batch) -> Result<(), ReadError> {
        match self {
            Self::Sled(tree) => {
                let mut own = sled::Batch::default();
                for (key, value) in batch.0 {
                    match value {
                        Some(value) => own.insert(key, value),
                        None => own.remove(key),
                    }
                }
                contain(|| tree.apply_batch(own))
            }
            #[cfg(feature = "simulation")]
            Self::Simulated(log) => Ok(log.apply(batch)?),
            Self::Database(_) => Err(std::io::Error::from(std::io::ErrorKind::Unsupported).into()),
        }
    }

    /// Hands everything applied to the operating system, which does not make it durable.
    pub(crate) fn flush(&self) -> Result<(), ReadError> {
        match self {
            Self::Sled(tree) => contain(|| tree.flush()).map(drop),
            #[cfg(feature = "simulation")]
            Self::Simulated(log) => Ok(log.flush()?),
            Self::Database(_) => Ok(()),
        }
    }
}

impl Entries {
    fn step(&mut self, back: bool) -> Option<Result<(Bytes, Raw), ReadError>> {
        match self {
            Self::Sled(entries) => {
                let step = || if back { entries.next_back() } else { entries.next() }.transpose();
                contain(step).transpose().map(|entry| entry.map(|(key, bytes)| (key, bytes.into())))
            }
            #[cfg(feature = "simulation")]
            Self::Simulated(log, range) => match log.step(range, back) {
                Ok(Some((key, value))) => {
                    let side = if back { &mut range.1 } else { &mut range.0 };
                    *side = Bound::Excluded(key.to_vec());
                    Some(Ok((key, value.into())))
                }
                Ok(None) => None,
                Err(error) => Some(Err(error.into())),
            },
            Self::Database(pages) => pages.step(back),
        }
    }
}

impl Iterator for Entries {
    type Item = Result<(Bytes, Raw), ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.step(false)
    }
}

impl DoubleEndedIterator for Entries {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.step(true)
    }
}
