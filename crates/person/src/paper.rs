//! Documents and records for tests.

use std::collections::BTreeSet;

use freehold_protocol::disclosure::Grant;
use freehold_protocol::document::{
    AskedField, DataRequest, Document, GrantSubject, Issue, Mode, RequestSubject, Retention,
};
use freehold_protocol::id::{GrantId, RelationshipId, RequestId};
use freehold_protocol::identity::SigningKey;
use freehold_protocol::path::Path;
use freehold_protocol::time::Timestamp;
use freehold_protocol::vocabulary::Vocabulary;
use freehold_vault::relationships::Relationship;

/// When everything happens.
pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

pub(crate) fn key(n: u8) -> SigningKey {
    SigningKey::from_seed(&[n; 32])
}

pub(crate) fn path(text: &str) -> Path {
    Path::parse(text).unwrap()
}

/// The receipt of a grant of some fields by the person of one key to the vendor of another.
pub(crate) fn receipt(id: u8, [person, vendor]: [u8; 2], mode: Mode, names: &[&str]) -> Grant {
    let (person, vendor) = (key(person), key(vendor));
    let vocabulary = Vocabulary::standard();
    let field = |name: &&str| AskedField {
        path: path(name),
        required: true,
        reason: "to deliver".into(),
        purposes: [vocabulary.purpose("serviceProvision").unwrap().iri.clone()].into(),
    };
    let subject = RequestSubject {
        name: "Acme".into(),
        title: "Service".into(),
        fields: names.iter().map(field).collect(),
        legal_basis: vocabulary.legal_basis("contract").unwrap().iri.clone(),
        mode,
        retention: Retention { duration: "P2Y".into(), after: "end of contract".into() },
        recipients: vec![],
        policy: None,
    };
    let (of, issuer) = (RequestId::from_entropy([1; 16]), vendor.public().did());
    let issue = Issue { id: of, issuer, valid_from: NOW, valid_until: None, subject };
    let request: DataRequest = Document::issue(issue, &vendor).unwrap();
    let (id, issuer) = (GrantId::from_entropy([id; 16]), person.public().did());
    let subject = GrantSubject::answering(&request, &BTreeSet::new());
    let issue = Issue { id, issuer, valid_from: NOW, valid_until: None, subject };
    let given: Grant = Document::issue(issue, &person).unwrap();
    given.countersign(&vendor, &vendor.public().did(), NOW).unwrap()
}

/// A relationship of the person of one key with the vendor of another, as it has just begun.
pub(crate) fn relationship([person, vendor]: [u8; 2]) -> Relationship {
    Relationship {
        id: RelationshipId::from_entropy([3; 16]),
        index: 0,
        generation: 0,
        own: key(person).public().did(),
        earlier: Vec::new(),
        rotation: None,
        unproven: false,
        vendor: key(vendor).public().did(),
        earlier_vendors: Vec::new(),
        vendor_name: None,
        invitation: None,
        addresses: vec!["/ip4/192.0.2.1/udp/4101/quic-v1".into()],
        assertion_keys: vec![*key(vendor).public().as_bytes()],
        vendor_next_key: None,
        check_in_secs: None,
        created: NOW,
        last_connected: None,
        last_error: None,
        restored: None,
        fetched: None,
    }
}
