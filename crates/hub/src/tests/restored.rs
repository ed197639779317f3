//! What a person who was restored from a backup is told again.

use freehold_mailbox::Desk;
use freehold_protocol::data::{Carried, ENDED, ERASURE, RECEIPT, REVOCATION};
use freehold_protocol::disclosure::Grant;
use freehold_protocol::document::{
    AskedField, DataRequest, Document, GrantSubject, Issue, Mode, RequestSubject, Retention,
    RevocationSubject,
};
use freehold_protocol::id::RequestId;
use freehold_protocol::intake::IntakeState;
use freehold_protocol::message::{Message, MessageType};
use freehold_protocol::vocabulary::Vocabulary;

use super::*;
use crate::families::families;
use crate::held::{Held, save_held};
use crate::restored;

/// The receipt of a grant of two fields by the person of this key, which the hub holds.
fn held(shared: &Shared, known: &Relationship, person: &SigningKey) -> Grant {
    let identity = shared.keys.newest();
    let vocabulary = Vocabulary::standard();
    let field = |name: &str| AskedField {
        path: FieldPath::parse(name).unwrap(),
        required: true,
        reason: "to call you".into(),
        purposes: [vocabulary.purpose("serviceProvision").unwrap().iri.clone()].into(),
    };
    let subject = RequestSubject {
        name: "Acme".into(),
        title: "Repairs".into(),
        fields: vec![field("phone.mobile"), field("email.personal")],
        legal_basis: vocabulary.legal_basis("contract").unwrap().iri.clone(),
        mode: Mode::Continuous,
        retention: Retention { duration: "P2Y".into(), after: "end of contract".into() },
        recipients: vec![],
        policy: None,
    };
    let (id, issuer) = (RequestId::from_entropy([1; 16]), identity.did.clone());
    let issue = Issue { id, issuer, valid_from: NOW, valid_until: None, subject };
    let request: DataRequest = Document::issue(issue, &identity.vendor).unwrap();
    let (id, issuer) = (GrantId::from_entropy([2; 16]), known.peer.clone());
    let subject = GrantSubject::answering(&request, &BTreeSet::new());
    let issue = Issue { id, issuer, valid_from: NOW, valid_until: None, subject };
    let given: Grant = Document::issue(issue, person).unwrap();
    let receipt = given.countersign(&identity.vendor, &identity.did, NOW).unwrap();
    let (id, bytes, grant) = (known.id.clone(), receipt.bytes().to_vec(), receipt.id().clone());
    write(shared, move |txn| {
        txn.put(tables::receipt(txn, &id, &grant), bytes);
        save_held(txn, &id, &Held { grant, state: IntakeState::default(), at: NOW });
        Ok(())
    });
    receipt
}

fn tell(shared: &Shared, known: &Relationship) -> Vec<String> {
    let id = known.id.clone();
    shared.store.write_blocking(move |txn| restored::tell(txn, &id, 0, NOW)).unwrap();
    told(shared, known)
}

/// The person of this key revokes one path, as their next message.
fn revoke(shared: &Arc<Shared>, known: &Relationship, person: &SigningKey, grant: &Grant, path: &str) {
    let subject = RevocationSubject {
        id: shared.keys.newest().did.clone(),
        grant: grant.reference(),
        paths: vec![FieldPath::parse(path).unwrap()],
        whole: false,
        last_sequence: 0,
    };
    let id = RevocationId::from_entropy([3; 16]);
    let issue = Issue { id, issuer: known.peer.clone(), valid_from: NOW, valid_until: None, subject };
    let message = Message {
        seq: 1,
        id: MessageId::from_entropy([4; 16]),
        kind: MessageType::parse(REVOCATION).unwrap(),
        thread: None,
        at: NOW,
        to: shared.keys.newest().did.clone(),
        body: Carried::body(Document::issue(issue, person).unwrap().bytes()),
        crit: Vec::new(),
    };
    let (families, id, peer) = (families(shared), known.id.clone(), known.peer.clone());
    let taken = shared.store.write_blocking(move |txn| {
        let mailbox = Mailbox::new(&id);
        let mut desk = Desk::new(txn, &mailbox, &id, &peer, NOW);
        families.of(&message.kind).unwrap().receive(&mut desk, &message)
    });
    taken.unwrap();
}

/// Who asks again and again has no more queued, until some of it was delivered: that may have gone to a copy that is lost.
#[test]
fn a_restored_person_is_told_once_and_again_when_some_of_it_was_delivered() {
    let dir = tempfile::tempdir().unwrap();
    let shared = hub(dir.path(), alone());
    let known = relationship(&shared, &[], 1);
    held(&shared, &known, &SigningKey::from_seed(&[1; 32]));
    let id = known.id.clone();
    write(&shared, move |txn| {
        txn.put(tables::erasure(txn, &id, 1), b"a receipt");
        Ok(())
    });
    assert_eq!(tell(&shared, &known), [RECEIPT, ERASURE]);
    assert_eq!(tell(&shared, &known), [RECEIPT, ERASURE]);
    let id = known.id.clone();
    write(&shared, move |txn| Mailbox::new(&id).delivered(txn, 1));
    assert_eq!(tell(&shared, &known), [ERASURE, RECEIPT, ERASURE]);
}

/// 1. A restored person is told, and gets none of it. 2. A copy of their home revokes. 3. Restored once more, they are told of that.
#[test]
fn what_ended_after_a_restored_person_was_told_is_told_again() {
    let dir = tempfile::tempdir().unwrap();
    let shared = hub(dir.path(), alone());
    let (person, known) = (SigningKey::from_seed(&[1; 32]), relationship(&shared, &[], 1));
    let grant = held(&shared, &known, &person);
    assert_eq!(tell(&shared, &known), [RECEIPT]);
    revoke(&shared, &known, &person, &grant, "phone.mobile");
    let told = tell(&shared, &known);
    assert!(told.iter().any(|kind| kind == ENDED), "{told:?}");
}
