//! What the files hold: ciphertext, destroyed keys, the list of pending destructions.

use std::convert::Infallible;
use std::os::unix::fs::FileExt as _;

use super::*;
use crate::record_keys::{RECORD_KEYS_FILE, SLOT_BYTES};
use crate::records::stored;
use crate::scan::prefix_range_stored;
use crate::seal::{Sealer, slot_of};
use crate::tree::Batch;
use crate::writer::DESTRUCTION_PREFIX;

fn raw_of(store: &Store, number: u64) -> Vec<u8> {
    store.records().raw(&stored(key(number).as_bytes())).unwrap().unwrap().to_vec()
}

fn plant(store: &Store, number: u64, raw: Vec<u8>) {
    let mut batch = Batch::default();
    batch.insert(&stored(key(number).as_bytes()), raw);
    store.records().tree.apply(batch).unwrap();
}

fn slot_bytes(dir: &Path, slot: u64) -> [u8; SLOT_BYTES] {
    let mut bytes = [0; SLOT_BYTES];
    let file = std::fs::File::open(dir.join(RECORD_KEYS_FILE)).unwrap();
    file.read_exact_at(&mut bytes, slot * SLOT_BYTES as u64).unwrap();
    bytes
}

/// Someone with the home key, the old ciphertext and today's key file.
fn thief_opens(dir: &Path, number: u64, old: &[u8]) -> bool {
    let slot = slot_of(old).unwrap();
    let sealer = Sealer::new(&HomeKey::new(HOME));
    let key = stored(key(number).as_bytes());
    sealer.open(&key, old).is_ok() || sealer.open_erasable(slot, &slot_bytes(dir, slot), &key, old).is_ok()
}

#[test]
fn an_erased_record_is_unreadable_with_the_home_key_and_its_old_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    put(&store, 1, "secret");
    put(&store, 2, "neighbour");
    let (old, neighbour) = (raw_of(&store, 1), raw_of(&store, 2));
    assert!(thief_opens(dir.path(), 1, &old), "the thief's way works before the erasure");
    store
        .write_blocking(|txn| {
            txn.erase(&key(1));
            Ok::<_, Infallible>(())
        })
        .unwrap();
    // No close: the acknowledgement itself says that the slot is zero.
    assert_eq!(slot_bytes(dir.path(), slot_of(&old).unwrap()), [0; SLOT_BYTES]);
    assert!(!thief_opens(dir.path(), 1, &old));
    assert!(thief_opens(dir.path(), 2, &neighbour));
    assert_eq!(store.get(&key(1)).unwrap(), None);
}

#[test]
fn overwriting_deleting_and_replacing_by_a_plain_record_destroy_the_old_key() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    for number in 1..=3 {
        put(&store, number, "old");
    }
    let old: Vec<_> = (1..=3).map(|number| raw_of(&store, number)).collect();
    store
        .write_blocking(|txn| {
            txn.put_erasable(key(1), "new");
            txn.delete(&key(2));
            txn.put(key(3), "plain");
            Ok::<_, Infallible>(())
        })
        .unwrap();
    store.close_blocking().unwrap();
    for (number, old) in (1..=3).zip(&old) {
        assert!(!thief_opens(dir.path(), number, old), "record {number}");
    }
    let store = open(dir.path());
    assert_eq!(all(&store).unwrap(), [(key(1), b"new".to_vec()), (key(3), b"plain".to_vec())]);
}

#[test]
fn erasing_a_prefix_erases_what_is_stored_and_what_was_just_staged() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    put(&store, 1, "stored");
    let old = raw_of(&store, 1);
    let erased = store.write_blocking(|txn| {
        txn.put_erasable(key(2), "staged");
        txn.put_erasable(Key::new(b'l'), "another table");
        txn.erase_prefix(&Key::new(b'k'))
    });
    assert_eq!(erased.unwrap().into_inner(), 2);
    assert_eq!(all(&store).unwrap(), [(Key::new(b'l'), b"another table".to_vec())]);
    assert!(!thief_opens(dir.path(), 1, &old));
}

#[test]
fn destruction_that_a_crash_interrupted_is_finished_at_open() {
    let dir = tempfile::tempdir().unwrap();
    let (store, faults) = open_faulty(dir.path());
    put(&store, 1, "secret");
    let old = raw_of(&store, 1);
    let slot = slot_of(&old).unwrap();
    let secret = slot_bytes(dir.path(), slot);
    faults.fail_keys.store(true, std::sync::atomic::Ordering::SeqCst);
    let erased = store.write_blocking(|txn| {
        txn.erase(&key(1));
        Ok::<_, Infallible>(())
    });
    erased.unwrap_err();
    drop(store);
    // The crash: the zeroes never reached the disk.
    let file = std::fs::File::options().write(true).open(dir.path().join(RECORD_KEYS_FILE)).unwrap();
    file.write_all_at(&secret, slot * SLOT_BYTES as u64).unwrap();
    assert!(thief_opens(dir.path(), 1, &old));
    let store = open(dir.path());
    assert!(!thief_opens(dir.path(), 1, &old));
    assert_eq!(store.records().tree.range(prefix_range_stored(DESTRUCTION_PREFIX.to_vec())).count(), 0);
    assert_eq!(store.get(&key(1)).unwrap(), None);
}

#[test]
fn a_record_whose_key_was_zeroed_reads_as_absent() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    put(&store, 1, "secret");
    put(&store, 2, "kept");
    store.records().keys.zero(&[slot_of(&raw_of(&store, 1)).unwrap()]).unwrap();
    assert_eq!(store.get(&key(1)).unwrap(), None);
    assert_eq!(all(&store).unwrap(), [(key(2), b"kept".to_vec())]);
    assert_eq!(store.write_blocking(|txn| txn.scan(&Key::new(b'k')).count_ok()).unwrap().into_inner(), 1);
}

#[test]
fn slots_are_never_used_twice_even_over_a_reopen() {
    let dir = tempfile::tempdir().unwrap();
    let mut seen = std::collections::HashSet::new();
    for round in 0..3 {
        let store = open(dir.path());
        for number in 0..5 {
            put(&store, number, "v");
            assert!(seen.insert(slot_of(&raw_of(&store, number)).unwrap()), "round {round}");
        }
    }
}

#[test]
fn more_records_than_a_block_of_secrets_fit_in_one_write() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    store
        .write_blocking(|txn| {
            (0..5000).for_each(|number| txn.put_erasable(key(number), number.to_string()));
            Ok::<_, Infallible>(())
        })
        .unwrap();
    let erased = store.write_blocking(|txn| txn.erase_prefix(&Key::new(b'k'))).unwrap();
    assert_eq!(erased.into_inner(), 5000);
    drop(store);
    assert!(all(&open(dir.path())).unwrap().is_empty());
}

#[test]
fn neither_values_nor_hidden_names_are_in_any_file() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let name = store.hidden(b"phone.mobile");
    store
        .write_blocking(move |txn| {
            for number in 0..200 {
                let key = Key::new(b'f').with(&txn.hidden(b"phone.mobile")).with_u64(number);
                txn.put_erasable(key, "+15550100 plaintext");
                txn.put(Key::new(b'p').with_u64(number), "another plaintext");
            }
            Ok::<_, Infallible>(())
        })
        .unwrap();
    assert_eq!(store.scan(&Key::new(b'f').with(&name)).count(), 200);
    store.close_blocking().unwrap();
    let mut bytes = 0;
    for (path, content) in files(dir.path()) {
        bytes += content.len();
        for needle in [&b"plaintext"[..], b"+1555", b"phone", b"mobile", &HOME] {
            assert!(!contains(&content, needle), "{path} shows {}", String::from_utf8_lossy(needle));
        }
    }
    assert!(bytes > 200 * 50, "the files hold the records at all");
}

#[test]
fn a_record_moved_to_another_key_is_damaged() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    put(&store, 1, "mine");
    plant(&store, 2, raw_of(&store, 1));
    assert!(matches!(store.get(&key(2)), Err(ReadError::Corrupt)));
    plant(&store, 3, b"\x01short".to_vec());
    assert!(matches!(store.get(&key(3)), Err(ReadError::Corrupt)));
    // A damaged record can still be replaced or deleted.
    put(&store, 3, "repaired");
}

#[test]
fn the_largest_values_stay_out_of_the_unsynced_blob_files() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    // Twice over, so that full leaves are written as a whole and not only in parts.
    for round in 0..2 {
        let written = store.write_blocking(move |txn| {
            (0..34).for_each(|number| txn.put(key(number), vec![round; crate::VALUE_BYTES_MAX]));
            Ok::<_, Infallible>(())
        });
        written.unwrap();
    }
    assert_eq!(all(&store).unwrap().len(), 34);
    assert_eq!(std::fs::read_dir(dir.path().join("blobs")).unwrap().count(), 0);
    let one_too_long = store.write_blocking(|txn| {
        txn.put(key(0), vec![0; crate::VALUE_BYTES_MAX + 1]);
        Ok::<_, Infallible>(())
    });
    assert!(matches!(one_too_long, Err(crate::WriteError::TooLarge)));
    drop(store);
    assert_eq!(std::fs::read_dir(dir.path().join("blobs")).unwrap().count(), 0);
    assert_eq!(all(&open(dir.path())).unwrap().len(), 34);
}

/// Counts what can be read.
trait CountOk {
    fn count_ok(self) -> Result<usize, ReadError>;
}

impl<I: Iterator<Item = Result<(Key, Vec<u8>), ReadError>>> CountOk for I {
    fn count_ok(self) -> Result<usize, ReadError> {
        self.map(|entry| entry.map(|_| 1)).sum()
    }
}
