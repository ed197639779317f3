//! The event log: what happened, numbered, for sinks to take at their own pace.
//!
//! An event's data are records with keys of their own, so that values can be destroyed in events too.

use std::collections::BTreeSet;

use freehold_mailbox::record::{decode, load, save};
use freehold_protocol::document::{ErasureLine, Reference};
use freehold_protocol::id::{GrantId, MessageId, RelationshipId, RevocationId};
use freehold_protocol::message::Message;
use freehold_protocol::path::Path;
use freehold_protocol::time::Timestamp;
use freehold_store::{Key, ReadError, Reader, Store, Txn};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::hearing;
use crate::relationship::{Relationship, uuid};
use crate::shared::Shared;
use crate::sinks::{Receiver, Stream};
use crate::tables::{self, Counters};
use crate::trace::Trace;

/// What the data of all events are written by: a change that a reader would misunderstand makes a new number.
const DATA_SCHEMA: &str = "urn:freehold:1:event";

/// A grant came and was countersigned.
pub(crate) const GRANT: &str = "dev.freehold.grant";
/// Values came.
pub(crate) const UPDATE: &str = "dev.freehold.update";
/// A person said stop.
pub(crate) const REVOKE: &str = "dev.freehold.revoke";
/// Values were destroyed: the sink must destroy them too.
pub(crate) const ERASE: &str = "dev.freehold.erase";
/// A person has moved to another key.
pub(crate) const ROTATE: &str = "dev.freehold.rotate";
/// A person said no.
pub(crate) const DECLINE: &str = "dev.freehold.decline";
/// The vendor read live.
pub(crate) const READ: &str = "dev.freehold.read";

/// The vendor has its CRM brought to what the hub holds of a customer.
pub(crate) const MATCH: &str = "dev.freehold.match";

/// A person was told what became of an update. Only where there are tables, and for them alone.
pub(crate) const OUTCOME: &str = "dev.freehold.outcome";

/// The type of an event as a word of the program's own.
pub(crate) fn word(kind: &str) -> &'static str {
    [GRANT, UPDATE, REVOKE, ERASE, ROTATE, DECLINE, READ, MATCH, OUTCOME]
        .into_iter()
        .find(|known| *known == kind)
        .unwrap_or("another")
}

/// Bytes of an event's data in one record: below the longest value of the store, with room for its seal.
const PART_BYTES: usize = 60 * 1024;

/// One event, without its data.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) n: u64,
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) relationship: RelationshipId,
    pub(crate) subject: String,
    pub(crate) at: Timestamp,
    pub(crate) paths: BTreeSet<Path>,
    pub(crate) grant: Option<GrantId>,
    pub(crate) owed: Option<Owed>,
    /// The message that has brought it about.
    #[serde(default)]
    pub(crate) cause: Option<MessageId>,
    parts: u64,
    webhook: Hook,
    /// Where it stands with the CRM. An older hub had none, and what it noted is not for one.
    #[serde(default = "Hook::done")]
    crm: Hook,
    /// What the CRM could not erase, until every sink has the event.
    #[serde(default)]
    pub(crate) not_erased: Vec<ErasureLine>,
}

/// An answer that the person waits for.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Owed {
    /// The sequence of the message that is answered, and its id.
    pub(crate) seq: u64,
    pub(crate) message: MessageId,
    /// What answers it.
    #[serde(default)]
    pub(crate) by: AnsweredBy,
    /// Whether the answer was queued.
    pub(crate) answered: bool,
}

/// What answers a message.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) enum AnsweredBy {
    /// An update: what became of it.
    #[default]
    Outcome,
    /// This revocation: the erasure receipt.
    Erasure(Reference<RevocationId>),
}

/// Where an event stands with a receiver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Hook {
    /// To be delivered.
    Due {
        /// Attempts that failed.
        attempts: u32,
        /// Not before this.
        not_before: Timestamp,
    },
    /// Delivered, or nothing of it is left to deliver.
    Done,
    /// Given up.
    Dead {
        /// Attempts that failed.
        attempts: u32,
        /// Why.
        reason: String,
        /// When.
        at: Timestamp,
    },
}

impl Owed {
    /// What answers this message, which nothing has yet.
    pub(crate) fn new(message: &Message, by: AnsweredBy) -> Self {
        Self { seq: message.seq, message: message.id, by, answered: false }
    }
}

impl Hook {
    /// To be delivered now.
    const NEW: Self = Self::Due { attempts: 0, not_before: Timestamp::from_millis(0) };

    fn done() -> Self {
        Self::Done
    }

    pub(crate) fn is_due(&self) -> bool {
        matches!(self, Self::Due { .. })
    }
}

/// A new event.
pub(crate) struct New<'a> {
    pub(crate) kind: &'static str,
    /// What follows the relationship's UUID in the event's id.
    pub(crate) suffix: String,
    pub(crate) relationship: &'a Relationship,
    pub(crate) grant: Option<&'a GrantId>,
    pub(crate) paths: BTreeSet<Path>,
    pub(crate) owed: Option<Owed>,
    /// The message that has brought it about.
    pub(crate) cause: Option<MessageId>,
    /// The data beside `customer`, `did` and `grant`.
    pub(crate) data: Value,
}

/// Appends an event.
pub(crate) fn append(txn: &mut Txn, new: New<'_>, now: Timestamp) -> Result<Record, ReadError> {
    let n = Counters::change(txn, |counters| counters.events += 1)?.events;
    let mut data = Map::new();
    data.insert("customer".into(), json!(new.relationship.customer));
    data.insert("did".into(), json!(new.relationship.peer));
    if let Some(grant) = new.grant {
        data.insert("grant".into(), json!(grant));
    }
    if let Value::Object(more) = new.data {
        data.extend(more);
    }
    let id = &new.relationship.id;
    let mut record = Record {
        n,
        id: format!("{}-{}", uuid(id), new.suffix),
        kind: new.kind.to_owned(),
        relationship: id.clone(),
        subject: new.relationship.subject().to_owned(),
        at: now,
        paths: new.paths,
        grant: new.grant.cloned(),
        owed: new.owed,
        cause: new.cause,
        parts: 0,
        webhook: Hook::NEW,
        crm: Hook::NEW,
        not_erased: Vec::new(),
    };
    record.save_data(txn, &data);
    record.save(txn);
    let of = tables::events_of(txn, id).with_u64(n);
    txn.put(of, Vec::new());
    txn.ring(hearing::EVENTS);
    Ok(record)
}

impl Record {
    /// The trace that it is in.
    pub(crate) fn trace(&self) -> Trace {
        Trace::new(&self.id, self.cause.as_ref())
    }

    /// What the person still waits for.
    pub(crate) fn owed(&self) -> Option<&Owed> {
        self.owed.as_ref().filter(|owed| !owed.answered)
    }

    /// Whether a stream takes it.
    pub(crate) fn is_for(&self, stream: Stream) -> bool {
        self.kind != OUTCOME || stream == Stream::Postgres
    }

    pub(crate) fn load(reader: &impl Reader, n: u64) -> Result<Option<Self>, ReadError> {
        load(reader, &tables::event(n))
    }

    pub(crate) fn save(&self, txn: &mut Txn) {
        save(txn, tables::event(self.n), self);
    }

    fn save_data(&mut self, txn: &mut Txn, data: &Map<String, Value>) {
        let bytes = serde_json::to_vec(data).expect("a map of texts is JSON");
        let before = self.parts;
        self.parts = 0;
        for part in bytes.chunks(PART_BYTES) {
            txn.put_erasable(tables::event_data(self.n).with_u64(self.parts), part);
            self.parts += 1;
        }
        for part in self.parts..before {
            txn.erase(&tables::event_data(self.n).with_u64(part));
        }
    }

    /// The event's data.
    pub(crate) fn data(&self, reader: &impl Reader) -> Result<Map<String, Value>, ReadError> {
        let mut bytes = Vec::new();
        for part in 0..self.parts {
            let key = tables::event_data(self.n).with_u64(part);
            bytes.extend(reader.get(&key)?.ok_or(ReadError::Corrupt)?);
        }
        serde_json::from_slice(&bytes).map_err(|_| ReadError::Corrupt)
    }

    /// The event in the JSON format of `CloudEvents` 1.0.
    pub(crate) fn cloudevent(&self, reader: &impl Reader, source: &str) -> Result<Value, ReadError> {
        Ok(self.cloudevent_of(&self.data(reader)?, source))
    }

    fn cloudevent_of(&self, data: &Map<String, Value>, source: &str) -> Value {
        json!({
            "specversion": "1.0",
            "id": self.id,
            "source": source,
            "type": self.kind,
            "subject": self.subject,
            "time": self.at.rfc3339(),
            "datacontenttype": "application/json",
            "dataschema": DATA_SCHEMA,
            "traceparent": self.trace().parent(),
            "data": data,
        })
    }

    /// As [`Record::cloudevent`] of a record that was read before: an erasure may have rewritten it since, and then it is what it
    /// is now. `None` when it is gone.
    pub(crate) fn cloudevent_now(&self, shared: &Shared) -> Result<Option<Value>, ReadError> {
        let first = shared.keys.first();
        let (store, source) = (&shared.store, first.did.as_str());
        match self.cloudevent(store, source) {
            Ok(event) => Ok(Some(event)),
            Err(_) => match Self::load(store, self.n)? {
                None => Ok(None),
                Some(now) => now.cloudevent(store, source).map(Some),
            },
        }
    }

    /// Where it stands with a receiver.
    pub(crate) fn hook(&self, receiver: Receiver) -> &Hook {
        match receiver {
            Receiver::Webhook => &self.webhook,
            Receiver::Crm => &self.crm,
        }
    }

    /// Puts it there; what a receiver was given is settled or revived instead.
    pub(crate) fn hang(&mut self, receiver: Receiver, hook: Hook) {
        match receiver {
            Receiver::Webhook => self.webhook = hook,
            Receiver::Crm => self.crm = hook,
        }
    }

    /// Notes that a receiver has the event, or will not have it unless it is revived.
    pub(crate) fn settle(&mut self, txn: &mut Txn, receiver: Receiver, hook: Hook) {
        if matches!(hook, Hook::Dead { .. }) {
            save(txn, tables::dead_letters(receiver).with_u64(self.n), &self.n);
        }
        txn.delete(&tables::revived(receiver).with_u64(self.n));
        self.hang(receiver, hook);
        self.save(txn);
    }

    /// Makes a dead letter due again.
    pub(crate) fn revive(&mut self, txn: &mut Txn, receiver: Receiver) {
        txn.delete(&tables::dead_letters(receiver).with_u64(self.n));
        save(txn, tables::revived(receiver).with_u64(self.n), &self.n);
        txn.ring(hearing::REVIVED);
        self.hang(receiver, Hook::NEW);
        self.save(txn);
    }

    /// Nothing of it is left to deliver to anybody.
    pub(crate) fn settle_emptied(&mut self, txn: &mut Txn) {
        for receiver in Receiver::ALL {
            if self.hook(receiver).is_due() {
                self.settle(txn, receiver, Hook::Done);
            }
        }
    }

    /// Takes fields out of an update's data and names them under `why`.
    pub(crate) fn withdraw(
        &mut self,
        txn: &mut Txn,
        paths: &BTreeSet<Path>,
        why: &str,
    ) -> Result<(), ReadError> {
        let gone: BTreeSet<Path> = self.paths.intersection(paths).cloned().collect();
        if gone.is_empty() {
            return Ok(());
        }
        let mut data = self.data(txn)?;
        if let Some(Value::Object(fields)) = data.get_mut("fields") {
            fields.retain(|path, _| !gone.iter().any(|g| g.as_str() == path));
        }
        let mut named: BTreeSet<String> = gone.iter().map(ToString::to_string).collect();
        if let Some(Value::Array(before)) = data.get(why) {
            named.extend(before.iter().filter_map(Value::as_str).map(str::to_owned));
        }
        data.insert(why.to_owned(), json!(named));
        self.paths.retain(|path| !gone.contains(path));
        // The old parts' keys are destroyed before this is acknowledged.
        for part in 0..self.parts {
            txn.erase(&tables::event_data(self.n).with_u64(part));
        }
        self.save_data(txn, &data);
        self.save(txn);
        Ok(())
    }
}

/// Destroys the values of some paths in every event that carries them under a grant. An update of which nothing is left
/// needs no delivery any more: the erasure behind it does not wait until a receiver has taken an empty one.
pub(crate) fn scrub(
    txn: &mut Txn,
    id: &RelationshipId,
    grant: &GrantId,
    paths: &BTreeSet<Path>,
) -> Result<(), ReadError> {
    let of = tables::events_of(txn, id);
    let keys: Vec<Key> =
        txn.scan(&of).map(|entry| entry.map(|(key, _)| key)).collect::<Result<_, ReadError>>()?;
    for n in keys.iter().filter_map(Key::last_u64) {
        let Some(mut record) = Record::load(txn, n)? else { continue };
        if record.kind == UPDATE && record.grant.as_ref() == Some(grant) {
            record.withdraw(txn, paths, "erased")?;
            if record.paths.is_empty() {
                record.settle_emptied(txn);
            }
        }
    }
    Ok(())
}

/// Up to `limit` events after a number, in order.
pub(crate) fn after(store: &Store, n: u64, limit: usize) -> Result<Vec<Record>, ReadError> {
    let entries = store.scan_after(&tables::events(), &tables::event(n));
    entries.take(limit).map(|entry| decode(&entry?.1)).collect()
}

/// The events of some records in the JSON format of `CloudEvents` 1.0, as [`Record::cloudevent_now`] gives each, with their data
/// read at once.
pub(crate) fn cloudevents_now(shared: &Shared, records: &[&Record]) -> Result<Vec<Option<Value>>, ReadError> {
    let keys = records.iter().flat_map(|record| {
        (0..record.parts).map(|part| tables::event_data(record.n).with_u64(part)).collect::<Vec<_>>()
    });
    let mut parts = shared.store.get_all(&keys.collect::<Vec<_>>())?.into_iter();
    let first = shared.keys.first();
    let event = |record: &&Record| {
        let found: Vec<Option<Vec<u8>>> = parts.by_ref().take(record.parts as usize).collect();
        let bytes: Option<Vec<Vec<u8>>> = found.into_iter().collect();
        match bytes.and_then(|bytes| serde_json::from_slice(&bytes.concat()).ok()) {
            Some(data) => Ok(Some(record.cloudevent_of(&data, first.did.as_str()))),
            None => record.cloudevent_now(shared),
        }
    };
    records.iter().map(event).collect()
}

/// Deletes an event with everything about it.
pub(crate) fn forget(txn: &mut Txn, record: &Record) -> Result<(), ReadError> {
    txn.delete(&tables::event(record.n));
    // Without that receiver these are forgotten too.
    for receiver in Receiver::ALL {
        txn.delete(&tables::dead_letters(receiver).with_u64(record.n));
        txn.delete(&tables::revived(receiver).with_u64(record.n));
    }
    let of = tables::events_of(txn, &record.relationship).with_u64(record.n);
    txn.delete(&of);
    txn.erase_prefix(&tables::event_data(record.n)).map(drop)
}

#[cfg(test)]
mod tests {
    use freehold_protocol::cbor;

    use super::*;

    #[test]
    fn an_answer_owed_by_an_older_hub_is_an_outcome() {
        #[derive(Serialize)]
        struct Older {
            seq: u64,
            message: MessageId,
            answered: bool,
        }
        let message = MessageId::from_entropy([1; 16]);
        let bytes = cbor::encode(&Older { seq: 7, message, answered: true });
        let owed: Owed = decode(&bytes).unwrap();
        assert!(matches!(owed, Owed { seq: 7, by: AnsweredBy::Outcome, answered: true, .. }), "{owed:?}");
    }
}
