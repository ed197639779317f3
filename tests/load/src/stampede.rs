//! Ten thousand nodes that all come back in the same moment, as after an outage of the vendor's.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use freehold_protocol::limits::{BUSY_MAX, REDIAL_FIRST, REDIAL_MAX};
use freehold_store::entropy;
use freehold_tests::bench::Failure;
use freehold_tests::bench::sample::Samples;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::node::Node;
use crate::session::{End, Open, Target, open};

/// Longest wait until everybody is served.
const SERVED_MAX: Duration = Duration::from_secs(900);

/// A node adds up to a quarter to the wait that a busy hub asks for.
const SPREAD: u32 = 4;

/// What came of it.
#[derive(Debug, Default)]
pub struct Stampede {
    /// Milliseconds from the beginning until a node's session was open.
    pub opened: Samples,
    /// Milliseconds from the beginning until a node's update was on the hub's disk.
    pub acked: Samples,
    /// Attempts that did not open a session, by how they ended; a wait that the hub asked for counts as one.
    pub failed: BTreeMap<&'static str, u64>,
    /// Codes that the hub turned somebody away with.
    pub codes: Vec<String>,
    /// The sessions, all of them open.
    pub sessions: Vec<Open>,
}

/// Lets every node dial at once, each as a person's node does: a failure is followed by a wait that doubles, with full jitter,
/// and a busy hub is given the time that it asks for. Each has one update to deliver.
///
/// # Errors
/// When somebody is not served at all.
pub async fn stampede(nodes: Vec<(Node, Arc<Target>)>) -> Result<Stampede, Failure> {
    let (begin, mut coming) = (Instant::now(), JoinSet::new());
    for (mut node, target) in nodes {
        node.release();
        coming.spawn(async move {
            tokio::time::timeout(SERVED_MAX, come_back(node, &target))
                .await
                .map_err(|_| "somebody was not served")?
        });
    }
    let mut stampede = Stampede::default();
    while let Some(came) = coming.join_next().await {
        let came = came??;
        stampede.opened.time(came.opened - begin);
        stampede.acked.time(came.acked - begin);
        for end in came.ends {
            *stampede.failed.entry(kind(end)).or_default() += 1;
            if let End::Code(code) = end {
                stampede.codes.push(code.to_string());
            }
        }
        stampede.sessions.push(came.session);
    }
    Ok(stampede)
}

struct Came {
    session: Open,
    opened: Instant,
    acked: Instant,
    ends: Vec<End>,
}

async fn come_back(mut node: Node, target: &Arc<Target>) -> Result<Came, Failure> {
    let mut ends = Vec::new();
    loop {
        let end = match open(node, target, None).await {
            Ok(session) => {
                let opened = Instant::now();
                match session.settled().await {
                    Ok(acked) => return Ok(Came { session, opened, acked, ends }),
                    Err(_) => session.ended().await?,
                }
            }
            Err(ended) => ended,
        };
        node = end.0;
        ends.push(end.1);
        tokio::time::sleep(wait(end.1, ends.len())?).await;
    }
}

/// How long a node waits before it dials again.
fn wait(end: End, failures: usize) -> Result<Duration, Failure> {
    let doublings = u32::try_from(failures.saturating_sub(1).min(16))?;
    let backoff = random_up_to(REDIAL_FIRST.saturating_mul(1 << doublings).min(REDIAL_MAX))?;
    Ok(Duration::from_millis(20)
        + match end {
            End::Busy(secs) => {
                let wait = Duration::from_secs(u64::from(secs)).min(BUSY_MAX);
                backoff.max(wait + random_up_to(wait / SPREAD)?)
            }
            _ => backoff,
        })
}

fn random_up_to(most: Duration) -> Result<Duration, Failure> {
    let mut bytes = [0; 4];
    entropy::fill(&mut bytes)?;
    Ok(most.mul_f64(f64::from(u32::from_be_bytes(bytes)) / f64::from(u32::MAX)))
}

fn kind(end: End) -> &'static str {
    match end {
        End::Unreached => "handshake not done in time",
        End::Lost => "connection lost",
        End::Busy(_) => "asked to come back later",
        End::Code(_) => "turned away",
    }
}
