//! A database in memory, which fails when it is told to.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard};

use freehold_store::database::{
    Batch, Change, CommitError, Database, DatabaseError, From, KeyRange, Row, Rows,
};

/// Rows by part and key.
pub(crate) type Table = BTreeMap<(Vec<u8>, Vec<u8>), Row>;

/// The rows, and what goes wrong with them.
#[derive(Default)]
pub(crate) struct Memory {
    rows: Mutex<Table>,
    /// Whether a process has the store.
    taken: AtomicBool,
    /// Whether nothing answers.
    pub(crate) away: AtomicBool,
    /// Whether the answer to the next commit is lost, and whether it is made all the same. Then nothing answers any more.
    pub(crate) lost: Mutex<Option<bool>>,
    /// After how many more reads in batches one fails.
    pub(crate) reads_left: AtomicUsize,
    pub(crate) commits: AtomicUsize,
}

impl Memory {
    pub(crate) fn new() -> Arc<Self> {
        let memory = Self::default();
        memory.reads_left.store(usize::MAX, SeqCst);
        Arc::new(memory)
    }

    pub(crate) fn rows(&self) -> MutexGuard<'_, Table> {
        self.rows.lock().unwrap()
    }

    fn answer(&self) -> Result<(), DatabaseError> {
        if self.away.load(SeqCst) { Err(DatabaseError::Away("gone".into())) } else { Ok(()) }
    }
}

/// A process that has the store, alone or as one of several.
pub(crate) struct Process {
    memory: Arc<Memory>,
    alone: bool,
}

impl Process {
    pub(crate) fn alone(memory: &Arc<Memory>) -> Result<Arc<dyn Database>, DatabaseError> {
        if memory.taken.swap(true, SeqCst) {
            return Err(DatabaseError::InUse);
        }
        Ok(Arc::new(Self { memory: Arc::clone(memory), alone: true }))
    }

    pub(crate) fn one_of_several(memory: &Arc<Memory>) -> Arc<dyn Database> {
        Arc::new(Self { memory: Arc::clone(memory), alone: false })
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.alone {
            self.memory.taken.store(false, SeqCst);
        }
    }
}

impl Database for Process {
    fn committed(&self) -> Box<dyn Rows + '_> {
        Box::new(Open { memory: Arc::clone(&self.memory), is_batch: false })
    }

    fn begin(&self) -> Result<Box<dyn Batch>, DatabaseError> {
        self.memory.answer()?;
        Ok(Box::new(Open { memory: Arc::clone(&self.memory), is_batch: true }))
    }
}

struct Open {
    memory: Arc<Memory>,
    is_batch: bool,
}

impl Open {
    fn ask(&self) -> Result<MutexGuard<'_, Table>, DatabaseError> {
        self.memory.answer()?;
        if self.is_batch && self.memory.reads_left.fetch_sub(1, SeqCst) == 1 {
            return Err(DatabaseError::Away("broke off".into()));
        }
        Ok(self.memory.rows())
    }
}

impl Rows for Open {
    fn row(&mut self, part: &[u8], key: &[u8]) -> Result<Option<Row>, DatabaseError> {
        Ok(self.ask()?.get(&(part.to_vec(), key.to_vec())).cloned())
    }

    fn page(
        &mut self,
        part: Option<&[u8]>,
        range: &KeyRange,
        from: From,
        rows_max: usize,
    ) -> Result<Vec<Row>, DatabaseError> {
        let rows = self.ask()?;
        let of_part = rows.iter().filter(|((of, _), _)| part.is_none_or(|part| part == of));
        let sorted: BTreeMap<_, _> = of_part.map(|((_, key), row)| (key.clone(), row.clone())).collect();
        let within = sorted.range(range.clone()).map(|(_, row)| row.clone());
        Ok(match from {
            From::Front => within.take(rows_max).collect(),
            From::Back => within.rev().take(rows_max).collect(),
        })
    }
}

impl Batch for Open {
    fn commit(self: Box<Self>, changes: &[Change]) -> Result<(), CommitError> {
        self.memory.answer().map_err(CommitError::Not)?;
        let lost = self.memory.lost.lock().unwrap().take();
        if lost != Some(false) {
            let mut rows = self.memory.rows();
            for Change { part, key, value, secret } in changes.iter().cloned() {
                let place = (part, key.clone());
                match value {
                    Some(value) => rows.insert(place, Row { key, value, secret }),
                    None => rows.remove(&place),
                };
            }
        }
        self.memory.commits.fetch_add(1, SeqCst);
        match lost {
            None => Ok(()),
            Some(_) => {
                self.memory.away.store(true, SeqCst);
                Err(CommitError::Unknown(DatabaseError::Away("gone".into())))
            }
        }
    }
}
