//! The tables, brought up in steps of one transaction each.

use freehold_store::database::DatabaseError;

use crate::connection::{Connection, Lost};

/// What made version 1 of nothing, and so on. A step never changes once a program with it was given away.
const STEPS: [&str; 1] = [include_str!("../migrations/0001_records.sql")];

/// Makes the schema with its table of versions. Two processes never do it at once: only the one that holds the lock comes here.
const BEGIN: &str = "create schema if not exists freehold; \
    create table freehold.meta (name text primary key, value text not null)";

/// Brings the tables to today's version.
pub(crate) fn bring_up(connection: &mut Connection) -> Result<(), DatabaseError> {
    let mut version = version(connection)?;
    let supported = u32::try_from(STEPS.len()).unwrap_or(u32::MAX);
    if version > supported {
        return Err(DatabaseError::Newer { found: version, supported });
    }
    while let Some(step) = STEPS.get(version as usize) {
        let begin = if version == 0 { BEGIN } else { "" };
        version += 1;
        connection.run(&format!(
            "begin; {begin}; {step}; insert into freehold.meta values ('schema', '{version}') \
             on conflict (name) do update set value = excluded.value; commit"
        ))?;
        tracing::info!(version, "the database's tables were brought to a newer version");
    }
    Ok(())
}

/// Whether there are tables, of an older version than today's.
pub(crate) fn are_older(connection: &mut Connection) -> Result<bool, DatabaseError> {
    Ok((1..STEPS.len()).contains(&(version(connection)? as usize)))
}

/// The version that the tables have; 0 where there are none.
fn version(connection: &mut Connection) -> Result<u32, DatabaseError> {
    let damaged = || DatabaseError::Failed("freehold.meta does not say which version its tables have".into());
    let there = connection
        .ask(async |client| client.query_one("select to_regclass('freehold.meta') is not null", &[]).await);
    if !there.map_err(Lost::told)?.try_get::<_, bool>(0).unwrap_or(false) {
        return Ok(0);
    }
    let found = connection.ask(async |client| {
        client.query_opt("select value from freehold.meta where name = 'schema'", &[]).await
    });
    let row = found.map_err(Lost::told)?.ok_or_else(damaged)?;
    row.try_get::<_, String>(0).ok().and_then(|text| text.parse().ok()).ok_or_else(damaged)
}
