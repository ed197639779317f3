//! `connect/1`: introductions and problems.

use freehold_mailbox::{Desk, Linked};
use freehold_protocol::cbor;
use freehold_protocol::code::Code;
use freehold_protocol::connect::{FAMILY, INTRODUCTION, Introduction, PROBLEM, Problem};
use freehold_protocol::family::Family;
use freehold_protocol::mailbox::Entry;
use freehold_protocol::message::Message;
use serde_bytes::ByteBuf;

use crate::relationship::Relationship;

/// The hub's side of the family.
pub(crate) struct Connect;

impl Family<Linked> for Connect {
    fn name(&self) -> &'static str {
        FAMILY
    }

    fn receive(&self, desk: &mut Desk<'_>, message: &Message) -> Result<(), Code> {
        match message.kind.as_str() {
            INTRODUCTION => {
                let said = Introduction::decode(&message.body)?;
                let known =
                    Relationship::load(desk.txn, desk.relationship).map_err(|_| Code::StorageFailed)?;
                let mut known = known.ok_or(Code::StorageFailed)?;
                known.next_key = Some(ByteBuf::from(said.next_key));
                known.save(desk.txn);
                Ok(())
            }
            PROBLEM => {
                let problem: Problem = cbor::decode(&message.body).map_err(|_| Code::Malformed)?;
                tracing::warn!(code = %problem.code, about = problem.about, "a person's node could not use a message");
                Ok(())
            }
            _ => Err(Code::UnknownType),
        }
    }

    fn compose(&self, _: &mut Desk<'_>, _: &Entry, _: &[u8]) -> Result<Vec<u8>, Code> {
        // A hub queues nothing that is composed later.
        Err(Code::UnknownType)
    }
}
