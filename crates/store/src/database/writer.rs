//! The one thread that writes to a database: groups of closures, one batch per group.
//!
//! Order within a group: begin the batch; run the closures, each upon what those before it have made; commit; answer. A batch whose
//! commit was not answered keeps its closures' callers waiting until it is known.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::database::cache::Cache;
use crate::database::group::Group;
use crate::database::{CommitError, Database, DatabaseError, Spread};
use crate::error::{CloseError, Failure, ReadError};
use crate::record_keys::RecordKeys;
use crate::records::{Observer, Records, SPACE_OWN};
use crate::schema::WriteNow;
use crate::seal::Sealer;
use crate::sync::mpsc::{Receiver, RecvTimeoutError};
use crate::tree::Tree;
use crate::txn::Txn;
use crate::writer::{Answer, GROUP_JOBS_MAX, HEAD_KEY, Head, Job, Message, Ran};

/// First bytes of the row of a writer's last batch.
const BATCH_PREFIX: [u8; 2] = [SPACE_OWN, b'b'];
/// Bytes of a writer's name.
pub(super) const WRITER_BYTES: usize = 16;
/// Pause between two attempts to find out what became of a batch.
const SETTLE_EVERY: Duration = Duration::from_millis(250);

/// The writer's state.
pub(crate) struct DatabaseWriter {
    database: Arc<dyn Database>,
    spread: Spread,
    sealer: Arc<Sealer>,
    /// Who this writer is among all that there ever were.
    writer: [u8; WRITER_BYTES],
    /// Batches of this writer so far.
    batches: u64,
    /// Batches that are known to be committed, whoever's.
    commit: u64,
    cache: Cache,
    /// The batch of which nobody knows.
    unsettled: Option<Unsettled>,
    poisoned: bool,
    /// Is told how long commits take.
    observer: Arc<OnceLock<Observer>>,
}

struct Unsettled {
    answers: Vec<Answer>,
    /// When it was last tried to find out.
    looked: Option<Instant>,
    error: DatabaseError,
}

/// An open group, and how its closures read.
struct Open {
    group: Arc<Group>,
    records: Arc<Records>,
    head: Head,
}

impl DatabaseWriter {
    pub(super) fn new(
        database: Arc<dyn Database>,
        spread: Spread,
        sealer: Arc<Sealer>,
        writer: [u8; WRITER_BYTES],
        cache_bytes: u64,
        observer: Arc<OnceLock<Observer>>,
    ) -> Self {
        Self {
            database,
            spread,
            sealer,
            writer,
            batches: 0,
            commit: 0,
            cache: Cache::new(cache_bytes),
            unsettled: None,
            poisoned: false,
            observer,
        }
    }

    /// Serves the queue until it is closed.
    pub(crate) fn run(mut self, queue: &Receiver<Message>) {
        loop {
            let message = match self.unsettled {
                Some(_) => queue.recv_timeout(SETTLE_EVERY),
                None => queue.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            let closing = match message {
                Ok(Message::Write(job, _, permit)) => {
                    drop(permit);
                    self.run_group(job, queue)
                }
                Ok(Message::Close(reply, _permit)) => Some(reply),
                Err(RecvTimeoutError::Timeout) => {
                    // Whoever writes next is told.
                    let _ = self.settle();
                    None
                }
                Err(RecvTimeoutError::Disconnected) => {
                    if let Err(error) = self.give_up() {
                        tracing::error!(%error, "the store was dropped and did not close cleanly");
                    }
                    return;
                }
            };
            if let Some(reply) = closing {
                let closed = self.give_up();
                drop(self);
                let _ = reply.send(closed);
                return;
            }
        }
    }

    /// Runs one job and those that wait behind it. Gives the reply of a close that was met on the way.
    fn run_group(
        &mut self,
        first: Box<dyn Job>,
        queue: &Receiver<Message>,
    ) -> Option<oneshot::Sender<Result<(), CloseError>>> {
        let open = match self.begin() {
            Ok(open) => open,
            Err(failure) => {
                first.fail(failure);
                return None;
            }
        };
        let mut next = Some(first);
        let mut closing = None;
        let mut answers = Vec::new();
        while let Some(job) = next.take() {
            let mut txn = Txn::new(Arc::clone(&open.records));
            let Ran { accepted, answer } = job.run(&mut txn);
            match if accepted { open.group.stage(txn, &open.records) } else { Ok(()) } {
                Ok(()) => answers.push(answer),
                Err(failure) => answer(Err(failure)),
            }
            if answers.len() < GROUP_JOBS_MAX && open.group.broken().is_none() {
                match queue.try_recv() {
                    Ok(Message::Write(job, _, _permit)) => next = Some(job),
                    Ok(Message::Close(reply, _permit)) => closing = Some(reply),
                    Err(_) => {}
                }
            }
        }
        // An unchanged or refused closure may rest on what an earlier one of this group wrote, so all wait for it.
        let begun = Instant::now();
        let committed = self.commit(&open);
        if let Some(observer) = self.observer.get() {
            observer(begun.elapsed());
        }
        match committed {
            Ok(()) => answers.into_iter().for_each(|answer| answer(Ok(()))),
            Err(CommitError::Not(error)) => {
                tracing::warn!(%error, writes = answers.len(), "a batch was not written");
                answers.into_iter().for_each(|answer| answer(Err(Failure::Database(error.clone()))));
            }
            Err(CommitError::Unknown(error)) => {
                tracing::warn!(%error, writes = answers.len(), "it is not known whether a batch is written");
                self.unsettled = Some(Unsettled { answers, looked: None, error });
                // Often only a connection was lost.
                let _ = self.settle();
            }
        }
        closing
    }

    /// Begins a group, after the last one is settled.
    fn begin(&mut self) -> Result<Open, Failure> {
        if self.poisoned {
            return Err(Failure::Poisoned);
        }
        self.settle().map_err(Failure::Database)?;
        let mut batch = self.database.begin().map_err(Failure::Database)?;
        // Who else has written since is seen in the head alone, so that is read past the cache.
        let head = batch.row(&[], &HEAD_KEY).map_err(Failure::Database)?;
        let head = match head {
            None => Head::default(),
            Some(row) => self
                .sealer
                .open(&HEAD_KEY, &row.value)
                .ok()
                .and_then(|bytes| Head::from_bytes(&bytes))
                .ok_or(Failure::Read(ReadError::Corrupt))?,
        };
        if head.commit < self.commit {
            tracing::error!(
                found = head.commit,
                known = self.commit,
                "the database has gone back to an earlier state: acknowledged writes are missing"
            );
            self.poisoned = true;
            return Err(Failure::Poisoned);
        }
        let mut cache = std::mem::replace(&mut self.cache, Cache::new(0));
        if head.commit != self.commit {
            cache.clear();
        }
        let group = Arc::new(Group::new(batch, cache, self.spread));
        let records = Arc::new(Records {
            tree: Tree::Database(Arc::clone(&group) as _),
            sealer: Arc::clone(&self.sealer),
            keys: RecordKeys::beside(),
            observer: Arc::clone(&self.observer),
            _lock: None,
        });
        Ok(Open { group, records, head })
    }

    fn commit(&mut self, open: &Open) -> Result<(), CommitError> {
        let changed = open.group.is_changed();
        if changed {
            self.batches += 1;
            let head = Head { commit: open.head.commit + 1, ..open.head };
            let sealed = self.sealer.seal(&HEAD_KEY, &head.to_bytes());
            let sealed =
                sealed.map_err(|error| CommitError::Not(DatabaseError::Failed(error.to_string())))?;
            open.group.put_own(HEAD_KEY.to_vec(), Some(sealed));
            open.group.put_own(self.batch_key(), Some(self.batches.to_be_bytes().to_vec()));
        }
        let (committed, cache) = open.group.commit();
        self.cache = cache;
        if committed.is_ok() {
            self.commit = open.head.commit + u64::from(changed);
        }
        committed
    }

    /// The row that says which the last batch of this writer was.
    fn batch_key(&self) -> Vec<u8> {
        [&BATCH_PREFIX[..], &self.writer].concat()
    }

    /// Finds out whether the last batch is committed, and answers its callers.
    fn settle(&mut self) -> Result<(), DatabaseError> {
        let Some(unsettled) = &mut self.unsettled else { return Ok(()) };
        if unsettled.looked.is_some_and(|looked| looked.elapsed() < SETTLE_EVERY) {
            return Err(unsettled.error.clone());
        }
        unsettled.looked = Some(Instant::now());
        let key = self.batch_key();
        // This batch begins only after the lost one has ended, however that was.
        let row = self.database.begin().and_then(|mut batch| batch.row(&[], &key))?;
        let committed = row.is_some_and(|row| row.value == self.batches.to_be_bytes());
        let Some(Unsettled { answers, error, .. }) = self.unsettled.take() else { return Ok(()) };
        tracing::info!(committed, writes = answers.len(), "it is known what became of the last batch");
        self.commit += u64::from(committed);
        self.cache.clear();
        for answer in answers {
            answer(if committed { Ok(()) } else { Err(Failure::Database(error.clone())) });
        }
        Ok(())
    }

    /// Answers whoever still waits: after this nobody finds out any more.
    fn give_up(&mut self) -> Result<(), CloseError> {
        if self.settle().is_ok() {
            return if self.poisoned { Err(CloseError::Poisoned) } else { Ok(()) };
        }
        let Some(unsettled) = self.unsettled.take() else { return Ok(()) };
        let lost = Arc::new(std::io::Error::other(unsettled.error));
        for answer in unsettled.answers {
            answer(Err(Failure::Io(Arc::clone(&lost))));
        }
        Err(CloseError::Io(lost))
    }
}

impl WriteNow for DatabaseWriter {
    fn is_new(&self) -> bool {
        self.commit == 0
    }

    fn write_now<T>(&mut self, closure: impl FnOnce(&mut Txn) -> Result<T, ReadError>) -> Result<T, Failure> {
        let open = self.begin()?;
        let mut txn = Txn::new(Arc::clone(&open.records));
        let value = closure(&mut txn).map_err(Failure::Read)?;
        open.group.stage(txn, &open.records)?;
        match self.commit(&open) {
            Ok(()) => Ok(value),
            // The store does not open then: the next attempt finds what there is.
            Err(CommitError::Not(error) | CommitError::Unknown(error)) => Err(Failure::Database(error)),
        }
    }
}
