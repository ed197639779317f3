//! `cargo xtask coverage`: which lines the tests run, crate by crate. What they notice, `mutants` tells.

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;

use crate::demand;
use crate::step::Workspace;

/// Crates whose tests play whole machines for minutes, in builds of their own or as processes that nothing counts.
const LEFT_OUT: [&str; 5] =
    ["freehold-crash", "freehold-hostile", "freehold-load", "freehold-simulation", "freehold-schedules"];

/// Longest that one test program may take, in seconds: counted code is slow.
const TEST_SECONDS_MAX: &str = "900";

/// The lines that can run and those that did, by crate.
type Table = BTreeMap<String, (u64, u64)>;

/// Runs the tests of all crates, or of some, and prints the table.
pub(crate) fn run(workspace: &Workspace, packages: &[String]) -> bool {
    let Some(tool) = demand::cargo_tarpaulin(workspace) else { return false };
    let place = workspace.target.join("coverage");
    let report = place.join("tarpaulin-report.json");
    // A report that is left from before would be taken for this run's.
    let _ = fs::remove_file(&report);
    let mut run = workspace
        .program(tool)
        .args(["tarpaulin", "--engine", "llvm", "--skip-clean", "--no-fail-fast", "--locked"])
        .args(["--lib", "--bins", "--tests", "--timeout", TEST_SECONDS_MAX, "--out", "Json", "--output-dir"])
        .args([&place])
        .args(["--target-dir"])
        .args([place.join("build")]);
    run = match packages {
        [] => run.args(["--workspace"]).args(LEFT_OUT.iter().flat_map(|name| ["--exclude", name])),
        _ => run.args(packages.iter().flat_map(|name| ["--packages", name])),
    };
    let passed = run.passes();
    let text = match fs::read_to_string(&report) {
        Ok(text) => text,
        Err(error) => {
            println!("{}: {error}", report.display());
            return false;
        }
    };
    let Some(table) = serde_json::from_str(&text).ok().as_ref().and_then(read) else {
        println!("{} is no report of cargo-tarpaulin", report.display());
        return false;
    };
    let root = workspace.root.display().to_string();
    for (folder, (covered, coverable)) in by_crate(&table, &root) {
        // The report lists lines of crates too that were not built.
        if covered == 0 && !packages.is_empty() {
            continue;
        }
        println!("{folder}: {covered} of {coverable} lines, {} %", covered * 100 / coverable.max(1));
    }
    passed
}

/// The report's files, by path.
fn read(report: &Value) -> Option<Table> {
    let mut table = Table::new();
    for file in report["files"].as_array()? {
        let parts: Option<Vec<&str>> = file["path"].as_array()?.iter().map(Value::as_str).collect();
        let path = parts?.join("/").replacen("//", "/", 1);
        table.insert(path, (file["covered"].as_u64()?, file["coverable"].as_u64()?));
    }
    Some(table)
}

/// The files' sums by the crate's folder, without tests and what stands outside of the checkout.
fn by_crate(files: &Table, root: &str) -> Table {
    let mut table = Table::new();
    for (path, (covered, coverable)) in files {
        let Some((folder, file)) =
            path.strip_prefix(root).and_then(|path| path.trim_start_matches('/').split_once("/src/"))
        else {
            continue;
        };
        if *coverable == 0 || file.ends_with("tests.rs") || file.contains("tests/") {
            continue;
        }
        let sum = table.entry(folder.to_owned()).or_default();
        *sum = (sum.0 + covered, sum.1 + coverable);
    }
    table
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lines_are_summed_by_crate_without_its_tests() {
        let file = |path: &[&str], covered: u64, coverable: u64| json!({"path": path, "covered": covered, "coverable": coverable});
        let report = json!({"files": [
            file(&["/", "home", "crates", "a", "src", "lib.rs"], 1, 2),
            file(&["/", "home", "crates", "a", "src", "b", "c.rs"], 3, 4),
            file(&["/", "home", "crates", "a", "src", "b", "tests.rs"], 9, 9),
            file(&["/", "home", "crates", "a", "tests", "d.rs"], 9, 9),
            file(&["/", "other", "src", "lib.rs"], 9, 9),
            file(&["/", "home", "protocol", "src", "lib.rs"], 5, 5),
        ]});
        let table = by_crate(&read(&report).unwrap(), "/home");
        assert_eq!(table, Table::from([("crates/a".into(), (4, 6)), ("protocol".into(), (5, 5))]));
        assert_eq!(read(&json!({"files": [{"path": 1}]})), None);
    }
}
