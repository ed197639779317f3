//! The ordered map under the records: sled's, or that of a simulated disk.

use std::ops::Bound;

use crate::error::ReadError;
use crate::records::contain;
#[cfg(feature = "simulation")]
use crate::simulation::disk::Log;

/// Keys and values as they are stored; a copy costs a count.
pub(crate) type Bytes = sled::IVec;

/// A range of stored keys.
pub(crate) type Range = (Bound<Vec<u8>>, Bound<Vec<u8>>);

/// The map. What was applied is seen at once; it is durable only after [`Tree::flush`] and the disk's sync.
pub(crate) enum Tree {
    Sled(sled::Db),
    #[cfg(feature = "simulation")]
    Simulated(Log),
}

/// Changes that are applied together or not at all: what each key holds then.
#[derive(Clone, Default)]
pub(crate) struct Batch(pub(crate) Vec<(Bytes, Option<Bytes>)>);

/// The entries of a range, from either end. It holds no lock.
pub(crate) enum Entries {
    Sled(sled::Iter),
    #[cfg(feature = "simulation")]
    Simulated(Log, Range),
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
    pub(crate) fn get(&self, key: &[u8]) -> Result<Option<Bytes>, ReadError> {
        match self {
            Self::Sled(tree) => contain(|| tree.get(key)),
            #[cfg(feature = "simulation")]
            Self::Simulated(log) => Ok(log.get(key)?),
        }
    }

    pub(crate) fn range(&self, range: Range) -> Entries {
        match self {
            Self::Sled(tree) => Entries::Sled(tree.range(range)),
            #[cfg(feature = "simulation")]
            Self::Simulated(log) => Entries::Simulated(log.clone(), range),
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
        }
    }

    /// Hands everything applied to the operating system, which does not make it durable.
    pub(crate) fn flush(&self) -> Result<(), ReadError> {
        match self {
            Self::Sled(tree) => contain(|| tree.flush()).map(drop),
            #[cfg(feature = "simulation")]
            Self::Simulated(log) => Ok(log.flush()?),
        }
    }
}

impl Entries {
    fn step(&mut self, back: bool) -> Option<Result<(Bytes, Bytes), ReadError>> {
        match self {
            Self::Sled(entries) => {
                let step = || if back { entries.next_back() } else { entries.next() }.transpose();
                contain(step).transpose()
            }
            #[cfg(feature = "simulation")]
            Self::Simulated(log, range) => match log.step(range, back) {
                Ok(Some((key, value))) => {
                    let side = if back { &mut range.1 } else { &mut range.0 };
                    *side = Bound::Excluded(key.to_vec());
                    Some(Ok((key, value)))
                }
                Ok(None) => None,
                Err(error) => Some(Err(error.into())),
            },
        }
    }
}

impl Iterator for Entries {
    type Item = Result<(Bytes, Bytes), ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.step(false)
    }
}

impl DoubleEndedIterator for Entries {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.step(true)
    }
}
