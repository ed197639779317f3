//! A home with a store, and the folder of its backup beside it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

use freehold_backup::{Backup, BackupError, Choice, Made, Opener, Wish, back_up};
use freehold_keystore::Seed;
use freehold_protocol::time::Timestamp;
use freehold_store::{HomeKey, Key, Options, ReadError, Store, Txn};
use tempfile::TempDir;

pub(crate) struct Home {
    pub(crate) store: Store,
    pub(crate) seed: Seed,
    folder: PathBuf,
    scratch: TempDir,
}

impl Home {
    pub(crate) fn new() -> Self {
        Self::of(&Seed::generate().unwrap())
    }

    /// An empty home with this seed.
    pub(crate) fn of(seed: &Seed) -> Self {
        let scratch = tempfile::tempdir().unwrap();
        let store = open(&scratch.path().join("home/store"), seed);
        Self { store, seed: seed.clone(), folder: scratch.path().join("folder"), scratch }
    }

    /// A copy of the home and its folder, as they are now.
    pub(crate) fn copied(&self) -> Self {
        let scratch = tempfile::tempdir().unwrap();
        copy(self.folder(), &scratch.path().join("folder"));
        copy(&self.index_dir(), &scratch.path().join("home/backup"));
        let store = open(&scratch.path().join("home/store"), &self.seed);
        // The records as they are, with other stamps: what is compared here is the folder.
        let records = records(&self.store);
        let done = store.write_blocking(move |txn| {
            records.into_iter().for_each(|(key, value)| txn.put_erasable(key, value));
            Ok::<_, ReadError>(())
        });
        done.unwrap();
        Self { store, seed: self.seed.clone(), folder: scratch.path().join("folder"), scratch }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.scratch.path().join("home")
    }

    pub(crate) fn index_dir(&self) -> PathBuf {
        self.path().join("backup")
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn opener(&self) -> Opener {
        Opener::words(self.seed.clone())
    }

    pub(crate) fn write(&self, staged: impl FnOnce(&mut Txn) + Send + 'static) {
        let done = self.store.write_blocking(move |txn| {
            staged(txn);
            Ok::<_, ReadError>(())
        });
        done.unwrap();
    }

    pub(crate) fn back_up(&self) -> Made {
        self.back_up_as(&Wish::default())
    }

    pub(crate) fn back_up_as(&self, wish: &Wish) -> Made {
        self.try_back_up(self.folder(), wish).unwrap()
    }

    pub(crate) fn try_back_up(&self, folder: &Path, wish: &Wish) -> Result<Made, BackupError> {
        /// A clock that goes on by itself.
        static NOW: AtomicU64 = AtomicU64::new(1_800_000_000_000);
        let now = Timestamp::from_millis(NOW.fetch_add(1000, SeqCst));
        back_up(&self.store, &self.seed, &self.path(), folder, wish, now)
    }

    /// What a restored home holds.
    pub(crate) fn restored(&self, to: Option<u64>) -> BTreeMap<Key, Vec<u8>> {
        let choice = Choice { to, ..Choice::default() };
        let backup = Backup::open(self.folder(), &self.opener(), &choice).unwrap();
        let other = Self::of(backup.seed());
        backup.write_into(&other.store, |_| Ok(())).unwrap();
        records(&other.store)
    }
}

pub(crate) fn key(number: u64) -> Key {
    Key::new(b'k').with_u64(number)
}

pub(crate) fn records(store: &Store) -> BTreeMap<Key, Vec<u8>> {
    store.scan(&Key::from_bytes(Vec::new())).map(Result::unwrap).collect()
}

pub(crate) fn files_of(dir: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file()).collect();
    files.sort();
    files
}

fn open(dir: &Path, seed: &Seed) -> Store {
    Store::open(dir, &HomeKey::new(*seed.vault_key()), Options::default()).unwrap()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for file in files_of(from) {
        fs::copy(&file, to.join(file.file_name().unwrap())).unwrap();
    }
}
