//! From JSON to the protocol's types and back.

use freehold_protocol::code::Code;
use freehold_protocol::frame::{Frame, Hello, Outgoing};
use freehold_protocol::id::MessageId;
use freehold_protocol::identity::{Did, PublicKey, SigningKey};
use freehold_protocol::message::{Message, MessageType};
use freehold_protocol::time::Timestamp;
use serde_json::{Value, json};

use crate::vectors::unhex;

/// A member that is a text.
///
/// # Panics
/// When it is none; so do the others here.
#[must_use]
pub fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("`{name}` is no text in {value}"))
}

/// A member that is a number.
#[must_use]
pub fn number(value: &Value, name: &str) -> u64 {
    value[name].as_u64().unwrap_or_else(|| panic!("`{name}` is no number in {value}"))
}

/// A member that is bytes in hexadecimal.
#[must_use]
pub fn hex(value: &Value, name: &str) -> Vec<u8> {
    unhex(text(value, name))
}

/// A member of 32 bytes.
#[must_use]
pub fn unhex_32(value: &Value, name: &str) -> [u8; 32] {
    hex(value, name).try_into().unwrap_or_else(|_| panic!("`{name}` has not 32 bytes"))
}

/// A member that is a public key in hexadecimal.
#[must_use]
pub fn key(value: &Value, name: &str) -> PublicKey {
    PublicKey::from_bytes(&unhex_32(value, name)).unwrap_or_else(|e| panic!("`{name}`: {e}"))
}

/// A member that is the seed of a key.
#[must_use]
pub fn signing_key(value: &Value, name: &str) -> SigningKey {
    SigningKey::from_seed(&unhex_32(value, name))
}

/// A member that is a DID.
#[must_use]
pub fn did(value: &Value, name: &str) -> Did {
    Did::parse(text(value, name)).unwrap_or_else(|e| panic!("`{name}`: {e}"))
}

/// Bytes as hexadecimal digits.
#[must_use]
pub(super) fn digits(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn id(text: &str) -> MessageId {
    MessageId::from_entropy(unhex(text).try_into().expect("a message id has 16 bytes"))
}

/// A message as the vectors write it: id, thread and body in hexadecimal.
#[must_use]
pub fn message(value: &Value) -> Message {
    let critical = value["crit"].as_array().into_iter().flatten();
    Message {
        seq: number(value, "seq"),
        id: id(text(value, "id")),
        kind: MessageType::parse(text(value, "type")).expect("a message type"),
        thread: value["thread"].as_str().map(id),
        at: Timestamp::from_millis(number(value, "at")),
        to: did(value, "to"),
        body: hex(value, "body"),
        crit: critical.map(|name| name.as_str().unwrap_or_default().to_owned()).collect(),
    }
}

/// A message in the same form.
pub(super) fn message_said(message: &Message) -> Value {
    let mut said = json!({
        "seq": message.seq,
        "id": message.id.to_string(),
        "type": message.kind.as_str(),
        "at": message.at.millis(),
        "to": message.to,
        "body": digits(&message.body),
    });
    if let Some(thread) = &message.thread {
        said["thread"] = thread.to_string().into();
    }
    said
}

/// A hello as the vectors write it; what is absent is empty.
#[must_use]
pub fn hello(value: &Value) -> Hello {
    let list = |name: &str| value[name].as_array().into_iter().flatten();
    Hello {
        versions: list("versions")
            .map(|v| u16::try_from(v.as_u64().unwrap_or(0)).expect("a version"))
            .collect(),
        families: list("families").map(|f| f.as_str().unwrap_or_default().to_owned()).collect(),
        stored: value["stored"].as_u64().unwrap_or(0),
        invitation: value["invitation"].as_str().map(|token| unhex(token).into()),
        check_in_secs: value["checkInSecs"].as_u64().map(|secs| u32::try_from(secs).expect("32 bits")),
        last: value["last"].as_str().map(id),
        restored: value["restored"].as_bool().unwrap_or(false),
        mailbox: value.get("mailbox").map(|mailbox| Outgoing {
            acknowledged: number(mailbox, "acknowledged"),
            queued: number(mailbox, "queued"),
        }),
    }
}

/// A hello in the same form.
pub(super) fn hello_said(hello: &Hello) -> Value {
    let mut said = json!({"versions": hello.versions, "families": hello.families, "stored": hello.stored});
    if let Some(token) = &hello.invitation {
        said["invitation"] = digits(token).into();
    }
    if let Some(secs) = hello.check_in_secs {
        said["checkInSecs"] = secs.into();
    }
    if let Some(last) = &hello.last {
        said["last"] = last.to_string().into();
    }
    if hello.restored {
        said["restored"] = true.into();
    }
    if let Some(Outgoing { acknowledged, queued }) = hello.mailbox {
        said["mailbox"] = json!({"acknowledged": acknowledged, "queued": queued});
    }
    said
}

/// A frame as the vectors write it.
#[must_use]
pub fn frame(value: &Value) -> Frame {
    let (name, inner) = value.as_object().and_then(|map| map.iter().next()).expect("a frame has one member");
    match name.as_str() {
        "hello" => Frame::Hello(hello(inner)),
        "message" => Frame::Message(hex(value, "message").into()),
        "ack" => Frame::Ack { stored: number(inner, "stored") },
        "bye" => Frame::bye(Code::from(u16::try_from(number(inner, "code")).expect("a code has 16 bits"))),
        other => panic!("no such frame: {other}"),
    }
}
