//! How a session opens.

use freehold_protocol::code::Code;
use freehold_protocol::frame::Frame;
use serde_json::{Value, json};

use super::{PAGE, accept, arrives, bad, good, hello, plain, script};
use crate::craft::{PERSON, VENDOR};
use crate::vector::{Vector, hex};

pub(super) fn vectors() -> Vec<Vector> {
    opening().into_iter().chain(bad_opening()).collect()
}

fn restored(stored: u64) -> Value {
    let mut said = hello(stored);
    said["restored"] = true.into();
    said
}

/// A hub's answer to a node that was restored.
fn told(stored: u64, acknowledged: u64, queued: u64) -> Value {
    let mut said = hello(stored);
    said["mailbox"] = json!({"acknowledged": acknowledged, "queued": queued});
    arrives(5, &freehold_tests::replay::frame(&json!({"hello": said})))
}

fn opening() -> Vec<Vector> {
    let newer = json!({"versions": [2, 1], "families": ["data/2", "data/1", "horoscope/1"], "stored": 0});
    let dial = json!({"do": "dial", "at": 0, "cursors": {}, "hello": {"versions": [1], "families": ["data/1"], "invitation": "00".repeat(16)}});
    let answer = arrives(5, &freehold_tests::replay::frame(&json!({"hello": hello(0)})));
    vec![
        good(
            "open",
            "session, rule 1",
            "The hub answers a hello with its own.",
            vec![accept(hello(0), json!({}))],
        ),
        good(
            "open-newer-peer",
            "session, rule 2",
            "A peer of tomorrow speaks version 1 too, and names families that nobody knows yet.",
            vec![accept(newer, json!({}))],
        ),
        good(
            "restored",
            "session, rule 25",
            "A node that was restored from a backup has lost 2 of the 3 messages that it acknowledged; sending goes on at 4.",
            vec![accept(restored(1), json!({"queued": 5, "delivered": 3, "stored": 7}))],
        ),
        script(
            Vector::accept(
                PAGE,
                "restored-dial",
                "session, rule 26",
                "A node that was restored learns how far the mailboxes have come, and ends the session.",
            ),
            PERSON,
            VENDOR,
            vec![
                json!({"do": "dial", "at": 0, "cursors": {"queued": 4, "delivered": 4, "stored": 2}, "hello": restored(0)}),
                told(7, 5, 9),
            ],
        ),
        script(
            Vector::accept(
                PAGE,
                "dial",
                "session, rule 1",
                "The node says hello at once, with the invitation's token.",
            ),
            PERSON,
            VENDOR,
            vec![dial, answer],
        ),
        good(
            "resume",
            "session, rule 3",
            "The peer holds 4 of 6: sending goes on at 5.",
            vec![accept(hello(4), json!({"queued": 6, "delivered": 2, "stored": 3}))],
        ),
        good(
            "resume-lost-acknowledgement",
            "session, rule 3",
            "What hello says counts as an acknowledgement.",
            vec![accept(hello(6), json!({"queued": 6, "delivered": 2}))],
        ),
    ]
}

fn bad_opening() -> Vec<Vector> {
    let versions = |versions: Value| json!({"versions": versions, "families": [], "stored": 0});
    let stands = || json!({"queued": 5, "delivered": 3, "stored": 0});
    let dialled = || json!({"do": "dial", "at": 0, "cursors": {}, "hello": hello(0)});
    let node = |name: &str, code: Code, rule: &str, what: &str, steps: Vec<Value>| {
        script(Vector::reject(PAGE, name, code, rule, what), PERSON, VENDOR, steps)
    };
    let first = |frame: &Frame| json!({"do": "accept", "at": 0, "cursors": {}, "hello": hello(0), "frame": hex(&frame.encode())});
    vec![
        bad(
            "version-unknown",
            Code::UnsupportedVersion,
            "session, rule 2",
            "Versions 2 and 3 alone.",
            vec![accept(versions(json!([2, 3])), json!({}))],
        ),
        bad(
            "versions-none",
            Code::UnsupportedVersion,
            "session, rule 2",
            "No version at all.",
            vec![accept(versions(json!([])), json!({}))],
        ),
        bad(
            "hello-ahead",
            Code::AheadOfSender,
            "session, rule 3",
            "It says that it holds 6 of 5.",
            vec![accept(hello(6), stands())],
        ),
        bad(
            "hello-behind",
            Code::BehindAcknowledged,
            "session, rule 3",
            "It holds 2 and had acknowledged 3.",
            vec![accept(hello(2), stands())],
        ),
        bad(
            "restored-ahead",
            Code::AheadOfSender,
            "session, rule 25",
            "A restored node, too, holds nothing that was never sent.",
            vec![accept(restored(6), stands())],
        ),
        node(
            "answer-behind-delivered",
            Code::BehindAcknowledged,
            "session, rule 26",
            "The hub of a restored node has lost what the backup knows as delivered.",
            vec![
                json!({"do": "dial", "at": 0, "cursors": {"queued": 4, "delivered": 4, "stored": 2}, "hello": restored(0)}),
                told(3, 5, 9),
            ],
        ),
        node(
            "answer-far-ahead",
            Code::AheadOfSender,
            "session, rule 26",
            "The hub of a restored node says that its mailbox has gone on by more than 2^40.",
            vec![
                json!({"do": "dial", "at": 0, "cursors": {}, "hello": restored(0)}),
                told(7, 5, (1 << 40) + 1),
            ],
        ),
        bad(
            "message-before-hello",
            Code::UnexpectedFrame,
            "session, rule 4",
            "A message comes before any hello.",
            vec![first(&plain(1))],
        ),
        node(
            "ack-before-hello",
            Code::UnexpectedFrame,
            "session, rule 4",
            "An acknowledgement comes in the place of the hub's hello.",
            vec![dialled(), arrives(1, &Frame::Ack { stored: 0 })],
        ),
        node(
            "no-hello",
            Code::Timeout,
            "session, rule 1",
            "The hub says nothing for ten seconds.",
            vec![dialled(), json!({"do": "timeout", "at": 9_999}), json!({"do": "timeout", "at": 10_000})],
        ),
        bad(
            "hello-twice",
            Code::UnexpectedFrame,
            "session, rule 4",
            "A second hello.",
            vec![
                accept(hello(0), json!({})),
                arrives(1, &freehold_tests::replay::frame(&json!({"hello": hello(0)}))),
            ],
        ),
    ]
}
