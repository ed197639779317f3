//! Bodies of messages: update, outcome, decline, ended, and what carries a document.

use freehold_protocol::cbor;
use freehold_protocol::code::Code;
use freehold_protocol::data::{Decline, Ended, Outcome, OutcomeKind, OutcomeLine};
use freehold_protocol::id::{GrantId, RequestId};
use serde_json::{Value, json};

use super::PAGE;
use crate::craft::{MADE, byte_string, head, text_string, time};
use crate::paper::path;
use crate::vector::{Vector, hex};

const GRANT: &str = "urn:uuid:3f2504e0-4f89-41d3-9a0c-0305e82c3301";

pub(super) fn vectors() -> Vec<Vector> {
    [good(), updates(), outcomes(), others()].into_iter().flatten().collect()
}

/// An update with these members of `fields`, in this order.
pub(super) fn update(grant: &str, fields: &[(&str, Option<&str>)]) -> Vec<u8> {
    let value = |value: Option<&str>| value.map_or_else(|| vec![0xf6], text_string);
    let inner: Vec<u8> =
        fields.iter().flat_map(|(path, text)| [text_string(path), value(*text)].concat()).collect();
    let fields = [head(5, fields.len()), inner].concat();
    [head(5, 2), text_string("grant"), text_string(grant), text_string("fields"), fields].concat()
}

fn line(outcome: OutcomeKind, detail: Option<&str>) -> OutcomeLine {
    OutcomeLine {
        path: path("phone.mobile"),
        outcome,
        system: "crm".into(),
        detail: detail.map(str::to_owned),
    }
}

fn outcome(results: Vec<OutcomeLine>) -> Outcome {
    Outcome { grant: GrantId::parse(GRANT).expect("an id"), update: 2, results, at: time(MADE) }
}

fn good() -> Vec<Vector> {
    let said = |outcome: &Outcome| json!({"grant": outcome.grant, "update": outcome.update, "at": outcome.at.millis(), "results": outcome.results});
    let case = |name: &str, check: &str, what: &str, said: Value, body: &[u8]| {
        Vector::accept(PAGE, name, "data, Messages", what)
            .input(check, said)
            .steps(json!({"body": hex(body)}))
    };
    let decline = Decline {
        request: RequestId::parse("urn:uuid:0b5b7f0e-6d0a-4d7e-9a55-2f6f4c1f7a11").expect("an id"),
        reason: None,
    };
    let reasoned = Decline { reason: Some("I am moving abroad".into()), ..decline.clone() };
    let ended = Ended {
        grant: GrantId::parse(GRANT).expect("an id"),
        paths: [path("email.work"), path("phone.mobile")].into(),
    };
    let all = outcome(vec![
        line(OutcomeKind::Applied, None),
        OutcomeLine {
            path: path("email.work"),
            ..line(OutcomeKind::Conflict, Some("the CRM holds another one"))
        },
        OutcomeLine { path: path("name.full"), ..line(OutcomeKind::Duplicate, None) },
        OutcomeLine { path: path("x.note"), ..line(OutcomeKind::Refused, Some("no such field")) },
    ]);
    let of_page = update(GRANT, &[("email.work", None), ("phone.mobile", Some("+491701234567"))]);
    vec![
        case(
            "update",
            "updateBody",
            "The update of the page.",
            json!({"grant": GRANT, "fields": {"email.work": null, "phone.mobile": "+491701234567"}}),
            &of_page,
        ),
        case(
            "update-void",
            "updateBody",
            "An update without fields fills a place.",
            json!({"grant": GRANT, "fields": {}}),
            &update(GRANT, &[]),
        ),
        case("outcome", "outcomeBody", "One result of each kind.", said(&all), &cbor::encode(&all)),
        case(
            "outcome-of-nothing",
            "outcomeBody",
            "No result.",
            said(&outcome(Vec::new())),
            &cbor::encode(&outcome(Vec::new())),
        ),
        case(
            "ended",
            "endedBody",
            "Two paths of a grant have ended.",
            json!({"grant": ended.grant, "paths": ended.paths}),
            &cbor::encode(&ended),
        ),
        case(
            "decline",
            "declineBody",
            "The decline of the page.",
            json!({"request": decline.request}),
            &cbor::encode(&decline),
        ),
        case(
            "decline-with-a-reason",
            "declineBody",
            "A decline that says why.",
            json!({"request": reasoned.request, "reason": reasoned.reason}),
            &cbor::encode(&reasoned),
        ),
    ]
}

fn updates() -> Vec<Vector> {
    let case = |name: &str, code: Code, what: &str, body: Vec<u8>| {
        Vector::reject(PAGE, name, code, "data, Update", what)
            .input("updateBody", json!({"body": hex(&body)}))
    };
    let fields = |fields: Vec<u8>| {
        [head(5, 2), text_string("grant"), text_string(GRANT), text_string("fields"), fields].concat()
    };
    let phone = |value: Vec<u8>| fields([head(5, 1), text_string("phone.mobile"), value].concat());
    let good = update(GRANT, &[("phone.mobile", Some("+491701234567"))]);
    let many: Vec<String> = (0..1_001).map(|n| format!("x.f{n:04}")).collect();
    let many: Vec<(&str, Option<&str>)> = many.iter().map(|path| (path.as_str(), None)).collect();
    vec![
        case(
            "update-unsorted",
            Code::Malformed,
            "Paths are ordered by length first.",
            update(GRANT, &[("phone.mobile", None), ("email.work", None)]),
        ),
        case(
            "update-duplicate-path",
            Code::Malformed,
            "A path that stands twice.",
            update(GRANT, &[("email.work", None), ("email.work", Some("a@b.example"))]),
        ),
        case("update-trailing-bytes", Code::Malformed, "Something follows.", [good, vec![0]].concat()),
        case("update-value-as-number", Code::Malformed, "A value is a text.", phone(vec![0x1a, 0, 1, 0, 0])),
        case("update-value-as-list", Code::Malformed, "A value is one text.", phone(vec![0x80])),
        case(
            "update-value-bad-utf-8",
            Code::Malformed,
            "A value that is no UTF-8.",
            phone(vec![0x62, 0xc3, 0x28]),
        ),
        case(
            "update-value-not-normalised",
            Code::Malformed,
            "A value that normalising would change.",
            update(GRANT, &[("phone.mobile", Some("+49 170 1234567"))]),
        ),
        case(
            "update-value-too-long",
            Code::TooLarge,
            "4,097 bytes.",
            update(GRANT, &[("x.note", Some(&"a".repeat(4_097)))]),
        ),
        case(
            "update-path-homograph",
            Code::Malformed,
            "A Cyrillic letter that looks like `e`.",
            update(GRANT, &[("phone.mobil\u{435}", None)]),
        ),
        case(
            "update-path-traversal",
            Code::Malformed,
            "A path that goes up.",
            update(GRANT, &[("phone/../email", None)]),
        ),
        case(
            "update-path-case",
            Code::Malformed,
            "A facet in upper case.",
            update(GRANT, &[("Phone.mobile", None)]),
        ),
        case(
            "update-path-prefix",
            Code::Malformed,
            "A prefix is no path.",
            update(GRANT, &[("phone", None)]),
        ),
        case("update-too-many-paths", Code::TooLarge, "1,001 paths.", update(GRANT, &many)),
        case(
            "update-grant-in-upper-case",
            Code::Malformed,
            "Another spelling of the grant's id.",
            update(&GRANT.to_uppercase(), &[]),
        ),
        case(
            "update-grant-missing",
            Code::Malformed,
            "No grant.",
            [head(5, 1), text_string("fields"), head(5, 0)].concat(),
        ),
        case(
            "update-fields-null",
            Code::Malformed,
            "An update without fields has an empty map.",
            fields(vec![0xf6]),
        ),
    ]
}

fn outcomes() -> Vec<Vector> {
    let case = |name: &str, code: Code, what: &str, outcome: &Outcome| {
        Vector::reject(PAGE, name, code, "data, Outcome", what)
            .input("outcomeBody", json!({"body": hex(&cbor::encode(outcome))}))
    };
    let mut other = cbor::encode(&outcome(vec![line(OutcomeKind::Applied, None)]));
    let at = other.windows(7).position(|part| part == b"applied").expect("the outcome's word");
    other[at..at + 7].copy_from_slice(b"applies");
    let system = |system: &str| OutcomeLine { system: system.to_owned(), ..line(OutcomeKind::Applied, None) };
    vec![
        case(
            "outcome-detail-too-long",
            Code::TooLarge,
            "A detail of 1,025 bytes.",
            &outcome(vec![line(OutcomeKind::Refused, Some(&"a".repeat(1_025)))]),
        ),
        case(
            "outcome-system-too-long",
            Code::TooLarge,
            "A system's name of 1,025 bytes.",
            &outcome(vec![system(&"a".repeat(1_025))]),
        ),
        case(
            "outcome-control-character",
            Code::Malformed,
            "A detail that moves the cursor.",
            &outcome(vec![line(OutcomeKind::Refused, Some("\u{1b}[2J"))]),
        ),
        Vector::reject(
            PAGE,
            "outcome-unknown-word",
            Code::Malformed,
            "data, Outcome",
            "A word that is no outcome.",
        )
        .input("outcomeBody", json!({"body": hex(&other)})),
    ]
}

fn others() -> Vec<Vector> {
    let coded = |name: &str, code: Code, what: &str, body: Vec<u8>| {
        Vector::reject(PAGE, name, code, "data, Messages", what)
            .input("declineBody", json!({"body": hex(&body)}))
    };
    let decline = |name: &str, what: &str, body: Vec<u8>| coded(name, Code::Malformed, what, body);
    let because = |reason: Vec<u8>| {
        let request = text_string("urn:uuid:0b5b7f0e-6d0a-4d7e-9a55-2f6f4c1f7a11");
        // The shorter key comes first.
        [head(5, 2), text_string("reason"), reason, text_string("request"), request].concat()
    };
    let carried = |name: &str, what: &str, body: Vec<u8>| {
        Vector::reject(PAGE, name, Code::Malformed, "data, Messages", what)
            .input("carriedBody", json!({"body": hex(&body)}))
    };
    let ended = |name: &str, code: Code, what: &str, paths: &[&str]| {
        let listed: Vec<u8> = paths.iter().flat_map(|path| text_string(path)).collect();
        let listed = [head(4, paths.len()), listed].concat();
        let body =
            [head(5, 2), text_string("grant"), text_string(GRANT), text_string("paths"), listed].concat();
        Vector::reject(PAGE, name, code, "data, Ended", what).input("endedBody", json!({"body": hex(&body)}))
    };
    let many: Vec<String> = (0..1_001).map(|n| format!("x.f{n:04}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let of = |name: &str, value: Vec<u8>| [head(5, 1), text_string(name), value].concat();
    vec![
        Vector::accept(PAGE, "document-carried", "data, Messages", "A document travels as one byte string.")
            .input("carriedBody", json!({"document": "{}"}))
            .steps(json!({"body": hex(&of("document", byte_string(b"{}")))})),
        decline("decline-without-request", "No request.", head(5, 0)),
        decline(
            "decline-request-no-urn",
            "An id that is no URN.",
            of("request", text_string("0b5b7f0e-6d0a-4d7e-9a55-2f6f4c1f7a11")),
        ),
        coded(
            "decline-reason-too-long",
            Code::TooLarge,
            "A reason of 1,025 bytes.",
            because(text_string(&"r".repeat(1_025))),
        ),
        decline(
            "decline-reason-turns-the-writing",
            "A character that turns the direction of writing.",
            because(text_string("I am \u{202e}moving")),
        ),
        decline("decline-reason-of-nothing", "A reason that is null.", because(vec![0xf6])),
        ended("ended-of-nothing", Code::Malformed, "No path.", &[]),
        ended("ended-path-traversal", Code::Malformed, "A path that goes up.", &["phone/../email"]),
        ended("ended-too-many-paths", Code::TooLarge, "1,001 paths.", &many),
        carried(
            "document-as-text",
            "A document is carried as bytes, not as text.",
            of("document", text_string("{}")),
        ),
        carried("document-as-map", "A document is not re-encoded as CBOR.", of("document", head(5, 0))),
    ]
}
