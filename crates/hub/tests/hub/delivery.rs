//! Sinks: the file of JSON lines and the webhook.

use std::time::Duration;

use freehold_hub::RetryError;
use freehold_protocol::data::{self, Outcome, OutcomeKind};
use freehold_protocol::document::{Document, ErasureSubject};
use serde_json::{Value, json};

use crate::person::{Person, connect, document, key};
use crate::receiver::Receiver;
use crate::vendor::{Vendor, WEEK};

async fn outcome(person: &mut Person) -> Outcome {
    Outcome::decode(&person.hear(data::OUTCOME).await.body).unwrap()
}

async fn until(what: &str, ready: impl Fn() -> bool) {
    let wait = async {
        while !ready() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), wait).await.expect(what);
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_lines_on_disk_before_the_person_is_told_so() {
    let vendor = Vendor::with(|config| config.sinks.jsonl = Some("events.jsonl".into())).await;
    let mut person = connect(&vendor.link().await, key(1)).await.unwrap();
    let receipt = person.agree(None).await;
    person.update(&receipt, &[("phone.mobile", Some("+15550100"))]).await;
    let told = outcome(&mut person).await;
    assert_eq!((told.results[0].outcome, told.results[0].system.as_str()), (OutcomeKind::Applied, "jsonl"));
    let lines = |vendor: &Vendor| -> Vec<Value> {
        let text = std::fs::read_to_string(vendor.home.path().join("events.jsonl")).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let written = lines(&vendor);
    assert_eq!(
        written.iter().map(|e| e["type"].clone()).collect::<Vec<_>>(),
        ["dev.freehold.grant", "dev.freehold.update"]
    );
    assert_eq!(written[1]["data"]["fields"], json!({"phone.mobile": "+15550100"}));
    assert!(vendor.hub.events(0, 100).iter().all(|event| event.delivered));
    assert_eq!(vendor.hub.stats().events_pending, 0);

    // A restart writes nothing twice.
    let vendor = vendor.restart().await;
    let mut person = person.vanish_to(&vendor.link().await).connect(false).await.unwrap();
    person.update(&receipt, &[("phone.mobile", None)]).await;
    outcome(&mut person).await;
    assert_eq!(lines(&vendor).len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_says_what_became_of_each_field() {
    let said = json!({"outcomes": [
        {"path": "phone.mobile", "outcome": "conflict", "system": "crm", "detail": "kept the other"}]});
    let receiver = Receiver::start(vec![(204, String::new()), (200, said.to_string())]).await;
    let vendor = Vendor::with(|config| config.sinks.webhook = Some(receiver.config())).await;
    let mut person = connect(&vendor.link().await, key(1)).await.unwrap();
    let receipt = person.agree(None).await;
    person.update(&receipt, &[("phone.mobile", Some("+15550101")), ("email.personal", None)]).await;
    let told = outcome(&mut person).await;
    let line = |path: &str| told.results.iter().find(|line| line.path.as_str() == path).unwrap().clone();
    assert_eq!(line("phone.mobile").outcome, OutcomeKind::Conflict);
    assert_eq!(line("phone.mobile").system, "crm");
    assert_eq!(line("phone.mobile").detail.as_deref(), Some("kept the other"));
    assert_eq!(line("email.personal").outcome, OutcomeKind::Applied);
    assert_eq!(line("email.personal").system, "127.0.0.1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_webhook_is_tried_again_then_dead_then_sent_again_without_stale_values() {
    let down = || (503, String::new());
    let receiver = Receiver::start(vec![(204, String::new()), down(), down(), down()]).await;
    let vendor = Vendor::with(|config| {
        config.sinks.webhook = Some(receiver.config());
        config.sinks.retry_base_ms = Some(1);
        config.sinks.attempts_max = Some(3);
    })
    .await;
    let mut person = connect(&vendor.link().await, key(1)).await.unwrap();
    let receipt = person.agree(None).await;
    let fields = [("phone.mobile", Some("+15550103")), ("email.personal", Some("a@example.com"))];
    person.update(&receipt, &fields).await;
    let told = outcome(&mut person).await;
    assert!(told.results.iter().all(|line| line.outcome == OutcomeKind::Refused && line.detail.is_some()));
    let dead = vendor.hub.dead_letters();
    assert_eq!((dead.len(), dead[0].attempts, dead[0].subject.as_str()), (1, 3, "C-17"));
    assert_eq!(vendor.hub.stats().dead_letters, 1);
    assert_eq!(receiver.types(), ["grant", "update", "update", "update"]);
    let ids: std::collections::BTreeSet<_> =
        receiver.got.lock().unwrap()[1..].iter().map(|e| e["id"].to_string()).collect();
    assert_eq!(ids.len(), 1);

    // A later event goes past the dead one.
    person.update(&receipt, &[("phone.mobile", Some("+15550104"))]).await;
    assert_eq!(outcome(&mut person).await.results[0].outcome, OutcomeKind::Applied);

    assert!(matches!(vendor.hub.retry_dead_letter(Some(99)).await, Err(RetryError::Unknown(99))));
    assert_eq!(vendor.hub.retry_dead_letter(None).await.unwrap(), 1);
    let told = outcome(&mut person).await;
    assert_eq!(told.results.len(), 1);
    assert_eq!(told.results[0].path.as_str(), "email.personal");
    let last = receiver.got.lock().unwrap().last().unwrap().clone();
    assert_eq!(last["data"]["fields"], json!({"email.personal": "a@example.com"}));
    assert_eq!(last["data"]["superseded"], json!(["phone.mobile"]));
    assert!(vendor.hub.dead_letters().is_empty());
    assert!(vendor.hub.events(0, 100).iter().all(|event| event.delivered));
}

/// 1. An event is dead, and the hub starts again. 2. It is sent again, and fails. 3. The hub starts again before the next
///    attempt is due. 4. The event is delivered, and the person told.
#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_on_its_way_again_is_not_lost_by_a_restart() {
    let answers = [204, 400].into_iter().chain([503; 10]).map(|status| (status, String::new()));
    let receiver = Receiver::start(answers.collect()).await;
    let vendor = Vendor::with(|config| {
        config.sinks.webhook = Some(receiver.config());
        config.sinks.retry_base_ms = Some(10_000_000);
    })
    .await;
    let mut person = connect(&vendor.link().await, key(1)).await.unwrap();
    let receipt = person.agree(None).await;
    person.update(&receipt, &[("phone.mobile", Some("+15550101"))]).await;
    assert_eq!(outcome(&mut person).await.results[0].outcome, OutcomeKind::Refused);

    let vendor = vendor.restart().await;
    assert_eq!(vendor.hub.retry_dead_letter(None).await.unwrap(), 1);
    until("the attempt", || receiver.types().len() == 3).await;
    let vendor = vendor.restart().await;
    let stats = || vendor.hub.stats();
    until("the event to be pending", || (stats().events_pending, stats().dead_letters) == (1, 0)).await;
    assert!(vendor.hub.dead_letters().is_empty());

    vendor.pass(Duration::from_secs(10_001));
    receiver.answers.lock().unwrap().clear();
    let vendor = vendor.restart().await;
    let mut person = person.vanish_to(&vendor.link().await).connect(false).await.unwrap();
    assert_eq!(outcome(&mut person).await.results[0].outcome, OutcomeKind::Applied);
    until("nothing to be pending", || vendor.hub.stats().events_pending == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_whose_event_waits_holds_up_nobody_else_and_keeps_their_order_over_a_restart() {
    let receiver = Receiver::start(vec![(503, String::new())]).await;
    let vendor = Vendor::with(|config| {
        config.sinks.webhook = Some(receiver.config());
        config.sinks.retry_base_ms = Some(10_000_000);
    })
    .await;
    let mut waiting = connect(&vendor.link().await, key(1)).await.unwrap();
    let receipt = waiting.agree(None).await;
    until("the first attempt", || receiver.types().len() == 1).await;
    waiting.update(&receipt, &[("phone.mobile", Some("+15550101"))]).await;

    let link = vendor.hub.invite(Some("C-18".into()), None, WEEK).await.unwrap().link;
    let mut other = connect(&link, key(2)).await.unwrap();
    let receipt = other.agree(None).await;
    other.update(&receipt, &[("phone.mobile", Some("+15550102"))]).await;
    outcome(&mut other).await;
    let subjects = |receiver: &Receiver| -> Vec<String> {
        let got = receiver.got.lock().unwrap();
        got.iter().map(|e| format!("{} {}", e["subject"].as_str().unwrap(), e["type"])).collect()
    };
    assert_eq!(subjects(&receiver).iter().filter(|s| s.starts_with("C-17")).count(), 1);
    assert_eq!(vendor.hub.stats().events_pending, 2);

    vendor.pass(Duration::from_secs(10_001));
    let vendor = vendor.restart().await;
    until("the rest", || vendor.hub.events(0, 100).iter().all(|event| event.delivered)).await;
    let seen = subjects(&receiver);
    let mine: Vec<_> = seen.iter().filter(|s| s.starts_with("C-17")).collect();
    assert_eq!(
        mine,
        ["C-17 \"dev.freehold.grant\"", "C-17 \"dev.freehold.grant\"", "C-17 \"dev.freehold.update\""]
    );
    assert_eq!(seen.len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_reaches_into_events_that_no_sink_has_taken_yet() {
    let receiver = Receiver::start(vec![(503, String::new())]).await;
    let vendor = Vendor::with(|config| {
        config.sinks.webhook = Some(receiver.config());
        config.sinks.retry_base_ms = Some(10_000_000);
    })
    .await;
    let mut person = connect(&vendor.link().await, key(1)).await.unwrap();
    let receipt = person.agree(None).await;
    person.update(&receipt, &[("phone.mobile", Some("+15550100"))]).await;
    person.revoke(&receipt, &["phone.mobile", "email.personal"]).await;
    until("the first attempt", || !receiver.types().is_empty()).await;
    vendor.pass(Duration::from_secs(10_001));
    let vendor = vendor.restart().await;
    until("the rest", || vendor.hub.events(0, 100).iter().all(|event| event.delivered)).await;
    // Of the update nothing is left: it is not sent.
    assert_eq!(receiver.types(), ["grant", "grant", "revoke", "erase"]);
    assert!(!serde_json::to_string(&*receiver.got.lock().unwrap()).unwrap().contains("+1555"));
}

/// 1. A person says stop, and the vendor's system refuses to hear of it. 2. The hub has erased, and the person has no
///    receipt; other things go on. 3. The vendor sends the dead letter again: the receipt comes.
#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_is_receipted_when_the_vendors_system_has_taken_it_and_not_before() {
    let answers = [204, 204, 204, 400].map(|status| (status, String::new()));
    let receiver = Receiver::start(answers.into()).await;
    let vendor = Vendor::with(|config| config.sinks.webhook = Some(receiver.config())).await;
    let mut person = connect(&vendor.link().await, key(1)).await.unwrap();
    let receipt = person.agree(None).await;
    person.update(&receipt, &[("phone.mobile", Some("+15550100"))]).await;
    outcome(&mut person).await;
    let revocation = person.revoke(&receipt, &["phone.mobile"]).await;
    assert!(!vendor.customer().fields.contains_key("phone.mobile"));
    until("the dead letter", || vendor.hub.dead_letters().len() == 1).await;
    assert_eq!(vendor.hub.dead_letters()[0].kind, "dev.freehold.erase");

    person.update(&receipt, &[("email.personal", Some("a@example.com"))]).await;
    assert_eq!(outcome(&mut person).await.results[0].outcome, OutcomeKind::Applied);
    assert!(!person.has_heard(data::ERASURE));

    assert_eq!(vendor.hub.retry_dead_letter(None).await.unwrap(), 1);
    let erasure: Document<ErasureSubject> = document(&person.hear(data::ERASURE).await);
    assert_eq!(erasure.subject().revocation, revocation);
    assert_eq!(receiver.types(), ["grant", "update", "revoke", "erase", "update", "erase"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_is_receipted_when_its_line_is_on_disk() {
    let vendor = Vendor::with(|config| config.sinks.jsonl = Some("events.jsonl".into())).await;
    let mut person = connect(&vendor.link().await, key(1)).await.unwrap();
    let receipt = person.agree(None).await;
    person.revoke(&receipt, &["phone.mobile"]).await;
    person.hear(data::ERASURE).await;
    let text = std::fs::read_to_string(vendor.home.path().join("events.jsonl")).unwrap();
    assert!(text.contains("dev.freehold.erase"), "{text}");
}
