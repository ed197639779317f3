//! What a family's handler works on, and the one way in and out.

use freehold_protocol::cbor;
use freehold_protocol::code::Code;
use freehold_protocol::connect::{PROBLEM, Problem};
use freehold_protocol::family::{Families, Role};
use freehold_protocol::id::{MessageId, RelationshipId};
use freehold_protocol::identity::Did;
use freehold_protocol::mailbox::{Entry, EntryBody};
use freehold_protocol::message::{Message, MessageType};
use freehold_protocol::time::{Lag, Timestamp};
use freehold_store::{Key, ReadError, Txn};

use crate::filed::Filed;
use crate::queue::{Kept, Mailbox};

/// What runs once a transaction is on disk.
pub type AfterCommit = Vec<Box<dyn FnOnce() + Send>>;

/// One relationship's open transaction, as a handler gets it.
pub struct Desk<'t> {
    /// The transaction. All of it commits with the message's cursor, or nothing.
    pub txn: &'t mut Txn,
    /// Which relationship.
    pub relationship: &'t RelationshipId,
    /// Who is on the other side.
    pub peer: &'t Did,
    /// The node's own clock.
    pub now: Timestamp,
    mailbox: &'t Mailbox,
    after: AfterCommit,
}

/// The role whose handlers work at a [`Desk`].
#[derive(Debug)]
pub struct Linked;

impl Role for Linked {
    type Desk<'t> = Desk<'t>;
}

impl<'t> Desk<'t> {
    /// Opens a desk for a use case of the role's own.
    #[must_use]
    pub fn new(
        txn: &'t mut Txn,
        mailbox: &'t Mailbox,
        relationship: &'t RelationshipId,
        peer: &'t Did,
        now: Timestamp,
    ) -> Self {
        Self { txn, relationship, peer, now, mailbox, after: Vec::new() }
    }

    /// The date that the peer is told for now.
    #[must_use]
    pub fn told(&self) -> Timestamp {
        self.now.told(Lag::of(self.relationship))
    }

    /// Queues a message for the peer.
    ///
    /// # Errors
    /// [`Code::StorageFailed`].
    pub fn queue(&mut self, kind: &str, thread: Option<MessageId>, body: Vec<u8>) -> Result<Entry, Code> {
        let kind = MessageType::parse(kind)?;
        self.mailbox
            .queue(self.txn, &kind, thread, EntryBody::Fixed(body), self.now)
            .map_err(|_| Code::StorageFailed)
    }

    /// Files a message of the family's, whole, where the user of this side reads it.
    ///
    /// # Errors
    /// [`Code::Busy`] when as many are filed as a relationship may have, [`Code::StorageFailed`].
    pub fn file(&mut self, message: &Message) -> Result<(), Code> {
        let filed = Filed { message: message.clone(), at: self.now };
        match self.mailbox.file(self.txn, &filed) {
            Ok(true) => Ok(()),
            Ok(false) => Err(Code::Busy),
            Err(_) => Err(Code::StorageFailed),
        }
    }

    /// Where a family keeps records of its own about this relationship, see [`Mailbox::drawer`].
    #[must_use]
    pub fn drawer(&self, family: &str) -> Key {
        self.mailbox.drawer(&*self.txn, family)
    }

    /// Runs something once everything here is on disk: a wake-up, never a write.
    pub fn after_commit(&mut self, run: impl FnOnce() + Send + 'static) {
        self.after.push(Box::new(run));
    }

    /// Takes what is to run after the commit.
    #[must_use]
    pub fn into_after(self) -> AfterCommit {
        self.after
    }
}

/// Why a message was not taken in.
#[derive(Debug, thiserror::Error)]
pub enum TakeError {
    /// The store could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The handler could not read or write.
    #[error("{0}")]
    Storage(Code),
    /// As many messages that cannot be used are kept as a relationship may have.
    #[error("the peer sends too much that cannot be used")]
    Full,
}

/// Takes one message in: its family's work, the cursor, and whatever it queues, in one transaction. A message
/// that cannot be used is kept and answered with a problem. Gives what is to run after the commit.
///
/// # Errors
/// [`TakeError`] when the store fails; then nothing is written and nothing may be acknowledged.
pub fn take(
    txn: &mut Txn,
    families: &Families<Linked>,
    relationship: &RelationshipId,
    peer: &Did,
    message: Message,
    now: Timestamp,
) -> Result<AfterCommit, TakeError> {
    let mailbox = Mailbox::new(relationship);
    if !mailbox.advance(txn, message.seq, message.id)? {
        return Ok(Vec::new());
    }
    let handled = match families.of(&message.kind) {
        None => Err(Code::UnknownType),
        Some(family) => txn.attempt(|txn| {
            let mut desk = Desk::new(txn, &mailbox, relationship, peer, now);
            family.receive(&mut desk, &message)?;
            Ok(desk.into_after())
        }),
    };
    match handled {
        Ok(after) => Ok(after),
        Err(Code::StorageFailed) => Err(TakeError::Storage(Code::StorageFailed)),
        Err(code) => {
            let answer = Problem { code, about: message.seq };
            let (thread, is_problem) = (message.id, message.kind.as_str() == PROBLEM);
            keep(txn, &mailbox, message, code, now)?;
            if !is_problem {
                let kind = MessageType::parse(PROBLEM).map_err(TakeError::Storage)?;
                mailbox.queue(txn, &kind, Some(thread), EntryBody::Fixed(cbor::encode(&answer)), now)?;
            }
            Ok(Vec::new())
        }
    }
}

/// Keeps a message that could not be used. One that this build does not know is kept whole, for a build that does. Of
/// one that its family refused nothing but the envelope and the reason is kept: what it says was not to be had.
fn keep(
    txn: &mut Txn,
    mailbox: &Mailbox,
    mut message: Message,
    code: Code,
    now: Timestamp,
) -> Result<(), TakeError> {
    if code != Code::UnknownType {
        message.body.clear();
    }
    if mailbox.keep(txn, Kept { message, code, at: now })? { Ok(()) } else { Err(TakeError::Full) }
}

/// Makes the message of a queued entry at the moment of sending.
///
/// # Errors
/// [`Code::StorageFailed`], or the code of the family that composes it.
pub fn compose(
    txn: &mut Txn,
    families: &Families<Linked>,
    relationship: &RelationshipId,
    peer: &Did,
    seq: u64,
    now: Timestamp,
) -> Result<Message, Code> {
    let mailbox = Mailbox::new(relationship);
    let entry = mailbox.entry(txn, seq).map_err(|_| Code::StorageFailed)?.ok_or(Code::StorageFailed)?;
    let body = match &entry.body {
        EntryBody::Fixed(body) => body.clone(),
        EntryBody::Composed(reference) => {
            let family = families.of(&entry.kind).ok_or(Code::UnknownType)?;
            let mut desk = Desk::new(txn, &mailbox, relationship, peer, now);
            family.compose(&mut desk, &entry, reference)?
        }
    };
    Ok(entry.into_message(peer.clone(), body))
}

/// Notes that the peer has everything up to `through` on its disk, and tells the families. Gives what is to run
/// after the commit.
///
/// # Errors
/// [`TakeError`] when the store fails; then nothing is written.
pub fn delivered(
    txn: &mut Txn,
    families: &Families<Linked>,
    relationship: &RelationshipId,
    peer: &Did,
    through: u64,
    now: Timestamp,
) -> Result<AfterCommit, TakeError> {
    let mailbox = Mailbox::new(relationship);
    let mut after = Vec::new();
    for entry in mailbox.delivered(txn, through)? {
        let Some(family) = families.of(&entry.kind) else { continue };
        let mut desk = Desk::new(txn, &mailbox, relationship, peer, now);
        family.delivered(&mut desk, &entry).map_err(TakeError::Storage)?;
        after.extend(desk.into_after());
    }
    Ok(after)
}
