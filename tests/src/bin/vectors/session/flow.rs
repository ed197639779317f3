//! What flows.

use freehold_protocol::code::Code;
use freehold_protocol::frame::Frame;
use serde_json::{Value, json};

use super::{accept, arrives, bad, good, hello, message, plain, signed};
use crate::craft::{PERSON, STRANGER, did, key, time};
use crate::mailbox::written;
use crate::vector::Vector;
use freehold_protocol::message::SignedMessage;

pub(super) fn vectors() -> Vec<Vector> {
    flow().into_iter().chain(bad_flow()).collect()
}

fn flow() -> Vec<Vector> {
    let open = || accept(hello(0), json!({"stored": 3}));
    let committed = |at: u64, seq: u64| json!({"do": "committed", "at": at, "seq": seq});
    let queue = |at: u64, seq: u64| json!({"do": "queued", "at": at, "seq": seq});
    let own = |seq: u64| written(&message(seq, |m| m.to = did(PERSON)));
    let send = |at: u64, seq: u64| json!({"do": "send", "at": at, "message": own(seq)});
    let mut window = vec![accept(hello(0), json!({})), queue(0, 34)];
    window.extend((1..=32).map(|seq| send(1, seq)));
    window.push(arrives(2, &Frame::Ack { stored: 1 }));
    window.push(send(3, 33));
    let dated = |seq: u64, at: &str| arrives(seq, &signed(&message(seq, |m| m.at = time(at)), PERSON));
    vec![
        good(
            "acknowledged-when-stored",
            "session, rule 7",
            "Two messages arrive; one acknowledgement follows when they are on disk.",
            vec![open(), arrives(1, &plain(4)), arrives(2, &plain(5)), committed(3, 5)],
        ),
        good(
            "replayed-message",
            "session, rule 6",
            "A message that is stored comes again: acknowledged again, and dropped.",
            vec![open(), arrives(1, &plain(2)), arrives(2, &plain(3))],
        ),
        good(
            "repeated-while-storing",
            "session, rule 6",
            "A message that is being stored comes again: dropped, and acknowledged once.",
            vec![open(), arrives(1, &plain(4)), arrives(2, &plain(4)), committed(3, 4)],
        ),
        good(
            "back-and-future-dated",
            "mailbox, Security considerations",
            "Dates are never judged.",
            vec![open(), dated(4, "1970-01-01T00:00:00Z"), dated(5, "2999-12-31T23:59:00Z")],
        ),
        good(
            "window-of-32",
            "session, rule 5",
            "32 messages are under way; the 33rd goes when the first is acknowledged.",
            window,
        ),
        good(
            "acknowledged-again",
            "session, rule 8",
            "An acknowledgement of what was acknowledged before changes nothing.",
            vec![
                accept(hello(2), json!({"queued": 2, "delivered": 2})),
                arrives(1, &Frame::Ack { stored: 1 }),
            ],
        ),
        good(
            "wait-begins-with-the-first",
            "session, rule 10",
            "The wait for an acknowledgement begins when something is under way.",
            vec![
                accept(hello(0), json!({})),
                queue(500, 1),
                send(700, 1),
                json!({"do": "timeout", "at": 10_699}),
                arrives(10_699, &Frame::Ack { stored: 1 }),
            ],
        ),
    ]
}

fn bad_flow() -> Vec<Vector> {
    let open = || accept(hello(0), json!({"stored": 3}));
    let one = |name: &str, code: Code, rule: &str, what: &str, frame: &Frame| {
        bad(name, code, rule, what, vec![open(), arrives(1, frame)])
    };
    let mut flood = vec![open()];
    flood.extend((4..=36).map(|seq| arrives(seq, &plain(seq))));
    let sent = [
        accept(hello(0), json!({})),
        json!({"do": "queued", "at": 0, "seq": 1}),
        json!({"do": "send", "at": 100, "message": written(&message(1, |m| m.to = did(PERSON)))}),
    ];
    let with = |last: Value| sent.iter().cloned().chain([last]).collect::<Vec<_>>();
    let tampered = {
        let mut bytes = SignedMessage::sign(&message(4, |_| {}), &key(PERSON)).into_bytes();
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        Frame::Message(bytes)
    };
    vec![
        one("sequence-gap", Code::SequenceGap, "session, rule 6", "5 after 3.", &plain(5)),
        one("sequence-zero", Code::SequenceGap, "mailbox, rule 6", "Sequences begin with 1.", &plain(0)),
        bad("window-flood", Code::Flood, "session, rule 6", "33 messages, and none is stored yet.", flood),
        one(
            "ack-ahead",
            Code::AheadOfSender,
            "session, rule 8",
            "An acknowledgement of what was never sent.",
            &Frame::Ack { stored: 1 },
        ),
        bad(
            "ack-ahead-of-sent",
            Code::AheadOfSender,
            "session, rule 8",
            "One more than was sent.",
            with(arrives(101, &Frame::Ack { stored: 2 })),
        ),
        bad(
            "no-acknowledgement",
            Code::Timeout,
            "session, rule 10",
            "Nothing is acknowledged for ten seconds.",
            with(json!({"do": "timeout", "at": 10_100})),
        ),
        one(
            "signed-by-another",
            Code::WrongSigner,
            "mailbox, rule 6",
            "A message that the peer did not sign.",
            &signed(&message(4, |_| {}), STRANGER),
        ),
        one(
            "signature-broken",
            Code::BadSignature,
            "mailbox, rule 6",
            "The last bit of the signature.",
            &tampered,
        ),
        one(
            "audience-of-another",
            Code::WrongAudience,
            "mailbox, rule 6",
            "A message for another vendor.",
            &signed(&message(4, |m| m.to = did(STRANGER)), PERSON),
        ),
        one(
            "unknown-critical",
            Code::UnknownCritical,
            "mailbox, rule 6",
            "A member that must be known, and is not.",
            &signed(&message(4, |m| m.crit = vec!["later".into()]), PERSON),
        ),
        one(
            "message-is-no-cose",
            Code::Malformed,
            "mailbox, rule 6",
            "A frame of a message that holds none.",
            &Frame::Message(vec![0xa0].into()),
        ),
        bad(
            "frame-malformed",
            Code::Malformed,
            "session, rule 11",
            "A frame that does not decode.",
            vec![open(), json!({"do": "frame", "at": 1, "frame": "a1"})],
        ),
    ]
}
