//! What this machine takes for the steps that no hub can leave out.

use std::time::{Duration, Instant};

use freehold_protocol::identity::SigningKey;
use freehold_tests::bench::floor::Floor;
use freehold_tests::bench::sample::Samples;
use freehold_tests::bench::{Failure, machine};
use freehold_tests::postgres;

/// Bytes of what is checked: an update of one field.
const MESSAGE_BYTES: usize = 300;

/// Rows of a transaction in the rate of PostgreSQL's own.
const ROWS: usize = 500;

/// Synced appends that are looked at.
const APPENDS: usize = 100;

/// Signatures on one core.
#[derive(Debug, Clone, Copy)]
pub struct Signatures {
    /// Checks a second, by the clock.
    pub checks_per_sec: f64,
    /// CPU microseconds of a check.
    pub check_micros: f64,
    /// CPU microseconds of a signature.
    pub sign_micros: f64,
}

/// Measures signatures.
///
/// # Errors
/// When the system does not tell what was used.
pub fn signatures(count: usize) -> Result<Signatures, Failure> {
    let (key, message) = (SigningKey::from_seed(&[3; 32]), [7; MESSAGE_BYTES]);
    let (public, signature) = (key.public(), key.sign(&message));
    let checking = timed(count, || {
        std::hint::black_box(public.verify(&message, &signature)).expect("our own signature verifies");
    })?;
    let signing = timed(count, || {
        std::hint::black_box(key.sign(&message));
    })?;
    let (checks, check_cpu) = checking;
    Ok(Signatures {
        checks_per_sec: count as f64 / checks.as_secs_f64(),
        check_micros: check_cpu * 1e6 / count as f64,
        sign_micros: signing.1 * 1e6 / count as f64,
    })
}

/// The time by the clock and the CPU seconds of so many steps.
fn timed(count: usize, mut step: impl FnMut()) -> Result<(Duration, f64), Failure> {
    let (began, before) = (Instant::now(), machine::cpu_secs(std::process::id())?);
    (0..count).for_each(|_| step());
    Ok((began.elapsed(), machine::cpu_secs(std::process::id())? - before))
}

/// Milliseconds of one 4 KiB append and fdatasync, beside the hub's store.
///
/// # Errors
/// The disk's.
pub fn appends(floor: &mut Floor) -> Result<Samples, Failure> {
    let mut samples = Samples::default();
    for _ in 0..APPENDS {
        samples.time(floor.append()?);
    }
    Ok(samples)
}

/// Rows a second that PostgreSQL itself writes durably, in transactions of 500, without a client in the way: into a table
/// with the columns and the key of the hub's, by keys in no order, from values that it makes.
#[must_use]
pub fn rows_per_sec(server: &postgres::Server, database: &str, transactions: usize) -> f64 {
    server.sql(
        database,
        "create schema load; create table load.records \
         (relationship bytea not null, key bytea not null, value bytea not null, primary key (relationship, key))",
    );
    let transaction = format!(
        "begin; insert into load.records select decode(md5(random()::text), 'hex'), decode(md5(n::text), 'hex'), \
         decode(repeat(md5(n::text), 14), 'hex') from generate_series(1, {ROWS}) n; commit;"
    );
    let began = Instant::now();
    server.sql(database, &transaction.repeat(transactions));
    let rate = (transactions * ROWS) as f64 / began.elapsed().as_secs_f64();
    server.sql(database, "drop schema load cascade");
    rate
}
