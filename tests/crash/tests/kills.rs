//! The program, killed at any moment while it works.

#![expect(clippy::print_stderr, reason = "figures for whoever reads the run")]

use freehold_crash::{kills, rounds, seed, skipped};

#[test]
fn a_node_and_a_hub_that_are_killed_at_any_moment_lose_nothing_they_acknowledged() {
    let outcome = kills::kills(rounds(200, 1_500), seed("kills"));
    assert!(outcome.acknowledged > outcome.rounds, "{outcome:?}: the kills met no work");
    eprintln!("{outcome:?}");
}

#[test]
fn a_node_and_a_hub_whose_power_is_cut_lose_nothing_they_acknowledged() {
    match kills::cuts(rounds(10, 300), seed("power cuts of node and hub")) {
        Ok(outcome) => {
            assert!(outcome.acknowledged > outcome.rounds, "{outcome:?}: the cuts met no work");
            eprintln!("{outcome:?}");
        }
        Err(why) => skipped("power cuts of node and hub", &why),
    }
}
