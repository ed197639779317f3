//! What a restored person takes of what the vendor tells again.

use std::sync::Arc;

use freehold_keystore::Seed;
use freehold_mailbox::Desk;
use freehold_protocol::cbor;
use freehold_protocol::data::{self, Carried, Ended};
use freehold_protocol::document::{
    AskedField, DataRequest, Document, GrantSubject, Issue, RequestSubject, Retention,
};
use freehold_protocol::id::{GrantId, MessageId, RequestId};
use freehold_protocol::identity::SigningKey;
use freehold_protocol::message::{Message, MessageType};
use freehold_protocol::vocabulary::Vocabulary;
use freehold_store::{HomeKey, Options, Store};
use tempfile::TempDir;

use super::*;
use crate::bell::Bells;
use crate::families::families;

const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);
const PERSON: u8 = 1;
const VENDOR: u8 = 2;
const STRANGER: u8 = 3;

fn key(n: u8) -> SigningKey {
    SigningKey::from_seed(&[n; 32])
}

fn path(text: &str) -> Path {
    Path::parse(text).unwrap()
}

/// A receipt of a grant of `phone.mobile` and `email.personal`.
fn receipt(id: u8, person: u8, vendor: u8) -> Grant {
    let (vendor, person) = (key(vendor), key(person));
    let vocabulary = Vocabulary::standard();
    let field = |name: &str| AskedField {
        path: path(name),
        required: true,
        reason: "to deliver".into(),
        purposes: [vocabulary.purpose("serviceProvision").unwrap().iri.clone()].into(),
    };
    let subject = RequestSubject {
        name: "Acme".into(),
        title: "Service".into(),
        fields: vec![field("phone.mobile"), field("email.personal")],
        legal_basis: vocabulary.legal_basis("contract").unwrap().iri.clone(),
        mode: Mode::Continuous,
        retention: Retention { duration: "P2Y".into(), after: "end of contract".into() },
        recipients: vec![],
        policy: None,
    };
    let (of, issuer) = (RequestId::from_entropy([1; 16]), vendor.public().did());
    let issue = Issue { id: of, issuer, valid_from: NOW, valid_until: None, subject };
    let request: DataRequest = Document::issue(issue, &vendor).unwrap();
    let (id, issuer) = (GrantId::from_entropy([id; 16]), person.public().did());
    let subject = GrantSubject::answering(&request, &BTreeSet::new());
    let given: Grant =
        Document::issue(Issue { id, issuer, valid_from: NOW, valid_until: None, subject }, &person).unwrap();
    given.countersign(&vendor, &vendor.public().did(), NOW).unwrap()
}

/// A home that was restored from a backup of before any grant.
struct Home {
    store: Store,
    relationship: RelationshipId,
    families: Arc<Families<Linked>>,
    _dir: TempDir,
}

impl Home {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), &HomeKey::new([7; 32]), Options::default()).unwrap();
        let id = RelationshipId::from_entropy([3; 16]);
        let relationship = Relationship {
            id: id.clone(),
            index: 0,
            generation: 0,
            own: key(PERSON).public().did(),
            earlier: Vec::new(),
            rotation: None,
            unproven: false,
            vendor: key(VENDOR).public().did(),
            earlier_vendors: Vec::new(),
            vendor_name: None,
            invitation: None,
            addresses: Vec::new(),
            assertion_keys: vec![*key(VENDOR).public().as_bytes()],
            vendor_next_key: None,
            check_in_secs: None,
            created: NOW,
            last_connected: None,
            last_error: None,
            restored: Some(Restored { asked: true, ..Restored::default() }),
        };
        store.write_blocking(move |txn| relationships::save(txn, &relationship)).unwrap();
        let seed = Arc::new(Seed::generate().unwrap());
        let families = Arc::new(families(&Arc::new(Bells::default()), &seed));
        Self { store, relationship: id, families, _dir: dir }
    }

    /// The vendor says this; the code of the refusal.
    fn hears(&self, kind: &str, body: Vec<u8>) -> Result<(), Code> {
        let message = Message {
            seq: 1,
            id: MessageId::from_entropy([9; 16]),
            kind: MessageType::parse(kind).unwrap(),
            thread: None,
            at: NOW,
            to: key(PERSON).public().did(),
            body,
            crit: Vec::new(),
        };
        let (families, id) = (self.families.clone(), self.relationship.clone());
        let heard = self.store.write_blocking(move |txn| {
            let (mailbox, vendor) = (Mailbox::new(&id), key(VENDOR).public().did());
            let mut desk = Desk::new(txn, &mailbox, &id, &vendor, NOW);
            families.of(&message.kind).unwrap().receive(&mut desk, &message)
        });
        match heard {
            Ok(_) => Ok(()),
            Err(freehold_store::WriteError::Refused(code)) => Err(code),
            Err(error) => panic!("{error}"),
        }
    }

    fn told(&self, receipt: &Grant) -> Result<(), Code> {
        self.hears(data::RECEIPT, Carried::body(receipt.bytes()))
    }

    fn ended(&self, grant: &GrantId, paths: &[&str]) -> Result<(), Code> {
        let paths = paths.iter().map(|name| path(name)).collect();
        self.hears(data::ENDED, cbor::encode(&Ended { grant: grant.clone(), paths }))
    }

    fn status(&self, grant: &GrantId) -> Option<GrantStatus> {
        agreements::grant(&self.store, grant).unwrap().map(|stored| stored.state.status)
    }
}

/// 1. Its own grant comes back and is held back. 2. One under another person's or nobody's signature, countersigned by another,
///    or without a countersignature, does not. 3. The same id with other words does not either.
#[test]
fn a_vendor_gives_a_restored_person_nothing_that_they_did_not_sign() {
    let home = Home::new();
    let good = receipt(1, PERSON, VENDOR);
    assert_eq!(home.told(&good), Ok(()));
    assert_eq!(home.status(good.id()), Some(GrantStatus::Held));
    let given = Grant::read(&good.without_countersignature().unwrap()).unwrap();
    for bad in [receipt(2, STRANGER, VENDOR), receipt(3, PERSON, STRANGER), receipt(4, VENDOR, VENDOR), given]
    {
        assert!(home.told(&bad).is_err(), "{bad:?}");
    }
    for id in 2..=4 {
        assert_eq!(home.status(&GrantId::from_entropy([id; 16])), None);
    }
    let relationship = relationships::get(&home.store, &home.relationship).unwrap().unwrap();
    assert_eq!(relationship.restored.unwrap().vendor_holds, BTreeSet::from([good.id().clone()]));
}

/// What has ended at the vendor has ended; of grants and paths that are not the relationship's it has nothing to say.
#[test]
fn a_vendor_only_narrows_what_a_restored_person_gives() {
    let home = Home::new();
    let good = receipt(1, PERSON, VENDOR);
    home.told(&good).unwrap();
    assert_eq!(home.ended(&GrantId::from_entropy([8; 16]), &["phone.mobile"]), Err(Code::NoGrant));
    assert_eq!(home.ended(good.id(), &["phone.mobile", "name.full"]), Err(Code::NotInScope));
    assert_eq!(home.status(good.id()), Some(GrantStatus::Held));
    home.ended(good.id(), &["phone.mobile"]).unwrap();
    let stored = agreements::grant(&home.store, good.id()).unwrap().unwrap();
    assert_eq!((stored.state.status, stored.state.revoked.len()), (GrantStatus::Held, 1));
    home.ended(good.id(), &["email.personal"]).unwrap();
    assert_eq!(home.status(good.id()), Some(GrantStatus::Revoked));
    // Told once more, it does not come back.
    home.told(&good).unwrap();
    assert_eq!(home.status(good.id()), Some(GrantStatus::Revoked));
}
