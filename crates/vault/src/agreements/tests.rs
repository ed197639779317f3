use std::collections::BTreeSet;

use freehold_protocol::disclosure::{GrantState, GrantStatus};
use freehold_protocol::document::{
    AskedField, DataRequest, Document, GrantSubject, Issue, Mode, RequestSubject, Retention,
};
use freehold_protocol::id::{GrantId, MessageId, RelationshipId, RequestId};
use freehold_protocol::identity::SigningKey;
use freehold_protocol::time::Timestamp;
use freehold_protocol::vocabulary::Vocabulary;

use super::*;
use crate::scratch::{Scratch, path};
use crate::{LookupError, tables};

fn vendor() -> SigningKey {
    SigningKey::from_seed(&[8; 32])
}

/// Ids that differ in their fourth byte only.
fn entropy(number: u8) -> [u8; 16] {
    let mut bytes = [0xab; 16];
    bytes[3] = number;
    bytes
}

fn relationship(number: u8) -> RelationshipId {
    RelationshipId::from_entropy([number; 16])
}

fn data_request(number: u8, reason: &str) -> DataRequest {
    let vocabulary = Vocabulary::standard();
    let field = AskedField {
        path: path("phone.mobile"),
        required: true,
        reason: reason.into(),
        purposes: [vocabulary.purpose("serviceProvision").unwrap().iri.clone()].into(),
    };
    let subject = RequestSubject {
        name: "Acme".into(),
        title: "Service".into(),
        fields: (0..75)
            .map(|i| AskedField { path: path(&format!("x.{i}")), ..field.clone() })
            .chain([field.clone()])
            .collect(),
        legal_basis: vocabulary.legal_basis("contract").unwrap().iri.clone(),
        mode: Mode::Continuous,
        retention: Retention { duration: "P2Y".into(), after: "end of contract".into() },
        recipients: vec![],
        policy: None,
    };
    let issue = Issue {
        id: RequestId::from_entropy(entropy(number)),
        issuer: vendor().public().did(),
        valid_from: Timestamp::default(),
        valid_until: None,
        subject,
    };
    Document::issue(issue, &vendor()).unwrap()
}

fn stored_request(number: u8, reason: &str) -> StoredRequest {
    StoredRequest {
        document: data_request(number, reason).bytes().to_vec(),
        relationship: relationship(1),
        received: Timestamp::from_millis(100 - u64::from(number)),
        message: MessageId::from_entropy([number; 16]),
        state: RequestState::Open,
    }
}

/// A grant that was offered in a relationship.
pub(crate) fn stored_grant(number: u8, of: u8) -> StoredGrant {
    let person = SigningKey::from_seed(&[9; 32]);
    let issue = Issue {
        id: GrantId::from_entropy(entropy(number)),
        issuer: person.public().did(),
        valid_from: Timestamp::default(),
        valid_until: None,
        subject: GrantSubject::answering(&data_request(1, "to call you"), &BTreeSet::new()),
    };
    StoredGrant {
        document: Document::issue(issue, &person).unwrap().bytes().to_vec(),
        relationship: relationship(of),
        state: GrantState::offered(),
        given: Timestamp::from_millis(u64::from(number)),
        standing_since: None,
        revocations: vec![],
        offered_message: MessageId::from_entropy([number; 16]),
        last_release: 0,
    }
}

fn put(scratch: &Scratch, grant: &StoredGrant) {
    let grant = grant.clone();
    scratch.write(move |txn| put_grant(txn, &grant));
}

#[test]
fn requests_are_found_by_id_or_an_unambiguous_beginning() {
    let scratch = Scratch::new();
    scratch.write(|txn| (1..=2).try_for_each(|n| put_request(txn, &stored_request(n, "to call you"))));
    let (one, two) = (stored_request(1, "to call you"), stored_request(2, "to call you"));
    let found = |text: &str| request_meant_by(&scratch.store, text);
    assert_eq!(found(one.id().unwrap().as_str()).unwrap(), one);
    assert_eq!(found(one.id().unwrap().short()).unwrap(), one);
    assert_eq!(found("ababab02").unwrap(), two);
    assert!(matches!(found("ababab"), Err(LookupError::Ambiguous { what: "request", count: 2 })));
    assert!(matches!(found("aba"), Err(LookupError::Unknown { .. })));
    assert!(matches!(found("0000"), Err(LookupError::Unknown { .. })));
    assert_eq!(requests(&scratch.store).unwrap(), [two, one]);
}

#[test]
fn a_large_request_keeps_its_signature_and_its_answer() {
    let scratch = Scratch::new();
    let stored = stored_request(1, &"why ".repeat(120));
    assert!(stored.document.len() > 20_000);
    let id = stored.id().unwrap();
    let put = stored.clone();
    scratch.write(move |txn| put_request(txn, &put));
    let granted = StoredRequest { state: RequestState::Granted(GrantId::from_entropy([5; 16])), ..stored };
    let put = granted.clone();
    scratch.write(move |txn| put_request(txn, &put));
    let scratch = scratch.reopened();
    let kept = request(&scratch.store, &relationship(1), &id).unwrap().unwrap();
    assert_eq!(kept, granted);
    assert_eq!(*kept.read().unwrap().id(), id);
    assert_eq!(requests(&scratch.store).unwrap().len(), 1);
}

#[test]
fn a_grant_keeps_its_receipt_its_revocations_and_its_place() {
    let scratch = Scratch::new();
    let mut grant = stored_grant(1, 1);
    put(&scratch, &grant);
    let receipt = grant.read().unwrap();
    let receipt = receipt.countersign(&vendor(), &vendor().public().did(), Timestamp::default()).unwrap();
    grant.document = receipt.bytes().to_vec();
    grant.state.status = GrantStatus::Standing;
    grant.standing_since = Some(Timestamp::from_millis(9));
    grant.last_release = 7;
    let erasure = Some((vec![1, 2], Timestamp::from_millis(3)));
    grant.revocations = vec![
        StoredRevocation { document: vec![3; 40_000], at: Timestamp::from_millis(2), seq: 5, erasure },
        StoredRevocation { document: vec![4; 40_000], at: Timestamp::from_millis(4), seq: 6, erasure: None },
    ];
    put(&scratch, &grant);
    let scratch = scratch.reopened();
    let id = grant.id().unwrap();
    assert_eq!(super::grant(&scratch.store, &id).unwrap(), Some(grant.clone()));
    assert_eq!(grants_of(&scratch.store, &relationship(1)).unwrap(), [grant.clone()]);
    assert_eq!(grant.read().unwrap().signers().len(), 2);
    assert!(grant.revocations[0].read().is_err() && grant.revocations[0].read_erasure().is_err());
    assert!(grant.revocations[1].read_erasure().unwrap().is_none());
}

#[test]
fn grants_are_listed_by_relationship_and_found_by_an_unambiguous_beginning() {
    let scratch = Scratch::new();
    let all = [stored_grant(1, 1), stored_grant(2, 2), stored_grant(3, 1)];
    all.iter().rev().for_each(|grant| put(&scratch, grant));
    assert_eq!(grants(&scratch.store).unwrap(), all);
    let of_one = grants_of(&scratch.store, &relationship(1)).unwrap();
    assert_eq!(of_one, [all[0].clone(), all[2].clone()]);
    assert_eq!(grants_of(&scratch.store, &relationship(9)).unwrap(), []);
    let found = |text: &str| grant_meant_by(&scratch.store, text);
    assert_eq!(found("ababab02").unwrap(), all[1]);
    assert!(matches!(found("abab"), Err(LookupError::Ambiguous { what: "grant", count: 3 })));
    assert!(matches!(found("abad"), Err(LookupError::Unknown { what: "grant" })));
}

#[test]
fn bytes_that_are_no_document_are_not_put_and_debug_shows_no_content() {
    let scratch = Scratch::new();
    let mut request = stored_request(1, "to call you");
    assert!(!format!("{request:?}").contains("call"));
    request.document = b"{}".to_vec();
    assert!(scratch.store.write_blocking(move |txn| put_request(txn, &request)).is_err());
    assert!(requests(&scratch.store).unwrap().is_empty());
}

/// Two vendors have given their requests the same id. Neither is in the other's way.
#[test]
fn a_request_is_known_within_its_relationship_only() {
    let scratch = Scratch::new();
    let ours = stored_request(1, "to call you");
    let theirs = StoredRequest { relationship: relationship(2), ..ours.clone() };
    let (one, two) = (ours.clone(), theirs.clone());
    let id = ours.id().unwrap();
    scratch.write(move |txn| put_request(txn, &one));
    assert_eq!(request(&scratch.store, &relationship(2), &id).unwrap(), None);
    scratch.write(move |txn| put_request(txn, &two));
    assert_eq!(requests_of(&scratch.store, &relationship(1)).unwrap(), std::slice::from_ref(&ours));
    let found = |text: &str| request_meant_by(&scratch.store, text);
    assert!(matches!(found(id.as_str()), Err(LookupError::Ambiguous { what: "request", count: 2 })));
    assert_eq!(found(&format!("{id}@{}", relationship(2).short())).unwrap(), theirs);
}

/// What the three lists have: ids of open requests, of the grants that share `phone.mobile`, and of those not answered.
fn lists(scratch: &Scratch) -> (Vec<RequestId>, Vec<GrantId>, Vec<GrantId>) {
    let store = &scratch.store;
    let open = open_requests(store).unwrap().iter().map(|request| request.id().unwrap()).collect();
    let silent = unanswered(store).unwrap().iter().map(|grant| grant.id().unwrap()).collect();
    (open, sharing(store, &path("phone.mobile")).unwrap(), silent)
}

fn revocation() -> StoredRevocation {
    StoredRevocation { document: vec![], at: Timestamp::from_millis(7), seq: 3, erasure: None }
}

/// 1. Two requests come, and one is answered: the other is open. 2. A grant is offered, stands, and is narrowed: it shares a field
///    while it stands and covers it. 3. The vendor is silent until it answers. 4. Another one shares the same field.
#[test]
fn the_lists_have_what_is_open_shared_and_unanswered_and_nothing_else() {
    let scratch = Scratch::new();
    let requests = [1, 2].map(|n| stored_request(n, "to call you"));
    let ids = requests.clone().map(|request| request.id().unwrap());
    let put_both = requests.clone();
    scratch.write(move |txn| put_both.iter().try_for_each(|request| put_request(txn, request)));
    assert_eq!(lists(&scratch).0, [ids[1].clone(), ids[0].clone()], "the oldest first");
    let answered = StoredRequest { state: RequestState::Declined, ..requests[1].clone() };
    scratch.write(move |txn| put_request(txn, &answered));
    assert_eq!(lists(&scratch), (vec![ids[0].clone()], vec![], vec![]));

    let mut grant = stored_grant(1, 1);
    let id = grant.id().unwrap();
    put(&scratch, &grant);
    assert_eq!(lists(&scratch).1, [], "it is offered");
    grant.state.status = GrantStatus::Standing;
    put(&scratch, &grant);
    assert_eq!(lists(&scratch).1, std::slice::from_ref(&id));
    grant.last_release = 9;
    let released = grant.clone();
    scratch.write(move |txn| put_released(txn, &released));
    assert_eq!(grant_meant_by(&scratch.store, id.as_str()).unwrap().last_release, 9);
    assert_eq!(lists(&scratch).1, std::slice::from_ref(&id));
    grant.state.revoked.insert(path("phone.mobile"));
    grant.revocations.push(revocation());
    put(&scratch, &grant);
    assert_eq!(lists(&scratch), (vec![ids[0].clone()], vec![], vec![id.clone()]));
    grant.revocations[0].erasure = Some((vec![], Timestamp::from_millis(8)));
    put(&scratch, &grant);
    assert_eq!(lists(&scratch), (vec![ids[0].clone()], vec![], vec![]));
    assert!(is_of(&scratch.store, &relationship(1), &id).unwrap());
    assert!(!is_of(&scratch.store, &relationship(2), &id).unwrap());
}

/// What a home from before had is on the lists after the step.
#[test]
fn the_step_makes_the_lists() {
    let scratch = Scratch::new();
    let mut standing = stored_grant(1, 1);
    standing.state.status = GrantStatus::Standing;
    standing.revocations.push(revocation());
    put(&scratch, &standing);
    put(&scratch, &stored_grant(2, 2));
    scratch.write(|txn| put_request(txn, &stored_request(1, "to call you")));
    let wanted = lists(&scratch);
    assert_eq!((wanted.0.len(), wanted.1.len(), wanted.2.len()), (1, 1, 1));
    scratch.write(|txn| {
        let tags = [tables::OPEN_REQUESTS, tables::SHARED, tables::UNANSWERED];
        tags.into_iter().try_for_each(|tag| txn.erase_prefix(&freehold_store::Key::new(tag)).map(drop))
    });
    assert_eq!(lists(&scratch), (vec![], vec![], vec![]));
    assert_eq!(scratch.write(|txn| fill(txn, None)), Progress::Done);
    assert_eq!(lists(&scratch), wanted);
}
