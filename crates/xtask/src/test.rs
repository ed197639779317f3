//! `cargo xtask test`: everything that must pass before a change is done.

use std::env;
use std::path::Path;

use crate::demand;
use crate::step::{Steps, Workspace};
use crate::tidy;

/// Tells the tests that minutes are allowed.
const LONG_VARIABLE: &str = "FREEHOLD_LONG";

/// The Node.js that runs the vendor's peer and the identity provider; see `tests/src/vendor_peer.rs`.
const NODE_VARIABLE: &str = "FREEHOLD_NODE";

/// The NATS server of the tests of sinks and of the measurements; see `tests/crash/src/sinks/cluster.rs`.
pub(crate) const NATS_VARIABLE: &str = "FREEHOLD_NATS_SERVER";

/// Where the vectors that others published are looked for; see `tests/src/vectors.rs`.
const VECTORS_VARIABLE: &str = "FREEHOLD_FOREIGN_VECTORS";

/// The workspace without the simulator, which has features of the engines that no program of people's has: cargo would
/// give them to every crate that is built together with it.
pub(crate) const AS_PEOPLE_RUN_IT: [&str; 3] = ["--workspace", "--exclude", "freehold-simulation"];

pub(crate) fn run(workspace: &Workspace, long: bool, filter: &[String]) -> bool {
    let mut steps = Steps::default();
    steps.run("verifiers of others", || demand::verifiers(workspace));
    let mut node = None;
    steps.run("vendor's peer", || {
        node = demand::vendor_peer(workspace);
        node.is_some()
    });
    steps.run("browser", || demand::browser(workspace));
    steps.run("faults", || {
        demand::faults(workspace);
        true
    });
    steps.run("postgresql", || demand::postgres(workspace));
    let mut nats = None;
    steps.run("nats", || {
        nats = demand::nats(workspace);
        true
    });
    tell_vectors(workspace);
    if filter.is_empty() {
        tidy::check(workspace, &mut steps);
    }
    // All targets at once: the tests start the program `freehold` from the same profile.
    let build = || workspace.cargo(&["build", "--all-targets", "--locked"]).args(AS_PEOPLE_RUN_IT).passes();
    if steps.run("build", build) {
        steps.run("tests", || tests(workspace, long, filter, node.as_deref(), nats.as_deref()));
        if filter.is_empty() {
            steps.run("doc tests", || {
                workspace.cargo(&["test", "--doc", "--locked"]).args(AS_PEOPLE_RUN_IT).passes()
            });
            steps.run("simulation", || simulation(workspace, long));
            steps.run("orders of steps", || orders(workspace, long));
        }
    }
    if !filter.is_empty() {
        println!("only what the filter selects was run: no tidy, no doc tests");
    }
    steps.finish("test")
}

fn tests(
    workspace: &Workspace,
    long: bool,
    filter: &[String],
    node: Option<&Path>,
    nats: Option<&Path>,
) -> bool {
    let mut run = if demand::has_nextest(workspace) {
        let nextest = ["nextest", "run", "--all-targets", "--locked", "--no-fail-fast"];
        let profile = if long { "long" } else { "default" };
        workspace.cargo(&nextest).args(AS_PEOPLE_RUN_IT).args([
            "--config-file",
            "crates/xtask/nextest.toml",
            "--profile",
            profile,
        ])
    } else {
        println!("cargo-nextest is not installed: running the same tests with cargo test");
        let test = ["test", "--lib", "--bins", "--tests", "--locked", "--no-fail-fast"];
        workspace.cargo(&test).args(AS_PEOPLE_RUN_IT)
    };
    if long {
        run = run.env(LONG_VARIABLE, "1");
    }
    if let Some(node) = node {
        run = run.env(NODE_VARIABLE, node);
    }
    if let Some(nats) = nats {
        run = run.env(NATS_VARIABLE, nats);
    }
    run.args(filter).passes()
}

/// Stories of whole engines, in a build of their own.
fn simulation(workspace: &Workspace, long: bool) -> bool {
    // The store's own tests see the simulated disks in this build only.
    let packages = ["test", "--package", "freehold-simulation", "--package", "freehold-store", "--locked"];
    let mut run = workspace.cargo(&packages);
    if long {
        run = run.env(LONG_VARIABLE, "1");
    }
    run.passes()
}

/// Orders of threads' and tasks' steps, in a build of their own with shuttle's locks and queues.
fn orders(workspace: &Workspace, long: bool) -> bool {
    let mut run = workspace
        .cargo(&["test", "--package", "freehold-schedules", "--features", "schedules", "--test", "orders"])
        .args(["--locked"]);
    if long {
        run = run.env(LONG_VARIABLE, "1");
    }
    run.passes()
}

fn tell_vectors(workspace: &Workspace) {
    if env::var_os(VECTORS_VARIABLE).is_none() && !workspace.root.join("../shared/vectors").is_dir() {
        println!(
            "no foreign vectors here: their tests are skipped unless {VECTORS_VARIABLE} names their folder"
        );
    }
}
