//! A person and a vendor who keep to the rules, as two processes.

use std::fmt;
use std::path::Path;
use std::time::{Duration, Instant};

use freehold_api::hub;
use freehold_api::person::{Approve, Change, Connect, Set};
use freehold_crash::peer::{ASK, Peer};

/// Longest that the hub is asked to wait for an event at a time.
const WAIT_MS: u64 = 5_000;
/// Longest that a change may take at all.
const PATIENCE: Duration = Duration::from_secs(120);
/// Pause between two changes: a person does not type faster.
const PAUSE: Duration = Duration::from_millis(20);

/// The pair.
pub struct Honest {
    /// The person's node.
    pub node: Peer,
    /// The vendor's hub.
    pub hub: Peer,
    changes: u64,
    seen: u64,
}

/// How long changes took.
#[derive(Debug, Clone)]
pub struct Latencies(Vec<Duration>);

impl Honest {
    /// Makes both in a folder, and lets them agree.
    ///
    /// # Panics
    /// When anything of it fails.
    #[must_use]
    pub fn begin(folder: &Path) -> Self {
        let beside = folder.join("beside");
        let mut node = Peer::node(&folder.join("node"), &beside);
        let mut hub = Peer::hub_with_quic(&folder.join("hub"), &beside);
        // What strangers do is not worth a line each.
        hub.words = vec!["--log".to_owned(), "warn".to_owned()];
        node.words = hub.words.clone();
        node.start();
        hub.start();
        hub.must(&hub::Ask { toml: ASK.to_owned(), file: None });
        let mut pair = Self { node, hub, changes: 0, seen: 0 };
        pair.set();
        let link = pair.link();
        let request = pair.node.must(&Connect { link }).request.expect("the hub asks at once");
        pair.node.must(&Approve { id: request.id, only: None, until: None });
        pair.arrives();
        pair
    }

    /// A new invitation of the hub.
    #[must_use]
    pub fn link(&self) -> String {
        self.hub.must(&hub::Invite::default()).link
    }

    /// Changes a field so often, one change after the other, and waits for each to be an event at the vendor.
    ///
    /// # Panics
    /// When one never is.
    pub fn changes(&mut self, count: usize) -> Latencies {
        let mut took = Vec::with_capacity(count);
        for _ in 0..count {
            let since = Instant::now();
            self.set();
            self.arrives();
            took.push(since.elapsed());
            std::thread::park_timeout(PAUSE);
        }
        Latencies::new(took)
    }

    /// Kills the node, changes a field as soon as it runs again, and gives how long the change then took.
    ///
    /// # Panics
    /// When it never arrives.
    pub fn comes_back(&mut self) -> Duration {
        self.node.kill();
        self.node.start();
        let since = Instant::now();
        self.set();
        self.arrives();
        since.elapsed()
    }

    fn set(&mut self) {
        self.changes += 1;
        let change = |path: &str, value: String| Change { path: path.to_owned(), value: Some(value) };
        let street = change("address.home.street", format!("Lindenweg {}", self.changes));
        let changes = vec![street, change("x.counter", self.changes.to_string())];
        self.node.must(&Set { changes, source: None });
    }

    /// Waits until the present value is an event.
    fn arrives(&mut self) {
        let (since, wanted) = (Instant::now(), self.changes.to_string());
        loop {
            let events = hub::Events { after: self.seen, limit: None, wait_ms: Some(WAIT_MS) };
            for event in self.hub.must(&events) {
                self.seen = event.n;
                if event.cloudevent["data"]["fields"]["x.counter"] == wanted.as_str() {
                    return;
                }
            }
            assert!(since.elapsed() < PATIENCE, "change {} did not arrive in {PATIENCE:?}", self.changes);
        }
    }
}

impl Latencies {
    fn new(mut took: Vec<Duration>) -> Self {
        took.sort_unstable();
        Self(took)
    }

    /// The time within which this part of a hundred were done.
    #[must_use]
    pub fn percentile(&self, percent: usize) -> Duration {
        let at = (self.0.len() * percent / 100).min(self.0.len().saturating_sub(1));
        self.0.get(at).copied().unwrap_or_default()
    }
}

impl fmt::Display for Latencies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = |percent| self.percentile(percent).as_secs_f64() * 1e3;
        write!(f, "median {:.1} ms, p99 {:.1} ms, n {}", ms(50), ms(99), self.0.len())
    }
}
