//! A group of closures in one batch: what they read, and what they change.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, PoisonError};

use zeroize::Zeroizing;

use crate::database::cache::Cache;
use crate::database::pages::{Page, Source, raw, through};
use crate::database::{
    Batch, Bell, Change, CommitError, DatabaseError, From, KeyRange, Spread, part_of, part_of_range,
};
use crate::error::{Failure, ReadError};
use crate::records::Records;
use crate::seal::{Sealer, Slot};
use crate::sync::{Mutex, MutexGuard};
use crate::tree::{Bytes, Raw};
use crate::txn::{Change as Staged, Txn};

/// The slot that erasable records name. Their secrets are stored beside them, and have no number.
const SLOT_BESIDE: Slot = 1;

/// The batch with the changes of the closures that have run. Closures read through it, and so see each other's.
pub(crate) struct Group {
    spread: Spread,
    state: Mutex<State>,
}

struct State {
    /// `None` once the group is over.
    batch: Option<Box<dyn Batch>>,
    cache: Cache,
    /// What rows are, or are not, after the closures so far.
    changed: BTreeMap<Vec<u8>, Option<Raw>>,
    /// What the closures so far have rung.
    bells: BTreeSet<Bell>,
    /// The first thing that failed: what was read since may be wrong, and the batch is not committed.
    broken: Option<DatabaseError>,
}

impl Group {
    pub(crate) fn new(batch: Box<dyn Batch>, cache: Cache, spread: Spread) -> Self {
        let (changed, bells) = (BTreeMap::new(), BTreeSet::new());
        let state = State { batch: Some(batch), cache, changed, bells, broken: None };
        Self { spread, state: Mutex::new(state) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Why nothing of the group can be committed, if so.
    pub(crate) fn broken(&self) -> Option<DatabaseError> {
        self.state().broken.clone()
    }

    /// Whether a closure has changed anything.
    pub(crate) fn is_changed(&self) -> bool {
        !self.state().changed.is_empty()
    }

    /// Adds what a closure has staged.
    pub(crate) fn stage(&self, txn: Txn, records: &Records) -> Result<(), Failure> {
        if txn.too_large {
            return Err(Failure::TooLarge);
        }
        let mut sealed = Vec::with_capacity(txn.changes.len());
        for (key, change) in txn.changes {
            let row = match change {
                Staged::Delete if records.raw(&key).map_err(Failure::Read)?.is_none() => continue,
                Staged::Delete => None,
                Staged::Put(value) => Some(seal(&records.sealer, &key, &value)?),
                Staged::PutErasable(value) => Some(seal_erasable(&records.sealer, &key, &value)?),
            };
            sealed.push((key, row));
        }
        let mut state = self.state();
        if !sealed.is_empty() {
            state.bells.extend(txn.bells);
        }
        state.changed.extend(sealed);
        Ok(())
    }

    /// Changes a row of the store's own.
    pub(crate) fn put_own(&self, key: Vec<u8>, value: Option<Vec<u8>>) {
        let row = value.map(|value| Raw { bytes: value.into(), secret: None });
        self.state().changed.insert(key, row);
    }

    /// Commits what was changed. Gives the cache back, with the changes in it if they are committed.
    pub(crate) fn commit(&self) -> (Result<(), CommitError>, Cache) {
        let State { batch, cache, changed, bells, broken } = &mut *self.state();
        let mut cache = std::mem::replace(cache, Cache::new(0));
        let (changed, bells) = (std::mem::take(changed), std::mem::take(bells));
        let batch = batch.take();
        let committed = match (broken, batch) {
            (Some(error), _) => Err(CommitError::Not(error.clone())),
            (None, None) => Err(CommitError::Not(over())),
            // Nothing is to be made durable; what was read was committed before.
            (None, Some(_)) if changed.is_empty() => Ok(()),
            (None, Some(batch)) => {
                let change = |(key, row): (&Vec<u8>, &Option<Raw>)| Change {
                    part: part_of(self.spread, key).to_vec(),
                    key: key.clone(),
                    value: row.as_ref().map(|raw| raw.to_vec()),
                    secret: row.as_ref().and_then(|raw| raw.secret.clone()),
                };
                let bells: Vec<Bell> = bells.into_iter().collect();
                batch.commit(&changed.iter().map(change).collect::<Vec<_>>(), &bells)
            }
        };
        match committed {
            Ok(()) => changed.into_iter().for_each(|(key, row)| cache.put(key, row)),
            Err(_) => cache.clear(),
        }
        (committed, cache)
    }
}

fn over() -> DatabaseError {
    DatabaseError::Failed("the batch is over".into())
}

fn seal(sealer: &Sealer, key: &[u8], value: &[u8]) -> Result<Raw, Failure> {
    let bytes = sealer.seal(key, value).map_err(|error| Failure::Io(Arc::new(error)))?;
    Ok(Raw { bytes: bytes.into(), secret: None })
}

fn seal_erasable(sealer: &Sealer, key: &[u8], value: &[u8]) -> Result<Raw, Failure> {
    let mut secret = Zeroizing::new([0; 32]);
    let sealed = crate::entropy::fill(&mut *secret)
        .and_then(|()| sealer.seal_erasable(SLOT_BESIDE, &secret, key, value));
    let bytes = sealed.map_err(|error| Failure::Io(Arc::new(error)))?;
    Ok(Raw { bytes: bytes.into(), secret: Some(secret) })
}

impl State {
    /// Asks the database, unless something has failed before.
    fn ask<T>(
        &mut self,
        question: impl FnOnce(&mut dyn Batch) -> Result<T, DatabaseError>,
    ) -> Result<T, ReadError> {
        if let Some(error) = &self.broken {
            return Err(error.clone().into());
        }
        let batch = self.batch.as_mut().ok_or_else(over)?;
        question(batch.as_mut()).map_err(|error| {
            self.broken = Some(error.clone());
            error.into()
        })
    }
}

impl Source for Group {
    fn get(&self, key: &[u8]) -> Result<Option<Raw>, ReadError> {
        let mut state = self.state();
        if let Some(row) = state.changed.get(key) {
            return Ok(row.clone());
        }
        if let Some(row) = state.cache.get(key) {
            return Ok(row);
        }
        let row = state.ask(|batch| batch.row(part_of(self.spread, key), key))?.map(|row| raw(row).1);
        state.cache.put(key.to_vec(), row.clone());
        Ok(row)
    }

    fn get_all(&self, keys: &[Vec<u8>]) -> Result<HashMap<Vec<u8>, Raw>, ReadError> {
        let mut found = HashMap::new();
        for key in keys {
            found.extend(self.get(key)?.map(|raw| (key.clone(), raw)));
        }
        Ok(found)
    }

    fn page(&self, range: &KeyRange, from: From, rows_max: usize) -> Result<Page, ReadError> {
        let part = part_of_range(self.spread, range);
        let mut state = self.state();
        let stored = state.ask(|batch| batch.page(part.as_deref(), range, from, rows_max))?;
        let through = through(&stored, rows_max)?;
        let is_within = |key: &[u8]| match (&through, from) {
            (None, _) => true,
            (Some(through), From::Front) => key <= through.as_slice(),
            (Some(through), From::Back) => key >= through.as_slice(),
        };
        let changed = state.changed.range(range.clone()).filter(|(key, _)| is_within(key));
        let mut rows: BTreeMap<Bytes, Raw> = stored.into_iter().map(raw).collect();
        for (key, row) in changed {
            match row {
                Some(row) => rows.insert(key.as_slice().into(), row.clone()),
                None => rows.remove(key.as_slice()),
            };
        }
        let rows = match from {
            From::Front => rows.into_iter().collect(),
            From::Back => rows.into_iter().rev().collect(),
        };
        Ok(Page { rows, through })
    }
}
