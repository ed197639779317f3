//! Backups while the machine fails.

#![expect(clippy::print_stderr, reason = "figures for whoever reads the run")]
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::path::Path;

use freehold_crash::backup_faults::{crash_everywhere, fail};
use freehold_crash::recording::Syncs;
use freehold_crash::writer::Said;
use freehold_crash::{rounds, seed, skipped, tracer};

fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_crash"))
}

#[test]
fn a_crash_anywhere_in_a_backup_leaves_whole_points_and_no_other() {
    if let Err(why) = tracer::available() {
        return skipped("crashes of backups", &why);
    }
    let seed = seed("crashes of backups");
    let outcome = crash_everywhere(program(), seed, rounds(120, 0), Syncs::Real).unwrap();
    let (states, early) = (outcome.states, outcome.early);
    eprintln!("{states} crashes at {} moments, {early} left a point early", outcome.moments);
    assert!(outcome.breaches.is_empty(), "seed {seed}: {:#?}", outcome.breaches);
    assert!(states > 60, "{outcome:?}");
}

/// The check bites: where syncs are not believed, some crash loses a point that was told done, or leaves half a file.
#[test]
fn the_same_crashes_find_a_backup_that_does_not_sync() {
    if let Err(why) = tracer::available() {
        return skipped("backups without syncs", &why);
    }
    let outcome = crash_everywhere(program(), seed("without syncs"), 60, Syncs::LeftOut).unwrap();
    assert!(!outcome.breaches.is_empty(), "{} crashes do not show that syncs were left out", outcome.states);
}

#[test]
fn a_backup_that_meets_a_failing_disk_says_so_and_leaves_whole_points() {
    if let Err(why) = tracer::available() {
        return skipped("faults of backups", &why);
    }
    let seed = seed("faults of backups");
    // A new home has a few of these calls itself before the first backup.
    let n_max = rounds(14, 200);
    for (calls, error) in [("fsync", "EIO"), ("write", "ENOSPC"), ("rename,renameat,renameat2", "EIO")] {
        let (mut faults, mut told) = (0, 0);
        for n in 1..=n_max {
            let met = fail(program(), seed, calls, error, n);
            let (injected, said) = met.unwrap_or_else(|why| panic!("{calls} {n}, seed {seed}: {why}"));
            if !injected {
                break;
            }
            faults += 1;
            let failed = said.iter().position(|said| matches!(said, Said::Failed(_)));
            told += u64::from(failed.is_some());
            assert!(failed.is_none_or(|at| at + 1 == said.len()), "{calls} {n}: {said:?}");
        }
        eprintln!("{calls}: {faults} faults, {told} of them told");
        assert!(faults > 4 && told > 2, "{calls}: {faults} faults, {told} told");
    }
}
