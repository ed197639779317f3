//! Messages that the user of this side writes by hand, of any family that is not the protocol's own.

use freehold_protocol::cbor::{self, CborError};
use freehold_protocol::code::Code;
use freehold_protocol::family::Families;
use freehold_protocol::id::{MessageId, RelationshipId};
use freehold_protocol::identity::Did;
use freehold_protocol::limits::{BODY_BYTES_MAX, TYPE_BYTES_MAX};
use freehold_protocol::mailbox::{Entry, EntryBody};
use freehold_protocol::message::MessageType;
use freehold_protocol::time::Timestamp;
use freehold_store::{ReadError, Txn};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::desk::{AfterCommit, Desk, Linked};
use crate::queue::Mailbox;

/// Families whose messages have commands of their own, in whatever version: what they carry passes checks that no
/// hand-written message does.
const RESERVED: [&str; 2] = ["connect", "data"];

/// Most entries that may wait for a peer when one more is written by hand: a peer that stays away for a year is sent
/// news, not a year of it.
pub const WAITING_MAX: u64 = 1_000;

/// Why a message is not queued.
#[derive(Debug, thiserror::Error)]
pub enum DraftError {
    /// The type is none.
    #[error(
        "{text:?} is no message type: write family/version/name in a-z, 0-9 and -, such as note/1/note, in at most {TYPE_BYTES_MAX} bytes"
    )]
    Type {
        /// What was written.
        text: String,
    },
    /// The type is the protocol's own.
    #[error(
        "messages of {family} are not written by hand: they have commands of their own, see `freehold help`"
    )]
    Reserved {
        /// The type's family.
        family: String,
    },
    /// The thread is no id.
    #[error("a thread is a message's id, 32 hexadecimal digits: `freehold message list` shows them")]
    Thread,
    /// The body does not decode.
    #[error("the body cannot be sent: {0}")]
    Body(#[from] CborError),
    /// The body is no map.
    #[error("the body must be a map of CBOR, or an object of JSON")]
    NoMap,
    /// The body is too large.
    #[error("the body has {got} bytes: a message holds {BODY_BYTES_MAX} at most")]
    TooLarge {
        /// Its size.
        got: usize,
    },
    /// Too much waits already.
    #[error("{WAITING_MAX} messages wait for the other side already: send more when it has been there")]
    Full,
    /// The family of this side does not let it go.
    #[error("the family does not send this here: {0}")]
    Refused(Code),
    /// The store could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// A checked message that is not queued yet.
#[derive(Debug, Clone)]
pub struct Draft {
    kind: MessageType,
    thread: Option<MessageId>,
    body: Vec<u8>,
}

/// A queued message, as it is shown.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SentView {
    /// Its place in this side's mailbox.
    pub seq: u64,
    /// Its id, in hexadecimal digits: the thread of what answers it.
    pub id: String,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// Whether the other side named the family when it was last connected; absent when it never was.
    pub known: Option<bool>,
}

impl DraftError {
    /// A stable name for scripts.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Full => "not-possible-now",
            Self::Read(_) => "store-failed",
            _ => "bad-value",
        }
    }
}

impl Draft {
    /// Checks what a user wrote.
    ///
    /// # Errors
    /// [`DraftError`] for the first thing that is wrong.
    pub fn new(kind: &str, thread: Option<&str>, body: Vec<u8>) -> Result<Self, DraftError> {
        let parsed = MessageType::parse(kind).map_err(|_| DraftError::Type { text: shortened(kind) })?;
        let name = parsed.family().split('/').next().unwrap_or_default();
        if RESERVED.contains(&name) {
            return Err(DraftError::Reserved { family: parsed.family().to_owned() });
        }
        let thread = thread.map(|text| message_id(text).ok_or(DraftError::Thread)).transpose()?;
        if body.len() > BODY_BYTES_MAX {
            return Err(DraftError::TooLarge { got: body.len() });
        }
        if !cbor::plain(&body)?.is_object() {
            return Err(DraftError::NoMap);
        }
        Ok(Self { kind: parsed, thread, body })
    }

    /// Its type.
    #[must_use]
    pub fn kind(&self) -> &MessageType {
        &self.kind
    }

    /// Queues it, if this side's own family, where there is one, agrees.
    ///
    /// # Errors
    /// [`DraftError::Full`], [`DraftError::Refused`] or the store's.
    pub fn queue(
        self,
        txn: &mut Txn,
        families: &Families<Linked>,
        relationship: &RelationshipId,
        peer: &Did,
        now: Timestamp,
    ) -> Result<(Entry, AfterCommit), DraftError> {
        let mailbox = Mailbox::new(relationship);
        let cursors = mailbox.cursors(txn)?;
        if cursors.queued - cursors.delivered >= WAITING_MAX {
            return Err(DraftError::Full);
        }
        let family = families.of(&self.kind);
        let entry = mailbox.queue(txn, &self.kind, self.thread, EntryBody::Fixed(self.body), now)?;
        let mut desk = Desk::new(txn, &mailbox, relationship, peer, now);
        if let Some(family) = family {
            family.queued(&mut desk, &entry).map_err(DraftError::Refused)?;
        }
        Ok((entry, desk.into_after()))
    }
}

impl SentView {
    /// A queued entry as it is shown; `named` are the families that the other side named last.
    #[must_use]
    pub fn new(entry: &Entry, named: Option<&[String]>) -> Self {
        Self {
            seq: entry.seq,
            id: entry.id.to_string(),
            kind: entry.kind.to_string(),
            known: named.map(|named| named.iter().any(|name| name == entry.kind.family())),
        }
    }
}

/// A text of a user, no longer than an error needs it.
fn shortened(text: &str) -> String {
    text.chars().take(TYPE_BYTES_MAX).collect()
}

/// A message's id as it is shown: 32 hexadecimal digits.
fn message_id(text: &str) -> Option<MessageId> {
    let mut id = [0; 16];
    if text.len() != 32 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    for (byte, at) in id.iter_mut().zip((0..32).step_by(2)) {
        *byte = u8::from_str_radix(&text[at..at + 2], 16).ok()?;
    }
    Some(MessageId::from_entropy(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_sent_is_refused_with_its_reason() {
        let body = |size: usize| cbor::encode(&std::collections::BTreeMap::from([("t", "x".repeat(size))]));
        let id = "0123456789abcdef0123456789ABCDEF";
        let draft = Draft::new("note/1/note", Some(id), body(9)).unwrap();
        assert_eq!(draft.thread.unwrap().to_string(), id.to_lowercase());
        let refused = |kind: &str, thread, body| Draft::new(kind, thread, body).unwrap_err();
        for kind in ["note", "note/one/note", "Note/1/note", "note/1/no te"] {
            assert!(matches!(refused(kind, None, body(1)), DraftError::Type { .. }), "{kind}");
        }
        for kind in ["data/1/update", "data/2/update", "connect/1/problem"] {
            assert!(matches!(refused(kind, None, body(1)), DraftError::Reserved { .. }), "{kind}");
        }
        for thread in ["", "01", "0123456789abcdef0123456789abcdeg", "ü123456789abcdef0123456789abcde"] {
            assert!(matches!(refused("note/1/note", Some(thread), body(1)), DraftError::Thread), "{thread}");
        }
        assert!(matches!(refused("note/1/note", None, b"\xa1".to_vec()), DraftError::Body(_)));
        assert!(matches!(refused("note/1/note", None, b"\x80".to_vec()), DraftError::NoMap));
        let large = refused("note/1/note", None, body(BODY_BYTES_MAX));
        assert!(matches!(large, DraftError::TooLarge { got } if got > BODY_BYTES_MAX));
    }
}
