//! What a person is told of an update.

use std::collections::BTreeSet;

use freehold_mailbox::Mailbox;
use freehold_protocol::cbor;
use freehold_protocol::data::{OUTCOME, Outcome, OutcomeKind, OutcomeLine};
use freehold_protocol::id::{GrantId, RelationshipId};
use freehold_protocol::limits::TEXT_BYTES_MAX;
use freehold_protocol::mailbox::EntryBody;
use freehold_protocol::message::MessageType;
use freehold_protocol::path::Path;
use freehold_protocol::time::Timestamp;
use freehold_store::{ReadError, Txn};

use crate::log::{Owed, Record};

/// The same outcome for every path.
pub(crate) fn lines(
    paths: &BTreeSet<Path>,
    outcome: OutcomeKind,
    system: &str,
    detail: Option<&str>,
) -> Vec<OutcomeLine> {
    let line = |path: &Path| OutcomeLine {
        path: path.clone(),
        outcome,
        system: cut(system),
        detail: detail.map(cut),
    };
    paths.iter().map(line).collect()
}

/// Queues an outcome for the person.
pub(crate) fn queue(
    txn: &mut Txn,
    relationship: &RelationshipId,
    grant: &GrantId,
    owed: Owed,
    results: Vec<OutcomeLine>,
    now: Timestamp,
) -> Result<(), ReadError> {
    let outcome = Outcome { grant: grant.clone(), update: owed.seq, results, at: now.coarse() };
    let kind = MessageType::parse(OUTCOME).expect("the protocol's own types parse");
    let body = EntryBody::Fixed(cbor::encode(&outcome));
    Mailbox::new(relationship).queue(txn, &kind, Some(owed.message), body, now).map(drop)
}

/// Answers an event's update if nobody has; says whether something was queued. The caller saves the record.
pub(crate) fn answer(
    txn: &mut Txn,
    record: &mut Record,
    results: Vec<OutcomeLine>,
    now: Timestamp,
) -> Result<bool, ReadError> {
    let (Some(owed), Some(grant)) = (record.owed.as_mut(), record.grant.as_ref()) else { return Ok(false) };
    if owed.answered || results.is_empty() {
        return Ok(false);
    }
    owed.answered = true;
    queue(txn, &record.relationship, grant, *owed, results, now)?;
    Ok(true)
}

/// A text within what an outcome takes.
fn cut(text: &str) -> String {
    let mut end = text.len().min(TEXT_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].to_owned()
}
