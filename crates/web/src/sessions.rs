//! Who is signed in. Kept in memory alone: a restart signs everybody out, and a stolen disk holds no session.

use std::collections::HashMap;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::{Token, TokenDigest};

/// A session ends when nothing was asked for so long: a lunch break.
const IDLE: Duration = Duration::from_secs(45 * 60);

/// A session ends after a working day, whatever is asked.
const AGE_MAX: Duration = Duration::from_secs(12 * 60 * 60);

/// Most sessions at once; the oldest makes room. Staff, not customers.
const SESSIONS_MAX: usize = 1_000;

/// The sessions of a page.
#[derive(Debug, Default)]
pub struct Sessions {
    open: Mutex<HashMap<TokenDigest, Open>>,
}

#[derive(Debug)]
struct Open {
    user: String,
    form_token: Token,
    begun: Instant,
    seen: Instant,
}

/// One session, as a request sees it.
#[derive(Debug, Clone)]
pub struct Session {
    /// Who is signed in.
    pub user: String,
    /// The token that every form of the session carries.
    pub form_token: Token,
    digest: TokenDigest,
}

impl Sessions {
    /// Begins a session; gives the token for the cookie.
    ///
    /// # Errors
    /// When the system has no entropy to give.
    pub fn begin(&self, user: &str, now: Instant) -> io::Result<Token> {
        let (token, form_token) = (Token::generate()?, Token::generate()?);
        let mut open = self.lock();
        open.retain(|_, session| session.is_alive(now));
        if open.len() >= SESSIONS_MAX
            && let Some(oldest) = open.iter().min_by_key(|(_, session)| session.seen).map(|(key, _)| *key)
        {
            open.remove(&oldest);
        }
        open.insert(token.digest(), Open { user: user.to_owned(), form_token, begun: now, seen: now });
        Ok(token)
    }

    /// The session of a cookie, if it has not ended; it is alive for longer then.
    #[must_use]
    pub fn find(&self, token: &str, now: Instant) -> Option<Session> {
        let digest = TokenDigest::of(token);
        let mut open = self.lock();
        let session = open.get_mut(&digest)?;
        if !session.is_alive(now) {
            open.remove(&digest);
            return None;
        }
        session.seen = now;
        Some(Session { user: session.user.clone(), form_token: session.form_token.clone(), digest })
    }

    /// Ends a session.
    pub fn end(&self, session: &Session) {
        self.lock().remove(&session.digest);
    }

    /// Ends all of a user's sessions, on every machine; gives how many there were.
    pub fn end_all(&self, user: &str) -> usize {
        let mut open = self.lock();
        let before = open.len();
        open.retain(|_, session| session.user != user);
        before - open.len()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<TokenDigest, Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    fn is_alive(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.seen) < IDLE && now.saturating_duration_since(self.begun) < AGE_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_ends_when_it_is_idle_and_when_it_is_old() {
        let (sessions, start) = (Sessions::default(), Instant::now());
        let token = sessions.begin("ada", start).unwrap();
        let mut now = start;
        while now.saturating_duration_since(start) + IDLE / 2 < AGE_MAX {
            now += IDLE / 2;
            assert_eq!(sessions.find(token.danger_text(), now).unwrap().user, "ada");
        }
        assert!(sessions.find(token.danger_text(), start + AGE_MAX).is_none());
        let token = sessions.begin("ada", start).unwrap();
        assert!(sessions.find(token.danger_text(), start + IDLE).is_none());
    }

    #[test]
    fn signing_out_everywhere_ends_every_session_of_that_user_alone() {
        let (sessions, now) = (Sessions::default(), Instant::now());
        let tokens = [(); 2].map(|()| sessions.begin("ada", now).unwrap());
        let other = sessions.begin("bob", now).unwrap();
        assert_eq!(sessions.end_all("ada"), 2);
        assert!(tokens.iter().all(|token| sessions.find(token.danger_text(), now).is_none()));
        let session = sessions.find(other.danger_text(), now).unwrap();
        sessions.end(&session);
        assert!(sessions.find(other.danger_text(), now).is_none());
    }

    #[test]
    fn the_one_that_was_used_longest_ago_makes_room() {
        let (sessions, now) = (Sessions::default(), Instant::now());
        let first = sessions.begin("ada", now).unwrap();
        for at in 1..=SESSIONS_MAX {
            sessions.begin("bob", now + Duration::from_millis(at as u64)).unwrap();
        }
        assert!(sessions.find(first.danger_text(), now).is_none());
        assert_eq!(sessions.lock().len(), SESSIONS_MAX);
    }
}
