//! Proofs that are not of the one form, or not by who must have signed.

use freehold_protocol::code::Code;
use serde_json::{Value, json};

use super::documents::refused;
use crate::craft::{PERSON, STRANGER, VENDOR, did, key, malleable};
use crate::paper::{base58, options, page_revocation, prove, prove_with, signed, unsigned};
use crate::vector::Vector;

pub(super) fn vectors() -> Vec<Vector> {
    let map = unsigned(&page_revocation());
    let rule = "encoding, Proofs";
    let with_by = |member: &str, value: Value, by: u8| {
        let mut options = options(&map, PERSON);
        options[member] = value;
        prove_with(&map, options, &key(by))
    };
    let with = |member: &str, value: Value| with_by(member, value, PERSON);
    let without = |member: &str| {
        let mut options = options(&map, PERSON);
        options.as_object_mut().expect("an object").remove(member);
        prove_with(&map, options, &key(PERSON))
    };
    let value = |text: String| {
        let mut whole = signed(&page_revocation());
        whole["proof"]["proofValue"] = text.into();
        whole
    };
    let method =
        |did_of: u8, key_of: u8| json!(format!("{}#{}", did(did_of), key(key_of).public().to_multibase()));
    let whole = signed(&page_revocation());
    let own = whole["proof"]["proofValue"].as_str().unwrap_or_default();
    let (_, raw) = multibase::decode(own).expect("the page's proof");
    let raw: [u8; 64] = raw.try_into().expect("a signature of 64 bytes");
    let three = prove(prove(whole.clone(), VENDOR), STRANGER);
    let mut tampered = whole.clone();
    tampered["credentialSubject"]["lastSequence"] = json!(3);
    let mut none = whole.clone();
    none.insert("proof".into(), json!([]));
    let mut twisted = prove(whole.clone(), VENDOR);
    twisted["proof"].as_array_mut().expect("two proofs").reverse();
    let malformed = |name, what, map| refused(name, Code::Malformed, rule, what, map);
    let signer = |name, what, map| refused(name, Code::WrongSigner, "encoding, rule 10", what, map);
    let bad = |name, what, map| refused(name, Code::BadSignature, rule, what, map);
    vec![
        malformed("proof-missing", "No proof.", map.clone()),
        malformed("proofs-none", "An empty list of proofs.", none),
        malformed("proofs-three", "Three proofs.", three),
        malformed(
            "proof-extra-member",
            "A member more, well signed: it might change what the signature means.",
            with("expires", json!("2030-01-01T00:00:00Z")),
        ),
        malformed("proof-created-missing", "A proof without its date.", without("created")),
        malformed(
            "proof-context-missing",
            "The other dialect of this suite: `@context` not copied into the proof.",
            without("@context"),
        ),
        malformed(
            "proof-context-other",
            "Another context in the proof.",
            with("@context", json!(["https://www.w3.org/ns/credentials/v2"])),
        ),
        malformed("proof-type-other", "Another type of proof.", with("type", json!("Ed25519Signature2020"))),
        malformed(
            "proof-suite-other",
            "Another suite is named.",
            with("cryptosuite", json!("eddsa-rdfc-2022")),
        ),
        malformed(
            "proof-purpose-authentication",
            "Signed to authenticate, not to assert.",
            with("proofPurpose", json!("authentication")),
        ),
        malformed(
            "proof-value-base64",
            "The value in another base.",
            value(multibase::encode(multibase::Base::Base64Url, raw)),
        ),
        malformed(
            "proof-value-no-multibase",
            "The value without its multibase prefix.",
            value(own[1..].to_owned()),
        ),
        signer(
            "method-of-another-did",
            "Well signed by somebody else, who is not the issuer.",
            prove(map.clone(), STRANGER),
        ),
        signer(
            "method-key-of-another",
            "The issuer's DID with the key of somebody else, who signed.",
            with_by("verificationMethod", method(PERSON, STRANGER), STRANGER),
        ),
        signer(
            "method-without-fragment",
            "A DID where a key of it must be named.",
            with("verificationMethod", json!(did(PERSON))),
        ),
        signer(
            "method-with-other-fragment",
            "A fragment that is no key.",
            with("verificationMethod", json!(format!("{}#key-1", did(PERSON)))),
        ),
        signer(
            "countersigner-first",
            "The two proofs in the wrong order: the first is not the issuer's.",
            twisted,
        ),
        bad("document-changed", "A member was changed after signing.", tampered),
        bad(
            "proof-of-another",
            "The issuer's key is named, and another signed.",
            prove_with(&map, options(&map, PERSON), &key(STRANGER)),
        ),
        bad("proof-malleable", "The group's order added to S.", value(base58(&malleable(raw)))),
        bad("proof-cut", "A signature of 63 bytes.", value(base58(&raw[..63]))),
    ]
}
