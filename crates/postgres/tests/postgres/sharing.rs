//! Several processes over one database.

use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use freehold_store::database::{Bell, Claim, Database as _, Heard, Others as _};

use super::*;

/// How long what must come is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let began = std::time::Instant::now();
    while !holds() {
        assert!(began.elapsed() < PATIENCE, "{what}");
        thread::park_timeout(Duration::from_millis(10));
    }
}

impl Database {
    fn share(&self) -> Arc<Postgres> {
        Arc::new(Postgres::share(self.location.parse().unwrap()).unwrap())
    }
}

#[test]
fn a_database_is_one_process_s_or_shared_and_never_both() {
    let database = Database::new();
    let first = database.share();
    let second = database.share();
    assert_eq!(database.connect().unwrap_err(), DatabaseError::InUse);
    drop((first, second));
    let alone = database.connect().unwrap();
    let refused = Postgres::share(database.location.parse().unwrap());
    assert_eq!(refused.unwrap_err(), DatabaseError::InUse);
    drop(alone);
    drop(database.share());
}

#[test]
fn processes_that_begin_at_once_make_the_tables_once() {
    let database = Database::new();
    thread::scope(|scope| {
        let begun: Vec<_> = (0..4).map(|_| scope.spawn(|| database.open_in(database.share()))).collect();
        begun.into_iter().for_each(|one| drop(one.join().unwrap()));
    });
}

/// 1. Three processes add to the same number, each in many writes that read it first. 2. It is what they were told together.
#[test]
fn writes_of_all_processes_have_one_order() {
    const ROUNDS: u64 = 100;
    let database = Database::new();
    let stores: Vec<Store> = (0..3).map(|_| database.open_in(database.share())).collect();
    thread::scope(|scope| {
        for store in &stores {
            scope.spawn(move || {
                for _ in 0..ROUNDS {
                    let written = store.write_blocking(|txn| {
                        let before = txn
                            .get(&key(1))?
                            .map_or(0, |bytes| u64::from_be_bytes(bytes.try_into().unwrap()));
                        txn.put(key(1), (before + 1).to_be_bytes());
                        Ok::<_, ReadError>(())
                    });
                    written.unwrap();
                }
            });
        }
    });
    for store in &stores {
        assert_eq!(store.get(&key(1)).unwrap(), Some((3 * ROUNDS).to_be_bytes().to_vec()));
    }
}

/// 1. One process holds a name, another waits for it. 2. The first one gives it back: the other has it. 3. That one's connections are
///    ended: it knows that it does not hold the name, and has it again by itself. 4. It ends: the first one has it.
#[test]
fn a_name_is_held_by_one_process_and_goes_on_to_the_next() {
    let database = Database::new();
    let (one, other) = (database.share(), database.share());
    let names = ["sink".to_owned(), "nobody's".to_owned()];
    let first = one.others().unwrap().claim("sink");
    until("the first holds it", || first.is_held());
    let second = other.others().unwrap().claim("sink");
    assert_eq!(other.claimed(&names).unwrap(), [true, false]);
    thread::park_timeout(Duration::from_millis(1_500));
    assert!(!second.is_held() && first.is_held());
    drop(first);
    until("the second holds it", || second.is_held());

    let lost = Mutex::new(false);
    thread::scope(|scope| {
        scope.spawn(|| until("it knows", || !second.is_held() || *lost.lock().unwrap()));
        database.sql(
            "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and datname = current_database()",
        );
    });
    until("it holds it again", || second.is_held());
    *lost.lock().unwrap() = true;
    let first: Box<dyn Claim> = one.others().unwrap().claim("sink");
    drop((second, other));
    until("the first holds it again", || first.is_held());
}

/// 1. One process rings in a write: the others hear it, and it does not. 2. Nobody hears what was refused. 3. Whoever could not hear
///    for a while is told so.
#[test]
fn bells_are_heard_by_the_others_when_they_are_committed() {
    let database = Database::new();
    let (one, other) = (database.share(), database.share());
    let heard: Arc<Mutex<Vec<(&str, Heard)>>> = Arc::default();
    for (name, process) in [("one", &one), ("other", &other)] {
        let heard = Arc::clone(&heard);
        process.listen(Box::new(move |what| heard.lock().unwrap().push((name, what))));
    }
    let everything = |name: &str| {
        let heard = heard.lock().unwrap();
        heard.iter().filter(|(who, what)| *who == name && *what == Heard::Everything).count()
    };
    until("both hear", || everything("one") > 0 && everything("other") > 0);
    let store = database.open_in(Arc::clone(&one));
    let ring = |bell: Bell, refuse: bool| {
        let written = store.write_blocking(move |txn| {
            txn.ring(bell);
            txn.put(key(1), "value");
            if refuse { Err(ReadError::Corrupt) } else { Ok(()) }
        });
        assert_eq!(written.is_err(), refuse);
    };
    ring([1; 16], true);
    ring([2; 16], false);
    let bells = || -> Vec<(&str, Heard)> {
        let heard = heard.lock().unwrap();
        heard.iter().filter(|(_, what)| *what != Heard::Everything).cloned().collect()
    };
    until("a bell is heard", || !bells().is_empty());
    assert_eq!(bells(), [("other", Heard::Bells(vec![[2; 16]]))]);
    let before = everything("other");
    database.sql(
        "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and datname = current_database()",
    );
    until("it is told that it could not hear", || everything("other") > before);
}
