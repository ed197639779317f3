//! A database in memory, which fails when it is told to.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};

use freehold_store::database::{
    Batch, Bell, Change, Claim, CommitError, Database, DatabaseError, From, Hear, Heard, KeyRange, Others,
    Row, Rows,
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
    /// Whether a batch is open.
    batch: Mutex<bool>,
    ended: Condvar,
    /// Who holds which name.
    names: Mutex<BTreeMap<String, usize>>,
    /// Who hears the bells of the others.
    hearing: Mutex<Vec<(usize, Hear)>>,
    /// Processes so far.
    processes: AtomicUsize,
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

    /// Nobody hears a bell any more.
    pub(crate) fn deafen(&self) {
        self.hearing.lock().unwrap().clear();
    }

    /// Waits until no batch is open, and opens one.
    fn take_turn(&self) {
        let open = self.batch.lock().unwrap();
        *self.ended.wait_while(open, |open| *open).unwrap() = true;
    }

    fn end_turn(&self) {
        *self.batch.lock().unwrap() = false;
        self.ended.notify_one();
    }

    fn answer(&self) -> Result<(), DatabaseError> {
        if self.away.load(SeqCst) { Err(DatabaseError::Away("gone".into())) } else { Ok(()) }
    }
}

/// A process that has the store, alone or as one of several.
pub(crate) struct Process {
    memory: Arc<Memory>,
    alone: bool,
    number: usize,
}

impl Process {
    pub(crate) fn alone(memory: &Arc<Memory>) -> Result<Arc<dyn Database>, DatabaseError> {
        if memory.taken.swap(true, SeqCst) {
            return Err(DatabaseError::InUse);
        }
        Ok(Arc::new(Self { memory: Arc::clone(memory), alone: true, number: 0 }))
    }

    pub(crate) fn one_of_several(memory: &Arc<Memory>) -> Arc<dyn Database> {
        let number = memory.processes.fetch_add(1, SeqCst);
        Arc::new(Self { memory: Arc::clone(memory), alone: false, number })
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
        Box::new(Open { memory: Arc::clone(&self.memory), is_batch: false, process: self.number })
    }

    fn begin(&self) -> Result<Box<dyn Batch>, DatabaseError> {
        self.memory.answer()?;
        self.memory.take_turn();
        Ok(Box::new(Open { memory: Arc::clone(&self.memory), is_batch: true, process: self.number }))
    }

    fn others(&self) -> Option<&dyn Others> {
        (!self.alone).then_some(self)
    }
}

impl Others for Process {
    fn claim(&self, name: &str) -> Box<dyn Claim> {
        Box::new(Name { memory: Arc::clone(&self.memory), name: name.to_owned(), process: self.number })
    }

    fn claimed(&self, names: &[String]) -> Result<Vec<bool>, DatabaseError> {
        let held = self.memory.names.lock().unwrap();
        Ok(names.iter().map(|name| held.contains_key(name)).collect())
    }

    fn listen(&self, hear: Hear) {
        self.memory.hearing.lock().unwrap().push((self.number, hear));
    }
}

/// A name that a process competes for: it has it once it asks and nobody else has.
struct Name {
    memory: Arc<Memory>,
    name: String,
    process: usize,
}

impl Claim for Name {
    fn is_held(&self) -> bool {
        *self.memory.names.lock().unwrap().entry(self.name.clone()).or_insert(self.process) == self.process
    }
}

impl Drop for Name {
    fn drop(&mut self) {
        self.memory.names.lock().unwrap().retain(|name, by| (name, *by) != (&self.name, self.process));
    }
}

struct Open {
    memory: Arc<Memory>,
    is_batch: bool,
    process: usize,
}

impl Drop for Open {
    fn drop(&mut self) {
        if self.is_batch {
            self.memory.end_turn();
        }
    }
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
    fn commit(self: Box<Self>, changes: &[Change], bells: &[Bell]) -> Result<(), CommitError> {
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
        if lost != Some(false) && !bells.is_empty() {
            let hearing = self.memory.hearing.lock().unwrap();
            let others = hearing.iter().filter(|(process, _)| *process != self.process);
            others.for_each(|(_, hear)| hear(Heard::Bells(bells.to_vec())));
        }
        match lost {
            None => Ok(()),
            Some(_) => {
                self.memory.away.store(true, SeqCst);
                Err(CommitError::Unknown(DatabaseError::Away("gone".into())))
            }
        }
    }
}
