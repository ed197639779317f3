//! From the person's word to nothing more being sent.

use std::time::Instant;

use crate::sample::Samples;
use crate::world::{self, World};
use crate::{Bench, Failure, release};

/// Paths of the grant that is revoked path by path: one sample each.
const PATHS: usize = 60;

/// The type of the event with which a hub tells its systems to erase.
const ERASE: &str = "dev.freehold.erase";

pub(crate) async fn run(bench: &mut Bench) -> Result<(), Failure> {
    let world = World::new(&bench.dir.join("revoke")).await?;
    let done = relationships(bench, &world, 1).await;
    world.stop().await;
    done?;
    release::world(bench, 99).await?;
    let world = bench.world.take().ok_or("no world")?;
    let relationships_now = world.hubs.len() + 1;
    let done = relationships(bench, &world, relationships_now).await;
    bench.world = Some(world);
    done
}

/// Adds one hub with a wide grant and revokes it path by path.
async fn relationships(bench: &mut Bench, world: &World, count: usize) -> Result<(), Failure> {
    let paths: Vec<String> = (0..PATHS).map(|n| format!("x.bench.f{n}")).collect();
    let fields = paths.iter().map(|path| (path.clone(), Some("a value".to_owned()))).collect();
    world.person.set(fields, "bench").await?;
    let names: Vec<&str> = paths.iter().map(String::as_str).collect();
    let hub = world::hub(&bench.dir.join(format!("revoke-hub-{count}")), &names).await?;
    let grant = world.join(&hub).await?;
    world.settle().await?;
    let (mut took, mut limit) = (Samples::default(), Samples::default());
    for path in paths {
        limit.time(bench.floor.sign() + bench.floor.append()?);
        let after = world::newest(&hub);
        let start = Instant::now();
        world.person.revoke(&grant, Some(vec![path])).await?;
        took.time(start.elapsed());
        world::has(&hub, ERASE, after).await?;
        world.settle().await?;
    }
    hub.stop().await;
    let plural = if count == 1 { "relationship" } else { "relationships" };
    bench.report.beside(
        format!("revoke until nothing more is sent ({count} {plural})"),
        "ms",
        &took,
        &limit,
        "one signature and one fdatasync",
    );
    Ok(())
}
