//! Live reads: the request and its answer.

use freehold_protocol::cbor;
use freehold_protocol::code::Code;
use freehold_protocol::cose::{self, Kind};
use freehold_protocol::id::MessageId;
use freehold_protocol::read::ReadRequest;
use serde_json::{Value, json};

use super::PAGE;
use crate::craft::{Cose, PERSON, STRANGER, VENDOR, did, head, key, key_hex, seed_hex, text_string};
use crate::paper::{SERVICE, paths};
use crate::vector::{Vector, hex};

pub(super) fn vectors() -> Vec<Vector> {
    [requests(), answers(), bad_answers()].into_iter().flatten().collect()
}

fn request() -> ReadRequest {
    ReadRequest {
        id: MessageId::from_entropy([0x33; 16]),
        to: did(PERSON),
        paths: paths(&["phone.mobile", "email.personal"]),
        purpose: SERVICE.to_owned(),
    }
}

fn said(request: &ReadRequest) -> Value {
    json!({"id": request.id.to_string(), "to": request.to, "paths": request.paths, "purpose": request.purpose})
}

fn signed(kind: Kind, by: u8, payload: Vec<u8>) -> (Vec<u8>, Value) {
    let parts = Cose::new(kind, &key(by).public(), payload.clone());
    let bytes = cose::sign(kind, &key(by), payload);
    assert_eq!(bytes, parts.sign(&key(by)), "the page's form");
    (bytes.clone(), parts.steps(&bytes[bytes.len() - 64..]))
}

/// A verifier that meets another kind than it expects never comes to the structure that was signed.
fn seen(steps: Value, kind: Kind, expected: Kind) -> Value {
    let mut steps = steps;
    if kind != expected {
        steps.as_object_mut().expect("steps").remove("sigStructure");
    }
    steps
}

fn requests() -> Vec<Vector> {
    let (bytes, mut steps) = signed(Kind::ReadRequest, VENDOR, cbor::encode(&request()));
    steps["cose"] = hex(&bytes).into();
    let case = |name: &str, code: Code, what: &str, kind: Kind, by: u8, payload: Vec<u8>| {
        let (bytes, steps) = signed(kind, by, payload);
        Vector::reject(PAGE, name, code, "data, Live read", what)
            .input("readRequest", json!({"cose": hex(&bytes), "peer": key_hex(VENDOR), "own": did(PERSON)}))
            .steps(seen(steps, kind, Kind::ReadRequest))
    };
    let with = |request: ReadRequest| cbor::encode(&request);
    let many =
        (0..1_001).map(|n| freehold_protocol::path::Path::parse(&format!("x.f{n:04}")).expect("a path"));
    let of_paths = |paths: Vec<u8>| {
        let id = [head(2, 16), vec![0x33; 16]].concat();
        [
            head(5, 4),
            text_string("id"),
            id,
            text_string("to"),
            text_string(did(PERSON).as_str()),
            text_string("paths"),
            paths,
            text_string("purpose"),
            text_string(SERVICE),
        ]
        .concat()
    };
    let homograph = [head(4, 1), text_string("phone.mobil\u{435}")].concat();
    vec![
        Vector::accept(PAGE, "read-request", "data, Live read", "A request by the hub.")
            .input("readRequest", json!({"seed": seed_hex(VENDOR), "request": said(&request()), "peer": key_hex(VENDOR), "own": did(PERSON)}))
            .steps(steps),
        case("read-request-for-another", Code::WrongAudience, "For another person.", Kind::ReadRequest, VENDOR, with(ReadRequest { to: did(STRANGER), ..request() })),
        case("read-request-by-another", Code::WrongSigner, "Signed by another than the peer.", Kind::ReadRequest, STRANGER, with(request())),
        case("read-request-as-message", Code::WrongSigner, "Signed as a message of a mailbox.", Kind::Message, VENDOR, with(request())),
        case("read-request-too-many-paths", Code::TooLarge, "1,001 paths.", Kind::ReadRequest, VENDOR, with(ReadRequest { paths: many.collect(), ..request() })),
        case("read-request-purpose-too-long", Code::TooLarge, "A purpose of 1,025 bytes.", Kind::ReadRequest, VENDOR, with(ReadRequest { purpose: "a".repeat(1_025), ..request() })),
        case("read-request-path-homograph", Code::Malformed, "A Cyrillic letter that looks like `e`.", Kind::ReadRequest, VENDOR, of_paths(homograph)),
    ]
}

fn answer(id: u8, to: u8, rest: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let id = [head(2, 16), vec![id; 16]].concat();
    let rest_bytes: Vec<u8> =
        rest.iter().flat_map(|(name, value)| [text_string(name), value.clone()].concat()).collect();
    [
        head(5, 2 + rest.len()),
        text_string("id"),
        id,
        text_string("to"),
        text_string(did(to).as_str()),
        rest_bytes,
    ]
    .concat()
}

fn fields(of: &[(&str, Option<&str>)]) -> (&'static str, Vec<u8>) {
    let inner: Vec<u8> = of
        .iter()
        .flat_map(|(path, value)| [text_string(path), value.map_or_else(|| vec![0xf6], text_string)].concat())
        .collect();
    ("fields", [head(5, of.len()), inner].concat())
}

fn denied(code: Code) -> (&'static str, Vec<u8>) {
    ("denied", head(0, usize::from(code.number())))
}

const PHONE: (&str, Option<&str>) = ("phone.mobile", Some("+491701234567"));
const EMAIL: (&str, Option<&str>) = ("email.personal", None);

fn answered(bytes: &[u8]) -> Value {
    json!({"cose": hex(bytes), "peer": key_hex(PERSON), "own": did(VENDOR), "request": said(&request())})
}

fn answers() -> Vec<Vector> {
    let case = |name: &str, what: &str, payload: Vec<u8>, said: Value| {
        let (bytes, mut steps) = signed(Kind::ReadAnswer, PERSON, payload);
        steps["answer"] = said;
        Vector::accept(PAGE, name, "data, Live read", what).input("readAnswer", answered(&bytes)).steps(steps)
    };
    vec![
        case(
            "read-answer",
            "The asked fields; one is empty.",
            answer(0x33, VENDOR, &[fields(&[PHONE, EMAIL])]),
            json!({"fields": {"phone.mobile": "+491701234567", "email.personal": null}}),
        ),
        case(
            "read-denied",
            "The code that forbids it.",
            answer(0x33, VENDOR, &[denied(Code::WrongPurpose)]),
            json!({"denied": 402}),
        ),
    ]
}

fn bad_answers() -> Vec<Vector> {
    let case = |name: &str, code: Code, what: &str, kind: Kind, by: u8, payload: Vec<u8>| {
        let (bytes, steps) = signed(kind, by, payload);
        Vector::reject(PAGE, name, code, "data, Live read", what)
            .input("readAnswer", answered(&bytes))
            .steps(seen(steps, kind, Kind::ReadAnswer))
    };
    let malformed = |name: &str, what: &str, payload: Vec<u8>| {
        case(name, Code::Malformed, what, Kind::ReadAnswer, PERSON, payload)
    };
    let whole = || fields(&[PHONE, EMAIL]);
    vec![
        malformed("read-answer-to-another", "It answers another request.", answer(0x34, VENDOR, &[whole()])),
        malformed(
            "read-answer-path-missing",
            "A path that was asked is missing.",
            answer(0x33, VENDOR, &[fields(&[PHONE])]),
        ),
        malformed(
            "read-answer-path-more",
            "A path that was not asked.",
            answer(0x33, VENDOR, &[fields(&[("phone.home", None), PHONE, EMAIL])]),
        ),
        malformed(
            "read-answer-and-denied",
            "Values and a denial.",
            answer(0x33, VENDOR, &[denied(Code::NoGrant), whole()]),
        ),
        malformed("read-answer-of-nothing", "Neither values nor a denial.", answer(0x33, VENDOR, &[])),
        malformed(
            "read-answer-null-denied",
            "An optional member without a value is left out, not null.",
            answer(0x33, VENDOR, &[("denied", vec![0xf6]), whole()]),
        ),
        case(
            "read-answer-for-another",
            Code::WrongAudience,
            "For another vendor.",
            Kind::ReadAnswer,
            PERSON,
            answer(0x33, STRANGER, &[whole()]),
        ),
        case(
            "read-answer-by-another",
            Code::WrongSigner,
            "Signed by another than the peer.",
            Kind::ReadAnswer,
            STRANGER,
            answer(0x33, VENDOR, &[whole()]),
        ),
        case(
            "read-answer-as-request",
            Code::WrongSigner,
            "Signed as a request.",
            Kind::ReadRequest,
            PERSON,
            answer(0x33, VENDOR, &[whole()]),
        ),
    ]
}
