//! One side of a relationship as the model peers keep it: in memory, by the rules of the session and the mailbox.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use freehold_conformance::peer::{Came, Line};
use freehold_protocol::cbor;
use freehold_protocol::code::Code;
use freehold_protocol::connect::{INTRODUCTION, Introduction, PROBLEM, Problem};
use freehold_protocol::frame::{Frame, Hello};
use freehold_protocol::id::MessageId;
use freehold_protocol::identity::{Did, PublicKey, SigningKey};
use freehold_protocol::limits::WINDOW;
use freehold_protocol::message::{self, Message, MessageType, SignedMessage};
use freehold_protocol::time::Timestamp;

/// How long a session may stand still.
const IDLE: Duration = Duration::from_secs(60);

/// Counts ids and seeds, so that none is used twice in the tests' process.
static COUNT: Mutex<u64> = Mutex::new(0);

/// 32 bytes that were not given before.
pub(crate) fn fresh() -> [u8; 32] {
    let mut count = COUNT.lock().unwrap();
    *count += 1;
    let mut bytes = [7; 32];
    bytes[..8].copy_from_slice(&count.to_be_bytes());
    bytes
}

/// 16 of them.
pub(crate) fn id() -> [u8; 16] {
    fresh()[..16].try_into().unwrap()
}

/// Where a side's mailboxes stand.
pub(crate) struct Side {
    pub(crate) key: SigningKey,
    pub(crate) own: Did,
    pub(crate) theirs: Did,
    pub(crate) their_key: PublicKey,
    outgoing: Vec<Message>,
    sent: u64,
    delivered: u64,
    stored: u64,
    /// A defect: a gap is stored and acknowledged.
    pub(crate) takes_gaps: bool,
    /// A defect: what was stored before is taken again.
    pub(crate) takes_replays: bool,
    /// A defect: a problem that cannot be read is answered with a problem.
    pub(crate) answers_problems: bool,
}

/// What messages do.
pub(crate) trait Role: Send {
    /// Takes a message in; a code is what the sender is told.
    fn apply(&mut self, side: &mut Side, message: &Message) -> Result<(), Code>;
}

impl Side {
    pub(crate) fn new(key: SigningKey, own: Did, theirs: Did, their_key: PublicKey) -> Self {
        let next = SigningKey::from_seed(&fresh()).public();
        let mut side = Self {
            key,
            own,
            theirs,
            their_key,
            outgoing: Vec::new(),
            sent: 0,
            delivered: 0,
            stored: 0,
            takes_gaps: false,
            takes_replays: false,
            answers_problems: false,
        };
        side.queue(INTRODUCTION, None, cbor::encode(&Introduction::new(None, &next)));
        side
    }

    pub(crate) fn hello(&self, token: Option<[u8; 16]>) -> Frame {
        Frame::Hello(Hello {
            versions: vec![1],
            families: vec!["connect/1".into(), "data/1".into()],
            stored: self.stored,
            invitation: token.map(|token| token.to_vec().into()),
            check_in_secs: None,
            last: None,
            restored: false,
            mailbox: None,
        })
    }

    pub(crate) fn queue(&mut self, kind: &str, thread: Option<MessageId>, body: Vec<u8>) -> MessageId {
        let message = Message {
            seq: self.outgoing.len() as u64 + 1,
            id: MessageId::from_entropy(id()),
            kind: MessageType::parse(kind).unwrap(),
            thread,
            at: Timestamp::default(),
            to: self.theirs.clone(),
            body,
            crit: vec![],
        };
        let id = message.id;
        self.outgoing.push(message);
        id
    }

    /// Takes the other side's hello.
    pub(crate) fn greet(&mut self, theirs: &Hello) -> Result<(), Code> {
        theirs.check_version()?;
        if theirs.stored > self.outgoing.len() as u64 {
            return Err(Code::AheadOfSender);
        }
        if theirs.stored < self.delivered {
            return Err(Code::BehindAcknowledged);
        }
        (self.sent, self.delivered) = (theirs.stored, theirs.stored);
        Ok(())
    }

    /// Whether the other side has a message.
    pub(crate) fn has_delivered(&self, seq: u64) -> bool {
        seq <= self.delivered
    }

    /// The last sequence queued.
    pub(crate) fn queued(&self) -> u64 {
        self.outgoing.len() as u64
    }

    /// Makes the body of a message again that was not delivered.
    pub(crate) fn compose(&mut self, seq: u64, body: Vec<u8>) {
        if let Some(message) = self.outgoing.iter_mut().find(|message| message.seq == seq) {
            message.body = body;
        }
    }

    pub(crate) async fn flush(&mut self, line: &Line) {
        while self.sent - self.delivered < WINDOW
            && let Some(message) = self.outgoing.get(self.sent as usize)
        {
            // A person has another DID after a rotation, in what was queued before it too.
            let message = Message { to: self.theirs.clone(), ..message.clone() };
            let _ = line.send(&Frame::Message(SignedMessage::sign(&message, &self.key).into_bytes())).await;
            self.sent += 1;
        }
    }

    /// Takes one frame of an open session; a code ends it.
    pub(crate) async fn take(
        &mut self,
        role: &mut dyn Role,
        line: &Line,
        came: Came,
    ) -> Result<(), Option<Code>> {
        match came {
            Came::Frame(Frame::Message(signed)) => {
                let message = message::open(&signed, &self.their_key, &self.own)?;
                if message.seq > self.stored + 1 && !self.takes_gaps {
                    return Err(Some(Code::SequenceGap));
                }
                if message.seq > self.stored || self.takes_replays {
                    self.stored = self.stored.max(message.seq);
                    let is_answered = message.kind.as_str() != PROBLEM || self.answers_problems;
                    if let Err(code) = role.apply(self, &message)
                        && is_answered
                    {
                        let problem = Problem { code, about: message.seq };
                        self.queue(PROBLEM, Some(message.id), cbor::encode(&problem));
                    }
                }
                let _ = line.send(&Frame::Ack { stored: self.stored }).await;
            }
            Came::Frame(Frame::Ack { stored }) if stored > self.sent => {
                return Err(Some(Code::AheadOfSender));
            }
            Came::Frame(Frame::Ack { stored }) => self.delivered = self.delivered.max(stored),
            Came::Frame(Frame::Hello(_)) => return Err(Some(Code::UnexpectedFrame)),
            Came::Frame(Frame::Bye { .. }) | Came::End => return Err(None),
            Came::Unreadable(code) => return Err(Some(code)),
            Came::Silence => return Err(Some(Code::Timeout)),
        }
        self.flush(line).await;
        Ok(())
    }

    /// Waits for the next frame.
    pub(crate) async fn next(line: &mut Line) -> Came {
        line.next(IDLE).await
    }
}

/// Something that several sessions share.
pub(crate) type Shared<T> = Arc<tokio::sync::Mutex<T>>;
