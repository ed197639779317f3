//! What a thief of the disk finds, and what comes of changing it.

#![expect(clippy::print_stderr, reason = "figures for whoever reads the run")]
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::fs;
use std::path::Path;

use freehold_api::hub;
use freehold_api::person::{Change, Erase, Relationships, Rotate, Set};
use freehold_crash::device::Device;
use freehold_crash::mutation::mutate;
use freehold_crash::peer::{PASSPHRASE, Peer};
use freehold_crash::search::{Needle, found, found_under};
use freehold_crash::story::Story;
use freehold_crash::{rounds, seed, skipped};

/// What the person writes: path, and values one after the other.
const WRITTEN: [(&str, &[&str]); 4] = [
    ("name.full", &["Wilhelmina Quackenbush"]),
    ("phone.mobile", &["+491701234567", "+491707654321"]),
    ("email.personal", &["wilhelmina@example.org"]),
    ("x.diary", &["slept until noon, thought of Ludwig", "rained; the roof leaks again"]),
];

fn set(node: &Peer, path: &str, value: Option<&str>) {
    let change = Change { path: path.to_owned(), value: value.map(str::to_owned) };
    node.must(&Set { changes: vec![change], source: None });
}

/// A vault whose fields were written, overwritten, unset and erased, with a vendor that got some; and what must not be
/// readable of it.
fn written(story: &mut Story) -> Vec<Needle> {
    let mut needles = vec![
        Needle::new("the vendor's name", "Acme Repairs"),
        Needle::new("the street", "Lindenweg"),
        Needle::new("a path of the story", "address.home.street"),
        Needle::new("a free path", "x.counter"),
        Needle::new("the passphrase", PASSPHRASE),
    ];
    let words = story.node.seed_words.clone().unwrap();
    let first: Vec<&str> = words.split(' ').take(4).collect();
    needles.push(Needle::new("the seed's words", &first.join(" ")));
    for (path, values) in WRITTEN {
        needles.push(Needle::new(path, path));
        for value in values {
            set(&story.node, path, Some(value));
            needles.push(Needle::new(&format!("a value of {path}"), value));
        }
    }
    set(&story.node, "name.full", None);
    story.node.must(&Erase { paths: vec!["x.diary".to_owned()] });
    for _ in 0..60 {
        let _ = story.act();
    }
    story.settle();
    for relationship in story.node.must(&Relationships {}) {
        needles.push(Needle::new("a pairwise DID", &relationship.did));
        needles.push(Needle::new("the vendor's DID", &relationship.vendor));
    }
    for rotated in story.node.must(&Rotate::default()) {
        needles.push(Needle::new("a next pairwise DID", &rotated.after));
    }
    needles
}

#[test]
fn no_value_path_vendor_or_did_is_readable_in_the_home_its_log_or_the_raw_disk() {
    let device = Device::make(192);
    let (folder, beside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let homes = device.as_ref().map_or(folder.path().to_owned(), Device::path);
    let mut story = Story::begin(&homes, beside.path(), seed("at rest"));
    story.node.kill();
    fs::create_dir(homes.join("temporary")).unwrap();
    story.node.environment = vec![("TMPDIR".to_owned(), homes.join("temporary").display().to_string())];
    story.node.start();
    let needles = written(&mut story);
    // A run that was killed leaves other bytes than one that was stopped.
    story.node.kill();
    story.node.start();
    assert!(story.node.stop().success() && story.hub.stop().success());
    let nothing: Vec<(String, Vec<String>)> = Vec::new();
    assert_eq!(found_under(&needles, story.node.home()), nothing, "the node's home");
    assert_eq!(found_under(&needles, &homes.join("temporary")), nothing, "temporary files");
    assert_eq!(found_under(&needles, &story.hub.home().join("store")), nothing, "the hub's store");
    for peer in [&story.node, &story.hub] {
        let log = fs::read(peer.log()).unwrap();
        assert!(!log.is_empty(), "there is a log");
        let none: Vec<&str> = Vec::new();
        assert_eq!(found(&needles, &log), none, "{}", peer.log().display());
    }
    let device = match device {
        Ok(device) => device,
        Err(why) => return skipped("the raw disk", &why),
    };
    // The vendor's own name and DID stand in its own configuration.
    fs::remove_dir_all(story.hub.home()).unwrap();
    let canary = Needle::new("the canary", "a canary that was written and removed");
    fs::write(homes.join("canary"), "a canary that was written and removed").unwrap();
    device.unmount();
    let image = fs::read(device.image()).unwrap();
    assert_eq!(
        found(std::slice::from_ref(&canary), &image),
        ["the canary"],
        "the search finds what is there"
    );
    let of_person: Vec<Needle> =
        needles.into_iter().filter(|needle| !needle.name.starts_with("the vendor")).collect();
    let none: Vec<&str> = Vec::new();
    assert_eq!(found(&of_person, &image), none, "the raw disk");
}

#[test]
fn changed_files_are_told_and_never_served_and_the_rest_is_readable() {
    let seed = seed("changed files");
    let outcome = mutate(rounds(400, 20_000), seed);
    eprintln!(
        "{} changes: {} told at opening, {} at reading with {} records readable beside, {} harmless",
        outcome.mutations, outcome.told_at_open, outcome.told_at_read, outcome.read_beside, outcome.harmless
    );
    assert!(outcome.served.is_empty(), "seed {seed}: {:#?}", outcome.served);
    assert!(outcome.told_at_open > 0, "{outcome:?}");
}

/// 1. Both run at the most talkative level through the whole story, with mistakes in it. 2. No line of either log
///    holds a value, the passphrase or the seed.
#[test]
fn no_line_of_any_log_holds_a_value_a_passphrase_or_a_key() {
    let dir = tempfile::tempdir().unwrap();
    let mut story = Story::begin(dir.path(), dir.path(), seed("log stream"));
    for peer in [&mut story.node, &mut story.hub] {
        peer.kill();
        peer.words = vec!["--log".to_owned(), "trace".to_owned()];
        peer.start();
    }
    let mut needles = written(&mut story);
    mistakes(&story, &mut needles);
    story.node.kill();
    story.hub.kill();
    story.node.start();
    story.hub.start();
    story.settle();
    assert!(story.node.stop().success() && story.hub.stop().success());
    needles.retain(|needle| needle.name.contains("value") || needle.name.contains("street"));
    needles.retain(|needle| !needle.name.contains("path"));
    needles.push(Needle::new("the passphrase", PASSPHRASE));
    let words = story.node.seed_words.clone().unwrap();
    needles.extend(
        words.split(' ').collect::<Vec<_>>().windows(3).map(|words| Needle::new("words", &words.join(" "))),
    );
    for peer in [&story.node, &story.hub] {
        let log = fs::read_to_string(peer.log()).unwrap();
        let (lines, trace) = (log.lines().count(), log.matches(" TRACE ").count());
        assert!(trace > 100, "{lines} lines, of which {trace} at trace");
        for (at, line) in log.lines().enumerate() {
            let found = found(&needles, line.as_bytes());
            assert!(found.is_empty(), "{}:{}: {found:?} in: {line}", peer.log().display(), at + 1);
        }
        eprintln!("{}: {lines} lines, {trace} at trace", peer.log().file_name().unwrap().display());
    }
}

/// What a person and a vendor get wrong, with values in it.
fn mistakes(story: &Story, needles: &mut Vec<Needle>) {
    let wrong = "0049 not a number 1701234";
    needles.push(Needle::new("a wrong value", wrong));
    let change = Change { path: "phone.mobile".to_owned(), value: Some(wrong.to_owned()) };
    story.node.call(&Set { changes: vec![change], source: None }).unwrap_err();
    let card =
        "BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Wilhelmina Quackenbush\r\nTEL:call me maybe 0815\r\nEND:VCARD\r\n";
    needles.push(Needle::new("a value of a card", "call me maybe 0815"));
    let card = card.as_bytes().to_vec();
    let import = freehold_api::person::Import { card, ..freehold_api::person::Import::default() };
    let _ = story.node.call(&import);
    let paths = vec!["x.secret".to_owned()];
    let read = hub::Read { customer: "C-4711".to_owned(), paths, purpose: "Marketing".to_owned() };
    story.hub.call(&read).unwrap_err();
    story
        .hub
        .call(&hub::Ask { toml: "title = \"call me maybe 0815\"\nbroken".to_owned(), file: None })
        .unwrap_err();
    for peer in [&story.node, &story.hub] {
        assert!(!peer.run(&["run", "--passphrase-file", "/dev/null"]).status.success());
    }
    assert!(Path::new("/dev/null").exists());
}
