//! A disk in memory that fails as disks do.
//!
//! The log is what sled's is to the store: batches that are applied whole and in order, which the operating system has
//! after a flush and the disk after a sync. The other files are written in place: after a loss of power each write
//! since the last sync is there, or not, or up to a sector's end.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
#[cfg(not(feature = "schedules"))]
use std::time::Duration;

use super::Random;
use crate::disk::Disk;
use crate::place::PlaceFile;
use crate::tree::{Batch, Bytes, Range};

/// What a drive writes whole.
const SECTOR_BYTES: u64 = 512;
/// Free bytes of a disk that is not full.
const FREE_BYTES: u64 = 1 << 40;
/// Longest that a write waits for the disk.
#[cfg(not(feature = "schedules"))]
const LATENCY_MICROS_MAX: u64 = 4_000;

type Map = BTreeMap<Bytes, Bytes>;

thread_local! {
    static MOUNTED: RefCell<BTreeMap<PathBuf, SimulatedDisk>> = const { RefCell::new(BTreeMap::new()) };
}

/// A disk. Clones are the same disk.
#[derive(Clone)]
pub struct SimulatedDisk(Arc<Mutex<State>>);

/// What a disk holds: what a backup of it takes.
#[derive(Clone)]
pub struct Image {
    made: bool,
    log: Map,
    files: BTreeMap<String, Vec<u8>>,
}

/// What happens at an operation of the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The operation fails, once.
    Failure,
    /// The machine is off from then on.
    PowerCut,
}

/// How a machine went off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Crash {
    /// The process was killed: what the operating system had is there.
    Killed,
    /// The power went: only what was synced is certainly there.
    PowerCut,
}

struct State {
    random: Random,
    /// Starts of the machine so far; what an earlier one holds is dead.
    starts: u64,
    off: bool,
    free_bytes: u64,
    faults: BTreeMap<u64, Fault>,
    operations: u64,
    /// A sync has failed: what it should have written is lost or not, as after a loss of power.
    damaged: bool,
    log: LogState,
    files: BTreeMap<String, FileState>,
}

#[derive(Clone, Default)]
struct LogState {
    made: bool,
    live: Map,
    synced: Map,
    unsynced: Vec<Batch>,
    /// How many of the unsynced batches the operating system has.
    flushed: usize,
}

#[derive(Clone, Default)]
struct FileState {
    live: Vec<u8>,
    synced: Vec<u8>,
    unsynced: Vec<(u64, Vec<u8>)>,
}

impl SimulatedDisk {
    /// An empty disk.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(State {
            random: Random::new(seed),
            starts: 0,
            off: false,
            free_bytes: FREE_BYTES,
            faults: BTreeMap::new(),
            operations: 0,
            damaged: false,
            log: LogState::default(),
            files: BTreeMap::new(),
        })))
    }

    /// Another disk that holds the same, with choices of its own.
    #[must_use]
    pub fn copy(&self, seed: u64) -> Self {
        let copy = Self::new(seed);
        {
            let (from, mut to) = (self.state(), copy.state());
            to.starts = from.starts;
            to.log = from.log.clone();
            to.files = from.files.clone();
        }
        copy
    }

    /// On this thread, a store that is opened in this folder is on this disk.
    pub fn mount(&self, dir: &Path) {
        MOUNTED.with_borrow_mut(|mounted| mounted.insert(dir.to_owned(), self.clone()));
    }

    /// Forgets all disks of this thread.
    pub fn unmount_all() {
        MOUNTED.take();
    }

    /// Starts the machine again: what went before is dead, and the disk holds what such an end leaves.
    pub fn restart(&self, crash: Crash) {
        let mut state = self.state();
        state.starts += 1;
        state.off = false;
        state.faults.clear();
        let crash = if std::mem::take(&mut state.damaged) { Crash::PowerCut } else { crash };
        let State { random, log, files, .. } = &mut *state;
        log.recover(random, crash);
        files.values_mut().for_each(|file| file.recover(random, crash));
    }

    /// What is certainly on the disk now.
    #[must_use]
    pub fn image(&self) -> Image {
        let state = self.state();
        let files = state.files.iter().map(|(name, file)| (name.clone(), file.synced.clone()));
        Image { made: state.log.made, log: state.log.synced.clone(), files: files.collect() }
    }

    /// Puts an earlier image on a new disk with room, and starts the machine again.
    pub fn put_back(&self, image: &Image) {
        self.restart(Crash::Killed);
        let mut state = self.state();
        state.free_bytes = FREE_BYTES;
        let Image { made, log, files } = image.clone();
        state.log = LogState { made, live: log.clone(), synced: log, ..LogState::default() };
        let file = |bytes: Vec<u8>| FileState { live: bytes.clone(), synced: bytes, unsynced: Vec::new() };
        state.files = files.into_iter().map(|(name, bytes)| (name, file(bytes))).collect();
    }

    /// Something happens at the operation that is `ahead` of the next one.
    pub fn plan(&self, ahead: u64, fault: Fault) {
        let mut state = self.state();
        let at = state.operations + ahead;
        state.faults.insert(at, fault);
    }

    /// Whether the power went at a planned operation and the machine was not started again.
    #[must_use]
    pub fn is_off(&self) -> bool {
        self.state().off
    }

    /// Turns the machine off.
    pub fn turn_off(&self) {
        self.state().off = true;
    }

    /// Fills the disk or makes room.
    pub fn fill(&self, full: bool) {
        self.state().free_bytes = if full { 0 } else { FREE_BYTES };
    }

    /// Whether any byte string on the disk, of any state it may be found in, is what is looked for.
    #[must_use]
    pub fn holds(&self, within: impl Fn(&[u8]) -> bool) -> bool {
        let state = self.state();
        let maps = [&state.log.live, &state.log.synced];
        maps.into_iter().flatten().any(|(key, value)| within(key) || within(value))
            || state.files.values().any(|file| within(&file.live) || within(&file.synced))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LogState {
    fn recover(&mut self, random: &mut Random, crash: Crash) {
        let least = if crash == Crash::Killed { self.flushed } else { 0 };
        let kept = least + random.below((self.unsynced.len() - least) as u64 + 1) as usize;
        self.unsynced.drain(..).take(kept).for_each(|batch| batch.write(&mut self.synced));
        self.flushed = 0;
        self.live = self.synced.clone();
    }
}

impl FileState {
    fn recover(&mut self, random: &mut Random, crash: Crash) {
        for (offset, bytes) in self.unsynced.drain(..) {
            let whole = bytes.len();
            let sector_end = (offset / SECTOR_BYTES + 1) * SECTOR_BYTES;
            let torn = whole.min((sector_end - offset) as usize);
            let kept = match crash {
                Crash::Killed => whole,
                Crash::PowerCut => [0, torn, whole, whole][random.below(4) as usize],
            };
            write_at(&mut self.synced, offset, &bytes[..kept]);
        }
        self.live = self.synced.clone();
    }
}

impl Batch {
    fn write(self, map: &mut Map) {
        for (key, value) in self.0 {
            match value {
                Some(value) => map.insert(key, value),
                None => map.remove(&key),
            };
        }
    }
}

fn write_at(file: &mut Vec<u8>, offset: u64, bytes: &[u8]) {
    let start = offset as usize;
    if bytes.is_empty() {
        return;
    }
    if file.len() < start + bytes.len() {
        file.resize(start + bytes.len(), 0);
    }
    file[start..start + bytes.len()].copy_from_slice(bytes);
}

/// The disk as one start of its machine sees it: dead once there is another start, or no power.
#[derive(Clone)]
pub(crate) struct Power {
    disk: SimulatedDisk,
    start: u64,
}

/// The disk that is mounted at a folder on this thread.
pub(crate) fn mounted(dir: &Path) -> Option<Power> {
    MOUNTED.with_borrow(|mounted| {
        let disk = mounted.get(dir)?.clone();
        let start = disk.state().starts;
        Some(Power { disk, start })
    })
}

impl Power {
    fn reach(&self) -> io::Result<MutexGuard<'_, State>> {
        // Others may take steps before it: a disk is slow.
        #[cfg(feature = "schedules")]
        shuttle::thread::yield_now();
        let state = self.disk.state();
        if state.off || state.starts != self.start {
            return Err(io::Error::other("the machine is off"));
        }
        Ok(state)
    }

    /// One operation that a fault may meet.
    fn operate(&self) -> io::Result<MutexGuard<'_, State>> {
        let mut state = self.reach()?;
        let operation = state.operations;
        state.operations += 1;
        match state.faults.remove(&operation) {
            None => Ok(state),
            Some(Fault::Failure) => Err(io::Error::other("a bad sector")),
            Some(Fault::PowerCut) => {
                state.off = true;
                Err(io::Error::other("the machine is off"))
            }
        }
    }

    pub(crate) fn exists(&self, name: &str) -> bool {
        let state = self.disk.state();
        state.files.contains_key(name) || (name == "db" && state.log.made)
    }

    pub(crate) fn file(&self, name: &str, create: bool) -> io::Result<Option<SimulatedFile>> {
        let mut state = self.reach()?;
        if create {
            state.files.entry(name.to_owned()).or_default();
        }
        let there = state.files.contains_key(name);
        Ok(there.then(|| SimulatedFile { power: self.clone(), name: name.to_owned() }))
    }

    pub(crate) fn replace(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let mut state = self.operate()?;
        let (live, synced) = (bytes.to_vec(), bytes.to_vec());
        state.files.insert(name.to_owned(), FileState { live, synced, unsynced: Vec::new() });
        Ok(())
    }

    pub(crate) fn log(&self) -> io::Result<Log> {
        self.reach()?.log.made = true;
        Ok(Log(self.clone()))
    }

    pub(crate) fn disk(&self, record_keys: PlaceFile) -> Arc<dyn Disk> {
        Arc::new(PoweredDisk { power: self.clone(), record_keys })
    }

    /// How long a write waits for the disk this time.
    #[cfg(not(feature = "schedules"))]
    pub(crate) fn latency(&self) -> Duration {
        Duration::from_micros(self.disk.state().random.below(LATENCY_MICROS_MAX))
    }
}

struct PoweredDisk {
    power: Power,
    record_keys: PlaceFile,
}

impl Disk for PoweredDisk {
    fn sync_log(&self) -> io::Result<()> {
        match self.power.operate() {
            Ok(mut state) => {
                let LogState { synced, unsynced, flushed, .. } = &mut state.log;
                let rest = unsynced.split_off(*flushed);
                std::mem::replace(unsynced, rest).into_iter().for_each(|batch| batch.write(synced));
                *flushed = 0;
                Ok(())
            }
            Err(error) => {
                self.power.disk.state().damaged = true;
                Err(error)
            }
        }
    }

    fn sync_record_keys(&self) -> io::Result<()> {
        self.record_keys.sync()
    }

    fn free_bytes(&self) -> io::Result<u64> {
        Ok(self.power.reach()?.free_bytes)
    }

    fn forget_cached(&self) {}
}

/// The log.
#[derive(Clone)]
pub(crate) struct Log(Power);

impl Log {
    pub(crate) fn get(&self, key: &[u8]) -> io::Result<Option<Bytes>> {
        Ok(self.0.reach()?.log.live.get(key).cloned())
    }

    pub(crate) fn apply(&self, batch: Batch) -> io::Result<()> {
        let mut state = self.0.operate()?;
        batch.clone().write(&mut state.log.live);
        state.log.unsynced.push(batch);
        Ok(())
    }

    pub(crate) fn flush(&self) -> io::Result<()> {
        let mut state = self.0.operate()?;
        state.log.flushed = state.log.unsynced.len();
        Ok(())
    }

    /// The entry at one end of a range.
    pub(crate) fn step(&self, (start, end): &Range, back: bool) -> io::Result<Option<(Bytes, Bytes)>> {
        use std::ops::Bound::{Excluded, Included};

        // A range that was walked from both ends may have crossed itself, which a map refuses.
        if let (Included(low) | Excluded(low), Included(high) | Excluded(high)) = (start, end)
            && (low > high || (low == high && !matches!((start, end), (Included(_), Included(_)))))
        {
            return Ok(None);
        }
        let state = self.0.reach()?;
        let bounds = (start.as_ref().map(Vec::as_slice), end.as_ref().map(Vec::as_slice));
        let mut range = state.log.live.range::<[u8], _>(bounds);
        let entry = if back { range.next_back() } else { range.next() };
        Ok(entry.map(|(key, value)| (key.clone(), value.clone())))
    }
}

/// A file that is written in place.
#[derive(Clone)]
pub(crate) struct SimulatedFile {
    power: Power,
    name: String,
}

impl SimulatedFile {
    pub(crate) fn len(&self) -> io::Result<u64> {
        Ok(self.power.reach()?.files.get(&self.name).map_or(0, |file| file.live.len() as u64))
    }

    pub(crate) fn read_exact_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<()> {
        let state = self.power.reach()?;
        let held = state.files.get(&self.name).and_then(|file| {
            let start = usize::try_from(offset).ok()?;
            file.live.get(start..start.checked_add(bytes.len())?)
        });
        bytes.copy_from_slice(held.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    pub(crate) fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let mut state = self.power.operate()?;
        let file = state.files.entry(self.name.clone()).or_default();
        write_at(&mut file.live, offset, bytes);
        file.unsynced.push((offset, bytes.to_vec()));
        Ok(())
    }

    pub(crate) fn sync(&self) -> io::Result<()> {
        match self.power.operate() {
            Ok(mut state) => {
                let file = state.files.entry(self.name.clone()).or_default();
                for (offset, bytes) in std::mem::take(&mut file.unsynced) {
                    write_at(&mut file.synced, offset, &bytes);
                }
                Ok(())
            }
            Err(error) => {
                self.power.disk.state().damaged = true;
                Err(error)
            }
        }
    }
}
