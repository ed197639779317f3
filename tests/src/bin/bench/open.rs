//! Vaults of growing size: opening, and a `set` in them.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use freehold_keystore::Seed;

use crate::{Bench, Failure, machine, world};
use freehold_tests::bench::sample::Samples;

/// Fields of one change set while a vault is filled.
const CHANGES: usize = 1_000;

/// Times that a vault is opened.
const OPENS: usize = 5;

/// Values set in a vault.
const SETS: usize = 200;

pub(crate) async fn run(bench: &mut Bench) -> Result<(), Failure> {
    let mut sizes = vec![1_000, 100_000];
    if bench.long {
        sizes.push(1_000_000);
    }
    for size in sizes {
        let home = bench.dir.join(format!("open-{size}"));
        vault(bench, &home, size).await?;
        fs::remove_dir_all(&home)?;
    }
    Ok(())
}

async fn vault(bench: &mut Bench, home: &Path, size: usize) -> Result<(), Failure> {
    let seed = Seed::generate()?;
    let person = world::person(home, &seed).await?;
    let (start, cpu) = (Instant::now(), machine::cpu_secs(std::process::id())?);
    for first in (0..size).step_by(CHANGES) {
        let fields = (first..first + CHANGES).map(|n| (path(n), Some(format!("value {n}")))).collect();
        person.set(fields, "bench").await?;
    }
    let (took, cpu) = (start.elapsed().as_secs_f64(), machine::cpu_secs(std::process::id())? - cpu);
    bench.report.note(format!(
        "Filling the vault of {size} fields in change sets of {CHANGES} took {took:.1} s: {:.0} fields a second, \
         {:.0} CPU microseconds each.",
        size as f64 / took,
        cpu * 1e6 / size as f64,
    ));

    let (mut took, mut limit) = (Samples::default(), Samples::default());
    for n in 0..SETS {
        limit.time(bench.floor.append()?);
        // Far from each other, so that no page is warm from the one before.
        let field = path((n * 7_919 + 13) % size);
        let start = Instant::now();
        world::set(&person, &field, &format!("new value {n}")).await?;
        took.time(start.elapsed());
    }
    person.stop().await;
    // The lock of the store goes with the last handle.
    drop(person);
    let what = format!("set one field of {size}");
    bench.report.beside(what, "ms", &took, &limit, "one 4 KiB append and fdatasync");

    let (mut took, mut limit) = (Samples::default(), Samples::default());
    for _ in 0..OPENS {
        limit.time(read_all(&home.join("store"))?);
        let start = Instant::now();
        let person = world::person(home, &seed).await?;
        took.time(start.elapsed());
        person.stop().await;
    }
    let what = format!("open a vault of {size} fields");
    bench.report.beside(what, "ms", &took, &limit, "reading its files from the page cache");
    Ok(())
}

fn path(n: usize) -> String {
    format!("x.bench.f{n}")
}

fn read_all(dir: &Path) -> Result<Duration, Failure> {
    let start = Instant::now();
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_file() {
            std::io::copy(&mut fs::File::open(path)?, &mut std::io::sink())?;
        }
    }
    Ok(start.elapsed())
}
