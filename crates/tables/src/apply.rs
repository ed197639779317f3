//! The statements. Each may be run again with the same event and then changes nothing.

use freehold_pgclient::tokio_postgres::{Client, Error, Statement, Transaction};

use crate::event::{Event, OutcomeRow, What};

const PLACE: &str = "select n from freehold_tables.cursor where hub = $1";

const MOVE: &str = "insert into freehold_tables.cursor (hub, n, at) values ($1, $2, now()) \
    on conflict (hub) do update set n = greatest(cursor.n, excluded.n), at = excluded.at";

const CUSTOMER: &str = "insert into freehold_tables.customers as c (relationship, customer, did, since, changed, n) \
    values ($1::text::uuid, $2, $3, $4::text::timestamptz, $4::text::timestamptz, $5) \
    on conflict (relationship) do update set customer = excluded.customer, did = excluded.did, \
        changed = excluded.changed, n = excluded.n where c.n < excluded.n";

const EVENT: &str = "insert into freehold_tables.events (relationship, id, n, type, grant_id, paths, at, details) \
    values ($1::text::uuid, $2, $3, $4, $5::text::uuid, $6, $7::text::timestamptz, $8::text::jsonb) \
    on conflict (relationship, id) do nothing";

const GRANT: &str = "insert into freehold_tables.grants (relationship, grant_id, request, given, until, legal_basis) \
    values ($1::text::uuid, $2::text::uuid, $3, $4::text::timestamptz, $5::text::timestamptz, $6) \
    on conflict (relationship, grant_id) do nothing";

const SCOPE: &str = "insert into freehold_tables.scope (relationship, grant_id, path, purposes) \
    values ($1::text::uuid, $2::text::uuid, $3, $4) on conflict (relationship, grant_id, path) do nothing";

/// A value never comes back once its path has ended under its grant, whatever is sent again.
const FIELD: &str = "insert into freehold_tables.fields as f (relationship, grant_id, path, value, at, n) \
    select $1::text::uuid, $2::text::uuid, $3, $4, $5::text::timestamptz, $6 where not exists ( \
        select from freehold_tables.scope where relationship = $1::text::uuid and grant_id = $2::text::uuid \
        and path = $3 and ended is not null) \
    on conflict (relationship, grant_id, path) do update set value = excluded.value, at = excluded.at, \
        n = excluded.n where f.n < excluded.n";

const ERASE: &str = "delete from freehold_tables.fields \
    where relationship = $1::text::uuid and grant_id = $2::text::uuid and path = any($3)";

const END_SCOPE: &str = "update freehold_tables.scope set ended = $4::text::timestamptz \
    where relationship = $1::text::uuid and grant_id = $2::text::uuid and path = any($3) and ended is null";

const END_GRANT: &str = "update freehold_tables.grants g set ended = $3::text::timestamptz, ended_by = $4 \
    where g.relationship = $1::text::uuid and g.grant_id = $2::text::uuid and g.ended is null and not exists ( \
        select from freehold_tables.scope s where s.relationship = $1::text::uuid \
        and s.grant_id = $2::text::uuid and s.ended is null)";

const EMPTY: &str = "delete from freehold_tables.fields where relationship = $1::text::uuid";

const END_ALL: &str = "update freehold_tables.scope set ended = now() \
    where relationship = $1::text::uuid and ended is null";

const STANDS: &str = "update freehold_tables.scope set ended = null \
    where relationship = $1::text::uuid and grant_id = $2::text::uuid and path = $3";

const OUTCOME: &str = "insert into freehold_tables.outcomes (relationship, event, path, outcome, system, at) \
    values ($1::text::uuid, $2, $3, $4, $5, $6::text::timestamptz) on conflict (relationship, event, path) do update \
    set outcome = excluded.outcome, system = excluded.system, at = excluded.at where outcomes.at < excluded.at";

/// The statements of a connection.
pub(crate) struct Statements {
    place: Statement,
    advance: Statement,
    customer: Statement,
    event: Statement,
    grant: Statement,
    scope: Statement,
    field: Statement,
    erase: Statement,
    end_scope: Statement,
    end_grant: Statement,
    outcome: Statement,
    empty: Statement,
    end_all: Statement,
    stands: Statement,
}

impl Statements {
    pub(crate) async fn prepare(client: &Client) -> Result<Self, Error> {
        Ok(Self {
            place: client.prepare(PLACE).await?,
            advance: client.prepare(MOVE).await?,
            customer: client.prepare(CUSTOMER).await?,
            event: client.prepare(EVENT).await?,
            grant: client.prepare(GRANT).await?,
            scope: client.prepare(SCOPE).await?,
            field: client.prepare(FIELD).await?,
            erase: client.prepare(ERASE).await?,
            end_scope: client.prepare(END_SCOPE).await?,
            end_grant: client.prepare(END_GRANT).await?,
            outcome: client.prepare(OUTCOME).await?,
            empty: client.prepare(EMPTY).await?,
            end_all: client.prepare(END_ALL).await?,
            stands: client.prepare(STANDS).await?,
        })
    }

    /// The last event of a hub whose rows are there; 0 before the first.
    pub(crate) async fn place(&self, client: &Client, hub: &str) -> Result<u64, Error> {
        let row = client.query_opt(&self.place, &[&hub]).await?;
        row.map_or(Ok(0), |row| Ok(u64::try_from(row.try_get::<_, i64>(0)?).unwrap_or_default()))
    }

    /// One transaction.
    pub(crate) async fn apply(&self, client: &mut Client, hub: &str, events: &[Event]) -> Result<(), Error> {
        let Some(last) = events.last() else { return Ok(()) };
        let transaction = client.transaction().await?;
        for event in events {
            self.happened(&transaction, event).await?;
            self.change(&transaction, event).await?;
        }
        transaction.execute(&self.advance, &[&hub, &number(last.n)]).await?;
        transaction.commit().await
    }

    /// One transaction: what the events say is held, without the events themselves and the hub's place.
    pub(crate) async fn hold(&self, client: &mut Client, events: &[Event]) -> Result<(), Error> {
        let transaction = client.transaction().await?;
        for event in events {
            self.change(&transaction, event).await?;
            if let Event { relationship, grant, what: What::Granted { scope, .. }, .. } = event {
                for row in scope {
                    transaction.execute(&self.stands, &[relationship, grant, &row.path]).await?;
                }
            }
        }
        transaction.commit().await
    }

    async fn happened(&self, transaction: &Transaction<'_>, event: &Event) -> Result<(), Error> {
        let Event { id, kind, relationship, grant, paths, at, details, .. } = event;
        let n = number(event.n);
        transaction
            .execute(&self.event, &[relationship, id, &n, kind, grant, paths, at, details])
            .await
            .map(drop)
    }

    async fn change(&self, transaction: &Transaction<'_>, event: &Event) -> Result<(), Error> {
        let Event { relationship, customer, did, grant, paths, at, .. } = event;
        let n = number(event.n);
        transaction.execute(&self.customer, &[relationship, customer, did, at, &n]).await?;
        match &event.what {
            What::Granted { request, until, legal_basis, scope } => {
                transaction
                    .execute(&self.grant, &[relationship, grant, request, at, until, legal_basis])
                    .await?;
                for row in scope {
                    transaction
                        .execute(&self.scope, &[relationship, grant, &row.path, &row.purposes])
                        .await?;
                }
            }
            What::Updated(fields) => {
                for (path, value) in fields {
                    transaction.execute(&self.field, &[relationship, grant, path, value, at, &n]).await?;
                }
            }
            What::Erased { reason } => {
                transaction.execute(&self.erase, &[relationship, grant, paths]).await?;
                transaction.execute(&self.end_scope, &[relationship, grant, paths, at]).await?;
                transaction.execute(&self.end_grant, &[relationship, grant, at, reason]).await?;
            }
            What::Told { event, lines } => {
                for OutcomeRow { path, outcome, system } in lines {
                    transaction
                        .execute(&self.outcome, &[relationship, event, path, outcome, system, at])
                        .await?;
                }
            }
            What::Held => {
                transaction.execute(&self.empty, &[relationship]).await?;
                transaction.execute(&self.end_all, &[relationship]).await?;
            }
            What::Nothing => {}
        }
        Ok(())
    }
}

fn number(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
