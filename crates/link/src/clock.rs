//! Where time comes from.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use freehold_protocol::time::{Moment, Timestamp};
use tokio::time::Instant;

/// The node's own wall clock.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The operating system's wall clock.
#[must_use]
pub fn system_clock() -> Clock {
    Arc::new(|| {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    })
}

/// A monotonic clock for a machine's timeouts: the runtime's.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts at zero.
    #[must_use]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// How far it is.
    #[must_use]
    pub fn now(&self) -> Moment {
        Moment(u64::try_from(self.0.elapsed().as_millis()).unwrap_or(u64::MAX))
    }

    /// When a moment comes, as the runtime waits for it.
    #[must_use]
    pub fn instant(&self, moment: Moment) -> Instant {
        self.0 + std::time::Duration::from_millis(moment.0)
    }
}
