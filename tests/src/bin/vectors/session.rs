//! `specs/session.md`: what one end does with what the other sends.

mod ends;
mod flow;
mod opening;

use freehold_protocol::code::Code;
use freehold_protocol::frame::Frame;
use freehold_protocol::id::MessageId;
use freehold_protocol::message::{Message, MessageType, SignedMessage};
use freehold_tests::replay::End;
use serde_json::{Value, json};

use crate::craft::{MADE, PERSON, VENDOR, did, key, seed_hex, time};
use crate::vector::{Vector, hex};

const PAGE: &str = "session";

pub(super) fn vectors() -> Vec<Vector> {
    [opening::vectors(), flow::vectors(), ends::vectors()].into_iter().flatten().collect()
}

fn hello(stored: u64) -> Value {
    json!({"versions": [1], "families": ["connect/1", "data/1"], "stored": stored})
}

fn frame_of(said: &Value) -> String {
    hex(&freehold_tests::replay::frame(said).encode())
}

/// The hub reads the dialler's hello with its mailboxes standing so.
fn accept(theirs: Value, cursors: Value) -> Value {
    json!({"do": "accept", "at": 0, "cursors": cursors, "hello": hello(0), "frame": frame_of(&json!({"hello": theirs}))})
}

fn arrives(at: u64, frame: &Frame) -> Value {
    json!({"do": "frame", "at": at, "frame": hex(&frame.encode())})
}

fn message(seq: u64, change: impl FnOnce(&mut Message)) -> Message {
    let mut message = Message {
        seq,
        id: MessageId::from_entropy([seq as u8; 16]),
        kind: MessageType::parse("data/1/update").expect("a type"),
        thread: None,
        at: time(MADE),
        to: did(VENDOR),
        body: vec![0xa0],
        crit: Vec::new(),
    };
    change(&mut message);
    message
}

fn signed(message: &Message, by: u8) -> Frame {
    Frame::Message(SignedMessage::sign(message, &key(by)).into_bytes())
}

fn plain(seq: u64) -> Frame {
    signed(&message(seq, |_| {}), PERSON)
}

/// One end with a script; what comes out is recorded.
fn script(vector: Vector, by: u8, peer: u8, steps: Vec<Value>) -> Vector {
    let mut end = End::new(key(by), key(peer).public());
    let outcomes: Vec<Value> = steps.iter().map(|step| end.apply(step)).collect();
    vector
        .input(
            "session",
            json!({"seed": seed_hex(by), "peer": hex(key(peer).public().as_bytes()), "script": steps}),
        )
        .steps(json!({"outcomes": outcomes}))
}

fn good(name: &str, rule: &str, what: &str, steps: Vec<Value>) -> Vector {
    script(Vector::accept(PAGE, name, rule, what), VENDOR, PERSON, steps)
}

fn bad(name: &str, code: Code, rule: &str, what: &str, steps: Vec<Value>) -> Vector {
    script(Vector::reject(PAGE, name, code, rule, what), VENDOR, PERSON, steps)
}
