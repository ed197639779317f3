//! What an idle node holds in memory.

use std::time::Duration;

use freehold_keystore::Seed;

use crate::child::Running;
use crate::world::VALID;
use crate::{Bench, Failure, machine, release};
use freehold_tests::bench::sample::Samples;

/// Idle time before the figure is taken.
const QUIET: Duration = Duration::from_secs(3);

pub(crate) async fn run(bench: &mut Bench) -> Result<(), Failure> {
    for relationships in [0, 100] {
        let hubs = release::hubs(bench, relationships).await?;
        let home = bench.dir.join(format!("memory-{relationships}"));
        let home = home.to_str().ok_or("the folder's name is not UTF-8")?;
        let seed = Seed::generate()?;
        let mut links = Vec::new();
        for hub in &hubs {
            links.push(hub.invite(None, None, VALID).await?.link);
        }
        let joined = node(home, &seed, &links).await?;
        let again = node(home, &seed, &[]).await?;
        let plural = format!("{relationships} relationships, all connected");
        let (mut first, mut second) = (Samples::default(), Samples::default());
        first.push(joined.0);
        second.push(again.0);
        let cpu =
            |share: f64| format!("VmRSS after {} s idle; {:.2} % of a core", QUIET.as_secs(), share * 100.0);
        bench.report.alone(
            format!("memory of a node that was just started, {plural}"),
            "MB",
            &second,
            &cpu(again.1),
        );
        bench.report.alone(format!("memory of a node that has made {plural}"), "MB", &first, &cpu(joined.1));
    }
    bench.report.note(
        "Memory: the node is a process of its own that runs the person's engine alone; the hubs are in another.",
    );
    Ok(())
}

/// Runs a node as a process of its own; gives its megabytes and its share of a core when idle.
async fn node(home: &str, seed: &Seed, links: &[String]) -> Result<(f64, f64), Failure> {
    let mut node = Running::start(&["node", home])?;
    node.say(&seed.words())?;
    for link in links {
        node.say(link)?;
    }
    node.say("")?;
    while node.hear().await? != "ready" {}
    let before = machine::cpu_secs(node.pid())?;
    tokio::time::sleep(QUIET).await;
    let share = (machine::cpu_secs(node.pid())? - before) / QUIET.as_secs_f64();
    let memory = machine::resident_mb(node.pid())?;
    node.end().await?;
    Ok((memory, share))
}
