//! How processes that share a database know of each other: the names that each holds, and what they tell each other.
//!
//! A name is an advisory lock of a connection that is kept for this alone. PostgreSQL ends that connection when it has heard
//! nothing of it for [`SILENCE_SECS`], so that a process that hangs loses its names as one that died does; the process itself stops
//! trusting what it holds some seconds earlier, by its own clock.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use freehold_store::database::{Bell, Claim, DatabaseError, Hear, Heard};
use tokio::sync::Notify;

use crate::connection::{Connection, Lost};
use crate::postgres::Shared;

/// Where bells are rung.
pub(crate) const CHANNEL: &str = "freehold";

/// After so many seconds of silence PostgreSQL takes the names away.
const SILENCE_SECS: u64 = 15;
/// How long a name counts as held after PostgreSQL was last heard to say so.
const TRUST: Duration = Duration::from_secs(10);
/// How often PostgreSQL is asked, and a name that another process holds is tried again.
const ASK_EVERY: Duration = Duration::from_secs(1);

/// Bells in one notification, which may have 8,000 bytes.
const BELLS_MAX: usize = 200;
/// Digits of a bell.
const DIGITS: usize = 2 * size_of::<Bell>();

const TAKE: &str = "select pg_try_advisory_lock(hashtextextended($1, 0))";
const GIVE_BACK: &str = "select pg_advisory_unlock(hashtextextended($1, 0))";
const TAKEN: &str = "select exists (select from pg_locks where locktype = 'advisory' and granted and objsubid = 1 \
    and database = (select oid from pg_database where datname = current_database()) \
    and ((classid::bigint << 32) | objid::bigint) = hashtextextended($1, 0))";

/// What the thread and those who ask share.
#[derive(Default)]
struct Names {
    /// The names that this process competes for.
    wanted: Mutex<BTreeMap<String, Arc<Held>>>,
    hear: OnceLock<Hear>,
    /// Rung when something is to be done at once.
    changed: Notify,
    ended: AtomicBool,
}

/// How a name stands.
#[derive(Default)]
struct Held {
    /// When PostgreSQL was last asked and said that it is held.
    proved: Mutex<Option<Instant>>,
    given_back: AtomicBool,
}

/// The thread that keeps the connection. It ends when this is dropped, and the names are free then.
pub(crate) struct Presence {
    names: Arc<Names>,
}

struct Claimed {
    names: Arc<Names>,
    held: Arc<Held>,
}

impl Presence {
    pub(crate) fn start(shared: &Arc<Shared>) -> std::io::Result<Self> {
        let names = Arc::new(Names::default());
        let (shared, keeping) = (Arc::clone(shared), Arc::clone(&names));
        thread::Builder::new().name("postgres-presence".to_owned()).spawn(move || keep(&shared, &keeping))?;
        Ok(Self { names })
    }

    /// Competes for a name.
    pub(crate) fn claim(&self, name: &str) -> Box<dyn Claim> {
        let held = Arc::new(Held::default());
        self.names.wanted().insert(name.to_owned(), Arc::clone(&held));
        self.names.changed.notify_one();
        Box::new(Claimed { names: Arc::clone(&self.names), held })
    }

    pub(crate) fn listen(&self, hear: Hear) {
        // Only the first one counts, as is said.
        let _ = self.names.hear.set(hear);
        self.names.hear(Heard::Everything);
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        self.names.ended.store(true, Ordering::Release);
        self.names.changed.notify_one();
    }
}

impl Names {
    fn wanted(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Held>>> {
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hear(&self, heard: Heard) {
        if let Some(hear) = self.hear.get() {
            hear(heard);
        }
    }

    /// Nothing is held any more.
    fn lose_all(&self) {
        self.wanted().values().for_each(|held| held.prove(None));
    }
}

impl Held {
    fn prove(&self, at: Option<Instant>) {
        *self.proved.lock().unwrap_or_else(PoisonError::into_inner) = at;
    }

    fn is_proved(&self) -> bool {
        self.proved.lock().unwrap_or_else(PoisonError::into_inner).is_some_and(|at| at.elapsed() < TRUST)
    }
}

impl Claim for Claimed {
    fn is_held(&self) -> bool {
        self.held.is_proved()
    }
}

impl Drop for Claimed {
    fn drop(&mut self) {
        self.held.prove(None);
        self.held.given_back.store(true, Ordering::Release);
        self.names.changed.notify_one();
    }
}

/// Keeps a connection, and the names by it, until it is ended.
fn keep(shared: &Shared, names: &Arc<Names>) {
    let mut lost = false;
    while !names.ended.load(Ordering::Acquire) {
        match keep_one(shared, names, &mut lost) {
            Ok(()) => return,
            Err(error) if !lost => {
                tracing::warn!(%error, "the connection that holds this process's names is lost: it is made anew");
            }
            Err(_) => {}
        }
        lost = true;
        names.lose_all();
        thread::park_timeout(ASK_EVERY);
    }
}

/// Keeps one connection for as long as it lives; says that the last one's loss is made good.
fn keep_one(shared: &Shared, names: &Arc<Names>, lost: &mut bool) -> Result<(), DatabaseError> {
    let (own, hearing) = (shared.name.clone(), Arc::clone(names));
    let notified = move |told: &str| {
        if let Some(bells) = bells_of(told, &own) {
            hearing.hear(Heard::Bells(bells));
        }
    };
    let mut connection = shared.connect_listening(Box::new(notified))?;
    connection.run(&format!("set idle_session_timeout = '{SILENCE_SECS}s'; listen {CHANNEL}"))?;
    // What was rung before cannot have been heard.
    names.hear(Heard::Everything);
    let mut taken = BTreeMap::new();
    while !names.ended.load(Ordering::Acquire) {
        ask(&mut connection, names, &mut taken)?;
        *lost = false;
        connection.rest_until(async {
            let _ = tokio::time::timeout(ASK_EVERY, names.changed.notified()).await;
        });
    }
    Ok(())
}

/// Gives back what is not wanted any more, tries for what is, and proves what is held.
fn ask(
    connection: &mut Connection,
    names: &Names,
    taken: &mut BTreeMap<String, Arc<Held>>,
) -> Result<(), DatabaseError> {
    let asked = Instant::now();
    let given_back = |held: &Arc<Held>| held.given_back.load(Ordering::Acquire);
    let gone: Vec<String> =
        taken.iter().filter(|(_, held)| given_back(held)).map(|(name, _)| name.clone()).collect();
    for name in gone {
        says(connection, GIVE_BACK, &name)?;
        taken.remove(&name);
    }
    let wanted: Vec<(String, Arc<Held>)> = {
        let mut wanted = names.wanted();
        wanted.retain(|_, held| !given_back(held));
        wanted.iter().map(|(name, held)| (name.clone(), Arc::clone(held))).collect()
    };
    for (name, held) in wanted {
        if !taken.contains_key(&name) && says(connection, TAKE, &name)? {
            taken.insert(name, held);
        }
    }
    // Whether or not anything was asked above: the connection lives, and with it what it holds.
    connection.run("select 1")?;
    taken.values().filter(|held| !given_back(held)).for_each(|held| held.prove(Some(asked)));
    Ok(())
}

/// Asks a question about a name.
fn says(connection: &mut Connection, question: &str, name: &str) -> Result<bool, DatabaseError> {
    let statement = connection.statement(question)?;
    let row = connection.ask(async |client| client.query_one(&statement, &[&name]).await);
    row.map_err(Lost::told)?.try_get(0).map_err(|_| DatabaseError::Failed("it gave no answer".into()))
}

/// Whether some process holds a name.
pub(crate) fn is_taken(connection: &mut Connection, name: &str) -> Result<bool, DatabaseError> {
    says(connection, TAKEN, name)
}

/// What is notified for these bells, by the process of this name.
pub(crate) fn payloads(own: &str, bells: &[Bell]) -> Vec<String> {
    let payload = |bells: &[Bell]| {
        let mut text = format!("{own}:");
        for byte in bells.iter().flatten() {
            // Writing into a text does not fail.
            let _ = write!(text, "{byte:02x}");
        }
        text
    };
    bells.chunks(BELLS_MAX).map(payload).collect()
}

/// The bells of a notification; none of this process's own, and of what is none.
fn bells_of(told: &str, own: &str) -> Option<Vec<Bell>> {
    let (by, digits) = told.split_once(':')?;
    if by == own || digits.is_empty() || digits.len() % DIGITS != 0 || !digits.is_ascii() {
        return None;
    }
    let bell = |at: usize| {
        let number = u128::from_str_radix(digits.get(at..at + DIGITS)?, 16).ok()?;
        Some(number.to_be_bytes())
    };
    (0..digits.len()).step_by(DIGITS).map(bell).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bells_are_heard_as_they_were_rung_and_by_nobody_who_rang_them() {
        let rung: Vec<Bell> = (0..450_u16).map(|number| [(number % 251) as u8; 16]).collect();
        let told = payloads("a1", &rung);
        assert!(told.len() == 3 && told.iter().all(|text| text.len() < 8_000));
        let heard: Vec<Bell> = told.iter().filter_map(|text| bells_of(text, "b2")).flatten().collect();
        assert_eq!(heard, rung);
        assert!(told.iter().all(|text| bells_of(text, "a1").is_none()));
        for other in ["", "a1", "a1:", "a1:00", "a1:0g000000000000000000000000000000"] {
            assert_eq!(bells_of(other, "b2"), None, "{other}");
        }
    }
}
