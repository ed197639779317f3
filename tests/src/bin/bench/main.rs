//! `cargo xtask bench`: measures the engine, and beside each figure what the machine itself takes for the steps
//! that no implementation can leave out.
//!
//! Every limit is measured in the same run, turn by turn with the figure it belongs to, so that a busy machine
//! slows both. Persons and hubs are the real engines with stores of their own, connected over loopback sockets.
#![expect(clippy::print_stdout, reason = "a command of the terminal, and the children's way to answer it")]

mod child;
mod intake;
mod memory;
mod open;
mod page;
mod read;
mod release;
mod revoke;
mod set;
mod world;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::{Parser, ValueEnum};

use freehold_tests::bench::floor::Floor;
use freehold_tests::bench::report::{Report, write_part};
use freehold_tests::bench::{Failure, PATIENCE, machine, within};

use crate::world::World;

/// What can be measured.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Measure {
    Set,
    Open,
    Page,
    Release,
    Read,
    // After what needs the grants that it revokes.
    Revoke,
    Memory,
    Intake,
}

#[derive(Parser)]
#[command(name = "bench", about = "Measures Freehold beside the limits of this machine")]
struct Arguments {
    /// Measure this alone; may be given more than once.
    #[arg(long)]
    only: Vec<Measure>,
    /// Also what takes minutes: a vault of 1,000,000 fields, and an audit log of 1,000,000 entries.
    #[arg(long)]
    long: bool,
    /// Print JSON instead of a table.
    #[arg(long)]
    json: bool,
    /// Write the table into this file too.
    #[arg(long)]
    out: Option<PathBuf>,
    #[command(subcommand)]
    child: Option<child::Child>,
}

/// What every measurement works with.
struct Bench {
    /// A folder on the disk that is measured.
    dir: PathBuf,
    floor: Floor,
    report: Report,
    long: bool,
    /// The person with many hubs, once a measurement has needed them.
    world: Option<World>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            println!("the runtime does not start: {error}");
            return ExitCode::FAILURE;
        }
    };
    let done = match &arguments.child {
        Some(child) => runtime.block_on(child.run()),
        None => runtime.block_on(measure(&arguments)),
    };
    runtime.shutdown_timeout(Duration::from_secs(2));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("failed: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn measure(arguments: &Arguments) -> Result<(), Failure> {
    // Beside the program, because a temporary folder may be in memory.
    let program = std::env::current_exe()?;
    let dir = tempfile::tempdir_in(program.parent().unwrap_or(Path::new(".")))?;
    let floor = Floor::new(dir.path()).await?;
    let (path, long) = (dir.path().to_owned(), arguments.long);
    let mut bench = Bench { dir: path, floor, report: Report::default(), long, world: None };
    let mut failed = Vec::new();
    let start = Instant::now();
    for measure in Measure::value_variants() {
        if !arguments.only.is_empty() && !arguments.only.contains(measure) {
            continue;
        }
        let done = match measure {
            Measure::Set => set::run(&mut bench).await,
            Measure::Open => open::run(&mut bench).await,
            Measure::Page => page::run(&mut bench).await,
            Measure::Revoke => revoke::run(&mut bench).await,
            Measure::Release => release::run(&mut bench).await,
            Measure::Read => read::run(&mut bench).await,
            Measure::Memory => memory::run(&mut bench).await,
            Measure::Intake => intake::run(&mut bench).await,
        };
        if let Err(error) = done {
            let name = measure.to_possible_value().map_or_else(String::new, |v| v.get_name().to_owned());
            failed.push(format!("{name}: {error}"));
        }
    }
    if let Some(world) = bench.world.take() {
        world.stop().await;
    }
    bench.report.took = start.elapsed();
    if arguments.json {
        println!("{}", bench.report.json()?);
    } else {
        println!("{}", bench.report.markdown());
    }
    if let Some(out) = &arguments.out {
        write_part(out, &bench.report.markdown())?;
    }
    if failed.is_empty() { Ok(()) } else { Err(failed.join("; ").into()) }
}
