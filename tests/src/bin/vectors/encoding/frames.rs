//! Frames in the one form, and the lengths before them.

use freehold_protocol::code::Code;
use freehold_protocol::frame::{Frame, Hello, Outgoing};
use freehold_protocol::id::MessageId;
use serde_json::{Value, json};

use super::PAGE;
use crate::craft::{head, text_string};
use crate::vector::{Vector, hex};

pub(super) fn vectors() -> Vec<Vector> {
    good_frames().into_iter().chain(prefixes()).collect()
}

fn hello() -> Hello {
    Hello {
        versions: vec![1],
        families: vec!["connect/1".into(), "data/1".into()],
        stored: 0,
        invitation: None,
        check_in_secs: None,
        last: None,
        restored: false,
        mailbox: None,
    }
}

fn good_frames() -> Vec<Vector> {
    let unknown = [
        head(5, 1),
        text_string("ack"),
        head(5, 2),
        text_string("later"),
        head(7, 21),
        text_string("stored"),
        vec![7],
    ]
    .concat();
    let nested = [
        head(5, 1),
        text_string("ack"),
        head(5, 2),
        text_string("later"),
        vec![0x81; 13],
        vec![0x80],
        text_string("stored"),
        vec![7],
    ]
    .concat();
    let token: Vec<u8> = (0..16).collect();
    let full = Hello {
        invitation: Some(token.clone().into()),
        check_in_secs: Some(3_600),
        stored: 12,
        last: Some(MessageId::from_entropy([0x12; 16])),
        ..hello()
    };
    let restored = Hello { restored: true, stored: 3, ..hello() };
    let to_restored = Hello { mailbox: Some(Outgoing { acknowledged: 5, queued: 9 }), ..hello() };
    let frame = |name: &str, frame: Frame, said: Value, what: &str| {
        let bytes = frame.encode();
        let prefixed = [(bytes.len() as u32).to_be_bytes().to_vec(), bytes.clone()].concat();
        Vector::accept(PAGE, name, "encoding, rule 1", what)
            .input("frame", json!({"frame": said}))
            .steps(json!({"bytes": hex(&bytes), "prefixed": hex(&prefixed)}))
    };
    let bytes = |name: &str, bytes: &[u8], said: Value, rule: &str, what: &str| {
        Vector::accept(PAGE, name, rule, what)
            .input("frame", json!({"bytes": hex(bytes)}))
            .steps(json!({"frame": said}))
    };
    let acknowledged = json!({"ack": {"stored": 7}});
    vec![
        frame("ack", Frame::Ack { stored: 7 }, acknowledged.clone(), "An acknowledgement, as on the page."),
        frame(
            "ack-largest",
            Frame::Ack { stored: (1 << 53) - 1 },
            json!({"ack": {"stored": (1u64 << 53) - 1}}),
            "An integer of eight bytes.",
        ),
        frame("bye", Frame::bye(Code::ShuttingDown), json!({"bye": {"code": 304}}), "A goodbye."),
        frame(
            "bye-unknown-code",
            Frame::bye(Code::Unknown(999)),
            json!({"bye": {"code": 999}}),
            "A code that nobody knows yet is kept as it came.",
        ),
        frame(
            "hello",
            Frame::Hello(hello()),
            json!({"hello": {"versions": [1], "families": ["connect/1", "data/1"], "stored": 0}}),
            "A hello without its optional members.",
        ),
        frame(
            "hello-full",
            Frame::Hello(full),
            json!({"hello": {"versions": [1], "families": ["connect/1", "data/1"], "stored": 12,
                "invitation": hex(&token), "checkInSecs": 3_600, "last": "12".repeat(16)}}),
            "A hello with every member of a first session.",
        ),
        frame(
            "hello-restored",
            Frame::Hello(restored),
            json!({"hello": {"versions": [1], "families": ["connect/1", "data/1"], "stored": 3, "restored": true}}),
            "The hello of a node whose home comes from a backup.",
        ),
        frame(
            "hello-to-restored",
            Frame::Hello(to_restored),
            json!({"hello": {"versions": [1], "families": ["connect/1", "data/1"], "stored": 0,
                "mailbox": {"acknowledged": 5, "queued": 9}}}),
            "The answer to it.",
        ),
        frame(
            "message",
            Frame::Message(vec![1, 2, 3].into()),
            json!({"message": "010203"}),
            "A message is a byte string; what it holds is judged later.",
        ),
        bytes(
            "unknown-member",
            &unknown,
            acknowledged.clone(),
            "encoding, rule 3",
            "A member that nobody knows yet is ignored.",
        ),
        bytes("nesting-16", &nested, acknowledged, "encoding, rule 2", "Sixteen levels are taken."),
    ]
}

/// What is announced before a frame. The bytes themselves are not stored.
fn prefixes() -> Vec<Vector> {
    let refused = |name: &str, prefix: &str, code: Code, what: &str| {
        Vector::reject(PAGE, name, code, "encoding, Frames in a stream", what)
            .input("prefix", json!({"prefix": prefix}))
    };
    vec![
        refused(
            "oversize-frame",
            "00040001",
            Code::TooLarge,
            "One byte more than a frame may have: the stream ends before anything is allocated.",
        ),
        refused("empty-frame", "00000000", Code::Malformed, "A frame of no bytes: the stream ends."),
    ]
}
