//! `cargo xtask bench hub`: a hub under load, and beside each figure what the machine itself takes.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command of the terminal")]

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use clap::{Parser, Subcommand};
use freehold_load::plan::{Plan, Setup};
use freehold_load::report::Report;
use freehold_load::{applied, hub, networks, run};
use freehold_tests::bench::Failure;
use freehold_tests::bench::report::write_part;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Descriptors that a stampede of 10,000 takes, with some to spare: one for each node's socket.
const DESCRIPTORS: u64 = 11_000;

#[derive(Parser)]
#[command(name = "load", about = "Measures a hub under load beside the limits of this machine")]
struct Arguments {
    /// A few of everything, in seconds: it shows that it runs, its figures mean nothing.
    #[arg(long)]
    short: bool,
    /// Most relationships.
    #[arg(long, default_value_t = 100_000)]
    relationships: usize,
    /// This store alone; may be given more than once.
    #[arg(long)]
    store: Vec<Setup>,
    /// Only these updates in a window.
    #[arg(long)]
    updates: Option<usize>,
    /// Only so many nodes in the stampede.
    #[arg(long)]
    stampede: Option<usize>,
    /// Print JSON instead of the page.
    #[arg(long)]
    json: bool,
    /// Write the page into this file too, in the place of the one that was there.
    #[arg(long)]
    out: Option<PathBuf>,
    #[command(subcommand)]
    process: Option<Process>,
}

#[derive(Subcommand)]
enum Process {
    /// The hub that is measured.
    #[command(hide = true)]
    HubProcess { home: PathBuf },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match work(arguments) {
        Ok(code) => code,
        Err(error) => {
            println!("failed: {error}");
            ExitCode::FAILURE
        }
    }
}

fn work(arguments: Arguments) -> Result<ExitCode, Failure> {
    let runtime = || tokio::runtime::Builder::new_multi_thread().enable_all().build();
    if let Some(Process::HubProcess { home }) = arguments.process {
        runtime()?.block_on(hub::serve(home))?;
        return Ok(ExitCode::SUCCESS);
    }
    if !arguments.short
        && let Some(ended) = networks::run_again()?
    {
        return Ok(ended);
    }
    let descriptors = raise_descriptors();
    let mut plan = if arguments.short { Plan::short() } else { Plan::full(arguments.relationships) };
    if !arguments.store.is_empty() {
        plan.setups.clone_from(&arguments.store);
    }
    plan.updates = arguments.updates.unwrap_or(plan.updates);
    plan.stampede = arguments.stampede.unwrap_or(plan.stampede);
    if descriptors < DESCRIPTORS.min(plan.stampede as u64 + 1_000) {
        return Err(
            format!("this needs {DESCRIPTORS} open files, and the system allows {descriptors}").into()
        );
    }
    let runtime = runtime()?;
    let passed = runtime.block_on(measure(&arguments, &plan))?;
    runtime.shutdown_background();
    Ok(if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn measure(arguments: &Arguments, plan: &Plan) -> Result<bool, Failure> {
    // Beside the program, because a temporary folder may be in memory.
    let program = std::env::current_exe()?;
    let dir = tempfile::tempdir_in(program.parent().unwrap_or(Path::new(".")))?;
    let networks = networks::addresses()?;
    let (mut report, mut failed, began) = (Report::default(), Vec::new(), Instant::now());
    for setup in &plan.setups {
        let tell = |what: &str| eprintln!("{:>5.0} s  {setup:?}: {what}", began.elapsed().as_secs_f64());
        match run::run(&dir.path().join(format!("{setup:?}")), plan, *setup, &networks, tell).await {
            Ok(measured) => report.stores.push(measured),
            Err(error) => failed.push(format!("{setup:?}: {error}")),
        }
    }
    if plan.crm_updates > 0 {
        match applied::run(&dir.path().join("crm"), plan).await {
            Ok(applied) => report.applied = Some(applied),
            Err(error) => failed.push(format!("CRM: {error}")),
        }
    }
    report.took = began.elapsed();
    println!("{}", if arguments.json { report.json()? } else { report.markdown() });
    if let Some(out) = &arguments.out {
        write_part(out, &report.markdown())?;
    }
    failed.iter().for_each(|failure| eprintln!("failed: {failure}"));
    Ok(failed.is_empty())
}

/// Lets this process and those that it starts have as many descriptors as the system allows. Gives how many.
fn raise_descriptors() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    // Where it may not be raised, the number that is allowed already is told.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}
