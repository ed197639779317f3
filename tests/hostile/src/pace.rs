//! How fast attackers begin, and what they have done.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Interval, MissedTickBehavior, interval};

/// Attempts that begin in a second, of all attackers together. More of them would measure how two programs share the cores
/// of one machine.
const A_SECOND: u64 = 500;

/// Gives each attempt its moment, and counts.
#[derive(Clone)]
pub(crate) struct Pace {
    next: Arc<Mutex<Interval>>,
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Counts {
    begun: AtomicU64,
    open: AtomicU64,
    open_max: AtomicU64,
}

/// An attempt that is under way.
pub(crate) struct Open(Arc<Counts>);

impl Pace {
    /// Must be called within a runtime.
    pub(crate) fn new() -> Self {
        let mut next = interval(Duration::from_secs(1) / u32::try_from(A_SECOND).unwrap_or(1));
        next.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { next: Arc::new(Mutex::new(next)), counts: Arc::default() }
    }

    /// Waits for the moment to begin.
    pub(crate) async fn begin(&self) -> Open {
        self.next.lock().await.tick().await;
        self.counts.begun.fetch_add(1, Ordering::Relaxed);
        let open = self.counts.open.fetch_add(1, Ordering::Relaxed) + 1;
        self.counts.open_max.fetch_max(open, Ordering::Relaxed);
        Open(Arc::clone(&self.counts))
    }

    /// How many have begun, and most that were open at a time.
    pub(crate) fn counts(&self) -> (u64, u64) {
        (self.counts.begun.load(Ordering::Relaxed), self.counts.open_max.load(Ordering::Relaxed))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}
