//! The family `note/1`, a worked example: a vendor leaves a short note, the person says that they have seen it.
//! Spec: `specs/examples/note.md`.
//!
//! It is registered from outside: `PersonConfig::families` gets `Families::new().with(Person)`, and
//! `Hub::start_with` gets `Families::new().with(Vendor)`. What it shows: checks with codes, a record of its own in the
//! transaction that moves the mailbox's cursor, messages filed for the user, and the person's audit log.

use freehold_mailbox::{Desk, Linked};
use freehold_protocol::audit::{AuditEvent, AuditRecord};
use freehold_protocol::cbor;
use freehold_protocol::code::Code;
use freehold_protocol::family::Family;
use freehold_protocol::id::MessageId;
use freehold_protocol::mailbox::{Entry, EntryBody};
use freehold_protocol::message::Message;
use freehold_vault::audit;
use serde::{Deserialize, Serialize};

/// The family's name with its version.
pub const FAMILY: &str = "note/1";
/// Vendor to person: a note.
pub const NOTE: &str = "note/1/note";
/// Person to vendor: the note of the thread was seen.
pub const SEEN: &str = "note/1/seen";

/// Longest note, in bytes.
pub const TEXT_BYTES_MAX: usize = 1_024;

/// The body of a note.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// What the vendor says.
    pub text: String,
}

/// The body of an answer: its type and its thread say everything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {}

impl Note {
    /// Decodes and bounds a note.
    ///
    /// # Errors
    /// [`Code::Malformed`] or [`Code::TooLarge`].
    pub fn decode(body: &[u8]) -> Result<Self, Code> {
        let note: Self = cbor::decode(body).map_err(|_| Code::Malformed)?;
        if note.text.len() > TEXT_BYTES_MAX {
            return Err(Code::TooLarge);
        }
        let hides = |c: char| {
            (c.is_control() && c != '\n') || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        };
        if note.text.trim().is_empty() || note.text.contains(hides) { Err(Code::Malformed) } else { Ok(note) }
    }
}

impl Seen {
    /// Decodes an answer.
    ///
    /// # Errors
    /// [`Code::Malformed`].
    pub fn decode(body: &[u8]) -> Result<Self, Code> {
        cbor::decode(body).map_err(|_| Code::Malformed)
    }
}

/// The person's side: files notes, and sends an answer to each at most once.
#[derive(Debug)]
pub struct Person;

/// The vendor's side: sends notes, and takes an answer to each at most once.
#[derive(Debug)]
pub struct Vendor;

impl Family<Linked> for Person {
    fn name(&self) -> &'static str {
        FAMILY
    }

    fn receive(&self, desk: &mut Desk<'_>, message: &Message) -> Result<(), Code> {
        if message.kind.as_str() != NOTE {
            return Err(Code::UnknownType);
        }
        Note::decode(&message.body)?;
        left(desk, message.id);
        desk.file(message)?;
        let event = AuditEvent::MessageReceived { kind: message.kind.clone(), seq: message.seq };
        let record =
            AuditRecord { at: desk.now, vendor: desk.peer.clone(), grant: None, paths: [].into(), event };
        audit::append(desk.txn, record).map_err(|_| Code::StorageFailed)
    }

    fn queued(&self, desk: &mut Desk<'_>, entry: &Entry) -> Result<(), Code> {
        if entry.kind.as_str() != SEEN {
            return Err(Code::UnknownType);
        }
        Seen::decode(fixed(entry)?)?;
        seen(desk, entry.thread)
    }

    fn compose(&self, _: &mut Desk<'_>, _: &Entry, _: &[u8]) -> Result<Vec<u8>, Code> {
        // Nothing of this family carries the value of a field, so nothing is composed late.
        Err(Code::UnknownType)
    }
}

impl Family<Linked> for Vendor {
    fn name(&self) -> &'static str {
        FAMILY
    }

    fn receive(&self, desk: &mut Desk<'_>, message: &Message) -> Result<(), Code> {
        if message.kind.as_str() != SEEN {
            return Err(Code::UnknownType);
        }
        Seen::decode(&message.body)?;
        seen(desk, message.thread)?;
        desk.file(message)
    }

    fn queued(&self, desk: &mut Desk<'_>, entry: &Entry) -> Result<(), Code> {
        if entry.kind.as_str() != NOTE {
            return Err(Code::UnknownType);
        }
        Note::decode(fixed(entry)?)?;
        left(desk, entry.id);
        Ok(())
    }

    fn compose(&self, _: &mut Desk<'_>, _: &Entry, _: &[u8]) -> Result<Vec<u8>, Code> {
        Err(Code::UnknownType)
    }
}

/// Writes down that a note has no answer yet, in the family's own drawer.
fn left(desk: &mut Desk<'_>, note: MessageId) {
    let key = desk.drawer(FAMILY).with(note.as_bytes());
    desk.txn.put(key, Vec::new());
}

/// Ends that: the person's side when it answers, the vendor's when it hears it.
fn seen(desk: &mut Desk<'_>, thread: Option<MessageId>) -> Result<(), Code> {
    // "An answer has a note of this relationship as its thread that was not answered before."
    let note = thread.ok_or(Code::RequestUnknown)?;
    let key = desk.drawer(FAMILY).with(note.as_bytes());
    desk.txn.get(&key).map_err(|_| Code::StorageFailed)?.ok_or(Code::RequestUnknown)?;
    desk.txn.delete(&key);
    Ok(())
}

fn fixed(entry: &Entry) -> Result<&[u8], Code> {
    match &entry.body {
        EntryBody::Fixed(body) => Ok(body),
        EntryBody::Composed(_) => Err(Code::Malformed),
    }
}
