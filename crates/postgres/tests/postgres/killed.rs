//! PostgreSQL is killed under load, again and again.

use std::sync::atomic::{AtomicBool, AtomicU64};
use std::thread;
use std::time::{Duration, Instant};

use super::*;

/// Writers at once, each with keys of its own.
const WRITERS: u64 = 8;
/// How often the server is killed, unless `FREEHOLD_KILLS` says otherwise.
const KILLS: u32 = 8;
/// Longest that a write may take to succeed once the server is back.
const RECOVERY_MAX: Duration = Duration::from_secs(20);

/// What a writer knows of its two records, which each of its writes sets to the same number.
#[derive(Default)]
struct Account {
    /// The last number that was acknowledged.
    acknowledged: AtomicU64,
    /// The greatest that was ever written, acknowledged or not.
    tried: AtomicU64,
    /// Whether the last answer was that nothing was written, with the number before it.
    refused: AtomicU64,
}

fn records(writer: u64) -> [Key; 2] {
    // One is spread by the writer, the other is with all.
    [key(writer), Key::new(b'n').with_u64(writer)]
}

fn number(bytes: Option<Vec<u8>>) -> u64 {
    bytes.map_or(0, |bytes| u64::from_be_bytes(bytes.try_into().unwrap()))
}

/// 1. Writers write two records each, over and over. 2. The server and all its processes are killed at a random moment and started
///    again, many times. 3. Nothing acknowledged is lost, nothing refused is there, no half of a write is there, and all writers
///    go on by themselves.
#[test]
fn nothing_acknowledged_is_lost_and_nothing_half_when_the_server_is_killed() {
    let kills = std::env::var("FREEHOLD_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(KILLS);
    let database = Database::new();
    let store = database.open();
    let accounts: Arc<Vec<Account>> = Arc::new((0..WRITERS).map(|_| Account::default()).collect());
    let stop = Arc::new(AtomicBool::new(false));
    let (answered, failed) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let threads: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let (store, accounts, stop) = (store.clone(), Arc::clone(&accounts), Arc::clone(&stop));
            let (answered, failed) = (Arc::clone(&answered), Arc::clone(&failed));
            thread::spawn(move || {
                let account = &accounts[writer as usize];
                while !stop.load(SeqCst) {
                    let next = account.tried.load(SeqCst) + 1;
                    account.tried.store(next, SeqCst);
                    let written = store.write_blocking(move |txn| {
                        let [one, other] = records(writer);
                        let before = (number(txn.get(&one)?), number(txn.get(&other)?));
                        txn.put_erasable(one, next.to_be_bytes());
                        txn.put(other, next.to_be_bytes());
                        Ok::<_, ReadError>(before)
                    });
                    match written {
                        Ok(before) => {
                            let (one, other) = *before;
                            assert_eq!(one, other, "no half of a write");
                            assert_eq!(
                                one,
                                account.acknowledged.load(SeqCst),
                                "what was said is what is there"
                            );
                            account.acknowledged.store(next, SeqCst);
                            answered.fetch_add(1, SeqCst);
                        }
                        Err(WriteError::Database(_) | WriteError::Refused(ReadError::Database(_))) => {
                            account.refused.store(next, SeqCst);
                            failed.fetch_add(1, SeqCst);
                            thread::park_timeout(Duration::from_millis(5));
                        }
                        Err(error) => panic!("{error}"),
                    }
                }
            })
        })
        .collect();
    for round in 0..kills {
        // SplitMix64's constant spreads the rounds over the moments of a group.
        let random = u64::from(round).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
        thread::park_timeout(Duration::from_micros(20_000 + random % 150_000));
        database.server.kill();
        database.server.begin();
        let (before, began) = (answered.load(SeqCst), Instant::now());
        while answered.load(SeqCst) < before + WRITERS {
            assert!(
                began.elapsed() < RECOVERY_MAX,
                "round {round}: no write succeeds though the server is back"
            );
            assert!(threads.iter().all(|thread| !thread.is_finished()), "round {round}: a writer has failed");
            thread::park_timeout(Duration::from_millis(5));
        }
    }
    stop.store(true, SeqCst);
    for thread in threads {
        thread.join().unwrap();
    }
    for (writer, account) in (0..WRITERS).zip(accounts.iter()) {
        for record in records(writer) {
            assert_eq!(
                number(store.get(&record).unwrap()),
                account.acknowledged.load(SeqCst),
                "writer {writer}"
            );
        }
    }
    drop(store);
    let store = database.open();
    for (writer, account) in (0..WRITERS).zip(accounts.iter()) {
        assert_eq!(number(store.get(&key(writer)).unwrap()), account.acknowledged.load(SeqCst));
    }
    let (answered, failed) = (answered.load(SeqCst), failed.load(SeqCst));
    assert!(failed > 0, "of {answered} writes none was under way when the server was killed");
}

/// 1. The server ends its connections one by one, as an operator may. 2. Writers and readers go on.
#[test]
fn connections_that_are_ended_are_made_anew() {
    let database = Database::new();
    let store = database.open();
    for round in 0..20_u64 {
        database.sql(
            "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'freehold'",
        );
        // A read is tried again by itself; a write may have been told that it was not made.
        assert_eq!(number(store.get(&key(0)).unwrap()), round);
        let began = Instant::now();
        while put(&store, 0, (round + 1).to_be_bytes()).is_err() {
            assert!(began.elapsed() < RECOVERY_MAX);
        }
    }
}
