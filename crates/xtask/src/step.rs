//! Running programs and telling how it went.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

/// What cargo sets for the program it runs. Build scripts watch some of these, so passing them on would rebuild
/// crates each time that cargo is started from here and by hand in turn.
const OWN_VARIABLES: [&str; 3] = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_"];

/// The checkout.
pub(crate) struct Workspace {
    /// Its top folder.
    pub(crate) root: PathBuf,
    /// Cargo's target folder.
    pub(crate) target: PathBuf,
    cargo: PathBuf,
}

impl Workspace {
    /// The checkout of the current folder. Cargo is asked each time: two checkouts may share a target folder, and
    /// then also the program that one of them built.
    pub(crate) fn find() -> Result<Self, String> {
        let cargo = env::var_os("CARGO").map_or_else(|| PathBuf::from("cargo"), PathBuf::from);
        let output = Command::new(&cargo)
            .args(["locate-project", "--workspace", "--message-format", "plain"])
            .stderr(Stdio::inherit())
            .output()
            .map_err(|e| format!("cannot start {}: {e}", cargo.display()))?;
        let manifest =
            String::from_utf8(output.stdout).map_err(|_| "the checkout's path is not UTF-8".to_owned())?;
        let root = match Path::new(manifest.trim()).parent() {
            Some(root) if output.status.success() && root.join("crates/xtask").is_dir() => root.to_owned(),
            _ => {
                return Err(
                    "this folder is in no checkout of Freehold: change to one and try again".to_owned()
                );
            }
        };
        let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |t| root.join(t));
        Ok(Self { root, target, cargo })
    }

    /// A cargo command at the top of the checkout.
    pub(crate) fn cargo(&self, arguments: &[&str]) -> Run {
        let mut run = self.program(&self.cargo);
        run.0.args(arguments);
        run
    }

    /// Any command at the top of the checkout.
    pub(crate) fn program(&self, program: impl AsRef<OsStr>) -> Run {
        let mut command = Command::new(program);
        command.current_dir(&self.root).stdin(Stdio::null());
        for (name, _) in env::vars_os() {
            if OWN_VARIABLES.iter().any(|own| name.to_string_lossy().starts_with(own)) {
                command.env_remove(name);
            }
        }
        Run(command)
    }
}

/// A command that is about to run.
pub(crate) struct Run(Command);

impl Run {
    pub(crate) fn args<S: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = S>) -> Self {
        self.0.args(arguments);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.0.env(name, value);
        self
    }

    /// Runs it with its output on this terminal; whether it ended with 0.
    pub(crate) fn passes(mut self) -> bool {
        match self.0.status() {
            Ok(status) => status.success(),
            Err(error) => {
                println!("cannot start {}: {error}", self.0.get_program().display());
                false
            }
        }
    }

    /// Runs it unseen; its standard output, or what it said on standard error.
    pub(crate) fn output(mut self) -> Result<String, String> {
        let output =
            self.0.output().map_err(|e| format!("cannot start {}: {e}", self.0.get_program().display()))?;
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).into_owned())
        } else {
            Err(String::from_utf8_lossy(&output.stderr).trim().to_owned())
        }
    }
}

/// Steps that have run, each with its time, so that the end of the output says it all.
#[derive(Default)]
pub(crate) struct Steps(Vec<(&'static str, bool, f32)>);

impl Steps {
    /// Runs one step between two lines that name it.
    pub(crate) fn run(&mut self, name: &'static str, step: impl FnOnce() -> bool) -> bool {
        println!("── {name}");
        let start = Instant::now();
        let passed = step();
        let seconds = start.elapsed().as_secs_f32();
        println!("── {name}: {} ({seconds:.1} s)", verdict(passed));
        self.0.push((name, passed, seconds));
        passed
    }

    /// Runs a check that gives its failures, one line each.
    pub(crate) fn check(&mut self, name: &'static str, check: impl FnOnce() -> Vec<String>) -> bool {
        self.run(name, || {
            let failures = check();
            for failure in &failures {
                println!("{name}: {failure}");
            }
            failures.is_empty()
        })
    }

    /// Prints the summary; whether all steps passed.
    pub(crate) fn finish(&self, what: &str) -> bool {
        println!("── {what}");
        for (name, passed, seconds) in &self.0 {
            println!("   {:6} {seconds:>7.1} s  {name}", verdict(*passed));
        }
        let failed = self.0.iter().filter(|(_, passed, _)| !passed).count();
        println!("── {what}: {} steps, {failed} failed", self.0.len());
        failed == 0
    }
}

fn verdict(passed: bool) -> &'static str {
    if passed { "ok" } else { "FAILED" }
}
