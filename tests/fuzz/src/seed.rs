//! Where inputs begin: the specification's vectors, and inputs that once found something.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::Target;

fn folder(below: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(below)
}

/// The inputs that a target begins with, in a fixed order.
///
/// # Panics
/// When the vectors cannot be read.
#[must_use]
pub fn seeds(target: &Target) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    for place in files(&folder("../../specs/vectors")) {
        if place.extension().is_some_and(|kind| kind == "json") {
            let text = fs::read(&place).unwrap_or_else(|e| panic!("{}: {e}", place.display()));
            let vector: Value =
                serde_json::from_slice(&text).unwrap_or_else(|e| panic!("{}: {e}", place.display()));
            let check = vector["input"]["check"].as_str().unwrap_or("sequence");
            if target.checks.contains(&check) {
                texts(&vector, &mut found);
            }
        }
    }
    // What a corpus holds stands as it is.
    found.extend(files(&folder("corpus").join(target.name)).iter().filter_map(|place| fs::read(place).ok()));
    found.sort();
    found.dedup();
    found
}

/// Every file below a folder, sorted; none where there is no folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut found: Vec<PathBuf> = entries
        .filter_map(Result::ok)
        .flat_map(|entry| if entry.path().is_dir() { files(&entry.path()) } else { vec![entry.path()] })
        .collect();
    found.sort();
    found
}

/// Every text in a vector: bytes where it is hexadecimal digits, else itself.
fn texts(value: &Value, found: &mut Vec<Vec<u8>>) {
    match value {
        Value::String(text) => found.push(unhex(text).unwrap_or_else(|| text.clone().into_bytes())),
        Value::Array(list) => list.iter().for_each(|one| texts(one, found)),
        Value::Object(members) => members.values().for_each(|one| texts(one, found)),
        _ => {}
    }
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits =
        text.len() >= 2 && text.len().is_multiple_of(2) && text.bytes().all(|b| b.is_ascii_hexdigit());
    digits.then(|| {
        (0..text.len()).step_by(2).filter_map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok()).collect()
    })
}
