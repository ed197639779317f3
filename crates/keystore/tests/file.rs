//! The seed's file: what opens it, what does not, and what each failure says.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic as tests do")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use freehold_keystore::{
    ChangeError, Cost, CreateError, OldFile, OpenError, Passphrase, PassphraseError, Seed, change_passphrase,
    cost, create, open, remove_unfinished,
};

fn passphrase(text: &str) -> Passphrase {
    Passphrase::new(text.to_owned()).unwrap()
}

fn right() -> Passphrase {
    passphrase("correct horse battery")
}

/// A folder with a seed's file.
fn home() -> (tempfile::TempDir, PathBuf, Seed) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("seed.json");
    let seed = Seed::generate().unwrap();
    create(&path, &seed, &right(), Cost::danger_fast_for_tests()).unwrap();
    (dir, path, seed)
}

fn names(dir: &Path) -> Vec<String> {
    fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn the_right_passphrase_opens_it_and_a_wrong_one_does_not() {
    let (dir, path, seed) = home();
    assert_eq!(open(&path, &right()).unwrap().vault_key(), seed.vault_key());
    assert!(matches!(open(&path, &passphrase("correct horse batterz")), Err(OpenError::WrongPassphrase)));
    assert_eq!(names(dir.path()), ["seed.json"]);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn the_interactive_cost_is_what_the_file_says_and_opens() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("seed.json");
    let seed = Seed::generate().unwrap();
    create(&path, &seed, &right(), Cost::interactive()).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    assert!(
        text.contains("\"memoryKib\": 65536")
            && text.contains("\"passes\": 3")
            && text.contains("\"lanes\": 1")
    );
    assert_eq!(open(&path, &right()).unwrap().vault_key(), seed.vault_key());
}

#[test]
fn a_file_that_is_there_is_never_overwritten() {
    let (_dir, path, seed) = home();
    let other = Seed::generate().unwrap();
    let refused = create(&path, &other, &right(), Cost::danger_fast_for_tests());
    assert!(matches!(refused, Err(CreateError::Exists(_))));
    assert_eq!(open(&path, &right()).unwrap().vault_key(), seed.vault_key());
}

#[test]
fn a_changed_passphrase_holds_and_the_old_one_does_not() {
    let (dir, path, seed) = home();
    let new = passphrase("another passphrase");
    let cost = Cost::danger_fast_for_tests();
    let wrong = change_passphrase(&path, &new, &right(), cost);
    assert!(matches!(wrong, Err(ChangeError::Open(OpenError::WrongPassphrase))));
    assert_eq!(change_passphrase(&path, &right(), &new, cost).unwrap(), OldFile::Wiped);
    assert_eq!(open(&path, &new).unwrap().vault_key(), seed.vault_key());
    assert!(matches!(open(&path, &right()), Err(OpenError::WrongPassphrase)));
    assert_eq!(names(dir.path()), ["seed.json"]);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn the_bytes_of_the_old_file_are_written_over_unless_it_has_another_name() {
    let (dir, path, _) = home();
    let new = passphrase("another passphrase");
    let cheap = Cost::danger_fast_for_tests();
    let held = fs::File::open(&path).unwrap();
    let before = fs::read(&path).unwrap();
    change_passphrase(&path, &right(), &new, cheap).unwrap();
    let mut left = Vec::new();
    std::io::Read::read_to_end(&mut &held, &mut left).unwrap();
    assert_eq!(left, vec![0; before.len()], "the old file, which has no name any more");
    // Somebody's own copy by a second name is not destroyed, and is told.
    fs::hard_link(&path, dir.path().join("copy")).unwrap();
    assert_eq!(change_passphrase(&path, &new, &right(), cheap).unwrap(), OldFile::Kept);
    fs::set_permissions(dir.path().join("copy"), fs::Permissions::from_mode(0o600)).unwrap();
    assert!(open(&dir.path().join("copy"), &new).is_ok());
}

#[test]
fn what_a_crash_left_of_a_change_is_removed_and_its_bytes_are_written_over() {
    let (dir, path, _) = home();
    let unfinished = dir.path().join(".seed.json.new");
    fs::copy(&path, &unfinished).unwrap();
    let held = fs::File::open(&unfinished).unwrap();
    remove_unfinished(&path).unwrap();
    assert_eq!(names(dir.path()), ["seed.json"]);
    let mut left = Vec::new();
    std::io::Read::read_to_end(&mut &held, &mut left).unwrap();
    assert!(!left.is_empty() && left.iter().all(|byte| *byte == 0));
    remove_unfinished(&path).unwrap();
}

#[test]
fn the_cost_is_read_without_a_passphrase_and_is_only_raised() {
    let (_dir, path, _) = home();
    let (cheap, today) = (Cost::danger_fast_for_tests(), Cost::interactive());
    assert_eq!(cost(&path).unwrap(), cheap);
    assert_eq!(today.at_least(cheap), today);
    assert_eq!(cheap.at_least(today), today);
    change_passphrase(&path, &right(), &right(), today.at_least(cheap)).unwrap();
    assert_eq!(cost(&path).unwrap(), today);
}

#[test]
fn a_leftover_of_a_crash_is_no_hindrance() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join(".seed.json.new"), "half").unwrap();
    let path = dir.path().join("seed.json");
    create(&path, &Seed::generate().unwrap(), &right(), Cost::danger_fast_for_tests()).unwrap();
    open(&path, &right()).unwrap();
}

#[test]
fn a_file_that_is_not_there_is_not_found() {
    let dir = tempfile::tempdir().unwrap();
    assert!(matches!(open(&dir.path().join("seed.json"), &right()), Err(OpenError::NotFound(_))));
}

#[test]
fn any_changed_or_missing_byte_is_noticed_and_never_gives_another_seed() {
    let (_dir, path, seed) = home();
    let original = fs::read(&path).unwrap();
    for place in 0..original.len() {
        let mut bytes = original.clone();
        bytes[place] = if bytes[place] == b'1' { b'2' } else { b'1' };
        fs::write(&path, &bytes).unwrap();
        match open(&path, &right()) {
            Ok(_) => panic!("byte {place} was changed and nobody noticed"),
            Err(OpenError::Malformed(_) | OpenError::NewerFormat { .. }) => {}
            Err(error) => panic!("byte {place}: {error}"),
        }
        fs::write(&path, &original[..place]).unwrap();
        let cut = open(&path, &right());
        // Only the last newline is not missed.
        assert!(matches!(cut, Err(OpenError::Malformed(_))) || place == original.len() - 1, "cut at {place}");
    }
    fs::write(&path, &original).unwrap();
    assert_eq!(open(&path, &right()).unwrap().vault_key(), seed.vault_key());
}

#[test]
fn a_newer_version_says_so_whatever_else_it_holds() {
    let (_dir, path, _) = home();
    fs::write(&path, r#"{"type": "freehold-seed", "version": 2, "kdf": "something new"}"#).unwrap();
    assert!(matches!(open(&path, &right()), Err(OpenError::NewerFormat { found: 2, supported: 1 })));
}

#[test]
fn a_file_that_asks_for_terabytes_is_refused() {
    use sha2::Digest as _;
    let (_dir, path, _) = home();
    let original: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let costs = [(u32::MAX, 1, 1), (4, 1, 1), (8, u32::MAX, 1), (8, 0, 1), (8, 1, 0), (65536, 1, 4096)];
    for (memory, passes, lanes) in costs {
        let mut file = original.clone();
        let cost = format!(r#"{{"memoryKib":{memory},"passes":{passes},"lanes":{lanes}}}"#);
        file["cost"] = serde_json::from_str(&cost).unwrap();
        let text = |name: &str| file[name].as_str().unwrap().to_owned();
        let sum = format!("freehold-seed/1/{cost}/{}/{}/{}", text("salt"), text("nonce"), text("sealed"));
        let check: String = sha2::Sha256::digest(sum).iter().map(|byte| format!("{byte:02x}")).collect();
        file["check"] = check.into();
        fs::write(&path, file.to_string()).unwrap();
        let refused = open(&path, &right());
        assert!(matches!(refused, Err(OpenError::Malformed("its cost is out of bounds"))), "{cost}");
    }
    fs::write(&path, vec![b' '; 100_000]).unwrap();
    assert!(matches!(open(&path, &right()), Err(OpenError::Malformed("it is too long"))));
}

#[test]
fn a_file_open_to_others_is_refused() {
    let (_dir, path, _) = home();
    for mode in [0o640, 0o604, 0o620, 0o601] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let refused = open(&path, &right());
        assert!(matches!(refused, Err(OpenError::Permissions { mode: found, .. }) if found == mode));
    }
    fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
    open(&path, &right()).unwrap();
}

#[test]
fn passphrases_have_a_least_length_and_print_nothing() {
    let check = |text: &str| Passphrase::new(text.to_owned());
    assert!(matches!(check(""), Err(PassphraseError::Empty)));
    assert!(matches!(check("7 chars"), Err(PassphraseError::TooShort)));
    assert!(matches!(check(&"x".repeat(1025)), Err(PassphraseError::TooLong)));
    assert!(check("äöüäöüäö").is_ok());
    assert!(check(&"x".repeat(1024)).is_ok());
    // What is typed to open a home may be short, and is bounded alike.
    let attempt = |text: &str| Passphrase::attempt(text.to_owned().into());
    assert!(attempt("").is_ok() && attempt(&"x".repeat(1024)).is_ok());
    assert!(matches!(attempt(&"x".repeat(1025)), Err(PassphraseError::TooLong)));
    assert_eq!(format!("{:?}", right()), "Passphrase(…)");
}

#[test]
fn a_passphrase_file_loses_one_newline_and_nothing_else() {
    let (dir, path, _) = home();
    let file = dir.path().join("pass");
    for good in ["correct horse battery", "correct horse battery\n", "correct horse battery\r\n"] {
        fs::write(&file, good).unwrap();
        open(&path, &Passphrase::from_file(&file).unwrap()).unwrap();
    }
    for other in ["correct horse battery\n\n", " correct horse battery"] {
        fs::write(&file, other).unwrap();
        assert!(matches!(
            open(&path, &Passphrase::from_file(&file).unwrap()),
            Err(OpenError::WrongPassphrase)
        ));
    }
    for (bytes, name) in [(&b""[..], "empty"), (b"\n", "newline"), (b"\xff\xfe123456789", "not text")] {
        fs::write(&file, bytes).unwrap();
        assert!(Passphrase::from_file(&file).is_err(), "{name}");
    }
    fs::write(&file, format!("{}\r\n", "x".repeat(1024))).unwrap();
    assert!(Passphrase::from_file(&file).is_ok(), "the longest, with the end of its line");
    fs::write(&file, vec![b'x'; 1_000_000]).unwrap();
    assert!(matches!(Passphrase::from_file(&file), Err(PassphraseError::TooLong)));
    assert!(matches!(Passphrase::from_file(&dir.path().join("none")), Err(PassphraseError::Io { .. })));
}
