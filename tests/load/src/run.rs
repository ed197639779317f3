//! One store from a thousand relationships to a hundred thousand.

use std::path::Path;
use std::time::{Duration, Instant};

use freehold_tests::bench::floor::Floor;
use freehold_tests::bench::{Failure, machine};

use crate::crowd::{Crowd, Joined};
use crate::drive::{Pace, drive};
use crate::figures::{Idle, Latency, Limits, Measured, Rush, Size};
use crate::hub::HubProcess;
use crate::limits;
use crate::nats::Client;
use crate::plan::{Plan, Setup};
use crate::processes;
use crate::session::Open;
use crate::setting::{DATABASE, Setting};
use crate::stampede::stampede;

/// After the last outcome its acknowledgement is still written down.
const SETTLED: Duration = Duration::from_millis(500);

/// Copies of a stream on the cluster.
const COPIES: usize = 3;

/// Messages of NATS for one transaction of PostgreSQL's own.
const MESSAGES: usize = 100;

/// Measures one store.
///
/// # Errors
/// What went wrong.
pub async fn run(
    dir: &Path,
    plan: &Plan,
    setup: Setup,
    networks: &[String],
    tell: impl Fn(&str),
) -> Result<Measured, Failure> {
    let load_before = processes::load_average();
    let setting = Setting::make(dir, setup, networks.len() > 1, "")?;
    let mut floor = Floor::new(dir).await?;
    let mut hub = setting.start().await?;
    let mut crowd = Crowd::new(networks.to_vec());
    let mut sizes = Vec::new();
    for size in &plan.sizes {
        let joined = crowd.grow(&mut hub, *size).await?;
        tell(&format!("{size} relationships after {:.0} s", joined.secs));
        let limits = limits(&setting, plan, &mut floor).await?;
        let measured = at_size(&setting, plan, &hub, &mut crowd, joined, limits).await?;
        tell(&format!("{:.0} updates/s, {:.0} µs", measured.told_per_sec, measured.hub_cpu_micros));
        sizes.push(measured);
    }
    hub.stop().await?;
    let (hub, idle, sessions) = idle(&setting, plan, &mut crowd).await?;
    tell(&format!("{:.1} KB a session", (idle.with_mb - idle.before_mb) * 1e3 / idle.sessions as f64));
    crowd.disconnect(sessions).await?;
    let rush = rush(plan, &hub, &mut crowd, networks.len()).await?;
    tell(&format!("{} nodes served in {:.0} s", rush.nodes, rush.secs));
    hub.stop().await?;
    let store = match setup {
        Setup::Sled => "sled",
        Setup::Postgres => "PostgreSQL",
    };
    let load_average = [load_before, processes::load_average()];
    Ok(Measured { store, sink: setting.sink(), sizes, idle, rush, load_average })
}

async fn limits(setting: &Setting, plan: &Plan, floor: &mut Floor) -> Result<Limits, Failure> {
    let signatures = limits::signatures(plan.signatures)?;
    let signatures_micros = signatures.check_micros + signatures.sign_micros;
    let rows_per_sec =
        setting.server.as_ref().map(|server| limits::rows_per_sec(server, DATABASE, plan.transactions));
    let published_per_sec = match setting.nats {
        None => None,
        Some(port) => {
            let mut client = Client::connect(port).await?;
            Some(client.publish_rate(COPIES, MESSAGES * plan.transactions).await?)
        }
    };
    Ok(Limits {
        checks_per_sec: signatures.checks_per_sec,
        signatures_micros,
        signed_per_sec: all_cores_per_sec(signatures_micros),
        append: (&limits::appends(floor)?).into(),
        rows_per_sec,
        published_per_sec,
    })
}

/// How often a second all cores together do what takes one so many microseconds.
fn all_cores_per_sec(micros: f64) -> f64 {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    cores as f64 * 1e6 / micros
}

fn own_cpu_secs() -> Result<f64, Failure> {
    machine::cpu_secs(std::process::id())
}

async fn at_size(
    setting: &Setting,
    plan: &Plan,
    hub: &HubProcess,
    crowd: &mut Crowd,
    joined: Joined,
    limits: Limits,
) -> Result<Size, Failure> {
    let chosen = crowd.spread(plan.connected);
    let all = plan.updates + 2 * plan.timed;
    crowd.prepare(&chosen, all / chosen.len() + 3)?;
    let dids = crowd.dids(&chosen);
    let sessions = crowd.connect(&chosen).await?;
    tokio::time::sleep(Duration::from_secs_f64(plan.counted_secs)).await;
    let rows = setting.rows_written();
    let (cpu, servers, nodes) = (hub.cpu_secs()?, setting.servers_cpu_secs()?, own_cpu_secs()?);
    let driven = drive(&sessions, plan.updates, Pace::UnderWay(plan.under_way), None).await?;
    tokio::time::sleep(SETTLED).await;
    let (cpu_after, servers_after, nodes_after) =
        (hub.cpu_secs()?, setting.servers_cpu_secs()?, own_cpu_secs()?);
    tokio::time::sleep(Duration::from_secs_f64(plan.counted_secs)).await;
    let each = |secs: f64| secs * 1e6 / plan.updates as f64;
    let rows_per_update =
        setting.rows_written().zip(rows).map(|(after, before)| (after - before) / plan.updates as f64);
    let [hub_micros, database_micros, nats_micros, nodes_micros] =
        [cpu_after - cpu, servers_after.0 - servers.0, servers_after.1 - servers.1, nodes_after - nodes]
            .map(each);
    let told_per_sec = plan.updates as f64 / driven.told_secs;
    let outlet = setting.outlet(dids).await?;
    let mut latencies = Vec::new();
    for per_sec in [plan.quiet_per_sec.min(told_per_sec / 2.0), told_per_sec / 2.0] {
        let timed = drive(&sessions, plan.timed, Pace::PerSecond(per_sec), Some(&outlet)).await?;
        let (acked, out, told) = ((&timed.acked).into(), (&timed.out).into(), (&timed.told).into());
        latencies.push(Latency { per_sec, acked, out, told });
    }
    let resident_mb = hub.resident_mb()?;
    crowd.disconnect(sessions).await?;
    Ok(Size {
        relationships: crowd.count(),
        joined_per_sec: joined.count as f64 / joined.secs,
        joined_cpu_micros: joined.hub_cpu_secs * 1e6 / joined.count as f64,
        store_mb: setting.store_mb()?,
        sessions: chosen.len(),
        updates: plan.updates,
        under_way: plan.under_way,
        acked_per_sec: plan.updates as f64 / driven.acked_secs,
        told_per_sec,
        hub_cpu_micros: hub_micros,
        database_cpu_micros: database_micros,
        nats_cpu_micros: nats_micros,
        nodes_cpu_micros: nodes_micros,
        reckoned_per_sec: all_cores_per_sec(hub_micros + database_micros + nats_micros),
        rows_per_update,
        under_load: [(&driven.acked).into(), (&driven.told).into()],
        latencies,
        resident_mb,
        limits,
    })
}

/// Starts the hub anew, and holds sessions in which nothing happens.
async fn idle(
    setting: &Setting,
    plan: &Plan,
    crowd: &mut Crowd,
) -> Result<(HubProcess, Idle, Vec<Open>), Failure> {
    let began = Instant::now();
    let hub = setting.start().await?;
    let start_secs = began.elapsed().as_secs_f64();
    let quiet = Duration::from_secs_f64(plan.idle_secs);
    tokio::time::sleep(quiet).await;
    let before_mb = hub.resident_mb()?;
    let sessions = crowd.connect(&crowd.spread(plan.stampede)).await?;
    tokio::time::sleep(quiet).await;
    let cpu = hub.cpu_secs()?;
    tokio::time::sleep(quiet).await;
    let cpu_share = (hub.cpu_secs()? - cpu) / quiet.as_secs_f64();
    let with_mb = hub.resident_mb()?;
    let idle = Idle { start_secs, before_mb, with_mb, sessions: sessions.len(), cpu_share };
    Ok((hub, idle, sessions))
}

/// Lets all come back at once.
async fn rush(plan: &Plan, hub: &HubProcess, crowd: &mut Crowd, networks: usize) -> Result<Rush, Failure> {
    let chosen = crowd.spread(plan.stampede);
    crowd.prepare(&chosen, 1)?;
    let mut nodes = Vec::with_capacity(chosen.len());
    for number in &chosen {
        nodes.push((crowd.take(*number)?, crowd.target(*number)?));
    }
    let (cpu, began) = (hub.cpu_secs()?, Instant::now());
    let came = stampede(nodes).await?;
    let secs = began.elapsed().as_secs_f64();
    let hub_cpu_micros = (hub.cpu_secs()? - cpu) * 1e6 / chosen.len() as f64;
    let (opened, acked) = ((&came.opened).into(), (&came.acked).into());
    crowd.disconnect(came.sessions).await?;
    let (failed, codes, nodes) = (came.failed, came.codes, chosen.len());
    Ok(Rush { nodes, networks: networks.min(nodes), opened, acked, secs, hub_cpu_micros, failed, codes })
}
