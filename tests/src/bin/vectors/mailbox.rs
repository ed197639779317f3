//! `specs/mailbox.md`: messages.

mod payloads;

use freehold_protocol::code::Code;
use freehold_protocol::connect::Introduction;
use freehold_protocol::cose::Kind;
use freehold_protocol::id::MessageId;
use freehold_protocol::message::{Message, MessageType, SignedMessage};
use serde_json::{Value, json};

use crate::craft::{Cose, MADE, PERSON, STRANGER, VENDOR, did, key, key_hex, message_frame, seed_hex, time};
use crate::vector::{Vector, hex};

const PAGE: &str = "mailbox";

pub(super) fn vectors() -> Vec<Vector> {
    [good(), bad(), payloads::vectors(), types()].into_iter().flatten().collect()
}

/// The introduction whose bytes stand on the page.
fn introduction() -> Message {
    Message {
        seq: 1,
        id: MessageId::from_entropy([0x11; 16]),
        kind: MessageType::parse("connect/1/introduction").expect("a type"),
        thread: None,
        at: time(MADE),
        to: did(VENDOR),
        body: freehold_protocol::cbor::encode(&Introduction::new(None, &key(3).public())),
        crit: Vec::new(),
    }
}

/// A message as these vectors write it.
pub(crate) fn written(message: &Message) -> Value {
    let mut value = json!({
        "seq": message.seq,
        "id": message.id.to_string(),
        "type": message.kind.as_str(),
        "at": message.at.millis(),
        "to": message.to,
        "body": hex(&message.body),
    });
    if let Some(thread) = &message.thread {
        value["thread"] = thread.to_string().into();
    }
    if !message.crit.is_empty() {
        value["crit"] = json!(message.crit);
    }
    value
}

fn good() -> Vec<Vector> {
    let case = |name: &str, rule: &str, what: &str, message: Message| {
        let signed = SignedMessage::sign(&message, &key(PERSON)).into_bytes().into_vec();
        let payload = freehold_protocol::cbor::encode(&message);
        let parts = Cose::new(Kind::Message, &key(PERSON).public(), payload);
        assert_eq!(parts.sign(&key(PERSON)), signed, "the page's form");
        let mut steps = parts.steps(&signed[signed.len() - 64..]);
        steps["cose"] = hex(&signed).into();
        steps["frame"] = hex(&message_frame(&signed)).into();
        Vector::accept(PAGE, name, rule, what)
            .input(
                "message",
                json!({"seed": seed_hex(PERSON), "message": written(&message), "peer": key_hex(PERSON), "own": did(VENDOR)}),
            )
            .steps(steps)
    };
    let judged = "mailbox, Security considerations";
    let kind = |text: &str| MessageType::parse(text).expect("a type");
    vec![
        case(
            "introduction",
            "mailbox, Data",
            "The introduction whose bytes stand on the page.",
            introduction(),
        ),
        case(
            "with-thread",
            "mailbox, Data",
            "A message that answers another.",
            Message { thread: Some(MessageId::from_entropy([0x22; 16])), seq: 2, ..introduction() },
        ),
        case(
            "back-dated",
            judged,
            "Dated 1970: no message is judged by its date.",
            Message { at: time("1970-01-01T00:00:00Z"), ..introduction() },
        ),
        case(
            "future-dated",
            judged,
            "Dated 2999: no message is judged by its date.",
            Message { at: time("2999-12-31T23:59:00Z"), ..introduction() },
        ),
        case(
            "unknown-type",
            "mailbox, rule 8",
            "A type that nobody knows yet: the message is kept, and answered with 307.",
            Message { kind: kind("horoscope/2/reading"), ..introduction() },
        ),
        case(
            "empty-body",
            "mailbox, Data",
            "No body at all; its family judges it.",
            Message { body: Vec::new(), ..introduction() },
        ),
        case(
            "sequence-largest",
            "mailbox, Data",
            "A sequence of eight bytes.",
            Message { seq: (1 << 53) - 1, ..introduction() },
        ),
    ]
}

fn refused(name: &str, code: Code, rule: &str, what: &str, cose: &[u8]) -> Vector {
    Vector::reject(PAGE, name, code, rule, what)
        .input("message", json!({"cose": hex(cose), "peer": key_hex(PERSON), "own": did(VENDOR)}))
}

fn bad() -> Vec<Vector> {
    let case = |name, code, what, by: u8, message: Message| {
        let signed = SignedMessage::sign(&message, &key(by)).into_bytes().into_vec();
        let parts = Cose::new(Kind::Message, &key(by).public(), freehold_protocol::cbor::encode(&message));
        refused(name, code, "mailbox, rule 6", what, &signed).steps(parts.steps(&signed[signed.len() - 64..]))
    };
    vec![
        case(
            "audience-of-another",
            Code::WrongAudience,
            "Well signed, and for another vendor.",
            PERSON,
            Message { to: did(STRANGER), ..introduction() },
        ),
        case(
            "audience-is-the-sender",
            Code::WrongAudience,
            "Addressed to the sender itself: a message of the other direction, sent back.",
            PERSON,
            Message { to: did(PERSON), ..introduction() },
        ),
        case(
            "signed-by-another",
            Code::WrongSigner,
            "Signed under a key that is not the peer's.",
            STRANGER,
            introduction(),
        ),
        case(
            "unknown-critical",
            Code::UnknownCritical,
            "It names a member that a receiver must know, and nobody does.",
            PERSON,
            Message { crit: vec!["later".into()], ..introduction() },
        ),
        case(
            "critical-known-member",
            Code::UnknownCritical,
            "Version 1 defines no critical member, not even those that it has.",
            PERSON,
            Message { crit: vec!["thread".into()], ..introduction() },
        ),
        case(
            "sequence-zero",
            Code::SequenceGap,
            "Sequences begin with 1.",
            PERSON,
            Message { seq: 0, ..introduction() },
        ),
        case(
            "audience-before-critical",
            Code::WrongAudience,
            "Two things are wrong: the first rule answers.",
            PERSON,
            Message { to: did(STRANGER), crit: vec!["later".into()], ..introduction() },
        ),
        oversize(),
    ]
}

/// A body of one byte too many. The body is not stored: it is so many zeros.
fn oversize() -> Vector {
    let length = freehold_protocol::limits::BODY_BYTES_MAX + 1;
    Vector::reject(PAGE, "oversize-body", Code::TooLarge, "mailbox, rule 6", "A body of 61,441 zeros; they are not stored here.")
        .input(
            "oversizeMessage",
            json!({"seed": seed_hex(PERSON), "bodyZeros": length, "message": written(&Message { body: Vec::new(), ..introduction() }), "own": did(VENDOR), "peer": key_hex(PERSON)}),
        )
}

fn types() -> Vec<Vector> {
    let rule = "mailbox, Data";
    let long = format!("data/1/{}", "a".repeat(58));
    let bad: [(&str, &str, &str); 8] = [
        ("type-upper-case", "Data/1/update", "Upper case."),
        ("type-version-no-number", "data/one/update", "The middle word has digits only."),
        ("type-empty-word", "data/1/", "An empty word."),
        ("type-four-words", "data/1/update/2", "Four words."),
        ("type-underscore", "data/1/up_date", "An underscore."),
        ("type-blank", "data/1/update ", "A blank."),
        ("type-homograph", "d\u{430}ta/1/update", "A Cyrillic letter that looks like `a`."),
        ("type-too-long", &long, "65 bytes."),
    ];
    let refused = bad.into_iter().map(|(name, text, what)| {
        Vector::reject(PAGE, name, Code::Malformed, rule, what).input("type", json!({"text": text}))
    });
    let longest =
        Vector::accept(PAGE, "type-longest", rule, "64 bytes.").input("type", json!({"text": &long[..64]}));
    refused.chain([longest]).collect()
}
