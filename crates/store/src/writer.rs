//! The one thread that writes: groups of atomic batches, one durability step per group, destruction of keys.
//!
//! Order within a group: run and apply each closure; flush and sync; answer; zero the keys of destroyed records;
//! sync the key file; strike them from the list of pending destructions; answer the erasing writes. The list is part
//! of the batch that deletes, so a crash in between leaves it to be replayed at open.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, oneshot};
use tokio::time::Instant;

use crate::disk::Disk;
use crate::error::{CloseError, Failure, ReadError, WriteError};
use crate::planted::{self, Bug};
use crate::records::{Records, SPACE_OWN};
use crate::scan::prefix_range_stored;
use crate::schema::WriteNow;
use crate::seal::{Slot, slot_of};
use crate::store::Durable;
use crate::sync::mpsc::{Receiver, RecvTimeoutError};
use crate::tree::Batch;
use crate::txn::{Change, Txn};
use crate::witness::Witness;

/// Most writes that share one durability step: enough for every waiting caller of a busy hub, few enough that the
/// first of them does not wait long for the last.
pub(crate) const GROUP_JOBS_MAX: usize = 256;
/// Record secrets made at a time: 32 KiB of the key file, synced before any of them is used.
const SLOT_BLOCK: u64 = 1024;
/// Slots on one entry of the list of pending destructions: 32 KiB, within the value limit.
const ENTRY_SLOTS_MAX: usize = 4096;
/// Destroyed records whose keys may wait to be zeroed together; each is one small write to the key file.
const DESTRUCTIONS_WAITING_MAX: usize = 4096;
/// Longest that a key waits to be zeroed after its record was deleted without `erase`.
const DESTRUCTION_DELAY: Duration = Duration::from_millis(200);
/// Commits between two syncs of the witness; after a loss of power it is at most so late.
const WITNESS_COMMITS: u64 = 4096;

/// Key of the record that every batch updates.
pub(crate) const HEAD_KEY: [u8; 2] = [SPACE_OWN, b'h'];
/// Prefix of the list of pending destructions.
pub(crate) const DESTRUCTION_PREFIX: [u8; 2] = [SPACE_OWN, b'd'];

/// What the store knows of its own progress.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Head {
    /// Number of the last batch.
    pub(crate) commit: u64,
    /// First slot that no batch has used.
    pub(crate) next_slot: Slot,
}

impl Head {
    pub(crate) fn to_bytes(self) -> [u8; 16] {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.commit.to_be_bytes());
        bytes[8..].copy_from_slice(&self.next_slot.to_be_bytes());
        bytes
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (commit, next_slot) = bytes.split_first_chunk()?;
        let next_slot = Slot::from_be_bytes(next_slot.try_into().ok()?);
        Some(Self { commit: u64::from_be_bytes(*commit), next_slot })
    }
}

/// What the writer is told.
pub(crate) enum Message {
    Write(Box<dyn Job>, Urgency, OwnedSemaphorePermit),
    Close(oneshot::Sender<Result<(), CloseError>>, OwnedSemaphorePermit),
}

/// Whether a write may use the reserve of a full disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Urgency {
    Normal,
    /// Half of it; the other half is for sled's own work.
    Urgent,
}

/// A write closure with its caller, types erased.
pub(crate) trait Job: Send {
    /// Runs the closure. A panic in it is a refusal.
    fn run(self: Box<Self>, txn: &mut Txn) -> Ran;
    /// Answers without running.
    fn fail(self: Box<Self>, failure: Failure);
}

/// A closure that ran: whether its changes are wanted, and how to answer it.
pub(crate) struct Ran {
    pub(crate) accepted: bool,
    pub(crate) answer: Answer,
}

pub(crate) type Answer = Box<dyn FnOnce(Result<(), Failure>) + Send>;

/// A closure and where its answer goes.
pub(crate) struct Work<F, T, E> {
    pub(crate) closure: F,
    pub(crate) reply: oneshot::Sender<Result<Durable<T>, WriteError<E>>>,
}

impl<F, T, E> Job for Work<F, T, E>
where
    F: FnOnce(&mut Txn) -> Result<T, E> + Send,
    T: Send + 'static,
    E: Send + 'static,
{
    fn run(self: Box<Self>, txn: &mut Txn) -> Ran {
        let Self { closure, reply } = *self;
        let result = catch_unwind(AssertUnwindSafe(|| closure(txn)));
        let accepted = matches!(result, Ok(Ok(_)));
        let answer = Box::new(move |stored: Result<(), Failure>| {
            let answer = match (stored, result) {
                (Err(failure), _) => Err(failure.into()),
                (Ok(()), Ok(Ok(value))) => Ok(Durable::of_committed(value)),
                (Ok(()), Ok(Err(refusal))) => Err(WriteError::Refused(refusal)),
                (Ok(()), Err(_)) => Err(WriteError::Panicked),
            };
            // A caller that went away does not undo the write.
            let _ = reply.send(answer);
        });
        Ran { accepted, answer: Answer::from(answer) }
    }

    fn fail(self: Box<Self>, failure: Failure) {
        let _ = self.reply.send(Err(failure.into()));
    }
}

/// The writer's state.
pub(crate) struct Writer {
    records: Arc<Records>,
    disk: Arc<dyn Disk>,
    witness: Witness,
    reserve_bytes: u64,
    head: Head,
    /// Slots below this one have durable secrets.
    slots_ready: Slot,
    destructions: Destructions,
    /// The last commit whose witness was synced.
    witnessed: u64,
    poisoned: bool,
}

/// Keys to be zeroed once the batches that deleted their records are durable.
#[derive(Default)]
struct Destructions {
    slots: Vec<Slot>,
    entries: Vec<Vec<u8>>,
    oldest: Option<Instant>,
    /// The number of the next entry; it may be one that was struck from the list.
    entry_next: u64,
}

impl Destructions {
    fn wait(&self) -> Option<Duration> {
        self.oldest.map(|oldest| DESTRUCTION_DELAY.saturating_sub(oldest.elapsed()))
    }

    fn due(&self) -> bool {
        self.slots.len() >= DESTRUCTIONS_WAITING_MAX || self.wait().is_some_and(|wait| wait.is_zero())
    }
}

/// Why a batch was not applied.
enum Unapplied {
    /// Nothing was written, and the store is as good as before.
    Refused(Failure),
    /// The store may hold a part that it does not know of.
    Broken(Failure),
}

impl From<ReadError> for Unapplied {
    fn from(error: ReadError) -> Self {
        Self::Refused(Failure::Read(error))
    }
}

impl Writer {
    /// Takes over a recovered store whose log is durable: replays what a crash left undone, and makes secrets ready.
    pub(crate) fn start(
        records: Arc<Records>,
        disk: Arc<dyn Disk>,
        witness: Witness,
        reserve_bytes: u64,
        head: Head,
    ) -> Result<Self, Failure> {
        let mut writer = Self {
            records,
            disk,
            witness,
            reserve_bytes,
            head,
            slots_ready: head.next_slot,
            destructions: Destructions::default(),
            witnessed: head.commit,
            poisoned: false,
        };
        writer.recall_destructions().map_err(Failure::Read)?;
        writer.destroy()?;
        writer.make_slots_ready(1)?;
        Ok(writer)
    }

    pub(crate) fn records(&self) -> &Records {
        &self.records
    }

    /// Serves the queue until it is closed.
    pub(crate) fn run(mut self, queue: &Receiver<Message>) {
        loop {
            let message = match self.wait() {
                Some(wait) => queue.recv_timeout(wait),
                None => queue.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            match self.serve(message, queue) {
                Some(served) => self = served,
                None => return,
            }
        }
    }

    /// As [`Writer::run`], as a task on the simulation's time instead of a thread: the same steps in the same order. A job
    /// waits as long as a disk takes, so that others may gather behind it.
    #[cfg(all(feature = "simulation", not(feature = "schedules")))]
    pub(crate) async fn run_simulated(
        mut self,
        queue: Receiver<Message>,
        wake: Arc<tokio::sync::Notify>,
        latency: impl Fn() -> Duration + Send,
    ) {
        use std::sync::mpsc::TryRecvError;

        loop {
            let message = match queue.try_recv() {
                Ok(message) => {
                    tokio::time::sleep(latency()).await;
                    Ok(message)
                }
                Err(TryRecvError::Disconnected) => Err(RecvTimeoutError::Disconnected),
                Err(TryRecvError::Empty) => {
                    let wait = self.wait().unwrap_or(Duration::MAX);
                    match tokio::time::timeout(wait, wake.notified()).await {
                        Ok(()) => continue,
                        Err(_) => Err(RecvTimeoutError::Timeout),
                    }
                }
            };
            match self.serve(message, &queue) {
                Some(served) => self = served,
                None => return,
            }
        }
    }

    /// How long the queue may be silent before keys are to be destroyed; a poisoned store destroys none.
    fn wait(&self) -> Option<Duration> {
        self.destructions.wait().filter(|_| !self.poisoned)
    }

    /// Serves what the queue gave; `None` once it is over.
    fn serve(
        mut self,
        message: Result<Message, RecvTimeoutError>,
        queue: &Receiver<Message>,
    ) -> Option<Self> {
        let closing = match message {
            Ok(Message::Write(job, urgency, permit)) => {
                drop(permit);
                self.run_group(job, urgency, queue)
            }
            Ok(Message::Close(reply, _permit)) => Some(reply),
            // A failure here poisons the store, which the next caller is told.
            Err(RecvTimeoutError::Timeout) => {
                let _ = self.destroy();
                None
            }
            Err(RecvTimeoutError::Disconnected) => {
                if let Err(failure) = self.finish() {
                    tracing::error!(?failure, "the store was dropped and did not close cleanly");
                }
                return None;
            }
        };
        let Some(reply) = closing else { return Some(self) };
        let finished = self.finish().map_err(CloseError::from);
        drop(self);
        let _ = reply.send(finished);
        None
    }

    /// Runs one job and those that wait behind it. Gives the reply of a close that was met on the way.
    fn run_group(
        &mut self,
        first: Box<dyn Job>,
        urgency: Urgency,
        queue: &Receiver<Message>,
    ) -> Option<oneshot::Sender<Result<(), CloseError>>> {
        if let Err(failure) = self.admit(urgency) {
            first.fail(failure);
            return None;
        }
        let mut next = Some(first);
        let mut closing = None;
        let mut answers = Vec::new();
        let mut answers_erasing = Vec::new();
        let mut changed = false;
        let mut broken = None;
        while let Some(job) = next.take() {
            let mut txn = Txn::new(Arc::clone(&self.records));
            let Ran { accepted, answer } = job.run(&mut txn);
            let erasing = accepted && txn.erasing;
            match if accepted { self.apply(txn) } else { Ok(false) } {
                Ok(applied) => {
                    changed |= applied;
                    if erasing { &mut answers_erasing } else { &mut answers }.push(answer);
                }
                Err(Unapplied::Refused(failure)) => answer(Err(failure)),
                Err(Unapplied::Broken(failure)) => {
                    answers.push(answer);
                    broken = Some(failure);
                    break;
                }
            }
            if answers.len() + answers_erasing.len() < GROUP_JOBS_MAX {
                match queue.try_recv() {
                    Ok(Message::Write(job, urgency, _permit)) => match self.admit(urgency) {
                        Ok(()) => next = Some(job),
                        Err(failure) => job.fail(failure),
                    },
                    Ok(Message::Close(reply, _permit)) => closing = Some(reply),
                    Err(_) => {}
                }
            }
        }
        // An unchanged or refused closure may rest on what an earlier one of this group wrote, so all wait for it.
        let durable = match broken {
            Some(failure) => Err(self.poison(failure)),
            None if changed => self.sync_log(),
            None => Ok(()),
        };
        if durable.is_ok() {
            self.tell_witness();
        }
        answers.into_iter().for_each(|answer| answer(durable.clone()));
        let destroyed = match &durable {
            Ok(()) if !answers_erasing.is_empty() || self.destructions.due() => self.destroy(),
            _ => durable.clone(),
        };
        answers_erasing.into_iter().for_each(|answer| answer(destroyed.clone()));
        if !self.poisoned {
            self.housekeep();
        }
        closing
    }

    fn admit(&self, urgency: Urgency) -> Result<(), Failure> {
        if self.poisoned {
            return Err(Failure::Poisoned);
        }
        let reserve_bytes = match urgency {
            Urgency::Normal => self.reserve_bytes,
            Urgency::Urgent => self.reserve_bytes / 2,
        };
        match self.disk.free_bytes() {
            Ok(free) if free < reserve_bytes => Err(Failure::DiskFull),
            Ok(_) => Ok(()),
            Err(error) => Err(Failure::Io(Arc::new(error))),
        }
    }

    /// Applies a transaction as one batch; `false` if it changes nothing.
    fn apply(&mut self, txn: Txn) -> Result<bool, Unapplied> {
        if txn.too_large {
            return Err(Unapplied::Refused(Failure::TooLarge));
        }
        let erasable = txn.changes.values().filter(|change| matches!(change, Change::PutErasable(_))).count();
        self.make_slots_ready(erasable as u64).map_err(Unapplied::Broken)?;
        let Self { records, head, .. } = self;
        let mut head = *head;
        let mut batch = Batch::default();
        let mut changed = false;
        let mut destroyed = Vec::new();
        for (key, change) in txn.changes {
            let old = records.raw(&key)?;
            if old.is_none() && matches!(change, Change::Delete) {
                continue;
            }
            // Bytes that name no slot are damaged and may be replaced like any others.
            destroyed.extend(old.and_then(|old| slot_of(&old).ok()).filter(|slot| *slot != 0));
            changed = true;
            match change {
                Change::Put(value) => {
                    batch.insert(key.as_slice(), records.sealer.seal(&key, &value).map_err(refused)?)
                }
                Change::PutErasable(value) => {
                    let slot = head.next_slot;
                    let secret = records.keys.secret(slot)?.ok_or(ReadError::Corrupt)?;
                    let raw = records.sealer.seal_erasable(slot, &secret, &key, &value).map_err(refused)?;
                    batch.insert(key.as_slice(), raw);
                    head.next_slot += 1;
                }
                Change::Delete => batch.remove(key.as_slice()),
            }
        }
        if !changed {
            return Ok(false);
        }
        let mut entries = Vec::new();
        for slots in destroyed.chunks(ENTRY_SLOTS_MAX) {
            let entry_number = self.destructions.entry_next + entries.len() as u64;
            let key = [&DESTRUCTION_PREFIX[..], &entry_number.to_be_bytes()].concat();
            let list: Vec<u8> = slots.iter().flat_map(|slot| slot.to_be_bytes()).collect();
            batch.insert(key.as_slice(), records.sealer.seal(&key, &list).map_err(refused)?);
            entries.push(key);
        }
        head.commit += 1;
        batch.insert(&HEAD_KEY, records.sealer.seal(&HEAD_KEY, &head.to_bytes()).map_err(refused)?);
        records.tree.apply(batch).map_err(|error| Unapplied::Broken(Failure::Read(error)))?;
        self.head = head;
        self.destructions.entry_next += entries.len() as u64;
        self.destructions.add(destroyed, entries);
        Ok(true)
    }

    /// The durability step.
    fn sync_log(&mut self) -> Result<(), Failure> {
        let begun = Instant::now();
        let synced = self.sync_log_unobserved();
        if let Some(observer) = self.records.observer.get() {
            observer(begun.elapsed());
        }
        synced
    }

    fn sync_log_unobserved(&mut self) -> Result<(), Failure> {
        let flushed = self.records.tree.flush().map_err(Failure::Read);
        if planted::is_on(Bug::SyncSkipped) {
            return flushed;
        }
        let synced = flushed.and_then(|_| self.disk.sync_log().map_err(|error| Failure::Io(Arc::new(error))));
        synced.map_err(|failure| self.poison(failure))
    }

    /// Zeroes the keys of records whose deletion is durable, and strikes them from the list.
    fn destroy(&mut self) -> Result<(), Failure> {
        if self.poisoned {
            return Err(Failure::Poisoned);
        }
        if self.destructions.entries.is_empty() {
            return Ok(());
        }
        let zeroed =
            self.records.keys.zero(&self.destructions.slots).and_then(|()| self.disk.sync_record_keys());
        zeroed.map_err(|error| self.poison(Failure::Io(Arc::new(error))))?;
        let mut batch = Batch::default();
        for entry in &self.destructions.entries {
            batch.remove(entry.as_slice());
        }
        // Not synced: if this is lost, the list is replayed, and zeroing twice is zeroing once.
        self.records.tree.apply(batch).map_err(|error| self.poison(Failure::Read(error)))?;
        self.destructions = Destructions::default();
        Ok(())
    }

    /// Finds the destructions that a crash left on the list.
    fn recall_destructions(&mut self) -> Result<(), ReadError> {
        let listed = self.records.tree.range(prefix_range_stored(DESTRUCTION_PREFIX.to_vec()));
        for entry in listed {
            let (key, raw) = entry?;
            let list = self.records.sealer.open(&key, &raw).map_err(|_| ReadError::Corrupt)?;
            let (slots, []) = list.as_chunks::<8>() else { return Err(ReadError::Corrupt) };
            let slots: Vec<Slot> = slots.iter().map(|slot| Slot::from_be_bytes(*slot)).collect();
            if slots.iter().any(|slot| *slot >= self.head.next_slot) {
                return Err(ReadError::Corrupt);
            }
            let number = key.last_chunk().map_or(0, |number| u64::from_be_bytes(*number));
            self.destructions.entry_next = self.destructions.entry_next.max(number.saturating_add(1));
            self.destructions.add(slots, vec![key.to_vec()]);
        }
        Ok(())
    }

    /// Makes durable secrets for `count` more records. Slots past the head may hold secrets that a batch used which a
    /// crash took back, so at start they are filled anew.
    fn make_slots_ready(&mut self, count: u64) -> Result<(), Failure> {
        if self.head.next_slot + count <= self.slots_ready {
            return Ok(());
        }
        let end = (self.head.next_slot + count).max(self.slots_ready) + SLOT_BLOCK;
        let filled = self.records.keys.end().and_then(|file_end| {
            self.records.keys.fill(self.slots_ready..end.max(file_end))?;
            self.disk.sync_record_keys()?;
            Ok(end.max(file_end))
        });
        self.slots_ready = filled.map_err(|error| Failure::Io(Arc::new(error)))?;
        Ok(())
    }

    /// What may be late: it runs after the answers, and what fails here fails again where it matters.
    fn housekeep(&mut self) {
        if let Err(failure) = self.make_slots_ready(SLOT_BLOCK / 2) {
            self.poison(failure);
        }
        if self.head.commit - self.witnessed >= WITNESS_COMMITS {
            // It poisons the store, which the next caller is told.
            let _ = self.sync_witness();
        }
    }

    /// Tells the witness what is durable. Late or missing, it notices less; it never loses anything.
    fn tell_witness(&mut self) {
        if let Err(error) = self.witness.tell(self.head.commit, &self.records.sealer) {
            tracing::warn!(%error, "the store's witness file cannot be written");
        }
    }

    /// A sync that fails here is one that failed: nothing is acknowledged after it, whatever the file.
    fn sync_witness(&mut self) -> Result<(), Failure> {
        self.witness.sync().map_err(|error| self.poison(Failure::Io(Arc::new(error))))?;
        self.witnessed = self.witness.told();
        Ok(())
    }

    fn finish(&mut self) -> Result<(), Failure> {
        self.destroy()?;
        self.sync_log()?;
        self.tell_witness();
        if self.head.commit != self.witnessed {
            self.sync_witness()?;
        }
        Ok(())
    }

    fn poison(&mut self, failure: Failure) -> Failure {
        tracing::error!(
            ?failure,
            "a write did not reach the disk: the store takes no more writes until it is reopened"
        );
        self.poisoned = true;
        self.disk.forget_cached();
        failure
    }
}

impl WriteNow for Writer {
    /// Whether nothing was ever written.
    fn is_new(&self) -> bool {
        self.head.commit == 0
    }

    /// Runs one closure before there is a queue, and gives what it gives once that is on disk.
    fn write_now<T>(&mut self, closure: impl FnOnce(&mut Txn) -> Result<T, ReadError>) -> Result<T, Failure> {
        self.admit(Urgency::Urgent)?;
        let mut txn = Txn::new(Arc::clone(&self.records));
        let value = closure(&mut txn).map_err(Failure::Read)?;
        let erasing = txn.erasing;
        match self.apply(txn) {
            Ok(true) => self.sync_log()?,
            Ok(false) => {}
            Err(Unapplied::Refused(failure)) => return Err(failure),
            Err(Unapplied::Broken(failure)) => return Err(self.poison(failure)),
        }
        self.tell_witness();
        if erasing {
            self.destroy()?;
        }
        Ok(value)
    }
}

impl Destructions {
    fn add(&mut self, slots: Vec<Slot>, entries: Vec<Vec<u8>>) {
        if !entries.is_empty() {
            self.oldest.get_or_insert_with(Instant::now);
        }
        self.slots.extend(slots);
        self.entries.extend(entries);
    }
}

fn refused(error: io::Error) -> Unapplied {
    Unapplied::Refused(Failure::Io(Arc::new(error)))
}

#[cfg(test)]
mod tests;
