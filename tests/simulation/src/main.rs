//! `cargo xtask simulate`: plays stories, new ones or one again, and shortens the first that breaks a rule.
#![allow(clippy::print_stdout, reason = "a command of the terminal")]

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use clap::Parser;
use freehold_simulation::{Story, play, shorten};
use freehold_store::planted::{BUGS, Bug};

#[derive(Parser)]
#[command(
    name = "cargo xtask simulate",
    about = "Plays stories of crashes, faults and partitions with the real engines"
)]
struct Arguments {
    /// How many new seeds to play.
    #[arg(long, default_value_t = 100)]
    seeds: u64,
    /// Play new seeds for so many hours instead.
    #[arg(long)]
    hours: Option<f64>,
    /// Play this seed alone, step by step.
    #[arg(long)]
    seed: Option<u64>,
    /// The first of the new seeds; from the clock when not given.
    #[arg(long)]
    first: Option<u64>,
    /// Play the story in this file alone.
    #[arg(long)]
    story: Option<PathBuf>,
    /// Keep the shortened story in this file.
    #[arg(long)]
    save: Option<PathBuf>,
    /// Plant this fault.
    #[arg(long)]
    bug: Option<String>,
    /// Print everything that happens in the story of --seed.
    #[arg(long)]
    trace: bool,
    /// Do not shorten a story that breaks a rule.
    #[arg(long)]
    whole: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let bug = match &arguments.bug {
        None => None,
        Some(name) => match BUGS.into_iter().find(|bug| format!("{bug:?}") == *name) {
            Some(bug) => Some(bug),
            None => {
                println!("no such fault; there are {BUGS:?}");
                return ExitCode::FAILURE;
            }
        },
    };
    let kept = arguments.story.as_ref().map(|path| {
        let text = fs::read_to_string(path).map_err(|error| error.to_string())?;
        Story::read(&text).map_err(|error| error.to_string())
    });
    match (kept, arguments.seed) {
        (Some(Ok(story)), _) => again(&story, bug, &arguments),
        (Some(Err(error)), _) => {
            println!("no story: {error}");
            ExitCode::FAILURE
        }
        (None, Some(seed)) => again(&Story::of(seed), bug, &arguments),
        (None, None) => many(bug, &arguments),
    }
}

/// Plays new seeds until one breaks a rule, or it is enough.
fn many(bug: Option<Bug>, arguments: &Arguments) -> ExitCode {
    let first = arguments.first.unwrap_or_else(|| {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        since.as_secs() * 1_000
    });
    let (began, mut played) = (Instant::now(), 0);
    let (mut events, mut crashes, mut settled, mut passed) = (0, 0, 0, Duration::ZERO);
    let enough = |played: u64| match arguments.hours {
        Some(hours) => began.elapsed().as_secs_f64() >= hours * 3_600.0,
        None => played >= arguments.seeds,
    };
    let mut broken = None;
    while broken.is_none() && !enough(played) {
        let seed = first + played;
        let ending = play(&Story::of(seed), bug, false);
        played += 1;
        events += ending.events;
        crashes += ending.crashes;
        settled += ending.settled;
        passed += ending.took;
        broken = ending.violation.is_some().then_some(seed);
    }
    let real = began.elapsed().as_secs_f64();
    println!(
        "{played} seeds from {first}: {events} events, {crashes} crashes, {settled} times at rest, {:.1} h of story in {real:.1} s ({:.0} times real time)",
        passed.as_secs_f64() / 3_600.0,
        passed.as_secs_f64() / real.max(0.001)
    );
    match broken {
        None => ExitCode::SUCCESS,
        Some(seed) => again(&Story::of(seed), bug, arguments),
    }
}

/// Plays one story, and says what happens.
fn again(story: &Story, bug: Option<Bug>, arguments: &Arguments) -> ExitCode {
    let seed = story.seed;
    let ending = play(story, bug, arguments.trace);
    ending.lines.iter().for_each(|line| println!("{line}"));
    let Some((step, violation)) = &ending.violation else {
        println!("seed {seed}: {} steps, no rule was broken", story.steps.len());
        return ExitCode::SUCCESS;
    };
    println!("seed {seed} breaks a rule at step {step}: {violation}");
    if !arguments.whole {
        let (short, ending) = shorten(story, bug);
        if let Some(path) = &arguments.save
            && let Err(error) = fs::write(path, short.text())
        {
            println!("the story cannot be kept: {error}");
        }
        println!("the shortest story found, {} steps:", short.steps.len());
        for step in &short.steps {
            println!("  {:>3}. {} (then {} ms)", step.number, step.action, step.pause_ms);
        }
        if let Some((step, violation)) = ending.violation {
            println!("at step {step}: {violation}");
        }
    }
    let bug = bug.map_or_else(String::new, |bug| format!(" --bug {bug:?}"));
    println!("again: cargo xtask simulate --seed {seed}{bug}");
    ExitCode::FAILURE
}
