//! Keys of the store. A name never stands in one readably; see the table on the crate's page.

use std::ops::Range;

use freehold_mailbox::record::{load, save};
use freehold_protocol::id::{GrantId, RelationshipId, RequestId};
use freehold_protocol::identity::PublicKey;
use freehold_protocol::path::Path;
use freehold_protocol::time::Timestamp;
use freehold_store::{Key, ReadError, Reader, Schema, Txn};
use serde::{Deserialize, Serialize};

use crate::sinks::Receiver;

/// The tables of a hub, its mailboxes included, and the steps that made them what they are.
pub(crate) const SCHEMA: Schema = Schema { name: "hub", steps: &[] };

/// Revocations of a relationship, as the person signed them, by the number of their event.
pub(crate) fn revocations(reader: &impl Reader, id: &RelationshipId) -> Key {
    Key::new(b'H').with(&part(reader, id))
}

pub(crate) fn revocation(reader: &impl Reader, id: &RelationshipId, n: u64) -> Key {
    revocations(reader, id).with_u64(n)
}

/// Statements by which a person has moved to another key, as they were signed, by the number of their event.
pub(crate) fn rotations(reader: &impl Reader, id: &RelationshipId) -> Key {
    Key::new(b'O').with(&part(reader, id))
}

pub(crate) fn rotation(reader: &impl Reader, id: &RelationshipId, n: u64) -> Key {
    rotations(reader, id).with_u64(n)
}

/// What was worth something, by what it was and the number of its event.
pub(crate) fn worth(what: u8) -> Key {
    Key::new(b'W').with(&[what])
}

/// The sums of it.
pub(crate) fn worth_sum(what: u8) -> Key {
    Key::new(b'w').with(&[what])
}

/// The vendor's staff by name.
pub(crate) fn users() -> Key {
    Key::new(b'U')
}

pub(crate) fn user(reader: &impl Reader, name: &str) -> Key {
    users().with(&reader.hidden(name.as_bytes()))
}

/// Tokens of the staff's programs, by their digest.
pub(crate) fn api_tokens() -> Key {
    Key::new(b'u')
}

/// What the staff did, by number.
pub(crate) fn journal() -> Key {
    Key::new(b'J')
}

/// The end of that log.
pub(crate) fn journal_head() -> Key {
    Key::new(b'j')
}

/// Where in a key the part is that a database spreads its table by: the relationship that everything in it is read by, or the
/// number of an event. Tables that are read across relationships are not spread. What it says of a tag may never change.
pub(crate) fn spread(tag: u8) -> Option<Range<usize>> {
    match tag {
        b'M' | b'G' | b'g' | b'F' | b'H' | b'O' | b'V' | b'X' | b'Q' => Some(1..17),
        b'P' => Some(1..9),
        _ => None,
    }
}

/// All data requests, in the order they were made.
pub(crate) fn asks() -> Key {
    Key::new(b'A')
}

pub(crate) fn ask_number(reader: &impl Reader, id: &RequestId) -> Key {
    Key::new(b'a').with(&reader.hidden(id.as_str().as_bytes()))
}

pub(crate) fn invitations() -> Key {
    Key::new(b'I')
}

pub(crate) fn invitation(reader: &impl Reader, token: &[u8]) -> Key {
    invitations().with(&reader.hidden(token))
}

pub(crate) fn relationships() -> Key {
    Key::new(b'R')
}

pub(crate) fn relationship(reader: &impl Reader, id: &RelationshipId) -> Key {
    relationships().with(&part(reader, id))
}

pub(crate) fn by_key(reader: &impl Reader, key: &PublicKey) -> Key {
    Key::new(b'K').with(&reader.hidden(key.as_bytes()))
}

pub(crate) fn by_reference(reader: &impl Reader, customer: &str) -> Key {
    Key::new(b'C').with(&reader.hidden(customer.as_bytes()))
}

pub(crate) fn receipt(reader: &impl Reader, id: &RelationshipId, grant: &GrantId) -> Key {
    Key::new(b'G').with(&part(reader, id)).with(&grant_part(reader, grant))
}

/// Erasure receipts of a relationship, in the order they were signed.
pub(crate) fn erasures(reader: &impl Reader, id: &RelationshipId) -> Key {
    Key::new(b'F').with(&part(reader, id))
}

/// The receipt of the erasure with this number in the log of events.
pub(crate) fn erasure(reader: &impl Reader, id: &RelationshipId, n: u64) -> Key {
    erasures(reader, id).with_u64(n)
}

pub(crate) fn held_grants(reader: &impl Reader, id: &RelationshipId) -> Key {
    Key::new(b'g').with(&part(reader, id))
}

pub(crate) fn held_grant(reader: &impl Reader, id: &RelationshipId, grant: &GrantId) -> Key {
    held_grants(reader, id).with(&grant_part(reader, grant))
}

pub(crate) fn ends() -> Key {
    Key::new(b'T')
}

pub(crate) fn end(reader: &impl Reader, at: Timestamp, id: &RelationshipId, grant: &GrantId) -> Key {
    ends().with_u64(at.millis()).with(&part(reader, id)).with(&grant_part(reader, grant))
}

pub(crate) fn values(reader: &impl Reader, id: &RelationshipId) -> Key {
    Key::new(b'V').with(&part(reader, id))
}

pub(crate) fn values_under(reader: &impl Reader, id: &RelationshipId, grant: &GrantId) -> Key {
    values(reader, id).with(&grant_part(reader, grant))
}

pub(crate) fn value(reader: &impl Reader, id: &RelationshipId, grant: &GrantId, path: &Path) -> Key {
    values_under(reader, id, grant).with(&reader.hidden(path.as_str().as_bytes()))
}

pub(crate) fn events() -> Key {
    Key::new(b'E')
}

pub(crate) fn event(n: u64) -> Key {
    events().with_u64(n)
}

pub(crate) fn event_data(n: u64) -> Key {
    Key::new(b'P').with_u64(n)
}

pub(crate) fn events_of(reader: &impl Reader, id: &RelationshipId) -> Key {
    Key::new(b'X').with(&part(reader, id))
}

/// The dead letters of a receiver.
pub(crate) fn dead_letters(receiver: Receiver) -> Key {
    match receiver {
        Receiver::Webhook => Key::new(b'D'),
        Receiver::Crm => Key::new(b'B'),
    }
}

/// Dead letters that are due again: they are behind the receiver's cursor, and a restart finds them here.
pub(crate) fn revived(receiver: Receiver) -> Key {
    match receiver {
        Receiver::Webhook => Key::new(b'd'),
        Receiver::Crm => Key::new(b'b'),
    }
}

pub(crate) fn cursor(sink: &str) -> Key {
    Key::new(b'S').with(sink.as_bytes())
}

/// What the CRM's connector wants to know again of a customer.
pub(crate) fn crm_memory(reader: &impl Reader, id: &RelationshipId) -> Key {
    Key::new(b'Q').with(&part(reader, id))
}

/// The replicas by number.
pub(crate) fn replicas() -> Key {
    Key::new(b'y')
}

pub(crate) fn replica(number: u32) -> Key {
    replicas().with_u64(u64::from(number))
}

/// Which keys of the vendor there are.
pub(crate) fn moves() -> Key {
    Key::new(b'z')
}

/// The move to a key after the first.
pub(crate) fn move_to(generation: u32) -> Key {
    Key::new(b'Z').with_u64(u64::from(generation))
}

fn counters() -> Key {
    Key::new(b'N')
}

fn part(reader: &impl Reader, id: &RelationshipId) -> [u8; 16] {
    reader.hidden(id.as_str().as_bytes())
}

fn grant_part(reader: &impl Reader, grant: &GrantId) -> [u8; 16] {
    reader.hidden(grant.as_str().as_bytes())
}

/// What the hub counts.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(crate) struct Counters {
    /// The number of the last event.
    pub(crate) events: u64,
    /// Updates taken in.
    pub(crate) updates: u64,
    /// Relationships.
    pub(crate) customers: u64,
}

impl Counters {
    pub(crate) fn load(reader: &impl Reader) -> Result<Self, ReadError> {
        Ok(load(reader, &counters())?.unwrap_or_default())
    }

    /// Changes the counters within a transaction; gives them as they are then.
    pub(crate) fn change(txn: &mut Txn, change: impl FnOnce(&mut Self)) -> Result<Self, ReadError> {
        let mut now = Self::load(txn)?;
        change(&mut now);
        save(txn, counters(), &now);
        Ok(now)
    }
}
