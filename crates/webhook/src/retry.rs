//! When to try again: the schedule of Standard Webhooks with full jitter.

use std::time::Duration;

/// First wait of the schedule; all others are multiples of it.
pub const RETRY_BASE: Duration = Duration::from_secs(5);

/// Most attempts, the first one included, before an event goes to the dead-letter list: the schedule's ten span
/// three days, a long weekend with the receiver down.
pub const ATTEMPTS_MAX: u32 = 10;

/// Longest wait that a receiver may ask for with `Retry-After`: the longest of the schedule's own.
pub const RETRY_AFTER_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h in units of [`RETRY_BASE`] (Standard Webhooks,
/// "Deliverability and reliability").
const SCHEDULE: [u32; 9] = [1, 60, 360, 1_440, 3_600, 7_200, 10_080, 14_400, 17_280];

/// How often and when a delivery is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// First wait of the schedule; the others grow with it.
    pub base: Duration,
    /// Most attempts, the first one included.
    pub attempts_max: u32,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self { base: RETRY_BASE, attempts_max: ATTEMPTS_MAX }
    }
}

impl RetryPolicy {
    /// How long to wait after `attempts` failed ones, or `None` when the event is to go to the dead-letter list.
    ///
    /// The wait is drawn evenly from nothing up to the schedule's (full jitter), so that many events which failed
    /// together do not come back together; `random` is a fresh random number. It is never shorter than what the
    /// receiver asked for in `after`.
    #[must_use]
    pub fn wait(&self, attempts: u32, random: u64, after: Option<Duration>) -> Option<Duration> {
        if attempts >= self.attempts_max {
            return None;
        }
        let drawn = jittered(self.base.saturating_mul(step(attempts)), random);
        Some(after.map_or(drawn, |after| drawn.max(after.min(RETRY_AFTER_MAX))))
    }
}

/// The wait after `attempt` failed attempts under the default base, with full jitter from `random`.
#[must_use]
pub fn retry_delay(attempt: u32, random: u64) -> Duration {
    jittered(RETRY_BASE * step(attempt), random)
}

fn step(attempts: u32) -> u32 {
    let index = usize::try_from(attempts.saturating_sub(1)).unwrap_or(usize::MAX);
    SCHEDULE[index.min(SCHEDULE.len() - 1)]
}

/// `longest` times `random / 2^64`.
fn jittered(longest: Duration, random: u64) -> Duration {
    let nanos = u64::try_from(longest.as_nanos()).unwrap_or(u64::MAX);
    let drawn = (u128::from(nanos) * u128::from(random)) >> 64;
    Duration::from_nanos(u64::try_from(drawn).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_along_the_schedule_and_stay_at_its_end() {
        let minutes = |m: u64| Duration::from_secs(m * 60);
        let longest: Vec<Duration> = (1..=11)
            .map(|n| Duration::from_secs(retry_delay(n, u64::MAX).as_secs_f64().round() as u64))
            .collect();
        let wanted = [5, 30, 120, 300, 600, 840, 1_200, 1_440, 1_440, 1_440].map(minutes);
        assert_eq!(longest[0], Duration::from_secs(5));
        assert_eq!(longest[1..], wanted);
    }

    #[test]
    fn jitter_covers_everything_from_nothing_to_the_whole_wait() {
        assert_eq!(retry_delay(2, 0), Duration::ZERO);
        assert_eq!(retry_delay(2, 1 << 63), Duration::from_secs(150));
        assert!(retry_delay(2, u64::MAX) <= Duration::from_secs(300));
    }

    #[test]
    fn a_policy_scales_with_its_base_and_ends() {
        let policy = RetryPolicy { base: Duration::from_millis(10), attempts_max: 3 };
        assert_eq!(policy.wait(1, 1 << 63, None), Some(Duration::from_millis(5)));
        assert_eq!(policy.wait(2, 1 << 63, None), Some(Duration::from_millis(300)));
        assert_eq!(policy.wait(3, 1 << 63, None), None);
    }

    #[test]
    fn a_receiver_may_ask_for_longer_but_not_for_ever() {
        let policy = RetryPolicy::default();
        let hour = Duration::from_secs(3600);
        assert_eq!(policy.wait(1, 0, Some(hour)), Some(hour));
        assert_eq!(policy.wait(1, 0, Some(hour * 1000)), Some(RETRY_AFTER_MAX));
        assert_eq!(policy.wait(2, 1 << 63, Some(Duration::from_secs(1))), Some(Duration::from_secs(150)));
    }
}
