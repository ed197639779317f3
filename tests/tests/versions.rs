//! What a home says of its own version, against the page; and what becomes of one that says a later.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::fs;
use std::path::Path;

use freehold_keystore::Passphrase;
use freehold_store::{HomeKey, Options, Progress, Schema, Step, Store};
use freehold_tests::program::Home;
use serde_json::Value;

const PAGE: &str = include_str!("../../specs/versions.md");

/// The cells of the page's row about a form: the present version, and what a later one is answered with.
fn row(form: &str) -> (String, String) {
    let begin = format!("| `{form}`");
    let row = PAGE.lines().find(|line| line.starts_with(&begin)).unwrap();
    let cells: Vec<&str> = row.split('|').map(|cell| cell.trim().trim_matches('`')).collect();
    (cells[3].to_owned(), cells[4].to_owned())
}

/// The number that stands in a file after a mark.
fn version_in(file: &Path, mark: &str) -> String {
    let text = fs::read_to_string(file).unwrap();
    let rest = text.split_once(mark).unwrap().1.trim_start();
    rest.chars().take_while(char::is_ascii_digit).collect()
}

/// Exit status, code and sentence of a start.
fn start(home: &Home) -> (i32, String, String) {
    let pass = home.file("pass");
    let output = home.output(&["run", "--passphrase-file", pass.to_str().unwrap()]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let error = said.lines().find_map(|line| serde_json::from_str::<Value>(line).ok()).unwrap_or_default();
    let text = |name: &str| error["error"][name].as_str().unwrap_or_default().to_owned();
    (output.status.code().unwrap(), text("code"), text("message"))
}

/// A file says a later version: the program refuses it with the page's code and both versions, and changes nothing in it.
fn refused(home: &Home, form: &str, mark: &str) {
    let (now, code) = row(form);
    let file = home.path().join(form);
    assert_eq!(version_in(&file, mark), now, "{form}");
    let whole = fs::read_to_string(&file).unwrap();
    let (before, after) = whole.split_once(mark).unwrap();
    let later = format!("{before}{mark}{}", after.replacen(&now, "99", 1));
    fs::write(&file, &later).unwrap();
    let (status, said, message) = start(home);
    assert_eq!((status, said), (5, code), "{form}: {message}");
    let both = message.contains("99") && message.contains(&format!("up to {now}"));
    assert!(both && message.contains("install a newer version"), "{form}: {message}");
    assert_eq!(fs::read_to_string(&file).unwrap(), later, "{form}");
    fs::write(&file, whole).unwrap();
}

#[test]
fn each_file_of_a_home_says_the_version_of_the_page_and_a_later_one_is_refused() {
    let mut person = Home::person();
    person.start();
    person.kill();
    let files = [("home.json", "\"format\":"), ("keys", "\"version\":"), ("store/format", "freehold-store")];
    for (form, mark) in files {
        refused(&person, form, mark);
    }
    let pass = person.file("pass");
    assert!(person.output(&["words", "--passphrase-file", pass.to_str().unwrap()]).status.success());
    assert_eq!(version_in(&person.path().join("keys.attempts"), "freehold-attempts"), row("keys.attempts").0);
    let first = fs::read(person.path().join("store/record-keys")).unwrap()[..32].to_vec();
    let said = format!("freehold record keys, format {}\n\n", row("record-keys").0);
    assert_eq!(first, said.as_bytes());

    let hub = Home::hub();
    let pass = hub.file("pass");
    let words = ["init", "--listen", "/ip4/127.0.0.1/tcp/0", "--passphrase-file", pass.to_str().unwrap()];
    assert!(hub.output(&words).status.success());
    refused(&hub, "hub.toml", "version =");
    refused(&hub, "home.json", "\"format\":");
    person.start();
}

#[test]
fn tables_of_a_later_program_are_refused() {
    const NOTHING: Step = |_, _| Ok(Progress::Done);
    const LATER: Schema = Schema { name: "vault", steps: &[NOTHING; 98] };
    let mut person = Home::person();
    person.start();
    person.kill();
    let (store, keys) = (person.path().join("store"), person.path().join("keys"));
    let passphrase = Passphrase::new("correct horse battery".to_owned()).unwrap();
    let seed = freehold_keystore::open(&keys, &passphrase).unwrap();
    let key = HomeKey::new(*seed.vault_key());
    // A later program was here.
    Store::open_with(&store, &key, Options::default(), &LATER).unwrap().close_blocking().unwrap();
    let (status, code, message) = start(&person);
    assert_eq!((status, code.as_str()), (5, "home-newer"), "{message}");
    let today = format!("up to {}", freehold_vault::SCHEMA.version());
    assert!(message.contains("99") && message.contains(&today), "{message}");
    // It did not touch them.
    Store::open_with(&store, &key, Options::default(), &LATER).unwrap().close_blocking().unwrap();
}
