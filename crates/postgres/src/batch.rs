//! The writer's open transaction.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use freehold_store::database::{Batch, Bell, Change, CommitError, DatabaseError, From, KeyRange, Row, Rows};

use freehold_pgclient::tokio_postgres::types::ToSql;
use freehold_pgclient::tokio_postgres::{Client, Error, Statement};

use crate::connection::{Connection, Lost};
use crate::postgres::Shared;
use crate::presence::CHANNEL;
use crate::rows;

/// Most bytes of keys and values in one statement, far below what an array may have.
const STATEMENT_BYTES_MAX: usize = 16 * 1024 * 1024;

const PUT: &str = "insert into freehold.records (relationship, key, value) \
    select * from unnest($1::bytea[], $2::bytea[], $3::bytea[]) \
    on conflict (relationship, key) do update set value = excluded.value";
const DELETE: &str = "delete from freehold.records r using unnest($1::bytea[], $2::bytea[]) as d (relationship, key) \
    where r.relationship = d.relationship and r.key = d.key";
const PUT_SECRETS: &str = "insert into freehold.record_keys (relationship, key, secret) \
    select * from unnest($1::bytea[], $2::bytea[], $3::bytea[])";
/// Told to those who listen once the transaction is committed.
const NOTIFY: &str = "select pg_notify($1, told) from unnest($2::text[]) as told";
const DELETE_SECRETS: &str = "delete from freehold.record_keys k using unnest($1::bytea[], $2::bytea[]) as d (relationship, key) \
    where k.relationship = d.relationship and k.key = d.key";

/// A batch that was begun.
pub(crate) struct OpenBatch {
    shared: Arc<Shared>,
    /// `None` once the batch has ended.
    connection: Option<Connection>,
}

impl OpenBatch {
    pub(crate) fn new(shared: Arc<Shared>, connection: Connection) -> Self {
        Self { shared, connection: Some(connection) }
    }

    fn connection(&mut self) -> Result<&mut Connection, DatabaseError> {
        self.connection.as_mut().ok_or_else(|| DatabaseError::Failed("the batch has ended".into()))
    }
}

impl Rows for OpenBatch {
    fn row(&mut self, part: &[u8], key: &[u8]) -> Result<Option<Row>, DatabaseError> {
        rows::row(self.connection()?, part, key)
    }

    fn rows(&mut self, keys: &[(Vec<u8>, Vec<u8>)]) -> Result<Vec<Row>, DatabaseError> {
        rows::rows(self.connection()?, keys)
    }

    fn page(
        &mut self,
        part: Option<&[u8]>,
        range: &KeyRange,
        from: From,
        rows_max: usize,
    ) -> Result<Vec<Row>, DatabaseError> {
        rows::page(self.connection()?, part, range, from, rows_max)
    }
}

impl Batch for OpenBatch {
    fn commit(mut self: Box<Self>, changes: &[Change], bells: &[Bell]) -> Result<(), CommitError> {
        let mut connection = self
            .connection
            .take()
            .ok_or_else(|| CommitError::Not(DatabaseError::Failed("the batch has ended".into())))?;
        let told = self.shared.payloads(bells);
        match commit(&mut connection, changes, &told) {
            Ok(dead_secrets) => {
                if dead_secrets {
                    self.shared.has_dead_secrets.store(true, Ordering::Relaxed);
                }
                self.shared.keep(connection);
                Ok(())
            }
            // What has not ended certainly ends with the connection, before the next batch begins.
            Err(error) => Err(error),
        }
    }
}

impl Drop for OpenBatch {
    fn drop(&mut self) {
        if let Some(mut connection) = self.connection.take()
            && connection.run("rollback").is_ok()
        {
            self.shared.keep(connection);
        }
    }
}

/// The columns of a statement.
#[derive(Default)]
struct Columns<'a> {
    parts: Vec<&'a [u8]>,
    keys: Vec<&'a [u8]>,
    values: Vec<&'a [u8]>,
}

impl<'a> Columns<'a> {
    fn push(&mut self, change: &'a Change, value: Option<&'a [u8]>) {
        self.parts.push(&change.part);
        self.keys.push(&change.key);
        self.values.extend(value);
    }
}

/// What a few statements make of the rows: one for each way in which rows change.
#[derive(Default)]
struct Statements<'a> {
    put: Columns<'a>,
    deleted: Columns<'a>,
    secrets: Columns<'a>,
    /// Every row may have had a secret.
    all: Columns<'a>,
    bytes: usize,
}

impl<'a> Statements<'a> {
    /// The changes, in as many rounds as the limit needs: nearly always one.
    fn of(changes: &'a [Change]) -> Vec<Self> {
        let mut rounds = vec![Self::default()];
        for change in changes {
            let bytes = change.part.len() + change.key.len() + change.value.as_ref().map_or(0, Vec::len);
            if rounds.last().is_some_and(|round| round.bytes + bytes > STATEMENT_BYTES_MAX) {
                rounds.push(Self::default());
            }
            let Some(round) = rounds.last_mut() else { continue };
            round.bytes += bytes;
            round.all.push(change, None);
            match &change.value {
                Some(value) => round.put.push(change, Some(value)),
                None => round.deleted.push(change, None),
            }
            if let Some(secret) = &change.secret {
                round.secrets.push(change, Some(&secret[..]));
            }
        }
        rounds
    }
}

type Parameter<'a> = &'a (dyn ToSql + Sync);

/// Executes a statement that has anything to do.
async fn execute(
    client: &Client,
    statement: &Statement,
    parameters: &[Parameter<'_>],
    wanted: bool,
) -> Result<u64, Error> {
    if wanted { client.execute(statement, parameters).await } else { Ok(0) }
}

/// Sends the changes and the commit together, with what others are told, and says whether secrets were deleted.
fn commit(connection: &mut Connection, changes: &[Change], told: &[String]) -> Result<bool, CommitError> {
    let mut prepare = |text| connection.statement(text).map_err(CommitError::Not);
    let (put, delete) = (prepare(PUT)?, prepare(DELETE)?);
    let (put_secrets, delete_secrets) = (prepare(PUT_SECRETS)?, prepare(DELETE_SECRETS)?);
    let notify = prepare(NOTIFY)?;
    let mut dead_secrets = false;
    let mut rounds = Statements::of(changes);
    let last = rounds.pop().unwrap_or_default();
    for (round, is_last) in rounds.iter().map(|round| (round, false)).chain([(&last, true)]) {
        let Statements { put: p, deleted: d, secrets: s, all: a, .. } = round;
        let sent = connection.ask(async |client| {
            // The server takes them in this order, and after one that it refuses only the end of the transaction.
            let all: [Parameter<'_>; 2] = [&a.parts, &a.keys];
            let deleted: [Parameter<'_>; 2] = [&d.parts, &d.keys];
            let secrets: [Parameter<'_>; 3] = [&s.parts, &s.keys, &s.values];
            let written: [Parameter<'_>; 3] = [&p.parts, &p.keys, &p.values];
            let telling: [Parameter<'_>; 2] = [&CHANNEL, &told];
            let answers = futures::join!(
                execute(client, &delete_secrets, &all, !a.keys.is_empty()),
                execute(client, &put_secrets, &secrets, !s.keys.is_empty()),
                execute(client, &delete, &deleted, !d.keys.is_empty()),
                execute(client, &put, &written, !p.keys.is_empty()),
                execute(client, &notify, &telling, is_last && !told.is_empty()),
                async { if is_last { client.batch_execute("commit").await } else { Ok(()) } },
            );
            Ok(answers)
        });
        let (dead, secrets, deleted, written, notified, committed) =
            sent.map_err(|error| CommitError::Unknown(error.told()))?;
        dead_secrets |= matches!(dead, Ok(1..));
        for answer in [dead, secrets, deleted, written, notified] {
            if let Err(error) = answer {
                let error = Lost::Error(error);
                // Refused, the transaction can only be rolled back, whatever the answer to the commit behind it.
                return Err(if error.is_refusal() || !is_last {
                    CommitError::Not(error.told())
                } else {
                    CommitError::Unknown(error.told())
                });
            }
        }
        committed.map_err(|error| CommitError::Unknown(Lost::Error(error).told()))?;
    }
    Ok(dead_secrets)
}
