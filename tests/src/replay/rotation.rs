//! The steps of a rotation.

use freehold_protocol::code::Code;
use freehold_protocol::document::Rotation;
use freehold_protocol::frame::Frame;
use serde_json::{Value, json};

use super::End;
use super::parts::{did, digits, hex, signing_key, text};

impl End {
    /// `seed`: this end uses another key from its next session on.
    pub(super) fn rekey(&mut self, step: &Value) -> Vec<Value> {
        self.key = signing_key(step, "seed");
        Vec::new()
    }

    /// `frame`, `code`: before there is a session, a hello is answered with a goodbye.
    pub(super) fn turn_away(step: &Value) -> Vec<Value> {
        let code = step["code"].as_u64().and_then(|code| u16::try_from(code).ok()).expect("a code");
        vec![json!({"transmit": digits(&Frame::bye(Code::from(code)).encode())})]
    }

    /// The hub gets a statement in `document`; it knows the person as `person` and holds the commitment `committed`.
    /// The session goes on under the old key.
    pub(super) fn take_rotation(&mut self, step: &Value) -> Vec<Value> {
        let committed = hex(step, "committed");
        let taken = Rotation::read(text(step, "document").as_bytes()).and_then(|statement| {
            statement.check_step(&did(step, "person"), &self.own_did(), Some(&committed))
        });
        match taken {
            Ok((key, commitment)) => {
                self.peer = key;
                vec![json!({"rotated": {"did": key.did(), "commitment": digits(&commitment)}})]
            }
            Err(code) => vec![json!({"refused": code.number()})],
        }
    }
}
