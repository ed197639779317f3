//! What PostgreSQL leaves of deleted secrets.
//!
//! A deleted row stays in its page until something is written over it, which an ordinary vacuum does not do. So the table of
//! secrets, which is small, is written anew after deletions (`VACUUM FULL`), and its old files are unlinked. Readers wait
//! meanwhile, some milliseconds per ten thousand secrets; it takes at most a hundredth of the time.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use freehold_store::database::DatabaseError;

use crate::postgres::Shared;

/// Least time between two rewritings.
const EVERY: Duration = Duration::from_secs(60);
/// How many times as long as it took is waited before the next.
const REST: u32 = 100;
/// It gives way to whoever has a table for longer than this, and is tried again.
const REWRITE: &str = "set lock_timeout = '2s'; set statement_timeout = 0";

/// The thread that rewrites. It ends when this is dropped.
pub(crate) struct Secrets {
    queue: SyncSender<SyncSender<Result<(), DatabaseError>>>,
}

impl Secrets {
    pub(crate) fn start(shared: &Arc<Shared>) -> std::io::Result<Self> {
        let (queue, asked) = sync_channel(1);
        let shared = Arc::clone(shared);
        thread::Builder::new().name("postgres-secrets".to_owned()).spawn(move || run(&shared, &asked))?;
        Ok(Self { queue })
    }

    /// Rewrites at once.
    pub(crate) fn forget_now(&self) -> Result<(), DatabaseError> {
        let gone = || DatabaseError::Failed("its thread has ended".into());
        let (reply, answer) = sync_channel(1);
        self.queue.send(reply).map_err(|_| gone())?;
        answer.recv().map_err(|_| gone())?
    }
}

fn run(shared: &Shared, asked: &Receiver<SyncSender<Result<(), DatabaseError>>>) {
    let mut rest = EVERY;
    loop {
        match asked.recv_timeout(rest) {
            Ok(reply) => drop(reply.send(forget(shared))),
            Err(RecvTimeoutError::Timeout) => {
                if !shared.has_dead_secrets.load(Ordering::Relaxed) {
                    continue;
                }
                let began = Instant::now();
                if let Err(error) = forget(shared) {
                    tracing::warn!(%error, "the table of secrets was not rewritten: it is tried again");
                }
                rest = EVERY.max(began.elapsed() * REST);
            }
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

fn forget(shared: &Shared) -> Result<(), DatabaseError> {
    // Before it begins: what is deleted meanwhile may be left.
    shared.has_dead_secrets.store(false, Ordering::Relaxed);
    let rewritten = shared.connect().and_then(|mut connection| {
        connection.run(REWRITE)?;
        connection.run_long("vacuum (full) freehold.record_keys")
    });
    if rewritten.is_err() {
        shared.has_dead_secrets.store(true, Ordering::Relaxed);
    }
    rewritten
}
