//! The project's commands: `cargo xtask test`, `tidy`, `demo`, `bench` and `simulate`.
//!
//! Everything that must hold of the tree, and nothing that the program itself does. Depends on two crates only, so
//! that it is built in seconds.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command of the terminal")]

mod demand;
mod step;
mod test;
mod tidy;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::step::Workspace;

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
    /// Play stories of crashes, faults and partitions: --seeds N, --hours H, --seed S, --bug NAME.
    Simulate {
        /// Passed on to the simulator.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        rest: Vec<String>,
    },
    /// Measure, and print the figures.
    Bench {
        /// Passed on to the measuring program.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        rest: Vec<String>,
    },
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
        Command::Tidy => tidy::run(&workspace),
        Command::Demo { rest } => {
            workspace.cargo(&["run", "--release", "--locked", "--", "demo"]).args(rest).passes()
        }
        Command::Simulate { rest } => {
            let run = ["run", "--release", "--locked", "--quiet", "--package", "freehold-simulation", "--"];
            workspace.cargo(&run).args(rest).passes()
        }
        Command::Bench { rest } => {
            // The whole workspace, as the tests build it: one package alone would resolve other features and compile
            // every dependency a second time.
            workspace.cargo(&["build", "--release", "--locked", "--workspace", "--bins"]).passes()
                && workspace.program(workspace.target.join("release/bench")).args(rest).passes()
        }
    };
    if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
