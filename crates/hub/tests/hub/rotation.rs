//! A person's key is renewed, and what was agreed goes on.

use freehold_protocol::cbor;
use freehold_protocol::code::Code;
use freehold_protocol::connect::{INTRODUCTION, Introduction, PROBLEM, Problem, ROTATION};
use freehold_protocol::data::{self, Carried};
use freehold_protocol::document::Rotation;
use freehold_protocol::id::RotationId;

use crate::person::{Person, connect, key};
use crate::vendor::Vendor;

async fn met(vendor: &Vendor) -> Person {
    let mut person = connect(&vendor.link().await, key(1)).await.unwrap();
    let said = Introduction::new(None, &key(2).public());
    person.say(INTRODUCTION, cbor::encode(&said)).await;
    person
}

/// Says that the relationship moves from one key to another, which commits to key 3.
async fn rotate(vendor: &Vendor, person: &mut Person, old: u8, new: u8) -> u64 {
    let id = RotationId::from_entropy(freehold_mailbox::entropy());
    let did = person.invitation.did.clone();
    let stated = Rotation::state(id, did, [&key(old), &key(new)], &key(3).public(), vendor.now()).unwrap();
    person.say(ROTATION, Carried::body(stated.bytes())).await.0
}

/// 1. A person agrees and moves to the committed key. 2. The old key is told so and gets nothing else. 3. Under the new
///    key updates go on, and a revocation ends the grant that the old DID gave.
#[tokio::test(flavor = "multi_thread")]
async fn the_committed_key_takes_over_and_the_old_one_is_turned_away() {
    let vendor = Vendor::start().await;
    let mut person = met(&vendor).await;
    let receipt = person.agree(None).await;
    rotate(&vendor, &mut person, 1, 2).await;
    assert_eq!(vendor.customer().did, key(2).public().did().as_str());

    let old = person.twin();
    let mut new = person.vanish();
    assert_eq!(old.connect(false).await.err(), Some(Code::Rotated));
    new.danger_become(key(2));
    let mut person = new.connect(false).await.unwrap();
    person.update(&receipt, &[("phone.mobile", Some("+15550100"))]).await;
    assert_eq!(vendor.customer().fields["phone.mobile"].as_deref(), Some("+15550100"));
    person.revoke(&receipt, &["phone.mobile", "email.personal"]).await;
    person.hear(data::ERASURE).await;
    assert!(vendor.customer().fields.is_empty());
    assert_eq!(vendor.hub.customers().len(), 1);
}

/// Whoever stole the present key cannot move the relationship: the next key was committed to.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_was_not_committed_to_is_refused() {
    let vendor = Vendor::start().await;
    let mut person = met(&vendor).await;
    for (old, new, code) in [(1, 9, Code::NotCommitted), (9, 2, Code::WrongSigner)] {
        let about = rotate(&vendor, &mut person, old, new).await;
        let said: Problem = cbor::decode(&person.hear(PROBLEM).await.body).unwrap();
        assert_eq!(said, Problem { code, about });
    }
    assert_eq!(vendor.customer().did, key(1).public().did().as_str());
}

/// A relationship's commitment is made once, and a key belongs to one relationship.
#[tokio::test(flavor = "multi_thread")]
async fn a_commitment_is_not_made_twice_and_no_key_is_taken_over() {
    let vendor = Vendor::start().await;
    let mut person = met(&vendor).await;
    let again = Introduction::new(None, &key(9).public());
    let (about, _) = person.say(INTRODUCTION, cbor::encode(&again)).await;
    let said: Problem = cbor::decode(&person.hear(PROBLEM).await.body).unwrap();
    assert_eq!(said, Problem { code: Code::NotCommitted, about });

    let link = vendor.hub.invite(None, None, crate::vendor::WEEK).await.unwrap().link;
    let _other = connect(&link, key(2)).await.unwrap();
    let about = rotate(&vendor, &mut person, 1, 2).await;
    let said: Problem = cbor::decode(&person.hear(PROBLEM).await.body).unwrap();
    assert_eq!(said, Problem { code: Code::WrongSigner, about });
}

/// 1. A person agrees, and moves to another key; the vendor moves, and the person follows. 2. The evidence joins all of their keys by what
///    they have signed themselves, and needs nobody's word.
#[tokio::test(flavor = "multi_thread")]
async fn evidence_of_a_relationship_that_has_moved_is_verified_by_itself() {
    let vendor = Vendor::start().await;
    let mut person = met(&vendor).await;
    person.agree(None).await;
    rotate(&vendor, &mut person, 1, 2).await;
    let mut new = person.vanish();
    new.danger_become(key(2));
    let _person = new.connect(false).await.unwrap();
    let report = freehold_hub::verify_evidence(&vendor.hub.evidence("C-17").unwrap());
    assert!(report.ok && report.by_word.is_empty(), "{report:?}");
    let dids = [key(2).public().did(), key(1).public().did()].map(|did| did.to_string());
    assert_eq!(report.person, dids);
    let holds = |folder: &str| report.findings.iter().filter(|f| f.ok && f.file.starts_with(folder)).count();
    assert_eq!((holds("rotations/"), holds("receipts/")), (1, 1));
}
