//! A small store for a test.

use std::fmt::Debug;

use freehold_protocol::path::Path;
use freehold_store::{HomeKey, Options, Store, Txn};
use tempfile::TempDir;

/// A store that goes with its folder.
pub(crate) struct Scratch {
    pub(crate) store: Store,
    dir: TempDir,
}

impl Scratch {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self { store: open(&dir), dir }
    }

    pub(crate) fn reopened(self) -> Self {
        let Self { store, dir } = self;
        store.close_blocking().unwrap();
        Self { store: open(&dir), dir }
    }

    pub(crate) fn write<T, E>(&self, closure: impl FnOnce(&mut Txn) -> Result<T, E> + Send + 'static) -> T
    where
        T: Send + 'static,
        E: Send + Debug + std::fmt::Display + 'static,
    {
        self.store.write_blocking(closure).unwrap().into_inner()
    }
}

fn open(dir: &TempDir) -> Store {
    Store::open(dir.path(), &HomeKey::new([7; 32]), Options::default()).unwrap()
}

pub(crate) fn path(text: &str) -> Path {
    Path::parse(text).unwrap()
}
