//! The handle that everybody holds.

use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use crate::database::{self, Database, Spread};
use crate::disk::Disk;
use crate::error::{CloseError, OpenError, ReadError, WriteError};
use crate::key::Key;
use crate::open::open;
use crate::place::Place;
use crate::records::{Records, stored};
use crate::scan::{Scan, after_range, prefix_range};
use crate::schema::Schema;
use crate::seal::HomeKey;
use crate::snapshot::{Snapshot, Stamp};
use crate::sync::mpsc::{SyncSender, sync_channel};
use crate::sync::thread::{self, JoinHandle};
use crate::sync::{Mutex, block_on};
use crate::txn::Txn;
use crate::writer::{Message, Urgency, Work};

/// Most writes that wait for the writer; a caller beyond them waits to be let in. Four groups, so that the next one
/// is always full under load.
const QUEUE_JOBS_MAX: usize = 1024;

/// How a store uses the machine.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Bytes of sled's cache; keep it above the working set.
    pub cache_bytes: u64,
    /// Free bytes of disk below which writes are refused with `DiskFull`.
    pub reserve_bytes: u64,
}

impl Default for Options {
    /// 64 MiB of cache: a person's vault fits. 16 MiB of reserve: two segments of sled's log, so that a write that
    /// was let in can be finished.
    fn default() -> Self {
        Self { cache_bytes: 64 * 1024 * 1024, reserve_bytes: 16 * 1024 * 1024 }
    }
}

/// Proof that what it holds was computed by a write that is on disk. Nothing else makes one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Durable<T>(T);

impl<T> Durable<T> {
    pub(crate) fn of_committed(value: T) -> Self {
        Self(value)
    }

    /// The value; the proof is spent.
    pub fn into_inner(self) -> T {
        self.0
    }

    /// What follows from the value alone is as durable as it.
    pub fn map<U>(self, follow: impl FnOnce(T) -> U) -> Durable<U> {
        Durable(follow(self.0))
    }
}

impl<T> Deref for Durable<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// An open store. Clones share it; the last one dropped closes it, waiting for the writer to finish.
#[derive(Clone)]
pub struct Store {
    handle: Arc<Handle>,
}

struct Handle {
    records: Arc<Records>,
    /// `None` only while it is dropped.
    queue: Option<SyncSender<Message>>,
    room: Arc<Semaphore>,
    thread: Mutex<Option<JoinHandle<()>>>,
    /// Wakes a writer that is a task.
    #[cfg(feature = "simulation")]
    wake: Arc<tokio::sync::Notify>,
}

impl Store {
    /// Opens the store in a folder, or makes one there. The folder is the store's alone.
    ///
    /// # Errors
    /// [`OpenError`]; nothing was changed then.
    pub fn open(dir: &Path, key: &HomeKey, options: Options) -> Result<Self, OpenError> {
        Self::open_on(dir, key, options, None, |disk| disk)
    }

    /// As [`Store::open`], and brings the caller's tables to the version that its schema has today.
    ///
    /// # Errors
    /// [`OpenError`], also when the tables are another's or a newer program's.
    pub fn open_with(
        dir: &Path,
        key: &HomeKey,
        options: Options,
        schema: &Schema,
    ) -> Result<Self, OpenError> {
        Self::open_on(dir, key, options, Some(schema), |disk| disk)
    }

    pub(crate) fn open_on(
        dir: &Path,
        key: &HomeKey,
        options: Options,
        schema: Option<&Schema>,
        wrap: impl FnOnce(Arc<dyn Disk>) -> Arc<dyn Disk>,
    ) -> Result<Self, OpenError> {
        let place = Place::of(dir);
        let (records, writer) = open(&place, key, options, schema, wrap)?;
        let (queue, jobs) = sync_channel(QUEUE_JOBS_MAX);
        #[cfg(feature = "simulation")]
        let wake = Arc::new(tokio::sync::Notify::new());
        let thread = match place {
            #[cfg(all(feature = "simulation", not(feature = "schedules")))]
            Place::Simulated(power) => {
                tokio::spawn(writer.run_simulated(jobs, Arc::clone(&wake), move || power.latency()));
                None
            }
            // Orders of steps are tried of the thread, whatever the disk.
            _ => {
                let thread = thread::Builder::new().name("store-writer".to_owned());
                Some(thread.spawn(move || writer.run(&jobs))?)
            }
        };
        let handle = Handle {
            records,
            queue: Some(queue),
            room: Arc::new(Semaphore::new(QUEUE_JOBS_MAX)),
            thread: Mutex::new(thread),
            #[cfg(feature = "simulation")]
            wake,
        };
        Ok(Self { handle: Arc::new(handle) })
    }

    /// Opens the store in a database, or makes one there, and brings the caller's tables to the version that its schema has
    /// today. `spread` says how its rows are spread, and may not change. Of the options, the cache counts.
    ///
    /// # Errors
    /// [`OpenError`], also when the tables are another's or a newer program's.
    pub fn open_in(
        database: Arc<dyn Database>,
        spread: Spread,
        key: &HomeKey,
        options: Options,
        schema: Option<&Schema>,
    ) -> Result<Self, OpenError> {
        let (queue, jobs) = sync_channel(QUEUE_JOBS_MAX);
        let (opened, opening) = sync_channel(1);
        let (key, schema) = (key.clone(), schema.copied());
        // The database may be asked on this thread alone: the caller's may be one that must not block.
        let thread = thread::Builder::new().name("store-writer".to_owned()).spawn(move || {
            match database::open(database, spread, &key, options, schema.as_ref()) {
                Ok((records, writer)) => {
                    drop(key);
                    // Where nobody waits for it any more, the queue is closed as well.
                    let _ = opened.send(Ok(records));
                    writer.run(&jobs);
                }
                Err(error) => drop(opened.send(Err(error))),
            }
        })?;
        let records = opening.recv().unwrap_or(Err(OpenError::Corrupt("it could not be read")))?;
        let handle = Handle {
            records,
            queue: Some(queue),
            room: Arc::new(Semaphore::new(QUEUE_JOBS_MAX)),
            thread: Mutex::new(Some(thread)),
            #[cfg(feature = "simulation")]
            wake: Arc::new(tokio::sync::Notify::new()),
        };
        Ok(Self { handle: Arc::new(handle) })
    }

    /// The value of a record, as last applied. It may not be on disk yet: only a [`Durable`] may be acknowledged.
    ///
    /// # Errors
    /// [`ReadError`] if the record is damaged or the disk fails.
    pub fn get(&self, key: &Key) -> Result<Option<Vec<u8>>, ReadError> {
        self.handle.records.get(&stored(key.as_bytes()))
    }

    /// The values of some records, in the order of their keys here, as [`Store::get`] gives each. A database is asked for them all at
    /// once. No key may stand twice.
    ///
    /// # Errors
    /// [`ReadError`] if a record is damaged or the disk fails.
    pub fn get_all(&self, keys: &[Key]) -> Result<Vec<Option<Vec<u8>>>, ReadError> {
        let stored: Vec<Vec<u8>> = keys.iter().map(|key| stored(key.as_bytes())).collect();
        self.handle.records.get_all(&stored)
    }

    /// The records under a prefix, in key order, from either end.
    #[must_use]
    pub fn scan(&self, prefix: &Key) -> Scan {
        Scan::new(&self.handle.records, prefix_range(prefix))
    }

    /// The records under a prefix whose keys are greater than `after`.
    #[must_use]
    pub fn scan_after(&self, prefix: &Key, after: &Key) -> Scan {
        Scan::new(&self.handle.records, after_range(prefix, after))
    }

    /// The record with the greatest key under a prefix.
    ///
    /// # Errors
    /// [`ReadError`] if a record is damaged or the disk fails.
    pub fn last(&self, prefix: &Key) -> Result<Option<(Key, Vec<u8>)>, ReadError> {
        self.scan(prefix).next_back().transpose()
    }

    /// A name, hidden: HMAC-SHA256 under a subkey of the home key, cut to 16 bytes, for building keys.
    #[must_use]
    pub fn hidden(&self, label: &[u8]) -> [u8; 16] {
        self.handle.records.sealer.hidden(label)
    }

    /// Runs a closure on the writer's thread, applies what it staged atomically, and returns when that is on disk.
    /// A closure that stages nothing costs no sync. Dropping the future does not undo a write that was queued. The closure must not
    /// wait for another write.
    ///
    /// # Errors
    /// [`WriteError`]; it says whether anything was written.
    pub async fn write<T, E, F>(&self, closure: F) -> Result<Durable<T>, WriteError<E>>
    where
        F: FnOnce(&mut Txn) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: Send + 'static,
    {
        self.write_as(Urgency::Normal, closure).await
    }

    /// As [`Store::write`], and allowed to use half of the reserve when the disk is full: for what must be possible
    /// then, such as stopping, erasing and freeing space.
    ///
    /// # Errors
    /// [`WriteError`]; it says whether anything was written.
    pub async fn write_urgent<T, E, F>(&self, closure: F) -> Result<Durable<T>, WriteError<E>>
    where
        F: FnOnce(&mut Txn) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: Send + 'static,
    {
        self.write_as(Urgency::Urgent, closure).await
    }

    async fn write_as<T, E, F>(&self, urgency: Urgency, closure: F) -> Result<Durable<T>, WriteError<E>>
    where
        F: FnOnce(&mut Txn) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: Send + 'static,
    {
        let permit = self.handle.permit().await.map_err(|Gone| WriteError::Closed)?;
        let (reply, answer) = oneshot::channel();
        self.handle
            .send(Message::Write(Box::new(Work { closure, reply }), urgency, permit))
            .map_err(|_| WriteError::Closed)?;
        answer.await.unwrap_or(Err(WriteError::Closed))
    }

    /// As [`Store::write`], for a thread that may block.
    ///
    /// # Errors
    /// [`WriteError`]; it says whether anything was written.
    pub fn write_blocking<T, E, F>(&self, closure: F) -> Result<Durable<T>, WriteError<E>>
    where
        F: FnOnce(&mut Txn) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: Send + 'static,
    {
        block_on(self.write(closure))
    }

    /// All records as they are between two batches, every acknowledged write included. Those that `is_known` says yes to are
    /// named and not kept. Writes wait while the keys are read; values are opened later, by [`Snapshot::open`].
    ///
    /// # Errors
    /// [`WriteError`], when the store takes no writes any more or a record is damaged.
    pub async fn snapshot<F>(&self, is_known: F) -> Result<Durable<Snapshot>, WriteError<ReadError>>
    where
        F: Fn(&Key, &Stamp) -> bool + Send + 'static,
    {
        self.write_urgent(move |txn| Snapshot::take(Arc::clone(txn.records()), is_known)).await
    }

    /// As [`Store::snapshot`], for a thread that may block.
    ///
    /// # Errors
    /// As [`Store::snapshot`].
    pub fn snapshot_blocking<F>(&self, is_known: F) -> Result<Durable<Snapshot>, WriteError<ReadError>>
    where
        F: Fn(&Key, &Stamp) -> bool + Send + 'static,
    {
        block_on(self.snapshot(is_known))
    }

    /// Tells `observer` how long each durability step takes: for figures. It runs on the writer's thread and must not wait. The
    /// first observer stays.
    pub fn observe_commits(&self, observer: impl Fn(Duration) + Send + Sync + 'static) {
        let _ = self.handle.records.observer.set(Box::new(observer));
    }

    /// Finishes the queued writes, zeroes what is to be destroyed, syncs, and stops the writer. Clones can still read;
    /// the folder is free for another process once the last one and every [`Scan`] is dropped.
    ///
    /// # Errors
    /// [`CloseError`] if the last sync failed; what was acknowledged is on disk all the same.
    pub async fn close(self) -> Result<(), CloseError> {
        let (reply, answer) = oneshot::channel();
        let Ok(permit) = self.handle.permit().await else { return Ok(()) };
        // Neither sent nor answered: another clone closed it first.
        if self.handle.send(Message::Close(reply, permit)).is_err() {
            return Ok(());
        }
        answer.await.unwrap_or(Ok(()))
    }

    /// As [`Store::close`], for a thread that may block.
    ///
    /// # Errors
    /// [`CloseError`] if the last sync failed.
    pub fn close_blocking(self) -> Result<(), CloseError> {
        block_on(self.close())
    }
}

#[cfg(test)]
impl Store {
    /// Writes that wait in the queue.
    pub(crate) fn queued(&self) -> usize {
        QUEUE_JOBS_MAX - self.handle.room.available_permits()
    }

    pub(crate) fn records(&self) -> &Records {
        &self.handle.records
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Store(…)")
    }
}

/// The writer is gone.
struct Gone;

impl Handle {
    /// Waits to be let in. Every message holds a permit while it is queued, so that sending never blocks.
    async fn permit(&self) -> Result<OwnedSemaphorePermit, Gone> {
        Arc::clone(&self.room).acquire_owned().await.map_err(|_| Gone)
    }

    fn send(&self, message: Message) -> Result<(), Gone> {
        let queue = self.queue.as_ref().ok_or(Gone)?;
        queue.send(message).map_err(|_| Gone)?;
        #[cfg(feature = "simulation")]
        self.wake.notify_one();
        Ok(())
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.queue = None;
        #[cfg(feature = "simulation")]
        self.wake.notify_one();
        let thread = self.thread.get_mut().ok().and_then(Option::take);
        // A closure may hold the last handle, and the writer cannot wait for itself.
        if let Some(thread) = thread.filter(|thread| thread.thread().id() != thread::current().id()) {
            let _ = thread.join();
        }
    }
}
