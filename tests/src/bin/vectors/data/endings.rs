//! Revocations and erasure receipts.

use freehold_protocol::code::Code;
use freehold_protocol::document::RevocationSubject;
use serde_json::{Map, Value, json};

use super::PAGE;
use crate::craft::{PERSON, STRANGER, VENDOR, did};
use crate::paper::{
    Revocation, countersigned, erasure, grant, made, prove, revocation, signed, text, unsigned, write,
};
use crate::vector::Vector;

pub(super) fn vectors() -> Vec<Vector> {
    [revocations(), erasures()].into_iter().flatten().collect()
}

fn ended() -> Revocation {
    revocation(&countersigned(&grant()), &["phone.mobile"], false, 9)
}

fn changed(document: Map<String, Value>, by: u8, change: impl FnOnce(&mut Value)) -> String {
    let mut map = document;
    change(&mut map["credentialSubject"]);
    write(prove(map, by))
}

fn revocations() -> Vec<Vector> {
    let held = |document: &str| json!({"receipt": text(&countersigned(&grant())), "revocation": document});
    let good = |name: &str, what: &str, document: &str, paths: &[&str]| {
        Vector::accept(PAGE, name, "data, rule 21", what)
            .input("revocation", held(document))
            .steps(json!({"erase": paths}))
    };
    let bad = |name: &str, code: Code, what: &str, document: &str| {
        Vector::reject(PAGE, name, code, "data, rule 21", what).input("revocation", held(document))
    };
    let otherwise = |change: &dyn Fn(&mut Value)| changed(unsigned(&ended()), PERSON, change);
    let (input, steps) = made::<RevocationSubject>(&ended(), &[PERSON]);
    let mut stranger = unsigned(&ended());
    stranger.insert("issuer".into(), json!(did(STRANGER)));
    let whole = revocation(&countersigned(&grant()), &["phone.mobile", "email.personal"], true, 9);
    let unconfirmed = revocation(&grant(), &["phone.mobile"], false, 0);
    let other_grant = json!("urn:uuid:3f2504e0-4f89-41d3-9a0c-0305e82c3301");
    vec![
        Vector::accept(
            PAGE,
            "revocation-document",
            "data, FreeholdRevocation",
            "A revocation, as it is made.",
        )
        .input("document", input)
        .steps(steps),
        good("revocation", "One path ends.", &text(&ended()), &["phone.mobile"]),
        good(
            "revocation-of-the-whole",
            "Everything ends.",
            &text(&whole),
            &["email.personal", "phone.mobile"],
        ),
        good(
            "revocation-before-the-receipt",
            "It refers to the grant as it was given: no receipt had come.",
            &text(&unconfirmed),
            &["phone.mobile"],
        ),
        bad(
            "revocation-by-another",
            Code::WrongSigner,
            "Well signed by another person.",
            &write(prove(stranger, STRANGER)),
        ),
        bad(
            "revocation-countersigned",
            Code::WrongSigner,
            "A revocation has one signer.",
            &write(prove(signed(&ended()), VENDOR)),
        ),
        bad(
            "revocation-for-another-vendor",
            Code::WrongAudience,
            "Its `id` is another vendor.",
            &otherwise(&|s| s["id"] = json!(did(STRANGER))),
        ),
        bad(
            "revocation-of-another-grant",
            Code::NoGrant,
            "It refers to a grant that the hub does not hold.",
            &otherwise(&|s| s["grant"]["id"] = other_grant.clone()),
        ),
        bad(
            "revocation-of-other-bytes",
            Code::NoGrant,
            "The digest is of other bytes.",
            &otherwise(&|s| {
                s["grant"]["digestMultibase"] = json!("uEiDjsMRCmPwcFJr79MiZb7kkJ65B5GSbk0yklZkbeFK4VQ")
            }),
        ),
        bad(
            "revocation-not-in-scope",
            Code::NotInScope,
            "A path that was never granted.",
            &otherwise(&|s| s["paths"] = json!(["phone.home"])),
        ),
        bad(
            "revocation-not-in-scope-among-others",
            Code::NotInScope,
            "One of the paths was never granted.",
            &otherwise(&|s| s["paths"] = json!(["phone.mobile", "phone.home"])),
        ),
        bad(
            "revocation-signed-by-the-vendor",
            Code::WrongSigner,
            "The person is named as issuer, and the vendor signed.",
            &write(prove(unsigned(&ended()), VENDOR)),
        ),
    ]
}

fn erasures() -> Vec<Vector> {
    let whole = || revocation(&countersigned(&grant()), &["phone.mobile", "email.personal"], true, 9);
    let receipt = || erasure(&whole());
    let input = |document: &str| json!({"revocation": text(&whole()), "erasure": document, "vendor": did(VENDOR), "person": did(PERSON)});
    let bad = |name: &str, code: Code, rule: &str, what: &str, document: &str| {
        Vector::reject(PAGE, name, code, rule, what).input("erasure", input(document))
    };
    let otherwise = |change: &dyn Fn(&mut Value)| changed(unsigned(&receipt()), VENDOR, change);
    let shape = |name: &str, what: &str, change: &dyn Fn(&mut Value)| {
        bad(name, Code::Malformed, "data, FreeholdErasureReceipt", what, &otherwise(change))
    };
    let mut stranger = unsigned(&receipt());
    stranger.insert("issuer".into(), json!(did(STRANGER)));
    let line = |s: &mut Value, name: &str| _ = s["results"][1].as_object_mut().expect("a line").remove(name);
    let (made_input, steps) = made(&receipt(), &[VENDOR]);
    vec![
        Vector::accept(
            PAGE,
            "erasure-document",
            "data, FreeholdErasureReceipt",
            "An erasure receipt, as it is made.",
        )
        .input("document", made_input)
        .steps(steps),
        Vector::accept(PAGE, "erasure", "data, rule 22", "One path erased, one kept under a legal claim.")
            .input("erasure", input(&text(&receipt()))),
        bad(
            "erasure-by-another",
            Code::WrongSigner,
            "data, rule 22",
            "Well signed by another vendor.",
            &write(prove(stranger, STRANGER)),
        ),
        bad(
            "erasure-for-another-person",
            Code::WrongAudience,
            "data, rule 22",
            "Its `id` is another person.",
            &otherwise(&|s| s["id"] = json!(did(STRANGER))),
        ),
        bad(
            "erasure-of-another-revocation",
            Code::ReceiptMismatch,
            "data, rule 22",
            "It answers a revocation that was never sent.",
            &otherwise(&|s| {
                s["revocation"]["digestMultibase"] = json!("uEiDjsMRCmPwcFJr79MiZb7kkJ65B5GSbk0yklZkbeFK4VQ")
            }),
        ),
        bad(
            "erasure-path-missing",
            Code::ReceiptMismatch,
            "data, rule 32",
            "A path of the revocation is missing.",
            &otherwise(&|s| _ = s["results"].as_array_mut().expect("results").pop()),
        ),
        bad(
            "erasure-path-more",
            Code::ReceiptMismatch,
            "data, rule 32",
            "A path that was not revoked.",
            &otherwise(&|s| {
                let more = json!({"path": "phone.home", "result": "erased"});
                s["results"].as_array_mut().expect("results").push(more);
            }),
        ),
        shape("erasure-result-unknown", "A word that is no result.", &|s| {
            s["results"][0]["result"] = json!("forgotten")
        }),
        shape("erasure-exception-missing", "Kept, and no exception says why.", &|s| line(s, "exception")),
        shape("erasure-exception-too-many", "Erased, and an exception all the same.", &|s| {
            s["results"][0]["exception"] = s["results"][1]["exception"].clone()
        }),
        shape("erasure-exception-unknown", "An exception outside the closed list.", &|s| {
            s["results"][1]["exception"] = json!("https://w3id.org/dpv#Whim")
        }),
        shape("erasure-exception-null", "An optional member without a value is left out, not null.", &|s| {
            s["results"][0]["exception"] = Value::Null
        }),
        shape("erasure-until-seconds", "A date that is no whole minute.", &|s| {
            s["results"][1]["until"] = json!("2029-01-01T00:00:01Z")
        }),
        shape("erasure-path-doubled", "A path that stands twice.", &|s| {
            s["results"][1]["path"] = json!("phone.mobile")
        }),
        shape("erasure-of-nothing", "No result.", &|s| s["results"] = json!([])),
    ]
}
