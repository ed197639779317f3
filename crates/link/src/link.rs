//! The link.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use freehold_mailbox::{AfterCommit, Fence, Holder, Linked, Mailbox, TakeError};
use freehold_protocol::code::Code;
use freehold_protocol::family::Families;
use freehold_protocol::frame::{Frame, Hello};
use freehold_protocol::id::{MessageId, RelationshipId};
use freehold_protocol::identity::{Did, PublicKey, SigningKey};
use freehold_protocol::mailbox::Cursors;
use freehold_protocol::message::{Message, SignedMessage};
use freehold_protocol::session::{Closed, Output, Parties, Realigned, Session};
use freehold_protocol::time::Moment;
use freehold_store::planted::{self, Bug};
use freehold_store::{Durable, ReadError, Store, Txn, WriteError};
use freehold_transport::{FrameError, FrameReceiver, FrameSender, Frames, SendError};
use futures::StreamExt as _;
use futures::future::BoxFuture;
use futures::stream::FuturesOrdered;
use tokio::time::Instant;

use crate::clock::{Clock, Stopwatch};
use crate::pace::Pace;

/// Everything a link needs besides its connection.
#[derive(Clone)]
pub struct Context {
    /// Where mailboxes are.
    pub store: Store,
    /// What the messages mean to this role.
    pub families: Arc<Families<Linked>>,
    /// Which relationship.
    pub relationship: RelationshipId,
    /// This side's DID in it.
    pub own: Did,
    /// The other side's DID: the audience of what is sent.
    pub peer: Did,
    /// This side's transport key.
    pub key: SigningKey,
    /// This side's clock.
    pub clock: Clock,
    /// This process among those that have the store; `None` where it has it alone.
    pub holder: Option<Holder>,
}

/// What a link tells its owner.
#[derive(Debug)]
pub enum Event {
    /// Hellos are exchanged.
    Open(Hello),
    /// This side was restored, and the peer has said how far the mailboxes have come; the session ends.
    Realigned(Realigned),
    /// A message of the peer's was committed.
    Taken,
    /// The peer has everything up to this sequence on its disk, and this is written down.
    Delivered(u64),
    /// The session is over.
    Closed(Closed),
    /// The connection or the store failed; the session is over.
    Failed(LinkError),
}

/// Why a link failed.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// The stream ended or broke.
    #[error("the connection was lost")]
    Lost,
    /// The peer sent what is no frame.
    #[error("the peer sent a malformed frame: {0}")]
    Frame(FrameError),
    /// The store did not take a write; nothing was acknowledged.
    #[error("{0}")]
    Store(String),
}

enum Step {
    Taken {
        seq: u64,
        after: AfterCommit,
    },
    Composed(Box<Message>),
    Delivered {
        through: u64,
        after: AfterCommit,
    },
    Noted,
    Refused(Code),
    /// A newer session of the relationship, perhaps in another process, writes now.
    Fenced,
    Broken(String),
}

/// Why a transaction of a session was refused.
#[derive(Debug, thiserror::Error)]
enum Refusal<E> {
    #[error("a newer session has begun")]
    Fenced,
    #[error("{0}")]
    Read(ReadError),
    #[error("{0}")]
    Own(E),
}

/// One running session. Dropping it drops the stream.
pub struct Link {
    context: Context,
    mailbox: Mailbox,
    /// What every transaction looks for, where other processes have the store too.
    fence: Option<Fence>,
    session: Session,
    stopwatch: Stopwatch,
    sender: FrameSender,
    receiver: FrameReceiver,
    /// How fast frames are taken; `None` for as they come.
    pace: Option<Pace>,
    outbox: VecDeque<Vec<u8>>,
    steps: FuturesOrdered<BoxFuture<'static, Step>>,
    events: VecDeque<Event>,
    /// The peer's hello has shown that the two sides do not have the same past.
    forked: bool,
    over: bool,
}

/// Waits for the dialler's first frame, which must be a hello and be whole at a moment.
///
/// # Errors
/// The code to answer with: [`Code::Timeout`], [`Code::UnexpectedFrame`], [`Code::UnsupportedVersion`] or the
/// decoder's; `None` where the peer is gone or has said goodbye, which is not answered.
pub async fn first_hello(receiver: &mut FrameReceiver, until: Instant) -> Result<Hello, Option<Code>> {
    let frame = tokio::time::timeout_at(until, receiver.recv()).await.map_err(|_| Code::Timeout)?;
    match Frame::decode(&frame.ok_or(None)?.map_err(|_| Code::Malformed)?)? {
        Frame::Hello(hello) => {
            hello.check_version()?;
            Ok(hello)
        }
        Frame::Bye { .. } => Err(None),
        _ => Err(Some(Code::UnexpectedFrame)),
    }
}

impl Link {
    /// The dialling side of a fresh stream. It takes the peer's frames at a bounded pace: one vendor of many must not keep a
    /// person's node busy.
    ///
    /// # Errors
    /// [`LinkError::Store`], when what was stored so far is not certainly on disk.
    pub async fn dial(
        context: Context,
        frames: Frames,
        peer_key: PublicKey,
        hello: Hello,
    ) -> Result<Self, LinkError> {
        let (sender, receiver) = frames.split();
        let Begun { cursors, last, fence } = begun(&context).await?;
        let hello = Hello { last, ..hello };
        let mut link = Self::new(context, fence, (sender, receiver), peer_key, |parties, now| {
            Session::dial(parties, cursors, hello, now)
        });
        link.pace = Some(Pace::new(Instant::now()));
        Ok(link)
    }

    /// The accepting side, which has read the dialler's hello with [`first_hello`].
    ///
    /// # Errors
    /// [`LinkError::Store`], when what was stored so far is not certainly on disk.
    pub async fn accept(
        context: Context,
        sender: FrameSender,
        receiver: FrameReceiver,
        peer_key: PublicKey,
        hello: Hello,
        theirs: Hello,
    ) -> Result<Self, LinkError> {
        let Begun { cursors, last, fence } = begun(&context).await?;
        let hello = Hello { last, ..hello };
        Ok(Self::new(context, fence, (sender, receiver), peer_key, |parties, now| {
            Session::accept(parties, cursors, hello, theirs, now)
        }))
    }

    fn new(
        context: Context,
        fence: Option<Fence>,
        (sender, receiver): (FrameSender, FrameReceiver),
        peer: PublicKey,
        session: impl FnOnce(Parties, Moment) -> Session,
    ) -> Self {
        let stopwatch = Stopwatch::start();
        let session = session(Parties { own: context.own.clone(), peer }, stopwatch.now());
        Self {
            mailbox: Mailbox::new(&context.relationship),
            fence,
            context,
            session,
            stopwatch,
            sender,
            receiver,
            pace: None,
            outbox: VecDeque::new(),
            steps: FuturesOrdered::new(),
            events: VecDeque::new(),
            forked: false,
            over: false,
        }
    }

    /// Whether a message of the caller's own may be queued and sent right now.
    #[must_use]
    pub fn has_room(&self) -> bool {
        !self.over && self.session.has_room()
    }

    /// Whether nothing is under way in either direction.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.session.is_idle() && self.steps.is_empty() && self.outbox.is_empty()
    }

    /// Entries were queued by a committed transaction: send them in their turn.
    pub fn wake(&mut self) {
        if let Ok(cursors) = self.mailbox.cursors(&self.context.store) {
            self.session.queued(cursors.queued);
        }
        self.pump();
    }

    /// Sends a message whose entry the caller has just queued and committed.
    pub fn send(&mut self, message: &Message) {
        self.say(message);
        // Entries queued meanwhile, or this one if there was no room, are asked for in their turn.
        self.wake();
    }

    /// As [`Link::wake`], when another process may have queued them, or begun a newer session: then this one ends.
    pub fn wake_or_yield(&mut self) {
        let holds = self.fence.map_or(Ok(true), |fence| self.mailbox.holds_fence(&self.context.store, fence));
        match holds {
            Ok(false) => self.close(Code::Replaced),
            // What cannot be read is found out by the next transaction.
            Ok(true) | Err(_) => self.wake(),
        }
    }

    /// Notes that the session has ended, where other processes want to know where it is.
    pub async fn leave(&mut self) {
        let Some(fence) = self.fence else { return };
        let mailbox = self.mailbox.clone();
        let left = self.context.store.write(move |txn| mailbox.leave_fence(txn, fence));
        if let Err(error) = left.await {
            tracing::debug!(%error, "the end of a session was not noted");
        }
    }

    /// How long the peer's goodbye asks not to be dialled.
    #[must_use]
    pub fn wait(&self) -> Option<Duration> {
        self.session.wait_secs().map(|secs| Duration::from_secs(u64::from(secs)))
    }

    /// Ends the session in good order.
    pub fn close(&mut self, code: Code) {
        self.session.close(code);
        self.pump();
    }

    /// Drops what is queued and resets the stream.
    pub fn abort(&mut self) {
        self.outbox.clear();
        self.sender.abort();
        self.over = true;
    }

    /// Waits for what concerns the owner. Cancel-safe: nothing is lost when the future is dropped.
    pub async fn next(&mut self) -> Event {
        loop {
            self.pump();
            if let Some(event) = self.events.pop_front() {
                return event;
            }
            if self.over {
                return Event::Failed(LinkError::Lost);
            }
            let timeout = self.session.poll_timeout().map(|at| self.stopwatch.instant(at));
            let blocked = !self.outbox.is_empty();
            let later = self.pace.as_mut().and_then(|pace| pace.next(Instant::now()));
            tokio::select! {
                biased;
                Some(step) = self.steps.next(), if !self.steps.is_empty() => {
                    self.finish(step);
                }
                ready = self.sender.ready(), if blocked => {
                    if ready.is_err() {
                        self.fail(LinkError::Lost);
                    }
                }
                frame = self.receiver.recv(), if later.is_none() => match frame {
                    Some(Ok(bytes)) => {
                        if let Some(pace) = &mut self.pace {
                            pace.take();
                        }
                        self.session.handle_frame(&bytes, self.stopwatch.now());
                    }
                    Some(Err(error)) => self.fail(LinkError::Frame(error)),
                    None => self.fail(LinkError::Lost),
                },
                () = sleep_until(timeout) => self.session.handle_timeout(self.stopwatch.now()),
                () = sleep_until(later), if later.is_some() => {}
            }
        }
    }

    /// Moves everything that can move without waiting. While the peer takes no frame the session's outputs wait in
    /// the session, which bounds them by its window and makes one acknowledgement of many; its end does not wait.
    fn pump(&mut self) {
        while !self.over {
            while let Some(frame) = self.outbox.pop_front() {
                match self.sender.try_send(frame) {
                    Ok(()) => {}
                    Err(SendError::Full(frame)) => {
                        self.outbox.push_front(frame);
                        break;
                    }
                    Err(_) => return self.fail(LinkError::Lost),
                }
            }
            if !self.outbox.is_empty() && !self.session.is_over() {
                return;
            }
            let Some(output) = self.session.poll_output() else { return };
            match output {
                Output::Transmit(frame) => self.outbox.push_back(frame),
                Output::Compose(_) | Output::Delivered(_) if self.forked => {}
                Output::Open(hello) => match self.is_forked(&hello) {
                    Ok(false) => {
                        self.note_named(&hello);
                        self.events.push_back(Event::Open(hello));
                    }
                    Ok(true) => {
                        self.forked = true;
                        self.session.close(Code::Forked);
                    }
                    Err(error) => self.fail(LinkError::Store(error.to_string())),
                },
                Output::Realigned(realigned) => self.events.push_back(Event::Realigned(realigned)),
                Output::Compose(seq) => self.compose(seq),
                Output::Received(message) => self.take(message),
                Output::Delivered(through) => self.delivered(through),
                Output::Closed(why) => {
                    self.over = true;
                    self.events.push_back(Event::Closed(why));
                }
            }
        }
    }

    fn finish(&mut self, step: Step) {
        match step {
            Step::Taken { seq, after } => {
                after.into_iter().for_each(|run| run());
                if !planted::is_on(Bug::AckBeforeCommit) {
                    self.session.committed(seq);
                }
                // The handler may have queued an answer.
                self.wake();
                self.events.push_back(Event::Taken);
            }
            Step::Delivered { through, after } => {
                after.into_iter().for_each(|run| run());
                self.events.push_back(Event::Delivered(through));
            }
            Step::Composed(message) => self.say(&message),
            Step::Noted => {}
            Step::Refused(code) => self.session.close(code),
            Step::Fenced => self.session.close(Code::Replaced),
            Step::Broken(error) => self.fail(LinkError::Store(error)),
        }
    }

    fn say(&mut self, message: &Message) {
        tracing::debug!(trace = %message.id, kind = %message.kind, seq = message.seq, "a message is sent");
        let signed = SignedMessage::sign(message, &self.context.key);
        if let Some(pace) = &mut self.pace {
            pace.said();
        }
        self.session.send(signed, self.stopwatch.now());
    }

    fn fail(&mut self, error: LinkError) {
        self.over = true;
        self.events.push_back(Event::Failed(error));
    }

    /// Whether the peer holds another message than this side's in the place that it names: one of the two has gone on from
    /// an older copy, and what it says is delivered is not.
    fn is_forked(&self, hello: &Hello) -> Result<bool, ReadError> {
        match hello.last.as_ref().filter(|_| !hello.restored) {
            Some(last) => self.mailbox.is_forked(&self.context.store, hello.stored, last),
            None => Ok(false),
        }
    }

    /// Notes which families the peer knows, where that has changed, for whoever wants to write to it later.
    fn note_named(&mut self, hello: &Hello) {
        let named = self.mailbox.named(&self.context.store);
        if named.is_ok_and(|named| named.as_ref() == Some(&hello.families)) {
            return;
        }
        let (mailbox, families) = (self.mailbox.clone(), hello.families.clone());
        let noted = self.write(move |txn| {
            mailbox.note_named(txn, &families);
            Ok::<_, ReadError>(())
        });
        self.steps.push_back(Box::pin(async move {
            match noted.await {
                Ok(()) => Step::Noted,
                Err(error) => refused(error, |_| None),
            }
        }));
    }

    fn take(&mut self, message: Message) {
        tracing::debug!(trace = %message.id, kind = %message.kind, seq = message.seq, "a message has come");
        let Context { families, relationship, peer, clock, .. } = self.context.clone();
        let seq = message.seq;
        if planted::is_on(Bug::AckBeforeCommit) {
            self.session.committed(seq);
        }
        let taken = self
            .write(move |txn| freehold_mailbox::take(txn, &families, &relationship, &peer, message, clock()));
        self.steps.push_back(Box::pin(async move {
            match taken.await {
                Ok(after) => Step::Taken { seq, after },
                Err(error) => refused(error, |error| matches!(error, TakeError::Full).then_some(Code::Busy)),
            }
        }));
    }

    fn delivered(&mut self, through: u64) {
        let Context { families, relationship, peer, clock, .. } = self.context.clone();
        let noted = self.write(move |txn| {
            freehold_mailbox::delivered(txn, &families, &relationship, &peer, through, clock())
        });
        self.steps.push_back(Box::pin(async move {
            match noted.await {
                Ok(after) => Step::Delivered { through, after },
                Err(error) => refused(error, |_| None),
            }
        }));
    }

    fn compose(&mut self, seq: u64) {
        let Context { families, relationship, peer, clock, .. } = self.context.clone();
        let composed = self
            .write(move |txn| freehold_mailbox::compose(txn, &families, &relationship, &peer, seq, clock()));
        self.steps.push_back(Box::pin(async move {
            match composed.await {
                Ok(message) => Step::Composed(Box::new(message)),
                Err(error) => refused(error, |code| Some(*code)),
            }
        }));
    }

    /// A transaction of the session; refused once a newer one has begun.
    fn write<T, E, F>(
        &self,
        closure: F,
    ) -> impl Future<Output = Result<T, WriteError<Refusal<E>>>> + use<T, E, F>
    where
        F: FnOnce(&mut Txn) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: Send + 'static,
    {
        let (store, mailbox, fence) = (self.context.store.clone(), self.mailbox.clone(), self.fence);
        async move {
            let written = store.write(move |txn| {
                if let Some(fence) = fence
                    && !mailbox.holds_fence(txn, fence).map_err(Refusal::Read)?
                {
                    return Err(Refusal::Fenced);
                }
                closure(txn).map_err(Refusal::Own)
            });
            written.await.map(Durable::into_inner)
        }
    }
}

/// What a session begins with.
#[derive(Default)]
struct Begun {
    cursors: Cursors,
    last: Option<MessageId>,
    fence: Option<Fence>,
}

/// Where the mailboxes stand on disk. A plain read could show a batch that no sync has reached yet, and a hello
/// acknowledges. The writer takes this in its turn, behind everything that an earlier session has queued, and
/// answers it only when all before it is durable. Where other processes have the store, their sessions write nothing after it.
async fn begun(context: &Context) -> Result<Begun, LinkError> {
    if planted::is_on(Bug::CursorForgotten) {
        return Ok(Begun::default());
    }
    let (mailbox, holder) = (Mailbox::new(&context.relationship), context.holder);
    let read = context
        .store
        .write(move |txn| {
            let fence = holder.map(|holder| mailbox.take_fence(txn, holder)).transpose()?;
            Ok::<_, ReadError>(Begun {
                cursors: mailbox.cursors(txn)?,
                last: mailbox.last_stored(txn)?,
                fence,
            })
        })
        .await;
    read.map(Durable::into_inner).map_err(|error| LinkError::Store(error.to_string()))
}

/// What follows from a refused transaction; `code` is what the session ends with, if that is not for the store's sake.
fn refused<E: std::fmt::Display>(
    error: WriteError<Refusal<E>>,
    code: impl FnOnce(&E) -> Option<Code>,
) -> Step {
    match &error {
        WriteError::Refused(Refusal::Fenced) => Step::Fenced,
        WriteError::Refused(Refusal::Own(own)) => {
            code(own).map_or_else(|| Step::Broken(own.to_string()), Step::Refused)
        }
        _ => Step::Broken(error.to_string()),
    }
}

async fn sleep_until(at: Option<Instant>) {
    match at {
        // Where orders of steps are tried there is no time, and a timeout that has not come would be asked for forever.
        Some(_) if cfg!(feature = "schedules") => std::future::pending().await,
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
