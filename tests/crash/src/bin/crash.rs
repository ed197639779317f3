//! Crashes by the thousand: `cargo xtask crash`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command of the terminal")]

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use freehold_crash::cuts::Cuts;
use freehold_crash::ledger::Sizes;
use freehold_crash::writer::{Plan, ROLE};

#[derive(Parser)]
#[command(name = "cargo xtask crash", about = "Kills, power cuts and faults, as many as wanted")]
struct Arguments {
    /// What decides everything; a new one if absent
    #[arg(long, global = true)]
    seed: Option<u64>,
    /// How often
    #[arg(long, global = true)]
    rounds: Option<u64>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Cut the power under a store on a loop device
    Cuts,
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().collect();
    if let [_, role, rest @ ..] = words.as_slice()
        && role == ROLE
    {
        let held = Plan::read(rest).is_some_and(|(plan, dir)| plan.run(dir));
        return if held { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    let arguments = Arguments::parse();
    let seed = arguments.seed.unwrap_or_else(|| freehold_crash::seed("crash"));
    let program = std::env::current_exe().expect("a program knows its own path");
    let breaches = match arguments.command {
        Command::Cuts => {
            let mut breaches = 0;
            for sizes in [Sizes::Small, Sizes::Large] {
                let rounds = arguments.rounds.unwrap_or(5_000) / 2;
                match (Cuts { rounds, seed, sizes }).run(&program, &[]) {
                    Ok(outcome) => {
                        println!("{sizes:?}: {} cuts, {} acknowledged", outcome.cuts, outcome.acknowledged);
                        outcome.breaches.iter().for_each(|(round, breach)| println!("  round {round}: {breach}"));
                        breaches += outcome.breaches.len();
                    }
                    Err(why) => {
                        eprintln!("not possible here: {why}");
                        return ExitCode::FAILURE;
                    }
                }
            }
            breaches
        }
    };
    println!("seed {seed}: {breaches} breaches");
    if breaches == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
