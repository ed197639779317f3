//! `connect/1`: introductions, rotations and problems.

use std::collections::BTreeSet;
use std::sync::Arc;

use freehold_mailbox::{Desk, Linked};
use freehold_protocol::cbor;
use freehold_protocol::code::Code;
use freehold_protocol::connect::{FAMILY, INTRODUCTION, Introduction, PROBLEM, Problem, ROTATION};
use freehold_protocol::data::{Carried, decode};
use freehold_protocol::document::Rotation;
use freehold_protocol::family::Family;
use freehold_protocol::identity::Did;
use freehold_protocol::mailbox::Entry;
use freehold_protocol::message::Message;
use serde_bytes::ByteBuf;
use serde_json::json;

use crate::log::{self, New};
use crate::relationship::Relationship;
use crate::shared::Shared;
use crate::tables;

/// Most keys that one relationship may have had: one a day for a year.
const EARLIER_MAX: usize = 365;

/// The hub's side of the family.
pub(crate) struct Connect {
    shared: Arc<Shared>,
}

impl Connect {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// The person moves to the key that they had committed to.
    fn rotation(&self, desk: &mut Desk<'_>, message: &Message) -> Result<(), Code> {
        let carried: Carried = decode(&message.body)?;
        let statement = Rotation::read(&carried.document)?;
        let mut known = relationship(desk)?;
        let (keys, committed) = (&self.shared.keys, known.next_key.clone());
        // The person may know the vendor by an older key, or have known it when the statement was made.
        let vendor = keys.of_did(&statement.subject().vendor).unwrap_or_else(|| keys.at(known.generation));
        let (key, next_key) =
            statement.check_step(&known.peer, &vendor.did, committed.as_ref().map(|c| &c[..]))?;
        if Relationship::of_key(&*desk.txn, &key).map_err(|_| Code::StorageFailed)?.is_some() {
            return Err(Code::WrongSigner);
        }
        if known.earlier.len() >= EARLIER_MAX {
            return Err(Code::Busy);
        }
        known.rotate(desk.txn, &key, next_key);
        let before = known.earlier.last().map(Did::to_string);
        let new = New {
            kind: log::ROTATE,
            suffix: message.seq.to_string(),
            relationship: &known,
            grant: None,
            paths: BTreeSet::new(),
            owed: None,
            cause: Some(message.id),
            data: json!({ "before": before }),
        };
        let n = log::append(desk.txn, new, desk.now).map_err(|_| Code::StorageFailed)?.n;
        desk.txn.put(tables::rotation(desk.txn, desk.relationship, n), statement.bytes());
        let shared = Arc::clone(&self.shared);
        desk.after_commit(move || shared.stored(n, log::ROTATE));
        Ok(())
    }
}

fn relationship(desk: &Desk<'_>) -> Result<Relationship, Code> {
    let known = Relationship::load(&*desk.txn, desk.relationship).map_err(|_| Code::StorageFailed)?;
    known.ok_or(Code::StorageFailed)
}

impl Family<Linked> for Connect {
    fn name(&self) -> &'static str {
        FAMILY
    }

    fn receive(&self, desk: &mut Desk<'_>, message: &Message) -> Result<(), Code> {
        self.take(desk, message).inspect_err(|code| self.shared.metrics.rejected(*code))
    }

    fn compose(&self, _: &mut Desk<'_>, _: &Entry, _: &[u8]) -> Result<Vec<u8>, Code> {
        // A hub queues nothing that is composed later.
        Err(Code::UnknownType)
    }
}

impl Connect {
    fn take(&self, desk: &mut Desk<'_>, message: &Message) -> Result<(), Code> {
        match message.kind.as_str() {
            INTRODUCTION => {
                let said = Introduction::decode(&message.body)?;
                let mut known = relationship(desk)?;
                // Whoever stole the present key must not choose the next one.
                if known.next_key.as_ref().is_some_and(|committed| committed[..] != said.next_key) {
                    return Err(Code::NotCommitted);
                }
                known.next_key = Some(ByteBuf::from(said.next_key));
                known.save(desk.txn);
                Ok(())
            }
            ROTATION => self.rotation(desk, message),
            PROBLEM => {
                let problem: Problem = cbor::decode(&message.body)?;
                tracing::warn!(code = %problem.code, about = problem.about, "a person's node could not use a message");
                Ok(())
            }
            _ => Err(Code::UnknownType),
        }
    }
}
