//! Grants and receipts.

use freehold_protocol::code::Code;
use freehold_protocol::disclosure::Grant;
use freehold_protocol::document::{DataRequest, Mode};
use serde_json::{Map, Value, json};

use super::PAGE;
use crate::craft::{NOW, PERSON, STRANGER, VENDOR, did, key, time};
use crate::paper::{
    MARKETING, SERVICE, countersigned, grant, grant_of, made, prove, request, signed, text, unsigned, write,
};
use crate::vector::Vector;

pub(super) fn vectors() -> Vec<Vector> {
    [grants(), bad_grants(), receipts()].into_iter().flatten().collect()
}

pub(super) fn asked() -> DataRequest {
    request(Mode::Continuous)
}

fn taken_by_hub(grant: &str, request: Option<&DataRequest>) -> Value {
    json!({"grant": grant, "request": request.map(text), "person": did(PERSON), "now": NOW})
}

fn grants() -> Vec<Vector> {
    let (input, steps) = made(&grant(), &[PERSON]);
    let least = changed(&grant(), |s| _ = s["scope"].as_array_mut().expect("a scope").pop());
    let narrower = changed(&grant(), |s| s["scope"][1]["purposes"] = json!([SERVICE]));
    let case = |name: &str, what: &str, grant: String| {
        Vector::accept(PAGE, name, "data, rules 2 and 3", what)
            .input("grant", taken_by_hub(&grant, Some(&asked())))
    };
    vec![
        Vector::accept(PAGE, "grant-document", "data, FreeholdGrant", "A grant, as it is given.")
            .input("document", input)
            .steps(steps),
        case("grant", "Everything that is required, and one of the others.", text(&grant())),
        case("grant-required-only", "What is required and nothing else.", write(least)),
        case("grant-fewer-purposes", "One of the purposes that were asked.", write(narrower)),
        case(
            "grant-that-ends",
            "It ends tomorrow.",
            text(&grant_of(Mode::Continuous, Some("2026-11-25T00:00:00Z"))),
        ),
    ]
}

/// Changes what a grant says and signs it again.
fn changed(grant: &Grant, change: impl FnOnce(&mut Value)) -> Map<String, Value> {
    let mut map = unsigned(grant);
    change(&mut map["credentialSubject"]);
    prove(map, PERSON)
}

fn bad_grants() -> Vec<Vector> {
    let case = |name: &str, code: Code, what: &str, grant: String| {
        Vector::reject(PAGE, name, code, "data, rules 2 and 3", what)
            .input("grant", taken_by_hub(&grant, Some(&asked())))
    };
    let mismatch = |name: &str, what: &str, change: &dyn Fn(&mut Value)| {
        case(name, Code::GrantMismatch, what, write(changed(&grant(), change)))
    };
    let mut stranger = unsigned(&grant());
    stranger.insert("issuer".into(), json!(did(STRANGER)));
    let street = json!({"path": "address.home.locality", "purposes": [SERVICE]});
    vec![
        mismatch("grant-of-another-request", "Its digest is of another request.", &|s| {
            s["request"]["digestMultibase"] = json!("uEiDjsMRCmPwcFJr79MiZb7kkJ65B5GSbk0yklZkbeFK4VQ")
        }),
        mismatch("grant-required-missing", "The required path is missing.", &|s| {
            _ = s["scope"].as_array_mut().expect("a scope").remove(0)
        }),
        mismatch("grant-path-not-asked", "A path that was not asked for.", &|s| {
            s["scope"].as_array_mut().expect("a scope").push(street.clone())
        }),
        mismatch("grant-purpose-not-asked", "A purpose that was not asked for that path.", &|s| {
            s["scope"][0]["purposes"] = json!([MARKETING, SERVICE])
        }),
        mismatch("grant-legal-basis", "Another legal basis.", &|s| {
            s["legalBasis"] = json!("https://w3id.org/dpv#Consent")
        }),
        mismatch("grant-mode", "Another mode.", &|s| s["mode"] = json!("once")),
        mismatch("grant-retention", "Another retention.", &|s| s["retention"]["duration"] = json!("P9Y")),
        mismatch("grant-recipients", "Other recipients.", &|s| s["recipients"] = json!([])),
        case(
            "grant-for-another-vendor",
            Code::WrongAudience,
            "Its `id` is another vendor.",
            write(changed(&grant(), |s| s["id"] = json!(did(STRANGER)))),
        ),
        case(
            "grant-by-another-person",
            Code::WrongSigner,
            "Well signed by another person.",
            write(prove(stranger, STRANGER)),
        ),
        case(
            "grant-signed-by-another",
            Code::WrongSigner,
            "The person is named as issuer, and another signed.",
            write(prove(unsigned(&grant()), STRANGER)),
        ),
        case(
            "grant-countersigned",
            Code::WrongSigner,
            "A grant has one proof; this is a receipt.",
            text(&countersigned(&grant())),
        ),
        case(
            "grant-expired",
            Code::Expired,
            "It ended this morning.",
            text(&grant_of(Mode::Continuous, Some("2026-11-24T06:00:00Z"))),
        ),
        case(
            "grant-scope-empty",
            Code::Malformed,
            "An empty scope means nothing.",
            write(changed(&grant(), |s| s["scope"] = json!([]))),
        ),
        case(
            "grant-scope-doubled",
            Code::Malformed,
            "A path that stands twice.",
            write(changed(&grant(), |s| s["scope"][1]["path"] = json!("phone.mobile"))),
        ),
        case(
            "grant-purposes-none",
            Code::Malformed,
            "A path without a purpose.",
            write(changed(&grant(), |s| s["scope"][1]["purposes"] = json!([]))),
        ),
        Vector::reject(
            PAGE,
            "grant-without-request",
            Code::RequestUnknown,
            "data, rule 3",
            "It answers a request that was never made.",
        )
        .input("grant", taken_by_hub(&text(&grant()), None)),
    ]
}

fn receipts() -> Vec<Vector> {
    let receipt = countersigned(&grant());
    let (input, steps) = made(&receipt, &[PERSON, VENDOR]);
    let kept = |receipt: &str| json!({"given": text(&grant()), "receipt": receipt, "vendor": did(VENDOR)});
    let case = |name: &str, what: &str, receipt: String| {
        Vector::reject(PAGE, name, Code::ReceiptMismatch, "data, rule 5", what)
            .input("receipt", kept(&receipt))
    };
    let foreign = grant().countersign(&key(STRANGER), &did(STRANGER), time(NOW)).expect("one proof so far");
    let other = countersigned(&grant_of(Mode::Continuous, Some("2027-01-01T00:00:00Z")));
    let mut list = signed(&grant());
    let one = list["proof"].take();
    list.insert("proof".into(), json!([one]));
    vec![
        Vector::accept(PAGE, "receipt-document", "data, rule 4", "A receipt, as it is made.")
            .input("document", input)
            .steps(steps),
        Vector::accept(
            PAGE,
            "receipt",
            "data, rule 5",
            "The grant that was given, countersigned by the vendor.",
        )
        .input("receipt", kept(&text(&receipt))),
        case("receipt-foreign", "Countersigned by another vendor.", text(&foreign)),
        case(
            "receipt-of-another-grant",
            "A receipt of a grant that says something else under the same id.",
            text(&other),
        ),
        case("receipt-without-countersignature", "The grant alone.", text(&grant())),
        case("receipt-in-a-list-of-one", "The grant alone, its proof in a list.", write(list)),
        case(
            "receipt-by-the-person",
            "Countersigned by the person itself.",
            write(prove(signed(&grant()), PERSON)),
        ),
    ]
}
