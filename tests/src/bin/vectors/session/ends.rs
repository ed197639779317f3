//! How a session ends.

use freehold_protocol::code::Code;
use freehold_protocol::frame::Frame;
use serde_json::json;

use super::{accept, arrives, good, hello, plain};
use crate::vector::Vector;

pub(super) fn vectors() -> Vec<Vector> {
    let open = || accept(hello(0), json!({}));
    vec![
        good(
            "bye",
            "session, rule 11",
            "The peer says goodbye; after it nothing is taken.",
            vec![open(), arrives(1, &Frame::bye(Code::ShuttingDown)), arrives(2, &plain(1))],
        ),
        good(
            "bye-unknown-code",
            "numbers, Codes",
            "A goodbye with a code that nobody knows yet.",
            vec![open(), arrives(1, &Frame::bye(Code::Unknown(999)))],
        ),
        good(
            "shutting-down",
            "session, rule 13",
            "This side stops.",
            vec![open(), json!({"do": "close", "at": 1, "code": 304}), arrives(2, &plain(1))],
        ),
        good(
            "replaced",
            "session, rule 12",
            "The peer opened a newer session.",
            vec![open(), json!({"do": "close", "at": 1, "code": 308})],
        ),
    ]
}
