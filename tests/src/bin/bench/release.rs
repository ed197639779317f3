//! A change until each of N hubs has it on its own disk.

use freehold_hub::Hub;

use crate::world::World;
use crate::{Bench, Failure, machine};
use freehold_tests::bench::floor::Fleet;
use freehold_tests::bench::sample::Samples;

/// Hubs and samples.
const SIZES: [(usize, usize); 3] = [(1, 150), (10, 100), (100, 50)];

/// Changes before the first sample: connections and caches are warm in daily life too.
const WARM: usize = 3;

pub(crate) async fn run(bench: &mut Bench) -> Result<(), Failure> {
    let mut number = 0;
    for (hubs, samples) in SIZES {
        let world = world(bench, hubs).await?;
        let all = world.hubs.len();
        let fleet = Fleet::new(&bench.dir, hubs)?;
        let (mut took, mut limit, mut set, mut cpu) =
            (Samples::default(), Samples::default(), Samples::default(), 0.0);
        for n in 0..samples + WARM {
            number += 1;
            let floor = bench.floor.signatures(hubs)
                + bench.floor.round_trip().await?
                + bench.floor.append()?
                + fleet.append()?;
            let world = bench.world.as_ref().ok_or("no world")?;
            let before = machine::cpu_secs(std::process::id())?;
            let (on_disk, at_hubs) = world.change(&format!("{number} Long Street"), all).await?;
            let used = machine::cpu_secs(std::process::id())? - before;
            world.settle().await?;
            if n >= WARM {
                limit.time(floor);
                took.time(at_hubs);
                set.time(on_disk);
                cpu += used;
            }
        }
        let plural = if hubs == 1 { "hub" } else { "hubs" };
        bench.report.beside(
            format!("set until {hubs} {plural} have it on disk"),
            "ms",
            &took,
            &limit,
            &format!(
                "{hubs} signatures and {hubs} verifications over all cores, one frame there and back, one \
                 fdatasync, then {hubs} in as many files at once"
            ),
        );
        bench.report.alone(
            format!("… of it, until the person has it on disk ({hubs} {plural})"),
            "ms",
            &set,
            &format!("CPU of person and hubs together: {:.2} ms a change", cpu * 1e3 / samples as f64),
        );
    }
    bench.report.note(
        "Release: person and hubs run in one process on the same cores, each with a store of its own, connected \
         over QUIC on loopback. The limit adds up what must follow one another: the person's fdatasync comes \
         before anything leaves, a hub's before its acknowledgement; signatures are spread over all cores and the \
         hubs' fdatasyncs run side by side, as they do in the engine.",
    );
    Ok(())
}

/// The world with so many hubs at least.
pub(crate) async fn world(bench: &mut Bench, hubs: usize) -> Result<&World, Failure> {
    if bench.world.is_none() {
        bench.world = Some(World::new(&bench.dir.join("world")).await?);
    }
    let world = bench.world.as_mut().ok_or("no world")?;
    world.grow(hubs).await?;
    Ok(world)
}

/// The first hubs of the world.
pub(crate) async fn hubs(bench: &mut Bench, count: usize) -> Result<Vec<Hub>, Failure> {
    Ok(world(bench, count).await?.hubs[..count].to_vec())
}
