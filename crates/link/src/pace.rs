//! How fast what a peer sends is taken: whoever sends faster waits on its own stream.

use std::time::Duration;

use tokio::time::Instant;

/// How many may come at once: two windows of messages.
const BURST: u32 = 64;

/// Time that earns one more: ten messages a second of a vendor's own accord are many for one person.
const EARNED_EVERY: Duration = Duration::from_millis(100);

/// What one message of this side's own earns: an acknowledgement, an outcome, and one to spare.
const EARNED_BY_A_MESSAGE: u32 = 3;

/// What is left, as a bucket that fills with time and with what this side says.
#[derive(Debug)]
pub struct Pace {
    left: u32,
    since: Instant,
}

impl Pace {
    /// A full bucket.
    #[must_use]
    pub fn new(now: Instant) -> Self {
        Self { left: BURST, since: now }
    }

    /// When the next may be taken; `None` for at once.
    pub fn next(&mut self, now: Instant) -> Option<Instant> {
        let earned = now.saturating_duration_since(self.since).as_millis() / EARNED_EVERY.as_millis();
        let earned = u32::try_from(earned).unwrap_or(u32::MAX);
        if earned > 0 {
            self.earn(earned);
            self.since = now;
        }
        (self.left == 0).then(|| self.since + EARNED_EVERY)
    }

    /// One was taken.
    pub fn take(&mut self) {
        self.left = self.left.saturating_sub(1);
    }

    /// This side has said something, which is answered.
    pub(crate) fn said(&mut self) {
        self.earn(EARNED_BY_A_MESSAGE);
    }

    fn earn(&mut self, frames: u32) {
        self.left = self.left.saturating_add(frames).min(BURST);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_comes_at_once_and_then_ten_a_second_and_what_answers_us() {
        let start = Instant::now();
        let mut pace = Pace::new(start);
        for _ in 0..BURST {
            assert_eq!(pace.next(start), None);
            pace.take();
        }
        assert_eq!(pace.next(start), Some(start + EARNED_EVERY));
        // Asking puts it off no further.
        assert_eq!(pace.next(start + EARNED_EVERY / 2), Some(start + EARNED_EVERY));
        assert_eq!(pace.next(start + EARNED_EVERY), None);
        pace.take();
        assert_eq!(pace.next(start + EARNED_EVERY), Some(start + 2 * EARNED_EVERY));
        pace.said();
        let answers = (0..BURST).take_while(|_| {
            let free = pace.next(start + EARNED_EVERY).is_none();
            pace.take();
            free
        });
        assert_eq!(answers.count(), 3);
        let day = start + Duration::from_secs(86_400);
        assert_eq!(
            (0..2 * BURST)
                .take_while(|_| {
                    let free = pace.next(day).is_none();
                    pace.take();
                    free
                })
                .count(),
            BURST as usize
        );
    }
}
