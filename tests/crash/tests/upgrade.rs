//! A store of an earlier format that is opened while the machine fails.

#![expect(clippy::print_stderr, reason = "figures for whoever reads the run")]

use std::path::Path;

use freehold_crash::upgrade::crash_everywhere;
use freehold_crash::{rounds, seed, skipped, tracer};

#[test]
fn a_crash_anywhere_in_a_migration_leaves_the_old_store_or_the_new_one_and_it_opens_again() {
    if let Err(why) = tracer::available() {
        return skipped("a migration", &why);
    }
    let seed = seed("a migration");
    let program = Path::new(env!("CARGO_BIN_EXE_crash"));
    let outcome = crash_everywhere(program, seed, rounds(150, 0)).expect("the opening is recorded");
    let [old, new] = outcome.formats;
    eprintln!(
        "{} crashes at {} moments: {old} left the old format, {new} the new one",
        old + new,
        outcome.moments
    );
    assert!(outcome.breaches.is_empty(), "seed {seed}: {:#?}", outcome.breaches);
    assert!(old > 0 && new > 0, "{outcome:?}");
}
