//! The tables, brought up in steps.

use freehold_pgclient::tokio_postgres::Client;

use crate::tables::{ApplyError, told};

/// What made version 1 of nothing, and so on. A step never changes once a program with it was given away.
const STEPS: [&str; 1] = [include_str!("../migrations/0001_tables.sql")];

/// Two hubs may begin at once: the second waits.
const LOCK: i64 = 0x6672_6565_686f_6c64;

/// The schemas and the table of versions.
const BEGIN: &str = "create schema if not exists freehold; create schema if not exists freehold_tables; \
    create table if not exists freehold_tables.version (version integer primary key, at timestamptz not null default now()); \
    comment on schema freehold is 'Views for analysts: their names and columns stay.'; \
    comment on schema freehold_tables is 'What a Freehold hub writes; read the views of the schema freehold.'; \
    comment on table freehold_tables.version is 'The steps that made these tables what they are.'; \
    comment on column freehold_tables.version.version is 'The number of the step.'; \
    comment on column freehold_tables.version.at is 'When it was made.'";

/// Brings the tables to today's version, in one transaction.
pub(crate) async fn bring_up(client: &mut Client) -> Result<(), ApplyError> {
    let supported = i32::try_from(STEPS.len()).unwrap_or(i32::MAX);
    let transaction = client.transaction().await.map_err(|error| told(&error))?;
    transaction.execute("select pg_advisory_xact_lock($1)", &[&LOCK]).await.map_err(|error| told(&error))?;
    transaction.batch_execute(BEGIN).await.map_err(|error| told(&error))?;
    let row = transaction
        .query_one("select coalesce(max(version), 0) from freehold_tables.version", &[])
        .await
        .map_err(|error| told(&error))?;
    let found: i32 = row.try_get(0).map_err(|error| told(&error))?;
    if found > supported {
        return Err(ApplyError::Newer { found, supported });
    }
    for (version, step) in (1_i32..).zip(STEPS).skip(usize::try_from(found).unwrap_or_default()) {
        transaction.batch_execute(step).await.map_err(|error| told(&error))?;
        transaction
            .execute("insert into freehold_tables.version (version) values ($1)", &[&version])
            .await
            .map_err(|error| told(&error))?;
        tracing::info!(version, "the tables were brought to a newer version");
    }
    transaction.commit().await.map_err(|error| told(&error))
}
