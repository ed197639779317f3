//! One connection, with a small runtime of its own: whoever has it waits on their own thread.

use std::collections::HashMap;
use std::future::Future;
use std::ops::Deref;
use std::time::Duration;

use freehold_pgclient::tokio_postgres::error::{Error, SqlState};
use freehold_pgclient::tokio_postgres::{Client, Statement};
use freehold_pgclient::{ConnectError, ends_session, silence};
use freehold_store::database::DatabaseError;
use tokio::runtime::{Builder, Runtime};

use crate::location::Location;

pub(crate) use freehold_pgclient::Notified;

/// What every connection says first.
///
/// A commit is one that is on the disk. A transaction whose client has gone silent ends, and a connection whose client has gone ends
/// too, so that their locks do. Every row is found by its key: without statistics, or with old ones, the planner would read whole
/// tables.
const SETTINGS: &str = "set synchronous_commit = on; set idle_in_transaction_session_timeout = '30s'; \
    set tcp_keepalives_idle = 10; set tcp_keepalives_interval = 5; set tcp_keepalives_count = 3; \
    set lock_timeout = '20s'; set statement_timeout = '60s'; set client_min_messages = warning; \
    set enable_seqscan = off; set enable_hashjoin = off; set enable_mergejoin = off; set jit = off; \
    set plan_cache_mode = force_generic_plan";
/// Longest wait for an answer, above what the settings allow a statement.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(65);

/// A connection. Only one thread uses it at a time, and none that belongs to another runtime.
pub(crate) struct Connection {
    runtime: Running,
    client: Client,
    statements: HashMap<String, Statement>,
}

impl Connection {
    pub(crate) fn open(location: &Location) -> Result<Self, DatabaseError> {
        Self::open_listening(location, Box::new(|_| {}))
    }

    /// As [`Connection::open`]. While it is used, or rests, it hears what is notified on the channels that it listens to.
    pub(crate) fn open_listening(location: &Location, notified: Notified) -> Result<Self, DatabaseError> {
        let failed = |error: std::io::Error| DatabaseError::Failed(error.to_string());
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map(|runtime| Running(Some(runtime)))
            .map_err(failed)?;
        let connecting = location.address.connect_listening(&location.encryption, notified);
        let client = runtime.block_on(connecting).map_err(|error| match error {
            ConnectError::Authority(error) => DatabaseError::Failed(error.to_string()),
            ConnectError::Postgres(error) => told(&error),
        })?;
        let mut opened = Self { runtime, client, statements: HashMap::new() };
        opened.run(SETTINGS)?;
        Ok(opened)
    }

    /// Whether it is known to be lost.
    pub(crate) fn is_lost(&self) -> bool {
        self.client.is_closed()
    }

    /// Does nothing until something has come to pass, and hears what is notified meanwhile.
    pub(crate) fn rest_until(&mut self, passed: impl Future<Output = ()>) {
        self.runtime.block_on(passed);
    }

    /// Runs statements without parameters, one after the other.
    pub(crate) fn run(&mut self, statements: &str) -> Result<(), DatabaseError> {
        let Self { runtime, client, .. } = self;
        wait(runtime, client.batch_execute(statements)).map_err(Lost::told)
    }

    /// Runs a statement that may take long.
    pub(crate) fn run_long(&mut self, statement: &str) -> Result<(), DatabaseError> {
        let Self { runtime, client, .. } = self;
        runtime.block_on(client.batch_execute(statement)).map_err(|error| told(&error))
    }

    /// A statement, prepared once.
    pub(crate) fn statement(&mut self, text: &str) -> Result<Statement, DatabaseError> {
        if let Some(statement) = self.statements.get(text) {
            return Ok(statement.clone());
        }
        let statement = wait(&self.runtime, self.client.prepare(text)).map_err(Lost::told)?;
        self.statements.insert(text.to_owned(), statement.clone());
        Ok(statement)
    }

    /// Waits for what is asked of the client.
    pub(crate) fn ask<'a, T, F>(&'a self, question: impl FnOnce(&'a Client) -> F) -> Result<T, Lost>
    where
        F: Future<Output = Result<T, Error>>,
    {
        wait(&self.runtime, question(&self.client))
    }
}

/// A runtime that may be dropped anywhere, also by a task of another one.
struct Running(Option<Runtime>);

impl Deref for Running {
    type Target = Runtime;

    fn deref(&self) -> &Runtime {
        self.0.as_ref().expect("it is there until it is dropped")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// Why there is no answer, or not the wanted one.
#[derive(Debug)]
pub(crate) enum Lost {
    Error(Error),
    Timeout,
}

impl Lost {
    pub(crate) fn told(self) -> DatabaseError {
        match self {
            Self::Error(error) => told(&error),
            Self::Timeout => DatabaseError::Away("it does not answer".into()),
        }
    }

    /// Whether a statement was refused by a server that goes on, so that its transaction can only be rolled back.
    pub(crate) fn is_refusal(&self) -> bool {
        match self {
            Self::Error(error) => error.as_db_error().is_some_and(|error| !ends_session(error.code())),
            Self::Timeout => false,
        }
    }
}

fn wait<T>(runtime: &Runtime, answer: impl Future<Output = Result<T, Error>>) -> Result<T, Lost> {
    match runtime.block_on(async { tokio::time::timeout(ANSWER_TIMEOUT, answer).await }) {
        Ok(answer) => answer.map_err(Lost::Error),
        Err(_) => Err(Lost::Timeout),
    }
}

/// What a caller is told. It holds no value and no password: PostgreSQL's messages name tables and roles.
fn told(error: &Error) -> DatabaseError {
    match error.as_db_error() {
        Some(db) if ends_session(db.code()) => DatabaseError::Away(db.message().to_owned()),
        Some(db) if *db.code() == SqlState::DISK_FULL => DatabaseError::Full,
        Some(db) => DatabaseError::Failed(format!("{}: {}", db.code().code(), db.message())),
        None => DatabaseError::Away(silence(error)),
    }
}
