//! What a write may hold at most, and what a part of it that failed leaves.

use std::convert::Infallible;

use super::*;
use crate::{KEY_BYTES_MAX, TXN_BYTES_MAX, VALUE_BYTES_MAX, WriteError};

#[test]
fn a_key_has_so_many_bytes_at_most() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let write = |bytes: usize| {
        store.write_blocking(move |txn| {
            txn.put(Key::from_bytes(vec![b'k'; bytes]), "value");
            Ok::<_, Infallible>(())
        })
    };
    assert!(write(KEY_BYTES_MAX).is_ok());
    assert!(matches!(write(KEY_BYTES_MAX + 1), Err(WriteError::TooLarge)));
    assert_eq!(all(&store).unwrap().len(), 1);
}

/// Keys count as they are stored, with the byte of their space before them.
#[test]
fn the_keys_and_values_of_a_write_have_so_many_bytes_at_most() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let fits = |more: usize| {
        let judged = store.write_blocking(move |txn| -> Result<(), bool> {
            let key_bytes = key(0).as_bytes().len() + 1;
            let whole = TXN_BYTES_MAX / (key_bytes + VALUE_BYTES_MAX);
            (0..whole as u64).for_each(|number| txn.put(key(number), vec![0; VALUE_BYTES_MAX]));
            let left = TXN_BYTES_MAX - whole * (key_bytes + VALUE_BYTES_MAX);
            txn.put_erasable(key(whole as u64), vec![0; left - key_bytes + more]);
            Err(!txn.too_large)
        });
        let Err(WriteError::Refused(fits)) = judged else { panic!("it was written") };
        fits
    };
    assert!(fits(0));
    assert!(!fits(1));
}

/// A part may be too large, may erase, may overwrite: where it fails, the rest is written as if it had never been.
#[test]
fn of_a_part_that_fails_nothing_is_left_in_the_write() {
    let dir = tempfile::tempdir().unwrap();
    let (store, faults) = open_faulty(dir.path());
    put(&store, 1, "stored");
    let key_syncs = faults.key_syncs.load(SeqCst);
    let written = store.write_blocking(|txn| {
        txn.put(key(2), "staged");
        let failed = txn.attempt(|part| {
            part.erase(&key(1));
            part.put(key(2), "changed");
            part.put(key(3), vec![0; VALUE_BYTES_MAX + 1]);
            assert_eq!(part.get(&key(1))?, None);
            Err::<(), _>(ReadError::Corrupt)
        });
        assert!(failed.is_err());
        txn.attempt(|part| {
            part.put(key(4), "kept");
            Ok::<_, ReadError>(())
        })
    });
    written.unwrap();
    let values: Vec<Vec<u8>> = all(&store).unwrap().into_iter().map(|(_, value)| value).collect();
    assert_eq!(values, [&b"stored"[..], b"staged", b"kept"]);
    assert_eq!(faults.key_syncs.load(SeqCst), key_syncs, "and no key is destroyed");
}

#[test]
fn a_name_is_hidden_alike_within_a_write_and_outside() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let within = store.write_blocking(|txn| Ok::<_, Infallible>(txn.hidden(b"phone.mobile")));
    assert_eq!(within.unwrap().into_inner(), store.hidden(b"phone.mobile"));
}
