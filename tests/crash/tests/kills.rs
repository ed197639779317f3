//! The program, killed at any moment while it works.

#![expect(clippy::print_stderr, reason = "figures for whoever reads the run")]

use std::path::Path;

use freehold_crash::{backups, kills, rounds, seed, skipped};

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

#[test]
fn a_backup_that_is_killed_at_any_moment_leaves_a_folder_that_verifies_and_gives_back_one_moment() {
    let seed = seed("kills of a backup");
    let program = Path::new(env!("CARGO_BIN_EXE_crash"));
    match backups::kills(program, rounds(60, 1_000), seed) {
        Ok(outcome) => {
            assert!(outcome.done > 0 && outcome.cut > 0, "{outcome:?}: the kills met no backup");
            eprintln!("{outcome:?}");
        }
        Err(why) => panic!("seed {seed}: {why}"),
    }
}
