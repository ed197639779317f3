//! The tables of one database.

use freehold_pgclient::tokio_postgres::{Client, Error};
use freehold_pgclient::{ends_session, silence};

use crate::apply::Statements;
use crate::config::{OpenError, TablesConfig};
use crate::event::Event;
use crate::{connection, migrations};

/// Why rows are not in the tables, or not known to be. It holds no value and no password: PostgreSQL's messages name tables and
/// roles, and its details, which may repeat a row, are left out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApplyError {
    /// PostgreSQL does not answer.
    #[error("PostgreSQL is away: {0}")]
    Away(String),
    /// A setting cannot be used.
    #[error("sinks.postgres.{setting}: {reason}")]
    Setting {
        /// Which.
        setting: &'static str,
        /// Why not.
        reason: String,
    },
    /// PostgreSQL refuses.
    #[error("PostgreSQL refuses: {0}")]
    Refused(String),
    /// A newer program has made the tables.
    #[error(
        "the tables have version {found} and this program knows up to {supported}: install a newer version"
    )]
    Newer {
        /// The version found.
        found: i32,
        /// The newest known.
        supported: i32,
    },
}

/// The tables of one database, and a hub's place in them.
pub struct Tables {
    config: TablesConfig,
    hub: String,
    open: Option<(Client, Statements)>,
}

impl Tables {
    /// Tables that are not connected yet. `hub` is how the hub is called in events.
    ///
    /// # Errors
    /// [`OpenError`] when the configuration cannot be used.
    pub fn new(config: TablesConfig, hub: &str) -> Result<Self, OpenError> {
        config.check()?;
        Ok(Self { config, hub: hub.to_owned(), open: None })
    }

    /// Connects where that is to be done, and makes or checks the tables; gives the number of the last event whose rows are there.
    ///
    /// # Errors
    /// [`ApplyError`]; a later call tries again.
    pub async fn ready(&mut self) -> Result<u64, ApplyError> {
        if self.open.as_ref().is_none_or(|(client, _)| client.is_closed()) {
            self.open = None;
            let mut client = connection::connect(&self.config).await?;
            migrations::bring_up(&mut client).await?;
            let statements = Statements::prepare(&client).await.map_err(|error| told(&error))?;
            self.open = Some((client, statements));
        }
        let Some((client, statements)) = &self.open else { return Ok(0) };
        let place = statements.place(client, &self.hub).await;
        if place.is_err() {
            self.open = None;
        }
        place.map_err(|error| told(&error))
    }

    /// Writes what is held of customers when a database begins after the hub: all of it, or nothing. The events bear the number up
    /// to which they say what has come; they are not listed, and the hub's place does not move.
    ///
    /// # Errors
    /// [`ApplyError`].
    pub async fn hold(&mut self, events: &[Event]) -> Result<(), ApplyError> {
        self.ready().await?;
        let Some((client, statements)) = &mut self.open else { return Ok(()) };
        let held = statements.hold(client, events).await;
        if held.is_err() {
            self.open = None;
        }
        held.map_err(|error| told(&error))
    }

    /// Writes the rows of events, in their order, and the hub's place behind the last of them: all of it, or nothing.
    ///
    /// An event that was written before changes nothing.
    ///
    /// # Errors
    /// [`ApplyError`]. When the connection broke at the commit, the rows may be there: [`Tables::ready`] tells.
    pub async fn apply(&mut self, events: &[Event]) -> Result<(), ApplyError> {
        self.ready().await?;
        let Some((client, statements)) = &mut self.open else { return Ok(()) };
        let applied = statements.apply(client, &self.hub, events).await;
        if applied.is_err() {
            self.open = None;
        }
        applied.map_err(|error| told(&error))
    }
}

/// What a caller is told.
pub(crate) fn told(error: &Error) -> ApplyError {
    match error.as_db_error() {
        Some(db) if ends_session(db.code()) => ApplyError::Away(db.message().to_owned()),
        Some(db) => ApplyError::Refused(format!("{}: {}", db.code().code(), db.message())),
        None => ApplyError::Away(silence(error)),
    }
}
