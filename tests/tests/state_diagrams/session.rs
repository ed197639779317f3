//! `specs/session.md`: the session.

use std::collections::BTreeSet;

use freehold_protocol::code::Code;
use freehold_protocol::frame::{Frame, Hello, VERSIONS};
use freehold_protocol::id::MessageId;
use freehold_protocol::identity::SigningKey;
use freehold_protocol::limits::{ACK_TIMEOUT, HELLO_TIMEOUT, WINDOW};
use freehold_protocol::mailbox::Cursors;
use freehold_protocol::message::{Message, MessageType, SignedMessage};
use freehold_protocol::session::{Parties, Session};
use freehold_protocol::time::{Moment, Timestamp};

use super::{arrow, compare};

const INPUTS: [&str; 19] = [
    "hello",
    "hello-restored",
    "hello-foreign",
    "hello-ahead",
    "hello-behind",
    "message",
    "message-again",
    "message-gap",
    "message-flood",
    "message-refused",
    "ack",
    "ack-ahead",
    "bye",
    "frame-malformed",
    "queued",
    "sent",
    "stored",
    "timeout",
    "close",
];

/// Five queued, two acknowledged, three of the peer's stored.
const CURSORS: Cursors = Cursors { queued: 5, delivered: 2, stored: 3 };

pub(crate) fn own() -> SigningKey {
    SigningKey::from_seed(&[1; 32])
}

pub(crate) fn peer() -> SigningKey {
    SigningKey::from_seed(&[2; 32])
}

pub(crate) fn hello(stored: u64) -> Hello {
    let (versions, families) = (VERSIONS.to_vec(), Vec::new());
    Hello {
        versions,
        families,
        stored,
        invitation: None,
        check_in_secs: None,
        last: None,
        restored: false,
        mailbox: None,
    }
}

pub(crate) fn dialled(cursors: Cursors) -> Session {
    let parties = Parties { own: own().public().did(), peer: peer().public() };
    Session::dial(parties, cursors, hello(0), Moment(0))
}

pub(crate) fn signed(seq: u64, from: &SigningKey, to: &SigningKey) -> SignedMessage {
    let message = Message {
        seq,
        id: MessageId::from_entropy([9; 16]),
        kind: MessageType::parse("data/1/update").unwrap(),
        thread: None,
        at: Timestamp::default(),
        to: to.public().did(),
        body: vec![0xa0],
        crit: Vec::new(),
    };
    SignedMessage::sign(&message, from)
}

fn state(session: &Session) -> &'static str {
    match (session.is_over(), session.is_open()) {
        (true, _) => "Over",
        (false, true) => "Open",
        (false, false) => "AwaitHello",
    }
}

fn take(session: &mut Session, frame: &Frame) {
    session.handle_frame(&frame.encode(), Moment(1));
    while session.poll_output().is_some() {}
}

fn message(seq: u64, from: &SigningKey) -> Frame {
    Frame::Message(signed(seq, from, &own()).into_bytes())
}

fn give(session: &mut Session, input: &str) {
    let frame = match input {
        "hello" => Frame::Hello(hello(4)),
        "hello-restored" => Frame::Hello(Hello { restored: true, ..hello(0) }),
        "hello-foreign" => Frame::Hello(Hello { versions: vec![9], ..hello(4) }),
        "hello-ahead" => Frame::Hello(hello(CURSORS.queued + 1)),
        "hello-behind" => Frame::Hello(hello(CURSORS.delivered - 1)),
        "message" => message(CURSORS.stored + 1, &peer()),
        "message-again" => message(CURSORS.stored, &peer()),
        "message-gap" => message(CURSORS.stored + 2, &peer()),
        "message-flood" => {
            if session.is_open() {
                (1..=WINDOW).for_each(|n| take(session, &message(CURSORS.stored + n, &peer())));
                assert!(session.is_open(), "a window is no flood");
            }
            message(CURSORS.stored + WINDOW + 1, &peer())
        }
        "message-refused" => message(CURSORS.stored + 1, &SigningKey::from_seed(&[7; 32])),
        "ack" => Frame::Ack { stored: 4 },
        "ack-ahead" => Frame::Ack { stored: CURSORS.queued + 9 },
        "bye" => Frame::bye(Code::ShuttingDown),
        "frame-malformed" => return session.handle_frame(b"\xff", Moment(1)),
        "queued" => return session.queued(CURSORS.queued + 1),
        "sent" => return session.send(signed(5, &own(), &peer()), Moment(1)),
        "stored" => return session.committed(CURSORS.stored),
        "timeout" => {
            session.send(signed(5, &own(), &peer()), Moment(1));
            return session.handle_timeout(Moment(2).after(HELLO_TIMEOUT.max(ACK_TIMEOUT)));
        }
        "close" => return session.close(Code::ShuttingDown),
        other => panic!("{other}"),
    };
    take(session, &frame);
}

#[test]
fn a_session_goes_where_the_page_draws_it() {
    let mut done = BTreeSet::new();
    for from in ["AwaitHello", "Open"] {
        for input in INPUTS {
            let mut session = dialled(CURSORS);
            if from == "Open" {
                take(&mut session, &Frame::Hello(hello(4)));
            }
            assert_eq!(state(&session), from);
            give(&mut session, input);
            done.insert(arrow(from, input, state(&session)));
        }
    }
    compare("session.md", "session", done);
}

#[test]
fn nothing_leads_out_of_a_session_that_is_over() {
    for input in INPUTS {
        let mut session = dialled(CURSORS);
        session.close(Code::ShuttingDown);
        give(&mut session, input);
        assert_eq!(state(&session), "Over", "{input}");
    }
}
