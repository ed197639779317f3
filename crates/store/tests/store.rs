//! The store from outside: what a caller can rely on.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic as tests do")]

use std::convert::Infallible;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use freehold_store::{HomeKey, Key, OpenError, Options, Store};

fn home() -> HomeKey {
    HomeKey::new([3; 32])
}

fn open(dir: &Path) -> Store {
    Store::open(dir, &home(), Options::default()).unwrap()
}

fn open_error(dir: &Path, key: &HomeKey) -> OpenError {
    Store::open(dir, key, Options::default()).map(drop).unwrap_err()
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

#[test]
fn a_newer_format_is_refused_before_anything_is_read() {
    let dir = tempfile::tempdir().unwrap();
    fill(&open(dir.path()), 3);
    let path = dir.path().join("format");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("freehold-store 2", "freehold-store 3")).unwrap();
    let error = open_error(dir.path(), &home());
    assert!(matches!(error, OpenError::NewerFormat { found: 3, supported: 2 }));
}

#[test]
fn missing_files_are_damage_not_a_new_store() {
    for missing in ["format", "db", "record-keys"] {
        let dir = tempfile::tempdir().unwrap();
        fill(&open(dir.path()), 3);
        fs::remove_file(dir.path().join(missing)).unwrap();
        assert!(matches!(open_error(dir.path(), &home()), OpenError::Corrupt(_)), "{missing}");
    }
}

/// 1. The process is killed while sled writes a snapshot of its index. 2. The store opens all the same.
#[test]
fn a_snapshot_that_was_not_finished_is_no_damage() {
    let dir = tempfile::tempdir().unwrap();
    fill(&open(dir.path()), 3);
    for torn in [&b""[..], &[0x5a; 300]] {
        let snapshot = dir.path().join("snap.7FFFFFFFFFFFFFFF.generating");
        fs::write(&snapshot, torn).unwrap();
        assert_eq!(open(dir.path()).scan(&Key::new(b'k')).count(), 3);
        assert!(!snapshot.exists());
    }
}

/// 1. Power is lost while a store is made: sled's first files are torn, and no witness is there. 2. The making begins
///    anew. 3. Where a log in use has lost its witness, that is damage.
#[test]
fn a_making_that_was_not_finished_begins_anew() {
    let dir = tempfile::tempdir().unwrap();
    drop(open(dir.path()));
    let torn = |name: &str| {
        let bytes = fs::read(dir.path().join(name)).unwrap();
        fs::write(dir.path().join(name), &bytes[..bytes.len().min(60) / 2]).unwrap();
    };
    for name in ["conf", "db"] {
        fs::remove_file(dir.path().join("witness")).unwrap();
        fs::File::options().write(true).open(dir.path().join("db")).unwrap().set_len(96).unwrap();
        torn(name);
        fill(&open(dir.path()), 0);
    }
    fill(&open(dir.path()), 300);
    fs::remove_file(dir.path().join("witness")).unwrap();
    let log = fs::read(dir.path().join("db")).unwrap();
    assert!(matches!(open_error(dir.path(), &home()), OpenError::Corrupt("its witness file is missing")));
    assert_eq!(fs::read(dir.path().join("db")).unwrap(), log);
}

#[test]
fn a_store_that_lost_acknowledged_writes_is_damaged() {
    let dir = tempfile::tempdir().unwrap();
    let older = tempfile::tempdir().unwrap();
    fill(&open(dir.path()), 3);
    for entry in fs::read_dir(dir.path()).unwrap().map(Result::unwrap).filter(|e| e.path().is_file()) {
        fs::copy(entry.path(), older.path().join(entry.file_name())).unwrap();
    }
    fill(&open(dir.path()), 5);
    fs::copy(dir.path().join("witness"), older.path().join("witness")).unwrap();
    assert!(matches!(
        open_error(older.path(), &home()),
        OpenError::Corrupt("acknowledged writes are missing")
    ));
}

/// 1. Writes are acknowledged. 2. The process is killed: the files are copied as they lie. 3. The end of the log, where
///    the last writes are, is damaged. 4. The store says so instead of opening without them.
#[test]
fn damage_to_the_log_of_a_killed_process_is_noticed() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    fill(&store, 200);
    let log = fs::read(dir.path().join("db")).unwrap();
    let end = log.iter().rposition(|byte| *byte != 0).unwrap();
    let copy_with = |damage: &dyn Fn(&mut [u8])| {
        let copy = tempfile::tempdir().unwrap();
        for entry in fs::read_dir(dir.path()).unwrap().map(Result::unwrap).filter(|e| e.path().is_file()) {
            fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
        }
        let mut bytes = log.clone();
        damage(&mut bytes);
        fs::write(copy.path().join("db"), bytes).unwrap();
        copy
    };
    assert_eq!(open(copy_with(&|_| {}).path()).scan(&Key::new(b'k')).count(), 200);
    let flip = |bytes: &mut [u8]| bytes.iter_mut().for_each(|byte| *byte ^= 0x5a);
    for (name, damaged) in [
        ("the last bytes", copy_with(&|log| flip(&mut log[end - 64..end]))),
        ("the whole", copy_with(&|log| flip(log))),
        ("zeroed from the middle", copy_with(&|log| log[end / 2..].fill(0))),
    ] {
        assert!(matches!(open_error(damaged.path(), &home()), OpenError::Corrupt(_)), "{name}");
    }
}

#[test]
fn flipped_or_cut_bytes_give_an_error_or_the_right_values_and_never_a_panic() {
    let dir = tempfile::tempdir().unwrap();
    fill(&open(dir.path()), 2000);
    let files = ["db", "format", "record-keys", "conf", "witness"];
    let mut noticed = 0;
    for name in files {
        let original = fs::read(dir.path().join(name)).unwrap();
        let places = [0, 20, original.len() / 7, original.len() / 2, original.len() - 1];
        let damaged = places.into_iter().map(|place| {
            let mut bytes = original.clone();
            let end = (place + 64).min(bytes.len());
            bytes[place.min(end - 1)..end].iter_mut().for_each(|byte| *byte ^= 0x5a);
            bytes
        });
        for bytes in damaged.chain([original[..original.len() / 2].to_vec(), Vec::new()]) {
            let copy = tempfile::tempdir().unwrap();
            for entry in fs::read_dir(dir.path()).unwrap().map(Result::unwrap).filter(|e| e.path().is_file())
            {
                fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
            }
            fs::write(copy.path().join(name), &bytes).unwrap();
            match Store::open(copy.path(), &home(), Options::default()) {
                Err(OpenError::InUse) => panic!("{name}: no one else has it open"),
                Err(_) => noticed += 1,
                Ok(store) => {
                    let read: Result<Vec<_>, _> = store.scan(&Key::new(b'k')).collect();
                    match read {
                        Err(_) => noticed += 1,
                        Ok(found) => {
                            assert_eq!(found.len(), 2000, "{name}");
                            assert!(
                                found
                                    .iter()
                                    .enumerate()
                                    .all(|(n, (_, v))| *v == format!("value {n}").into_bytes())
                            );
                        }
                    }
                }
            }
        }
    }
    assert!(noticed >= 15, "only {noticed} damages were noticed");
}

#[test]
fn only_the_owner_can_read_the_folder() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("new/store");
    drop(open(&dir));
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&dir), 0o700);
    for name in ["record-keys", "format", "witness", "lock"] {
        assert_eq!(mode(&dir.join(name)), 0o600, "{name}");
    }
}

#[test]
fn keys_and_stores_print_no_secret() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(format!("{:?} {:?}", home(), open(dir.path())), "HomeKey(…) Store(…)");
    assert_eq!(format!("{:?}", Key::new(b'k').with(&[0xab])), "Key(6bab)");
}

#[test]
fn hidden_names_differ_by_name_and_by_home() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = open(one.path());
    let other = Store::open(two.path(), &HomeKey::new([4; 32]), Options::default()).unwrap();
    assert_eq!(store.hidden(b"a"), store.hidden(b"a"));
    assert_ne!(store.hidden(b"a"), store.hidden(b"b"));
    assert_ne!(store.hidden(b"a"), other.hidden(b"a"));
}
