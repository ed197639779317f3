//! Lost connections, and peers that do what they must not.

use freehold_protocol::cbor;
use freehold_protocol::code::Code;
use freehold_protocol::connect::{PROBLEM, Problem};
use freehold_protocol::data::{Carried, REVOCATION, UPDATE};
use freehold_protocol::document::Mode;
use serde_json::json;

use super::agreed::{agree, changed, composed, hear, receipt, release};
use super::ends::{Side::Hub, Side::Person};
use super::recorder::Recorder;
use crate::craft::{byte_string, head, text_string};
use crate::paper::{grant_of, revocation};

/// The number changed and left in an update; gives its sequence.
fn under_way(r: &mut Recorder) -> u64 {
    agree(r, Mode::Continuous);
    r.dial(None);
    r.settle();
    changed(r, "phone.mobile", 2);
    release(r, &json!({"phone.mobile": 2}), &json!({"phone.mobile": "+491701111111"}))
}

pub(super) fn lost_acknowledgement(r: &mut Recorder) {
    under_way(r);
    r.deliver(Hub);
    r.lose();
    r.dial(None);
    r.settle();
    changed(r, "phone.mobile", 3);
    release(r, &json!({"phone.mobile": 3}), &json!({"phone.mobile": "+491703333333"}));
    r.settle();
}

pub(super) fn lost_update(r: &mut Recorder) {
    let seq = under_way(r);
    r.lose();
    changed(r, "phone.mobile", 3);
    let again = composed(
        r,
        seq,
        &json!({"phone.mobile": 3, "email.personal": 1}),
        &json!({"phone.mobile": "+491703333333"}),
    );
    r.compose_with(seq, again);
    r.dial(None);
    r.settle();
}

pub(super) fn repeated(r: &mut Recorder) {
    let seq = under_way(r);
    r.settle();
    let frame = r.sent_frame(seq);
    r.wait(10);
    r.step(Hub, "frame", json!({"frame": frame}));
    r.settle();
}

pub(super) fn void(r: &mut Recorder) {
    let seq = under_way(r);
    r.lose();
    let grant = receipt();
    let paths = ["phone.mobile", "email.personal"];
    r.step(Person, "revoke", json!({"grant": grant.id(), "paths": paths}));
    let ended = revocation(&grant, &paths, true, seq);
    let told = r.queue(Person, REVOCATION, None, &Carried::body(ended.bytes()));
    r.dial(None);
    r.settle();
    hear(r, &ended, told);
}

pub(super) fn outside(r: &mut Recorder) {
    agree(r, Mode::Continuous);
    r.dial(None);
    r.settle();
    // By hand: no disclosure holds this.
    let fields = [
        head(5, 2),
        text_string("phone.home"),
        text_string("+4930901820"),
        text_string("phone.mobile"),
        text_string("+491701111111"),
    ]
    .concat();
    let id = text_string(grant_of(Mode::Continuous, None).id().as_str());
    let body = [head(5, 2), text_string("grant"), id, text_string("fields"), fields].concat();
    let seq = r.queue(Person, UPDATE, None, &body);
    r.settle();
    r.queue(Hub, PROBLEM, Some(seq), &cbor::encode(&Problem { code: Code::NotInScope, about: seq }));
    r.settle();
}

pub(super) fn unknown_family(r: &mut Recorder) {
    r.earlier(1, 2);
    r.dial(None);
    r.settle();
    let body = [head(5, 1), text_string("stars"), byte_string(&[5])].concat();
    let seq = r.queue(Person, "horoscope/2/reading", None, &body);
    r.settle();
    r.queue(Hub, PROBLEM, Some(seq), &cbor::encode(&Problem { code: Code::UnknownType, about: seq }));
    r.settle();
}

pub(super) fn stalled(r: &mut Recorder) {
    let seq = under_way(r);
    r.wait(9_999);
    r.step(Person, "timeout", json!({}));
    r.wait(1);
    r.step(Person, "timeout", json!({}));
    r.lose();
    let again = composed(r, seq, &json!({"phone.mobile": 2}), &json!({"phone.mobile": "+491701111111"}));
    r.compose_with(seq, again);
    r.dial(None);
    r.settle();
}
