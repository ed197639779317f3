//! Attempts to sign in that are at the provider now. In memory alone, as sessions are.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use freehold_oidc::Pending;
use freehold_web::TokenDigest;

/// How long somebody may take at the provider.
const AGE_MAX: Duration = Duration::from_secs(10 * 60);
/// Most attempts at once. Staff, not customers.
const ATTEMPTS_MAX: usize = 1_000;
/// Most of one address, so that one makes no room for itself at the cost of the others.
const OF_ADDRESS_MAX: usize = 20;

/// What is remembered, by the cookie of its browser.
#[derive(Default)]
pub(super) struct Attempts {
    open: Mutex<HashMap<TokenDigest, Open>>,
}

struct Open {
    pending: Pending,
    from: IpAddr,
    begun: Instant,
}

impl Attempts {
    /// Remembers one. Where there are too many, the oldest of its address makes room, else the oldest.
    pub(super) fn remember(&self, cookie: TokenDigest, from: IpAddr, pending: Pending, now: Instant) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|_, one| now.saturating_duration_since(one.begun) < AGE_MAX);
        let of_address = open.values().filter(|one| one.from == from).count();
        if of_address >= OF_ADDRESS_MAX || open.len() >= ATTEMPTS_MAX {
            let its_own = |one: &Open| of_address < OF_ADDRESS_MAX || one.from == from;
            let oldest = open.iter().filter(|(_, one)| its_own(one)).min_by_key(|(_, one)| one.begun);
            if let Some(oldest) = oldest.map(|(cookie, _)| *cookie) {
                open.remove(&oldest);
            }
        }
        open.insert(cookie, Open { pending, from, begun: now });
    }

    /// Takes the attempt of a cookie: it can be finished once.
    pub(super) fn take(&self, cookie: &str, now: Instant) -> Option<Pending> {
        let taken =
            self.open.lock().unwrap_or_else(PoisonError::into_inner).remove(&TokenDigest::of(cookie))?;
        (now.saturating_duration_since(taken.begun) < AGE_MAX).then_some(taken.pending)
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use freehold_web::Token;

    use super::*;

    fn address(number: u8) -> IpAddr {
        Ipv4Addr::new(192, 0, 2, number).into()
    }

    fn remember(attempts: &Attempts, from: IpAddr, now: Instant) -> Token {
        let token = Token::generate().unwrap();
        attempts.remember(token.digest(), from, Pending::new("https://desk.example/").unwrap(), now);
        token
    }

    #[test]
    fn an_attempt_is_finished_once_and_in_its_time() {
        let (attempts, now) = (Attempts::default(), Instant::now());
        let [once, late] = [(); 2].map(|()| remember(&attempts, address(1), now));
        assert!(attempts.take(once.danger_text(), now).is_some());
        assert!(attempts.take(once.danger_text(), now).is_none());
        assert!(attempts.take(late.danger_text(), now + AGE_MAX).is_none());
        assert!(attempts.take("", now).is_none());
    }

    #[test]
    fn whoever_begins_without_end_makes_room_for_themselves_alone() {
        let (attempts, now) = (Attempts::default(), Instant::now());
        let other = remember(&attempts, address(1), now);
        let first = remember(&attempts, address(2), now + Duration::from_millis(1));
        for at in 0..OF_ADDRESS_MAX {
            remember(&attempts, address(2), now + Duration::from_millis(2 + at as u64));
        }
        assert!(attempts.take(first.danger_text(), now).is_none());
        assert!(attempts.take(other.danger_text(), now).is_some());
        assert_eq!(attempts.open.lock().unwrap().len(), OF_ADDRESS_MAX);
    }
}
