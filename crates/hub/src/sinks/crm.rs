//! The CRM as a receiver of events.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use freehold_crm::{Change, Connector, Customer, Line, LineResult, Memory};
use freehold_mailbox::record::{load, save, save_erasable};
use freehold_protocol::data::OutcomeKind;
use freehold_protocol::document::{ErasureLine, ErasureResult};
use freehold_protocol::id::RelationshipId;
use freehold_protocol::path::Path;
use freehold_protocol::time::Timestamp;
use freehold_store::{ReadError, Txn, WriteError};
use serde_json::{Value, json};

use crate::held;
use crate::log::{self, Hook, New, Record};
use crate::relationship::Relationship;
use crate::shared::Shared;
use crate::sinks::delivery::{Delivery, FieldOutcome, Said};
use crate::sinks::{Receiver, batch};
use crate::tables;

/// One attempt.
pub(super) async fn deliver(
    shared: &Arc<Shared>,
    crm: &Connector,
    record: &Record,
) -> Result<Delivery, ReadError> {
    let Some(known) = Relationship::load(&shared.store, &record.relationship)? else {
        return Ok(Delivery::Taken(Said::default()));
    };
    let held = held(shared, &known)?;
    let customer = customer(shared, &known, &held)?;
    let delivered = match record.kind.as_str() {
        log::UPDATE => {
            let fields = fields(record.data(&shared.store)?);
            crm.deliver(Change::Update { customer: &customer, fields: &fields }).await
        }
        log::MATCH => crm.deliver(Change::Update { customer: &customer, fields: &held }).await,
        // The record there is found by the new DID from now on.
        log::ROTATE => {
            let fields = BTreeMap::new();
            crm.deliver(Change::Update { customer: &customer, fields: &fields }).await
        }
        log::ERASE => {
            // What another grant covers stays.
            let gone = record.paths.iter().map(ToString::to_string).filter(|path| !held.contains_key(path));
            let gone = gone.collect();
            crm.deliver(Change::Erase { customer: &customer, paths: &gone, last: held.is_empty() }).await
        }
        _ => return Ok(Delivery::Taken(Said::default())),
    };
    Ok(match delivered {
        freehold_crm::Delivery::Done { lines, memory } => {
            Delivery::Taken(Said { memory: Some(memory), ..said(lines) })
        }
        freehold_crm::Delivery::Again { reason, after } => {
            Delivery::Again { reason: reason.to_string(), after }
        }
        freehold_crm::Delivery::Refused { reason } => Delivery::Refused { reason: reason.to_string() },
    })
}

/// Who a customer is for a CRM.
pub(crate) fn customer(
    shared: &Shared,
    known: &Relationship,
    held: &BTreeMap<String, Option<String>>,
) -> Result<Customer, ReadError> {
    let held = held.iter().filter_map(|(path, value)| Some((path.clone(), value.clone()?)));
    Ok(Customer {
        did: known.peer.to_string(),
        reference: known.customer.clone(),
        before: known.earlier.iter().map(ToString::to_string).collect(),
        held: held.collect(),
        memory: load(&shared.store, &tables::crm_memory(&shared.store, &known.id))?.unwrap_or_default(),
    })
}

/// Keeps what the connector wants to know again; nothing, when that is nothing.
pub(crate) fn remember(txn: &mut Txn, id: &RelationshipId, memory: &Memory) {
    let key = tables::crm_memory(txn, id);
    if memory.is_empty() {
        txn.erase(&key);
    } else {
        save_erasable(txn, key, memory);
    }
}

/// Every value that is held of a customer; of a path under two grants the newest.
pub(crate) fn held(
    shared: &Shared,
    known: &Relationship,
) -> Result<BTreeMap<String, Option<String>>, ReadError> {
    let mut values = held::values(&shared.store, &known.id)?;
    values.sort_by_key(|value| value.seq);
    Ok(values.into_iter().map(|value| (value.path.to_string(), value.value)).collect())
}

/// Notes that a customer's values are to be in the CRM as they are held.
pub(crate) fn queue(txn: &mut Txn, known: &Relationship, now: Timestamp) -> Result<u64, ReadError> {
    let new = New {
        kind: log::MATCH,
        suffix: format!("match-{}", now.millis()),
        relationship: known,
        grant: None,
        paths: BTreeSet::new(),
        owed: None,
        cause: None,
        data: json!({}),
    };
    log::append(txn, new, now).map(|record| record.n)
}

/// The first start with a CRM: what happened before is not for it, event by event; what is held goes to it by a match.
pub(crate) async fn begin(shared: &Arc<Shared>) -> Result<(), WriteError<ReadError>> {
    let crm = Receiver::Crm;
    if !shared.sinks().receivers.contains_key(&crm) || crm.cursor(&shared.store)?.is_some() {
        return Ok(());
    }
    let mut after = 0;
    loop {
        let records = batch(shared, after)?;
        let last = records.last().map(|record| record.n);
        let settled = shared.store.write(move |txn| {
            for record in records {
                if let Some(mut record) = Record::load(txn, record.n)? {
                    record.settle(txn, crm, Hook::Done);
                }
            }
            if last.is_none() {
                save(txn, tables::cursor(crm.name()), &after);
            }
            Ok::<_, ReadError>(())
        });
        settled.await?;
        match last {
            Some(last) => after = last,
            None => return Ok(()),
        }
    }
}

/// The values of an update.
fn fields(mut data: serde_json::Map<String, Value>) -> BTreeMap<String, Option<String>> {
    let Some(Value::Object(fields)) = data.remove("fields") else { return BTreeMap::new() };
    let text = |value: Value| match value {
        Value::String(text) => Some(text),
        _ => None,
    };
    fields.into_iter().map(|(path, value)| (path, text(value))).collect()
}

fn said(lines: Vec<Line>) -> Said {
    let mut said = Said::default();
    for Line { path, result, detail } in lines {
        let outcome = match result {
            LineResult::Applied => OutcomeKind::Applied,
            LineResult::Conflict => OutcomeKind::Conflict,
            LineResult::Duplicate => OutcomeKind::Duplicate,
            LineResult::Refused => OutcomeKind::Refused,
            LineResult::Erased => continue,
            LineResult::Restricted { exception } => {
                said.not_erased.extend(not_erased(&path, ErasureResult::Restricted, exception));
                continue;
            }
            LineResult::Kept { exception } => {
                said.not_erased.extend(not_erased(&path, ErasureResult::Kept, exception));
                continue;
            }
        };
        said.outcomes.push(FieldOutcome { path, outcome, system: None, detail });
    }
    said
}

fn not_erased(path: &str, result: ErasureResult, exception: String) -> Option<ErasureLine> {
    let path = Path::parse(path).ok()?;
    Some(ErasureLine { path, result, exception: Some(exception), until: None })
}
