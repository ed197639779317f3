//! How many live reads a vendor may make. Each costs an entry of the audit log, which only grows.

use std::time::Duration;

use tokio::time::Instant;

/// Reads that may come at once: a day's work of a vendor's staff that looks a person up again and again.
const BURST: u32 = 1_000;

/// Time that earns one more: one a second without an end are some 40 MiB of the log a day.
const EARNED_EVERY: Duration = Duration::from_secs(1);

/// What is left, as a bucket that fills with time.
#[derive(Debug)]
pub(super) struct ReadAllowance {
    left: u32,
    since: Instant,
}

impl Default for ReadAllowance {
    fn default() -> Self {
        Self { left: BURST, since: Instant::now() }
    }
}

impl ReadAllowance {
    /// Takes one; false when there is none.
    pub(super) fn take(&mut self, now: Instant) -> bool {
        let earned = now.saturating_duration_since(self.since).as_millis() / EARNED_EVERY.as_millis();
        let earned = u32::try_from(earned).unwrap_or(u32::MAX);
        if earned > 0 {
            self.left = self.left.saturating_add(earned).min(BURST);
            self.since = now;
        }
        let allowed = self.left > 0;
        self.left -= u32::from(allowed);
        allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_allowed_and_then_one_a_second() {
        let mut allowance = ReadAllowance::default();
        let start = allowance.since;
        assert!((0..BURST).all(|_| allowance.take(start)));
        assert!(!allowance.take(start));
        assert!(allowance.take(start + EARNED_EVERY));
        assert!(!allowance.take(start + EARNED_EVERY));
        let hour = start + Duration::from_secs(3600);
        assert_eq!((0..2 * BURST).filter(|_| allowance.take(hour)).count(), BURST as usize);
    }
}
