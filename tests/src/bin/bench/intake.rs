//! Updates that one hub takes in from many persons at once.

use std::time::{Duration, Instant};

use freehold_keystore::Seed;

use crate::child::Running;
use crate::{Bench, Failure, machine, world};
use freehold_tests::bench::sample::Samples;

/// Persons that send side by side.
const PERSONS: usize = 50;

/// One sample.
const WINDOW: Duration = Duration::from_secs(1);

/// Samples.
const SAMPLES: usize = 8;

pub(crate) async fn run(bench: &mut Bench) -> Result<(), Failure> {
    let home = bench.dir.join("intake-hub");
    let count = PERSONS.to_string();
    let mut hub = Running::start(&["hub", home.to_str().ok_or("the folder's name is not UTF-8")?, &count])?;
    let mut persons = Vec::new();
    loop {
        let link = hub.hear().await?;
        if link == "ready" {
            break;
        }
        let person =
            world::person(&bench.dir.join(format!("intake-{}", persons.len())), &Seed::generate()?).await?;
        world::set(&person, world::STREET, "1 Long Street").await?;
        persons.push((person, link));
    }
    for (person, link) in &persons {
        world::accept(person, link).await?;
    }
    let mut senders = tokio::task::JoinSet::new();
    for (person, _) in &persons {
        let person = person.clone();
        senders.spawn(async move {
            for n in 0_u64.. {
                if world::set(&person, world::STREET, &format!("{n} Long Street")).await.is_err() {
                    break;
                }
            }
        });
    }
    let done = sample(bench, &mut hub).await;
    senders.shutdown().await;
    let mut stops = tokio::task::JoinSet::new();
    persons.into_iter().for_each(|(person, _)| drop(stops.spawn(async move { person.stop().await })));
    while stops.join_next().await.is_some() {}
    hub.end().await?;
    done
}

async fn sample(bench: &mut Bench, hub: &mut Running) -> Result<(), Failure> {
    let (mut rate, mut cpu, mut limit) = (Samples::default(), Samples::default(), Samples::default());
    tokio::time::sleep(WINDOW).await;
    let mut before = look(hub).await?;
    for _ in 0..SAMPLES {
        tokio::time::sleep(WINDOW).await;
        let now = look(hub).await?;
        let updates = (now.1 - before.1) as f64;
        rate.push(updates / (now.0 - before.0).as_secs_f64());
        cpu.push((now.2 - before.2) * 1e6 / updates.max(1.0));
        before = now;
        limit.push(bench.floor.signatures(1).as_secs_f64() * 1e6);
    }
    let what = format!("intake of one hub from {PERSONS} persons, each update on its disk");
    bench.report.alone(what, "updates/s", &rate, "the persons' engines use the same cores");
    bench.report.beside(
        "CPU of the hub for one update",
        "µs",
        &cpu,
        &limit,
        "one verification and one signature",
    );
    bench.report.note(format!(
        "Intake: the hub is a process of its own; {PERSONS} persons' engines with a store each write as fast as \
         their own disk lets them, and changes that come faster than the hub acknowledges are sent together. An \
         update counts once it and its event are on the hub's disk; the CPU includes the outcome that goes back.",
    ));
    Ok(())
}

/// When, how many updates, and the hub's CPU seconds.
async fn look(hub: &mut Running) -> Result<(Instant, u64, f64), Failure> {
    hub.say("updates")?;
    let updates = hub.hear().await?.parse()?;
    Ok((Instant::now(), updates, machine::cpu_secs(hub.pid())?))
}
