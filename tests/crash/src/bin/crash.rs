//! Crashes by the thousand: `cargo xtask crash`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command of the terminal")]

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use freehold_crash::backups;
use freehold_crash::cuts::Cuts;
use freehold_crash::kills;
use freehold_crash::ledger::Sizes;
use freehold_crash::mutation::mutate;
use freehold_crash::recording::Syncs;
use freehold_crash::replay::Replay;
use freehold_crash::writer::{Plan, ROLE};
use freehold_crash::{backup_faults, rewrap, upgrade};

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
    /// Kill a node and a hub while they work [rounds: 10,000]
    Kills,
    /// Kill a backup that is under way while writes go on [rounds: 3,000]
    Backups,
    /// Cut the power under a store on a loop device [rounds: 5,000]
    Cuts,
    /// Cut the power under the homes of a node and a hub [rounds: 1,000]
    HomeCuts,
    /// Crash a recorded run at every write and sync, with every kind of damage, so many runs [rounds: 20]
    Replay,
    /// Change a store's files as one may who has the disk and not the key [rounds: 1,000,000]
    Mutations,
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().collect();
    if let [_, role, rest @ ..] = words.as_slice()
        && role == ROLE
    {
        let held = Plan::read(rest).is_some_and(|(plan, dir)| plan.run(dir));
        return if held { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    if let [_, role, dir] = words.as_slice()
        && role == rewrap::ROLE
    {
        return if rewrap::change(dir.as_ref()) { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    if let [_, role, rest @ ..] = words.as_slice()
        && role == backups::ROLE
    {
        return match backups::run(rest) {
            Ok(()) => ExitCode::SUCCESS,
            Err(why) => {
                eprintln!("{why}");
                ExitCode::FAILURE
            }
        };
    }
    if let [_, role, home, folder, seed] = words.as_slice()
        && role == backup_faults::ROLE
    {
        let made = backup_faults::make(home.as_ref(), folder.as_ref(), seed);
        return if made { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    if let [_, role, dir, key] = words.as_slice()
        && role == upgrade::ROLE
    {
        return if upgrade::upgrade(dir.as_ref(), key) { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    let arguments = Arguments::parse();
    let seed = arguments.seed.unwrap_or_else(|| freehold_crash::seed("crash"));
    let rounds = |default| arguments.rounds.unwrap_or(default);
    let done = match arguments.command {
        Command::Kills => {
            let outcome = kills::kills(rounds(10_000), seed);
            println!("{} kills, {} acknowledged", outcome.rounds, outcome.acknowledged);
            Ok(0)
        }
        Command::HomeCuts => kills::cuts(rounds(1_000), seed).map(|outcome| {
            println!("{} cuts, {} acknowledged", outcome.rounds, outcome.acknowledged);
            0
        }),
        Command::Backups => backups::kills(&program(), rounds(3_000), seed).map(|outcome| {
            println!("{outcome:?}");
            0
        }),
        Command::Cuts => cuts(rounds(5_000), seed),
        Command::Replay => replay(rounds(20), seed),
        Command::Mutations => {
            let outcome = mutate(rounds(1_000_000), seed);
            let (told, read) = (outcome.told_at_open, outcome.told_at_read);
            println!("{} changes, {told} told at opening, {read} at reading", outcome.mutations);
            outcome.served.iter().for_each(|served| println!("  {served}"));
            Ok(outcome.served.len())
        }
    };
    match done {
        Ok(breaches) => {
            println!("seed {seed}: {breaches} breaches");
            if breaches == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(why) => {
            eprintln!("not possible here: {why}");
            ExitCode::FAILURE
        }
    }
}

/// Half of the rounds with small values, half with large ones.
fn cuts(rounds: u64, seed: u64) -> Result<usize, String> {
    let mut breaches = 0;
    for sizes in [Sizes::Small, Sizes::Large] {
        let outcome = Cuts { rounds: rounds / 2, seed, sizes }.run(&program(), &[])?;
        println!("{sizes:?}: {} cuts, {} acknowledged", outcome.cuts, outcome.acknowledged);
        outcome.breaches.iter().for_each(|(round, breach)| println!("  round {round}: {breach}"));
        breaches += outcome.breaches.len();
    }
    Ok(breaches)
}

/// Whole runs, and the recoveries from their crashes.
fn replay(rounds: u64, seed: u64) -> Result<usize, String> {
    let mut breaches = 0;
    for round in 0..rounds {
        let seed = seed.wrapping_add(round);
        let sizes = if round % 4 == 3 { Sizes::Large } else { Sizes::Small };
        let transactions = if sizes == Sizes::Large { 250 } else { 60 };
        let states_max = if sizes == Sizes::Large { 3_000 } else { 0 };
        let replay =
            Replay { seed, sizes, transactions, reopen: transactions / 3, states_max, syncs: Syncs::Real };
        for outcome in [replay.run(&program())?, replay.run_in_recovery(&program(), 4)?] {
            println!("seed {seed}, {sizes:?}: {} crashes at {} moments", outcome.states, outcome.moments);
            outcome.breaches.iter().for_each(|breach| println!("  {breach:?}"));
            breaches += outcome.breaches.len();
        }
    }
    Ok(breaches)
}

fn program() -> PathBuf {
    std::env::current_exe().expect("a program knows its own path")
}
