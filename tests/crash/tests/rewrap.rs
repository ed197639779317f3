//! A passphrase that is changed while the machine fails.

#![expect(clippy::print_stderr, reason = "figures for whoever reads the run")]

use std::path::Path;

use freehold_crash::recording::Syncs;
use freehold_crash::rewrap::crash_everywhere;
use freehold_crash::{seed, skipped, tracer};

fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_crash"))
}

#[test]
fn a_crash_anywhere_in_a_change_of_passphrase_leaves_the_old_one_or_the_new_one() {
    if let Err(why) = tracer::available() {
        return skipped("a change of passphrase", &why);
    }
    let seed = seed("a change of passphrase");
    let outcome = crash_everywhere(program(), seed, Syncs::Real).expect("the change is recorded");
    let [old, new] = outcome.held;
    eprintln!("{} crashes: {old} left the old passphrase, {new} the new one", outcome.states);
    assert!(outcome.breaches.is_empty(), "seed {seed}: {:#?}", outcome.breaches);
    assert!(old > 0 && new > 0, "{outcome:?}");
}

/// The check bites: where syncs are not believed, some crash leaves neither, or undoes what was acknowledged.
#[test]
fn the_same_crashes_find_a_change_that_does_not_sync() {
    if let Err(why) = tracer::available() {
        return skipped("a change of passphrase without syncs", &why);
    }
    // Few of the crashes of one recording meet the moments that matter.
    const RECORDINGS: u64 = 12;
    let first = seed("without syncs");
    let found = (0..RECORDINGS).any(|more| {
        let outcome = crash_everywhere(program(), first.wrapping_add(more), Syncs::LeftOut);
        !outcome.expect("it is recorded").breaches.is_empty()
    });
    assert!(found, "none of {RECORDINGS} recordings shows that syncs were left out");
}
