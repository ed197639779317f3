//! The real program loses its home, and comes back from 24 words and a folder; or from the words alone.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use freehold_tests::engines::ASK;
use freehold_tests::program::Home;
use serde_json::Value;

/// The exit status and the error's code and message.
fn failure(home: &Home, words: &[&str]) -> (i32, String, String) {
    let output = home.output(words);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!said.contains("panicked"), "{said}");
    let line = said.lines().find(|line| line.contains("\"error\"")).unwrap_or_default();
    let error: Value = serde_json::from_str(line).unwrap_or_default();
    let text = |name: &str| error["error"][name].as_str().unwrap_or_default().to_owned();
    (output.status.code().unwrap_or(-1), text("code"), text("message"))
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    for _ in 0..300 {
        if let Some(found) = look() {
            return found;
        }
        std::thread::park_timeout(Duration::from_millis(100));
    }
    panic!("waited 30 s for: {what}");
}

/// A hub that runs and asks for a number, and a link to it.
fn hub() -> (Home, String) {
    let mut hub = Home::hub();
    let (pass, ask) = (hub.file("pass"), hub.file("ask.toml"));
    fs::write(&ask, ASK).unwrap();
    let made = hub.output(&[
        "init",
        "--name",
        "Acme",
        "--listen",
        "/ip4/127.0.0.1/tcp/0",
        "--passphrase-file",
        text(&pass),
    ]);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    hub.start();
    let _ = hub.json(&["ask", text(&ask)]);
    let link = hub.json(&["invite", "--customer", "C-17"])["link"].as_str().unwrap().to_owned();
    (hub, link)
}

/// What the hub has as the number.
fn number_at(hub: &Hub) -> String {
    hub.json(&["customers", "C-17"])["fields"]["phone.mobile"].as_str().unwrap_or_default().to_owned()
}

type Hub = Home;

/// The person follows an invitation of the hub; the DID that they have in it.
fn follow(home: &Home, hub: &Hub, customer: &str) -> String {
    let link = hub.json(&["invite", "--customer", customer])["link"].as_str().unwrap().to_owned();
    home.json(&["connect", &link])["did"].as_str().unwrap().to_owned()
}

/// The words of a home, in a file beside it.
fn words_of(home: &Home) -> PathBuf {
    let pass = home.file("pass");
    let words = home.json(&["words", "--passphrase-file", text(&pass)])["words"].as_str().unwrap().to_owned();
    let file = home.file("words");
    fs::write(&file, words + "\n").unwrap();
    file
}

/// 1. A number is set and granted, and backed up. 2. It changes, and the next backup holds what changed. 3. It changes again,
///    and the home is lost. 4. Words and folder bring it back, as it was at 2. 5. Nothing leaves, until the person resumes;
///    then the vendor has the present value, and everything goes on.
#[test]
fn a_lost_home_comes_back_from_its_words_and_a_folder_and_releases_nothing_until_it_is_resumed() {
    let (hub, link) = hub();
    let mut home = Home::person();
    home.start();
    let folder = home.file("folder");
    let _ = home.json(&["set", "phone.mobile=+442079460001"]);
    let request = home.json(&["connect", &link])["request"]["id"].as_str().unwrap().to_owned();
    let _ = home.json(&["approve", &request]);
    until("the first number", || (number_at(&hub) == "+442079460001").then_some(()));
    let full = home.json(&["backup", text(&folder)]);
    assert_eq!(full["number"], 0);
    let _ = home.json(&["set", "phone.mobile=+442079460002", "email.personal=ada@example.com"]);
    until("the second number", || (number_at(&hub) == "+442079460002").then_some(()));
    let next = home.json(&["backup", text(&folder)]);
    assert_eq!((&next["number"], &next["chain"]), (&1.into(), &full["chain"]));
    assert!(next["written"].as_u64() < full["written"].as_u64(), "{next} {full}");
    let _ = home.json(&["set", "phone.mobile=+442079460003"]);
    until("the third number", || (number_at(&hub) == "+442079460003").then_some(()));
    // A relationship that no backup knows of, under the next key.
    let lost = follow(&home, &hub, "C-18");
    let words = words_of(&home);
    home.kill();
    let chains = home.json(&["backup", "verify", text(&folder), "--words-file", text(&words)]);
    assert_eq!(chains[0]["points"].as_array().unwrap().len(), 2, "{chains}");

    let pass = home.file("pass");
    let restore = ["restore", text(&folder), "--words-file", text(&words), "--passphrase-file", text(&pass)];
    let (status, code, _) = failure(&home, &restore);
    assert_eq!((status, code.as_str()), (5, "home-exists"));
    fs::remove_dir_all(home.path()).unwrap();
    let restored = home.json(&restore);
    assert_eq!((&restored["point"], &restored["heldBack"]), (&1.into(), &1.into()));
    home.start();
    let fields = home.json(&["get"]).to_string();
    assert!(fields.contains("+442079460002") && fields.contains("ada@example.com"), "{fields}");
    let _ = home.json(&["set", "phone.mobile=+442079460004"]);
    let held = until("the vendor's word", || {
        let held = home.json(&["resume"]);
        (held[0]["state"] == "ready").then_some(held)
    });
    assert_eq!(held[0]["grants"].as_array().unwrap().len(), 1, "{held}");
    assert_eq!(number_at(&hub), "+442079460003", "nothing has left");
    let _ = home.json(&["resume", "--all"]);
    until("the present number", || (number_at(&hub) == "+442079460004").then_some(()));
    let _ = home.json(&["set", "phone.mobile=+442079460005"]);
    until("a later number", || (number_at(&hub) == "+442079460005").then_some(()));
    assert_eq!(home.output(&["audit", "verify"]).status.code(), Some(0));
    // It is backed up again, as a chain of its own: it remembers none.
    let again = home.json(&["backup", text(&folder)]);
    assert_eq!((&again["number"], again["chain"] == full["chain"]), (&0.into(), false));
    // What begins now has a key that the lost relationship did not have.
    assert_ne!(follow(&home, &hub, "C-19"), lost);
}

#[test]
fn an_earlier_point_is_restored_on_request_and_a_missing_file_is_named() {
    let mut home = Home::person();
    home.start();
    let folder = home.file("folder");
    for n in 0..3 {
        let _ = home.json(&["set", &format!("x.test.n={n}")]);
        let made = home.json(&["backup", text(&folder)]);
        assert_eq!(made["number"], n);
    }
    let same = home.json(&["backup", text(&folder)]);
    assert_eq!((&same["number"], &same["file"]), (&2.into(), &Value::Null));
    let words = words_of(&home);
    let chain = same["chain"].as_str().unwrap();
    let middle = folder.join(format!("freehold-{chain}-000001.age"));
    fs::rename(&middle, home.file("away")).unwrap();
    let verify = ["backup", "verify", text(&folder), "--words-file", text(&words)];
    let (status, code, message) = failure(&home, &verify);
    assert_eq!((status, code.as_str()), (18, "backup-incomplete"));
    assert!(message.contains("000001.age") && message.contains("--to"), "{message}");

    let pass = home.file("pass");
    let other = Home::person();
    let restore = ["restore", text(&folder), "--words-file", text(&words), "--passphrase-file", text(&pass)];
    assert_eq!(failure(&other, &restore).1, "backup-incomplete");
    assert!(!other.path().exists(), "no half of a home");
    // What a restore that was killed has left is no hindrance, and is gone afterwards.
    let half = other.file(".home.restoring");
    fs::create_dir_all(half.join("store")).unwrap();
    fs::write(half.join("store/db"), "half").unwrap();
    let earlier = [&restore[..], &["--to", "0"]].concat();
    assert_eq!(other.json(&earlier)["point"], 0);
    assert!(!half.exists());
    let mut other = other;
    other.start();
    assert!(other.json(&["get", "x.test.n"]).to_string().contains("\"0\""));
    fs::rename(home.file("away"), &middle).unwrap();
    assert_eq!(home.output(&verify).status.code(), Some(0));
    let by_passphrase = ["backup", "verify", text(&folder), "--passphrase-file", text(&pass)];
    assert_eq!(home.output(&by_passphrase).status.code(), Some(0), "the home's own words");
}

#[test]
fn wrong_words_and_wrong_folders_have_their_exit_status_and_a_sentence_without_a_word() {
    let mut home = Home::person();
    home.start();
    let _ = home.json(&["set", "x.test.n=1"]);
    let folder = home.file("folder");
    let inside = home.path().join("copies");
    assert_eq!(failure(&home, &["backup", text(&inside)]).0, 2, "in the home");
    assert_eq!(failure(&home, &["backup", text(&folder), "--recipient", "age1wrong"]).0, 2);
    let _ = home.json(&["backup", text(&folder)]);
    let (right, other) = (words_of(&home), home.file("other"));
    let words = fs::read_to_string(&right).unwrap();
    let mut shuffled: Vec<&str> = words.split_whitespace().collect();
    shuffled.rotate_left(1);
    let check = |given: &str| {
        fs::write(&other, given).unwrap();
        let verify = ["backup", "verify", text(&folder), "--words-file", text(&other)];
        let (found, found_code, message) = failure(&home, &verify);
        assert_eq!((found, found_code.as_str()), (6, "wrong-words"), "{message}");
        message
    };
    let few = check("too few");
    // 24 of the last word have a wrong sum. Good words, of another home: 23 times the first, and the one that fits.
    let said = [check(&"zoo ".repeat(24)), check(&format!("{}art", "abandon ".repeat(23)))];
    assert!(
        !few.contains("too few") && !said[0].contains("zoo") && !said[1].contains("abandon"),
        "{few} {said:?}"
    );
    // A sentence of the program has words of the list in it ("order"), so it is compared as a whole: it must not depend
    // on what was given. The sum of the words in another order fits once in 256 times.
    let shuffled = check(&shuffled.join(" "));
    assert!(said.contains(&shuffled), "{shuffled}");
    let verify = ["backup", "verify", text(&folder)];
    assert_eq!(failure(&home, &verify).1, "no-words", "nobody to ask");
    let empty = home.file("empty");
    fs::create_dir(&empty).unwrap();
    let verify = ["backup", "verify", text(&empty), "--words-file", text(&right)];
    assert_eq!(failure(&home, &verify).0, 8, "no backup there");
}

#[test]
fn the_words_alone_make_a_home_that_says_what_is_not_in_it_and_uses_no_key_again() {
    let (hub, link) = hub();
    let mut home = Home::person();
    home.start();
    let _ = home.json(&["set", "x.test.n=1"]);
    let first = home.json(&["connect", &link])["did"].clone();
    let words = words_of(&home);
    home.kill();
    let pass = home.file("pass");
    let mut other = Home::person();
    let restore = ["restore", "--words-only", "--words-file", text(&words), "--passphrase-file", text(&pass)];
    let restored = other.json(&restore);
    assert_eq!((&restored["wordsOnly"], &restored["heldBack"]), (&true.into(), &0.into()));
    assert_eq!(fs::read(words_of(&other)).unwrap(), fs::read(&words).unwrap(), "the same words");
    other.start();
    assert_eq!(other.json(&["get"]), Value::Array(Vec::new()));
    assert_ne!(first, follow(&other, &hub, "C-18"));
    let third = Home::person();
    let mut command = third.command(&restore);
    // For people: without --json.
    let plain: Vec<_> = command.get_args().filter(|word| *word != "--json").map(ToOwned::to_owned).collect();
    command = std::process::Command::new(command.get_program());
    let said = command.args(plain).output().unwrap();
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    assert!(said.contains("Back: the seed") && said.contains("Not back: your fields"), "{said}");
}

#[test]
fn a_recipient_restores_without_the_words() {
    /// The identity of 32 bytes of 0x42.
    const IDENTITY: &str = "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX";
    const RECIPIENT: &str = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj";
    let mut home = Home::person();
    home.start();
    let _ = home.json(&["set", "x.test.n=1"]);
    let folder = home.file("folder");
    let made = home.json(&["backup", text(&folder), "--recipient", RECIPIENT]);
    assert_eq!(made["recipients"][0], RECIPIENT);
    let (identity, pass) = (home.file("identity"), home.file("pass"));
    fs::write(&identity, format!("# for a test\n{IDENTITY}\n")).unwrap();
    let mut other = Home::person();
    let restored = other.json(&[
        "restore",
        text(&folder),
        "--identity",
        text(&identity),
        "--passphrase-file",
        text(&pass),
    ]);
    assert_eq!(restored["point"], 0);
    assert_eq!(fs::read(words_of(&other)).unwrap(), fs::read(words_of(&home)).unwrap());
    other.start();
    assert!(other.json(&["get", "x.test.n"]).to_string().contains("\"1\""));
}

/// How they were made stands in `tests/compat/README.md`.
#[test]
fn backups_of_earlier_versions_are_restored_at_every_point() {
    let compat = Path::new(env!("CARGO_MANIFEST_DIR")).join("compat");
    let entries = fs::read_dir(compat).unwrap().map(|entry| entry.unwrap().path());
    let backups: Vec<PathBuf> = entries.filter(|path| path.join("points").is_dir()).collect();
    assert!(!backups.is_empty());
    for backup in backups {
        for point in fs::read_dir(backup.join("points")).unwrap().map(|entry| entry.unwrap()) {
            let mut home = Home::person();
            let pass = home.file("pass");
            let number = point.file_name().into_string().unwrap();
            let (folder, words) = (backup.join("folder"), backup.join("words"));
            let restored = home.json(&[
                "restore",
                text(&folder),
                "--words-file",
                text(&words),
                "--to",
                &number,
                "--passphrase-file",
                text(&pass),
            ]);
            assert_eq!(restored["point"].to_string(), number);
            home.start();
            let held: Value = serde_json::from_slice(&fs::read(point.path()).unwrap()).unwrap();
            let held: Vec<Value> = held.as_array().unwrap().iter().map(|it| it["value"].clone()).collect();
            let found = home.json(&["get"]);
            let found: Vec<Value> = found.as_array().unwrap().iter().map(|it| it["value"].clone()).collect();
            assert_eq!(found, held, "{} {number}", backup.display());
            assert!(!held.is_empty());
            assert_eq!(home.output(&["get", "--verify"]).status.code(), Some(0));
        }
    }
}
