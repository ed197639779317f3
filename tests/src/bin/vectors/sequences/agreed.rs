//! What follows an agreement.

use freehold_protocol::cbor;
use freehold_protocol::data::{
    Carried, ERASURE, OUTCOME, Outcome, OutcomeKind, OutcomeLine, REVOCATION, UPDATE,
};
use freehold_protocol::disclosure::Grant;
use freehold_protocol::document::Mode;
use serde_json::{Value, json};

use super::ends::{Agreement, Side::Hub, Side::Person};
use super::recorder::Recorder;
use crate::craft::{MADE, NOW, VENDOR, did, key, time};
use crate::paper::{MARKETING, Revocation, SERVICE, erasure, grant_of, path, request, revocation, text};
use crate::vector::hex;

/// What the vault holds at first, by version.
pub(super) fn first() -> Value {
    json!({"phone.mobile": 1, "email.personal": 1, "address.home.street": 4})
}

/// And by value: nothing but granted paths leaves.
pub(super) fn values() -> Value {
    json!({"phone.mobile": "+491701234567", "email.personal": "jo@example.com", "address.home.street": "Street 4"})
}

/// The receipt that the hub has made of it.
pub(super) fn receipt() -> Grant {
    let given = grant_of(Mode::Continuous, None);
    given.countersign(&key(VENDOR), &did(VENDOR), time(NOW)).expect("one proof so far")
}

fn grant_id() -> String {
    grant_of(Mode::Continuous, None).id().to_string()
}

/// The documents of the agreement in this mode.
pub(super) fn documents(mode: Mode) -> Agreement {
    Agreement { request: text(&request(mode)), offered: text(&grant_of(mode, None)), versions: first() }
}

/// Both ends hold the receipt and the vendor has the first values, without any session so far.
pub(super) fn agree(r: &mut Recorder, mode: Mode) {
    let Agreement { request, offered, versions } = documents(mode);
    r.agree_on(documents(mode));
    r.earlier(2, 3);
    r.now(Hub, "grant", json!({"document": offered, "request": request}));
    let receipt = r.said("receipt");
    r.step(Person, "stand", json!({"offered": offered, "receipt": receipt, "versions": versions}));
    let seq = release(r, &first(), &values());
    let body = r.said("released")["body"].clone();
    r.now(Hub, "update", json!({"seq": seq, "body": body}));
    r.now(Person, "delivered", json!({"grant": grant_id(), "seq": seq}));
    r.earlier(seq, 3);
}

/// A fresh update with these values; gives its sequence.
pub(super) fn release(r: &mut Recorder, versions: &Value, values: &Value) -> u64 {
    let seq = r.next(Person);
    let arguments = update_of(r, seq, versions, values);
    r.now(Person, "release", arguments);
    let again = composed(r, seq, versions, values);
    r.sent_update(seq, again);
    seq
}

/// What composes the update of this place.
pub(super) fn composed(r: &Recorder, seq: u64, versions: &Value, values: &Value) -> Value {
    let mut step = update_of(r, seq, versions, values);
    step["do"] = "compose".into();
    step["now"] = NOW.into();
    step
}

fn update_of(r: &Recorder, seq: u64, versions: &Value, values: &Value) -> Value {
    let message = r.message(Person, seq, UPDATE, None, &[]);
    json!({"grant": grant_id(), "versions": versions, "values": values, "message": message})
}

pub(super) fn changed(r: &mut Recorder, path: &str, version: u64) {
    r.step(Person, "changed", json!({"grant": grant_id(), "path": path, "version": version}));
}

pub(super) fn update(r: &mut Recorder) {
    agree(r, Mode::Continuous);
    r.dial(None);
    r.settle();
    changed(r, "phone.mobile", 2);
    let seq = release(r, &json!({"phone.mobile": 2}), &json!({"phone.mobile": "+491701111111"}));
    changed(r, "phone.mobile", 3);
    changed(r, "phone.mobile", 4);
    changed(r, "address.home.street", 5);
    r.settle();
    let last = release(r, &json!({"phone.mobile": 4}), &json!({"phone.mobile": "+491704444444"}));
    r.settle();
    let line = |outcome: OutcomeKind, detail: Option<&str>| OutcomeLine {
        path: path("phone.mobile"),
        outcome,
        system: "crm".into(),
        detail: detail.map(str::to_owned),
    };
    let outcome = |update: u64, line: OutcomeLine| {
        let grant = grant_of(Mode::Continuous, None).id().clone();
        cbor::encode(&Outcome { grant, update, results: vec![line], at: time(MADE) })
    };
    for (update, line) in [
        (last, line(OutcomeKind::Applied, None)),
        // Late, and of the earlier update: it does not overwrite what is known of the later.
        (seq, line(OutcomeKind::Conflict, Some("edited in the CRM"))),
    ] {
        let body = outcome(update, line);
        r.queue(Hub, OUTCOME, Some(update), &body);
        r.settle();
    }
}

pub(super) fn once(r: &mut Recorder, mode: Mode) {
    agree(r, mode);
    r.dial(None);
    r.settle();
    changed(r, "phone.mobile", 2);
    let arguments =
        update_of(r, r.next(Person), &json!({"phone.mobile": 2}), &json!({"phone.mobile": "+491701111111"}));
    r.now(Person, "release", arguments);
}

pub(super) fn live_read(r: &mut Recorder) {
    agree(r, Mode::Continuous);
    let mut ask = |id: u8, paths: &[&str], purpose: &str| {
        let asked = json!({"id": hex(&[id; 16]), "paths": paths, "purpose": purpose});
        let request = one(&r.step(Hub, "ask", asked.clone()), "readRequest");
        let answer =
            r.now(Person, "answer", json!({"grant": grant_id(), "request": request, "values": values()}));
        let mut answered = asked;
        answered["answer"] = one(&answer, "readAnswer");
        r.step(Hub, "answered", answered);
    };
    ask(0xc1, &["phone.mobile", "email.personal"], SERVICE);
    ask(0xc2, &["email.personal"], MARKETING);
    ask(0xc3, &["phone.mobile"], MARKETING);
    ask(0xc4, &["address.home.street"], SERVICE);
    r.step(Person, "revoke", json!({"grant": grant_id(), "paths": ["phone.mobile"]}));
    let asked = json!({"id": hex(&[0xc5; 16]), "paths": ["phone.mobile"], "purpose": SERVICE});
    let request = one(&r.step(Hub, "ask", asked.clone()), "readRequest");
    let answer =
        r.now(Person, "answer", json!({"grant": grant_id(), "request": request, "values": values()}));
    let mut answered = asked;
    answered["answer"] = one(&answer, "readAnswer");
    r.step(Hub, "answered", answered);
}

/// The one output of this name.
fn one(outputs: &[Value], name: &str) -> Value {
    outputs.iter().find_map(|output| output.get(name)).cloned().unwrap_or_else(|| panic!("no {name}"))
}

/// The signed document of a revocation, told to the hub, which erases and answers.
pub(super) fn tell(r: &mut Recorder, ended: &Revocation) {
    let seq = r.queue(Person, REVOCATION, None, &Carried::body(ended.bytes()));
    r.settle();
    hear(r, ended, seq);
}

/// The hub answers a revocation that it has taken.
pub(super) fn hear(r: &mut Recorder, ended: &Revocation, seq: u64) {
    r.queue(Hub, ERASURE, Some(seq), &Carried::body(erasure(ended).bytes()));
    r.settle();
}

pub(super) fn narrow(r: &mut Recorder) {
    agree(r, Mode::Continuous);
    r.dial(None);
    r.settle();
    r.step(Person, "revoke", json!({"grant": grant_id(), "paths": ["phone.mobile"]}));
    tell(r, &revocation(&receipt(), &["phone.mobile"], false, 3));
    changed(r, "phone.mobile", 2);
    changed(r, "email.personal", 2);
    release(
        r,
        &json!({"email.personal": 2, "phone.mobile": 2}),
        &json!({"email.personal": "jo@example.org", "phone.mobile": "+491701111111"}),
    );
    r.settle();
}

pub(super) fn revoke(r: &mut Recorder) {
    agree(r, Mode::Continuous);
    r.dial(None);
    r.settle();
    r.step(Person, "revoke", json!({"grant": grant_id(), "paths": ["phone.mobile", "email.personal"]}));
    r.lose();
    let ended = revocation(&receipt(), &["phone.mobile", "email.personal"], true, 3);
    let seq = r.queue(Person, REVOCATION, None, &Carried::body(ended.bytes()));
    r.dial(None);
    r.settle();
    hear(r, &ended, seq);
    changed(r, "phone.mobile", 2);
    let arguments =
        update_of(r, r.next(Person), &json!({"phone.mobile": 2}), &json!({"phone.mobile": "+491701111111"}));
    r.now(Person, "release", arguments);
}
