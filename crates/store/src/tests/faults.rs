//! Groups, failed syncs, full disks, crashes.

use std::convert::Infallible;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::mpsc;

use tokio::task::JoinSet;

use super::*;
use crate::WriteError;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writers_that_wait_together_share_one_sync() {
    let dir = tempfile::tempdir().unwrap();
    let (store, faults) = open_faulty(dir.path());
    let (release, gate) = mpsc::sync_channel::<()>(1);
    let before = faults.log_syncs.load(SeqCst);
    let mut writers = JoinSet::new();
    let first = store.clone();
    writers.spawn(async move {
        let gated = first.write(move |txn| {
            gate.recv().ok();
            staged_put(0, "first")(txn)
        });
        gated.await.unwrap();
    });
    for number in 1..=200 {
        let store = store.clone();
        writers.spawn(async move {
            store.write(staged_put(number, "value")).await.unwrap();
        });
    }
    while store.queued() < 200 {
        tokio::task::yield_now().await;
    }
    release.send(()).unwrap();
    while writers.join_next().await.transpose().unwrap().is_some() {}
    let syncs = faults.log_syncs.load(SeqCst) - before;
    assert!(syncs <= 2, "201 writers took {syncs} syncs");
    assert_eq!(all(&store).unwrap().len(), 201);
}

#[test]
fn a_write_is_answered_only_after_a_sync_and_an_unchanged_one_costs_none() {
    let dir = tempfile::tempdir().unwrap();
    let (store, faults) = open_faulty(dir.path());
    let before = (faults.log_syncs.load(SeqCst), faults.key_syncs.load(SeqCst));
    store.write_blocking(staged_put(1, "a")).unwrap();
    assert_eq!((faults.log_syncs.load(SeqCst), faults.key_syncs.load(SeqCst)), (before.0 + 1, before.1));
    store.write_blocking(|txn| txn.get(&key(1))).unwrap();
    store
        .write_blocking(|txn| {
            txn.delete(&key(99));
            Ok::<_, Infallible>(())
        })
        .unwrap();
    assert_eq!(faults.log_syncs.load(SeqCst), before.0 + 1);
}

#[test]
fn a_failed_sync_poisons_the_store_until_it_is_reopened() {
    let dir = tempfile::tempdir().unwrap();
    let (store, faults) = open_faulty(dir.path());
    store.write_blocking(staged_put(1, "kept")).unwrap();
    faults.fail_log.store(true, SeqCst);
    assert!(matches!(store.write_blocking(staged_put(2, "lost")), Err(WriteError::Io(_))));
    faults.fail_log.store(false, SeqCst);
    assert!(faults.forgotten.load(SeqCst));
    assert!(matches!(store.write_blocking(staged_put(3, "refused")), Err(WriteError::Poisoned)));
    assert!(matches!(store.write_blocking(|txn| txn.get(&key(1))), Err(WriteError::Poisoned)));
    assert_eq!(store.get(&key(1)).unwrap().as_deref(), Some(&b"kept"[..]));
    assert!(store.close_blocking().is_err());
    let store = open(dir.path());
    assert_eq!(store.get(&key(1)).unwrap().as_deref(), Some(&b"kept"[..]));
    assert_eq!(store.get(&key(3)).unwrap(), None);
    put(&store, 4, "again");
}

#[test]
fn a_refusal_that_rests_on_an_unsynced_write_is_not_reported_as_one() {
    let dir = tempfile::tempdir().unwrap();
    let (store, faults) = open_faulty(dir.path());
    let (release, gate) = mpsc::sync_channel::<()>(1);
    let (first, second) = (store.clone(), store.clone());
    let (started, running) = mpsc::sync_channel::<()>(1);
    let first = std::thread::spawn(move || {
        first.write_blocking(move |txn| {
            started.send(()).ok();
            gate.recv().ok();
            staged_put(1, "once")(txn)
        })
    });
    running.recv().unwrap();
    let second = std::thread::spawn(move || {
        second.write_blocking(|txn| match txn.get(&key(1)) {
            Ok(Some(_)) => Err("already there"),
            _ => Ok(()),
        })
    });
    while store.queued() < 1 {
        std::thread::yield_now();
    }
    faults.fail_log.store(true, SeqCst);
    release.send(()).unwrap();
    assert!(matches!(first.join().unwrap(), Err(WriteError::Io(_))));
    assert!(matches!(second.join().unwrap(), Err(WriteError::Io(_) | WriteError::Poisoned)));
}

#[test]
fn a_failed_sync_of_the_key_file_fails_the_erasure_and_the_next_open_finishes_it() {
    let dir = tempfile::tempdir().unwrap();
    let (store, faults) = open_faulty(dir.path());
    put(&store, 1, "secret");
    faults.fail_keys.store(true, SeqCst);
    let erased = store.write_blocking(|txn| {
        txn.erase(&key(1));
        Ok::<_, Infallible>(())
    });
    assert!(matches!(erased, Err(WriteError::Io(_))));
    drop(store);
    let (store, faults) = open_faulty(dir.path());
    assert!(faults.key_syncs.load(SeqCst) >= 1);
    assert_eq!(store.get(&key(1)).unwrap(), None);
    put(&store, 1, "another");
}

#[test]
fn a_full_disk_refuses_writes_writes_nothing_and_still_reads() {
    let dir = tempfile::tempdir().unwrap();
    let (store, faults) = open_faulty(dir.path());
    put(&store, 1, "kept");
    faults.full.store(true, SeqCst);
    assert!(matches!(store.write_blocking(staged_put(2, "no room")), Err(WriteError::DiskFull)));
    assert_eq!(store.get(&key(1)).unwrap().as_deref(), Some(&b"kept"[..]));
    assert_eq!(store.get(&key(2)).unwrap(), None);
    faults.full.store(false, SeqCst);
    put(&store, 2, "room");
}

#[test]
fn an_urgent_write_may_use_half_of_the_reserve() {
    let dir = tempfile::tempdir().unwrap();
    let (store, faults) = open_faulty(dir.path());
    let urgent = |number| futures::executor::block_on(store.write_urgent(staged_put(number, "stop")));
    faults.low.store(true, SeqCst);
    assert!(matches!(store.write_blocking(staged_put(1, "no room")), Err(WriteError::DiskFull)));
    urgent(2).unwrap();
    faults.full.store(true, SeqCst);
    assert!(matches!(urgent(3), Err(WriteError::DiskFull)));
}

#[test]
fn the_reserve_is_measured_on_the_real_disk() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options { reserve_bytes: u64::MAX, ..Options::default() };
    let store = Store::open(dir.path(), &HomeKey::new(HOME), options).unwrap();
    assert!(matches!(store.write_blocking(staged_put(1, "x")), Err(WriteError::DiskFull)));
}

#[test]
fn a_panicking_closure_writes_nothing_and_the_next_one_works() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let panicked = store.write_blocking(|txn| -> Result<(), Infallible> {
        txn.put(key(1), "half");
        panic!("a fault in a closure")
    });
    assert!(matches!(panicked, Err(WriteError::Panicked)));
    assert_eq!(store.get(&key(1)).unwrap(), None);
    put(&store, 2, "next");
}
