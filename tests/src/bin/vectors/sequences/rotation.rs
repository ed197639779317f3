//! The person moves to the key that they had committed to.

use freehold_protocol::cbor;
use freehold_protocol::code::Code;
use freehold_protocol::connect::{PROBLEM, Problem, ROTATION};
use freehold_protocol::data::{Carried, OUTCOME, Outcome, OutcomeKind, OutcomeLine};
use freehold_protocol::document::Mode;
use serde_json::json;

use super::agreed::{agree, changed, release};
use super::ends::{Side::Hub, Side::Person};
use super::recorder::Recorder;
use crate::craft::{MADE, NEXT, PERSON, STRANGER, time};
use crate::paper::{grant_of, path, rotation};

/// An agreement, a session, and the statement on its way; gives its sequence.
fn stated(r: &mut Recorder, committed: u8) -> u64 {
    agree(r, Mode::Continuous);
    r.commit_to(committed);
    r.dial(None);
    r.settle();
    r.queue(Person, ROTATION, None, &Carried::body(rotation().bytes()))
}

/// A value under the new key, and what became of it.
fn goes_on(r: &mut Recorder) {
    changed(r, "phone.mobile", 2);
    let update = release(r, &json!({"phone.mobile": 2}), &json!({"phone.mobile": "+491701111111"}));
    r.settle();
    let line = OutcomeLine {
        path: path("phone.mobile"),
        outcome: OutcomeKind::Applied,
        system: "crm".into(),
        detail: None,
    };
    let grant = grant_of(Mode::Continuous, None).id().clone();
    let body = cbor::encode(&Outcome { grant, update, results: vec![line], at: time(MADE) });
    r.queue(Hub, OUTCOME, Some(update), &body);
    r.settle();
}

pub(super) fn taken(r: &mut Recorder) {
    stated(r, NEXT);
    r.settle();
    r.close(Person, Code::ShuttingDown.number());
    r.rekey(NEXT);
    r.dial(None);
    r.settle();
    goes_on(r);
}

pub(super) fn lost_acknowledgement(r: &mut Recorder) {
    let seq = stated(r, NEXT);
    r.deliver(Hub);
    r.lose();
    r.turned_away(Code::Rotated.number());
    r.took(Person, seq);
    r.rekey(NEXT);
    r.dial(None);
    r.settle();
    goes_on(r);
}

pub(super) fn refused(r: &mut Recorder) {
    let seq = stated(r, STRANGER);
    r.settle();
    r.close(Person, Code::ShuttingDown.number());
    r.queue(Hub, PROBLEM, Some(seq), &cbor::encode(&Problem { code: Code::NotCommitted, about: seq }));
    r.rekey(NEXT);
    r.turned_away(Code::UnknownPeer.number());
    r.rekey(PERSON);
    r.dial(None);
    r.settle();
    goes_on(r);
}
