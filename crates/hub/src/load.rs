//! How many sessions begin at once, and when those that do not fit are to come back.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use freehold_mailbox::entropy;
use freehold_protocol::limits::BUSY_MAX;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

/// Sessions that begin at once: enough to fill the store's group commits, few enough that each is through in a second.
const OPENINGS_MAX: usize = 512;

/// How long a connection waits for its turn to begin: with what the hello has taken, still below what the peer waits for an
/// answer.
const TURN: Duration = Duration::from_secs(4);

/// Sessions a second that are reckoned with when those that were sent away are asked back.
const BACK_PER_SEC: u64 = 100;

/// Shortest wait of those that were sent away.
const WAIT_MIN: Duration = Duration::from_secs(5);

/// How long it is remembered how many were sent away.
const WINDOW: Duration = Duration::from_secs(60);

/// The load of a hub.
pub(crate) struct Load {
    openings: Semaphore,
    turn: Duration,
    began: Instant,
    /// The window of `sent_away`, in whole windows since the beginning.
    window: AtomicU64,
    sent_away: AtomicU64,
}

impl Default for Load {
    fn default() -> Self {
        Self::new(OPENINGS_MAX, TURN)
    }
}

impl Load {
    fn new(openings_max: usize, turn: Duration) -> Self {
        Self {
            openings: Semaphore::new(openings_max),
            turn,
            began: Instant::now(),
            window: AtomicU64::new(0),
            sent_away: AtomicU64::new(0),
        }
    }

    /// Waits for the turn of a session to begin; it ends when what is given is dropped. `None` when there is too much to do.
    pub(crate) async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        tokio::time::timeout(self.turn, self.openings.acquire()).await.ok()?.ok()
    }

    /// For how many seconds somebody is sent away: the more there are, the further they are spread.
    pub(crate) fn wait_secs(&self) -> u32 {
        let window = self.began.elapsed().as_secs() / WINDOW.as_secs();
        if self.window.swap(window, Ordering::Relaxed) != window {
            self.sent_away.store(0, Ordering::Relaxed);
        }
        let sent_away = self.sent_away.fetch_add(1, Ordering::Relaxed);
        let random = u64::from_be_bytes(*entropy().first_chunk().expect("16 bytes hold 8"));
        spread(sent_away, random)
    }
}

/// A time in which so many and this one can be served.
fn spread(sent_away: u64, random: u64) -> u32 {
    let min = WAIT_MIN.as_secs();
    let width = (sent_away / BACK_PER_SEC).max(min);
    u32::try_from((min + random % width).min(BUSY_MAX.as_secs())).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_more_are_sent_away_the_further_they_are_spread() {
        let longest = |sent_away| (0..10_000).map(|random| spread(sent_away, random)).max();
        assert_eq!((longest(0), longest(10_000), longest(100_000)), (Some(9), Some(104), Some(1_004)));
        assert_eq!(spread(u64::MAX, 1 << 50), 3_600);
        assert_eq!(spread(0, 0), 5);
    }

    #[tokio::test]
    async fn one_more_than_fit_is_sent_away_and_room_lets_the_next_in() {
        let load = Load::new(2, Duration::from_millis(20));
        let first = load.turn().await;
        let second = load.turn().await;
        assert!(first.is_some() && second.is_some() && load.turn().await.is_none());
        drop(first);
        assert!(load.turn().await.is_some());
    }
}
