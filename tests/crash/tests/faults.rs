//! A disk that fails, one call after another: what was acknowledged stays, nothing is acknowledged after it.

#![expect(clippy::print_stderr, reason = "figures for whoever reads the run")]
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::path::Path;

use freehold_crash::ledger::{Ledger, Sizes};
use freehold_crash::tracer::{self, Injection, Threads};
use freehold_crash::writer::{Plan, Said, Writer, last_acknowledged};
use freehold_crash::{rounds, seed, skipped};

fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_crash"))
}

/// What a process said that met a fault.
struct Met {
    said: Vec<Said>,
    injected: bool,
}

/// Runs the writer on a store with a fault in the `n`th call.
fn run(plan: &Plan, store: &Path, calls: &str, error: &str, threads: Threads, n: u64) -> Met {
    let log = tempfile::NamedTempFile::new().unwrap();
    let fault = format!("error={error}:when={n}");
    let injection = Injection { calls, fault: &fault, threads };
    let (_, said) = Writer::start(program(), &injection.words(log.path()), plan, store).end();
    // The tracer may write its last lines after the process has ended.
    std::thread::park_timeout(std::time::Duration::from_millis(30));
    Met { said, injected: tracer::injected(log.path()) }
}

/// Whether something was acknowledged after a write had failed.
fn acknowledged_after_failure(said: &[Said]) -> bool {
    let after = said.iter().skip_while(|said| !matches!(said, Said::Failed(_)));
    after.into_iter().any(|said| matches!(said, Said::Acknowledged(_)))
}

/// Fails each call in turn, in a new store or in one that a kill left, until the run has no more of them.
fn fail_each(what: &str, calls: &str, error: &str, threads: Threads, killed_before: bool, n_max: u64) {
    if let Err(why) = tracer::available() {
        return skipped(what, &why);
    }
    let ledger = Ledger { seed: seed(what), sizes: Sizes::Small };
    let plan = Plan { ledger, count: 24, reopen: 9 };
    let (mut faults, mut failures) = (0, 0);
    for n in 1..=n_max {
        let dir = tempfile::tempdir_in(freehold_crash::device::folder()).unwrap();
        let store = dir.path().join("store");
        let mut before = 0;
        if killed_before {
            let writer = Writer::start(program(), &[], &Plan { count: 0, reopen: 0, ..plan }, &store);
            freehold_crash::wait_until("the writer works", || writer.acknowledged() > 10);
            before = last_acknowledged(&writer.kill());
        }
        let met = run(&plan, &store, calls, error, threads, n);
        if !met.injected {
            break;
        }
        faults += 1;
        failures += u64::from(met.said.iter().any(|said| matches!(said, Said::Failed(_))));
        assert!(!acknowledged_after_failure(&met.said), "{what} {n}: {:?}", met.said);
        for said in &met.said {
            if let Said::Failed(why) = said {
                assert!(!why.is_empty() && !why.contains("panic"), "{what} {n}: {why}");
            }
        }
        let acknowledged = last_acknowledged(&met.said).max(before);
        if let Err(breach) = ledger.check(&store, acknowledged) {
            panic!("{what} {n}, seed {}: {breach}; it said {:?}", ledger.seed, met.said);
        }
    }
    assert!(faults > 3 && failures > 0, "{what}: {faults} faults, {failures} told");
    eprintln!("{what}: {faults} faults, {failures} of them told, nothing lost");
}

#[test]
fn nothing_is_acknowledged_after_any_failed_sync_of_the_log_or_the_keys() {
    fail_each("fdatasync fails", "fdatasync", "EIO", Threads::All, false, rounds(60, 400));
}

/// Fails the `n`th call on a file, counted from some moment at which the store is at work, and looks at what was said.
fn fail_at_work(what: &str, calls: &str, file: &str, n: u64) {
    let ledger = Ledger { seed: seed(what), sizes: Sizes::Small };
    let dir = tempfile::tempdir_in(freehold_crash::device::folder()).unwrap();
    let (store, log) = (dir.path().join("store"), dir.path().join("log"));
    let writer = Writer::start(program(), &[], &Plan { ledger, count: 0, reopen: 0 }, &store);
    freehold_crash::wait_until("the writer works", || writer.acknowledged() > 0);
    let fault = format!("error=EIO:when={n}");
    let injection = Injection { calls, fault: &fault, threads: Threads::All };
    let mut tracer = injection.attach(writer.id(), Some(&store.join(file)), &log);
    let (_, said) = writer.end();
    tracer.wait().unwrap();
    assert!(tracer::injected(&log), "{what} {n}");
    assert!(said.iter().any(|said| matches!(said, Said::Failed(_))), "{what} {n}: it ended without a word");
    assert!(!acknowledged_after_failure(&said), "{what} {n}: {said:?}");
    let acknowledged = last_acknowledged(&said);
    if let Err(breach) = ledger.check(&store, acknowledged) {
        panic!("{what} {n}, seed {}: {breach}", ledger.seed);
    }
}

/// Each file's own sync; the witness's comes once in 4,096 writes.
#[test]
fn nothing_is_acknowledged_after_a_failed_sync_of_any_file_at_work() {
    if let Err(why) = tracer::available() {
        return skipped("syncs that fail at work", &why);
    }
    for n in 1..=rounds(10, 200) {
        fail_at_work("a sync of the log fails", "fdatasync", "db", n);
        fail_at_work("a sync of the keys fails", "fdatasync", "record-keys", n);
    }
    fail_at_work("the sync of the witness fails", "fdatasync", "witness", 1);
}

#[test]
fn a_store_whose_opening_meets_a_failed_sync_opens_the_next_time() {
    fail_each("fsync fails", "fsync", "EIO", Threads::Main, false, 60);
}

#[test]
fn nothing_is_lost_when_any_write_fails() {
    fail_each("pwrite fails", "pwrite64", "EIO", Threads::All, false, rounds(25, 400));
}

#[test]
fn nothing_is_lost_when_any_write_meets_a_full_disk() {
    fail_each("pwrite meets a full disk", "pwrite64", "ENOSPC", Threads::All, false, rounds(25, 400));
}

/// Pairs of faults: the process was killed, and the one that recovers meets a disk that fails.
#[test]
fn a_recovery_that_meets_failed_syncs_or_writes_loses_nothing() {
    let n_max = rounds(8, 100);
    fail_each("fdatasync fails after a kill", "fdatasync", "EIO", Threads::All, true, n_max);
    fail_each("fsync fails after a kill", "fsync", "EIO", Threads::Main, true, n_max);
    fail_each("pwrite meets a full disk after a kill", "pwrite64", "ENOSPC", Threads::All, true, n_max);
}
