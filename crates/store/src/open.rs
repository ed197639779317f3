//! Opening: the lock, the format, the key, sled's recovery, and what a crash left undone.

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crate::disk::{Disk, DurableNames, Files, sync_dir};
use crate::error::{Failure, OpenError, ReadError};
use crate::format::{self, FORMAT_VERSION};
use crate::migration;
use crate::place::Place;
use crate::record_keys::RecordKeys;
use crate::records::{Records, contain};
use crate::schema::{Schema, Tables};
use crate::seal::{HomeKey, Sealer};
use crate::store::Options;
use crate::tree::Tree;
use crate::unfinished;
use crate::witness::Witness;
use crate::writer::{HEAD_KEY, Head, Writer};

/// sled's log.
const LOG_FILE: &str = "db";
/// Bytes of a segment of sled's log. Messages over a quarter of it go to files that sled never syncs, so a leaf of
/// 17 values of the largest size has to fit in a quarter.
const SEGMENT_BYTES: usize = 8 * 1024 * 1024;
/// sled's background flush: without one it keeps every dirty page in memory (3.4 GB measured for a million keys).
const FLUSH_EVERY_MS: u64 = 500;
/// Least cache in bytes; below this sled thrashes.
const CACHE_BYTES_MIN: u64 = 1024 * 1024;
/// The first slot that a record may use: slot 0 is the key file's header.
const SLOT_FIRST: u64 = 1;
/// Longest wait for sled to let go of its log: it has at most a few segments left to write.
const LOG_RELEASE_WAIT_MAX: Duration = Duration::from_secs(10);
/// Pause between two looks at it.
const LOG_RELEASE_PAUSE: Duration = Duration::from_millis(2);

/// Opens or makes a store. `wrap` puts the disk into a faulty one in tests.
pub(crate) fn open(
    place: &Place,
    key: &HomeKey,
    options: Options,
    schema: Option<&Schema>,
    wrap: impl FnOnce(Arc<dyn Disk>) -> Arc<dyn Disk>,
) -> Result<(Arc<Records>, Writer), OpenError> {
    place.make()?;
    let lock = lock(place)?;
    let sealer = Sealer::new(key);
    let known = format::check(place, sealer.check_value())?;
    let witness = Witness::open(place, &sealer)?;
    if known.is_none() {
        if witness.is_some() || place.exists(LOG_FILE) {
            return Err(OpenError::Corrupt("its format file is missing"));
        }
        format::write(place, sealer.check_value(), FORMAT_VERSION)?;
    }
    // Until the witness is there the making of the store was never finished, and nothing was acknowledged.
    let new = witness.is_none();
    if !new && !place.exists(LOG_FILE) {
        return Err(OpenError::Corrupt("its db file is missing"));
    }
    match place {
        Place::Folder(dir) => {
            if new {
                unfinished::remove_making(dir)?;
            }
            unfinished::remove_snapshots(dir)?;
        }
        #[cfg(feature = "simulation")]
        Place::Simulated(_) => {}
    }
    let keys = RecordKeys::open(place, new)?;
    let (tree, disk) = open_log(place, &keys, options)?;
    sync_names(place, new)?;
    let disk = wrap(disk);
    let sealer = Arc::new(sealer);
    let records = Arc::new(Records { tree, sealer, keys, observer: Arc::default(), _lock: lock });
    if let Some(schema) = schema {
        schema.check(Tables::load(&records)?.as_ref())?;
    }
    let head = read_head(&records, witness.as_ref().map(Witness::told))?;
    // What recovery found may be in the page cache alone. It has to be on disk before anything rests on it.
    records.tree.flush()?;
    disk.sync_log()?;
    let witness = match witness {
        Some(witness) => witness,
        None => Witness::make(place, &records.sealer, head.commit)?,
    };
    let mut writer = Writer::start(Arc::clone(&records), disk, witness, options.reserve_bytes, head)?;
    migration::bring_up(place, &mut writer, known.unwrap_or(FORMAT_VERSION), schema)?;
    Ok((records, writer))
}

/// Makes sure the names of what sled has made, before anything that it has written may be: what it does with names is not
/// durable by itself, and not everywhere can be made so ([`DurableNames`]).
fn sync_names(place: &Place, new: bool) -> io::Result<()> {
    match place {
        Place::Folder(dir) => {
            if new {
                File::open(dir.join("conf"))?.sync_all()?;
                sync_dir(&dir.join("blobs"))?;
            }
            sync_dir(dir)
        }
        #[cfg(feature = "simulation")]
        Place::Simulated(_) => Ok(()),
    }
}

/// The log with what recovery found in it, and what makes it durable.
fn open_log(place: &Place, keys: &RecordKeys, options: Options) -> Result<(Tree, Arc<dyn Disk>), OpenError> {
    match place {
        Place::Folder(dir) => {
            let config = sled::Config::new()
                .path(dir)
                .segment_size(SEGMENT_BYTES)
                .cache_capacity(options.cache_bytes.max(CACHE_BYTES_MIN))
                .flush_every_ms(Some(FLUSH_EVERY_MS));
            wait_for_log(&dir.join(LOG_FILE))?;
            // sled puts a new snapshot of its index in the place of the last one, and then writes zeros over segments of
            // its log that only the last one needs: that one must not come back.
            let _durable_names = DurableNames::begin(dir)?;
            let tree = Tree::Sled(contain(|| config.open())?);
            Ok((tree, Arc::new(Files::open(dir, keys.descriptor()?)?)))
        }
        #[cfg(feature = "simulation")]
        Place::Simulated(power) => Ok((Tree::Simulated(power.log()?), power.disk(keys.descriptor()?))),
    }
}

/// The lock of a folder. A simulated disk serves one start of its machine at a time by itself.
fn lock(place: &Place) -> Result<Option<File>, OpenError> {
    match place {
        Place::Folder(dir) => lock_folder(dir).map(Some),
        #[cfg(feature = "simulation")]
        Place::Simulated(_) => Ok(None),
    }
}

fn lock_folder(dir: &Path) -> Result<File, OpenError> {
    let lock = format::private().truncate(false).open(dir.join("lock"))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse),
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

/// Waits until no earlier handle of this process has the log open: sled lets go of it only when its background
/// threads are done, somewhat after its last handle was dropped. Ours is the only lock that others respect.
fn wait_for_log(log: &Path) -> Result<(), OpenError> {
    let log = match File::options().read(true).write(true).open(log) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        opened => opened?,
    };
    let began = Instant::now();
    loop {
        match log.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) if began.elapsed() < LOG_RELEASE_WAIT_MAX => {
                thread::park_timeout(LOG_RELEASE_PAUSE)
            }
            Err(TryLockError::WouldBlock) => return Err(OpenError::InUse),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
    }
}

fn read_head(records: &Records, witnessed: Option<u64>) -> Result<Head, OpenError> {
    let head = match records.get(&HEAD_KEY)? {
        Some(bytes) => Head::from_bytes(&bytes).ok_or(OpenError::Corrupt("its head is not readable"))?,
        None => Head { commit: 0, next_slot: SLOT_FIRST },
    };
    if witnessed.is_some_and(|commit| head.commit < commit) {
        return Err(OpenError::Corrupt("acknowledged writes are missing"));
    }
    if head.next_slot > records.keys.end()? {
        return Err(OpenError::Corrupt("its key file is cut short"));
    }
    Ok(head)
}

impl From<ReadError> for OpenError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Corrupt => Self::Corrupt("its db file is not readable"),
            ReadError::Io(error) => match Arc::try_unwrap(error) {
                Ok(error) => Self::Io(error),
                Err(shared) => Self::Io(io::Error::new(shared.kind(), shared)),
            },
            ReadError::Database(error) => Self::Database(error),
        }
    }
}

impl From<Failure> for OpenError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Io(error) | Failure::Read(ReadError::Io(error)) => ReadError::Io(error).into(),
            Failure::Database(error) | Failure::Read(ReadError::Database(error)) => Self::Database(error),
            Failure::DiskFull => Self::Io(io::ErrorKind::StorageFull.into()),
            Failure::TooLarge | Failure::Poisoned | Failure::Read(ReadError::Corrupt) => {
                ReadError::Corrupt.into()
            }
        }
    }
}
