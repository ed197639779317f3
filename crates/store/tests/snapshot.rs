//! A snapshot is one moment of the store, whatever is written meanwhile.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic as tests do")]

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::thread;

use freehold_store::{HomeKey, Key, Options, ReadError, Snapshot, Stamp, Store};

fn store(dir: &tempfile::TempDir) -> Store {
    Store::open(dir.path(), &HomeKey::new([3; 32]), Options::default()).unwrap()
}

fn key(number: u64) -> Key {
    Key::new(b'k').with_u64(number)
}

fn put(store: &Store, number: u64, value: &'static str) {
    let done = store.write_blocking(move |txn| {
        txn.put_erasable(key(number), value);
        Ok::<_, Infallible>(())
    });
    done.unwrap();
}

fn all(store: &Store) -> Snapshot {
    store.snapshot_blocking(|_, _| false).unwrap().into_inner()
}

fn values(snapshot: &Snapshot) -> Vec<String> {
    let value = |entry| snapshot.open(entry).unwrap().unwrap().value;
    snapshot.entries().iter().map(|entry| String::from_utf8(value(entry).to_vec()).unwrap()).collect()
}

/// Two accounts, whose sum no transaction changes, and a counter that says what was acknowledged.
#[test]
fn no_half_of_a_transaction_is_in_it_and_all_that_was_acknowledged_before() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(&dir);
    let (acknowledged, stop) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let number = |bytes: &[u8]| u64::from_be_bytes(bytes.try_into().unwrap());
    let writer = {
        let (store, acknowledged, stop) = (store.clone(), acknowledged.clone(), stop.clone());
        thread::spawn(move || {
            let mut turn = 0_u64;
            while !stop.load(SeqCst) {
                turn += 1;
                let done = store.write_blocking(move |txn| {
                    txn.put_erasable(key(1), turn.to_be_bytes());
                    txn.put(key(2), (u64::MAX - turn).to_be_bytes());
                    Ok::<_, Infallible>(())
                });
                done.unwrap();
                acknowledged.store(turn, SeqCst);
            }
        })
    };
    for _ in 0..200 {
        let before = acknowledged.load(SeqCst);
        let snapshot = all(&store);
        let found: Vec<u64> = snapshot
            .entries()
            .iter()
            .map(|entry| number(&snapshot.open(entry).unwrap().unwrap().value))
            .collect();
        if before > 0 {
            assert_eq!(found.len(), 2);
            assert_eq!(found[0] + found[1], u64::MAX);
            assert!(found[0] >= before, "{} was acknowledged, {} is in it", before, found[0]);
        }
    }
    stop.store(true, SeqCst);
    writer.join().unwrap();
}

#[test]
fn what_is_overwritten_or_erased_later_is_still_readable_in_it() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(&dir);
    put(&store, 1, "first");
    put(&store, 2, "second");
    let snapshot = all(&store);
    put(&store, 1, "later");
    let erased = store.write_blocking(|txn| {
        txn.erase(&key(2));
        Ok::<_, ReadError>(())
    });
    erased.unwrap();
    assert_eq!(values(&snapshot), ["first", "second"]);
    assert_eq!(values(&all(&store)), ["later"]);
    assert!(all(&store).commit() > snapshot.commit());
}

#[test]
fn a_record_is_known_by_its_stamp_until_it_is_written_again_with_whatever_value() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(&dir);
    put(&store, 1, "same");
    put(&store, 2, "other");
    let before = all(&store);
    let known: BTreeMap<Key, Stamp> =
        before.entries().iter().map(|entry| (entry.key().clone(), *entry.stamp())).collect();
    put(&store, 1, "same");
    let after =
        store.snapshot_blocking(move |key, stamp| known.get(key) == Some(stamp)).unwrap().into_inner();
    let new: Vec<bool> = after.entries().iter().map(freehold_store::Entry::is_new).collect();
    assert_eq!(new, [true, false]);
    assert!(after.open(&after.entries()[1]).unwrap().is_none());
    assert_eq!(after.open(&after.entries()[0]).unwrap().unwrap().value.as_slice(), b"same");
}
