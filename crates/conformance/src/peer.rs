//! The scripted peer: a line that carries any bytes, and two mailboxes in memory that a script may misuse.
//!
//! It plays either side. [`Line`] is one session's stream, without any rule; [`Peer`] is a relationship's side that
//! outlives its lines: it numbers, signs, acknowledges and sends again as `specs/mailbox.md` says, until a script tells it
//! otherwise.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use freehold_protocol::code::Code;
use freehold_protocol::connect::{INTRODUCTION, Introduction, PROBLEM, Problem};
use freehold_protocol::frame::{Frame, Hello};
use freehold_protocol::id::MessageId;
use freehold_protocol::identity::{Did, PublicKey, SigningKey};
use freehold_protocol::limits::WINDOW;
use freehold_protocol::message::{self, Message, MessageType, SignedMessage};
use freehold_protocol::time::Timestamp;
use freehold_protocol::{cbor, connect, data};
use freehold_transport::{Address, Connection, FrameReceiver, FrameSender, Limits, dial};
use serde_bytes::ByteBuf;
use tokio::time::Instant;

use crate::rule::{Fault, broken};
use crate::sample::{entropy, seed};

/// How long an answer may take that must come.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// How long is watched that something does not come: many times what an answer takes on one machine.
pub const QUIET: Duration = Duration::from_millis(500);

/// How long the tested peer has to take a goodbye and hang up.
const GOODBYE: Duration = Duration::from_secs(1);

/// What came over a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Came {
    /// A frame.
    Frame(Frame),
    /// Bytes that are no frame, and what is wrong with them.
    Unreadable(Code),
    /// The end of the stream, in whatever way.
    End,
    /// Nothing within the time.
    Silence,
}

/// One session's stream on a connection of its own. Dropping it, and what else holds the connection, ends that.
#[derive(Debug)]
pub struct Line {
    sender: FrameSender,
    receiver: FrameReceiver,
    connection: Arc<Connection>,
}

impl Line {
    /// Dials a hub, which must show one of the expected keys, and opens the session's stream.
    ///
    /// # Errors
    /// [`Fault`], when nobody is there.
    pub async fn dial(
        key: &SigningKey,
        addresses: &[Address],
        expected: &[PublicKey],
    ) -> Result<Self, Fault> {
        let connection = dial(key, addresses, expected, Limits::default())
            .await
            .map_err(|error| Fault::Broken(format!("it cannot be reached: {error}")))?;
        let frames = connection
            .open_session()
            .await
            .map_err(|error| Fault::Broken(format!("it takes no session: {error}")))?;
        let (sender, receiver) = frames.split();
        Ok(Self { sender, receiver, connection: Arc::new(connection) })
    }

    /// Takes the session's stream that a dialler opens on its connection.
    ///
    /// # Errors
    /// [`Fault`], when it opens none.
    pub async fn accept(connection: Connection) -> Result<Self, Fault> {
        connection.welcome();
        let opened = tokio::time::timeout(PATIENCE, connection.accept_session()).await;
        let Ok(Some(frames)) = opened else { return broken("it opened no session's stream") };
        let (sender, receiver) = frames.split();
        Ok(Self { sender, receiver, connection: Arc::new(connection) })
    }

    /// The key that the handshake has shown.
    #[must_use]
    pub fn peer(&self) -> PublicKey {
        self.connection.peer()
    }

    /// The connection below, for streams beside the session's.
    #[must_use]
    pub fn connection(&self) -> Arc<Connection> {
        Arc::clone(&self.connection)
    }

    /// Sends a frame.
    ///
    /// # Errors
    /// [`Fault`], when the stream is gone.
    pub async fn send(&self, frame: &Frame) -> Result<(), Fault> {
        self.send_bytes(frame.encode()).await
    }

    /// Sends any bytes as a frame.
    ///
    /// # Errors
    /// [`Fault`], when the stream is gone.
    pub async fn send_bytes(&self, bytes: Vec<u8>) -> Result<(), Fault> {
        let sent = self.sender.send(bytes).await;
        sent.map_err(|_| Fault::Broken("it has closed the stream".into()))
    }

    /// Sends bytes that are no frame at all.
    ///
    /// # Errors
    /// [`Fault`], when the stream is gone.
    pub async fn send_unframed(&self, bytes: Vec<u8>) -> Result<(), Fault> {
        let sent = self.sender.danger_send_unframed(bytes).await;
        sent.map_err(|_| Fault::Broken("it has closed the stream".into()))
    }

    /// What comes next.
    pub async fn next(&mut self, within: Duration) -> Came {
        match tokio::time::timeout(within, self.receiver.recv()).await {
            Err(_) => Came::Silence,
            Ok(Some(Ok(bytes))) => match Frame::decode(&bytes) {
                Ok(frame) => Came::Frame(frame),
                Err(code) => Came::Unreadable(code),
            },
            Ok(Some(Err(_)) | None) => Came::End,
        }
    }

    /// Says goodbye, and waits a moment for the other side to hang up.
    pub async fn bye(self, code: Code) {
        let said = async {
            self.sender.send(Frame::bye(code).encode()).await.ok()?;
            self.sender.finish().await.ok()?;
            self.connection.closed().await;
            Some(())
        };
        let _ = tokio::time::timeout(GOODBYE, said).await;
    }

    /// Waits for a goodbye. `sent` is the last sequence that was ever sent in good order: an acknowledgement above it takes
    /// what must not be taken.
    ///
    /// # Errors
    /// [`Fault`], when something else happens.
    pub async fn goodbye(&mut self, sent: u64, within: Duration) -> Result<Code, Fault> {
        let deadline = Instant::now() + within;
        loop {
            match self.next(deadline.saturating_duration_since(Instant::now())).await {
                Came::Frame(Frame::Bye { code, .. }) => return Ok(code),
                Came::Frame(Frame::Ack { stored }) if stored > sent => {
                    return broken(format!("it acknowledged {stored}, which it must refuse"));
                }
                Came::Frame(_) => {}
                Came::Unreadable(code) => return broken(format!("it sent bytes that are no frame: {code}")),
                Came::End => return broken("the stream ended without a goodbye"),
                Came::Silence => {
                    return broken(format!("the session went on for {} s: no goodbye", within.as_secs()));
                }
            }
        }
    }
}

/// What one step brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// A message, in order and for the first time.
    Message(Message),
    /// Another frame, which was taken.
    Other,
    /// Nothing within the time.
    Silence,
}

/// One side of a relationship.
#[derive(Debug)]
pub struct Peer {
    /// This side's transport key.
    pub key: SigningKey,
    /// The key that the introduction commits to; never used unless a script rotates to it.
    pub next: SigningKey,
    /// This side's DID.
    pub own: Did,
    /// The other side's DID.
    pub theirs: Did,
    /// The other side's transport key, as the handshake showed it.
    pub their_key: PublicKey,
    /// The last sequence queued.
    pub queued: u64,
    /// The last sequence sent in the session.
    sent: u64,
    /// The last sequence that the other side has acknowledged.
    pub delivered: u64,
    /// The last sequence of the other side's that was acknowledged.
    pub stored: u64,
    /// The last sequence of the other side's that came over the link.
    pub taken: u64,
    /// The last acknowledgement, as it came.
    pub last_ack: Option<u64>,
    /// Whether messages are acknowledged as they come.
    pub acknowledges: bool,
    /// A hub's wish for check-ins, told in hello.
    pub check_in_secs: Option<u32>,
    /// Everything queued, signed.
    outgoing: BTreeMap<u64, Vec<u8>>,
    /// Messages that no script has asked for yet.
    unread: VecDeque<Message>,
    line: Option<Line>,
}

impl Peer {
    /// A relationship's side without a line.
    #[must_use]
    pub fn new(key: SigningKey, own: Did, theirs: Did, their_key: PublicKey) -> Self {
        Self {
            key,
            next: SigningKey::from_seed(&seed()),
            own,
            theirs,
            their_key,
            queued: 0,
            sent: 0,
            delivered: 0,
            stored: 0,
            taken: 0,
            last_ack: None,
            acknowledges: true,
            check_in_secs: None,
            outgoing: BTreeMap::new(),
            unread: VecDeque::new(),
            line: None,
        }
    }

    /// The hello of this side.
    #[must_use]
    pub fn hello(&self, token: Option<&[u8]>) -> Hello {
        Hello {
            versions: vec![1],
            families: vec![connect::FAMILY.into(), data::FAMILY.into()],
            stored: self.stored,
            invitation: token.map(|token| ByteBuf::from(token.to_vec())),
            check_in_secs: self.check_in_secs,
            last: None,
            restored: false,
            mailbox: None,
        }
    }

    /// The dialler's opening: says hello and waits for the answer.
    ///
    /// # Errors
    /// [`Fault`], when another answer comes.
    pub async fn open(&mut self, mut line: Line, token: Option<&[u8]>) -> Result<Hello, Fault> {
        line.send(&Frame::Hello(self.hello(token))).await?;
        let theirs = match line.next(PATIENCE).await {
            Came::Frame(Frame::Hello(theirs)) => theirs,
            Came::Frame(Frame::Bye { code, .. }) => {
                return broken(format!("it answered hello with the goodbye {code}"));
            }
            other => return broken(format!("it answered hello with {}", told(&other))),
        };
        self.begin(line, &theirs).await?;
        Ok(theirs)
    }

    /// The acceptor's opening: has read a hello and answers it.
    ///
    /// # Errors
    /// [`Fault`], when the stream is gone.
    pub async fn answer(&mut self, line: Line, theirs: &Hello) -> Result<(), Fault> {
        line.send(&Frame::Hello(self.hello(None))).await?;
        self.begin(line, theirs).await
    }

    /// Both hellos are said: takes the other side's as an acknowledgement and sends what it lacks.
    async fn begin(&mut self, line: Line, theirs: &Hello) -> Result<(), Fault> {
        self.taken = self.stored;
        self.delivered = self.delivered.max(theirs.stored.min(self.queued));
        self.sent = theirs.stored;
        self.line = Some(line);
        self.flush().await
    }

    /// Sends what is queued, as far as the window goes.
    async fn flush(&mut self) -> Result<(), Fault> {
        while self.sent < self.queued && self.sent < self.delivered + WINDOW {
            self.sent += 1;
            let Some(signed) = self.outgoing.get(&self.sent).cloned() else { continue };
            self.line()?.send(&Frame::Message(ByteBuf::from(signed))).await?;
        }
        Ok(())
    }

    /// Whether there is a line.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.line.is_some()
    }

    /// The line.
    ///
    /// # Errors
    /// [`Fault`], when there is none.
    pub fn line(&mut self) -> Result<&mut Line, Fault> {
        self.line.as_mut().ok_or_else(|| Fault::Broken("the session has ended".into()))
    }

    /// Hangs up without a word.
    pub fn hang_up(&mut self) {
        self.line = None;
    }

    /// Gives the line away: the session goes on without this side.
    pub fn take_line(&mut self) -> Option<Line> {
        self.line.take()
    }

    /// The message that would be next; it takes no place yet.
    ///
    /// # Panics
    /// When `kind` is no message type.
    #[must_use]
    pub fn draft(&self, kind: &str, thread: Option<MessageId>, body: Vec<u8>) -> Message {
        Message {
            seq: self.queued + 1,
            id: MessageId::from_entropy(entropy()),
            kind: MessageType::parse(kind).expect("scripts use types of the specification"),
            thread,
            at: now().coarse(),
            to: self.theirs.clone(),
            body,
            crit: Vec::new(),
        }
    }

    /// The frame of a message, signed by this side.
    #[must_use]
    pub fn frame(&self, message: &Message) -> Frame {
        Frame::Message(SignedMessage::sign(message, &self.key).into_bytes())
    }

    /// Queues and sends a message in good order.
    ///
    /// # Errors
    /// [`Fault`], when the stream is gone.
    pub async fn say(
        &mut self,
        kind: &str,
        thread: Option<MessageId>,
        body: Vec<u8>,
    ) -> Result<Message, Fault> {
        let message = self.draft(kind, thread, body);
        self.say_message(&message).await?;
        Ok(message)
    }

    /// Queues and sends a message that was drafted.
    ///
    /// # Errors
    /// [`Fault`], when the stream is gone.
    pub async fn say_message(&mut self, message: &Message) -> Result<(), Fault> {
        let signed = SignedMessage::sign(message, &self.key).into_bytes().into_vec();
        self.say_signed(message, signed).await
    }

    /// Queues and sends a message that a script has signed in its own way.
    ///
    /// # Errors
    /// [`Fault`], when the stream is gone.
    pub async fn say_signed(&mut self, message: &Message, signed: Vec<u8>) -> Result<(), Fault> {
        (self.queued, self.sent) = (message.seq, message.seq);
        self.outgoing.insert(message.seq, signed.clone());
        self.line()?.send(&Frame::Message(ByteBuf::from(signed))).await
    }

    /// Introduces this side, with a commitment to its next key.
    ///
    /// # Errors
    /// [`Fault`], when the stream is gone.
    pub async fn introduce(&mut self, name: Option<&str>) -> Result<Message, Fault> {
        let said = Introduction::new(name.map(str::to_owned), &self.next.public());
        self.say(INTRODUCTION, None, cbor::encode(&said)).await
    }

    /// Takes one frame.
    ///
    /// # Errors
    /// [`Fault`], when the session ends or the other side breaks a rule of it.
    pub async fn step(&mut self, within: Duration) -> Result<Step, Fault> {
        let came = self.line()?.next(within).await;
        let taken = match came {
            Came::Silence => return Ok(Step::Silence),
            Came::Frame(Frame::Message(signed)) => self.take(&signed).await,
            Came::Frame(Frame::Ack { stored }) if stored > self.queued => {
                broken(format!("it acknowledged {stored}, which was never sent"))
            }
            Came::Frame(Frame::Ack { stored }) => {
                self.delivered = self.delivered.max(stored);
                self.last_ack = Some(stored);
                self.flush().await.map(|()| Step::Other)
            }
            Came::Frame(Frame::Bye { code, .. }) => broken(format!("it ended the session: {code}")),
            other => broken(format!("it sent {}", told(&other))),
        };
        if taken.is_err() {
            self.hang_up();
        }
        taken
    }

    /// Takes one message.
    pub(crate) async fn take(&mut self, signed: &[u8]) -> Result<Step, Fault> {
        let message = match message::open(signed, &self.their_key, &self.own) {
            Ok(message) => message,
            Err(code) => return broken(format!("its message is not acceptable: {code}")),
        };
        if message.seq > self.taken + 1 {
            return broken(format!("its message {} leaves a gap after {}", message.seq, self.taken));
        }
        let is_new = message.seq == self.taken + 1;
        self.taken = self.taken.max(message.seq);
        if self.acknowledges {
            self.acknowledge().await?;
        }
        if !is_new {
            return Ok(Step::Other);
        }
        self.unread.push_back(message.clone());
        Ok(Step::Message(message))
    }

    /// Acknowledges everything that came.
    ///
    /// # Errors
    /// [`Fault`], when the stream is gone.
    pub async fn acknowledge(&mut self) -> Result<(), Fault> {
        self.stored = self.taken;
        let stored = self.stored;
        self.line()?.send(&Frame::Ack { stored }).await
    }

    /// Waits until the other side has acknowledged everything.
    ///
    /// # Errors
    /// [`Fault`], when it does not.
    pub async fn acknowledged(&mut self) -> Result<(), Fault> {
        let deadline = Instant::now() + PATIENCE;
        while self.delivered < self.queued {
            let left = deadline.saturating_duration_since(Instant::now());
            if self.step(left).await? == Step::Silence {
                return broken(format!(
                    "no acknowledgement of {} within {} s",
                    self.queued,
                    PATIENCE.as_secs()
                ));
            }
        }
        Ok(())
    }

    /// The next message for which `wanted` holds; others stay for later.
    ///
    /// # Errors
    /// [`Fault`], when none comes.
    pub async fn hear_where(
        &mut self,
        what: &str,
        within: Duration,
        wanted: impl Fn(&Message) -> bool,
    ) -> Result<Message, Fault> {
        let deadline = Instant::now() + within;
        loop {
            if let Some(found) = self.unread.iter().position(&wanted) {
                return self.unread.remove(found).ok_or_else(|| Fault::Broken("lost".into()));
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if self.step(left).await? == Step::Silence {
                return broken(format!("no {what} within {} s", within.as_secs()));
            }
        }
    }

    /// The next message of a type; others stay for later.
    ///
    /// # Errors
    /// [`Fault`], when none comes.
    pub async fn hear(&mut self, kind: &str) -> Result<Message, Fault> {
        self.hear_where(kind, PATIENCE, |message| message.kind.as_str() == kind).await
    }

    /// The problem that answers a message: its code. The session must go on.
    ///
    /// # Errors
    /// [`Fault`], when none comes, or one about something else.
    pub async fn problem(&mut self, of: &Message) -> Result<Code, Fault> {
        self.acknowledged().await?;
        let heard = self
            .hear_where("problem that answers it", PATIENCE, |message| {
                message.kind.as_str() == PROBLEM && message.thread == Some(of.id)
            })
            .await?;
        let problem: Problem = match cbor::decode(&heard.body) {
            Ok(problem) => problem,
            Err(error) => return broken(format!("its problem does not decode: {error}")),
        };
        if problem.about != of.seq {
            return broken(format!("its problem is about {}, sent was {}", problem.about, of.seq));
        }
        Ok(problem.code)
    }

    /// Takes what has come meanwhile. When that was the end of the session, there is no line afterwards.
    pub async fn settle(&mut self) {
        while self.is_open() && matches!(self.step(Duration::ZERO).await, Ok(Step::Message(_) | Step::Other))
        {
        }
    }

    /// Listens for a while; what comes stays for later.
    ///
    /// # Errors
    /// [`Fault`], when the session ends.
    pub async fn listen(&mut self, for_long: Duration) -> Result<(), Fault> {
        let deadline = Instant::now() + for_long;
        while self.step(deadline.saturating_duration_since(Instant::now())).await? != Step::Silence {}
        Ok(())
    }

    /// Messages that no script has asked for yet.
    #[must_use]
    pub fn unread(&self) -> &VecDeque<Message> {
        &self.unread
    }

    /// Forgets messages that no script has asked for yet.
    pub fn forget(&mut self) {
        self.unread.clear();
    }
}

/// The time now.
#[must_use]
pub fn now() -> Timestamp {
    let millis = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
    Timestamp::from_millis(u64::try_from(millis).unwrap_or(u64::MAX))
}

/// What came, without what it holds.
pub(crate) fn told(came: &Came) -> String {
    match came {
        Came::Frame(Frame::Hello(_)) => "a hello".into(),
        Came::Frame(Frame::Message(_)) => "a message".into(),
        Came::Frame(Frame::Ack { stored }) => format!("an acknowledgement of {stored}"),
        Came::Frame(Frame::Bye { code, .. }) => format!("the goodbye {code}"),
        Came::Unreadable(code) => format!("bytes that are no frame ({code})"),
        Came::End => "the end of the stream".into(),
        Came::Silence => "silence".into(),
    }
}
