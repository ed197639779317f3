//! The store in a real PostgreSQL: what it does as anywhere, and what only PostgreSQL can show.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests may panic as tests do")]

#[path = "../../../store/tests/shared/behaviour.rs"]
mod behaviour;
mod erasure;
mod killed;
#[path = "../../../store/tests/shared/model.rs"]
mod model;
mod opening;
#[allow(dead_code, unreachable_pub, reason = "the tests across crates have it in a library")]
mod server;
mod sharing;
mod tls;

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use behaviour::{Home, own_key};
use freehold_postgres::Postgres;
use freehold_store::database::DatabaseError;
use freehold_store::{HomeKey, Key, OpenError, Options, ReadError, Store, WriteError};
use server::Server;

/// Some tables are spread, by parts of several lengths.
fn spread(tag: u8) -> Option<Range<usize>> {
    match tag {
        1 => Some(1..2),
        7 => Some(1..3),
        b'm' => Some(1..9),
        _ => None,
    }
}

/// A database.
struct Database {
    server: Arc<Server>,
    location: String,
}

/// How many databases were made.
static MADE: AtomicUsize = AtomicUsize::new(0);

impl Database {
    fn new() -> Self {
        Self::on(&Arc::new(Server::start()))
    }

    fn on(server: &Arc<Server>) -> Self {
        let location = server.database(&format!("hub{}", MADE.fetch_add(1, SeqCst)));
        Self { server: Arc::clone(server), location }
    }

    fn connect(&self) -> Result<Postgres, DatabaseError> {
        Postgres::connect(self.location.parse().unwrap())
    }

    fn open_in(&self, postgres: Arc<Postgres>) -> Store {
        Store::open_in(postgres, spread, &own_key(), Options::default(), None).unwrap()
    }

    /// What psql makes of a statement.
    fn sql(&self, statement: &str) -> String {
        self.server.sql(self.location.rsplit('/').next().unwrap(), statement)
    }
}

impl Home for Database {
    fn open_as(&self, key: &HomeKey) -> Result<Store, OpenError> {
        let postgres = self.connect().map_err(|error| match error {
            DatabaseError::InUse => OpenError::InUse,
            error => error.into(),
        })?;
        Store::open_in(Arc::new(postgres), spread, key, Options::default(), None)
    }
}

fn key(number: u64) -> Key {
    Key::new(b'm').with_u64(number)
}

fn put(
    store: &Store,
    number: u64,
    value: impl Into<Vec<u8>> + Send + 'static,
) -> Result<(), WriteError<ReadError>> {
    let written = store.write_blocking(move |txn| {
        txn.put_erasable(key(number), value);
        Ok(())
    });
    written.map(drop)
}

behaves!(Database::new());

#[test]
fn transactions_behave_like_a_map() {
    let server = Arc::new(Server::start());
    model::transactions_behave_like_a_map(24, || Database::on(&server));
}
