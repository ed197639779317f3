//! Updates from many nodes, and how long each takes.

use std::sync::Arc;
use std::time::Duration;

use freehold_tests::bench::Failure;
use freehold_tests::bench::sample::Samples;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout_at};

use crate::outlet::Outlet;
use crate::session::Open;

/// Longest wait for an outcome: a CRM that is not to be pressed takes its time.
const OUTCOME_MAX: Duration = Duration::from_secs(120);

/// Longest wait for an event that an outcome has followed.
const EVENT_MAX: Duration = Duration::from_secs(5);

/// How updates follow one another.
#[derive(Debug, Clone, Copy)]
pub enum Pace {
    /// So many are under way: the next begins when one has its outcome.
    UnderWay(usize),
    /// So many a second begin, however long they take.
    PerSecond(f64),
}

/// What came of it. Times are in milliseconds.
#[derive(Debug, Default)]
pub struct Driven {
    /// From the node's send until the hub's acknowledgement has come.
    pub acked: Samples,
    /// Until the event has come out of the hub's sink.
    pub out: Samples,
    /// Until the node was told what became of it.
    pub told: Samples,
    /// Seconds from the first send to the last acknowledgement.
    pub acked_secs: f64,
    /// Seconds from the first send to the last outcome.
    pub told_secs: f64,
}

/// Sends `count` updates, in turn from every session, in an order that goes through all of them before any comes again.
///
/// # Errors
/// When one is lost, or takes too long.
pub async fn drive(
    sessions: &[Open],
    count: usize,
    pace: Pace,
    outlet: Option<&Outlet>,
) -> Result<Driven, Failure> {
    let permits = Arc::new(Semaphore::new(match pace {
        Pace::UnderWay(many) => many,
        Pace::PerSecond(_) => Semaphore::MAX_PERMITS,
    }));
    let mut ticks = interval(match pace {
        Pace::UnderWay(_) => OUTCOME_MAX,
        Pace::PerSecond(rate) => Duration::from_secs_f64(1.0 / rate),
    });
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let (mut waiting, begin) = (JoinSet::new(), Instant::now());
    for n in 0..count {
        let permit = Arc::clone(&permits).acquire_owned().await?;
        let due = match pace {
            Pace::UnderWay(_) => None,
            Pace::PerSecond(_) => Some(ticks.tick().await),
        };
        let sent = sessions[n % sessions.len()].send().await?;
        // What this program is late with is the hub's own fault as well, since they share the cores.
        let at = due.map_or(sent.at, |due| due.min(sent.at));
        let until = at + OUTCOME_MAX;
        waiting.spawn(async move {
            let acked =
                timeout_at(until, sent.acked).await.map_err(|_| "an update was not acknowledged")??;
            let told = timeout_at(until, sent.told).await.map_err(|_| "an update has no outcome")??;
            drop(permit);
            Ok::<_, Failure>((sent.of, at, acked, told))
        });
    }
    let (mut driven, mut events) = (Driven::default(), Vec::new());
    let (mut last_acked, mut last_told) = (begin, begin);
    while let Some(done) = waiting.join_next().await {
        let (of, at, acked, told) = done??;
        driven.acked.time(acked - at);
        driven.told.time(told - at);
        (last_acked, last_told) = (last_acked.max(acked), last_told.max(told));
        events.push((of, at));
    }
    driven.acked_secs = (last_acked - begin).as_secs_f64();
    driven.told_secs = (last_told - begin).as_secs_f64();
    if let Some(outlet) = outlet {
        for (of, at) in events {
            driven.out.time(outlet.seen(of, EVENT_MAX).await? - at);
        }
    }
    Ok(driven)
}
