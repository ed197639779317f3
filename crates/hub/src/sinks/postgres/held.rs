//! What is held of every customer, for tables that begin after the hub.

use std::io;
use std::sync::Arc;

use freehold_mailbox::record::decode;
use freehold_store::{Key, ReadError};
use freehold_tables::{Event, ScopeRow, Tables, What};

use crate::held;
use crate::relationship::Relationship;
use crate::shared::Shared;
use crate::sinks::postgres::rows::{bare, granted};
use crate::tables;

/// Customers in one transaction.
const BATCH: usize = 256;

/// Writes it. Whatever comes after the event `last` counts more than this.
pub(super) async fn fill(to: &mut Tables, shared: &Arc<Shared>, last: u64) -> io::Result<()> {
    let mut after = tables::relationships();
    loop {
        let batch = batch(shared, &after).map_err(io::Error::other)?;
        let Some((key, _)) = batch.last() else { return Ok(()) };
        after = key.clone();
        let mut events = Vec::new();
        for (_, known) in &batch {
            events.extend(customer(shared, known, last).map_err(io::Error::other)?);
        }
        to.hold(&events).await.map_err(io::Error::other)?;
    }
}

fn batch(shared: &Shared, after: &Key) -> Result<Vec<(Key, Relationship)>, ReadError> {
    let entries = shared.store.scan_after(&tables::relationships(), after).take(BATCH);
    entries.map(|entry| entry.and_then(|(key, bytes)| Ok((key, decode(&bytes)?)))).collect()
}

fn customer(shared: &Shared, known: &Relationship, last: u64) -> Result<Vec<Event>, ReadError> {
    let about = |grant: Option<String>, at: String, what: What| Event {
        n: last,
        id: String::new(),
        kind: String::new(),
        relationship: known.uuid().to_owned(),
        customer: known.customer.clone(),
        did: known.peer.to_string(),
        grant,
        paths: Vec::new(),
        at,
        details: String::new(),
        what,
    };
    // Also of whom nothing is held any more: what an older state of the tables has of them goes.
    let mut events = vec![about(None, known.since.rfc3339(), What::Held)];
    let now = shared.now();
    for grant in held::grants(&shared.store, &known.id)? {
        let loaded = held::load_held(&shared.store, shared, &known.id, &grant.grant)?;
        let (_, _, intake) = loaded.ok_or(ReadError::Corrupt)?;
        let standing = intake.effective(now);
        let what = granted(shared, &known.id, &grant.grant)?;
        if let Some(What::Granted { request, until, legal_basis, mut scope }) = what
            && !standing.is_empty()
        {
            let stands = |row: &ScopeRow| standing.iter().any(|path| path.as_str() == row.path);
            scope.retain(stands);
            let what = What::Granted { request, until, legal_basis, scope };
            events.push(about(Some(bare(&grant.grant)), grant.at.rfc3339(), what));
        }
        for value in held::values_of(&shared.store, &known.id, &grant.grant)? {
            let what = What::Updated(vec![(value.path.to_string(), value.value)]);
            events.push(about(Some(bare(&grant.grant)), value.at.rfc3339(), what));
        }
    }
    Ok(events)
}
