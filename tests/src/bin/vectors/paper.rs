//! Documents: the agreement that the vectors speak of, and documents that are signed after they were changed.

use std::collections::BTreeSet;

use freehold_protocol::disclosure::Grant;
use freehold_protocol::document::{
    AskedField, DataRequest, Document, DocumentDigest, ErasureLine, ErasureResult, ErasureSubject,
    GrantSubject, Issue, Mode, Reference, RequestSubject, Retention, RevocationSubject, Rotation, Subject,
    VendorRotation,
};
use freehold_protocol::id::{ErasureId, GrantId, RequestId, RevocationId, RotationId};
use freehold_protocol::identity::SigningKey;
use freehold_protocol::json::canonical;
use freehold_protocol::path::Path;
use freehold_protocol::proof;
use freehold_protocol::vocabulary::Vocabulary;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use crate::craft::{
    AFTER_NEXT, MADE, NEXT, PERSON, VENDOR, VENDOR_AFTER_NEXT, VENDOR_NEXT, did, key, seed_hex, time,
};
use crate::vector::hex;

pub(crate) const SERVICE: &str = "https://w3id.org/dpv#ServiceProvision";
pub(crate) const MARKETING: &str = "https://w3id.org/dpv#Marketing";

pub(crate) type Revocation = Document<RevocationSubject>;
pub(crate) type Erasure = Document<ErasureSubject>;

pub(crate) fn path(text: &str) -> Path {
    Path::parse(text).expect("a path of a vector")
}

pub(crate) fn paths(texts: &[&str]) -> BTreeSet<Path> {
    texts.iter().map(|text| path(text)).collect()
}

pub(crate) fn text<S: Subject>(document: &Document<S>) -> String {
    String::from_utf8(document.bytes().to_vec()).expect("a document is text")
}

fn issue<S: Subject>(id: S::Id, by: u8, until: Option<&str>, subject: S) -> Document<S> {
    let (issuer, valid_from) = (did(by), time(MADE));
    let issue = Issue { id, issuer, valid_from, valid_until: until.map(time), subject };
    Document::issue(issue, &key(by)).expect("a document that may be issued")
}

/// The mobile number is required, for service; the other paths are optional, for service and marketing.
pub(crate) fn request_subject(mode: Mode) -> RequestSubject {
    let field = |path_text: &str, required: bool, purposes: &[&str]| AskedField {
        path: path(path_text),
        required,
        reason: "To reach you about your order".into(),
        purposes: purposes.iter().map(|p| (*p).to_owned()).collect(),
    };
    RequestSubject {
        name: "Acme Plumbing".into(),
        title: "Service of your heating".into(),
        fields: vec![
            field("phone.mobile", true, &[SERVICE]),
            field("email.personal", false, &[SERVICE, MARKETING]),
            field("address.home.street", false, &[SERVICE]),
        ],
        legal_basis: Vocabulary::standard().legal_basis("contract").expect("a legal basis").iri.clone(),
        mode,
        retention: Retention { duration: "P2Y".into(), after: "end of contract".into() },
        recipients: vec!["Acme Billing".into()],
        policy: Some("https://acme.example/privacy".into()),
    }
}

pub(crate) fn request(mode: Mode) -> DataRequest {
    issue(RequestId::from_entropy([0x0b; 16]), VENDOR, None, request_subject(mode))
}

/// Of the request in this mode: all but the street.
pub(crate) fn grant_of(mode: Mode, until: Option<&str>) -> Grant {
    let subject = GrantSubject::answering(&request(mode), &paths(&["email.personal"]));
    issue(GrantId::from_entropy([0x3f; 16]), PERSON, until, subject)
}

pub(crate) fn grant() -> Grant {
    grant_of(Mode::Continuous, None)
}

pub(crate) fn countersigned(grant: &Grant) -> Grant {
    grant.countersign(&key(VENDOR), &did(VENDOR), time(MADE)).expect("one proof so far")
}

pub(crate) fn revocation(grant: &Grant, ended: &[&str], whole: bool, last_sequence: u64) -> Revocation {
    let subject = RevocationSubject {
        id: did(VENDOR),
        grant: grant.reference(),
        paths: ended.iter().map(|p| path(p)).collect(),
        whole,
        last_sequence,
    };
    issue(RevocationId::from_entropy([0x7d; 16]), PERSON, None, subject)
}

/// Erases the first path and keeps every other under a legal claim.
pub(crate) fn erasure(revocation: &Revocation) -> Erasure {
    let exception =
        Vocabulary::standard().erasure_exception("legalClaims").expect("an exception").iri.clone();
    let line = |(place, path): (usize, &Path)| {
        let kept = place > 0;
        ErasureLine {
            path: path.clone(),
            result: if kept { ErasureResult::Kept } else { ErasureResult::Erased },
            exception: kept.then(|| exception.clone()),
            until: kept.then(|| "2029-01-01T00:00:00Z".to_owned()),
        }
    };
    let subject = ErasureSubject {
        id: did(PERSON),
        revocation: revocation.reference(),
        results: revocation.subject().paths.iter().enumerate().map(line).collect(),
    };
    issue(ErasureId::from_entropy([0x5e; 16]), VENDOR, None, subject)
}

/// The revocation whose bytes stand on the page.
pub(crate) fn page_revocation() -> Revocation {
    let grant = GrantId::parse("urn:uuid:3f2504e0-4f89-41d3-9a0c-0305e82c3301").expect("the page's id");
    let subject = RevocationSubject {
        id: did(VENDOR),
        grant: Reference { id: grant, digest_multibase: DocumentDigest::of(b"") },
        paths: vec![path("phone.mobile")],
        whole: false,
        last_sequence: 4,
    };
    let id = RevocationId::parse("urn:uuid:7d444840-9dc0-41d1-b245-5ffdce74fad2").expect("the page's id");
    issue(id, PERSON, None, subject)
}

/// The person's statement that moves the relationship to the next key.
pub(crate) fn rotation() -> Rotation {
    let id = RotationId::parse("urn:uuid:9b2f6c1e-4a5d-4b8e-8c3a-1f0e7d6c5b4a").expect("the page's id");
    let keys = [&key(PERSON), &key(NEXT)];
    Rotation::state(id, did(VENDOR), keys, &key(AFTER_NEXT).public(), time(MADE)).expect("a statement")
}

/// The vendor's statement that moves it to its next key.
pub(crate) fn vendor_rotation() -> VendorRotation {
    let keys = [&key(VENDOR), &key(VENDOR_NEXT)];
    let after = key(VENDOR_AFTER_NEXT).public();
    VendorRotation::state(RotationId::from_entropy([0x4c; 16]), keys, &after, time(MADE))
        .expect("a statement")
}

/// A document as an object, without any proof.
pub(crate) fn unsigned<S: Subject>(document: &Document<S>) -> Map<String, Value> {
    let mut map = signed(document);
    map.remove("proof");
    map
}

/// A document as an object.
pub(crate) fn signed<S: Subject>(document: &Document<S>) -> Map<String, Value> {
    match serde_json::from_slice(document.bytes()) {
        Ok(Value::Object(map)) => map,
        _ => unreachable!("a document is an object"),
    }
}

pub(crate) fn write(map: Map<String, Value>) -> String {
    canonical(&Value::Object(map))
}

/// Adds a proof of the one form.
pub(crate) fn prove(map: Map<String, Value>, by: u8) -> Map<String, Value> {
    proof::sign(map, &key(by), &did(by), time(MADE))
}

/// Signs a document with whatever options: what the signature covers is right, what they say may not be.
pub(crate) fn prove_with(
    map: &Map<String, Value>,
    options: Value,
    signer: &SigningKey,
) -> Map<String, Value> {
    let mut whole = map.clone();
    whole.remove("proof");
    let data = [digest(&options), digest(&Value::Object(whole.clone()))].concat();
    let mut proof = options;
    proof["proofValue"] = base58(&signer.sign(&data)).into();
    whole.insert("proof".into(), proof);
    whole
}

/// The options that a proof of this signer has.
pub(crate) fn options(map: &Map<String, Value>, by: u8) -> Value {
    let method = format!("{0}#{1}", did(by), key(by).public().to_multibase());
    json!({
        "@context": map["@context"],
        "type": "DataIntegrityProof",
        "cryptosuite": "eddsa-jcs-2022",
        "created": MADE,
        "verificationMethod": method,
        "proofPurpose": "assertionMethod",
    })
}

pub(crate) fn base58(bytes: &[u8]) -> String {
    multibase::encode(multibase::Base::Base58Btc, bytes)
}

pub(crate) fn digest(value: &Value) -> Vec<u8> {
    Sha256::digest(canonical(value)).to_vec()
}

/// What a document is made of, and every value on the way to its bytes.
pub(crate) fn made<S: Subject>(document: &Document<S>, by: &[u8]) -> (Value, Value) {
    let bare = Value::Object(unsigned(document));
    let proofs = match signed(document).remove("proof") {
        Some(Value::Array(set)) => set,
        one => one.into_iter().collect(),
    };
    let signers: Vec<Value> =
        by.iter().map(|seed| json!({"seed": seed_hex(*seed), "did": did(*seed), "created": MADE})).collect();
    let input = json!({"type": S::TYPE, "unsigned": bare, "signers": signers});
    let proof = |mut proof: Value| {
        let value = proof.as_object_mut().and_then(|p| p.remove("proofValue")).expect("a proof has a value");
        let (_, signature) = multibase::decode(value.as_str().unwrap_or_default()).expect("multibase");
        json!({
            "canonicalOptions": canonical(&proof),
            "optionsHash": hex(&digest(&proof)),
            "signature": hex(&signature),
        })
    };
    let steps = json!({
        "canonicalDocument": canonical(&bare),
        "documentHash": hex(&digest(&bare)),
        "proofs": proofs.into_iter().map(proof).collect::<Vec<_>>(),
        "document": text(document),
        "digest": document.reference().digest_multibase,
    });
    (input, steps)
}
