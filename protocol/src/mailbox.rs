//! Mailboxes: the durable, ordered queue of each direction of a relationship. Spec: `specs/mailbox.md`.
//!
//! An entry keeps its sequence number, id and type for ever; what it says may be made only when it is sent
//! (field updates carry the values of that moment), so an undelivered value that has gone stale never leaves.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::id::MessageId;
use crate::message::{Message, MessageType};
use crate::time::Timestamp;

/// One entry of an outgoing mailbox, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its place, from 1 without a gap.
    pub seq: u64,
    /// The message's id.
    pub id: MessageId,
    /// The message's type.
    pub kind: MessageType,
    /// The message this one answers or continues.
    pub thread: Option<MessageId>,
    /// When it was queued, as the peer is told it.
    pub at: Timestamp,
    /// What it says.
    pub body: EntryBody,
}

/// What an entry says.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum EntryBody {
    /// These bytes.
    Fixed(#[serde(with = "serde_bytes")] Vec<u8>),
    /// Made by its family at the moment of sending, from this reference.
    Composed(#[serde(with = "serde_bytes")] Vec<u8>),
}

impl fmt::Debug for EntryBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(bytes) => write!(f, "Fixed({} bytes)", bytes.len()),
            Self::Composed(_) => f.write_str("Composed"),
        }
    }
}

impl Entry {
    /// The message this entry becomes with a body.
    #[must_use]
    pub fn into_message(self, to: crate::identity::Did, body: Vec<u8>) -> Message {
        let Self { seq, id, kind, thread, at, .. } = self;
        Message { seq, id, kind, thread, at, to, body, crit: Vec::new() }
    }
}

/// Where the two mailboxes of a relationship stand on one side's disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Cursors {
    /// The last sequence queued for the peer.
    pub queued: u64,
    /// The last sequence the peer has on its disk.
    pub delivered: u64,
    /// The last sequence of the peer's that is on this side's disk.
    pub stored: u64,
}
