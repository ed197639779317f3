//! What is measured, as it is written down.

use std::collections::BTreeMap;

use freehold_tests::bench::sample::Samples;
use serde::Serialize;

/// Milliseconds of many like things.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Spread {
    /// How many.
    pub count: usize,
    /// Half are below it.
    pub median: f64,
    /// 95 of 100 are.
    pub p95: f64,
    /// 99 of 100 are.
    pub p99: f64,
}

impl From<&Samples> for Spread {
    fn from(samples: &Samples) -> Self {
        Self { count: samples.count(), median: samples.median(), p95: samples.p95(), p99: samples.p99() }
    }
}

/// The machine's own limits, measured between the windows of a size.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Limits {
    /// Signature checks a second on one core, by the clock.
    pub checks_per_sec: f64,
    /// CPU microseconds of one check and one signature.
    pub signatures_micros: f64,
    /// Updates a second that all cores could check and answer for, if they did nothing else.
    pub signed_per_sec: f64,
    /// One 4 KiB append and fdatasync.
    pub append: Spread,
    /// Rows a second that PostgreSQL writes by itself.
    pub rows_per_sec: Option<f64>,
    /// Messages a second that JetStream acknowledges.
    pub published_per_sec: Option<f64>,
}

/// Latencies at one pace.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Latency {
    /// Updates a second.
    pub per_sec: f64,
    /// Until the acknowledgement had come.
    pub acked: Spread,
    /// Until the event was out.
    pub out: Spread,
    /// Until the person was told of the outcome.
    pub told: Spread,
}

/// Everything at one number of relationships.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Size {
    /// Relationships.
    pub relationships: usize,
    /// Relationships that were made a second, up to this number.
    pub joined_per_sec: f64,
    /// CPU microseconds of the hub for making one.
    pub joined_cpu_micros: f64,
    /// Megabytes of the hub's store then.
    pub store_mb: f64,
    /// Sessions that sent.
    pub sessions: usize,
    /// Updates in the window.
    pub updates: usize,
    /// Under way at a time.
    pub under_way: usize,
    /// Updates a second until the last was acknowledged.
    pub acked_per_sec: f64,
    /// Updates a second until the last outcome was told.
    pub told_per_sec: f64,
    /// CPU microseconds of the hub for one update, its event, its outcome and their acknowledgements.
    pub hub_cpu_micros: f64,
    /// CPU microseconds of PostgreSQL for one update.
    pub database_cpu_micros: f64,
    /// CPU microseconds of the NATS servers for one update.
    pub nats_cpu_micros: f64,
    /// CPU microseconds of the nodes for one update, on the same cores.
    pub nodes_cpu_micros: f64,
    /// Updates a second that hub, database and NATS could take if they had all cores for themselves, and nothing else held them
    /// up: reckoned from their CPU time.
    pub reckoned_per_sec: f64,
    /// Rows that the hub has had PostgreSQL write for one update.
    pub rows_per_update: Option<f64>,
    /// Latencies in that window.
    pub under_load: [Spread; 2],
    /// Latencies at slower paces.
    pub latencies: Vec<Latency>,
    /// Megabytes that the hub held.
    pub resident_mb: f64,
    /// The machine's limits then.
    pub limits: Limits,
}

/// Sessions that do nothing.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Idle {
    /// Seconds from the start of a hub with all relationships until it listened.
    pub start_secs: f64,
    /// Megabytes that it held without any session.
    pub before_mb: f64,
    /// Megabytes with all of them.
    pub with_mb: f64,
    /// Sessions.
    pub sessions: usize,
    /// Of a core.
    pub cpu_share: f64,
}

/// All nodes at once.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Rush {
    /// Nodes, each with a real QUIC connection.
    pub nodes: usize,
    /// How many networks they came from.
    pub networks: usize,
    /// From the beginning until a session was open.
    pub opened: Spread,
    /// From the beginning until a node's update was on the hub's disk.
    pub acked: Spread,
    /// Seconds until everyone was served.
    pub secs: f64,
    /// CPU microseconds of the hub for each node.
    pub hub_cpu_micros: f64,
    /// Attempts that came to nothing, by how.
    pub failed: BTreeMap<&'static str, u64>,
    /// Codes that somebody was turned away with: errors.
    pub codes: Vec<String>,
}

/// One store.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Measured {
    /// Which store.
    pub store: &'static str,
    /// Where its events went.
    pub sink: &'static str,
    /// Rising numbers of relationships.
    pub sizes: Vec<Size>,
    /// Idle sessions.
    pub idle: Idle,
    /// The stampede.
    pub rush: Rush,
    /// How busy the machine was, before and after.
    pub load_average: [f64; 2],
}

/// Updates through to a CRM.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Applied {
    /// Latencies; `told` is after the CRM has read back.
    pub latency: Latency,
    /// Requests that the CRM has had for one update.
    pub requests_per_update: f64,
}

impl Limits {
    /// The lowest of those that an update of this hub meets, in updates a second, and which one it is.
    #[must_use]
    pub fn lowest(&self, rows_per_update: Option<f64>) -> (f64, &'static str) {
        let rows =
            self.rows_per_sec.zip(rows_per_update).map(|(rate, rows)| (rate / rows, "PostgreSQL's rows"));
        let published = self.published_per_sec.map(|rate| (rate, "NATS"));
        let all = [Some((self.signed_per_sec, "signatures")), rows, published];
        all.into_iter().flatten().min_by(|a, b| a.0.total_cmp(&b.0)).unwrap_or((f64::NAN, ""))
    }
}
