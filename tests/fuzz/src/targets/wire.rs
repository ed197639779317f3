//! Bytes of the wire, and of the log.

use std::fmt::Debug;

use freehold_protocol::audit::{AuditEntry, Head};
use freehold_protocol::cbor;
use freehold_protocol::connect::{Introduction, Problem, VendorMoves};
use freehold_protocol::cose::{self as signed, Kind};
use freehold_protocol::data::{self, Carried, Decline, Outcome, ReceivedUpdate};
use freehold_protocol::frame::Frame;
use freehold_protocol::id::MessageId;
use freehold_protocol::identity::SigningKey;
use freehold_protocol::message::{self as messages};
use freehold_protocol::path::Path;
use freehold_protocol::read::{ReadRequest, open_answer};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub(super) fn peer() -> SigningKey {
    SigningKey::from_seed(&[2; 32])
}

pub(super) fn own() -> SigningKey {
    SigningKey::from_seed(&[1; 32])
}

/// What was read is written in the one form, and reads as the same.
fn comes_back<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T) {
    let bytes = cbor::encode(value);
    assert_eq!(cbor::decode::<T>(&bytes).as_ref(), Ok(value));
}

pub(super) fn frame(bytes: &[u8]) {
    if let Ok(frame) = Frame::decode(bytes) {
        assert_eq!(Frame::decode(&frame.encode()), Ok(frame));
    }
}

/// Nothing verifies that was not signed: a change of any byte is refused.
pub(super) fn cose(bytes: &[u8]) {
    for kind in [Kind::Message, Kind::ReadRequest, Kind::ReadAnswer] {
        if let Ok(payload) = signed::verify(kind, &peer().public(), bytes) {
            assert_eq!(signed::sign(kind, &peer(), payload), bytes, "one payload has one signed form");
        }
    }
}

/// A payload of anybody who can sign.
pub(super) fn message(payload: &[u8]) {
    let bytes = signed::sign(Kind::Message, &peer(), payload.to_vec());
    if let Ok(message) = messages::open(&bytes, &peer().public(), &own().public().did()) {
        comes_back(&message);
    }
}

pub(super) fn introduction(bytes: &[u8]) {
    if let Ok(said) = Introduction::decode(bytes) {
        comes_back(&said);
    }
}

pub(super) fn problem(bytes: &[u8]) {
    if let Ok(problem) = data::decode::<Problem>(bytes) {
        comes_back(&problem);
    }
}

pub(super) fn vendor_rotation(bytes: &[u8]) {
    if let Ok(said) = VendorMoves::decode(bytes) {
        comes_back(&said);
    }
}

pub(super) fn carried(bytes: &[u8]) {
    if let Ok(carried) = data::decode::<Carried>(bytes) {
        comes_back(&carried);
    }
}

pub(super) fn decline(bytes: &[u8]) {
    if let Ok(decline) = data::decode::<Decline>(bytes) {
        comes_back(&decline);
    }
}

pub(super) fn update(bytes: &[u8]) {
    let Ok(update) = ReceivedUpdate::decode(bytes) else { return };
    let vocabulary = freehold_protocol::vocabulary::Vocabulary::standard();
    for (path, value) in &update.fields {
        let Some(text) = value else { continue };
        let known = vocabulary.check(path, text).expect("a value that was taken is one of its field");
        assert_eq!(known.as_str(), text, "a value that was taken is in its one form");
    }
}

pub(super) fn outcome(bytes: &[u8]) {
    if let Ok(outcome) = Outcome::decode(bytes) {
        comes_back(&outcome);
    }
}

pub(super) fn read_request(payload: &[u8]) {
    let bytes = signed::sign(Kind::ReadRequest, &peer(), payload.to_vec());
    if let Ok(request) = ReadRequest::open(&bytes, &peer().public(), &own().public().did()) {
        let again = ReadRequest::open(&request.sign(&peer()), &peer().public(), &own().public().did());
        assert_eq!(again, Ok(request));
    }
}

pub(super) fn read_answer(payload: &[u8]) {
    let (peer, own) = (peer(), own());
    let bytes = signed::sign(Kind::ReadAnswer, &peer, payload.to_vec());
    let asked = ReadRequest {
        id: MessageId::from_entropy([0xc1; 16]),
        to: peer.public().did(),
        paths: ["phone.mobile", "email.personal"].iter().filter_map(|path| Path::parse(path).ok()).collect(),
        purpose: "https://w3id.org/dpv#ServiceProvision".into(),
    };
    if let Ok(answer) = open_answer(&bytes, &peer.public(), &own.public().did(), &asked) {
        assert!(answer.fields.is_some() != answer.denied.is_some(), "either values or a denial");
        if let Some(fields) = answer.fields {
            assert!(fields.keys().eq(&asked.paths), "exactly what was asked");
        }
    }
}

pub(super) fn audit_entry(bytes: &[u8]) {
    if let Ok(entry) = cbor::decode::<AuditEntry>(bytes) {
        assert_eq!(cbor::decode::<AuditEntry>(&cbor::encode(&entry)), Ok(entry));
    }
}

/// No single entry is a log that nobody wrote.
pub(super) fn audit_log(bytes: &[u8]) {
    let entries: Vec<&[u8]> = bytes.chunks(97).collect();
    let empty = Head::default();
    assert!(entries.is_empty() == empty.verify(&entries).is_ok(), "an empty head fits an empty log alone");
}
