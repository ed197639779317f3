//! Tests that need the store's inside: a faulty disk, its own records, its raw bytes.

mod faults;
mod limits;
mod migration;
mod raw;

use std::convert::Infallible;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};

use crate::disk::Disk;
use crate::{HomeKey, Key, Options, ReadError, Store, Txn};

const HOME: [u8; 32] = [7; 32];

fn open(dir: &Path) -> Store {
    Store::open(dir, &HomeKey::new(HOME), Options::default()).unwrap()
}

fn put(store: &Store, number: u64, value: &str) {
    let value = value.as_bytes().to_vec();
    store
        .write_blocking(move |txn| {
            txn.put_erasable(key(number), value);
            Ok::<_, Infallible>(())
        })
        .unwrap();
}

fn key(number: u64) -> Key {
    Key::new(b'k').with_u64(number)
}

/// A disk that counts, and fails when told to.
struct FaultyDisk {
    files: Arc<dyn Disk>,
    faults: Arc<Faults>,
}

struct Faults {
    log_syncs: AtomicUsize,
    key_syncs: AtomicUsize,
    fail_log: AtomicBool,
    /// Which sync of the log fails, counted from 0, by itself.
    fail_log_at: AtomicUsize,
    fail_keys: AtomicBool,
    full: AtomicBool,
    low: AtomicBool,
    forgotten: AtomicBool,
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            log_syncs: AtomicUsize::new(0),
            key_syncs: AtomicUsize::new(0),
            fail_log: AtomicBool::new(false),
            fail_log_at: AtomicUsize::new(usize::MAX),
            fail_keys: AtomicBool::new(false),
            full: AtomicBool::new(false),
            low: AtomicBool::new(false),
            forgotten: AtomicBool::new(false),
        }
    }
}

impl Disk for FaultyDisk {
    fn sync_log(&self) -> io::Result<()> {
        let sync = self.faults.log_syncs.fetch_add(1, SeqCst);
        if self.faults.fail_log.load(SeqCst) || sync == self.faults.fail_log_at.load(SeqCst) {
            Err(io::Error::other("bad sector"))
        } else {
            self.files.sync_log()
        }
    }

    fn sync_record_keys(&self) -> io::Result<()> {
        self.faults.key_syncs.fetch_add(1, SeqCst);
        if self.faults.fail_keys.load(SeqCst) {
            Err(io::Error::other("bad sector"))
        } else {
            self.files.sync_record_keys()
        }
    }

    fn free_bytes(&self) -> io::Result<u64> {
        match (self.faults.full.load(SeqCst), self.faults.low.load(SeqCst)) {
            (true, _) => Ok(1),
            (false, true) => Ok(Options::default().reserve_bytes * 3 / 4),
            (false, false) => self.files.free_bytes(),
        }
    }

    fn forget_cached(&self) {
        self.faults.forgotten.store(true, SeqCst);
        self.files.forget_cached();
    }
}

fn open_faulty(dir: &Path) -> (Store, Arc<Faults>) {
    let faults = Arc::new(Faults::default());
    let disk_faults = Arc::clone(&faults);
    let store = Store::open_on(dir, &HomeKey::new(HOME), Options::default(), None, |files| {
        Arc::new(FaultyDisk { files, faults: disk_faults })
    });
    (store.unwrap(), faults)
}

fn staged_put(number: u64, value: &'static str) -> impl FnOnce(&mut Txn) -> Result<(), Infallible> {
    move |txn| {
        txn.put_erasable(key(number), value);
        Ok(())
    }
}

/// Every file under a folder, with its bytes.
fn files(dir: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push((path.display().to_string(), std::fs::read(&path).unwrap()));
        }
    }
    found
}

fn contains(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle)
}

fn all(store: &Store) -> Result<Vec<(Key, Vec<u8>)>, ReadError> {
    store.scan(&Key::from_bytes(Vec::new())).collect()
}
