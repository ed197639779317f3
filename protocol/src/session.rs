//! The session machine: two mailboxes over one connection, from hello to goodbye. Spec: `specs/session.md`.
//!
//! [`Session`] is sans-IO. Getters: [`Session::is_open`], [`Session::is_over`], [`Session::cursors`], [`Session::peer_knows`].
//! Inputs: [`Session::handle_frame`], [`Session::handle_timeout`]. Commands: [`Session::queued`],
//! [`Session::send`], [`Session::committed`], [`Session::close`].
//! Outputs: [`Session::poll_output`], [`Session::poll_timeout`].
//!
//! The shell commits what arrives before it calls `committed`, and writes down what is sent before it calls
//! `send`; so an acknowledgement means on disk, and a lost one loses nothing.

use std::collections::VecDeque;

use crate::code::Code;
use crate::frame::{Frame, Hello, Outgoing};
use crate::id::MessageId;
use crate::identity::{Did, PublicKey};
use crate::limits::{ACK_TIMEOUT, HELLO_TIMEOUT, REALIGN_MAX, WINDOW};
use crate::mailbox::Cursors;
use crate::message::{self, Message, SignedMessage};
use crate::time::Moment;

/// Who the two ends are.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Parties {
    /// This side's DID in the relationship: whom messages must be addressed to.
    pub own: Did,
    /// The key the transport's handshake has shown: who must have signed.
    pub peer: PublicKey,
}

/// What the shell must do.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Output {
    /// Write this frame.
    Transmit(Vec<u8>),
    /// Hellos are exchanged; messages may flow.
    Open(Hello),
    /// This side was restored from a backup, and here is how far the mailboxes have come since. The session is over; the
    /// next one goes on from there.
    Realigned(Realigned),
    /// Make, write down and [`Session::send`] the message of this sequence.
    Compose(u64),
    /// Commit this message, then call [`Session::committed`].
    Received(Message),
    /// The peer has everything up to this sequence on its disk.
    Delivered(u64),
    /// The session is over; drop the connection.
    Closed(Closed),
}

/// What a restored side learns from its peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Realigned {
    /// The last sequence of this side's mailbox that the peer has.
    pub delivered: u64,
    /// The id of the message there, where the peer names it.
    pub last: Option<MessageId>,
    /// The last sequence of the peer's mailbox that this side has acknowledged.
    pub stored: u64,
    /// The last sequence of the peer's mailbox: by then it has told what it holds. `None` where the peer does not know what
    /// it is to be restored.
    pub told_at: Option<u64>,
}

/// Why a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Closed {
    /// This side ended it.
    ByUs(Code),
    /// The peer ended it.
    ByPeer(Code),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Phase {
    AwaitHello { since: Moment },
    Open,
    Over,
}

/// One session. See the module's page.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Session {
    parties: Parties,
    cursors: Cursors,
    families: Vec<String>,
    /// Whether this side has said that it was restored.
    restored: bool,
    phase: Phase,
    /// Last sequence given to the wire since hello.
    sent: u64,
    /// Sequence the shell is composing now.
    composing: Option<u64>,
    /// Last sequence taken from the wire since hello.
    received: u64,
    ack_due: bool,
    last_progress: Moment,
    /// What the peer's goodbye asked for.
    wait_secs: Option<u32>,
    outputs: VecDeque<Output>,
}

impl Session {
    /// The dialling side: says hello at once.
    #[must_use]
    pub fn dial(parties: Parties, cursors: Cursors, hello: Hello, now: Moment) -> Self {
        let mut session = Self::new(parties, cursors, now);
        session.restored = hello.restored;
        session.transmit(&Frame::Hello(Hello { stored: cursors.stored, ..hello }));
        session
    }

    /// The accepting side: has read the peer's hello and answers it.
    #[must_use]
    pub fn accept(parties: Parties, cursors: Cursors, hello: Hello, theirs: Hello, now: Moment) -> Self {
        let mut session = Self::new(parties, cursors, now);
        // What does not fit is answered with the goodbye alone.
        match session.fits(&theirs) {
            Err(code) => session.close(code),
            Ok(()) => {
                let Cursors { stored, queued, delivered } = cursors;
                let mailbox = theirs.restored.then_some(Outgoing { acknowledged: delivered, queued });
                session.transmit(&Frame::Hello(Hello { stored, mailbox, ..hello }));
                session.greet(theirs, now);
            }
        }
        session
    }

    fn new(parties: Parties, cursors: Cursors, now: Moment) -> Self {
        Self {
            parties,
            cursors,
            families: Vec::new(),
            restored: false,
            phase: Phase::AwaitHello { since: now },
            sent: cursors.delivered,
            composing: None,
            received: cursors.stored,
            ack_due: false,
            last_progress: now,
            wait_secs: None,
            outputs: VecDeque::new(),
        }
    }

    /// Whether messages may flow.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.phase == Phase::Open
    }

    /// Whether the session has ended.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.phase == Phase::Over
    }

    /// For how many seconds the peer's goodbye asks not to be dialled.
    #[must_use]
    pub fn wait_secs(&self) -> Option<u32> {
        self.wait_secs
    }

    /// Where the mailboxes stand, as far as is known since hello.
    #[must_use]
    pub fn cursors(&self) -> Cursors {
        self.cursors
    }

    /// Whether the peer named this family in its hello.
    #[must_use]
    pub fn peer_knows(&self, family: &str) -> bool {
        self.families.iter().any(|f| f == family)
    }

    /// Whether everything queued is on the peer's disk and everything received is acknowledged.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.is_open()
            && self.cursors.delivered == self.cursors.queued
            && self.received == self.cursors.stored
            && self.outputs.is_empty()
    }

    /// Whether another message may be composed and sent right now.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.is_open()
            && self.composing.is_none()
            && self.sent == self.cursors.queued
            && self.sent - self.cursors.delivered < WINDOW
    }

    /// Takes one frame from the wire.
    pub fn handle_frame(&mut self, bytes: &[u8], now: Moment) {
        if self.phase == Phase::Over {
            return;
        }
        match Frame::decode(bytes) {
            Err(code) => self.close(code),
            Ok(Frame::Hello(hello)) if matches!(self.phase, Phase::AwaitHello { .. }) => {
                self.greet(hello, now)
            }
            Ok(Frame::Bye { code, wait_secs }) => {
                self.wait_secs = wait_secs;
                self.over(Closed::ByPeer(code));
            }
            Ok(_) if self.phase != Phase::Open => self.close(Code::UnexpectedFrame),
            Ok(Frame::Hello(_)) => self.close(Code::UnexpectedFrame),
            Ok(Frame::Message(bytes)) => self.receive(&bytes),
            Ok(Frame::Ack { stored }) => self.acknowledged(stored, now),
        }
    }

    /// Acts on the time. Call when [`Session::poll_timeout`] has passed; early calls do nothing.
    pub fn handle_timeout(&mut self, now: Moment) {
        if self.poll_timeout().is_some_and(|at| now >= at) {
            self.close(Code::Timeout);
        }
    }

    /// When [`Session::handle_timeout`] wants to be called.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Moment> {
        match self.phase {
            Phase::AwaitHello { since } => Some(since.after(HELLO_TIMEOUT)),
            Phase::Open if self.sent > self.cursors.delivered => Some(self.last_progress.after(ACK_TIMEOUT)),
            _ => None,
        }
    }

    /// The shell has queued entries up to this one durably; each is composed when its turn comes.
    pub fn queued(&mut self, seq: u64) {
        self.cursors.queued = self.cursors.queued.max(seq);
        self.compose_next();
    }

    /// The shell has composed and written down the message of the sequence asked for, or of a new one when
    /// [`Session::has_room`]. Anything else is dropped: the next session asks again.
    pub fn send(&mut self, message: SignedMessage, now: Moment) {
        let seq = message.seq();
        let fresh = self.has_room() && seq == self.cursors.queued + 1;
        if !self.is_open() || !(fresh || self.composing == Some(seq)) {
            return;
        }
        self.composing = None;
        self.cursors.queued = self.cursors.queued.max(seq);
        if self.sent == self.cursors.delivered {
            self.last_progress = now;
        }
        self.sent = seq;
        self.transmit(&Frame::Message(message.into_bytes()));
        self.compose_next();
    }

    /// The shell has the peer's messages up to `seq` on its disk: acknowledge.
    pub fn committed(&mut self, seq: u64) {
        if seq > self.cursors.stored {
            self.cursors.stored = seq;
            self.ack_due = true;
        }
    }

    /// Ends the session and tells the peer why.
    pub fn close(&mut self, code: Code) {
        if self.phase != Phase::Over {
            self.transmit(&Frame::bye(code));
            self.over(Closed::ByUs(code));
        }
    }

    /// What to do next; `None` when there is nothing until the next input.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front().or_else(|| {
            // One acknowledgement answers everything committed since the last.
            (std::mem::take(&mut self.ack_due) && self.is_open())
                .then(|| Output::Transmit(Frame::Ack { stored: self.cursors.stored }.encode()))
        })
    }

    /// Whether a hello goes together with this side's mailbox.
    fn fits(&self, theirs: &Hello) -> Result<(), Code> {
        theirs.check_version()?;
        if self.stored_by(theirs) > self.cursors.queued {
            return Err(Code::AheadOfSender);
        }
        if self.stored_by(theirs) < self.cursors.delivered {
            return Err(Code::BehindAcknowledged);
        }
        Ok(())
    }

    /// The last sequence of this side that a peer has stored: where it was restored, never less than it has acknowledged.
    fn stored_by(&self, theirs: &Hello) -> u64 {
        if theirs.restored { theirs.stored.max(self.cursors.delivered) } else { theirs.stored }
    }

    fn greet(&mut self, theirs: Hello, now: Moment) {
        if self.restored {
            return self.realign(&theirs);
        }
        if let Err(code) = self.fits(&theirs) {
            return self.close(code);
        }
        self.phase = Phase::Open;
        self.families.clone_from(&theirs.families);
        let stored = self.stored_by(&theirs);
        self.sent = stored;
        self.outputs.push_back(Output::Open(theirs));
        self.acknowledged(stored, now);
        self.compose_next();
    }

    /// The answer to a side that was restored: it goes on where the peer is, in a session of its own.
    fn realign(&mut self, theirs: &Hello) {
        if let Err(code) = theirs.check_version() {
            return self.close(code);
        }
        let Cursors { queued, delivered, stored } = self.cursors;
        let realigned = Realigned {
            delivered: theirs.stored,
            last: theirs.last,
            stored: theirs.mailbox.map_or(stored, |mailbox| mailbox.acknowledged.max(stored)),
            told_at: theirs.mailbox.map(|mailbox| mailbox.queued),
        };
        if realigned.delivered < delivered {
            return self.close(Code::BehindAcknowledged);
        }
        // Sequences never end, and may not be brought near their end.
        let far = |now: u64, before: u64| now.saturating_sub(before) > REALIGN_MAX;
        if far(realigned.delivered, queued)
            || far(realigned.stored.max(realigned.told_at.unwrap_or_default()), stored)
        {
            return self.close(Code::AheadOfSender);
        }
        self.outputs.push_back(Output::Realigned(realigned));
        self.close(Code::ShuttingDown);
    }

    fn receive(&mut self, bytes: &[u8]) {
        let message = match message::open(bytes, &self.parties.peer, &self.parties.own) {
            Ok(message) => message,
            Err(code) => return self.close(code),
        };
        if message.seq <= self.cursors.stored {
            // The acknowledgement was lost: say it again.
            self.ack_due = true;
        } else if message.seq <= self.received {
            // Committing now; the acknowledgement follows.
        } else if message.seq != self.received + 1 {
            self.close(Code::SequenceGap);
        } else if message.seq - self.cursors.stored > WINDOW {
            self.close(Code::Flood);
        } else {
            self.received = message.seq;
            self.outputs.push_back(Output::Received(message));
        }
    }

    fn acknowledged(&mut self, stored: u64, now: Moment) {
        if stored > self.sent {
            self.close(Code::AheadOfSender);
        } else if stored > self.cursors.delivered {
            self.cursors.delivered = stored;
            self.last_progress = now;
            self.outputs.push_back(Output::Delivered(stored));
            self.compose_next();
        }
    }

    fn compose_next(&mut self) {
        let room = self.sent - self.cursors.delivered < WINDOW;
        if self.is_open() && self.composing.is_none() && self.sent < self.cursors.queued && room {
            self.composing = Some(self.sent + 1);
            self.outputs.push_back(Output::Compose(self.sent + 1));
        }
    }

    fn transmit(&mut self, frame: &Frame) {
        self.outputs.push_back(Output::Transmit(frame.encode()));
    }

    fn over(&mut self, why: Closed) {
        self.phase = Phase::Over;
        self.outputs.push_back(Output::Closed(why));
    }
}

#[cfg(test)]
mod tests;
