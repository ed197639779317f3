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

/// A session as a list of them shows it.
#[derive(Debug, Clone, Copy)]
pub struct Listed {
    /// How long ago it began.
    pub age: Duration,
    /// How long ago something was last asked in it.
    pub idle: Duration,
    digest: TokenDigest,
}

impl Listed {
    /// Whether it is this one.
    #[must_use]
    pub fn is(&self, session: &Session) -> bool {
        self.digest == session.digest
    }

    /// What [`Sessions::end_named`] knows it by: nobody gets in with it.
    #[must_use]
    pub fn name(&self) -> String {
        multibase::Base::Base64Url.encode(self.digest.as_bytes())
    }
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

    /// A user's sessions, the youngest first.
    #[must_use]
    pub fn of(&self, user: &str, now: Instant) -> Vec<Listed> {
        let mut open = self.lock();
        open.retain(|_, session| session.is_alive(now));
        let of_user = open.iter().filter(|(_, session)| session.user == user);
        let listed = |(digest, session): (&TokenDigest, &Open)| Listed {
            age: now.saturating_duration_since(session.begun),
            idle: now.saturating_duration_since(session.seen),
            digest: *digest,
        };
        let mut all: Vec<Listed> = of_user.map(listed).collect();
        all.sort_by_key(|one| one.age);
        all
    }

    /// Whether a session has not been ended, without keeping it alive.
    #[must_use]
    pub fn is_open(&self, session: &Session, now: Instant) -> bool {
        self.lock().get(&session.digest).is_some_and(|open| open.is_alive(now))
    }

    /// Ends the session of a user that [`Listed::name`] names; whether there was one.
    pub fn end_named(&self, user: &str, name: &str) -> bool {
        let mut open = self.lock();
        let before = open.len();
        let is_named = |digest: &TokenDigest| multibase::Base::Base64Url.encode(digest.as_bytes()) == name;
        open.retain(|digest, session| !(session.user == user && is_named(digest)));
        open.len() < before
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
    fn one_of_several_sessions_is_ended_by_its_name() {
        let (sessions, now) = (Sessions::default(), Instant::now());
        let tokens = [(); 2].map(|()| sessions.begin("ada", now).unwrap());
        sessions.begin("bob", now).unwrap();
        let here = sessions.find(tokens[0].danger_text(), now).unwrap();
        let listed = sessions.of("ada", now + Duration::from_secs(5));
        assert_eq!((listed.len(), listed[0].age), (2, Duration::from_secs(5)));
        let other = listed.iter().find(|one| !one.is(&here)).unwrap();
        assert!(!sessions.end_named("bob", &other.name()) && sessions.end_named("ada", &other.name()));
        assert!(sessions.find(tokens[1].danger_text(), now).is_none() && sessions.is_open(&here, now));
        assert!(!sessions.is_open(&here, now + IDLE));
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
