//! How much is measured.

use clap::ValueEnum;

/// Where the hub keeps its store, and the sink that goes with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Setup {
    /// The embedded store, and a file of JSON lines.
    Sled,
    /// PostgreSQL, and a NATS JetStream of three servers where there is one.
    Postgres,
}

/// A run.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Stores, one after the other.
    pub setups: Vec<Setup>,
    /// Relationships at which updates are measured, rising.
    pub sizes: Vec<usize>,
    /// Most sessions that send updates.
    pub connected: usize,
    /// Updates in one window.
    pub updates: usize,
    /// Of them, under way at a time.
    pub under_way: usize,
    /// Updates whose latency is measured, at each pace.
    pub timed: usize,
    /// The lower pace, in updates a second.
    pub quiet_per_sec: f64,
    /// Nodes that come back at once, and sessions that are held idle.
    pub stampede: usize,
    /// Seconds that they are looked at.
    pub idle_secs: f64,
    /// Updates that go through to a CRM.
    pub crm_updates: usize,
    /// How many of them a second: the connector asks a system that it does not know for no more than 20 things in one, and an
    /// update takes several.
    pub crm_per_sec: f64,
    /// Signatures that are timed.
    pub signatures: usize,
    /// Transactions of PostgreSQL's own, and 100 times as many messages of NATS.
    pub transactions: usize,
    /// Seconds after which PostgreSQL has counted what was done.
    pub counted_secs: f64,
}

impl Plan {
    /// Everything, up to so many relationships.
    #[must_use]
    pub fn full(largest: usize) -> Self {
        let mut sizes: Vec<usize> =
            [1_000, 10_000, 100_000].into_iter().filter(|size| *size < largest).collect();
        sizes.push(largest);
        Self {
            setups: vec![Setup::Sled, Setup::Postgres],
            sizes,
            connected: 5_000,
            updates: 20_000,
            under_way: 1_000,
            timed: 1_000,
            quiet_per_sec: 50.0,
            stampede: 10_000.min(largest),
            idle_secs: 10.0,
            crm_updates: 60,
            crm_per_sec: 2.0,
            signatures: 20_000,
            transactions: 100,
            counted_secs: 11.0,
        }
    }

    /// A few of everything, in seconds.
    #[must_use]
    pub fn short() -> Self {
        Self {
            setups: vec![Setup::Sled, Setup::Postgres],
            sizes: vec![10, 30],
            connected: 10,
            updates: 40,
            under_way: 10,
            timed: 15,
            quiet_per_sec: 50.0,
            stampede: 20,
            idle_secs: 0.3,
            crm_updates: 3,
            crm_per_sec: 4.0,
            signatures: 100,
            transactions: 2,
            counted_secs: 0.1,
        }
    }
}
