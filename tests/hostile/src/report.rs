//! One attack, measured.

use std::fmt;
use std::path::Path;
use std::time::{Duration, Instant};

use freehold_api::Client;
use freehold_api::person::Connect;

use crate::{Crowd, Honest, Latencies, Usage, Vendors};

/// How long an attack goes on before it is measured, once everybody has begun.
const WARM_UP: Duration = Duration::from_secs(5);
/// Longest that everybody may take to begin.
const BEGUN_MAX: Duration = Duration::from_secs(600);

/// What came of an attack.
#[derive(Debug)]
pub struct Figures {
    /// Who was attacked, by how many.
    pub what: String,
    /// Changes without an attack.
    pub quiet: Latencies,
    /// Changes under attack.
    pub attacked: Latencies,
    /// A node that comes back under attack: until its change has arrived.
    pub came_back: Duration,
    /// The victim before.
    pub before: Usage,
    /// The victim at the end.
    pub after: Usage,
    /// How long the attack went on.
    pub took: Duration,
    /// Hostile connections that were begun, and most that were open at a time.
    pub hostile: (u64, u64),
}

/// Strangers attack a hub.
///
/// # Panics
/// When an honest change never arrives.
#[must_use]
pub fn attack_hub(folder: &Path, strangers: u64, changes: usize) -> Figures {
    let mut pair = Honest::begin(folder);
    let (before, quiet) = (Usage::of(pair.hub.id()), pair.changes(changes));
    let (crowd, since) = (Crowd::attack(&pair.link(), strangers), Instant::now());
    while crowd.counts().0 < strangers && since.elapsed() < BEGUN_MAX {
        std::thread::park_timeout(Duration::from_millis(100));
    }
    std::thread::park_timeout(WARM_UP);
    let attacked = pair.changes(changes);
    let came_back = pair.comes_back();
    let (after, took, hostile) = (Usage::of(pair.hub.id()), since.elapsed(), crowd.counts());
    let what = format!("a hub, by {strangers} strangers");
    Figures { what, quiet, attacked, came_back, before, after, took, hostile }
}

/// A node has followed the invitations of hostile vendors.
///
/// # Panics
/// When an honest change never arrives.
#[must_use]
pub fn attack_node(folder: &Path, vendors: u64, changes: usize) -> Figures {
    let mut pair = Honest::begin(folder);
    let (before, quiet) = (Usage::of(pair.node.id()), pair.changes(changes));
    let (hostile, since) = (Vendors::listen(vendors), Instant::now());
    follow(pair.node.home(), &hostile.links);
    let attacked = pair.changes(changes);
    let after = Usage::of(pair.node.id());
    let came_back = pair.comes_back();
    let took = since.elapsed();
    let what = format!("a node, by {vendors} vendors");
    Figures { what, quiet, attacked, came_back, before, after, took, hostile: hostile.counts() }
}

/// Follows links, all at a time, as a person would who trusts everybody. What becomes of each is no matter here.
fn follow(home: &Path, links: &[String]) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let mut following = tokio::task::JoinSet::new();
        for link in links {
            let (home, link) = (home.to_owned(), link.clone());
            following.spawn(async move {
                if let Ok(client) = Client::connect(&home).await {
                    let _ = client.call(&Connect { link }).await;
                }
            });
        }
        while following.join_next().await.is_some() {}
    });
}

impl Figures {
    /// How many times longer than in quiet the median and the 99th percentile took.
    #[must_use]
    pub fn ratios(&self) -> (f64, f64) {
        let ratio = |percent| {
            let quiet = self.quiet.percentile(percent).as_secs_f64().max(1e-6);
            self.attacked.percentile(percent).as_secs_f64() / quiet
        };
        (ratio(50), ratio(99))
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, quiet, attacked, came_back, before, after, took, hostile } = self;
        let (median, p99) = self.ratios();
        let mib = |kib: u64| kib / 1_024;
        let cpu = (after.cpu_ticks - before.cpu_ticks) as f64 / 100.0;
        writeln!(f, "{what}")?;
        writeln!(f, "  quiet:    {quiet}")?;
        writeln!(f, "  attacked: {attacked}; {median:.2} and {p99:.2} times the quiet ones")?;
        writeln!(
            f,
            "  back:     a change of a node that starts again took {:.1} s",
            came_back.as_secs_f64()
        )?;
        writeln!(
            f,
            "  victim:   {} MiB before, {} MiB at its peak, {cpu:.1} s of a core",
            mib(before.resident_kib),
            mib(after.peak_kib)
        )?;
        write!(
            f,
            "  hostile:  {} connections in {:.0} s, at most {} at a time",
            hostile.0,
            took.as_secs_f64(),
            hostile.1
        )
    }
}
