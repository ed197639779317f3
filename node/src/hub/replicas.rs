//! `hub replicas`, `hub did` and `hub drain`.

use std::path::Path;
use std::time::{Duration, Instant};

use freehold_api::Client;
use freehold_api::hub::{DidDocument, Drain, ForgetReplica, Replicas};
use freehold_hub::view::{DrainView, ReplicaView};

use crate::Outcome;
use crate::home::{Home, Kind};
use crate::output::{Out, table};

/// How long a process that has nobody left may take to end.
const END: Duration = Duration::from_secs(30);

/// How often it is looked whether it has.
const LOOK_EVERY: Duration = Duration::from_millis(50);

pub(super) async fn replicas(client: &Client, forget: Option<u32>, out: &Out) -> Outcome {
    let replicas = match forget {
        Some(number) => client.call(&ForgetReplica { number }).await?,
        None => client.call(&Replicas {}).await?,
    };
    out.show(&replicas, |replicas| replicas_text(replicas));
    Ok(())
}

fn replicas_text(replicas: &[ReplicaView]) -> String {
    if replicas.is_empty() {
        return "this hub is one process; `freehold hub run --replica N` makes it one of several".to_owned();
    }
    let row = |one: &ReplicaView| {
        let state = match (one.this, one.runs) {
            (true, _) => "this one",
            (false, true) => "runs",
            (false, false) => "does not run",
        };
        [one.number.to_string(), state.to_owned(), one.since.clone(), one.addresses.join("\n")]
    };
    table(["replica", "state", "started", "addresses"], replicas.iter().map(row).collect::<Vec<_>>())
}

pub(super) async fn document(client: &Client, out: &Out) -> Outcome {
    let answer = client.call(&DidDocument {}).await?;
    out.show(&answer.document, |document| serde_json::to_string_pretty(document).unwrap_or_default());
    Ok(())
}

/// When it returns, the home is free for the next process.
pub(super) async fn drain(dir: &Path, client: &Client, out: &Out) -> Outcome {
    let drained = client.call(&Drain {}).await?;
    let began = Instant::now();
    while let Err(error) = Home::take_known(dir, Kind::Hub) {
        if began.elapsed() > END {
            return Err(error);
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    out.show(&drained, drained_text);
    Ok(())
}

fn drained_text(drained: &DrainView) -> String {
    let left = match drained.left {
        0 => String::new(),
        left => format!("; {left} did not hang up"),
    };
    format!("drained: {} sessions were let go{left}. The process has ended.", drained.sessions)
}
