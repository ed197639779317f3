//! Rotation statements of a vendor, as a person's node takes them.

use freehold_protocol::code::Code;
use freehold_protocol::connect::commitment;
use freehold_protocol::document::VendorRotationSubject;
use serde_json::{Value, json};

use super::PAGE;
use crate::craft::{PERSON, STRANGER, VENDOR, VENDOR_AFTER_NEXT, VENDOR_NEXT, did, key, key_hex};
use crate::paper::{made, prove, rotation, text, unsigned, vendor_rotation, write};
use crate::vector::{Vector, hex};

/// What a node holds: the vendor's present DID, and the commitment.
fn held(statement: &str) -> Value {
    json!({
        "document": statement,
        "vendor": did(VENDOR),
        "committed": hex(&commitment(&key(VENDOR_NEXT).public())),
    })
}

/// The statement after a change, signed by both again.
fn otherwise(by: [u8; 2], change: impl FnOnce(&mut Value)) -> String {
    let mut map = unsigned(&vendor_rotation());
    map["issuer"] = json!(did(by[0]));
    change(&mut map["credentialSubject"]);
    write(prove(prove(map, by[0]), by[1]))
}

pub(super) fn vectors() -> Vec<Vector> {
    let bad = |name: &str, code: Code, what: &str, input: Value| {
        Vector::reject(PAGE, name, code, "identity, rule 19", what).input("vendorRotation", input)
    };
    let said = |name: &str, code: Code, what: &str, document: String| bad(name, code, what, held(&document));
    let with = |member: &str, value: Value| {
        let mut input = held(&text(&vendor_rotation()));
        input[member] = value;
        input
    };
    let (input, steps) = made::<VendorRotationSubject>(&vendor_rotation(), &[VENDOR, VENDOR_NEXT]);
    let once = vendor_rotation().without_countersignature().expect("two proofs");
    let to = |n: u8| move |subject: &mut Value| subject["id"] = json!(did(n));
    let next_key = |text: String| move |subject: &mut Value| subject["nextKey"] = json!(text);
    let after = commitment(&key(VENDOR_AFTER_NEXT).public());
    vec![
        Vector::accept(
            PAGE,
            "vendor-rotation-document",
            "identity, FreeholdVendorRotation",
            "A vendor's rotation, as it is made.",
        )
        .input("document", input)
        .steps(steps),
        Vector::accept(
            PAGE,
            "vendor-rotation",
            "identity, rule 19",
            "From the vendor's present key to the one committed to.",
        )
        .input("vendorRotation", held(&text(&vendor_rotation())))
        .steps(json!({"key": key_hex(VENDOR_NEXT), "commitment": hex(&after)})),
        said(
            "vendor-rotation-by-another",
            Code::WrongSigner,
            "Well signed by another vendor, to the key committed to.",
            otherwise([STRANGER, VENDOR_NEXT], |_| {}),
        ),
        bad(
            "vendor-rotation-by-a-predecessor",
            Code::WrongSigner,
            "The vendor has moved on since.",
            with("vendor", json!(did(VENDOR_AFTER_NEXT))),
        ),
        bad(
            "vendor-rotation-of-a-did-web",
            Code::WrongSigner,
            "The keys of a `did:web` stand in its document.",
            with("vendor", json!("did:web:shop.example")),
        ),
        said(
            "vendor-rotation-one-proof",
            Code::WrongSigner,
            "The new key has not signed.",
            String::from_utf8(once).expect("a document is text"),
        ),
        said(
            "vendor-rotation-countersigned-by-another",
            Code::WrongSigner,
            "The second proof is not by the new key.",
            otherwise([VENDOR, STRANGER], |_| {}),
        ),
        said(
            "vendor-rotation-not-committed",
            Code::NotCommitted,
            "To a key that was not committed to: whoever stole the vendor's key has no other.",
            otherwise([VENDOR, STRANGER], to(STRANGER)),
        ),
        bad(
            "vendor-rotation-nothing-committed",
            Code::NotCommitted,
            "No introduction has committed to a key.",
            with("committed", Value::Null),
        ),
        said(
            "vendor-rotation-to-a-did-web",
            Code::Malformed,
            "The new DID is no `did:key`.",
            otherwise([VENDOR, VENDOR_NEXT], |subject| subject["id"] = json!("did:web:shop.example")),
        ),
        said(
            "vendor-rotation-next-key-other-base",
            Code::Malformed,
            "`nextKey` in another base.",
            otherwise([VENDOR, VENDOR_NEXT], next_key(multibase::encode(multibase::Base::Base58Btc, after))),
        ),
        said(
            "vendor-rotation-of-a-person",
            Code::Malformed,
            "A person's rotation is no vendor's.",
            write(prove(prove(unsigned(&rotation()), PERSON), STRANGER)),
        ),
        said(
            "vendor-rotation-signature-flipped",
            Code::BadSignature,
            "The signatures are of another document.",
            otherwise([VENDOR, VENDOR_NEXT], |_| {}).replacen("4c4c4c4c", "4c4c4c4d", 1),
        ),
    ]
}
