//! Grants, updates and revocations.

use std::time::Duration;

use freehold_protocol::cbor;
use freehold_protocol::code::Code;
use freehold_protocol::connect::{PROBLEM, Problem};
use freehold_protocol::data::{self, Carried, Decline, Outcome, OutcomeKind};
use freehold_protocol::document::{Document, ErasureResult, ErasureSubject};
use serde_json::json;

use crate::person::{Person, connect, document, key, update};
use crate::vendor::{Vendor, WEEK};

async fn problem(person: &mut Person) -> Problem {
    cbor::decode(&person.hear(PROBLEM).await.body).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_is_countersigned_and_its_updates_are_held_told_and_answered() {
    let vendor = Vendor::start().await;
    let mut person = connect(&vendor.link().await, key(1)).await.unwrap();
    let receipt = person.agree(None).await;
    let event = vendor.event("dev.freehold.grant").await.cloudevent;
    assert_eq!(event["data"]["paths"], json!(["email.personal", "phone.mobile"]));
    assert_eq!(vendor.customer().grants[0].status, "standing");

    let (seq, id) =
        person.update(&receipt, &[("phone.mobile", Some("+15550100")), ("email.personal", None)]).await;
    let message = person.hear(data::OUTCOME).await;
    assert_eq!(message.thread, Some(id));
    let outcome = Outcome::decode(&message.body).unwrap();
    assert_eq!((outcome.update, &outcome.grant), (seq, receipt.id()));
    assert!(outcome.results.iter().all(|line| line.outcome == OutcomeKind::Applied && line.system == "hub"));

    let customer = vendor.customer();
    assert_eq!(customer.fields["phone.mobile"].as_deref(), Some("+15550100"));
    assert_eq!(customer.fields["email.personal"], None);
    let event = vendor.event("dev.freehold.update").await.cloudevent;
    assert_eq!(event["specversion"], "1.0");
    assert_eq!(event["dataschema"], "urn:freehold:1:event");
    assert_eq!(event["id"], format!("{}-{seq}", customer.id));
    assert_eq!(event["source"], vendor.hub.info().did);
    assert_eq!(event["subject"], "C-17");
    assert_eq!(event["data"]["customer"], "C-17");
    assert_eq!(event["data"]["did"], customer.did);
    assert_eq!(event["data"]["fields"], json!({"phone.mobile": "+15550100", "email.personal": null}));

    person.update(&receipt, &[("phone.mobile", None)]).await;
    assert_eq!(vendor.customer().fields["phone.mobile"], None);
    assert_eq!(vendor.hub.stats().updates, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_outside_its_grant_is_answered_with_a_problem_and_nothing_of_it_is_held() {
    let vendor = Vendor::start().await;
    let mut person = connect(&vendor.link().await, key(1)).await.unwrap();
    let receipt = person.agree(None).await;
    let fields = [("phone.mobile", Some("+15550100")), ("phone.home", Some("+15550101"))];
    let (seq, _) = person.update(&receipt, &fields).await;
    assert_eq!(problem(&mut person).await, Problem { code: Code::NotInScope, about: seq });

    let unknown = freehold_protocol::id::GrantId::from_entropy([3; 16]);
    let (seq, _) = person.say(data::UPDATE, update(&unknown, &fields)).await;
    assert_eq!(problem(&mut person).await, Problem { code: Code::NoGrant, about: seq });

    assert!(vendor.customer().fields.is_empty());
    assert_eq!(vendor.hub.stats().updates, 0);
    assert!(vendor.hub.events(0, 100).iter().all(|e| e.cloudevent["type"] == "dev.freehold.grant"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_that_is_another_persons_or_already_over_is_refused() {
    let vendor = Vendor::start().await;
    let mut person = connect(&vendor.link().await, key(1)).await.unwrap();
    let link = vendor.hub.invite(None, None, WEEK).await.unwrap().link;
    let other = connect(&link, key(2)).await.unwrap();
    let request = person.request().await;
    let foreign = other.grant(&request, None);
    person.say(data::GRANT, Carried::body(foreign.bytes())).await;
    assert_eq!(problem(&mut person).await.code, Code::WrongSigner);
    let over = person.grant(&request, Some(vendor.now()));
    person.say(data::GRANT, Carried::body(over.bytes())).await;
    assert_eq!(problem(&mut person).await.code, Code::Expired);
    person.say(data::GRANT, b"\xa0".to_vec()).await;
    assert_eq!(problem(&mut person).await.code, Code::Malformed);
    person.say(data::DECLINE, cbor::encode(&Decline { request: request.id().clone(), reason: None })).await;
    let event = vendor.event("dev.freehold.decline").await.cloudevent;
    assert_eq!(event["data"]["request"], request.id().as_str());
    assert!(vendor.customer().grants.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_erases_values_and_events_and_is_answered_with_a_signed_receipt() {
    let vendor = Vendor::start().await;
    let mut person = connect(&vendor.link().await, key(1)).await.unwrap();
    let receipt = person.agree(None).await;
    let fields = [("phone.mobile", Some("+15550100")), ("email.personal", Some("a@example.com"))];
    person.update(&receipt, &fields).await;
    let revocation = person.revoke(&receipt, &["phone.mobile"]).await;

    let erasure: Document<ErasureSubject> = document(&person.hear(data::ERASURE).await);
    assert_eq!(erasure.issuer().as_str(), vendor.hub.info().did);
    assert_eq!(Some(erasure.signer_key()), person.invitation.did.key());
    assert_eq!(erasure.subject().revocation, revocation);
    let lines = &erasure.subject().results;
    assert_eq!((lines.len(), lines[0].path.as_str()), (1, "phone.mobile"));
    assert_eq!(lines[0].result, ErasureResult::Erased);

    let customer = vendor.customer();
    assert_eq!(customer.grants[0].status, "narrowed");
    assert!(!customer.fields.contains_key("phone.mobile"));
    assert_eq!(customer.fields["email.personal"].as_deref(), Some("a@example.com"));
    let event = vendor.event("dev.freehold.update").await.cloudevent;
    assert_eq!(event["data"]["fields"], json!({"email.personal": "a@example.com"}));
    assert_eq!(event["data"]["erased"], json!(["phone.mobile"]));
    let erase = vendor.event("dev.freehold.erase").await.cloudevent;
    assert_eq!(erase["data"]["paths"], json!(["phone.mobile"]));
    assert_eq!(vendor.event("dev.freehold.revoke").await.cloudevent["data"]["whole"], false);

    let (seq, _) = person.update(&receipt, &fields[..1]).await;
    assert_eq!(problem(&mut person).await, Problem { code: Code::Revoked, about: seq });
    person.revoke(&receipt, &["email.personal"]).await;
    person.hear(data::ERASURE).await;
    assert_eq!(vendor.customer().grants[0].status, "revoked");
    assert!(vendor.customer().fields.is_empty());
    let all = serde_json::to_string(&vendor.hub.events(0, 100)).unwrap();
    assert!(!all.contains("+15550100") && !all.contains("a@example.com"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_is_not_normalised_is_refused_and_nothing_of_it_is_kept() {
    let vendor = Vendor::start().await;
    let mut person = connect(&vendor.link().await, key(1)).await.unwrap();
    let receipt = person.agree(None).await;
    for value in ["", "0155 50100", "+1 555 0100", "a\u{202e}b"] {
        let (seq, _) = person.update(&receipt, &[("phone.mobile", Some(value))]).await;
        assert_eq!(problem(&mut person).await, Problem { code: Code::Malformed, about: seq }, "{value:?}");
    }
    assert!(vendor.customer().fields.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_grant_gave_outlives_the_end_of_another() {
    let vendor = Vendor::start().await;
    let mut person = connect(&vendor.link().await, key(1)).await.unwrap();
    let request = person.request().await;
    let mut receipts = Vec::new();
    for _ in 0..2 {
        let grant = person.grant(&request, None);
        person.say(data::GRANT, Carried::body(grant.bytes())).await;
        receipts.push(document(&person.hear(data::RECEIPT).await));
        person.update(receipts.last().unwrap(), &[("phone.mobile", Some("+15550100"))]).await;
    }
    person.revoke(&receipts[0], &["phone.mobile", "email.personal"]).await;
    let customer = vendor.customer();
    assert_eq!(customer.fields["phone.mobile"].as_deref(), Some("+15550100"));
    let mut statuses: Vec<_> = customer.grants.iter().map(|g| g.status.as_str()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, ["revoked", "standing"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_keeps_everything_and_a_grant_that_ended_meanwhile_is_erased() {
    let vendor = Vendor::start().await;
    let mut person = connect(&vendor.link().await, key(1)).await.unwrap();
    let until = vendor.now().coarse().millis() + 3_600_000;
    let receipt = person.agree(Some(freehold_protocol::time::Timestamp::from_millis(until))).await;
    person.update(&receipt, &[("phone.mobile", Some("+15550100"))]).await;
    let before = vendor.hub.events(0, 100);

    let vendor = vendor.restart().await;
    assert_eq!(vendor.hub.events(0, 100), before);
    assert_eq!(vendor.hub.asks().len(), 1);
    assert_eq!(vendor.customer().fields["phone.mobile"].as_deref(), Some("+15550100"));
    let mut person = person.vanish_to(&vendor.link().await).connect(false).await.unwrap();
    person.update(&receipt, &[("phone.mobile", Some("+15550102"))]).await;
    assert_eq!(vendor.customer().fields["phone.mobile"].as_deref(), Some("+15550102"));

    vendor.pass(Duration::from_secs(2 * 3600));
    assert_eq!(vendor.customer().grants[0].status, "expired");
    let vendor = vendor.restart().await;
    let erase = vendor.event("dev.freehold.erase").await.cloudevent;
    assert_eq!(erase["data"]["reason"], "expired");
    assert!(vendor.customer().fields.is_empty());
    assert!(!serde_json::to_string(&vendor.hub.events(0, 100)).unwrap().contains("+1555"));
}
