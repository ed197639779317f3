//! What time does: grants end, delivered events are forgotten.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use freehold_mailbox::record::decode;
use freehold_protocol::path::Path;
use freehold_protocol::time::Timestamp;
use freehold_store::{Key, ReadError, WriteError};
use serde_json::json;

use crate::held::{self, End};
use crate::lease::SWEEP;
use crate::log::{self, New, Record};
use crate::relationship::Relationship;
use crate::shared::Shared;
use crate::sinks::batch;
use crate::stop::Stopping;
use crate::tables;
use crate::worth::{self, What};

/// How often ended grants are looked for; dates in grants are whole minutes.
const EXPIRE_EVERY: Duration = Duration::from_secs(60);

/// How often old events are looked for.
const PRUNE_EVERY: Duration = Duration::from_secs(24 * 60 * 60);

/// How long a delivered event is kept: a month's bookkeeping can still be checked.
const KEEP_MILLIS: u64 = 30 * 24 * 60 * 60 * 1000;

/// Sweeps until the hub stops.
pub(crate) async fn run(shared: Arc<Shared>, stop: Stopping) {
    let lease = shared.lease(SWEEP);
    let mut expire = tokio::time::interval(EXPIRE_EVERY);
    let mut prune = tokio::time::interval(PRUNE_EVERY);
    while lease.gained(&stop).await {
        let swept = tokio::select! {
            biased;
            () = stop.given() => return,
            _ = expire.tick() => expired(&shared).await,
            _ = prune.tick() => pruned(&shared).await,
        };
        if let Err(error) = swept {
            tracing::error!(%error, "a sweep did not finish: it is tried again");
        }
    }
}

/// Erases what ended grants gave.
async fn expired(shared: &Arc<Shared>) -> Result<(), WriteError<ReadError>> {
    let now = shared.now();
    let mut ended: Vec<(Key, End)> = Vec::new();
    for entry in shared.store.scan(&tables::ends()) {
        let (key, bytes) = entry?;
        let at = key.as_bytes().get(1..9).and_then(|at| at.try_into().ok()).map(u64::from_be_bytes);
        if at.is_none_or(|at| at > now.millis()) {
            break;
        }
        ended.push((key, decode(&bytes)?));
    }
    for (key, end) in ended {
        let writing = Arc::clone(shared);
        let written = shared.store.write(move |txn| expire(txn, &writing, &key, &end, now)).await?;
        if let Some(n) = *written {
            shared.stored(n, log::ERASE);
        }
    }
    Ok(())
}

fn expire(
    txn: &mut freehold_store::Txn,
    shared: &Shared,
    key: &Key,
    end: &End,
    now: Timestamp,
) -> Result<Option<u64>, ReadError> {
    if txn.get(key)?.is_none() {
        // Another replica was faster.
        return Ok(None);
    }
    txn.delete(key);
    let held = held::load_held(txn, shared, &end.relationship, &end.grant)?;
    let Some((held, receipt, _)) = held else { return Ok(None) };
    let scope = receipt.subject().scope.iter().map(|s| s.path.clone());
    let paths: BTreeSet<Path> = scope.filter(|path| !held.state.revoked.contains(path)).collect();
    let known = Relationship::load(txn, &end.relationship)?.ok_or(ReadError::Corrupt)?;
    if paths.is_empty() {
        return Ok(None);
    }
    held::erase_values(txn, &end.relationship, &end.grant, &paths);
    log::scrub(txn, &end.relationship, &end.grant, &paths)?;
    let names: Vec<&str> = paths.iter().map(Path::as_str).collect();
    let new = New {
        kind: log::ERASE,
        suffix: format!("expired-{}", end.grant.short()),
        relationship: &known,
        grant: Some(&end.grant),
        data: json!({"paths": names, "reason": "expired"}),
        paths: paths.clone(),
        owed: None,
        cause: None,
    };
    let n = log::append(txn, new, now)?.n;
    worth::add(txn, What::Expired, &worth::Entry::new(n, &end.relationship, now))?;
    Ok(Some(n))
}

/// Forgets delivered events that are old.
async fn pruned(shared: &Arc<Shared>) -> Result<(), WriteError<ReadError>> {
    let before = Timestamp::from_millis(shared.now().millis().saturating_sub(KEEP_MILLIS));
    let mut after = 0;
    loop {
        let records = batch(shared, after)?;
        let sinks = shared.sinks();
        let cursors = sinks.cursors(&shared.store)?;
        let Some(last) = records.last() else { return Ok(()) };
        after = last.n;
        let reached = last.at >= before;
        let is_old = |record: &Record| record.at < before && sinks.have(record, &cursors);
        let old: Vec<Record> = records.into_iter().filter(is_old).collect();
        if !old.is_empty() {
            let written = shared.store.write(move |txn| {
                old.iter().try_for_each(|record| log::forget(txn, record))?;
                Ok::<_, ReadError>(old.len())
            });
            let events = written.await?.into_inner();
            tracing::info!(events, "old events were forgotten");
        }
        if reached {
            return Ok(());
        }
    }
}
