//! `cargo xtask tidy`: what must hold of the tree.

mod arrows;
mod messages;
mod numbers;
mod owners;
mod purity;
mod sources;
mod threats;

use serde_json::Value;

use crate::demand;
use crate::mutants;
use crate::step::{Steps, Workspace};
use crate::test::AS_PEOPLE_RUN_IT;

pub(crate) fn run(workspace: &Workspace) -> bool {
    let mut steps = Steps::default();
    check(workspace, &mut steps);
    steps.finish("tidy")
}

/// The checks, cheapest first; all of them run, so that one pass shows every failure.
pub(crate) fn check(workspace: &Workspace, steps: &mut Steps) {
    let packages = packages(workspace);
    let on_packages = |check: fn(&[Package]) -> Vec<String>| match &packages {
        Ok(packages) => check(packages),
        Err(error) => vec![error.clone()],
    };
    steps.check("arrows", || on_packages(arrows::failures));
    steps.check("owners", || on_packages(owners::failures));
    steps.check("purity", || purity::failures(workspace));
    steps.check("numbers", || numbers::failures(workspace));
    steps.check("messages", || messages::failures(&workspace.root));
    steps.check("threats", || threats::failures(workspace));
    steps.check("sources", || sources::failures(&workspace.root));
    steps.check("mutants", || mutants::failures(&workspace.root));
    steps.run("format", || workspace.cargo(&["fmt", "--all", "--", "--check", "-l"]).passes());
    steps.run("deny", || {
        demand::cargo_deny(workspace).is_some_and(|deny| {
            let check = ["check", "--hide-inclusion-graph", "licenses", "bans", "sources"];
            workspace.program(deny).args(["--log-level", "error"]).args(check).passes()
        })
    });
    // The simulator and the trial of orders have features of their own, with and without which the engines must be clean.
    for (step, packages) in [
        ("clippy", &AS_PEOPLE_RUN_IT[..]),
        ("clippy of the simulator", &["--package", "freehold-simulation"]),
        ("clippy of orders", &["--package", "freehold-schedules", "--features", "schedules"]),
    ] {
        steps.run(step, || {
            let clippy = ["clippy", "--all-targets", "--locked", "--message-format=short"];
            workspace.cargo(&clippy).args(packages).args(["--", "-D", "warnings"]).passes()
        });
    }
    steps.run("documentation", || {
        let doc = ["doc", "--workspace", "--no-deps", "--locked", "--message-format=short"];
        workspace.cargo(&doc).env("RUSTDOCFLAGS", "-D warnings").passes()
    });
}

/// One crate of the workspace with its direct dependencies.
struct Package {
    name: String,
    dependencies: Vec<String>,
}

/// The crates of the workspace, as `cargo metadata` lists them.
fn packages(workspace: &Workspace) -> Result<Vec<Package>, String> {
    let text = workspace.cargo(&["metadata", "--no-deps", "--format-version", "1", "--locked"]).output()?;
    let metadata: Value = serde_json::from_str(&text).map_err(|e| format!("cargo metadata: {e}"))?;
    let array = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let name = |value: &Value| value["name"].as_str().unwrap_or_default().to_owned();
    let packages: Vec<Package> = array(&metadata["packages"])
        .iter()
        .map(|package| Package {
            name: name(package),
            dependencies: array(&package["dependencies"]).iter().map(name).collect(),
        })
        .collect();
    if packages.is_empty() { Err("cargo metadata lists no package".to_owned()) } else { Ok(packages) }
}
