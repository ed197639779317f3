//! The tables in PostgreSQL: rows and the place in the log in one transaction of that database.

mod held;
mod rows;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use freehold_tables::Tables;

use crate::log::{self, Record};
use crate::shared::Shared;
use crate::sinks::Stream;
use crate::sinks::feed::Outlet;
use crate::tables::Counters;

/// Longest wait: a database that was restarted is there within seconds.
const WAIT_MAX: Duration = Duration::from_secs(5);

/// The tables.
pub(crate) struct Rows {
    tables: Tables,
    /// The place as it was last seen to fit to the log.
    place: Option<u64>,
}

impl Rows {
    pub(crate) fn new(tables: Tables) -> Self {
        Self { tables, place: None }
    }

    /// Sees that the log goes on where the tables end. Events are forgotten once every sink has them: a database that begins after
    /// the hub, or was put back by more than that, gets what is held instead.
    async fn join(&mut self, shared: &Arc<Shared>, place: u64) -> io::Result<()> {
        let last = Counters::load(&shared.store).map_err(io::Error::other)?.events;
        if place > last {
            let ahead = "the tables are ahead of this hub: is it a copy, or put back to an older state?";
            return Err(io::Error::other(ahead));
        }
        let next = log::after(&shared.store, place, 1).map_err(io::Error::other)?;
        let goes_on = next.first().map_or(place == last, |next| next.n == place + 1);
        if !goes_on {
            tracing::info!(place, "the tables lack events that are forgotten: they get what is held");
            held::fill(&mut self.tables, shared, last).await?;
        }
        Ok(())
    }
}

impl Outlet for Rows {
    const STREAM: Stream = Stream::Postgres;
    const WAIT_MAX: Duration = WAIT_MAX;

    async fn ready(&mut self, shared: &Arc<Shared>) -> io::Result<Option<u64>> {
        let place = self.tables.ready().await.map_err(io::Error::other)?;
        if self.place != Some(place) {
            self.join(shared, place).await?;
            self.place = Some(place);
        }
        Ok(Some(place))
    }

    fn forget(&mut self) {
        self.place = None;
    }

    async fn append(&mut self, shared: &Arc<Shared>, records: &[Record]) -> io::Result<()> {
        let mut events = Vec::new();
        for record in records {
            events.extend(rows::event(shared, record).map_err(io::Error::other)?);
        }
        self.tables.apply(&events).await.map_err(io::Error::other)?;
        self.place = events.last().map(|event| event.n);
        Ok(())
    }
}
