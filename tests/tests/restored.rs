//! A home that was restored, or of which an older copy runs: no vendor gets anything until the person says so, what was
//! revoked stays revoked, and both sides go on together.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::time::Duration;

use freehold_hub::Hub;
use freehold_mailbox::Linked;
use freehold_person::Person;
use freehold_person::view::ResumeView;
use freehold_protocol::family::Families;
use freehold_tests::engines::{ASK, EngineHome, meet, until};

const FIRST: &str = "+442079460001";
const LATER: &str = "+442079460002";

fn none() -> Families<Linked> {
    Families::new()
}

/// A person with a grant, a hub that holds the number, and the home's copy of that moment.
struct Story {
    home: EngineHome,
    backup: EngineHome,
    hub: Hub,
    _hub_home: EngineHome,
}

async fn set(person: &Person, value: &str) {
    person.set([("phone.mobile".to_owned(), Some(value.to_owned()))].into(), "test").await.unwrap();
}

async fn approve(person: &Person, hub: &Hub, request: &str, value: &str) -> String {
    let grant = person.approve(request, None, None).await.unwrap().id;
    hub_holds(hub, value).await;
    grant
}

fn held(hub: &Hub) -> Option<String> {
    hub.customer("C-17")?.fields.get("phone.mobile").cloned().flatten()
}

async fn hub_holds(hub: &Hub, value: &str) {
    until("the number at the hub", || (held(hub).as_deref() == Some(value)).then_some(())).await;
}

/// Up to the backup; the grant's id.
async fn begun() -> (Story, String) {
    let (home, hub_home) = (EngineHome::new(), EngineHome::new());
    let hub = hub_home.hub(none, None).await;
    let person = home.person(none).await;
    set(&person, FIRST).await;
    let request = meet(&person, &hub).await;
    let grant = approve(&person, &hub, &request.id, FIRST).await;
    person.stop().await;
    drop(person);
    let backup = home.copy();
    (Story { home, backup, hub, _hub_home: hub_home }, grant)
}

async fn in_state(person: &Person, state: &str) -> ResumeView {
    until(state, || person.held_back().unwrap().into_iter().find(|view| view.state == state)).await
}

fn status(person: &Person, grant: &str) -> String {
    person.grant(grant).unwrap().status
}

/// 1. Nothing leaves a restored home, not by a change and not by a live read. 2. The person resumes, and the vendor has the
///    present value under a key that no other copy has. 3. The other copy, still running, releases nothing more.
#[tokio::test(flavor = "multi_thread")]
async fn a_restored_home_releases_nothing_until_the_person_resumes_and_then_is_the_only_one() {
    let (story, grant) = begun().await;
    story.backup.restored();
    let person = story.backup.person(none).await;
    assert_eq!(status(&person, &grant), "held");
    set(&person, LATER).await;
    let view = in_state(&person, "ready").await;
    assert_eq!((view.missed, view.grants.len()), (Some(0), 1));
    assert_eq!((view.grants[0].id.as_str(), view.grants[0].vendor_holds), (grant.as_str(), Some(true)));
    until("a session", || story.hub.customer("C-17").unwrap().connected.then_some(())).await;
    let purpose = "https://w3id.org/dpv#ServiceProvision";
    let read = story.hub.read("C-17", &["phone.mobile".to_owned()], purpose).await;
    assert!(read.is_err(), "{read:?}");
    assert_eq!(held(&story.hub).as_deref(), Some(FIRST));

    let before = story.hub.customer("C-17").unwrap().did;
    person.resume(None).await.unwrap();
    hub_holds(&story.hub, LATER).await;
    assert_eq!(status(&person, &grant), "standing");
    until("the next key", || (story.hub.customer("C-17").unwrap().did != before).then_some(())).await;
    assert!(person.held_back().unwrap().is_empty());

    let other = story.home.person(none).await;
    in_state(&other, "suspected").await;
    set(&other, FIRST).await;
    assert_eq!(status(&other, &grant), "held");
    set(&person, "+442079460003").await;
    hub_holds(&story.hub, "+442079460003").await;
    other.stop().await;
    person.stop().await;
    story.hub.stop().await;
}

/// The person revoked after the backup: the vendor says so, and no word of theirs brings the grant back.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_revoked_after_the_backup_stays_revoked() {
    let (story, grant) = begun().await;
    let person = story.home.person(none).await;
    person.revoke(&grant, None).await.unwrap();
    until("the revocation at the hub", || held(&story.hub).is_none().then_some(())).await;
    person.stop().await;

    story.backup.restored();
    let person = story.backup.person(none).await;
    assert_eq!(status(&person, &grant), "held");
    let view = in_state(&person, "ready").await;
    assert!(view.missed.is_some_and(|missed| missed > 0), "{view:?}");
    assert_eq!(view.grants, []);
    person.resume(Some(&view.vendor)).await.unwrap();
    set(&person, LATER).await;
    assert_eq!(status(&person, &grant), "revoked");
    // A new agreement works, and shows that all before it has been taken.
    let ask = story.hub.ask(&ASK.replace("Repairs", "Parts"), "ask.toml").await.unwrap();
    story.hub.ask_customer("C-17", Some(&ask.id)).await.unwrap();
    until("the request", || person.request(&ask.id).ok()).await;
    approve(&person, &story.hub, &ask.id, LATER).await;
    let grants = story.hub.customer("C-17").unwrap().grants;
    assert_eq!(grants.iter().filter(|held| held.status == "standing").count(), 1, "{grants:?}");
    person.stop().await;
    story.hub.stop().await;
}

/// 1. The key was rotated after the backup, and a second grant given: both come back from the vendor's receipts. 2. What
///    the person revokes before the vendor was asked reaches it.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_agreed_after_the_backup_comes_back_and_a_revocation_before_the_vendor_was_asked_arrives() {
    let (story, first) = begun().await;
    let person = story.home.person(none).await;
    person.rotate(None).await.unwrap();
    let old = story.hub.customer("C-17").unwrap().did;
    until("the next key", || (story.hub.customer("C-17").unwrap().did != old).then_some(())).await;
    let ask = story.hub.ask(&ASK.replace("Repairs", "Parts"), "ask.toml").await.unwrap();
    story.hub.ask_customer("C-17", Some(&ask.id)).await.unwrap();
    until("the request", || person.request(&ask.id).ok()).await;
    let second = person.approve(&ask.id, None, None).await.unwrap().id;
    until("the receipt", || (status(&person, &second) == "standing").then_some(())).await;
    let lines = || person.status(None).unwrap().vendors.into_iter().flat_map(|vendor| vendor.lines);
    until("the number under both", || {
        (lines().filter(|line| line.state == "applied").count() == 2).then_some(())
    })
    .await;
    person.stop().await;

    story.backup.restored();
    let person = story.backup.person(none).await;
    person.revoke(&first, None).await.unwrap();
    let view = in_state(&person, "ready").await;
    assert_eq!(view.grants.iter().map(|grant| grant.id.as_str()).collect::<Vec<_>>(), [second.as_str()]);
    person.resume(None).await.unwrap();
    set(&person, LATER).await;
    hub_holds(&story.hub, LATER).await;
    let revoked = || {
        let grants = story.hub.customer("C-17").unwrap().grants;
        let of = |id: &str| grants.iter().find(|held| held.id == id).map(|held| held.status.clone());
        (of(&first).as_deref() == Some("revoked") && of(&second).as_deref() == Some("standing")).then_some(())
    };
    until("the revocation at the hub", revoked).await;
    let erased = || person.grant(&first).unwrap().revocations.first()?.erasure.clone();
    until("the erasure receipt", erased).await;
    person.stop().await;
    story.hub.stop().await;
}

/// The machine was put back to a snapshot, and nobody told the node: it notices at the first hello, before anything is released.
#[tokio::test(flavor = "multi_thread")]
async fn an_older_copy_is_noticed_before_it_releases_anything_and_can_be_gone_on_with() {
    let (story, grant) = begun().await;
    let person = story.home.person(none).await;
    set(&person, LATER).await;
    hub_holds(&story.hub, LATER).await;
    person.stop().await;

    let person = story.backup.person(none).await;
    let view = in_state(&person, "suspected").await;
    assert_eq!((view.missed, status(&person, &grant)), (None, "held".to_owned()));
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(held(&story.hub).as_deref(), Some(LATER), "the older value has not left");
    person.resume(Some(&view.vendor)).await.unwrap();
    in_state(&person, "ready").await;
    person.resume(Some(&view.vendor)).await.unwrap();
    hub_holds(&story.hub, FIRST).await;
    person.stop().await;
    story.hub.stop().await;
}
