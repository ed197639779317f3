//! From the person's word to nothing more being sent.

use std::time::Instant;

use crate::world::{self, STREET, World};
use crate::{Bench, Failure, release};
use freehold_tests::bench::sample::Samples;

/// Grants that are revoked, one after the other, in relationships of their own.
const SAMPLES: usize = 40;

/// Relationships of the larger case.
const MANY: usize = 100;

/// The type of the event with which a hub tells its systems to erase.
const ERASE: &str = "dev.freehold.erase";

pub(crate) async fn run(bench: &mut Bench) -> Result<(), Failure> {
    let (mut took, mut limit) = (Samples::default(), Samples::default());
    let hub = world::hub(&bench.dir.join("revoke-hub"), &[STREET]).await?;
    for n in 0..SAMPLES {
        // A person of its own for each, so that there is one relationship each time.
        let mut world = World::new(&bench.dir.join(format!("revoke-{n}"))).await?;
        world.add(hub.clone()).await?;
        let done = revoke(bench, &world, 0, &mut took, &mut limit).await;
        world.person.stop().await;
        done?;
    }
    hub.stop().await;
    report(bench, 1, &took, &limit);

    release::world(bench, MANY).await?;
    let world = bench.world.take().ok_or("no world")?;
    let (mut took, mut limit) = (Samples::default(), Samples::default());
    for n in 0..SAMPLES {
        revoke(bench, &world, n, &mut took, &mut limit).await?;
    }
    report(bench, world.hubs.len(), &took, &limit);
    // Its hubs stay for what needs no grants.
    bench.world = Some(world);
    Ok(())
}

/// Revokes the grant of one hub and waits until that hub has told its systems.
async fn revoke(
    bench: &mut Bench,
    world: &World,
    hub: usize,
    took: &mut Samples,
    limit: &mut Samples,
) -> Result<(), Failure> {
    world.settle().await?;
    limit.time(bench.floor.sign() + bench.floor.append()?);
    let after = world::newest(&world.hubs[hub]);
    let start = Instant::now();
    world.person.revoke(&world.grants[hub], None).await?;
    took.time(start.elapsed());
    world::has(&world.hubs[hub], ERASE, after).await
}

fn report(bench: &mut Bench, count: usize, took: &Samples, limit: &Samples) {
    let plural = if count == 1 { "relationship" } else { "relationships" };
    bench.report.beside(
        format!("revoke a grant until nothing more is sent ({count} {plural})"),
        "ms",
        took,
        limit,
        "one signature and one fdatasync",
    );
}
