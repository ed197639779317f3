//! `cargo xtask schedules`: tries orders of steps, as many as wanted, or one again.
#![allow(clippy::print_stdout, reason = "a command of the terminal")]

use std::process::ExitCode;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use clap::Parser;
use freehold_schedules::{FAULTS, SCENARIOS, Scenario, find, try_orders};

#[derive(Parser)]
#[command(name = "cargo xtask schedules", about = "Tries orders of threads' and tasks' steps")]
struct Arguments {
    /// How many orders of each scenario.
    #[arg(long, default_value_t = 10_000)]
    orders: u64,
    /// This scenario alone: commit, queue, break-off, hear, revoke or stop.
    #[arg(long)]
    scenario: Option<String>,
    /// The order of this seed alone, which a failure has printed.
    #[arg(long, requires = "scenario")]
    seed: Option<u64>,
    /// Plant each fault in turn, and say in which order it was found.
    #[arg(long)]
    faults: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if arguments.faults {
        let found = FAULTS.map(|(scenario, planted)| {
            let found = find(scenario, planted, arguments.orders, 1);
            (planted, found)
        });
        found.iter().for_each(|(planted, found)| println!("{planted:?}: {found:?}"));
        return if found.iter().all(|(_, found)| found.is_some()) {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        };
    }
    let chosen: Vec<Scenario> = SCENARIOS
        .into_iter()
        .filter(|scenario| arguments.scenario.as_ref().is_none_or(|name| *name == name_of(*scenario)))
        .collect();
    if chosen.is_empty() {
        println!("no such scenario; there are {:?}", SCENARIOS.map(name_of));
        return ExitCode::FAILURE;
    }
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let seed = arguments.seed.unwrap_or_else(|| u64::try_from(since.as_nanos()).unwrap_or_default());
    let orders = if arguments.seed.is_some() { 1 } else { arguments.orders };
    for scenario in chosen {
        let began = Instant::now();
        try_orders(scenario, orders, seed);
        let name = name_of(scenario);
        println!("{name}: {orders} orders from seed {seed} in {:.1} s", began.elapsed().as_secs_f64());
    }
    ExitCode::SUCCESS
}

fn name_of(scenario: Scenario) -> &'static str {
    match scenario {
        Scenario::Commit => "commit",
        Scenario::Queue => "queue",
        Scenario::BreakOff => "break-off",
        Scenario::Hear => "hear",
        Scenario::Revoke => "revoke",
        Scenario::Stop => "stop",
    }
}
