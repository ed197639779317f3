//! One file: its input, what it expects, and which of its steps were compared.

use std::collections::BTreeSet;
use std::fs;

use freehold_protocol::code::Code;
use freehold_tests::own_vectors;
use serde_json::Value;

/// What the code said: taken, or refused with the code, where there is one.
pub(crate) type Verdict = Result<(), Option<Code>>;

pub(crate) struct Case {
    place: String,
    file: Value,
    compared: BTreeSet<String>,
    failures: Vec<String>,
}

pub(crate) fn load(place: &str) -> Value {
    let text =
        fs::read_to_string(own_vectors::folder().join(place)).unwrap_or_else(|e| panic!("{place}: {e}"));
    let file: Value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{place}: {e}"));
    for member in ["description", "rule"] {
        assert!(file[member].as_str().is_some_and(|text| !text.is_empty()), "{place} has no {member}");
    }
    file
}

impl Case {
    pub(crate) fn read(place: &str) -> Self {
        let file = load(place);
        let verdict = file["expect"]["verdict"].as_str().unwrap_or_default();
        assert_eq!(place.split('/').nth(1), Some(verdict), "{place} lies in the folder of its verdict");
        Self { place: place.to_owned(), file, compared: BTreeSet::new(), failures: Vec::new() }
    }

    pub(crate) fn place(&self) -> &str {
        &self.place
    }

    pub(crate) fn check(&self) -> String {
        self.file["input"]["check"].as_str().unwrap_or_default().to_owned()
    }

    pub(crate) fn input(&self) -> Value {
        self.file["input"].clone()
    }

    /// A step to go on from, where there is one.
    pub(crate) fn step(&self, name: &str) -> Option<Value> {
        self.file["steps"].get(name).cloned()
    }

    /// Compares a step, if the file has it.
    pub(crate) fn same(&mut self, name: &str, got: impl Into<Value>) {
        let got = got.into();
        let Some(wanted) = self.step(name) else { return };
        self.compared.insert(name.to_owned());
        if got != wanted {
            self.failures.push(format!("{}: {name} is {got}, not {wanted}", self.place));
        }
    }

    /// Compares bytes with a step in hexadecimal.
    pub(crate) fn same_bytes(&mut self, name: &str, got: &[u8]) {
        self.same(name, hex(got));
    }

    /// What did not fit: values on the way, the verdict, and steps that nothing compared.
    pub(crate) fn failures(mut self, verdict: &Verdict) -> Vec<String> {
        let got = match verdict {
            Ok(()) => serde_json::json!({"verdict": "accept"}),
            Err(None) => serde_json::json!({"verdict": "reject"}),
            Err(Some(code)) => {
                serde_json::json!({"verdict": "reject", "code": code.number(), "slug": code.slug()})
            }
        };
        if got != self.file["expect"] {
            self.failures.push(format!("{}: {got}, not {}", self.place, self.file["expect"]));
        }
        let steps = self.file["steps"].as_object().cloned().unwrap_or_default();
        let skipped = steps.keys().filter(|name| !self.compared.contains(*name));
        let skipped: Vec<String> =
            skipped.map(|name| format!("{}: nothing compares {name}", self.place)).collect();
        self.failures.extend(skipped);
        self.failures
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A code of the registry as a verdict.
pub(crate) fn coded<T>(result: Result<T, Code>) -> Verdict {
    result.map(|_| ()).map_err(Some)
}

/// A refusal that has no code.
pub(crate) fn plain<T, E>(result: Result<T, E>) -> Verdict {
    result.map(|_| ()).map_err(|_| None)
}
