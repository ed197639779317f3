//! Figures for the vendor's monitoring, in the text that Prometheus reads.
//!
//! No label has a value that a person or a peer chose: kinds of events, names of sinks, codes of the registry. So the number
//! of series is bounded, and none of them is about anybody.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use freehold_protocol::code::Code;
use freehold_protocol::data::OutcomeKind;
use freehold_protocol::time::Timestamp;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use crate::view::StatsView;

/// Seconds from an event's commit to a sink's yes: from milliseconds to a receiver that was down over a weekend.
const DELIVERY_SECS: [f64; 12] =
    [0.005, 0.02, 0.1, 0.5, 2.0, 10.0, 60.0, 300.0, 1800.0, 7200.0, 43200.0, 259_200.0];

/// Seconds of a durability step: a fast disk to one that is failing.
const COMMIT_SECS: [f64; 10] = [0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.05, 0.25, 1.0];

type One = [(&'static str, &'static str); 1];

/// What a hub counts while it runs.
pub(crate) struct Metrics {
    registry: Registry,
    events: Family<One, Counter>,
    updates: Counter,
    delivered: Family<One, Counter>,
    delivery: Family<One, Histogram, fn() -> Histogram>,
    outcomes: Family<One, Counter>,
    rejected: Family<One, Counter>,
    turned_away: Family<One, Counter>,
    commits: Histogram,
    customers: Gauge,
    sessions: Gauge,
    pending: Gauge,
    dead: Gauge,
    behind: Gauge,
    /// When each sink has taken something last.
    delivered_at: Mutex<BTreeMap<&'static str, Timestamp>>,
    /// Requests to the page by the first digit of their status.
    requests: Family<One, Counter>,
    ready: Gauge,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("freehold_hub");
        let metrics = Self {
            events: Family::default(),
            updates: Counter::default(),
            delivered: Family::default(),
            delivery: Family::new_with_constructor(delivery_histogram),
            outcomes: Family::default(),
            rejected: Family::default(),
            turned_away: Family::default(),
            commits: Histogram::new(COMMIT_SECS),
            customers: Gauge::default(),
            sessions: Gauge::default(),
            pending: Gauge::default(),
            dead: Gauge::default(),
            behind: Gauge::default(),
            delivered_at: Mutex::default(),
            requests: Family::default(),
            ready: Gauge::default(),
            registry: Registry::default(),
        };
        // What has not happened yet is 0, and not absent: an alarm on it can be told from a wrong name.
        for kind in KINDS {
            let _ = metrics.events.get_or_create(&[("kind", short(kind))]);
        }
        for kind in
            [OutcomeKind::Applied, OutcomeKind::Conflict, OutcomeKind::Duplicate, OutcomeKind::Refused]
        {
            let _ = metrics.outcomes.get_or_create(&[("kind", outcome_name(kind))]);
        }
        for status in STATUSES {
            let _ = metrics.requests.get_or_create(&[("status", status)]);
        }
        let _ = metrics.rejected.get_or_create(&[("code", Code::Malformed.slug())]);
        let _ = metrics.turned_away.get_or_create(&[("code", Code::UnknownPeer.slug())]);
        let build = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "The program", build);
        let mut counted = |name: &str, help: &str, family: &Family<One, Counter>| {
            registry.register(name, help, family.clone());
        };
        counted("events", "Events stored, by kind", &metrics.events);
        counted("delivered", "Events that a sink has taken, by sink", &metrics.delivered);
        counted("outcomes", "Fields that persons were told of, by what became of them", &metrics.outcomes);
        counted("rejected", "Messages that were not taken, by code", &metrics.rejected);
        counted("turned_away", "Connections that were not let in, by code", &metrics.turned_away);
        counted(
            "page_requests",
            "Requests to the staff's page and interface, by kind of status",
            &metrics.requests,
        );
        registry.register("updates", "Updates taken in", metrics.updates.clone());
        let help = "From an event's commit to a sink's yes, by sink";
        registry.register_with_unit("delivery", help, Unit::Seconds, metrics.delivery.clone());
        let help = "Durability steps of the store";
        registry.register_with_unit("commit", help, Unit::Seconds, metrics.commits.clone());
        registry.register("customers", "Relationships", metrics.customers.clone());
        registry.register("sessions", "Open sessions", metrics.sessions.clone());
        registry.register(
            "events_pending",
            "Events that some sink does not have yet",
            metrics.pending.clone(),
        );
        registry.register("dead_letters", "Events that the webhook gave up", metrics.dead.clone());
        let help = "Relationships that are not at the vendor's newest key yet";
        registry.register("customers_not_moved", help, metrics.behind.clone());
        registry.register("ready", "1 where the hub stores, listens and delivers", metrics.ready.clone());
        Self { registry, ..metrics }
    }

    /// An event was stored.
    pub(crate) fn stored(&self, kind: &str) {
        let kind = KINDS.iter().find(|known| **known == kind).copied().unwrap_or("other");
        count(&self.events, "kind", short(kind));
        if kind == crate::log::UPDATE {
            self.updates.inc();
        }
    }

    /// A sink has taken an event that was stored then.
    pub(crate) fn delivered(&self, sink: &'static str, stored: Timestamp, now: Timestamp) {
        count(&self.delivered, "sink", sink);
        let secs = Duration::from_millis(now.millis().saturating_sub(stored.millis())).as_secs_f64();
        self.delivery.get_or_create(&[("sink", sink)]).observe(secs);
        self.delivered_at.lock().unwrap_or_else(PoisonError::into_inner).insert(sink, now);
    }

    /// When a sink last took something, if it has since the start.
    pub(crate) fn delivered_at(&self, sink: &str) -> Option<Timestamp> {
        self.delivered_at.lock().unwrap_or_else(PoisonError::into_inner).get(sink).copied()
    }

    /// A person was told of a field.
    pub(crate) fn outcome(&self, kind: OutcomeKind) {
        count(&self.outcomes, "kind", outcome_name(kind));
    }

    /// A message was not taken.
    pub(crate) fn rejected(&self, code: Code) {
        count(&self.rejected, "code", code.slug());
    }

    /// A connection was not let in.
    pub(crate) fn turned_away(&self, code: Code) {
        count(&self.turned_away, "code", code.slug());
    }

    /// A durability step took so long.
    pub(crate) fn committed(&self, took: Duration) {
        self.commits.observe(took.as_secs_f64());
    }

    /// The page has answered.
    pub(crate) fn requested(&self, status: u16) {
        let status = match status / 100 {
            2 => STATUSES[0],
            3 => STATUSES[1],
            4 => STATUSES[2],
            _ => STATUSES[3],
        };
        count(&self.requests, "status", status);
    }

    /// The text that Prometheus reads.
    pub(crate) fn text(&self, stats: &StatsView, ready: bool) -> String {
        for (gauge, number) in [
            (&self.customers, stats.customers as u64),
            (&self.sessions, stats.connected as u64),
            (&self.pending, stats.events_pending),
            (&self.dead, stats.dead_letters as u64),
            (&self.behind, stats.not_moved as u64),
        ] {
            gauge.set(i64::try_from(number).unwrap_or(i64::MAX));
        }
        self.ready.set(i64::from(ready));
        let mut text = String::new();
        // Writing into a text does not fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

/// The kinds of events there are.
const KINDS: [&str; 7] = [
    crate::log::GRANT,
    crate::log::UPDATE,
    crate::log::REVOKE,
    crate::log::ERASE,
    crate::log::ROTATE,
    crate::log::DECLINE,
    crate::log::READ,
];

/// Kinds of statuses of the page's answers.
const STATUSES: [&str; 4] = ["2xx", "3xx", "4xx", "5xx"];

/// A kind of event without what all of them begin with.
fn short(kind: &'static str) -> &'static str {
    kind.strip_prefix("dev.freehold.").unwrap_or(kind)
}

fn outcome_name(kind: OutcomeKind) -> &'static str {
    match kind {
        OutcomeKind::Applied => "applied",
        OutcomeKind::Conflict => "conflict",
        OutcomeKind::Duplicate => "duplicate",
        OutcomeKind::Refused => "refused",
    }
}

fn delivery_histogram() -> Histogram {
    Histogram::new(DELIVERY_SECS)
}

fn count(family: &Family<One, Counter>, label: &'static str, value: &'static str) {
    family.get_or_create(&[(label, value)]).inc();
}
