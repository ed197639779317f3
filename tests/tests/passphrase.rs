//! The passphrase of a home with the real program: changed, mistyped, guessed.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use freehold_keystore::{Cost, Passphrase, change_passphrase, cost, open};
use freehold_tests::program::Home;
use serde_json::Value;

const OLD: &str = "correct horse battery";
const NEW: &str = "another passphrase";

fn passphrase(text: &str) -> Passphrase {
    Passphrase::new(text.to_owned()).unwrap()
}

/// A file with a passphrase.
fn file(home: &Home, text: &str) -> String {
    let path = home.file(text);
    fs::write(&path, format!("{text}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    path.to_str().unwrap().to_owned()
}

/// Makes guessing cheap, so that the test is not slow.
fn cheapen(home: &Home) {
    let cheap = Cost::danger_fast_for_tests();
    change_passphrase(&home.path().join("keys"), &passphrase(OLD), &passphrase(OLD), cheap).unwrap();
}

/// The exit status of a command, and the code of its error.
fn run(home: &Home, words: &[&str]) -> (i32, String) {
    let output = home.output(words);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!said.contains(OLD) && !said.contains(NEW) && !said.contains("panicked"), "{said}");
    let error = said.lines().find_map(|line| serde_json::from_str::<Value>(line).ok()).unwrap_or_default();
    (output.status.code().unwrap(), error["error"]["code"].as_str().unwrap_or_default().to_owned())
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// 1. While the node runs the change is refused. 2. With a wrong old passphrase too. 3. Then it is made: the new passphrase
///    opens the home with what was in it, guessing costs what is usual, and the old passphrase opens no file of it.
#[test]
fn a_passphrase_is_changed_and_the_old_one_opens_nothing_any_more() {
    let mut home = Home::person();
    home.start();
    let _ = home.json(&["set", "phone.mobile=+491701234567"]);
    let (old, new) = (file(&home, OLD), file(&home, NEW));
    let change = ["passphrase", "--passphrase-file", &old, "--new-passphrase-file", &new];
    assert_eq!(run(&home, &change), (4, "home-in-use".into()));
    home.kill();
    cheapen(&home);
    let swapped = ["passphrase", "--passphrase-file", &new, "--new-passphrase-file", &old];
    assert_eq!(run(&home, &swapped), (6, "wrong-passphrase".into()));
    // What a crash in an earlier change may have left.
    let unfinished = home.path().join(".keys.new");
    fs::copy(home.path().join("keys"), &unfinished).unwrap();
    assert!(open(&unfinished, &passphrase(OLD)).is_ok());

    assert_eq!(run(&home, &change), (0, String::new()));
    assert_eq!(cost(&home.path().join("keys")).unwrap(), Cost::interactive(), "it was raised");
    assert!(!unfinished.exists());
    let files = files(&home.path());
    assert!(files.iter().any(|path| open(path, &passphrase(NEW)).is_ok()));
    for path in &files {
        assert!(open(path, &passphrase(OLD)).is_err(), "{}", path.display());
    }
    for words in [&["words", "--passphrase-file", &old][..], &["run", "--passphrase-file", &old], &change] {
        assert_eq!(run(&home, words), (6, "wrong-passphrase".into()), "{words:?}");
    }
    fs::write(home.file("pass"), format!("{NEW}\n")).unwrap();
    home.start();
    assert_eq!(home.json(&["get", "phone.mobile"])[0]["value"], "+491701234567");
}

#[test]
fn a_hubs_passphrase_is_changed_too() {
    let home = Home::hub();
    let (old, new) = (file(&home, OLD), file(&home, NEW));
    let change = ["passphrase", "--passphrase-file", &old, "--new-passphrase-file", &new];
    assert_eq!(run(&home, &change), (5, "not-a-home".into()));
    assert_eq!(run(&home, &["init", "--name", "Acme", "--passphrase-file", &old]).0, 0);
    cheapen(&home);
    assert_eq!(run(&home, &change), (0, String::new()));
    assert_eq!(run(&home, &["run", "--passphrase-file", &old]), (6, "wrong-passphrase".into()));
    assert!(open(&home.path().join("keys"), &passphrase(NEW)).is_ok());
}

/// 1. Four processes, one after the other, try wrong passphrases: each is told the same, and is counted in the home. 2. The
///    owner's next one opens it, and the count begins again.
#[test]
fn wrong_passphrases_are_counted_over_processes_until_the_right_one_comes() {
    let mut home = Home::person();
    home.start();
    home.kill();
    cheapen(&home);
    let counted = || fs::read_to_string(home.path().join("keys.attempts")).unwrap();
    let wrong = file(&home, NEW);
    for failures in 1..=4 {
        assert_eq!(run(&home, &["words", "--passphrase-file", &wrong]), (6, "wrong-passphrase".into()));
        assert!(counted().starts_with(&format!("freehold-attempts 1 000000000{failures} ")), "{}", counted());
    }
    assert_eq!(fs::metadata(home.path().join("keys.attempts")).unwrap().permissions().mode() & 0o777, 0o600);
    let right = file(&home, OLD);
    let said = home.command(&["words", "--passphrase-file", &right]).output().unwrap();
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    assert!(counted().starts_with("freehold-attempts 1 0000000000 "), "{}", counted());
}
