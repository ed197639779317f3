//! The store's group commit.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use freehold_store::simulation::disk::{Crash, SimulatedDisk};
use freehold_store::simulation::seed_entropy;
use freehold_store::{HomeKey, Key, Options, ReadError, Store};
use shuttle::rand::{RngCore as _, thread_rng};
use shuttle::thread;

const HOME: &str = "/schedules/store";
/// Threads that write.
const WRITERS: u64 = 2;
/// What each writes, one after the other.
const WRITES: u64 = 2;

/// 1. Two threads write a pair of records each, and again; one of them erases what it wrote first. 2. Meanwhile another
///    closes the store, and the power is cut. 3. Every acknowledged write is on the disk, every other one is there whole
///    or not at all, and what was erased does not come back.
pub(crate) fn play() {
    seed_entropy(Some(1));
    let disk = SimulatedDisk::new(thread_rng().next_u64());
    SimulatedDisk::unmount_all();
    disk.mount(Path::new(HOME));
    let store = open();
    let done = Arc::new(Mutex::new(Done::default()));
    let mut threads: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let (store, done) = (store.clone(), Arc::clone(&done));
            thread::spawn(move || write(&store, writer, &done))
        })
        .collect();
    let closing = store.clone();
    threads.push(thread::spawn(move || {
        // A disk without power does not sync.
        let _ = closing.close_blocking();
    }));
    let power = disk.clone();
    threads.push(thread::spawn(move || {
        (0..thread_rng().next_u64() % 24).for_each(|_| thread::yield_now());
        power.turn_off();
    }));
    for thread in threads {
        thread.join().expect("a thread ends");
    }
    drop(store);
    disk.restart(Crash::PowerCut);
    check(&open(), &done.lock().unwrap_or_else(PoisonError::into_inner));
}

/// What was acknowledged.
#[derive(Default)]
struct Done {
    written: Vec<(u64, u64)>,
    erased: Vec<(u64, u64)>,
}

fn open() -> Store {
    Store::open(Path::new(HOME), &HomeKey::new([7; 32]), Options::default()).expect("the store opens")
}

fn keys(writer: u64, number: u64) -> [Key; 2] {
    [b'a', b'b'].map(|half| Key::new(half).with_u64(writer).with_u64(number))
}

fn write(store: &Store, writer: u64, done: &Mutex<Done>) {
    let done = || done.lock().unwrap_or_else(PoisonError::into_inner);
    for number in 0..WRITES {
        let written = store.write_blocking(move |txn| {
            for key in keys(writer, number) {
                txn.put_erasable(key, b"value");
            }
            Ok::<_, ReadError>(())
        });
        if written.is_ok() {
            done().written.push((writer, number));
        }
    }
    if writer == 0 {
        let erased = store.write_blocking(|txn| {
            for key in keys(0, 0) {
                txn.erase(&key);
            }
            Ok::<_, ReadError>(())
        });
        if erased.is_ok() {
            done().erased.push((0, 0));
        }
    }
}

fn check(store: &Store, done: &Done) {
    for (writer, number) in (0..WRITERS).flat_map(|writer| (0..WRITES).map(move |number| (writer, number))) {
        let held = keys(writer, number).map(|key| store.get(&key).expect("readable").is_some());
        assert!(held[0] == held[1], "half of a write is there");
        let erasing = (writer, number) == (0, 0);
        if done.written.contains(&(writer, number)) && !erasing {
            assert!(held[0], "an acknowledged write is gone");
        }
        if done.erased.contains(&(writer, number)) {
            assert!(!held[0], "what was erased is back");
        }
    }
}
