//! Power cuts under a store on a loop device.

#![expect(clippy::print_stderr, reason = "figures for whoever reads the run")]

use std::path::Path;

use freehold_crash::cuts::Cuts;
use freehold_crash::ledger::{Breach, Sizes};
use freehold_crash::tracer::{self, Injection, Threads};
use freehold_crash::{rounds, seed, skipped};

fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_crash"))
}

#[test]
fn a_power_cut_at_any_moment_loses_no_acknowledged_write_and_halves_none() {
    let seed = seed("power cuts");
    for (sizes, each_time) in [(Sizes::Small, 30), (Sizes::Large, 20)] {
        let cuts = Cuts { rounds: rounds(each_time, 1_000), seed, sizes };
        match cuts.run(program(), &[]) {
            Ok(outcome) => {
                assert!(outcome.breaches.is_empty(), "seed {seed}, {sizes:?}: {:?}", outcome.breaches);
                assert!(outcome.acknowledged > outcome.cuts, "{outcome:?}: the cuts met no work");
                eprintln!("{sizes:?}: {} cuts, {} acknowledged", outcome.cuts, outcome.acknowledged);
            }
            Err(why) => return skipped("power cuts", &why),
        }
    }
}

/// The check bites: with every sync left out, the same cuts lose what was acknowledged.
#[test]
fn the_same_cuts_find_a_store_that_does_not_sync() {
    if let Err(why) = tracer::available() {
        return skipped("power cuts of a store that does not sync", &why);
    }
    let unsynced =
        Injection { calls: "fdatasync,fsync", fault: "retval=0", threads: Threads::All }.words_unlogged();
    match (Cuts { rounds: 8, seed: seed("cuts without syncs"), sizes: Sizes::Small })
        .run(program(), &unsynced)
    {
        Ok(outcome) => {
            let lost =
                outcome.breaches.iter().filter(|(_, breach)| !matches!(breach, Breach::Read(_))).count();
            assert!(lost >= 4, "only {lost} of {} cuts lost something", outcome.cuts);
            eprintln!("without syncs {lost} of {} cuts lost acknowledged writes", outcome.cuts);
        }
        Err(why) => skipped("power cuts of a store that does not sync", &why),
    }
}
