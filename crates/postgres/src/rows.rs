//! The statements that read rows.

use std::ops::Bound;

use freehold_pgclient::tokio_postgres::types::ToSql;
use freehold_store::database::{DatabaseError, From, KeyRange, Row};
use zeroize::Zeroizing;

use crate::connection::{Connection, Lost};

const ROWS: &str = "select r.key, r.value, k.secret from freehold.records r \
    left join freehold.record_keys k on k.relationship = r.relationship and k.key = r.key";
/// Of one part, which is said of both tables, so that no other partition of either is looked at.
const ROWS_OF_PART: &str = "select r.key, r.value, k.secret from freehold.records r \
    left join freehold.record_keys k on k.relationship = $1 and k.key = r.key where r.relationship = $1";

/// Under keys that are given with their parts, each found by itself in both tables.
const ROWS_OF_KEYS: &str = "select r.key, r.value, k.secret \
    from unnest($1::bytea[], $2::bytea[]) as wanted (relationship, key) \
    join freehold.records r on r.relationship = wanted.relationship and r.key = wanted.key \
    left join freehold.record_keys k on k.relationship = wanted.relationship and k.key = wanted.key";

/// The rows under some keys, in any order.
pub(crate) fn rows(
    connection: &mut Connection,
    keys: &[(Vec<u8>, Vec<u8>)],
) -> Result<Vec<Row>, DatabaseError> {
    let statement = connection.statement(ROWS_OF_KEYS)?;
    let (parts, keys): (Vec<&[u8]>, Vec<&[u8]>) =
        keys.iter().map(|(part, key)| (part.as_slice(), key.as_slice())).unzip();
    let found = connection
        .ask(async |client| client.query(&statement, &[&parts, &keys]).await)
        .map_err(Lost::told)?;
    found.iter().map(read).collect()
}

/// The row under a key.
pub(crate) fn row(
    connection: &mut Connection,
    part: &[u8],
    key: &[u8],
) -> Result<Option<Row>, DatabaseError> {
    let statement = connection.statement(&format!("{ROWS_OF_PART} and r.key = $2"))?;
    let found = connection
        .ask(async |client| client.query_opt(&statement, &[&part, &key]).await)
        .map_err(Lost::told)?;
    found.as_ref().map(read).transpose()
}

/// Rows of a range, from one end.
pub(crate) fn page(
    connection: &mut Connection,
    part: Option<&[u8]>,
    range: &KeyRange,
    from: From,
    rows_max: usize,
) -> Result<Vec<Row>, DatabaseError> {
    let rows_max = i64::try_from(rows_max).unwrap_or(i64::MAX);
    let mut parameters: Vec<&(dyn ToSql + Sync)> = Vec::new();
    let mut text = match &part {
        Some(part) => {
            parameters.push(part);
            ROWS_OF_PART.to_owned()
        }
        None => format!("{ROWS} where true"),
    };
    let bounds = [(&range.0, ">"), (&range.1, "<")];
    for (bound, sign) in bounds {
        let (key, equal) = match bound {
            Bound::Included(key) => (key, "="),
            Bound::Excluded(key) => (key, ""),
            Bound::Unbounded => continue,
        };
        parameters.push(key);
        text.push_str(&format!(" and r.key {sign}{equal} ${}", parameters.len()));
    }
    let direction = match from {
        From::Front => "asc",
        From::Back => "desc",
    };
    parameters.push(&rows_max);
    text.push_str(&format!(" order by r.key {direction} limit ${}", parameters.len()));
    let statement = connection.statement(&text)?;
    let found =
        connection.ask(async |client| client.query(&statement, &parameters).await).map_err(Lost::told)?;
    found.iter().map(read).collect()
}

fn read(row: &freehold_pgclient::tokio_postgres::Row) -> Result<Row, DatabaseError> {
    let damaged = |_| DatabaseError::Failed("a row has another form than it was written in".into());
    let secret: Option<&[u8]> = row.try_get(2).map_err(damaged)?;
    let secret = match secret {
        Some(bytes) => {
            let secret = bytes.try_into();
            Some(Zeroizing::new(
                secret.map_err(|_| DatabaseError::Failed("a secret has another length".into()))?,
            ))
        }
        None => None,
    };
    Ok(Row { key: row.try_get(0).map_err(damaged)?, value: row.try_get(1).map_err(damaged)?, secret })
}
