//! Programs that the checks and tests demand, installed where they are missing.

use std::path::PathBuf;

use crate::step::Workspace;

/// cargo-deny as it was tried with `deny.toml`.
const CARGO_DENY_VERSION: &str = "0.20.2";

/// The cargo-deny to call: one that is installed already, or one built under `target/tools`.
///
/// Built without optimisation: that takes 90 seconds on two cores instead of several minutes, and a check takes
/// two seconds all the same.
pub(crate) fn cargo_deny(workspace: &Workspace) -> Option<PathBuf> {
    let own = workspace.target.join("tools/bin/cargo-deny");
    for candidate in [PathBuf::from("cargo-deny"), own.clone()] {
        if workspace.program(&candidate).args(["--version"]).output().is_ok() {
            return Some(candidate);
        }
    }
    println!("cargo-deny is missing: building {CARGO_DENY_VERSION} under target/tools, once");
    workspace
        .cargo(&["install", "--locked", "--debug", "--quiet", "--version", CARGO_DENY_VERSION, "--root"])
        .args([workspace.target.join("tools")])
        .args(["cargo-deny"])
        .passes()
        .then_some(own)
}

/// Whether `cargo nextest` is there. It is not installed: plain `cargo test` runs the same tests.
pub(crate) fn has_nextest(workspace: &Workspace) -> bool {
    workspace.cargo(&["nextest", "--version"]).output().is_ok()
}

/// Python with its `venv` module, and in it the credential verifiers that others wrote.
pub(crate) fn verifiers(workspace: &Workspace) -> bool {
    let usable = || workspace.program("python3").args(["-c", "import ensurepip, venv"]).output().is_ok();
    if !(usable() || install_python(workspace) && usable()) {
        println!("the credential verifiers need python3 with venv: install the package python3-venv");
        return false;
    }
    workspace
        .program("python3")
        .args(["tests/interop/verify/install.py"])
        .args([workspace.target.join("verify-venv")])
        .passes()
}

/// On a Debian machine, as root; elsewhere the user is told.
fn install_python(workspace: &Workspace) -> bool {
    let root = workspace.program("id").args(["-u"]).output().is_ok_and(|id| id.trim() == "0");
    let apt = |arguments: &[&str]| {
        workspace.program("apt-get").args(arguments).env("DEBIAN_FRONTEND", "noninteractive").passes()
    };
    root && apt(&["update", "--quiet"])
        && apt(&["install", "--quiet", "--yes", "--no-install-recommends", "python3", "python3-venv"])
}
