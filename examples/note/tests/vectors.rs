//! Every vector of `specs/examples/note.md` is read, and says what the code says.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::fs;
use std::path::{Path, PathBuf};

use freehold_example_note::{NOTE, Note, SEEN, Seen};
use freehold_protocol::cbor;
use freehold_protocol::code::Code;
use serde_json::Value;

fn specs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../specs/examples")
}

fn vectors(verdict: &str) -> Vec<(String, Value)> {
    let folder = fs::read_dir(specs().join("vectors").join(verdict)).unwrap();
    let mut files: Vec<PathBuf> = folder.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let read = |path: PathBuf| {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let vector: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        assert_eq!(
            (&vector["page"], &vector["verdict"]),
            (&"examples/note".into(), &verdict.into()),
            "{name}"
        );
        (name, vector)
    };
    files.into_iter().map(read).collect()
}

fn bytes(hex: &Value) -> Vec<u8> {
    let hex = hex.as_str().unwrap();
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

fn decode(vector: &Value) -> Result<(), Code> {
    let body = bytes(&vector["body"]);
    match vector["type"].as_str().unwrap() {
        NOTE => Note::decode(&body).map(|note| assert_eq!(vector["value"]["text"], note.text.as_str())),
        SEEN => Seen::decode(&body).map(|_| ()),
        other => panic!("{other} is no type of the family"),
    }
}

#[test]
fn what_is_to_be_accepted_is_accepted_and_has_these_bytes() {
    let vectors = vectors("accept");
    assert!(vectors.len() >= 4);
    for (name, vector) in vectors {
        assert_eq!(decode(&vector), Ok(()), "{name}");
        assert_eq!(cbor::from_plain(&vector["value"]).unwrap(), bytes(&vector["body"]), "{name}");
    }
}

#[test]
fn what_is_to_be_rejected_is_rejected_with_its_code() {
    let vectors = vectors("reject");
    assert!(vectors.len() >= 8);
    for (name, vector) in vectors {
        let code = decode(&vector).expect_err(&name);
        assert_eq!(u64::from(code.number()), vector["code"].as_u64().unwrap(), "{name}");
    }
}

#[test]
fn the_bytes_of_the_page_are_vectors() {
    let page = fs::read_to_string(specs().join("note.md")).unwrap();
    for name in ["note", "seen"] {
        let (_, vector) = vectors("accept").into_iter().find(|(file, _)| file == name).unwrap();
        assert!(page.contains(vector["body"].as_str().unwrap()), "{name}");
    }
}

/// The example proves something only while nothing below it knows of it.
#[test]
fn no_core_crate_names_the_family() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut folders: Vec<PathBuf> = ["protocol", "crates", "node"].map(|name| root.join(name)).to_vec();
    let mut read = 0;
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            // The table of arrows has a row for every crate.
            if path.is_dir() && !path.ends_with("target") && !path.ends_with("xtask") {
                folders.push(path);
            } else if path.extension().is_some_and(|kind| kind == "rs" || kind == "toml") {
                let text = fs::read_to_string(&path).unwrap();
                for name in ["example-note", "example_note", "note::Person", "note::Vendor"] {
                    assert!(!text.contains(name), "{} names {name}", path.display());
                }
                read += 1;
            }
        }
    }
    assert!(read > 100, "{read} files were read");
}
