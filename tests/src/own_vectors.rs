//! Where this project's own vectors lie: `specs/vectors`.

use std::fs;
use std::path::{Path, PathBuf};

/// The folder.
#[must_use]
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../specs/vectors")
}

/// Every JSON file in it, as a path below it with `/`, sorted.
///
/// # Panics
/// When a folder cannot be read.
#[must_use]
pub fn files() -> Vec<String> {
    let mut found = Vec::new();
    walk(&folder(), "", &mut found);
    found.sort();
    found
}

fn walk(folder: &Path, below: &str, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display())) {
        let entry = entry.expect("a folder's entry can be read");
        let name = format!("{below}{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            walk(&entry.path(), &format!("{name}/"), found);
        } else if name.ends_with(".json") {
            found.push(name);
        }
    }
}
