//! A live read of one field through the hub.

use std::time::Instant;

use crate::world::{CUSTOMER, STREET};
use crate::{Bench, Failure, release, within};
use freehold_tests::bench::sample::Samples;

/// Samples: enough for a p99.
const SAMPLES: usize = 400;

pub(crate) async fn run(bench: &mut Bench) -> Result<(), Failure> {
    let hub = release::hubs(bench, 1).await?.remove(0);
    let relationships = bench.world.as_ref().map_or(0, |world| world.hubs.len());
    let paths = [STREET.to_owned()];
    let (mut took, mut limit) = (Samples::default(), Samples::default());
    for _ in 0..SAMPLES {
        let floor = bench.floor.round_trip().await? + bench.floor.signatures(1) + bench.floor.append()?;
        limit.time(floor);
        let start = Instant::now();
        let read = within("a live read", hub.read(CUSTOMER, &paths, "serviceProvision")).await??;
        took.time(start.elapsed());
        if read.fields.get(STREET).is_none_or(Option::is_none) {
            return Err("the live read gave no value".into());
        }
    }
    bench.report.beside(
        format!("live read of one field ({relationships} relationships)"),
        "ms",
        &took,
        &limit,
        "one frame there and back, one signature, one verification, one fdatasync",
    );
    bench.report.note(
        "Live read: question and answer are each signed and verified, and each side writes the read down before \
         a value is shown; the limit counts one of each.",
    );
    Ok(())
}
