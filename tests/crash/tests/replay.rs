//! A crash at every write and every sync of a store.

#![expect(clippy::print_stderr, reason = "figures for whoever reads the run")]

use std::path::Path;

use freehold_crash::ledger::Sizes;
use freehold_crash::recording::Syncs;
use freehold_crash::replay::{Outcome, Replay};
use freehold_crash::{rounds, seed, skipped, tracer};

fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_crash"))
}

fn run(what: &str, replay: Replay, run: impl Fn(&Replay) -> Result<Outcome, String>) -> Option<Outcome> {
    if let Err(why) = tracer::available() {
        skipped(what, &why);
        return None;
    }
    let outcome = run(&replay).expect("the run is recorded");
    let (states, moments, breaches) = (outcome.states, outcome.moments, outcome.breaches.len());
    let again = outcome.writes_to_used_segments;
    eprintln!(
        "{what}: {states} crashes at {moments} moments, {again} writes to used segments, {breaches} breaches"
    );
    Some(outcome)
}

fn replay(seed: u64) -> Replay {
    Replay { seed, sizes: Sizes::Small, transactions: 40, reopen: 15, states_max: 0, syncs: Syncs::Real }
}

#[test]
fn a_crash_at_every_write_and_sync_loses_no_acknowledged_write_and_halves_none() {
    let seed = seed("crashes");
    let states_max = rounds(1_500, 0);
    let outcome = run("small values", Replay { states_max, ..replay(seed) }, |replay| replay.run(program()));
    let Some(outcome) = outcome else { return };
    assert!(outcome.breaches.is_empty(), "seed {seed}: {:#?}", outcome.breaches);
}

#[test]
fn a_crash_where_segments_of_the_log_are_used_again_loses_nothing() {
    let seed = seed("crashes with large values");
    let large = Replay {
        sizes: Sizes::Large,
        transactions: 250,
        reopen: 90,
        states_max: rounds(70, 3_000),
        ..replay(seed)
    };
    let Some(outcome) = run("large values", large, |replay| replay.run(program())) else { return };
    assert!(outcome.writes_to_used_segments > 0, "no segment was used again");
    assert!(outcome.breaches.is_empty(), "seed {seed}: {:#?}", outcome.breaches);
}

/// Pairs of faults: the process that recovers from a crash crashes as well, at every moment.
#[test]
fn a_crash_during_the_recovery_from_a_crash_loses_nothing() {
    let seed = seed("crashes in recovery");
    let replay = Replay { states_max: rounds(150, 0), ..replay(seed) };
    let outcome = run("in recovery", replay, |replay| replay.run_in_recovery(program(), rounds(4, 50)));
    let Some(outcome) = outcome else { return };
    assert!(outcome.breaches.is_empty(), "seed {seed}: {:#?}", outcome.breaches);
}

/// The check bites: if syncs are not believed, the same crashes lose what was acknowledged.
#[test]
fn the_same_crashes_find_a_store_that_does_not_sync() {
    let replay = Replay { syncs: Syncs::LeftOut, states_max: 200, ..replay(seed("crashes without syncs")) };
    let Some(outcome) = run("without syncs", replay, |replay| replay.run(program())) else { return };
    assert!(outcome.breaches.len() as u64 > outcome.states / 4, "{outcome:?}");
}
