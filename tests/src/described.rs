//! Whether a served interface is as its OpenAPI document says, by a program that others wrote: schemathesis.
//!
//! It makes calls from the document's forms, right ones and wrong ones, and holds each answer against the document.
//! `tests/interop/openapi/` holds the pins, and what is tried of whose interface.

use std::path::Path;
use std::process::Command;

use crate::verifiers::{interop, python};

/// Calls of each operation that are made by chance; the boundaries of its forms are tried besides.
const EXAMPLES: u32 = 5;

/// As many of them when minutes are allowed.
const EXAMPLES_LONG: u32 = 200;

/// Where chance begins.
const SEED: u32 = 1;

/// Calls everything that a document describes, at a URL below which its paths are, with a token that may do all of it; but not the
/// operations of these ids. `whose` names the file of what is tried. Gives how many calls were made.
///
/// # Panics
/// With what was said, when an answer was a server's error or none that the document knows, when something wrong was taken, or when a
/// call without the token was.
pub fn check(whose: &str, document: &Path, url: &str, token: &str, without: &[&str]) -> usize {
    let reports = tempfile::tempdir().expect("a folder");
    let report = reports.path().join("report.ndjson");
    let examples = if std::env::var_os("FREEHOLD_LONG").is_some() { EXAMPLES_LONG } else { EXAMPLES };
    let mut run = Command::new(python("openapi"));
    run.args(["-m", "schemathesis.cli", "--config-file"])
        .arg(interop().join("openapi").join(whose).with_extension("toml"))
        .arg("run")
        .arg(document)
        .args(["--url", url])
        .args(["--header", &format!("Authorization: Bearer {token}")])
        .args(["--max-examples", &examples.to_string(), "--seed", &SEED.to_string()])
        .args(without.iter().flat_map(|id| ["--exclude-operation-id", id]))
        .args(["--report", "ndjson", "--report-ndjson-path"])
        .arg(&report)
        .current_dir(reports.path())
        .env("NO_COLOR", "1");
    let output = run.output().expect("schemathesis starts");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    let report = std::fs::read_to_string(report).expect("a report");
    report.matches("\"status_code\"").count()
}
