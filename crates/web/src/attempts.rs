//! How often somebody may try to sign in: a few times freely, then slowly, then not for a while. Counted for the name and
//! for the address, so that neither one name from many machines nor many names from one machine is tried fast.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Wrong passwords in a row after which a name or an address must wait.
const FREE: u32 = 5;

/// The first wait; each further wrong password doubles it.
const WAIT_FIRST: Duration = Duration::from_secs(30);

/// The longest wait: somebody who has forgotten their password can ask an administrator meanwhile.
const WAIT_MAX: Duration = Duration::from_secs(15 * 60);

/// Wrong passwords are forgotten after so long without another.
const FORGET: Duration = Duration::from_secs(60 * 60);

/// Most names and addresses that are counted; the one that was tried longest ago makes room.
const COUNTED_MAX: usize = 10_000;

/// Counts attempts.
#[derive(Debug, Default)]
pub struct Attempts {
    counts: Mutex<HashMap<Whose, Count>>,
}

/// An attempt that is not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there were too many wrong passwords: try again in {} s", self.wait.as_secs().max(1))]
pub struct Refused {
    /// When to try again.
    pub wait: Duration,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Whose {
    Name(String),
    Address(IpAddr),
}

#[derive(Debug, Clone, Copy)]
struct Count {
    wrong: u32,
    last: Instant,
}

impl Attempts {
    /// Counts an attempt as wrong before it is made, so that many at once count too; [`Attempts::right`] takes it back.
    ///
    /// # Errors
    /// [`Refused`] with the time to wait.
    pub fn begin(&self, name: &str, from: IpAddr, now: Instant) -> Result<(), Refused> {
        self.count([Whose::Name(name.to_ascii_lowercase()), Whose::Address(from)], now)
    }

    /// Counts a wrong token, which names nobody, against the address that it came from.
    ///
    /// # Errors
    /// [`Refused`] with the time to wait.
    pub fn wrong_token(&self, from: IpAddr, now: Instant) -> Result<(), Refused> {
        self.count([Whose::Address(from)], now)
    }

    fn count<const N: usize>(&self, whose: [Whose; N], now: Instant) -> Result<(), Refused> {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.retain(|_, count| now.saturating_duration_since(count.last) < FORGET);
        let wait = whose.iter().filter_map(|whose| counts.get(whose)).map(|count| count.left(now)).max();
        if let Some(wait) = wait.filter(|wait| !wait.is_zero()) {
            return Err(Refused { wait });
        }
        for whose in whose {
            if counts.len() >= COUNTED_MAX
                && !counts.contains_key(&whose)
                && let Some(oldest) =
                    counts.iter().min_by_key(|(_, count)| count.last).map(|(w, _)| w.clone())
            {
                counts.remove(&oldest);
            }
            let count = counts.entry(whose).or_insert(Count { wrong: 0, last: now });
            *count = Count { wrong: count.wrong.saturating_add(1), last: now };
        }
        Ok(())
    }

    /// The attempt was right.
    pub fn right(&self, name: &str, from: IpAddr) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.remove(&Whose::Name(name.to_ascii_lowercase()));
        counts.remove(&Whose::Address(from));
    }
}

impl Count {
    /// How long to wait still.
    fn left(&self, now: Instant) -> Duration {
        let Some(doublings) = self.wrong.checked_sub(FREE) else { return Duration::ZERO };
        let wait = WAIT_FIRST.saturating_mul(2_u32.saturating_pow(doublings)).min(WAIT_MAX);
        wait.saturating_sub(now.saturating_duration_since(self.last))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
    const THERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

    #[test]
    fn after_five_wrong_passwords_the_waits_double() {
        let (attempts, mut now) = (Attempts::default(), Instant::now());
        for _ in 0..FREE {
            attempts.begin("ada", HERE, now).unwrap();
        }
        for seconds in [30, 60, 120, 240, 480, 900, 900] {
            let refused = attempts.begin("Ada", HERE, now).unwrap_err();
            assert_eq!(refused.wait, Duration::from_secs(seconds));
            now += refused.wait;
            attempts.begin("ada", HERE, now).unwrap();
        }
    }

    #[test]
    fn one_name_from_elsewhere_and_another_name_from_here_wait_as_well() {
        let (attempts, now) = (Attempts::default(), Instant::now());
        for _ in 0..FREE {
            attempts.begin("ada", HERE, now).unwrap();
        }
        assert!(attempts.begin("ada", THERE, now).is_err());
        assert!(attempts.begin("bob", HERE, now).is_err());
        assert!(attempts.begin("bob", THERE, now).is_ok());
        attempts.right("ada", HERE);
        assert!(attempts.begin("ada", HERE, now).is_ok());
    }

    #[test]
    fn wrong_tokens_count_against_their_address_alone() {
        let (attempts, now) = (Attempts::default(), Instant::now());
        for _ in 0..FREE {
            attempts.wrong_token(HERE, now).unwrap();
        }
        assert!(attempts.wrong_token(HERE, now).is_err());
        assert!(attempts.wrong_token(THERE, now).is_ok());
    }

    #[test]
    fn an_hour_later_nothing_is_held_against_anybody() {
        let (attempts, now) = (Attempts::default(), Instant::now());
        for _ in 0..FREE {
            attempts.begin("ada", HERE, now).unwrap();
        }
        assert!(attempts.begin("ada", HERE, now + FORGET).is_ok());
    }
}
