//! A durable `set` of one field, without relationships.

use std::time::Instant;

use freehold_keystore::Seed;

use crate::{Bench, Failure, world};
use freehold_tests::bench::sample::Samples;

/// Samples: enough for a p99.
const SAMPLES: usize = 500;

pub(crate) async fn run(bench: &mut Bench) -> Result<(), Failure> {
    let person = world::person(&bench.dir.join("set"), &Seed::generate()?).await?;
    let (mut took, mut limit) = (Samples::default(), Samples::default());
    for n in 0..SAMPLES {
        limit.time(bench.floor.append()?);
        let value = format!("{n} Long Street");
        let start = Instant::now();
        world::set(&person, world::STREET, &value).await?;
        took.time(start.elapsed());
    }
    person.stop().await;
    bench.report.beside(
        "set one field, durable, no relationships",
        "ms",
        &took,
        &limit,
        "one 4 KiB append and fdatasync",
    );
    Ok(())
}
