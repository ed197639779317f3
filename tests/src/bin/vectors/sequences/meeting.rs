//! From the invitation to the first values.

use freehold_protocol::cbor;
use freehold_protocol::code::Code;
use freehold_protocol::connect::{INTRODUCTION, Introduction, PROBLEM, Problem};
use freehold_protocol::data::{Carried, DECLINE, Decline, GRANT, RECEIPT, REQUEST};
use freehold_protocol::document::Mode;

use super::agreed::{documents, first, release, values};
use super::ends::{Side::Hub, Side::Person};
use super::recorder::Recorder;
use crate::craft::{NOW, VENDOR, did, key, time};
use crate::paper::{countersigned, grant_of, request};

pub(super) fn connect(r: &mut Recorder) {
    let introduce = |name: Option<&str>, next: u8| {
        cbor::encode(&Introduction::new(name.map(str::to_owned), &key(next).public()))
    };
    r.queue(Person, INTRODUCTION, None, &introduce(None, 3));
    r.queue(Hub, INTRODUCTION, None, &introduce(Some("Acme Plumbing"), 4));
    r.queue(Hub, REQUEST, None, &Carried::body(request(Mode::Continuous).bytes()));
    r.dial(Some("000102030405060708090a0b0c0d0e0f"));
    r.settle();
    r.close(Hub, 304);
}

pub(super) fn decline(r: &mut Recorder) {
    r.earlier(1, 2);
    r.dial(None);
    r.settle();
    let request = request(Mode::Continuous);
    r.queue(
        Person,
        DECLINE,
        Some(2),
        &cbor::encode(&Decline { request: request.id().clone(), reason: None }),
    );
    r.settle();
}

pub(super) fn grant(r: &mut Recorder) {
    r.earlier(1, 2);
    r.agree_on(documents(Mode::Continuous));
    r.dial(None);
    r.settle();
    let given = grant_of(Mode::Continuous, None);
    let seq = r.queue(Person, GRANT, Some(2), &Carried::body(given.bytes()));
    r.settle();
    let receipt = given.countersign(&key(VENDOR), &did(VENDOR), time(NOW)).expect("one proof so far");
    r.queue(Hub, RECEIPT, Some(seq), &Carried::body(receipt.bytes()));
    r.settle();
    release(r, &first(), &values());
    r.settle();
}

pub(super) fn forged_receipt(r: &mut Recorder) {
    r.earlier(1, 2);
    r.agree_on(documents(Mode::Continuous));
    r.dial(None);
    r.settle();
    let seq = r.queue(Person, GRANT, Some(2), &Carried::body(grant_of(Mode::Continuous, None).bytes()));
    r.settle();
    let other = countersigned(&grant_of(Mode::Continuous, Some("2027-01-01T00:00:00Z")));
    let sent = r.queue(Hub, RECEIPT, Some(seq), &Carried::body(other.bytes()));
    r.settle();
    let problem = Problem { code: Code::ReceiptMismatch, about: sent };
    r.queue(Person, PROBLEM, Some(sent), &cbor::encode(&problem));
    r.settle();
}
