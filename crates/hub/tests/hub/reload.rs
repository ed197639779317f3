//! Sinks that are exchanged while the hub runs.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use freehold_hub::{HubConfig, ReloadError};
use freehold_protocol::data::{self, Outcome, OutcomeKind};
use freehold_protocol::disclosure::Grant;
use serde_json::Value;

use crate::person::{Person, connect, key};
use crate::receiver::Receiver;
use crate::vendor::Vendor;

/// A hub whose file of settings is this.
fn settings(vendor: &Vendor) -> Arc<Mutex<HubConfig>> {
    let file = Arc::new(Mutex::new(vendor.config.clone()));
    let read = Arc::clone(&file);
    vendor.hub.on_reload(vendor.config.clone(), move || Ok(read.lock().unwrap().clone()));
    file
}

async fn change(person: &mut Person, receipt: &Grant, value: &str) -> Outcome {
    person.update(receipt, &[("phone.mobile", Some(value))]).await;
    Outcome::decode(&person.hear(data::OUTCOME).await.body).unwrap()
}

/// The values of the updates in the file of JSON lines.
fn lines(vendor: &Vendor) -> Vec<String> {
    let text = std::fs::read_to_string(vendor.home.path().join("events.jsonl")).unwrap_or_default();
    let events = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let values =
        events.filter_map(|event| Some(event["data"]["fields"]["phone.mobile"].as_str()?.to_owned()));
    values.collect()
}

/// 1. A hub with a file and a webhook. 2. The webhook moves, and the file is removed: the next change goes to the new place alone, which
///    tells the person. 3. The file comes back: it has what it missed, and nothing twice. 4. The webhook goes: the file answers.
#[tokio::test(flavor = "multi_thread")]
async fn a_sink_that_is_changed_removed_and_added_goes_on_from_its_cursor() {
    let (old, new) = (Receiver::start(Vec::new()).await, Receiver::start(Vec::new()).await);
    let vendor = Vendor::with(|config| {
        config.sinks.jsonl = Some("events.jsonl".into());
        config.sinks.webhook = Some(old.config());
    })
    .await;
    let file = settings(&vendor);
    let mut person = connect(&vendor.link().await, key(1)).await.unwrap();
    let receipt = person.agree(None).await;
    change(&mut person, &receipt, "+15550101").await;
    assert!(vendor.hub.reload().await.unwrap().changed.is_empty());

    file.lock().unwrap().sinks.webhook = Some(new.config());
    file.lock().unwrap().sinks.jsonl = None;
    let reloaded = vendor.hub.reload().await.unwrap();
    assert_eq!(reloaded.changed, ["sinks.jsonl", "sinks.webhook"]);
    assert!(reloaded.at_next_start.is_empty());
    let told = change(&mut person, &receipt, "+15550102").await;
    assert_eq!(told.results[0].outcome, OutcomeKind::Applied);
    assert_eq!(
        (old.types(), new.types()),
        (vec!["grant".to_owned(), "update".to_owned()], vec!["update".to_owned()])
    );
    assert_eq!(lines(&vendor), ["+15550101"]);

    file.lock().unwrap().sinks.jsonl = Some("events.jsonl".into());
    assert_eq!(vendor.hub.reload().await.unwrap().changed, ["sinks.jsonl"]);
    change(&mut person, &receipt, "+15550103").await;
    for _ in 0..4_000 {
        if lines(&vendor).len() >= 3 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(lines(&vendor), ["+15550101", "+15550102", "+15550103"]);

    file.lock().unwrap().sinks.webhook = None;
    assert_eq!(vendor.hub.reload().await.unwrap().changed, ["sinks.webhook"]);
    let told = change(&mut person, &receipt, "+15550104").await;
    assert_eq!(told.results[0].system, "jsonl");
    assert_eq!(new.types().len(), 2);
    // It holds after the next start as well.
    assert!(vendor.hub.reload().await.unwrap().changed.is_empty());
}

/// 1. A webhook refuses to erase, so that the person has no receipt. 2. It is removed: nobody is left to wait for.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_removed_sink_was_to_answer_is_answered_by_those_that_there_are() {
    let taken = [(204, String::new()), (204, String::new())];
    let broken = std::iter::repeat_n((503, String::new()), 1_000);
    let receiver = Receiver::start(taken.into_iter().chain(broken).collect()).await;
    let vendor = Vendor::with(|config| {
        config.sinks.webhook = Some(receiver.config());
        config.sinks.retry_base_ms = Some(1);
        config.sinks.attempts_max = Some(1_000);
    })
    .await;
    let file = settings(&vendor);
    let mut person = connect(&vendor.link().await, key(1)).await.unwrap();
    let receipt = person.agree(None).await;
    change(&mut person, &receipt, "+15550101").await;
    // An update that the webhook does not take, and a revocation.
    person.update(&receipt, &[("phone.mobile", Some("+15550102"))]).await;
    vendor.event_that(|event| event.n >= 3).await;
    person.revoke(&receipt, &["phone.mobile", "email.personal"]).await;
    vendor.event("dev.freehold.erase").await;
    file.lock().unwrap().sinks.webhook = None;
    assert_eq!(vendor.hub.reload().await.unwrap().changed, ["sinks.webhook"]);
    person.hear(data::ERASURE).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_settings_that_cannot_be_used_changes_nothing() {
    let receiver = Receiver::start(Vec::new()).await;
    let vendor = Vendor::with(|config| config.sinks.webhook = Some(receiver.config())).await;
    let file = settings(&vendor);
    let mut person = connect(&vendor.link().await, key(1)).await.unwrap();
    let receipt = person.agree(None).await;
    {
        let mut file = file.lock().unwrap();
        file.check_in_secs = Some(7);
        file.sinks.jsonl = Some("events.jsonl".into());
        file.sinks.webhook.as_mut().unwrap().secret = "no secret".into();
    }
    let refused = vendor.hub.reload().await.unwrap_err();
    assert!(matches!(&refused, ReloadError::Config(reason) if reason.contains("sinks.webhook")), "{refused}");
    assert_eq!(change(&mut person, &receipt, "+15550101").await.results[0].system, "127.0.0.1");
    assert!(lines(&vendor).is_empty());
    // Made right, the whole of it is taken over.
    file.lock().unwrap().sinks.webhook = Some(receiver.config());
    assert_eq!(vendor.hub.reload().await.unwrap().changed, ["check_in_secs", "sinks.jsonl"]);
}
