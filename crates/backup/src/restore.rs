//! Back into a store.

use std::path::Path;

use freehold_keystore::Seed;
use freehold_store::{Key, ReadError, Store, Txn};
use zeroize::Zeroizing;

use crate::chain::ChainId;
use crate::error::BackupError;
use crate::form::Change;
use crate::read::{self, Chain, ChainReport, PointReport};
use crate::secrets::Opener;

/// Bytes of values that are written in one transaction: an eighth of what the store takes.
const TRANSACTION_BYTES: usize = 8 * 1024 * 1024;

/// Which point is meant.
#[derive(Debug, Clone, Copy, Default)]
pub struct Choice {
    /// The chain; the one with the newest point if none is named.
    pub chain: Option<ChainId>,
    /// The number of the last file; the last there is if none is named.
    pub to: Option<u64>,
}

/// A backup that was read and found whole.
pub struct Backup(Chain);

impl Backup {
    /// Reads the chosen chain whole. Nothing is written.
    ///
    /// # Errors
    /// [`BackupError`], naming the first file that is wrong.
    pub fn open(dir: &Path, opener: &Opener, choice: &Choice) -> Result<Self, BackupError> {
        let mut newest: Option<Chain> = None;
        let chains = read::chains(dir)?;
        for (id, listed) in &chains {
            if choice.chain.is_some_and(|chosen| chosen != *id) {
                continue;
            }
            let lacks_it = choice.to.is_some_and(|to| !listed.numbers.contains(&to));
            if choice.chain.is_none() && chains.len() > 1 && lacks_it {
                continue;
            }
            let chain = Chain::read(dir, *id, listed, opener, choice.to)?;
            let made = |chain: &Chain| chain.report.points.last().map(|point| point.made);
            if newest.as_ref().is_none_or(|newest| made(newest) < made(&chain)) {
                newest = Some(chain);
            }
        }
        newest.map(Self).ok_or_else(|| BackupError::Missing(dir.to_owned()))
    }

    /// The seed of the home.
    #[must_use]
    pub fn seed(&self) -> &Seed {
        &self.0.seed
    }

    /// The chain, up to the chosen point.
    #[must_use]
    pub fn report(&self) -> &ChainReport {
        &self.0.report
    }

    /// The chosen point.
    #[must_use]
    pub fn point(&self) -> &PointReport {
        self.0.report.points.last().expect("a chain that was read has a first file")
    }

    /// Writes what the home held into an empty store under the home's key, and at last what `finish` adds. Values that were
    /// overwritten or erased before the chosen point are not written.
    ///
    /// # Errors
    /// [`BackupError`]; the store is then of no use.
    pub fn write_into<F>(&self, store: &Store, finish: F) -> Result<(), BackupError>
    where
        F: FnOnce(&mut Txn) -> Result<(), ReadError> + Send + 'static,
    {
        let mut waiting = Waiting { store, records: Vec::new(), bytes: 0 };
        for point in &self.0.report.points {
            self.0.changes(point.number, |change| match change {
                Change::Put { key, erasable, value, .. }
                    if self.0.last.get(&key).is_some_and(|(number, _)| *number == point.number) =>
                {
                    waiting.add((Key::from_bytes(key), erasable, value))
                }
                _ => Ok(()),
            })?;
        }
        waiting.write()?;
        let records = store.snapshot_blocking(|_, _| true)?.entries().len() as u64;
        if records != self.point().records {
            return Err(BackupError::Store(
                "the store holds something else already: take an empty one".into(),
            ));
        }
        store.write_blocking(finish)?;
        Ok(())
    }
}

impl std::fmt::Debug for Backup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Backup({})", self.0.report.chain)
    }
}

type Record = (Key, bool, Zeroizing<Vec<u8>>);

/// Records on their way into a store.
struct Waiting<'a> {
    store: &'a Store,
    records: Vec<Record>,
    bytes: usize,
}

impl Waiting<'_> {
    fn add(&mut self, record: Record) -> Result<(), BackupError> {
        self.bytes += record.0.as_bytes().len() + record.2.len();
        self.records.push(record);
        if self.bytes >= TRANSACTION_BYTES { self.write() } else { Ok(()) }
    }

    fn write(&mut self) -> Result<(), BackupError> {
        self.bytes = 0;
        let records = std::mem::take(&mut self.records);
        self.store.write_blocking(move |txn| {
            for (key, erasable, value) in records {
                if erasable {
                    txn.put_erasable(key, value.as_slice());
                } else {
                    txn.put(key, value.as_slice());
                }
            }
            Ok::<_, ReadError>(())
        })?;
        Ok(())
    }
}
