//! Canonical JSON, documents and their proofs.

use freehold_protocol::code::Code;
use freehold_protocol::document::{
    Document, DocumentDigest, ErasureSubject, GrantSubject, RequestSubject, RevocationSubject,
    RotationSubject, Subject, VendorRotationSubject,
};
use freehold_protocol::json;
use freehold_protocol::proof;
use freehold_protocol::time::Timestamp;
use freehold_tests::replay::{did, hex as bytes, number, signing_key, text};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use crate::case::{Case, Verdict, coded, hex};

pub(crate) fn canonicalize(case: &mut Case) -> Verdict {
    let input = case.input();
    let value = match json::parse(text(&input, "text")) {
        Ok(value) => value,
        Err(_) => return Err(Some(Code::NotCanonical)),
    };
    let canonical = json::canonical(&value);
    case.same("canonical", canonical.clone());
    case.same_bytes("bytes", canonical.as_bytes());
    assert_eq!(json::parse_canonical(canonical.as_bytes()), Ok(value), "{}", case.place());
    Ok(())
}

pub(crate) fn document_size(case: &mut Case) -> Verdict {
    let length = usize::try_from(number(&case.input(), "length")).expect("a length");
    coded(Document::<GrantSubject>::read(&vec![b' '; length]))
}

pub(crate) fn document(case: &mut Case) -> Verdict {
    let kind = text(&case.input(), "type").to_owned();
    match kind.as_str() {
        RequestSubject::TYPE => read::<RequestSubject>(case),
        GrantSubject::TYPE => read::<GrantSubject>(case),
        RevocationSubject::TYPE => read::<RevocationSubject>(case),
        ErasureSubject::TYPE => read::<ErasureSubject>(case),
        RotationSubject::TYPE => read::<RotationSubject>(case),
        VendorRotationSubject::TYPE => read::<VendorRotationSubject>(case),
        other => panic!("{}: no document is a {other}", case.place()),
    }
}

fn read<S: Subject>(case: &mut Case) -> Verdict {
    let input = case.input();
    let document = if input.get("bytes").is_some() {
        bytes(&input, "bytes")
    } else if input.get("document").is_some() {
        text(&input, "document").as_bytes().to_vec()
    } else {
        make(case, &input).into_bytes()
    };
    let read = Document::<S>::read(&document);
    let now = input.get("now").map(|_| Timestamp::parse(text(&input, "now")).expect("a time"));
    coded(read.and_then(|document| {
        assert_eq!(json::canonical(&Value::Object(map(document.bytes()))).as_bytes(), document.bytes());
        now.map_or(Ok(()), |now| document.check_time(now))
    }))
}

/// Signs what the input says, by hand and with the protocol's code, and compares every value on the way.
fn make(case: &mut Case, input: &Value) -> String {
    let bare = &input["unsigned"];
    let hash = |value: &Value| Sha256::digest(json::canonical(value)).to_vec();
    case.same("canonicalDocument", json::canonical(bare));
    case.same_bytes("documentHash", &hash(bare));
    let mut document = bare.as_object().expect("an unsigned document").clone();
    let mut proofs = Vec::new();
    for signer in input["signers"].as_array().expect("signers") {
        let (key, did) = (signing_key(signer, "seed"), did(signer, "did"));
        let options = json!({
            "@context": bare["@context"],
            "created": signer["created"],
            "cryptosuite": "eddsa-jcs-2022",
            "proofPurpose": "assertionMethod",
            "type": "DataIntegrityProof",
            "verificationMethod": format!("{did}#{}", key.public().to_multibase()),
        });
        let signature = key.sign(&[hash(&options), hash(bare)].concat());
        proofs.push(json!({
            "canonicalOptions": json::canonical(&options),
            "optionsHash": hex(&hash(&options)),
            "signature": hex(&signature),
        }));
        let created = Timestamp::parse(text(signer, "created")).expect("a time");
        document = proof::sign(document, &key, &did, created);
    }
    case.same("proofs", json!(proofs));
    let document = json::canonical(&Value::Object(document));
    case.same("document", document.clone());
    case.same("digest", json!(DocumentDigest::of(document.as_bytes())));
    document
}

fn map(bytes: &[u8]) -> Map<String, Value> {
    match serde_json::from_slice(bytes) {
        Ok(Value::Object(map)) => map,
        other => panic!("no document: {other:?}"),
    }
}
