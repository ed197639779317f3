//! How fast a passphrase can be guessed: waits that grow, outlast restarts and end.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic as tests do")]

use std::cell::Cell;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use freehold_keystore::{
    Cost, FREE_ATTEMPTS, OpenError, Passphrase, Seed, WAIT_MAX, Wait, create, open, open_counted,
};

/// A home, and a clock that only waits move.
struct Home {
    _dir: tempfile::TempDir,
    keys: PathBuf,
    seed: Seed,
    now: Cell<SystemTime>,
}

impl Home {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (keys, seed) = (dir.path().join("keys"), Seed::generate().unwrap());
        create(&keys, &seed, &passphrase("correct horse battery"), Cost::danger_fast_for_tests()).unwrap();
        let now = Cell::new(SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000));
        Self { _dir: dir, keys, seed, now }
    }

    /// One attempt, as a process of its own would make it: nothing is kept in memory. Gives what it waited.
    fn attempt(&self, text: &str) -> (Result<Seed, OpenError>, Option<Wait>) {
        let waited = Cell::new(None);
        let opened = open_counted(
            &self.keys,
            &passphrase(text),
            || self.now.get(),
            |wait| {
                waited.set(Some(wait));
                self.now.set(self.now.get() + wait.duration);
            },
        );
        (opened, waited.get())
    }

    fn counter(&self) -> PathBuf {
        let mut name = self.keys.clone().into_os_string();
        name.push(".attempts");
        name.into()
    }
}

fn passphrase(text: &str) -> Passphrase {
    Passphrase::attempt(text.to_owned().into()).unwrap()
}

fn seconds(waited: Option<Wait>) -> u64 {
    waited.map_or(0, |wait| wait.duration.as_secs())
}

#[test]
fn each_wrong_passphrase_waits_longer_up_to_a_limit_and_the_right_one_ends_it() {
    let home = Home::new();
    let mut waits = Vec::new();
    for _ in 0..12 {
        let (opened, waited) = home.attempt("correct horse batterz");
        assert!(matches!(opened, Err(OpenError::WrongPassphrase)));
        waits.push(seconds(waited));
    }
    assert_eq!(waits, [0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60]);
    assert_eq!(FREE_ATTEMPTS, 3);
    // The owner comes: one wait, and it is over.
    let (opened, waited) = home.attempt("correct horse battery");
    assert_eq!(opened.unwrap().vault_key(), home.seed.vault_key());
    assert_eq!(waited, Some(Wait { duration: WAIT_MAX, failures: Some(12) }));
    assert_eq!(seconds(home.attempt("correct horse battery").1), 0);
    assert_eq!(seconds(home.attempt("correct horse batterz").1), 0);
}

#[test]
fn time_that_passes_is_not_waited_again_and_a_clock_that_goes_back_locks_nobody_out() {
    let home = Home::new();
    for _ in 0..8 {
        let _ = home.attempt("correct horse batterz");
    }
    home.now.set(home.now.get() + Duration::from_secs(20));
    assert_eq!(seconds(home.attempt("correct horse batterz").1), 12, "32 less 20");
    home.now.set(SystemTime::UNIX_EPOCH);
    let (opened, waited) = home.attempt("correct horse battery");
    assert!(opened.is_ok() && seconds(waited) == 60);
}

/// 1. Five attempts have failed. 2. A sixth is held where it reads the key file, as a kill would end it there. 3. It has
///    counted already.
#[test]
fn an_attempt_that_is_killed_has_counted() {
    let home = Home::new();
    for _ in 0..5 {
        let _ = home.attempt("correct horse batterz");
    }
    fs::remove_file(&home.keys).unwrap();
    rustix::fs::mkfifoat(rustix::fs::CWD, &home.keys, rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR)
        .unwrap();
    let (keys, now) = (home.keys.clone(), home.now.get());
    let attempt = std::thread::spawn(move || {
        open_counted(&keys, &passphrase("correct horse batterz"), || now, |_| {}).unwrap_err()
    });
    while !fs::read_to_string(home.counter()).unwrap().contains(" 0000000006 ") {
        assert!(!attempt.is_finished(), "it was made and not counted");
        std::thread::yield_now();
    }
    fs::write(&home.keys, "no key file").unwrap();
    assert!(matches!(attempt.join().unwrap(), OpenError::Malformed(_)));
    assert!(fs::read_to_string(home.counter()).unwrap().contains(" 0000000005 "), "it was no guess");
}

#[test]
fn a_damaged_key_file_counts_nothing_and_a_missing_one_leaves_nothing() {
    let home = Home::new();
    let whole = fs::read_to_string(&home.keys).unwrap();
    fs::write(&home.keys, whole.replace("sealed\": \"", "sealed\": \"00")).unwrap();
    for _ in 0..6 {
        let (opened, waited) = home.attempt("correct horse battery");
        assert!(matches!(opened, Err(OpenError::Malformed(_))) && waited.is_none());
    }
    fs::remove_file(&home.keys).unwrap();
    fs::remove_file(home.counter()).unwrap();
    assert!(matches!(home.attempt("correct horse battery").0, Err(OpenError::NotFound(_))));
    assert!(!home.counter().exists());
}

#[test]
fn a_counter_that_was_damaged_waits_the_longest_and_one_that_cannot_be_written_waits_too() {
    let home = Home::new();
    fs::write(home.counter(), "freehold-attempts 1 none none").unwrap();
    let (opened, waited) = home.attempt("correct horse battery");
    assert!(opened.is_ok() && seconds(waited) == WAIT_MAX.as_secs());
    fs::remove_file(home.counter()).unwrap();
    // A folder in its place can be neither read nor written, whoever runs the test.
    fs::create_dir(home.counter()).unwrap();
    let (opened, waited) = home.attempt("correct horse battery");
    assert!(opened.is_ok());
    assert_eq!(waited, Some(Wait { duration: Duration::from_secs(5), failures: None }));
}

/// The file with its seal changed and its checksum made to fit: what a thief may write, who cannot know the key.
fn forged(keys: &Path) {
    use sha2::Digest as _;
    let mut file: serde_json::Value = serde_json::from_slice(&fs::read(keys).unwrap()).unwrap();
    let text = |name: &str| file[name].as_str().unwrap().to_owned();
    let (salt, nonce) = (text("salt"), text("nonce"));
    let sealed: String = text("sealed").chars().rev().collect();
    let cost = r#"{"memoryKib":8,"passes":1,"lanes":1}"#;
    let sum = format!("freehold-seed/1/{cost}/{salt}/{nonce}/{sealed}");
    let check: String = sha2::Sha256::digest(sum).iter().map(|byte| format!("{byte:02x}")).collect();
    file["sealed"] = sealed.into();
    file["check"] = check.into();
    fs::write(keys, file.to_string()).unwrap();
}

#[test]
fn a_wrong_passphrase_and_a_forged_seal_are_told_alike() {
    let home = Home::new();
    let wrong = home.attempt("correct horse batterz").0.unwrap_err();
    forged(&home.keys);
    let forged = home.attempt("correct horse battery").0.unwrap_err();
    assert_eq!(wrong.to_string(), forged.to_string());
    assert!(matches!((wrong, forged), (OpenError::WrongPassphrase, OpenError::WrongPassphrase)));
}

#[test]
fn the_shortest_guess_is_tried_like_any() {
    let home = Home::new();
    for text in ["", "a", "seven .", "correct horse batterz"] {
        assert!(matches!(home.attempt(text).0, Err(OpenError::WrongPassphrase)), "{text:?}");
    }
    assert!(fs::read_to_string(home.counter()).unwrap().contains("1 0000000004 "));
    assert!(open(&home.keys, &passphrase("")).is_err());
}
