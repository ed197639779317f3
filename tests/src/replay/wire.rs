//! The steps of a session.

use freehold_protocol::code::Code;
use freehold_protocol::frame::Frame;
use freehold_protocol::mailbox::Cursors;
use freehold_protocol::message::SignedMessage;
use freehold_protocol::session::{Closed, Output, Realigned, Session};
use freehold_protocol::time::Moment;
use serde_json::{Value, json};

use super::End;
use super::parts::{digits, hello, hello_said, hex, message, message_said, number, text};
use crate::vectors::unhex;

fn cursors(step: &Value) -> Cursors {
    let of = |name: &str| step["cursors"][name].as_u64().unwrap_or(0);
    Cursors { queued: of("queued"), delivered: of("delivered"), stored: of("stored") }
}

impl End {
    /// `cursors`, `hello`: dials with a new session.
    pub(super) fn dial(&mut self, step: &Value, at: Moment) -> Vec<Value> {
        self.session = Some(Session::dial(self.parties(), cursors(step), hello(&step["hello"]), at));
        Vec::new()
    }

    /// `cursors`, `hello`, `frame`: reads the dialler's hello and answers it.
    pub(super) fn accept(&mut self, step: &Value, at: Moment) -> Vec<Value> {
        match Frame::decode(&hex(step, "frame")) {
            Ok(Frame::Hello(theirs)) => {
                let ours = hello(&step["hello"]);
                self.session = Some(Session::accept(self.parties(), cursors(step), ours, theirs, at));
                Vec::new()
            }
            // As the acceptor's shell answers before there is a session.
            Ok(_) => vec![bye(Code::UnexpectedFrame)],
            Err(code) => vec![bye(code)],
        }
    }

    /// The connection is gone.
    pub(super) fn lose(&mut self) -> Vec<Value> {
        self.session = None;
        Vec::new()
    }

    /// `frame`: one arrives. `timeout`: the time has come. `queued` and `committed` with `seq`: the disk has
    /// taken it. `send` with `message`: the shell has written it down. `close` with `code`.
    pub(super) fn session_step(&mut self, step: &Value, at: Moment) -> Vec<Value> {
        let session = self.session.as_mut().expect("a session");
        match text(step, "do") {
            "frame" => session.handle_frame(&unhex(text(step, "frame")), at),
            "timeout" => session.handle_timeout(at),
            "queued" => session.queued(number(step, "seq")),
            "committed" => session.committed(number(step, "seq")),
            "close" => session.close(Code::from(u16::try_from(number(step, "code")).expect("16 bits"))),
            _ => session.send(SignedMessage::sign(&message(&step["message"]), &self.key), at),
        }
        Vec::new()
    }

    /// What the session has to say now.
    pub(super) fn drain(&mut self) -> Vec<Value> {
        let Some(session) = &mut self.session else { return Vec::new() };
        std::iter::from_fn(|| session.poll_output()).map(said).collect()
    }
}

fn bye(code: Code) -> Value {
    json!({"transmit": digits(&Frame::bye(code).encode())})
}

fn said(output: Output) -> Value {
    match output {
        Output::Transmit(frame) => json!({"transmit": digits(&frame)}),
        Output::Open(theirs) => json!({"open": hello_said(&theirs)}),
        Output::Realigned(Realigned { delivered, last, stored, told_at }) => {
            let mut said = json!({"delivered": delivered, "stored": stored, "toldAt": told_at});
            if let Some(last) = last {
                said["last"] = last.to_string().into();
            }
            json!({"realigned": said})
        }
        Output::Compose(seq) => json!({"compose": seq}),
        Output::Received(message) => json!({"received": message_said(&message)}),
        Output::Delivered(seq) => json!({"delivered": seq}),
        Output::Closed(Closed::ByUs(code)) => json!({"closedByUs": code.number()}),
        Output::Closed(Closed::ByPeer(code)) => json!({"closedByPeer": code.number()}),
    }
}
