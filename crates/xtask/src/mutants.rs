//! `cargo xtask mutants`: cargo-mutants changes the critical code, one place at a time, and the tests have to notice.
//!
//! What survives must stand in `mutants.txt` beside this crate, with the reason why no test can or need notice it; and what
//! stands there must survive. Of all other code `--sample` tries a part that a seed draws, crate by crate.

mod outcome;
mod sample;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::demand;
use crate::mutants::outcome::{Name, Outcome, outcome};
use crate::step::Workspace;

/// The code on which everything rests: the gate, signatures, codecs, the audit log and sequences. Each crate with its
/// files; no file means all.
pub(crate) const CRITICAL: [(&str, &str, &[&str]); 6] = [
    (
        "freehold-protocol",
        "protocol",
        &[
            "audit.rs",
            "cbor.rs",
            "cbor/plain.rs",
            "cose.rs",
            "data.rs",
            "disclosure.rs",
            "document.rs",
            "document/agreement.rs",
            "document/ending.rs",
            "document/rotation.rs",
            "document/vendor_rotation.rs",
            "frame.rs",
            "identity.rs",
            "intake.rs",
            "json.rs",
            "mailbox.rs",
            "message.rs",
            "path.rs",
            "proof.rs",
            "read.rs",
            "release.rs",
            "session.rs",
        ],
    ),
    ("freehold-transport", "crates/transport", &["framing.rs"]),
    ("freehold-store", "crates/store", &["seal.rs", "txn.rs", "witness.rs", "writer.rs"]),
    ("freehold-mailbox", "crates/mailbox", &["queue.rs"]),
    ("freehold-vault", "crates/vault", &["audit.rs", "fields/version.rs"]),
    ("freehold-person", "crates/person", &["outgoing.rs", "revoke.rs", "task/gate.rs"]),
];

/// The list of what may survive.
const SURVIVORS: &str = "crates/xtask/mutants.txt";
/// Longest that the tests of one mutant may take, in seconds; one that never ends is noticed by this.
const TEST_SECONDS_MAX: &str = "120";
const BUILD_SECONDS_MAX: &str = "600";
/// A crate's own tests, as `cargo test` takes them.
const OWN_TESTS: [&str; 1] = ["--tests"];

/// What is chosen of the critical code.
pub(crate) struct Choice {
    /// One crate's name.
    pub(crate) package: Option<String>,
    /// One file, by the end of its path.
    pub(crate) file: Option<String>,
    /// One part of several, as cargo-mutants takes it: `1/4`.
    pub(crate) shard: Option<String>,
    /// So many mutants of each crate's other code, in place of the critical code.
    pub(crate) sample: Option<usize>,
    /// What draws them.
    pub(crate) seed: u64,
}

/// What is changed of one crate, and what has to notice.
struct Target<'a> {
    package: &'a str,
    /// Packages beside its own whose tests have to notice too.
    tested_by: &'a [&'a str],
    /// Which of the tests: arguments of `cargo test`.
    tests: &'a [&'a str],
    /// What chooses the mutants: arguments of cargo-mutants.
    chosen: Vec<String>,
    /// Those that count, where some are tried that were not chosen: cargo-mutants takes the deletion of a field with
    /// whatever is chosen of its function.
    counted: Option<&'a [&'a str]>,
}

pub(crate) fn run(workspace: &Workspace, choice: &Choice) -> bool {
    let Some(tool) = demand::cargo_mutants(workspace) else { return false };
    let listed = match fs::read_to_string(workspace.root.join(SURVIVORS)).map(|text| read(&text)) {
        Ok(Ok(listed)) => listed,
        Ok(Err(error)) => return refuse(&format!("{SURVIVORS}: {error}")),
        Err(error) => return refuse(&format!("{SURVIVORS}: {error}")),
    };
    if let Some(count) = choice.sample {
        return sample::run(workspace, &tool, choice, count);
    }
    let mut passed = true;
    for (package, folder, files) in CRITICAL {
        if choice.package.as_ref().is_some_and(|chosen| chosen != package) {
            continue;
        }
        let files: Vec<String> = files
            .iter()
            .map(|file| format!("{folder}/src/{file}"))
            .filter(|file| choice.file.as_ref().is_none_or(|chosen| file.ends_with(chosen)))
            .collect();
        if files.is_empty() {
            continue;
        }
        let named = files.iter().flat_map(|file| ["--file".to_owned(), file.clone()]);
        let part = choice.shard.iter().flat_map(|shard| ["--shard".to_owned(), shard.clone()]);
        let chosen = named.chain(part).collect();
        let target = Target { package, tested_by: &[], tests: &OWN_TESTS, chosen, counted: None };
        let Some(outcome) = test(workspace, &tool, &target) else {
            return refuse(&format!("{package}: its mutants could not be tested"));
        };
        println!("{package}: {}", outcome.told());
        let failures = judge(&outcome, &listed, &files, choice.shard.is_none());
        failures.iter().for_each(|failure| println!("{failure}"));
        passed &= failures.is_empty();
    }
    passed
}

fn refuse(why: &str) -> bool {
    println!("{why}");
    false
}

/// For a crate whose work shows only in a whole engine: the tests that play a story with engines in one process.
fn stories(package: &str) -> Option<(&'static [&'static str], &'static [&'static str])> {
    const STORIES: [&str; 7] =
        ["--lib", "--test", "story", "--test", "restored", "--test", "vendor_rotation"];
    let whole = ["freehold-link", "freehold-person", "freehold-hub"].contains(&package);
    whole.then_some((&["freehold-tests"], &STORIES))
}

/// Tests mutants of one crate.
fn test(workspace: &Workspace, tool: &Path, target: &Target<'_>) -> Option<Outcome> {
    let Target { package, tested_by, tests, chosen, counted } = target;
    let place = workspace.target.join("mutants").join(package);
    fs::create_dir_all(&place).ok()?;
    let report = place.join("mutants.out/outcomes.json");
    // A report that is left from before would be taken for this run's.
    let _ = fs::remove_file(&report);
    let mut run = workspace
        .program(tool)
        .args(["mutants", "--package", package, "--test-package", package])
        .args(tested_by.iter().flat_map(|package| ["--test-package", package]))
        .args(["--timeout", TEST_SECONDS_MAX, "--build-timeout", BUILD_SECONDS_MAX, "--colors", "never"])
        .args(["--output"])
        .args([&place])
        .args(chosen)
        .args(["--"])
        .args(*tests);
    // Dependencies are built once for all runs.
    run = run.env("CARGO_TARGET_DIR", workspace.target.join("mutants/build"));
    // It ends with a failure when anything survived, which is judged here.
    run.env("CARGO_PROFILE_DEV_DEBUG", "0").passes();
    let report: Value = serde_json::from_str(&fs::read_to_string(report).ok()?).ok()?;
    outcome(&report, *counted)
}

/// Reads the list: two lines each, the mutant and, indented, why it may survive. One that is there several times may
/// survive so often.
fn read(text: &str) -> Result<BTreeMap<Name, usize>, String> {
    let mut listed = BTreeMap::new();
    let mut lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    while let Some(name) = lines.next() {
        let reason = lines.next().unwrap_or_default();
        if name.starts_with(' ') || !reason.starts_with("    ") || reason.trim().is_empty() {
            return Err(format!("give the reason in an indented line after: {name}"));
        }
        *listed.entry(name.to_owned()).or_default() += 1;
    }
    Ok(listed)
}

/// What survived without being listed, and, where all mutants of the files were tested, what is listed and did not.
fn judge(outcome: &Outcome, listed: &BTreeMap<Name, usize>, files: &[String], whole: bool) -> Vec<String> {
    let mut failures = Vec::new();
    let survived = outcome.survived();
    for (name, count) in &survived {
        let allowed = listed.get(name).copied().unwrap_or_default();
        if *count > allowed {
            failures.push(format!("survived {count} times, {allowed} are justified: {name}"));
        }
    }
    for (name, allowed) in listed {
        let count = survived.get(name).copied().unwrap_or_default();
        if whole && files.iter().any(|file| name.starts_with(&format!("{file}:"))) && count < *allowed {
            failures.push(format!("justified {allowed} times, {count} survived: {name}"));
        }
    }
    failures
}

/// For `tidy`: every critical file is there, and the list names only such files, each with a reason.
pub(crate) fn failures(root: &Path) -> Vec<String> {
    let files: Vec<String> = CRITICAL
        .iter()
        .flat_map(|(_, folder, files)| files.iter().map(move |file| format!("{folder}/src/{file}")))
        .collect();
    let mut failures: Vec<String> = files
        .iter()
        .filter(|file| !root.join(file).is_file())
        .map(|file| format!("{file} is listed as critical and is not there"))
        .collect();
    match fs::read_to_string(root.join(SURVIVORS)).map(|text| read(&text)) {
        Ok(Ok(listed)) => {
            let unknown =
                listed.keys().filter(|name| !files.iter().any(|f| name.starts_with(&format!("{f}:"))));
            failures.extend(unknown.map(|name| format!("{SURVIVORS}: no critical file has {name}")));
        }
        Ok(Err(error)) => failures.push(format!("{SURVIVORS}: {error}")),
        Err(error) => failures.push(format!("{SURVIVORS}: {error}")),
    }
    failures
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ONE: &str = "a/src/b.rs: replace > with >= in f";

    fn report(summaries: &[&str]) -> Value {
        let tested = |(line, summary): (usize, &&str)| {
            let name = format!("a/src/b.rs:{line}:7: replace > with >= in f");
            json!({"scenario": {"Mutant": {"name": name}}, "summary": summary})
        };
        let baseline = json!({"scenario": "Baseline", "summary": "Success"});
        let outcomes: Vec<Value> =
            std::iter::once(baseline).chain(summaries.iter().enumerate().map(tested)).collect();
        json!({"outcomes": outcomes})
    }

    fn check(summaries: &[&str], list: &str, whole: bool, failures: usize) {
        let outcome = outcome(&report(summaries), None).unwrap();
        let files = ["a/src/b.rs".to_owned()];
        let found = judge(&outcome, &read(list).unwrap(), &files, whole);
        assert_eq!(found.len(), failures, "{summaries:?} with {list:?}: {found:?}");
    }

    #[test]
    fn what_survives_must_be_listed_and_what_is_listed_must_survive() {
        let listed = format!("# why\n\n{ONE}\n    nobody can see it\n");
        check(&["CaughtMutant", "Timeout", "Unviable"], "", true, 0);
        check(&["MissedMutant"], "", true, 1);
        check(&["MissedMutant"], &listed, true, 0);
        check(&["MissedMutant", "MissedMutant"], &listed, true, 1);
        check(&["CaughtMutant"], &listed, true, 1);
        check(&["CaughtMutant"], &listed, false, 0);
        check(&["MissedMutant", "MissedMutant"], &format!("{listed}{listed}"), true, 0);
    }

    #[test]
    fn a_listed_mutant_has_a_reason() {
        assert!(read(&format!("{ONE}\n")).is_err());
        assert!(read(&format!("{ONE}\nno indent\n")).is_err());
        assert!(read("    a reason alone\n").is_err());
    }

    #[test]
    fn what_was_not_chosen_does_not_count() {
        let report = report(&["CaughtMutant", "MissedMutant"]);
        let outcome = outcome(&report, Some(&["a/src/b.rs:0:7: replace > with >= in f"])).unwrap();
        assert_eq!((outcome.noticed(), outcome.missed()), (1, 0));
    }

    #[test]
    fn what_other_tests_notice_did_not_survive() {
        let own = outcome(&report(&["CaughtMutant", "MissedMutant", "MissedMutant"]), None).unwrap();
        let stories = outcome(&report(&["CaughtMutant", "MissedMutant"]), None).unwrap();
        let both = own.then(stories);
        assert_eq!((both.noticed(), both.missed()), (2, 1));
        assert_eq!(both.survived(), BTreeMap::from([(ONE.to_owned(), 1)]));
    }

    #[test]
    fn code_that_fails_its_tests_as_it_is_gives_no_outcome() {
        let baseline = json!({"scenario": "Baseline", "summary": "Failure"});
        assert_eq!(outcome(&json!({"outcomes": [baseline]}), None), None);
    }
}
