//! Rotation statements, as a hub takes them.

use freehold_protocol::code::Code;
use freehold_protocol::connect::commitment;
use freehold_protocol::document::RotationSubject;
use serde_json::{Value, json};

use super::PAGE;
use crate::craft::{AFTER_NEXT, NEXT, PERSON, STRANGER, VENDOR, did, key, key_hex};
use crate::paper::{made, prove, rotation, text, unsigned, write};
use crate::vector::{Vector, hex};

/// What a hub holds: the person's present DID, its own, the commitment, and the keys of its other relationships.
fn held(statement: &str) -> Value {
    json!({
        "document": statement,
        "person": did(PERSON),
        "vendor": did(VENDOR),
        "committed": hex(&commitment(&key(NEXT).public())),
        "others": [],
    })
}

/// The statement after a change, signed by both again.
fn otherwise(by: [u8; 2], change: impl FnOnce(&mut Value)) -> String {
    let mut map = unsigned(&rotation());
    map["issuer"] = json!(did(by[0]));
    change(&mut map["credentialSubject"]);
    write(prove(prove(map, by[0]), by[1]))
}

pub(super) fn vectors() -> Vec<Vector> {
    let bad = |name: &str, code: Code, what: &str, input: Value| {
        Vector::reject(PAGE, name, code, "identity, rule 10", what).input("rotation", input)
    };
    let said = |name: &str, code: Code, what: &str, document: String| bad(name, code, what, held(&document));
    let with = |member: &str, value: Value| {
        let mut input = held(&text(&rotation()));
        input[member] = value;
        input
    };
    let (input, steps) = made::<RotationSubject>(&rotation(), &[PERSON, NEXT]);
    let once: String = {
        let one = rotation().without_countersignature().expect("two proofs");
        String::from_utf8(one).expect("a document is text")
    };
    let to = |n: u8| move |subject: &mut Value| subject["id"] = json!(did(n));
    let next_key = |text: String| move |subject: &mut Value| subject["nextKey"] = json!(text);
    let after = commitment(&key(AFTER_NEXT).public());
    vec![
        Vector::accept(PAGE, "rotation-document", "identity, FreeholdRotation", "A rotation, as it is made.")
            .input("document", input)
            .steps(steps),
        Vector::accept(
            PAGE,
            "rotation",
            "identity, rule 10",
            "From the present key to the one committed to.",
        )
        .input("rotation", held(&text(&rotation())))
        .steps(json!({"key": key_hex(NEXT), "commitment": hex(&after)})),
        said(
            "rotation-by-another",
            Code::WrongSigner,
            "Well signed by somebody else, to their own key.",
            otherwise([STRANGER, NEXT], |_| {}),
        ),
        bad(
            "rotation-by-a-predecessor",
            Code::WrongSigner,
            "The issuer was rotated before.",
            with("person", json!(did(AFTER_NEXT))),
        ),
        said("rotation-one-proof", Code::WrongSigner, "The new key has not signed.", once),
        said(
            "rotation-countersigned-by-another",
            Code::WrongSigner,
            "The second proof is not by the new key.",
            otherwise([PERSON, STRANGER], |_| {}),
        ),
        said(
            "rotation-to-its-own-key",
            Code::NotCommitted,
            "The new key is the old one.",
            otherwise([PERSON, PERSON], to(PERSON)),
        ),
        bad(
            "rotation-for-another-vendor",
            Code::WrongAudience,
            "`vendor` is another.",
            with("vendor", json!(did(STRANGER))),
        ),
        said(
            "rotation-not-committed",
            Code::NotCommitted,
            "To a key that was not committed to: whoever stole the present key has no other.",
            otherwise([PERSON, STRANGER], to(STRANGER)),
        ),
        bad(
            "rotation-nothing-committed",
            Code::NotCommitted,
            "No introduction has committed to a key.",
            with("committed", Value::Null),
        ),
        bad(
            "rotation-key-of-another-relationship",
            Code::WrongSigner,
            "The hub knows the new key from another relationship.",
            with("others", json!([key_hex(NEXT)])),
        ),
        said(
            "rotation-to-a-did-web",
            Code::Malformed,
            "The new DID is no `did:key`.",
            otherwise([PERSON, NEXT], |subject| subject["id"] = json!("did:web:shop.example")),
        ),
        said(
            "rotation-next-key-other-base",
            Code::Malformed,
            "`nextKey` in another base.",
            otherwise([PERSON, NEXT], next_key(multibase::encode(multibase::Base::Base58Btc, after))),
        ),
        said(
            "rotation-next-key-of-31-bytes",
            Code::Malformed,
            "`nextKey` is a byte too short.",
            otherwise([PERSON, NEXT], next_key(multibase::encode(multibase::Base::Base64Url, &after[..31]))),
        ),
        said(
            "rotation-signature-flipped",
            Code::BadSignature,
            "The new key's signature is of another document.",
            otherwise([PERSON, NEXT], |_| {}).replace("9b2f6c1e", "9b2f6c1f"),
        ),
    ]
}
