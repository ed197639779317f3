//! A person's node as far as a hub meets it: a key, a mailbox, an agreement, and updates that are signed before they are
//! wanted. It has no store: what it says is on its disk is in its memory.

use std::collections::{BTreeMap, BTreeSet};

use freehold_link::system_clock;
use freehold_protocol::code::Code;
use freehold_protocol::connect::{INTRODUCTION, Introduction};
use freehold_protocol::data::{Carried, GRANT, UPDATE, update_body};
use freehold_protocol::disclosure::{Ask, Grant, GrantState, GrantStatus, authorize};
use freehold_protocol::document::{DataRequest, Document, GrantSubject, Issue};
use freehold_protocol::id::{GrantId, MessageId};
use freehold_protocol::identity::{Did, SigningKey};
use freehold_protocol::mailbox::Cursors;
use freehold_protocol::message::{Message, MessageType, SignedMessage};
use freehold_protocol::path::Path;
use freehold_store::entropy;
use freehold_tests::bench::Failure;

/// The field that the hub asks for.
pub const FIELD: &str = "address.home.street";

/// One node.
#[derive(Debug)]
pub struct Node {
    /// Its number among all.
    pub number: usize,
    /// What stands for its seed.
    seed: [u8; 32],
    /// The hub's messages that are stored.
    pub(crate) stored: u64,
    /// Its own messages so far, which are all signed.
    pub(crate) said: u64,
    /// Those that may be sent.
    pub(crate) released: u64,
    /// Those that the hub has not acknowledged.
    pub(crate) waiting: BTreeMap<u64, SignedMessage>,
    /// The receipt of its grant. Parsed it would be ten times as large, and there may be very many nodes.
    agreement: Option<Box<[u8]>>,
    /// How often the value was changed.
    changes: u64,
}

impl Node {
    /// A node that has met nobody.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn new(number: usize) -> Result<Self, Failure> {
        let mut seed = [0; 32];
        entropy::fill(&mut seed)?;
        let waiting = BTreeMap::new();
        Ok(Self { number, seed, stored: 0, said: 0, released: 0, waiting, agreement: None, changes: 0 })
    }

    /// Its key.
    #[must_use]
    pub fn key(&self) -> SigningKey {
        SigningKey::from_seed(&self.seed)
    }

    /// Whether it has an agreement.
    #[must_use]
    pub fn has_agreed(&self) -> bool {
        self.agreement.is_some()
    }

    /// Where its mailboxes stand.
    pub(crate) fn cursors(&self) -> Cursors {
        let delivered = self.waiting.keys().next().map_or(self.said, |first| first - 1);
        Cursors { queued: self.released, delivered, stored: self.stored }
    }

    /// Queues what follows a request: the introduction and a grant of all that was asked.
    pub(crate) fn answer(&mut self, request: &DataRequest, asked: MessageId) -> Result<(), Failure> {
        let key = self.key();
        let next = SigningKey::from_seed(&self.seed.map(|byte| !byte)).public();
        let introduction = freehold_protocol::cbor::encode(&Introduction::new(None, &next));
        let all: BTreeSet<Path> = request.subject().fields.iter().map(|field| field.path.clone()).collect();
        let issue = Issue {
            id: GrantId::from_entropy(random()?),
            issuer: key.public().did(),
            valid_from: system_clock()().coarse(),
            valid_until: None,
            subject: GrantSubject::answering(request, &all),
        };
        let grant: Grant = Document::issue(issue, &key).map_err(told)?;
        let to = request.issuer().clone();
        self.queue(INTRODUCTION, None, introduction, &to)?;
        self.released = self.queue(GRANT, Some(asked), Carried::body(grant.bytes()), &to)?;
        Ok(())
    }

    /// Keeps the receipt: from now on the grant stands.
    pub(crate) fn stand(&mut self, receipt: &Grant) {
        self.agreement = Some(receipt.bytes().into());
    }

    /// Signs the next update, and does not send it yet.
    ///
    /// # Errors
    /// When nothing is granted.
    pub fn prepare(&mut self) -> Result<(), Failure> {
        self.changes += 1;
        let receipt = self.agreement.as_ref().ok_or("a node without an agreement has nothing to send")?;
        let grant = Grant::recall(receipt).map_err(told)?;
        let state = GrantState { status: GrantStatus::Standing, ..GrantState::offered() };
        let paths: BTreeSet<Path> = [Path::parse(FIELD)?].into();
        let value = format!("{} Long Street", self.changes);
        let permit = authorize(&grant, &state, Ask::Update, &paths, system_clock()()).map_err(told)?;
        let body = update_body(permit.fill(|_| Ok::<_, Failure>(Some(value.clone())))?);
        let to = grant.subject().id.clone();
        self.queue(UPDATE, None, body, &to).map(drop)
    }

    /// Lets everything go out that is signed, with the next session.
    pub fn release(&mut self) {
        self.released = self.said;
    }

    /// Forgets what is signed and was never sent.
    pub(crate) fn drop_unsent(&mut self) {
        self.waiting.split_off(&(self.released + 1));
        self.said = self.released;
    }

    fn queue(
        &mut self,
        kind: &str,
        thread: Option<MessageId>,
        body: Vec<u8>,
        to: &Did,
    ) -> Result<u64, Failure> {
        let seq = self.said + 1;
        let message = Message {
            seq,
            id: MessageId::from_entropy(random()?),
            kind: MessageType::parse(kind).map_err(told)?,
            thread,
            at: system_clock()().coarse(),
            to: to.clone(),
            body,
            crit: Vec::new(),
        };
        self.waiting.insert(seq, SignedMessage::sign(&message, &self.key()));
        self.said = seq;
        Ok(seq)
    }
}

fn random() -> Result<[u8; 16], Failure> {
    let mut bytes = [0; 16];
    entropy::fill(&mut bytes)?;
    Ok(bytes)
}

/// A code as a failure.
pub(crate) fn told(code: Code) -> Failure {
    code.to_string().into()
}
