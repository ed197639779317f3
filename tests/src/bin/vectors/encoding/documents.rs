//! Documents and their proofs.

use freehold_protocol::code::Code;
use freehold_protocol::document::Mode;
use serde_json::{Map, Value, json};

use super::PAGE;
use crate::craft::{MADE, NOW, PERSON, VENDOR, did, key};
use crate::paper::{
    countersigned, erasure, grant, made, options, page_revocation, prove, prove_with, request, revocation,
    signed, unsigned, write,
};
use crate::vector::Vector;

pub(super) fn vectors() -> Vec<Vector> {
    [good(), taken(), envelopes(), dates()].into_iter().flatten().collect()
}

fn good() -> Vec<Vector> {
    let receipt = countersigned(&grant());
    let ended = revocation(&receipt, &["phone.mobile", "email.personal"], true, 9);
    let case = |name: &str, what: &str, (input, steps): (Value, Value)| {
        Vector::accept(PAGE, name, "encoding, rules 6, 8 and 10", what).input("document", input).steps(steps)
    };
    vec![
        case(
            "document-revocation",
            "The revocation whose bytes stand on the page.",
            made(&page_revocation(), &[PERSON]),
        ),
        case(
            "document-request",
            "A data request by the vendor.",
            made(&request(Mode::Continuous), &[VENDOR]),
        ),
        case("document-grant", "A grant, by the person alone.", made(&grant(), &[PERSON])),
        case(
            "document-receipt",
            "The grant countersigned: a set of two proofs, issuer first.",
            made(&receipt, &[PERSON, VENDOR]),
        ),
        case("document-erasure", "An erasure receipt with an exception.", made(&erasure(&ended), &[VENDOR])),
    ]
}

pub(super) fn refused(
    name: &str,
    code: Code,
    rule: &str,
    what: &str,
    document: Map<String, Value>,
) -> Vector {
    let document = write(document);
    Vector::reject(PAGE, name, code, rule, what)
        .input("document", json!({"type": "FreeholdRevocation", "document": document}))
}

/// Changes the page's revocation and signs it again.
fn changed(change: impl FnOnce(&mut Map<String, Value>)) -> Map<String, Value> {
    let mut map = unsigned(&page_revocation());
    change(&mut map);
    prove(map, PERSON)
}

fn set(member: &str, value: Value) -> Map<String, Value> {
    changed(|map| _ = map.insert(member.to_owned(), value))
}

fn said(member: &str, value: Value) -> Map<String, Value> {
    changed(|map| map["credentialSubject"][member] = value)
}

/// What is unusual and taken all the same.
fn taken() -> Vec<Vector> {
    let case = |name, rule, what, map: Map<String, Value>| {
        Vector::accept(PAGE, name, rule, what)
            .input("document", json!({"type": "FreeholdRevocation", "document": write(map), "now": NOW}))
    };
    let mut list = signed(&page_revocation());
    let one = list["proof"].take();
    list.insert("proof".into(), json!([one]));
    vec![
        case("list-of-one-proof", "encoding, rule 9", "A list of one proof is read; nobody writes it.", list),
        case(
            "unknown-member-of-a-document",
            "encoding, rule 3",
            "A member that nobody knows yet is ignored; the signature covers it.",
            said("later", json!({"a": 1})),
        ),
        case(
            "begins-in-five-minutes",
            "encoding, Documents",
            "A clock may be five minutes behind.",
            set("validFrom", json!("2026-11-24T12:05:00Z")),
        ),
        case(
            "made-long-ago",
            "data, rule 19",
            "An old date is no reason to refuse: what is judged is whether it has begun and has not ended.",
            set("validFrom", json!("2001-01-01T00:00:00Z")),
        ),
    ]
}

fn envelopes() -> Vec<Vector> {
    let rule = "encoding, Documents";
    let case = |name, what, map| refused(name, Code::Malformed, rule, what, map);
    let context = unsigned(&page_revocation())["@context"].clone();
    let mut more = context.clone();
    more.as_array_mut().expect("a list of contexts").push(json!("https://example.com/v1"));
    let of = |mut context: Value, vocab: &str| {
        context[1]["@vocab"] = vocab.into();
        context
    };
    vec![
        case("context-extra", "A context more: terms could mean something else.", set("@context", more)),
        case(
            "context-other-vocabulary",
            "Another vocabulary in the context.",
            set("@context", of(context.clone(), "urn:other:1:")),
        ),
        case("context-first-only", "The credential's context alone.", set("@context", json!([context[0]]))),
        case(
            "type-of-another-document",
            "A grant's type on what is read as a revocation.",
            set("type", json!(["VerifiableCredential", "FreeholdGrant"])),
        ),
        case(
            "type-order",
            "The types in the other order.",
            set("type", json!(["FreeholdRevocation", "VerifiableCredential"])),
        ),
        case(
            "type-more",
            "A third type.",
            set("type", json!(["VerifiableCredential", "FreeholdRevocation", "Other"])),
        ),
        case(
            "id-in-upper-case",
            "A URN in upper case is another spelling of the same.",
            set("id", json!("urn:uuid:7D444840-9DC0-41D1-B245-5FFDCE74FAD2")),
        ),
        case(
            "id-of-version-1",
            "A UUID that is not random.",
            set("id", json!("urn:uuid:7d444840-9dc0-11d1-b245-5ffdce74fad2")),
        ),
        case(
            "issuer-as-object",
            "The issuer as an object, as VC 2.0 allows and these documents do not.",
            set("issuer", json!({"id": did(PERSON)})),
        ),
        case(
            "null-for-optional-json",
            "A member without a value is left out, not null.",
            set("validUntil", Value::Null),
        ),
        case(
            "member-missing",
            "`whole` is missing.",
            changed(|map| _ = map["credentialSubject"].as_object_mut().expect("an object").remove("whole")),
        ),
        case("number-as-text", "A sequence as text.", said("lastSequence", json!("4"))),
        case("number-negative", "A negative sequence.", said("lastSequence", json!(-4))),
        case("paths-none", "A revocation of no path.", said("paths", json!([]))),
        case(
            "paths-doubled",
            "A path that stands twice.",
            said("paths", json!(["phone.mobile", "phone.mobile"])),
        ),
        case(
            "path-homograph",
            "A Cyrillic letter that looks like `e`.",
            said("paths", json!(["phone.mobil\u{435}"])),
        ),
    ]
}

fn dates() -> Vec<Vector> {
    let rule = "encoding, Documents";
    let case = |name, what, map| refused(name, Code::Malformed, rule, what, map);
    let created = |text: &str| {
        let map = unsigned(&page_revocation());
        let mut options = options(&map, PERSON);
        options["created"] = text.into();
        prove_with(&map, options, &key(PERSON))
    };
    let until = |text: &str| set("validUntil", json!(text));
    let read_at_noon = |name, code, what, map: Map<String, Value>| {
        Vector::reject(PAGE, name, code, rule, what)
            .input("document", json!({"type": "FreeholdRevocation", "document": write(map), "now": NOW}))
    };
    vec![
        case(
            "seconds-in-valid-from",
            "A date that is no whole minute.",
            set("validFrom", json!("2026-11-24T00:00:01Z")),
        ),
        case("seconds-in-created", "The same in a proof.", created("2026-11-24T00:00:01Z")),
        case(
            "fraction-in-valid-from",
            "A fraction of a second.",
            set("validFrom", json!("2026-11-24T00:00:00.000Z")),
        ),
        case(
            "offset-in-valid-from",
            "UTC written as an offset.",
            set("validFrom", json!("2026-11-24T00:00:00+00:00")),
        ),
        case("date-alone", "A date without a time.", set("validFrom", json!("2026-11-24"))),
        case("date-of-no-calendar", "The 30th of February.", set("validFrom", json!("2026-02-30T00:00:00Z"))),
        case("ends-before-it-begins", "It ends before it begins.", until("2026-11-23T00:00:00Z")),
        case("ends-when-it-begins", "It ends when it begins.", until(MADE)),
        read_at_noon(
            "begins-in-the-future",
            Code::Malformed,
            "It begins six minutes after the reader's noon.",
            set("validFrom", json!("2026-11-24T12:06:00Z")),
        ),
        read_at_noon(
            "expired",
            Code::Expired,
            "It ended an hour before the reader's noon.",
            until("2026-11-24T11:00:00Z"),
        ),
        read_at_noon("expires-now", Code::Expired, "It ends at the reader's very noon.", until(NOW)),
    ]
}
