//! The store in a database: what it does as anywhere, against a map, and when the database fails.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic as tests do")]

#[path = "shared/behaviour.rs"]
mod behaviour;
#[allow(dead_code, reason = "each test uses a part of it")]
#[path = "shared/memory.rs"]
mod memory;
#[path = "shared/model.rs"]
mod model;

use std::ops::Range;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use behaviour::{Home, own_key};
use freehold_store::database::Heard;
use freehold_store::{HomeKey, Key, OpenError, Options, ReadError, Store, Txn, WriteError};
use memory::{Memory, Process};

/// Some tables are spread, by parts of several lengths.
fn spread(tag: u8) -> Option<Range<usize>> {
    match tag {
        1 => Some(1..2),
        7 => Some(1..3),
        b'm' => Some(1..9),
        _ => None,
    }
}

/// A store in memory.
struct InMemory(Arc<Memory>);

impl InMemory {
    fn new() -> Self {
        Self(Memory::new())
    }

    fn open_beside(&self) -> Store {
        let process = Process::one_of_several(&self.0);
        Store::open_in(process, spread, &own_key(), Options::default(), None).unwrap()
    }
}

impl Home for InMemory {
    fn open_as(&self, key: &HomeKey) -> Result<Store, OpenError> {
        let process = Process::alone(&self.0).map_err(|_| OpenError::InUse)?;
        Store::open_in(process, spread, key, Options::default(), None)
    }
}

behaves!(InMemory::new());

#[test]
fn transactions_behave_like_a_map() {
    model::transactions_behave_like_a_map(200, InMemory::new);
}

fn key(number: u64) -> Key {
    Key::new(b'm').with_u64(number)
}

fn put(store: &Store, number: u64, value: &'static str) -> Result<(), WriteError<ReadError>> {
    let written = store.write_blocking(move |txn| {
        txn.put_erasable(key(number), value);
        Ok(())
    });
    written.map(drop)
}

/// 1. A batch is committed or not, and its answer is lost with the database. 2. Other writes are refused at once. 3. The database is
///    back. 4. The first write says what became of it, and the next goes on.
#[test]
fn a_write_whose_answer_is_lost_says_what_became_of_it_once_that_is_known() {
    for made in [true, false] {
        let home = InMemory::new();
        let store = home.open();
        put(&store, 1, "before").unwrap();
        *home.0.lost.lock().unwrap() = Some(made);
        let first = thread::spawn({
            let store = store.clone();
            move || put(&store, 2, "lost")
        });
        while !home.0.away.load(SeqCst) {
            thread::yield_now();
        }
        for number in 3..6 {
            assert!(matches!(put(&store, number, "meanwhile"), Err(WriteError::Database(_))));
        }
        assert!(matches!(store.get(&key(1)), Err(ReadError::Database(_))));
        thread::park_timeout(Duration::from_millis(50));
        assert!(!first.is_finished(), "nobody knows yet");
        home.0.away.store(false, SeqCst);
        let answer = first.join().unwrap();
        assert_eq!(answer.is_ok(), made, "{answer:?}");
        assert_eq!(store.get(&key(2)).unwrap().is_some(), made);
        assert_eq!(store.get(&key(3)).unwrap(), None);
        put(&store, 4, "after").unwrap();
        let seen = store.write_blocking(|txn| Ok::<_, ReadError>((txn.get(&key(2))?, txn.get(&key(4))?)));
        let (lost, after) = seen.unwrap().into_inner();
        assert_eq!((lost.is_some(), after.is_some()), (made, true));
    }
}

#[test]
fn whoever_waits_for_a_lost_answer_when_the_store_is_closed_is_told_that_nobody_knows() {
    let home = InMemory::new();
    let store = home.open();
    *home.0.lost.lock().unwrap() = Some(true);
    let first = thread::spawn({
        let store = store.clone();
        move || put(&store, 2, "lost")
    });
    while !home.0.away.load(SeqCst) {
        thread::yield_now();
    }
    assert!(store.close_blocking().is_err());
    assert!(matches!(first.join().unwrap(), Err(WriteError::Io(_))));
}

/// A closure may take an error of a read for an answer; what it makes of it must not be kept.
#[test]
fn nothing_is_committed_of_a_group_in_which_a_read_has_failed() {
    let home = InMemory::new();
    let store = home.open();
    put(&store, 1, "before").unwrap();
    let commits = home.0.commits.load(SeqCst);
    // One read is the head's.
    home.0.reads_left.store(2, SeqCst);
    let written = store.write_blocking(|txn| {
        let seen = txn.get(&key(77)).ok().flatten();
        txn.put(key(2), if seen.is_some() { "seen" } else { "not seen" });
        Ok::<_, ReadError>(())
    });
    assert!(matches!(written, Err(WriteError::Database(_))), "{written:?}");
    home.0.reads_left.store(usize::MAX, SeqCst);
    assert_eq!(home.0.commits.load(SeqCst), commits);
    assert_eq!(store.get(&key(2)).unwrap(), None);
    put(&store, 2, "after").unwrap();
}

#[test]
fn a_database_that_has_gone_back_to_an_earlier_state_takes_no_more_writes() {
    let home = InMemory::new();
    let store = home.open();
    put(&store, 1, "before").unwrap();
    let earlier = home.0.rows().clone();
    put(&store, 2, "acknowledged").unwrap();
    *home.0.rows() = earlier;
    assert!(matches!(put(&store, 3, "refused"), Err(WriteError::Poisoned)));
    assert!(matches!(put(&store, 4, "refused"), Err(WriteError::Poisoned)));
    assert!(store.close_blocking().is_err());
    put(&home.open(), 3, "after").unwrap();
}

#[test]
fn closures_of_two_processes_see_what_the_other_has_committed() {
    const EACH: u64 = 200;
    let home = InMemory::new();
    drop(home.open());
    // Batches of this database are not kept apart: one process after the other.
    let stores = [home.open_beside(), home.open_beside()];
    let add = |store: &Store| {
        let added = store.write_blocking(|txn| {
            let before = txn.get(&key(0))?.map_or(0, |bytes| u64::from_be_bytes(bytes.try_into().unwrap()));
            txn.put(key(0), (before + 1).to_be_bytes());
            Ok::<_, ReadError>(before + 1)
        });
        added.unwrap().into_inner()
    };
    let added: Vec<u64> = (0..EACH).flat_map(|_| &stores).map(add).collect();
    assert_eq!(added, (1..=2 * EACH).collect::<Vec<_>>());
}

#[test]
fn a_record_is_in_the_part_that_its_key_says_and_its_secret_goes_with_it() {
    let home = InMemory::new();
    let store = home.open();
    put(&store, 5, "erasable").unwrap();
    let of = |part: &[u8]| home.0.rows().iter().filter(|((of, _), _)| of == part).count();
    assert_eq!(of(&5_u64.to_be_bytes()), 1);
    let secret = |key: &Key| {
        let rows = home.0.rows();
        let mut found = rows.values().filter(|row| row.key[1..] == *key.as_bytes());
        found.next().and_then(|row| row.secret.clone())
    };
    let first = secret(&key(5)).unwrap();
    put(&store, 5, "again").unwrap();
    assert!(secret(&key(5)).unwrap() != first);
    let plain = store.write_blocking(|txn| {
        txn.put(key(5), "plain");
        Ok::<_, ReadError>(())
    });
    plain.unwrap();
    assert!(secret(&key(5)).is_none());
}

#[test]
fn a_write_that_changes_nothing_commits_nothing() {
    let home = InMemory::new();
    let store = home.open();
    put(&store, 1, "a").unwrap();
    let before = home.0.commits.load(SeqCst);
    store.write_blocking(|txn| txn.get(&key(1))).unwrap();
    let deleted = store.write_blocking(|txn| {
        txn.delete(&key(99));
        Ok::<_, ReadError>(())
    });
    deleted.unwrap();
    assert_eq!(home.0.commits.load(SeqCst), before);
}

#[test]
fn a_newer_format_and_missing_rows_are_refused() {
    let home = InMemory::new();
    put(&home.open(), 1, "a").unwrap();
    let format = (Vec::new(), vec![0, b'f']);
    let row = home.0.rows().get(&format).cloned().unwrap();
    let mut newer = row.clone();
    newer.value[3] += 1;
    home.0.rows().insert(format.clone(), newer);
    let refused = home.open_as(&own_key()).map(drop).unwrap_err();
    assert!(matches!(refused, OpenError::NewerFormat { found: 2, supported: 1 }), "{refused}");
    home.0.rows().remove(&format);
    let refused = home.open_as(&own_key()).map(drop).unwrap_err();
    assert!(matches!(refused, OpenError::Corrupt(_)), "{refused}");
    home.0.rows().insert(format, row);
    assert!(home.open().get(&key(1)).unwrap().is_some());
}

/// 1. Two processes have the store. 2. What one rings is heard by the other once it is committed, and by nobody when the closure
///    refuses, changes nothing, or takes the part back in which it rang.
#[test]
fn bells_are_heard_by_the_others_with_what_they_were_rung_for() {
    let home = InMemory::new();
    let (one, other) = (Process::one_of_several(&home.0), Process::one_of_several(&home.0));
    let heard = Arc::new(Mutex::new(Vec::new()));
    for (name, process) in [("one", &one), ("other", &other)] {
        let heard = Arc::clone(&heard);
        process.others().unwrap().listen(Box::new(move |what| heard.lock().unwrap().push((name, what))));
    }
    let store = Store::open_in(one, spread, &own_key(), Options::default(), None).unwrap();
    let ring = |bell: u8, ends: fn(&mut Txn) -> Result<(), ReadError>| {
        drop(store.write_blocking(move |txn| {
            txn.ring([bell; 16]);
            ends(txn)
        }));
    };
    let put = |txn: &mut Txn| {
        txn.put(key(1), "value");
        Ok(())
    };
    ring(1, |_| Ok(()));
    ring(2, |_| Err(ReadError::Corrupt));
    let taken_back = store.write_blocking(move |txn| {
        let part = txn.attempt(|txn| {
            txn.ring([3; 16]);
            Err::<(), _>(ReadError::Corrupt)
        });
        assert!(part.is_err());
        put(txn)
    });
    taken_back.unwrap();
    ring(4, put);
    assert_eq!(*heard.lock().unwrap(), [("other", Heard::Bells(vec![[4; 16]]))]);
}
