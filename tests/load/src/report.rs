//! The page.

use std::fmt::Write as _;
use std::time::Duration;

use freehold_link::system_clock;
use freehold_tests::bench::report::figure;
use freehold_tests::bench::{Failure, machine};
use serde::Serialize;

use crate::figures::{Applied, Idle, Measured, Rush, Size, Spread};

/// Everything measured in one run.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    /// Store by store.
    pub stores: Vec<Measured>,
    /// Through to a CRM.
    pub applied: Option<Applied>,
    /// How long it took.
    pub took: Duration,
}

/// What the figures mean.
const NOTES: [&str; 7] = [
    "The hub is a process of its own on the same cores as the nodes, PostgreSQL and NATS. Each node has a key and a connection of \
     its own; updates are signed before the window. An update counts once the person has been told what became of it: it was \
     checked, committed with its event, given to the sink, answered, and the answer acknowledged.",
    "CPU of the hub is for all of that, the kernel's work for it included. It holds on a busy machine; rates do not.",
    "The nodes use the same cores, and the limits were measured without them. Reckoned without the nodes is what the CPU time of hub, \
     PostgreSQL and NATS comes to on all cores, if nothing but CPU held them up.",
    "The window goes through all sessions before any sends again, and these are spread evenly over all relationships: what is \
     cached of a relationship has had thousands of others after it.",
    "Limit: the lowest of what all cores could check and sign if they did nothing else (one check and one signature an update), what \
     PostgreSQL writes by itself in transactions of 500 rows (divided by the rows that the hub writes an update), and what the \
     stream acknowledges. Each was measured just before its window, by itself.",
    "Latency is from the node's send to the moment at which the acknowledgement, the event in the sink, or the outcome is there; at \
     the slower paces from when the update was due.",
    "Several replicas of one hub are not measured.",
];

impl Report {
    /// All of it as JSON.
    ///
    /// # Errors
    /// None that can be met: it is texts and numbers.
    pub fn json(&self) -> Result<String, Failure> {
        Ok(serde_json::to_string_pretty(&serde_json::json!({
            "machine": machine::machine(),
            "commit": machine::commit(),
            "at": system_clock()().rfc3339(),
            "command": command(),
            "report": self,
        }))?)
    }

    /// All of it as a page.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut text = String::from("# Benchmarks of a hub under load\n\n");
        let _ = writeln!(text, "- Machine: {}", machine::machine());
        let _ = writeln!(text, "- Commit: {}", machine::commit());
        let _ = writeln!(text, "- Date: {}", system_clock()().rfc3339());
        let _ = writeln!(text, "- Command: `{}` ({} s)", command(), self.took.as_secs());
        for measured in &self.stores {
            let [before, after] = measured.load_average;
            let _ = writeln!(
                text,
                "- Processes that ran or wanted to, in the minute before and the last minute of {}: {before:.1} and {after:.1}",
                measured.store
            );
        }
        for measured in &self.stores {
            store(&mut text, measured);
        }
        if let Some(applied) = &self.applied {
            crm(&mut text, applied);
        }
        text.push_str("\n## What the figures mean\n\n");
        for note in NOTES {
            let _ = writeln!(text, "- {note}");
        }
        text
    }
}

fn store(text: &mut String, measured: &Measured) {
    let _ = writeln!(text, "\n## {}, events to {}\n", measured.store, measured.sink);
    text.push_str(
        "| relationships | updates/s | of them acknowledged/s | CPU µs an update: hub | PostgreSQL | NATS | the nodes | \
         limit, updates/s | the limit is | part of the limit | reckoned without the nodes, updates/s | part of the limit |\n\
         |---:|---:|---:|---:|---:|---:|---:|---:|---|---:|---:|---:|\n",
    );
    for size in &measured.sizes {
        let (limit, what) = size.limits.lowest(size.rows_per_update);
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {} | {} | {what} | {:.2} | {} | {:.2} |",
            size.relationships,
            figure(size.told_per_sec),
            figure(size.acked_per_sec),
            figure(size.hub_cpu_micros),
            figure(size.database_cpu_micros),
            figure(size.nats_cpu_micros),
            figure(size.nodes_cpu_micros),
            figure(limit),
            size.told_per_sec / limit,
            figure(size.reckoned_per_sec),
            size.reckoned_per_sec / limit,
        );
    }
    text.push_str(
        "\n| relationships | pace | n | acknowledged: median, p95, p99 | event out | outcome told |\n|---:|---|---:|---|---|---|\n",
    );
    for size in &measured.sizes {
        let [acked, told] = &size.under_load;
        let _ = writeln!(
            text,
            "| {} | {} under way | {} | {} |  | {} |",
            size.relationships,
            size.under_way,
            acked.count,
            millis(acked),
            millis(told)
        );
        for at in &size.latencies {
            let _ = writeln!(
                text,
                "| {} | {} a second | {} | {} | {} | {} |",
                size.relationships,
                figure(at.per_sec),
                at.acked.count,
                millis(&at.acked),
                millis(&at.out),
                millis(&at.told)
            );
        }
    }
    text.push_str("\n| relationships | signature checks/s on one core | a check and a signature, CPU µs | append and fdatasync | \
         PostgreSQL's own rows/s | the hub's rows an update | NATS publishes/s | made/s | CPU µs to make one | store | hub's memory |\n\
         |---:|---:|---:|---|---:|---:|---:|---:|---:|---:|---:|\n");
    measured.sizes.iter().for_each(|size| beside(text, size));
    rest(text, &measured.idle, &measured.rush);
}

fn beside(text: &mut String, size: &Size) {
    let limits = &size.limits;
    let some = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), figure);
    let _ = writeln!(
        text,
        "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {} MB | {} MB |",
        size.relationships,
        figure(limits.checks_per_sec),
        figure(limits.signatures_micros),
        millis(&limits.append),
        some(limits.rows_per_sec),
        some(size.rows_per_update),
        some(limits.published_per_sec),
        figure(size.joined_per_sec),
        figure(size.joined_cpu_micros),
        figure(size.store_mb),
        figure(size.resident_mb),
    );
}

fn rest(text: &mut String, idle: &Idle, rush: &Rush) {
    let each = (idle.with_mb - idle.before_mb) * 1e3 / idle.sessions as f64;
    let _ = writeln!(
        text,
        "\n- A hub with all relationships listens {} s after its start and holds {} MB. {} idle sessions over QUIC bring it to {} MB, \
         {} KB each, and take {:.1} % of a core.",
        figure(idle.start_secs),
        figure(idle.before_mb),
        idle.sessions,
        figure(idle.with_mb),
        figure(each),
        idle.cpu_share * 100.0,
    );
    let failed: Vec<String> = rush.failed.iter().map(|(how, count)| format!("{count} {how}")).collect();
    let failed = if failed.is_empty() { "none".to_owned() } else { failed.join(", ") };
    let codes = if rush.codes.is_empty() { "nobody".to_owned() } else { rush.codes.join(", ") };
    let _ = writeln!(
        text,
        "- Stampede: {} nodes dial in the same moment over QUIC, from {} networks, each with an update. All were served after {} s; a \
         session was open after {}, the update on disk after {}. Attempts that were repeated: {failed}. Turned away with an error: \
         {codes}. CPU of the hub for each: {} µs.",
        rush.nodes,
        rush.networks,
        figure(rush.secs),
        millis(&rush.opened),
        millis(&rush.acked),
        figure(rush.hub_cpu_micros),
    );
}

fn crm(text: &mut String, applied: &Applied) {
    let Applied { latency, requests_per_update } = applied;
    let _ = writeln!(
        text,
        "\n## Through to a CRM\n\nThe generic REST connector against a strict server on this machine, {} updates a second to customers \
         that it has: {} updates, {} requests each. The connector asks a system that it does not know for no more than 20 things a \
         second, which is the limit.\n\n| acknowledged: median, p95, p99 | event out | applied, read back and told |\n|---|---|---|\n\
         | {} | {} | {} |",
        figure(latency.per_sec),
        latency.told.count,
        figure(*requests_per_update),
        millis(&latency.acked),
        millis(&latency.out),
        millis(&latency.told),
    );
}

/// Median, p95 and p99.
fn millis(spread: &Spread) -> String {
    format!("{}, {}, {} ms", figure(spread.median), figure(spread.p95), figure(spread.p99))
}

/// The command that makes the same page.
fn command() -> String {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    format!("cargo xtask bench hub {}", arguments.join(" ")).trim_end().to_owned()
}
