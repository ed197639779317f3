//! Sessions that come to nothing: a vendor that says hello and hangs up, again and again.
//!
//! An honest hub restarts, loses its line or is upgraded, now and then many times in a row, and its persons are to be back at
//! once; so a few dozen such sessions count for nothing. Whoever goes on is dialled ever less. Whatever is
//! acknowledged, in either direction, or a session that lasts, begins it anew.

use std::time::Duration;

use freehold_protocol::limits::REDIAL_FIRST;
use tokio::time::Instant;

/// A session that was open for so long was one.
const LASTED: Duration = Duration::from_secs(10);
/// So many in a row count for nothing.
const FREE: u32 = 40;
/// Longest wait that they cause: a vendor whose hub is repaired waits no longer for those who were there all along.
const WAIT_MAX: Duration = Duration::from_secs(60);

/// How many sessions in a row came to nothing.
#[derive(Debug, Default)]
pub(super) struct Hollow {
    opened: Option<Instant>,
    row: u32,
}

impl Hollow {
    /// A hello was accepted.
    pub(super) fn handle_opened(&mut self, now: Instant) {
        self.opened = Some(now);
    }

    /// Something was acknowledged.
    pub(super) fn handle_acknowledged(&mut self) {
        self.opened = None;
        self.row = 0;
    }

    /// The session is over, against the will of this side or not.
    pub(super) fn handle_ended(&mut self, unwanted: bool, now: Instant) {
        let Some(opened) = self.opened.take() else { return };
        self.row = if unwanted && now - opened < LASTED { self.row.saturating_add(1) } else { 0 };
    }

    /// The ceiling of the wait before dialling again that this adds; nothing while the row is short.
    pub(super) fn ceiling(&self) -> Duration {
        match self.row.checked_sub(FREE) {
            None | Some(0) => Duration::ZERO,
            Some(more) => REDIAL_FIRST.saturating_mul(1 << more.min(16)).min(WAIT_MAX),
        }
    }

    /// Whether the wait is for this: then what the person does meanwhile need not wait.
    pub(super) fn is_long(&self) -> bool {
        self.row > FREE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_dozen_cost_nothing_and_then_the_wait_grows_to_a_minute() {
        let (mut hollow, now) = (Hollow::default(), Instant::now());
        let mut ceilings = Vec::new();
        for _ in 0..60 {
            hollow.handle_opened(now);
            hollow.handle_ended(true, now + Duration::from_millis(80));
            ceilings.push(hollow.ceiling());
        }
        assert!(ceilings[..40].iter().all(Duration::is_zero));
        assert!(ceilings.is_sorted());
        assert_eq!((ceilings[40], ceilings[59]), (2 * REDIAL_FIRST, WAIT_MAX));
    }

    #[test]
    fn an_acknowledgement_a_session_that_lasts_and_an_end_that_was_wanted_begin_anew() {
        let now = Instant::now();
        let long = || Hollow { opened: Some(now), row: 90 };
        let ends: [fn(&mut Hollow, Instant); 3] = [
            |hollow, now| {
                hollow.handle_acknowledged();
                hollow.handle_ended(true, now);
            },
            |hollow, now| hollow.handle_ended(true, now + LASTED),
            |hollow, now| hollow.handle_ended(false, now),
        ];
        for end in ends {
            let mut hollow = long();
            assert!(hollow.is_long());
            end(&mut hollow, now);
            assert_eq!(hollow.ceiling(), Duration::ZERO);
        }
        // What never came to a hello is counted elsewhere.
        let mut hollow = Hollow { opened: None, row: 90 };
        hollow.handle_ended(true, now);
        assert!(hollow.is_long());
    }
}
