//! Data requests.

use freehold_protocol::code::Code;
use serde_json::{Map, Value, json};

use super::PAGE;
use super::agreements::asked;
use crate::craft::{NOW, STRANGER, VENDOR, did};
use crate::paper::{made, prove, signed, text, unsigned, write};
use crate::vector::Vector;

pub(super) fn vectors() -> Vec<Vector> {
    requests().into_iter().chain(bad_requests()).collect()
}

fn taken_by_person(document: &str) -> Value {
    json!({"document": document, "vendor": did(VENDOR), "now": NOW})
}

fn requests() -> Vec<Vector> {
    let (input, steps) = made(&asked(), &[VENDOR]);
    vec![
        Vector::accept(
            PAGE,
            "request-document",
            "data, FreeholdDataRequest",
            "A data request, as it is made.",
        )
        .input("document", input)
        .steps(steps),
        Vector::accept(PAGE, "request", "data, rule 1", "A request by the relationship's vendor.")
            .input("request", taken_by_person(&text(&asked()))),
    ]
}

/// Changes a request and signs it again.
fn asked_otherwise(change: impl FnOnce(&mut Value)) -> Map<String, Value> {
    let mut map = unsigned(&asked());
    change(&mut map["credentialSubject"]);
    prove(map, VENDOR)
}

fn bad_requests() -> Vec<Vector> {
    let case = |name: &str, code: Code, rule: &str, what: &str, map: Map<String, Value>| {
        Vector::reject(PAGE, name, code, rule, what).input("request", taken_by_person(&write(map)))
    };
    let shape = |name: &str, what: &str, change: &dyn Fn(&mut Value)| {
        case(name, Code::Malformed, "data, FreeholdDataRequest", what, asked_otherwise(change))
    };
    let mut stranger = unsigned(&asked());
    stranger.insert("issuer".into(), json!(did(STRANGER)));
    let mut later = unsigned(&asked());
    later.insert("validFrom".into(), json!("2026-11-25T00:00:00Z"));
    let mut ended = unsigned(&asked());
    ended.insert("validUntil".into(), json!("2026-11-24T06:00:00Z"));
    vec![
        case(
            "request-by-someone-else",
            Code::WrongSigner,
            "data, rule 1",
            "Well made and well signed, by another vendor.",
            prove(stranger, STRANGER),
        ),
        case(
            "request-signed-by-someone-else",
            Code::WrongSigner,
            "encoding, rule 10",
            "The vendor is named as issuer, and another signed.",
            prove(unsigned(&asked()), STRANGER),
        ),
        case(
            "request-countersigned",
            Code::WrongSigner,
            "data, rule 1",
            "A request has one proof.",
            prove(signed(&asked()), STRANGER),
        ),
        case(
            "request-of-tomorrow",
            Code::Malformed,
            "encoding, Documents",
            "It begins tomorrow.",
            prove(later, VENDOR),
        ),
        case(
            "request-ended",
            Code::Expired,
            "encoding, Documents",
            "It ended this morning.",
            prove(ended, VENDOR),
        ),
        shape("request-without-fields", "It asks for nothing.", &|s| s["fields"] = json!([])),
        shape("request-path-doubled", "A path that stands twice.", &|s| {
            s["fields"][1]["path"] = json!("phone.mobile")
        }),
        shape(
            "request-path-unknown",
            "A path that the data file does not list and that is not free.",
            &|s| s["fields"][1]["path"] = json!("phone.satellite"),
        ),
        shape("request-path-homograph", "A Cyrillic letter that looks like `e`.", &|s| {
            s["fields"][1]["path"] = json!("phone.mobil\u{435}")
        }),
        shape("request-path-prefix", "A prefix in place of a path.", &|s| {
            s["fields"][1]["path"] = json!("phone")
        }),
        shape("request-purpose-none", "No purpose.", &|s| s["fields"][1]["purposes"] = json!([])),
        shape("request-purpose-unknown", "A purpose outside the closed list.", &|s| {
            s["fields"][1]["purposes"] = json!(["https://w3id.org/dpv#World"])
        }),
        shape("request-purpose-short-name", "A short name where the IRI is meant.", &|s| {
            s["fields"][1]["purposes"] = json!(["marketing"])
        }),
        shape("request-reason-empty", "No reason.", &|s| s["fields"][0]["reason"] = json!(" ")),
        shape("request-reason-too-long", "A reason of 1,025 bytes.", &|s| {
            s["fields"][0]["reason"] = json!("a".repeat(1_025))
        }),
        shape("request-legal-basis-unknown", "A legal basis outside the closed list.", &|s| {
            s["legalBasis"] = json!("https://w3id.org/dpv#Whim")
        }),
        shape("request-mode-unknown", "A mode that is none.", &|s| s["mode"] = json!("forever")),
        shape("request-duration", "A duration with hours.", &|s| s["retention"]["duration"] = json!("PT2H")),
        shape("request-duration-order", "Months before years.", &|s| {
            s["retention"]["duration"] = json!("P6M2Y")
        }),
        shape("request-name-empty", "A vendor without a name.", &|s| s["name"] = json!("")),
        shape("request-name-turns-direction", "A name that turns the direction of writing.", &|s| {
            s["name"] = json!("Acme\u{202e}")
        }),
        shape("request-recipients-101", "101 recipients.", &|s| s["recipients"] = json!(vec!["a"; 101])),
        shape("request-policy-null", "An optional member without a value is left out, not null.", &|s| {
            s["policy"] = Value::Null
        }),
        shape("request-required-missing", "It does not say whether the field is required.", &|s| {
            _ = s["fields"][0].as_object_mut().expect("a field").remove("required")
        }),
        shape("request-policy-script", "A privacy notice that runs.", &|s| {
            s["policy"] = json!("javascript:alert(1)")
        }),
    ]
}
