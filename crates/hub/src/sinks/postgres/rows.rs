//! An event of the log as what the tables take of it.

use freehold_protocol::id::GrantId;
use freehold_store::ReadError;
use freehold_tables::{Event, OutcomeRow, ScopeRow, What};
use serde_json::{Map, Value};

use crate::held;
use crate::log::{self, Record};
use crate::relationship::uuid;
use crate::shared::Shared;

/// What is listed of an event beside its columns. None of them is ever a value.
const DETAILS: [&str; 10] =
    ["request", "until", "whole", "reason", "purpose", "result", "before", "erased", "superseded", "update"];

/// An event; `None` when it is gone.
pub(super) fn event(shared: &Shared, record: &Record) -> Result<Option<Event>, ReadError> {
    let Some(mut event) = record.cloudevent_now(shared)? else { return Ok(None) };
    let Some(Value::Object(data)) = event.get_mut("data").map(Value::take) else {
        return Err(ReadError::Corrupt);
    };
    let text = |key: &str| data.get(key).and_then(Value::as_str).map(str::to_owned);
    let details: Map<String, Value> = data
        .iter()
        .filter(|(key, _)| DETAILS.contains(&key.as_str()))
        .map(|(k, v)| (k.clone(), v.clone()))
        .collect();
    Ok(Some(Event {
        n: record.n,
        id: record.id.clone(),
        kind: record.kind.clone(),
        relationship: uuid(&record.relationship).to_owned(),
        customer: text("customer"),
        did: text("did").ok_or(ReadError::Corrupt)?,
        grant: record.grant.as_ref().map(bare),
        paths: paths(&data),
        at: record.at.rfc3339(),
        details: Value::Object(details).to_string(),
        what: what(shared, record, &data)?,
    }))
}

/// A grant's UUID without the URN's prefix.
pub(super) fn bare(grant: &GrantId) -> String {
    grant.as_str().trim_start_matches("urn:uuid:").to_owned()
}

/// What stands by a grant.
pub(super) fn granted(
    shared: &Shared,
    record: &freehold_protocol::id::RelationshipId,
    grant: &GrantId,
) -> Result<Option<What>, ReadError> {
    let Some(receipt) = held::receipt(&shared.store, shared, record, grant)? else { return Ok(None) };
    let subject = receipt.subject();
    let row = |item: &freehold_protocol::document::ScopeItem| ScopeRow {
        path: item.path.to_string(),
        purposes: item.purposes.iter().cloned().collect(),
    };
    Ok(Some(What::Granted {
        request: subject.request.id.to_string(),
        until: receipt.valid_until().map(|until| until.rfc3339()),
        legal_basis: subject.legal_basis.clone(),
        scope: subject.scope.iter().map(row).collect(),
    }))
}

/// Every path that an event names, also those whose values it has lost.
fn paths(data: &Map<String, Value>) -> Vec<String> {
    let listed = |key: &str| data.get(key).and_then(Value::as_array).into_iter().flatten();
    let listed = ["paths", "erased", "superseded"].into_iter().flat_map(listed).filter_map(Value::as_str);
    let fields =
        data.get("fields").and_then(Value::as_object).into_iter().flatten().map(|(path, _)| path.as_str());
    let results = data.get("results").and_then(Value::as_array).into_iter().flatten();
    let results = results.filter_map(|line| line.get("path")).filter_map(Value::as_str);
    let mut paths: Vec<String> = listed.chain(fields).chain(results).map(str::to_owned).collect();
    paths.sort();
    paths.dedup();
    paths
}

fn what(shared: &Shared, record: &Record, data: &Map<String, Value>) -> Result<What, ReadError> {
    Ok(match (record.kind.as_str(), &record.grant) {
        (log::GRANT, Some(grant)) => granted(shared, &record.relationship, grant)?.unwrap_or(What::Nothing),
        (log::UPDATE, Some(_)) => {
            let fields = data.get("fields").and_then(Value::as_object).into_iter().flatten();
            let value = |value: &Value| value.as_str().map(str::to_owned);
            What::Updated(fields.map(|(path, text)| (path.clone(), value(text))).collect())
        }
        (log::ERASE, Some(_)) => {
            let reason = data.get("reason").and_then(Value::as_str).unwrap_or_default();
            What::Erased { reason: reason.to_owned() }
        }
        (log::OUTCOME, _) => {
            let event = data.get("update").and_then(Value::as_str).unwrap_or_default().to_owned();
            let lines = data.get("results").and_then(Value::as_array).into_iter().flatten();
            What::Told { event, lines: lines.map(told).collect() }
        }
        _ => What::Nothing,
    })
}

fn told(line: &Value) -> OutcomeRow {
    let text = |key: &str| line.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    OutcomeRow { path: text("path"), outcome: text("outcome"), system: text("system") }
}
