//! `cargo run -p freehold-tests --bin vectors`: writes `specs/vectors` from fixed seeds and fixed times.
//!
//! With `--check` nothing is written: every file must be there, byte for byte, and no other. Files that stand
//! under `specs/vectors` and are not made here fail too, so that nothing old stays behind.

mod audit;
mod connect;
mod craft;
mod data;
mod encoding;
mod identity;
mod invitation;
mod mailbox;
mod paper;
mod sequences;
mod session;
mod vector;
mod vocabulary;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::ExitCode;

use clap::Parser;
use freehold_tests::own_vectors;

use crate::vector::Vector;

#[derive(Parser)]
#[command(name = "vectors", about = "Writes the test vectors of the specification")]
struct Arguments {
    /// Write nothing; fail when a file is missing, differs or is one too many.
    #[arg(long)]
    check: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let made = made();
    let folder = own_vectors::folder();
    let failures = if arguments.check { differences(&made, &folder) } else { write(&made, &folder) };
    for failure in &failures {
        // A closed pipe leaves nobody to tell.
        let _ = writeln!(io::stderr(), "{failure}");
    }
    if failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Every file by its place.
fn made() -> BTreeMap<String, String> {
    let pages: [Vec<Vector>; 10] = [
        encoding::vectors(),
        identity::vectors(),
        session::vectors(),
        mailbox::vectors(),
        connect::vectors(),
        data::vectors(),
        invitation::vectors(),
        vocabulary::vectors(),
        audit::vectors(),
        sequences::vectors(),
    ];
    let mut made = BTreeMap::new();
    for vector in pages.into_iter().flatten() {
        let earlier = made.insert(vector.place().to_owned(), vector.text());
        assert!(earlier.is_none(), "two vectors are called {}", vector.place());
    }
    made
}

fn differences(made: &BTreeMap<String, String>, folder: &Path) -> Vec<String> {
    let there: BTreeSet<String> = own_vectors::files().into_iter().collect();
    let mut failures: Vec<String> = there
        .iter()
        .filter(|place| !made.contains_key(*place))
        .map(|place| format!("{place} is not made"))
        .collect();
    for (place, text) in made {
        match fs::read_to_string(folder.join(place)) {
            Ok(found) if found == *text => {}
            Ok(_) => failures.push(format!("{place} differs")),
            Err(error) => failures.push(format!("{place}: {error}")),
        }
    }
    failures
}

fn write(made: &BTreeMap<String, String>, folder: &Path) -> Vec<String> {
    let old = own_vectors::files().into_iter().filter(|place| !made.contains_key(place));
    let removed =
        old.filter_map(|place| fs::remove_file(folder.join(&place)).err().map(|e| format!("{place}: {e}")));
    let mut failures: Vec<String> = removed.collect();
    for (place, text) in made {
        let path = folder.join(place);
        let parent = path.parent().unwrap_or(folder);
        if let Err(error) = fs::create_dir_all(parent).and_then(|()| fs::write(&path, text)) {
            failures.push(format!("{place}: {error}"));
        }
    }
    failures
}
