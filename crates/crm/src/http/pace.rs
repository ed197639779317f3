//! No more requests than a CRM allows, and none while it wants none.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::adapter::Failure;
use crate::reason::Reason;

/// Longest wait for a turn: the hub waits better than a request does.
const TURN_WAIT_MAX: Duration = Duration::from_secs(20);

/// How often requests may be made.
pub(crate) struct Pace {
    /// So many within the window.
    requests_max: usize,
    window: Duration,
    turns: Mutex<Turns>,
}

#[derive(Default)]
struct Turns {
    /// When the last ones were, as many as fit in the window.
    taken: VecDeque<Instant>,
    /// The CRM wants none before.
    not_before: Option<Instant>,
}

impl Pace {
    /// So many requests in any such time.
    pub(crate) fn new(requests_max: usize, window: Duration) -> Self {
        Self { requests_max: requests_max.max(1), window, turns: Mutex::default() }
    }

    /// The CRM wants no request before.
    pub(crate) fn pause(&self, until: Instant) {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        turns.not_before = Some(turns.not_before.map_or(until, |before| before.max(until)));
    }

    /// Waits for a turn. While the CRM wants no request, and where the wait would be long, there is none.
    pub(crate) async fn turn(&self) -> Result<(), Failure> {
        let at = self.book(Instant::now())?;
        sleep_until(at).await;
        Ok(())
    }

    fn book(&self, now: Instant) -> Result<Instant, Failure> {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        let too_many = |wait| Failure::Again { reason: Reason::TooMany, after: Some(wait) };
        if let Some(until) = turns.not_before.filter(|until| *until > now) {
            return Err(too_many(until - now));
        }
        turns.not_before = None;
        let earliest = match turns.taken.len().checked_sub(self.requests_max) {
            Some(index) => (turns.taken[index] + self.window).max(now),
            None => now,
        };
        if earliest - now > TURN_WAIT_MAX {
            return Err(too_many(earliest - now));
        }
        turns.taken.push_back(earliest);
        if turns.taken.len() > self.requests_max {
            turns.taken.pop_front();
        }
        Ok(earliest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_beyond_the_limit_come_a_window_later() {
        let (pace, now) = (Pace::new(2, Duration::from_secs(10)), Instant::now());
        let second = |n| now + Duration::from_secs(n);
        for wanted in [0, 0, 10, 10, 20, 20] {
            assert_eq!(pace.book(now).unwrap(), second(wanted));
        }
        let wait = Duration::from_secs(30);
        assert_eq!(pace.book(now), Err(Failure::Again { reason: Reason::TooMany, after: Some(wait) }));
        assert_eq!(pace.book(second(25)).unwrap(), second(30));
    }

    #[test]
    fn while_the_crm_wants_no_request_there_is_none() {
        let (pace, now) = (Pace::new(9, Duration::from_secs(1)), Instant::now());
        let wait = Duration::from_secs(7);
        pace.pause(now + wait);
        assert_eq!(pace.book(now), Err(Failure::Again { reason: Reason::TooMany, after: Some(wait) }));
        assert!(pace.book(now + wait).is_ok());
    }
}
