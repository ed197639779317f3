//! Crashes as they happen: processes that are killed, power that is cut, disks that fail.
//!
//! A [`Ledger`] decides what is written, a [`Writer`](writer::Writer) process writes it and tells what was
//! acknowledged, a [`Device`](device::Device) is an ext4 whose power can be cut. The tests in `tests/crash/tests/` run
//! a bounded number of rounds; `cargo xtask crash` runs as many as wanted. `RELIABILITY.md` has the rule and the figures.

pub mod backup_faults;
pub mod backups;
pub mod cuts;
pub mod device;
pub mod fleet;
pub mod kills;
pub mod ledger;
pub mod mutation;
pub mod peer;
pub mod random;
pub mod recording;
pub mod relay;
pub mod replay;
pub mod rewrap;
pub mod search;
pub mod sinks;
pub mod story;
pub mod tracer;
pub mod upgrade;
pub mod writer;

use std::time::{Duration, Instant};

pub use ledger::Ledger;
pub use random::Random;

/// Longest wait for anything that must happen: a debug build on a busy machine, with room to spare.
const PATIENCE: Duration = Duration::from_secs(120);

/// Waits until something holds.
///
/// # Panics
/// When it does not in two minutes.
pub fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let since = Instant::now();
    while !holds() {
        assert!(since.elapsed() < PATIENCE, "{what}: not in {PATIENCE:?}");
        std::thread::park_timeout(Duration::from_millis(2));
    }
}

/// How many rounds a test runs: few each time, more where `FREEHOLD_LONG` says that minutes are allowed.
#[must_use]
pub fn rounds(each_time: u64, long: u64) -> u64 {
    if std::env::var_os("FREEHOLD_LONG").is_some() { long } else { each_time }
}

/// The seed of a test: the one that `FREEHOLD_SEED` names, else a new one each time. It is printed.
#[must_use]
#[expect(clippy::print_stderr, reason = "whoever sees a failure needs the seed")]
pub fn seed(what: &str) -> u64 {
    let named = std::env::var("FREEHOLD_SEED").ok().and_then(|seed| seed.parse().ok());
    let new = || {
        let since = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
        Random::new(since.as_nanos() as u64 ^ u64::from(std::process::id())).next()
    };
    let seed = named.unwrap_or_else(new);
    eprintln!("{what}: seed {seed} (again with FREEHOLD_SEED={seed})");
    seed
}

/// Says that a test cannot be run here, and why.
#[expect(clippy::print_stderr, reason = "a test that proved nothing must say so")]
pub fn skipped(what: &str, why: &str) {
    eprintln!("SKIPPED {what}: {why}");
}
