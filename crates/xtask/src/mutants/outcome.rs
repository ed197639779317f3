//! What cargo-mutants reports, counted.

use std::collections::BTreeMap;

use serde_json::Value;

/// A mutant without its line: the file and what was changed.
pub(super) type Name = String;

/// What became of the mutants of a run.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Outcome {
    caught: usize,
    timed_out: usize,
    unviable: usize,
    /// Those that survived, as cargo-mutants names them, with their lines.
    pub(super) survivors: Vec<String>,
}

impl Outcome {
    /// How many were noticed.
    pub(super) fn noticed(&self) -> usize {
        self.caught + self.timed_out
    }

    /// How many were not.
    pub(super) fn missed(&self) -> usize {
        self.survivors.len()
    }

    /// How often a mutant of each name survived.
    pub(super) fn survived(&self) -> BTreeMap<Name, usize> {
        let mut survived = BTreeMap::new();
        for name in self.survivors.iter().filter_map(|name| without_line(name)) {
            *survived.entry(name).or_default() += 1;
        }
        survived
    }

    /// What has become of the mutants once those that survived were tried again.
    pub(super) fn then(mut self, again: Self) -> Self {
        self.caught += again.caught;
        self.timed_out += again.timed_out;
        self.unviable += again.unviable;
        self.survivors = again.survivors;
        self
    }

    pub(super) fn told(&self) -> String {
        format!(
            "{} caught, {} of them by the time limit, {} survived, {} cannot be built",
            self.noticed(),
            self.timed_out,
            self.missed(),
            self.unviable,
        )
    }
}

/// Reads the report of cargo-mutants; `None` when the code does not pass its tests as it is.
pub(super) fn outcome(report: &Value, counted: Option<&[&str]>) -> Option<Outcome> {
    let mut outcome = Outcome::default();
    for tested in report["outcomes"].as_array()? {
        let Some(name) = tested["scenario"]["Mutant"]["name"].as_str() else {
            if tested["summary"] != "Success" {
                return None;
            }
            continue;
        };
        if counted.is_some_and(|counted| !counted.contains(&name)) {
            continue;
        }
        match tested["summary"].as_str()? {
            "CaughtMutant" => outcome.caught += 1,
            "Timeout" => outcome.timed_out += 1,
            "Unviable" => outcome.unviable += 1,
            "MissedMutant" => outcome.survivors.push(name.to_owned()),
            _ => return None,
        }
    }
    Some(outcome)
}

/// `file:line:column: what` without the numbers, which move.
fn without_line(name: &str) -> Option<Name> {
    let mut parts = name.splitn(4, ':');
    let (file, _, _, what) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    Some(format!("{file}:{what}"))
}
