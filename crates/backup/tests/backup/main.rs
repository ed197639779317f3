//! A home's backup, from outside: what was in it comes back, and whatever is not as it was written is told.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic as tests do")]

mod damage;
mod home;

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::thread;

use freehold_backup::{Backup, BackupError, Choice, Opener, Recipient, Wish, verify};
use freehold_keystore::Seed;
use freehold_store::ReadError;
use home::{Home, files_of, key, records};

const AGE_IDENTITY: &str = "# made for this test
AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX
";

/// A small generator, so that a failure is the same each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

#[test]
fn every_point_of_a_chain_gives_back_what_the_home_held_then() {
    let home = Home::new();
    let (mut dice, mut points) = (Dice(7), Vec::new());
    for _ in 0..12 {
        for _ in 0..dice.roll(20) {
            let (number, size) = (dice.roll(30), dice.roll(3000) as usize);
            match dice.roll(4) {
                0 => home.write(move |txn| txn.delete(&key(number))),
                1 => home.write(move |txn| txn.put(key(number), vec![number as u8; size])),
                _ => home.write(move |txn| txn.put_erasable(key(number), vec![number as u8; size])),
            }
        }
        if home.back_up().file.is_some() {
            points.push(records(&home.store));
        }
    }
    let reports = verify(home.folder(), &home.opener()).unwrap();
    assert_eq!(reports.len(), 1);
    assert_eq!(reports[0].points.len(), points.len());
    assert!(points.len() > 6);
    for (number, expected) in points.iter().enumerate() {
        let choice = Choice { to: Some(number as u64), ..Choice::default() };
        let backup = Backup::open(home.folder(), &home.opener(), &choice).unwrap();
        assert_eq!(backup.point().records, expected.len() as u64);
        let other = Home::of(backup.seed());
        backup.write_into(&other.store, |_| Ok(())).unwrap();
        assert_eq!(&records(&other.store), expected, "point {number}");
    }
}

/// The writer keeps two records in step, and says which turn was acknowledged.
#[test]
fn a_backup_while_writes_run_is_one_moment_and_has_all_that_was_acknowledged_before() {
    let home = Home::new();
    let (acknowledged, stop) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let writer = {
        let (store, acknowledged, stop) = (home.store.clone(), acknowledged.clone(), stop.clone());
        thread::spawn(move || {
            let mut turn = 0_u64;
            while !stop.load(SeqCst) {
                turn += 1;
                let done = store.write_blocking(move |txn| {
                    txn.put_erasable(key(1), turn.to_be_bytes());
                    txn.put_erasable(key(2), turn.to_be_bytes());
                    Ok::<_, ReadError>(())
                });
                done.unwrap();
                acknowledged.store(turn, SeqCst);
            }
        })
    };
    let mut before = Vec::new();
    for _ in 0..20 {
        let turn = acknowledged.load(SeqCst);
        if home.back_up().file.is_some() {
            before.push(turn);
        }
    }
    stop.store(true, SeqCst);
    writer.join().unwrap();
    for (number, turn) in before.into_iter().enumerate() {
        let found = home.restored(Some(number as u64));
        assert_eq!(found.get(&key(1)), found.get(&key(2)), "a half of a transaction");
        let found =
            found.get(&key(1)).map_or(0, |value| u64::from_be_bytes((&value[..]).try_into().unwrap()));
        assert!(found >= turn, "turn {turn} was acknowledged before, {found} is in the backup");
    }
}

#[test]
fn what_did_not_change_is_not_written_again_and_no_change_makes_no_file() {
    let home = Home::new();
    home.write(|txn| (0..1000).for_each(|number| txn.put_erasable(key(number), [7; 200])));
    let full = home.back_up();
    assert_eq!((full.number, full.written, full.records), (0, 1000, 1000));
    assert_eq!(home.back_up().file, None);
    home.write(|txn| {
        txn.put_erasable(key(5), [8; 200]);
        txn.delete(&key(6));
    });
    let next = home.back_up();
    assert_eq!((next.number, next.written, next.deleted, next.records), (1, 1, 1, 999));
    assert!(next.bytes < 2000 && full.bytes > 200_000, "{} and {}", next.bytes, full.bytes);
}

#[test]
fn no_value_no_name_and_no_word_is_in_the_bytes_of_a_backup_or_of_what_the_home_remembers() {
    const VALUE: &[u8] = b"+44 20 7946 0001, Lovelace";
    let home = Home::new();
    home.write(|txn| {
        txn.put_erasable(key(1), VALUE);
        txn.put(key(2), VALUE);
    });
    let recipient = Recipient::parse(&recipient_of(AGE_IDENTITY)).unwrap();
    home.back_up_as(&Wish { recipients: vec![recipient], full: false });
    home.write(|txn| txn.put_erasable(key(3), VALUE));
    home.back_up();
    let words = home.seed.words();
    let searched: Vec<_> = files_of(home.folder()).into_iter().chain(files_of(&home.index_dir())).collect();
    assert!(searched.len() >= 4);
    for file in searched {
        let bytes = fs::read(&file).unwrap();
        let holds = |needle: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
        for at in 0..VALUE.len() - 8 {
            assert!(!holds(&VALUE[at..at + 8]), "{}", file.display());
        }
        assert!(!words.split(' ').filter(|word| word.len() > 5).any(|word| holds(word.as_bytes())));
        assert!(!holds(&*home.seed.vault_key()));
        assert!(!holds(recipient_of(AGE_IDENTITY).as_bytes()), "who else can open it is not told");
    }
    // The needle is one that is found where it is.
    assert_eq!(home.restored(None)[&key(3)], VALUE);
}

#[test]
fn other_words_do_not_open_it_and_one_clear_error_says_so() {
    let home = Home::new();
    home.write(|txn| txn.put_erasable(key(1), "value"));
    home.back_up();
    let other = Opener::words(Seed::generate().unwrap());
    let error = verify(home.folder(), &other).unwrap_err();
    assert!(matches!(error, BackupError::Locked(_)), "{error}");
    assert_eq!(error.code(), "wrong-words");
    let error = Backup::open(home.folder(), &other, &Choice::default()).unwrap_err();
    assert_eq!(error.code(), "wrong-words");
}

#[test]
fn a_recipient_opens_it_without_the_words_and_gets_them_and_nobody_else_does() {
    let home = Home::new();
    home.write(|txn| txn.put_erasable(key(1), "value"));
    let identity = || Opener::identities(AGE_IDENTITY).unwrap();
    let first = home.back_up();
    assert_eq!(verify(home.folder(), &identity()).unwrap_err().code(), "wrong-words");
    let recipient = Recipient::parse(&recipient_of(AGE_IDENTITY)).unwrap();
    let second = home.back_up_as(&Wish { recipients: vec![recipient], full: false });
    assert_ne!(second.chain, first.chain, "who can open a chain does not change within it");
    assert_eq!((second.number, second.others), (0, vec![first.chain]));
    home.write(|txn| txn.put_erasable(key(1), "later"));
    let third = home.back_up();
    assert_eq!((third.chain, third.number), (second.chain, 1), "the recipients stay when none are named");
    let choice = Choice { chain: Some(second.chain), to: None };
    let backup = Backup::open(home.folder(), &identity(), &choice).unwrap();
    assert_eq!(backup.seed().words(), home.seed.words());
    let newest = Backup::open(home.folder(), &home.opener(), &Choice::default()).unwrap();
    assert_eq!(newest.report().chain, second.chain, "the words open it too, and the newest is taken");
    assert_eq!(home.restored(None)[&key(1)], b"later");
}

#[test]
fn what_was_overwritten_or_erased_before_the_point_is_not_written_anew() {
    let home = Home::new();
    home.write(|txn| {
        txn.put_erasable(key(1), "overwritten");
        txn.put_erasable(key(2), "erased");
    });
    home.back_up();
    home.write(|txn| {
        txn.put_erasable(key(1), "present");
        txn.erase(&key(2));
    });
    home.back_up();
    let backup = Backup::open(home.folder(), &home.opener(), &Choice::default()).unwrap();
    let other = Home::of(backup.seed());
    backup.write_into(&other.store, |_| Ok(())).unwrap();
    let snapshot = other.store.snapshot_blocking(|_, _| false).unwrap();
    assert_eq!(snapshot.commit(), 1, "one transaction with one record");
    assert_eq!(records(&other.store), BTreeMap::from([(key(1), b"present".to_vec())]));
}

#[test]
fn the_last_word_of_a_restore_is_part_of_it_and_a_store_with_something_else_is_refused() {
    let home = Home::new();
    home.write(|txn| txn.put_erasable(key(1), "value"));
    home.back_up();
    let backup = Backup::open(home.folder(), &home.opener(), &Choice::default()).unwrap();
    let other = Home::of(backup.seed());
    let finish = |txn: &mut freehold_store::Txn| {
        assert_eq!(txn.get(&key(1))?, Some(b"value".to_vec()));
        txn.put_erasable(key(9), "held back");
        Ok(())
    };
    backup.write_into(&other.store, finish).unwrap();
    assert_eq!(records(&other.store)[&key(9)], b"held back");
    assert!(backup.write_into(&other.store, |_| Ok(())).is_err());
}

#[test]
fn a_folder_in_the_home_and_a_folder_without_a_backup_are_refused() {
    let home = Home::new();
    let error = home.try_back_up(&home.path().join("store/../copies"), &Wish::default()).unwrap_err();
    assert!(matches!(error, BackupError::InsideHome(_)), "{error}");
    assert!(!home.path().join("copies").exists());
    let error = verify(home.folder(), &home.opener()).map(drop).unwrap_err();
    assert_eq!(error.code(), "backup-unusable", "{error}");
    fs::create_dir(home.folder()).unwrap();
    let error = verify(home.folder(), &home.opener()).map(drop).unwrap_err();
    assert!(matches!(error, BackupError::Missing(_)), "{error}");
}

#[test]
fn a_new_chain_begins_where_the_home_remembers_nothing_or_finds_another_end() {
    let home = Home::new();
    home.write(|txn| txn.put_erasable(key(1), "value"));
    let first = home.back_up();
    fs::remove_dir_all(home.index_dir()).unwrap();
    let second = home.back_up();
    assert_ne!(second.chain, first.chain);
    let file = second.file.unwrap();
    let mut bytes = fs::read(&file).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&file, &bytes).unwrap();
    let third = home.back_up();
    assert_ne!(third.chain, second.chain, "nothing is built on a damaged file");
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&file, &bytes).unwrap();
    let fourth = home.back_up_as(&Wish { full: true, ..Wish::default() });
    assert_ne!(fourth.chain, third.chain);
    assert_eq!(verify(home.folder(), &home.opener()).unwrap().len(), 4);
}

/// What a kill leaves at each step, in the order of the steps.
#[test]
fn what_a_backup_that_was_cut_off_leaves_is_no_hindrance() {
    let home = Home::new();
    home.write(|txn| txn.put_erasable(key(1), "value"));
    let first = home.back_up();
    home.write(|txn| txn.put_erasable(key(2), "value"));
    let copy = home.copied();
    let second = copy.back_up();
    let name = second.file.unwrap().file_name().unwrap().to_str().unwrap().to_owned();
    let head = format!("freehold-{}.head", first.chain);
    let index = format!("{}-1.index", first.chain);
    // The file under its temporary name, cut.
    let bytes = fs::read(copy.folder().join(&name)).unwrap();
    fs::write(home.folder().join(format!(".{name}.tmp")), &bytes[..bytes.len() / 2]).unwrap();
    assert_eq!(verify(home.folder(), &home.opener()).unwrap()[0].points.len(), 1);
    // What the home remembers is there, the file not yet: a backup of that moment begins its file anew.
    fs::copy(copy.index_dir().join(&index), home.index_dir().join(&index)).unwrap();
    assert_eq!(verify(home.folder(), &home.opener()).unwrap()[0].points.len(), 1);
    // The file is there, the head not yet.
    fs::copy(copy.folder().join(&name), home.folder().join(&name)).unwrap();
    assert_eq!(verify(home.folder(), &home.opener()).unwrap()[0].points.len(), 2);
    home.write(|txn| txn.put_erasable(key(3), "value"));
    let third = home.back_up();
    assert_eq!((third.chain, third.number, third.records), (first.chain, 2, 3));
    assert_eq!(verify(home.folder(), &home.opener()).unwrap()[0].points.len(), 3);
    assert!(home.folder().join(&head).exists());
    assert_eq!(home.restored(None).len(), 3);
}

#[test]
fn two_homes_may_share_a_folder_and_do_not_touch_each_others_chains() {
    let (home, other) = (Home::new(), Home::new());
    home.write(|txn| txn.put_erasable(key(1), "value"));
    other.write(|txn| txn.put_erasable(key(1), "other"));
    let first = home.back_up();
    let theirs = other.try_back_up(home.folder(), &Wish::default()).unwrap();
    home.write(|txn| txn.put_erasable(key(2), "value"));
    assert_eq!(home.back_up().chain, first.chain);
    let choice = Choice { chain: Some(theirs.chain), to: None };
    Backup::open(home.folder(), &other.opener(), &choice).unwrap();
    assert_eq!(verify(home.folder(), &home.opener()).unwrap_err().code(), "wrong-words");
}

fn recipient_of(identities: &str) -> String {
    let line = identities.lines().find(|line| line.starts_with("AGE-SECRET-KEY-1")).unwrap();
    let identity: age::x25519::Identity = line.parse().unwrap();
    identity.to_public().to_string()
}

/// The library that wrote it would not notice an error of its own; the program `age` is of another author.
#[test]
#[expect(clippy::print_stderr, reason = "whoever reads the run has to know what was skipped")]
fn a_file_is_a_plain_age_file_for_whoever_has_an_identity() {
    use std::process::Command;
    let home = Home::new();
    home.write(|txn| txn.put_erasable(key(1), "value that anyone with the key reads"));
    let recipient = Recipient::parse(&recipient_of(AGE_IDENTITY)).unwrap();
    let made = home.back_up_as(&Wish { recipients: vec![recipient], full: false });
    let identity = home.path().join("identity");
    fs::write(&identity, AGE_IDENTITY).unwrap();
    let output = Command::new("age")
        .arg("--decrypt")
        .arg("--identity")
        .arg(&identity)
        .arg(made.file.unwrap())
        .output();
    match output {
        Ok(output) => {
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            let holds = |needle: &[u8]| output.stdout.windows(needle.len()).any(|window| window == needle);
            assert!(holds(b"freehold-backup") && holds(b"value that anyone with the key reads"));
        }
        Err(error) => eprintln!("SKIPPED the program age: {error}; install the package age"),
    }
}
