//! `specs/mailbox.md`: an entry of an outgoing mailbox, as the session sees it.

use std::collections::BTreeSet;

use freehold_protocol::code::Code;
use freehold_protocol::frame::Frame;
use freehold_protocol::mailbox::Cursors;
use freehold_protocol::session::{Output, Session};
use freehold_protocol::time::Moment;

use super::session::{dialled, hello, own, peer, signed};
use super::{arrow, compare};

/// The entry is the first and only one.
const QUEUED: Cursors = Cursors { queued: 1, delivered: 0, stored: 0 };

/// A session after the peer's hello, and what it put out.
fn opened(cursors: Cursors, stored: u64) -> (Session, Vec<Output>) {
    let mut session = dialled(cursors);
    session.handle_frame(&Frame::Hello(hello(stored)).encode(), Moment(1));
    let outputs = std::iter::from_fn(|| session.poll_output()).collect();
    (session, outputs)
}

/// Where the entry is for one session: the machine asks for what is queued, and says what was delivered.
fn state(session: &Session, sent: bool) -> &'static str {
    match (session.cursors().delivered, sent && !session.is_over()) {
        (1, _) => "delivered",
        (_, true) => "sent",
        (_, false) => "queued",
    }
}

fn sent() -> Session {
    let (mut session, outputs) = opened(QUEUED, 0);
    assert!(outputs.contains(&Output::Compose(1)), "what is queued is asked for");
    session.send(signed(1, &own(), &peer()), Moment(1));
    let wrote = std::iter::from_fn(|| session.poll_output()).any(|o| matches!(o, Output::Transmit(_)));
    assert!(wrote, "it goes to the wire");
    session
}

#[test]
fn an_entry_goes_where_the_page_draws_it() {
    let mut done = BTreeSet::new();
    done.insert(arrow("queued", "send", state(&sent(), true)));

    let mut session = sent();
    session.handle_frame(&Frame::Ack { stored: 1 }.encode(), Moment(2));
    done.insert(arrow("sent", "ack", state(&session, true)));

    let mut session = sent();
    session.close(Code::ShuttingDown);
    done.insert(arrow("sent", "over", state(&session, true)));
    let (_, outputs) = opened(session.cursors(), 0);
    assert!(outputs.contains(&Output::Compose(1)), "the next session sends it again");

    let (session, outputs) = opened(QUEUED, 1);
    assert!(!outputs.contains(&Output::Compose(1)) && outputs.contains(&Output::Delivered(1)));
    done.insert(arrow("queued", "hello", state(&session, false)));
    compare("mailbox.md", "entry", done);
}
