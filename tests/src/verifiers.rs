//! Verifiers that others wrote. Of credentials: `openvc-core` and `did-webvh`, two Python libraries that share no code
//! for canonicalization or signatures. Of forms: `cddl-verifier` with `dag-cbor`, and `jsonschema`.
//!
//! `tests/interop/verify/` and `schema/` hold the pins and the programs; this starts them, offline. The first call of a
//! machine installs the libraries under `target/`, which takes some 20 seconds each.

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use serde_json::Value;

/// What one library said about a credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The library's name on its registry.
    pub library: String,
    /// Whether every proof of the credential verified.
    pub verified: bool,
    /// The verification methods in the order of the proofs, separated by spaces; or why it was refused.
    pub detail: String,
}

/// What the verifiers are told besides the credential.
#[derive(Debug, Clone, Default)]
pub struct Circumstances {
    /// DID documents (JSON) of the `did:web` DIDs that the proofs name; a `did:key` needs none.
    pub did_documents: Vec<String>,
    /// The time, in RFC 3339, that validity is judged by; the present by default.
    pub at: Option<String>,
}

/// The verdict of each library on a credential whose proofs name `did:key` methods.
///
/// # Panics
/// When the verifiers cannot be installed or started.
#[must_use]
pub fn verify(credential_json: &str) -> Vec<Verdict> {
    verify_in(credential_json, &Circumstances::default())
}

/// The verdict of each library under given circumstances.
///
/// # Panics
/// When the verifiers cannot be installed or started.
#[must_use]
pub fn verify_in(credential_json: &str, circumstances: &Circumstances) -> Vec<Verdict> {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let write = |name: String, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).expect("a temporary file can be written");
        path.into_os_string()
    };
    let mut arguments: Vec<OsString> = Vec::new();
    for (index, document) in circumstances.did_documents.iter().enumerate() {
        arguments.extend(["--did-document".into(), write(format!("did-{index}.json"), document)]);
    }
    if let Some(at) = &circumstances.at {
        arguments.extend(["--at".into(), at.into()]);
    }
    arguments.push(write("credential.json".to_owned(), credential_json));

    let output =
        run(Command::new(python("verify")).arg(interop().join("verify/verify.py")).args(arguments), &[0, 1]);
    let verdicts: Vec<Verdict> = output.lines().map(verdict).collect();
    assert_eq!(verdicts.len(), 2, "two libraries answer");
    verdicts
}

/// The Python that has the libraries of a program; installs them where they are missing, and looks once a process.
pub(crate) fn python(name: &'static str) -> PathBuf {
    static PYTHONS: Mutex<BTreeMap<&str, PathBuf>> = Mutex::new(BTreeMap::new());
    let mut pythons = PYTHONS.lock().unwrap_or_else(PoisonError::into_inner);
    let install = || {
        let requirements = interop().join(name).join("requirements.txt");
        let home = target().join(format!("{name}-venv"));
        let install = interop().join("install.py");
        PathBuf::from(run(Command::new("python3").arg(install).arg(requirements).arg(home), &[0]).trim())
    };
    pythons.entry(name).or_insert_with(install).clone()
}

/// Holds items of the wire against the CDDL and the JSON Schemas of `specs/`; see `tests/interop/schema/check.py` for
/// their form, one JSON object a line. Gives how many were judged as they say.
///
/// # Panics
/// When an item was judged otherwise, with what was said of it.
#[must_use]
pub fn check_items(items: &Path) -> usize {
    check_items_of(&interop().join("../../specs"), items)
}

/// The same against the rules of another folder, which is laid out as `specs/` is.
///
/// # Panics
/// As [`check_items`].
#[must_use]
pub fn check_items_of(specs: &Path, items: &Path) -> usize {
    let check = interop().join("schema/check.py");
    let said = run(Command::new(python("schema")).arg(check).arg("--specs").arg(specs).arg(items), &[0, 1]);
    let last = said.lines().last().unwrap_or_default();
    let passed = last.strip_suffix(" passed, 0 failed").and_then(|count| count.parse().ok());
    passed.unwrap_or_else(|| panic!("{said}"))
}

pub(crate) fn run(command: &mut Command, expected: &[i32]) -> String {
    let output = command.output().unwrap_or_else(|e| panic!("cannot start {command:?}: {e}"));
    let code = output.status.code().unwrap_or(-1);
    assert!(
        expected.contains(&code),
        "{command:?} ended with {code}; `cargo xtask test` installs what it needs\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("the verifiers print UTF-8")
}

fn verdict(line: &str) -> Verdict {
    let value: Value = serde_json::from_str(line).expect("the verifiers print a JSON object a line");
    let text = |name: &str| value[name].as_str().expect("the verifiers name library and detail").to_owned();
    Verdict {
        library: text("library"),
        verified: value["verified"].as_bool().expect("the verifiers print a verdict"),
        detail: text("detail"),
    }
}

pub(crate) fn interop() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("interop")
}

/// Cargo's target folder: the one named in the environment or the workspace's own.
pub(crate) fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../target"), PathBuf::from)
}
