//! The project's commands: `cargo xtask test`, `tidy`, `demo`, `crash`, `hostile`, `simulate`, `schedules`, `mutants`,
//! `coverage`, `fuzz`, `bench` and `sbom`.
//!
//! Everything that must hold of the tree, and nothing that the program itself does. Depends on two crates only, so
//! that it is built in seconds.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command of the terminal")]

mod coverage;
mod demand;
mod fuzz;
mod mutants;
mod sbom;
mod step;
mod test;
mod tidy;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::step::{Run, Workspace};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Checks, tests and measures Freehold")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Install what the tests need, then check, build and test everything.
    Test {
        /// Also run what takes minutes: long simulations and soak tests (they read FREEHOLD_LONG).
        #[arg(long)]
        long: bool,
        /// A filter for the test runner; then only the tests it selects are run, without the checks.
        #[arg(last = true)]
        filter: Vec<String>,
    },
    /// Check arrows between crates, ownership, purity, formatting, lints, documentation and licences.
    Tidy,
    /// Play the whole story with a node and a hub on this machine.
    Demo {
        /// Passed on to `freehold demo`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        rest: Vec<String>,
    },
    /// Feed the parsers and the session machine with what libFuzzer thinks of.
    Fuzz {
        /// These targets only.
        targets: Vec<String>,
        /// Seconds for each.
        #[arg(long, default_value_t = 60)]
        seconds: u32,
    },
    /// Kill, cut the power and damage, as often as wanted: `RELIABILITY.md` says what.
    Crash {
        /// Passed on to the crashing program; `--help` lists what there is.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        rest: Vec<String>,
    },
    /// Attack a hub with --hub N connections and a node with --node N vendors, and measure what honest peers feel of it.
    Hostile {
        /// Passed on to the attacking program.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        rest: Vec<String>,
    },
    /// Play stories of crashes, faults and partitions: --seeds N, --hours H, --seed S, --bug NAME.
    Simulate {
        /// Passed on to the simulator.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        rest: Vec<String>,
    },
    /// Try orders of threads' and tasks' steps: --orders N, --scenario S, --seed S.
    Schedules {
        /// Passed on to the program that tries them.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        rest: Vec<String>,
    },
    /// Change the critical code, one place at a time, and see that the tests notice; hours for all of it.
    Mutants {
        /// This crate alone.
        #[arg(long)]
        package: Option<String>,
        /// The files whose paths end so alone.
        #[arg(long)]
        file: Option<String>,
        /// One part of several: 1/4.
        #[arg(long)]
        shard: Option<String>,
        /// Of each crate's other code so many mutants, drawn by a seed, in place of the critical code.
        #[arg(long)]
        sample: Option<usize>,
        /// What draws them.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Run the tests and tell, crate by crate, which lines they run; minutes to build.
    Coverage {
        /// These crates only.
        packages: Vec<String>,
    },
    /// Measure, and print the figures; those of a hub under load with `bench hub`.
    Bench {
        /// Passed on to the measuring program.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        rest: Vec<String>,
    },
    /// Write what the program is built from: target/freehold.cdx.json, for a release.
    Sbom,
}

fn main() -> ExitCode {
    let workspace = match Workspace::find() {
        Ok(workspace) => workspace,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    let passed = match Arguments::parse().command {
        Command::Test { long, filter } => test::run(&workspace, long, &filter),
        Command::Fuzz { targets, seconds } => fuzz::run(&workspace, &targets, seconds),
        Command::Tidy => tidy::run(&workspace),
        Command::Demo { rest } => {
            workspace.cargo(&["run", "--release", "--locked", "--", "demo"]).args(rest).passes()
        }
        Command::Bench { rest } => bench(&workspace, rest),
        Command::Crash { rest } => release(&workspace, "crash", rest),
        Command::Hostile { rest } => release(&workspace, "hostile", rest),
        Command::Coverage { packages } => coverage::run(&workspace, &packages),
        Command::Sbom => sbom::run(&workspace),
        Command::Mutants { package, file, shard, sample, seed } => {
            mutants::run(&workspace, &mutants::Choice { package, file, shard, sample, seed })
        }
        Command::Schedules { rest } => {
            let run = ["run", "--release", "--locked", "--quiet", "--package", "freehold-schedules"];
            workspace.cargo(&run).args(["--features", "schedules", "--"]).args(rest).passes()
        }
        Command::Simulate { rest } => {
            let run = ["run", "--release", "--locked", "--quiet", "--package", "freehold-simulation", "--"];
            workspace.cargo(&run).args(rest).passes()
        }
    };
    if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The engines' figures, or a hub's under load, which stands on servers of its own.
fn bench(workspace: &Workspace, mut words: Vec<String>) -> bool {
    if words.first().is_none_or(|first| first != "hub") {
        return release(workspace, "bench", words);
    }
    words.remove(0);
    if !demand::postgres(workspace) {
        return false;
    }
    build_release(workspace)
        && match demand::nats(workspace) {
            Some(nats) => released(workspace, "load").env(test::NATS_VARIABLE, nats),
            None => released(workspace, "load"),
        }
        .args(words)
        .passes()
}

/// Runs a program of the workspace, built for release. The whole workspace is built, as the tests build it: one package
/// alone would resolve other features and compile every dependency a second time.
fn release(workspace: &Workspace, program: &str, words: Vec<String>) -> bool {
    build_release(workspace) && released(workspace, program).args(words).passes()
}

fn build_release(workspace: &Workspace) -> bool {
    workspace.cargo(&["build", "--release", "--locked", "--bins"]).args(test::AS_PEOPLE_RUN_IT).passes()
}

fn released(workspace: &Workspace, program: &str) -> Run {
    workspace.program(workspace.target.join("release").join(program))
}
