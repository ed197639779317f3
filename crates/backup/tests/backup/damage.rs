//! Whatever was done to the files of a backup is told, with a code; nothing that was not backed up is ever given back.

use std::fs;
use std::path::{Path, PathBuf};

use freehold_backup::{Backup, Choice, Wish, verify};

use crate::home::{Home, files_of, key};

/// What a damaged backup may be called. Never `store-failed` or success.
const CODES: [&str; 4] = ["backup-damaged", "backup-incomplete", "backup-format", "wrong-words"];

/// A home with a full backup and two files after it, small ones.
fn three_points() -> Home {
    points(3)
}

fn points(count: u64) -> Home {
    let home = Home::new();
    for number in 0..count {
        home.write(move |txn| txn.put_erasable(key(number), format!("value {number}")));
        home.back_up();
    }
    home
}

fn files(home: &Home) -> Vec<PathBuf> {
    files_of(home.folder())
}

/// The code with which it is refused.
fn refused(home: &Home, what: &str) -> &'static str {
    let error = verify(home.folder(), &home.opener()).map(drop).expect_err(what);
    let code = error.code();
    assert!(CODES.contains(&code), "{what}: {code} {error}");
    let opened = Backup::open(home.folder(), &home.opener(), &Choice::default()).map(drop);
    assert_eq!(opened.expect_err(what).code(), code, "{what}");
    code
}

fn name(file: &Path) -> String {
    file.file_name().unwrap().to_string_lossy().into_owned()
}

#[test]
fn every_flipped_bit_of_every_file_is_told() {
    let home = points(2);
    let mut flips = 0;
    for file in files(&home) {
        let whole = fs::read(&file).unwrap();
        for at in 0..whole.len() {
            for bit in 0..8 {
                let mut bytes = whole.clone();
                bytes[at] ^= 1 << bit;
                fs::write(&file, bytes).unwrap();
                let error = verify(home.folder(), &home.opener()).map(drop);
                let code = error.expect_err("a flipped bit passed").code();
                // The head may then say that more files are missing; nothing is taken for wrong words.
                let is_told = ["backup-damaged", "backup-format", "backup-incomplete"].contains(&code);
                assert!(is_told, "{} {at} {bit}: {code}", name(&file));
                flips += 1;
            }
        }
        fs::write(&file, &whole).unwrap();
    }
    assert!(flips > 8_000, "{flips}");
    assert_eq!(verify(home.folder(), &home.opener()).unwrap()[0].points.len(), 2);
}

#[test]
fn a_file_cut_at_any_length_or_with_something_after_it_is_told() {
    let home = three_points();
    for file in files(&home) {
        let whole = fs::read(&file).unwrap();
        for length in 0..whole.len() {
            fs::write(&file, &whole[..length]).unwrap();
            refused(&home, &format!("{} cut to {length}", name(&file)));
        }
        for more in [&b"\n"[..], &[0], &whole] {
            fs::write(&file, [&whole, more].concat()).unwrap();
            refused(&home, &format!("{} with more", name(&file)));
        }
        fs::write(&file, &whole).unwrap();
    }
}

#[test]
fn a_missing_file_is_named_and_an_earlier_point_can_be_restored() {
    let home = three_points();
    for (at, file) in files(&home).into_iter().enumerate() {
        let whole = fs::read(&file).unwrap();
        fs::remove_file(&file).unwrap();
        assert_eq!(refused(&home, "missing"), "backup-incomplete");
        let error = verify(home.folder(), &home.opener()).unwrap_err();
        assert!(error.to_string().contains(&name(&file)), "{error}");
        // The head is the last by name; the files before a missing one are a whole chain up to there.
        if at > 0 {
            assert_eq!(home.restored(Some(at.min(3) as u64 - 1)).len(), at.min(3));
        }
        fs::write(&file, whole).unwrap();
    }
}

#[test]
fn files_that_change_places_or_come_from_elsewhere_are_told() {
    let home = three_points();
    let files = files(&home);
    for (first, second) in [(0, 1), (1, 2), (0, 2)] {
        let (a, b) = (fs::read(&files[first]).unwrap(), fs::read(&files[second]).unwrap());
        fs::write(&files[first], &b).unwrap();
        fs::write(&files[second], &a).unwrap();
        assert_eq!(refused(&home, "swapped"), "backup-damaged");
        fs::write(&files[second], &b).unwrap();
        assert_eq!(refused(&home, "doubled"), "backup-damaged");
        fs::write(&files[first], &a).unwrap();
    }
    // A file of the same number: of the same home's other chain, of another home, of the same chain gone on elsewhere.
    let other = home.copied();
    other.write(|txn| txn.put_erasable(key(9), "elsewhere"));
    let branch = other.back_up();
    let elsewhere = home.try_back_up(&home.path().join("../second"), &Wish::default()).unwrap();
    let stranger = three_points();
    let foreign = [
        (0, elsewhere.file.unwrap()),
        (0, files_of(stranger.folder())[0].clone()),
        (2, files_of(stranger.folder())[2].clone()),
    ];
    for (at, from) in foreign {
        let whole = fs::read(&files[at]).unwrap();
        fs::copy(&from, &files[at]).unwrap();
        assert_eq!(refused(&home, "foreign"), "backup-damaged");
        fs::write(&files[at], whole).unwrap();
    }
    assert_eq!(branch.number, 3);
    home.write(|txn| txn.put_erasable(key(8), "here"));
    home.back_up();
    home.write(|txn| txn.put_erasable(key(8), "here, later"));
    home.back_up();
    let branched = branch.file.unwrap();
    fs::copy(&branched, home.folder().join(name(&branched))).unwrap();
    assert_eq!(refused(&home, "branched"), "backup-damaged");
}

#[test]
fn a_head_that_is_not_the_chains_own_is_told() {
    let home = three_points();
    let head = files(&home).pop().unwrap();
    let whole = fs::read(&head).unwrap();
    home.write(|txn| txn.put_erasable(key(5), "more"));
    home.back_up();
    home.write(|txn| txn.put_erasable(key(6), "more"));
    home.back_up();
    let present = fs::read(&head).unwrap();
    fs::write(&head, &whole).unwrap();
    assert_eq!(refused(&home, "an older head"), "backup-damaged");
    fs::write(&head, String::from_utf8(present).unwrap().replace("\"version\":1", "\"version\":2")).unwrap();
    assert_eq!(refused(&home, "a newer head"), "backup-format");
}
