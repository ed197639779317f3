//! What a store does wherever its records are.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::thread;

use freehold_store::{HomeKey, Key, OpenError, ReadError, Snapshot, Stamp, Store, WriteError};

/// A place where one store is, which can be opened again and again.
pub(crate) trait Home {
    /// Opens it with a key.
    fn open_as(&self, key: &HomeKey) -> Result<Store, OpenError>;

    /// Opens it with the key that it was made with.
    fn open(&self) -> Store {
        self.open_as(&own_key()).unwrap()
    }
}

/// The key of every store in these tests.
pub(crate) fn own_key() -> HomeKey {
    HomeKey::new([3; 32])
}

/// A test for each of the behaviours, at a new place.
#[macro_export]
macro_rules! behaves {
    ($home:expr) => {
        $crate::behaves! { $home;
            a_batch_is_there_as_a_whole_after_a_reopen
            a_refused_closure_writes_nothing_and_gives_its_own_error_back
            many_records_are_read_at_once_each_in_the_place_of_its_key
            scans_are_ordered_from_both_ends_and_stay_within_their_prefix
            a_wrong_key_is_told_from_damage_and_changes_nothing
            a_store_is_open_once_and_free_again_after_close_or_drop
            after_close_a_clone_reads_and_its_writes_are_refused
            a_snapshot_holds_no_half_of_a_transaction_and_all_that_was_acknowledged_before
            a_snapshot_still_reads_what_is_overwritten_or_erased_later
            a_snapshot_knows_a_record_by_its_stamp_until_it_is_written_again_with_whatever_value
        }
    };
    ($home:expr; $($name:ident)*) => {
        $(
            #[test]
            fn $name() {
                behaviour::$name(&$home);
            }
        )*
    };
}

fn key(number: u64) -> Key {
    Key::new(b'k').with_u64(number)
}

fn fill(store: &Store, count: u64) {
    store
        .write_blocking(move |txn| {
            (0..count).for_each(|number| txn.put_erasable(key(number), format!("value {number}")));
            Ok::<_, Infallible>(())
        })
        .unwrap();
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
    let text = |value: Vec<u8>| String::from_utf8(value).unwrap();
    // The format's own record is of no table.
    let of_table = |entry: &&freehold_store::Entry| entry.key().as_bytes().first() == Some(&b'k');
    snapshot.entries().iter().filter(of_table).map(|entry| text(value(entry).to_vec())).collect()
}

pub(crate) fn a_batch_is_there_as_a_whole_after_a_reopen(home: &impl Home) {
    fill(&home.open(), 100);
    let store = home.open();
    let found: Vec<_> = store.scan(&Key::new(b'k')).map(Result::unwrap).collect();
    assert_eq!(found.len(), 100);
    assert_eq!(found[42], (key(42), b"value 42".to_vec()));
}

pub(crate) fn a_refused_closure_writes_nothing_and_gives_its_own_error_back(home: &impl Home) {
    let store = home.open();
    let refused = store.write_blocking(|txn| {
        txn.put(key(1), "staged");
        Err::<(), _>("not today")
    });
    assert!(matches!(refused, Err(WriteError::Refused("not today"))));
    assert_eq!(store.get(&key(1)).unwrap(), None);
}

/// Records of tables that are spread and of one that is not, with secrets of their own and without, and keys with none, more of them than
/// a database is asked for in one question.
pub(crate) fn many_records_are_read_at_once_each_in_the_place_of_its_key(home: &impl Home) {
    let store = home.open();
    fill(&store, 5);
    let spread = |number: u64| Key::new(b'm').with_u64(number);
    store
        .write_blocking(move |txn| {
            (0..300).for_each(|number| txn.put(spread(number).with(b"x"), format!("spread {number}")));
            txn.delete(&key(3));
            Ok::<_, Infallible>(())
        })
        .unwrap();
    let mut keys: Vec<Key> = (0..600).rev().map(|number| spread(number).with(b"x")).collect();
    keys.extend([key(1), key(3), key(4), key(99)]);
    let text = |value: Option<Vec<u8>>| value.map(|bytes| String::from_utf8(bytes).unwrap());
    let read: Vec<Option<String>> = store.get_all(&keys).unwrap().into_iter().map(text).collect();
    assert_eq!(read.len(), keys.len());
    for (key, value) in keys.iter().zip(&read) {
        assert_eq!(*value, text(store.get(key).unwrap()), "{key:?}");
    }
    assert_eq!(read.iter().flatten().count(), 302);
    assert_eq!(store.get_all(&[]).unwrap(), Vec::<Option<Vec<u8>>>::new());
}

pub(crate) fn scans_are_ordered_from_both_ends_and_stay_within_their_prefix(home: &impl Home) {
    let store = home.open();
    fill(&store, 10);
    store
        .write_blocking(|txn| {
            txn.put(Key::new(b'j'), "before");
            txn.put(Key::new(b'l'), "after");
            txn.put(Key::from_bytes(vec![0xff, 0xff]), "edge");
            Ok::<_, Infallible>(())
        })
        .unwrap();
    let numbers = |scan: &mut dyn Iterator<Item = Result<(Key, Vec<u8>), _>>| -> Vec<u64> {
        scan.map(|entry: Result<_, freehold_store::ReadError>| entry.unwrap().0.last_u64().unwrap()).collect()
    };
    let prefix = Key::new(b'k');
    assert_eq!(numbers(&mut store.scan(&prefix)), (0..10).collect::<Vec<_>>());
    assert_eq!(numbers(&mut store.scan(&prefix).rev()), (0..10).rev().collect::<Vec<_>>());
    assert_eq!(numbers(&mut store.scan_after(&prefix, &key(6))), [7, 8, 9]);
    assert_eq!(numbers(&mut store.scan_after(&prefix, &Key::new(b'a'))).len(), 10);
    assert_eq!(store.scan_after(&prefix, &Key::new(b'z')).count(), 0);
    assert_eq!(store.last(&prefix).unwrap().unwrap().0, key(9));
    assert_eq!(store.last(&Key::new(b'q')).unwrap(), None);
    assert_eq!(store.scan(&Key::new(0xff)).count(), 1);
}

pub(crate) fn a_wrong_key_is_told_from_damage_and_changes_nothing(home: &impl Home) {
    fill(&home.open(), 3);
    assert!(matches!(home.open_as(&HomeKey::new([4; 32])).map(drop).unwrap_err(), OpenError::WrongKey));
    assert_eq!(home.open().scan(&Key::new(b'k')).count(), 3);
}

pub(crate) fn a_store_is_open_once_and_free_again_after_close_or_drop(home: &impl Home) {
    let store = home.open();
    assert!(matches!(home.open_as(&own_key()).map(drop).unwrap_err(), OpenError::InUse));
    store.close_blocking().unwrap();
    drop(home.open());
    drop(home.open());
}

pub(crate) fn after_close_a_clone_reads_and_its_writes_are_refused(home: &impl Home) {
    let store = home.open();
    fill(&store, 1);
    let clone = store.clone();
    store.close_blocking().unwrap();
    assert!(clone.get(&key(0)).unwrap().is_some());
    assert!(matches!(clone.write_blocking(|_| Ok::<_, Infallible>(())), Err(WriteError::Closed)));
    clone.close_blocking().unwrap();
}

/// Two accounts, whose sum no transaction changes, and a counter that says what was acknowledged.
pub(crate) fn a_snapshot_holds_no_half_of_a_transaction_and_all_that_was_acknowledged_before(
    home: &impl Home,
) {
    let store = home.open();
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
    for _ in 0..100 {
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

pub(crate) fn a_snapshot_still_reads_what_is_overwritten_or_erased_later(home: &impl Home) {
    let store = home.open();
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

pub(crate) fn a_snapshot_knows_a_record_by_its_stamp_until_it_is_written_again_with_whatever_value(
    home: &impl Home,
) {
    let store = home.open();
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
