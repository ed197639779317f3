//! The store in a folder: what it does as anywhere, and against a map.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic as tests do")]

#[path = "shared/behaviour.rs"]
mod behaviour;
#[path = "shared/model.rs"]
mod model;

use std::convert::Infallible;

use behaviour::{Home, own_key};
use freehold_store::{HomeKey, Key, OpenError, Options, Store};
use tempfile::TempDir;

/// A store's folder.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }
}

impl Home for Folder {
    fn open_as(&self, key: &HomeKey) -> Result<Store, OpenError> {
        Store::open(self.0.path(), key, Options::default())
    }
}

behaves!(Folder::new());

#[test]
fn transactions_behave_like_a_map() {
    model::transactions_behave_like_a_map(24, Folder::new);
}

#[test]
fn a_value_is_never_given_to_two_keys() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), &own_key(), Options::default()).unwrap();
    let key = |number| Key::new(1).with_u64(number);
    let written = store.write_blocking(move |txn| {
        (0..64).for_each(|number| txn.put_erasable(key(number), number.to_string()));
        Ok::<_, Infallible>(())
    });
    written.unwrap();
    for number in 0..64 {
        assert_eq!(store.get(&key(number)).unwrap(), Some(number.to_string().into_bytes()));
    }
}
