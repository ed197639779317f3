//! Signed documents, and those that DIDs publish.

use freehold_protocol::document::{
    Document, ErasureSubject, GrantSubject, RequestSubject, RevocationSubject, RotationSubject, Subject,
    VendorRotationSubject,
};
use freehold_protocol::identity::Did;
use freehold_protocol::json;
use freehold_protocol::proof;
use freehold_protocol::time::Timestamp;
use freehold_resolver::ResolvedDid;
use serde_json::{Map, Value};

use super::wire::peer;

/// When everything is read.
const NOW: Timestamp = Timestamp::from_millis(1_795_521_600_000);

/// What is accepted stands in the one form, and is what its bytes say.
fn read<S: Subject>(bytes: &[u8]) {
    let Ok(document) = Document::<S>::read(bytes) else { return };
    assert_eq!(document.bytes(), bytes);
    let value = json::parse_canonical(bytes).expect("a document is canonical JSON");
    assert_eq!(json::canonical(&value).as_bytes(), bytes);
    let recalled = Document::<S>::recall(bytes).expect("what was verified reads again");
    assert!(recalled.digest() == document.digest() && recalled.signers() == document.signers());
    assert_eq!(document.signers()[0].method.did, *document.issuer(), "the issuer signed first");
    let _ = document.check_time(NOW);
}

fn each(bytes: &[u8]) {
    read::<RequestSubject>(bytes);
    read::<GrantSubject>(bytes);
    read::<RevocationSubject>(bytes);
    read::<ErasureSubject>(bytes);
    read::<RotationSubject>(bytes);
    read::<VendorRotationSubject>(bytes);
}

pub(super) fn document(bytes: &[u8]) {
    each(bytes);
}

/// Any object under the proof of one who may sign, and with a second proof.
pub(super) fn signed(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(Value::Object(mut map)) = json::parse(text) else { return };
    let key = peer();
    map.insert("issuer".into(), key.public().did().as_str().into());
    map.remove("proof");
    let once: Map<String, Value> = proof::sign(map, &key, &key.public().did(), NOW);
    let twice = proof::sign(once.clone(), &key, &key.public().did(), NOW);
    for map in [once, twice] {
        each(json::canonical(&Value::Object(map)).as_bytes());
    }
}

pub(super) fn did_document(bytes: &[u8]) {
    let did = Did::parse("did:web:shop.example").expect("a DID");
    if let Ok(resolved) = ResolvedDid::read(&did, bytes, NOW) {
        assert!(!resolved.assertion_keys.is_empty(), "somebody signs");
        assert!(resolved.addresses.iter().all(|address| address.starts_with('/')));
    }
}
