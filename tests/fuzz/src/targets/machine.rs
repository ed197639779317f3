//! The session machine under any frames.

use freehold_protocol::cose::{self, Kind};
use freehold_protocol::frame::{Frame, Hello};
use freehold_protocol::limits::REALIGN_MAX;
use freehold_protocol::mailbox::Cursors;
use freehold_protocol::session::{Output, Parties, Realigned, Session};
use freehold_protocol::time::Moment;

use super::wire::{own, peer};

/// Where this side's mailboxes stand at the beginning.
const CURSORS: Cursors = Cursors { queued: 5, delivered: 2, stored: 3 };

fn hello() -> Hello {
    Hello {
        versions: vec![1],
        families: vec!["data/1".into()],
        stored: 0,
        invitation: None,
        check_in_secs: None,
        last: None,
        restored: false,
        mailbox: None,
    }
}

/// This side of a session, and what its shell knows.
struct End {
    session: Session,
    committed: u64,
    restored: bool,
    closed: bool,
}

impl End {
    fn dial(restored: bool) -> Self {
        let parties = Parties { own: own().public().did(), peer: peer().public() };
        let session = Session::dial(parties, CURSORS, Hello { restored, ..hello() }, Moment(0));
        let mut end = Self { session, committed: CURSORS.stored, restored, closed: false };
        end.drain();
        end
    }

    fn frame(&mut self, bytes: &[u8], now: u64) {
        self.session.handle_frame(bytes, Moment(now));
        self.drain();
        self.session.handle_timeout(Moment(now));
        self.drain();
    }

    /// Takes what comes out: commits what is received, and checks that nothing is acknowledged before.
    fn drain(&mut self) {
        let mut outputs = 0;
        while let Some(output) = self.session.poll_output() {
            assert!(!self.closed, "after its end it is silent");
            outputs += 1;
            assert!(outputs < 1_000, "it never stops talking");
            match output {
                Output::Received(message) => {
                    assert_eq!(message.seq, self.committed + 1, "messages come in their order, each once");
                    self.committed = message.seq;
                    self.session.committed(message.seq);
                }
                Output::Delivered(seq) => {
                    assert!((CURSORS.delivered..=CURSORS.queued).contains(&seq), "{seq}")
                }
                Output::Compose(seq) => {
                    assert!((CURSORS.delivered + 1..=CURSORS.queued).contains(&seq), "{seq}")
                }
                Output::Transmit(bytes) => match Frame::decode(&bytes) {
                    Ok(Frame::Ack { stored }) => {
                        assert!(stored <= self.committed, "acknowledged before it was stored");
                    }
                    Ok(Frame::Hello(said)) => assert_eq!(said.stored, CURSORS.stored),
                    Ok(_) => {}
                    Err(code) => panic!("it says what is no frame: {code}"),
                },
                Output::Open(_) => assert!(!self.restored, "it goes on as if nothing had happened"),
                Output::Realigned(Realigned { delivered, stored, .. }) => {
                    assert!(self.restored, "nobody restored it");
                    assert!(
                        (CURSORS.delivered..=CURSORS.queued + REALIGN_MAX).contains(&delivered),
                        "{delivered}"
                    );
                    assert!((CURSORS.stored..=CURSORS.stored + REALIGN_MAX).contains(&stored), "{stored}");
                }
                Output::Closed(_) => self.closed = true,
            }
        }
    }
}

/// The input in pieces: a byte of length, and so many bytes.
fn pieces(mut bytes: &[u8]) -> Vec<&[u8]> {
    let mut pieces = Vec::new();
    while let Some((&length, rest)) = bytes.split_first() {
        let (piece, after) = rest.split_at(usize::from(length).min(rest.len()));
        pieces.push(piece);
        bytes = after;
    }
    pieces
}

/// Frames of any bytes: the input whole, and in pieces, from the first word on, after the hello, and at a side that was restored.
pub(super) fn session(bytes: &[u8]) {
    for frames in [vec![bytes], pieces(bytes)] {
        for (restored, greeted) in [(false, false), (false, true), (true, false)] {
            let mut end = End::dial(restored);
            if greeted {
                end.frame(&greeting(), 1);
            }
            for (n, frame) in frames.iter().enumerate() {
                end.frame(frame, 2 + n as u64);
            }
        }
    }
}

/// Payloads that the peer has signed, whatever they are.
pub(super) fn messages(bytes: &[u8]) {
    let mut end = End::dial(false);
    end.frame(&greeting(), 1);
    for payload in std::iter::once(bytes).chain(pieces(bytes)) {
        let signed = cose::sign(Kind::Message, &peer(), payload.to_vec());
        end.frame(&Frame::Message(signed.into()).encode(), 2);
    }
}

/// The peer's hello: it has stored one message more than was known.
fn greeting() -> Vec<u8> {
    Frame::Hello(Hello { stored: CURSORS.delivered + 1, ..hello() }).encode()
}
