//! A vendor takes its next key: its customers follow, whenever they come, and what was agreed goes on.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::time::Duration;

use freehold_hub::{Hub, RotateError};
use freehold_mailbox::Linked;
use freehold_person::Person;
use freehold_protocol::family::Families;
use freehold_tests::engines::{ASK, EngineHome, addresses, free_addresses, meet, until};

const YEAR: Duration = Duration::from_secs(366 * 24 * 60 * 60);
const SERVICE: &str = "https://w3id.org/dpv#ServiceProvision";

fn none() -> Families<Linked> {
    Families::new()
}

/// A person and a vendor who have agreed, and the first addresses of the vendor's hub.
struct Story {
    home: EngineHome,
    hub_home: EngineHome,
    hub: Hub,
    person: Person,
    grant: String,
    listen: Vec<String>,
}

async fn begun() -> Story {
    let (home, hub_home) = (EngineHome::new(), EngineHome::new());
    let hub = hub_home.hub(none, None).await;
    let listen = addresses(&hub);
    let person = home.person(none).await;
    set(&person, "+442079460001").await;
    let request = meet(&person, &hub).await;
    let grant = person.approve(&request.id, None, None).await.unwrap().id;
    holds(&hub, "+442079460001").await;
    Story { home, hub_home, hub, person, grant, listen }
}

/// The vendor takes its next key, which listens on ports of its own; gives the new DID.
async fn rotate(hub: &Hub) -> String {
    let before = hub.info().did;
    let rotated = hub.rotate(free_addresses(), Vec::new()).await.unwrap();
    assert_eq!(rotated.before, before);
    assert_ne!(rotated.after, before);
    assert_eq!(hub.info().did, rotated.after);
    rotated.after
}

async fn set(person: &Person, value: &str) {
    person.set([("phone.mobile".to_owned(), Some(value.to_owned()))].into(), "test").await.unwrap();
}

fn held(hub: &Hub) -> Option<String> {
    hub.customer("C-17")?.fields.get("phone.mobile").cloned().flatten()
}

async fn holds(hub: &Hub, value: &str) {
    until("the number at the hub", || (held(hub).as_deref() == Some(value)).then_some(())).await;
}

/// The person has followed the vendor to this DID, and is in a session under it.
async fn follows(person: &Person, hub: &Hub, vendor: &str) {
    until("the vendor's new key", || {
        let known = person.relationships().unwrap();
        let at_hub = hub.customer("C-17")?;
        (known.len() == 1 && known[0].vendor == vendor && at_hub.vendor == vendor && at_hub.connected)
            .then_some(())
    })
    .await;
}

fn status(person: &Person, grant: &str) -> String {
    person.grant(grant).unwrap().status
}

/// 1. Mid-session the vendor takes its next key. The person follows; values flow, a live read is answered, a new request is
///    answered and receipted, all under the new key, and the old grant stands. 2. Everybody has moved: the old key is let go,
///    and nothing is missed. 3. What was agreed under the old key is ended under the new one, with its receipt. 4. A restart
///    finds the hub at its newest key alone.
#[tokio::test(flavor = "multi_thread")]
async fn a_vendor_takes_its_next_key_while_values_flow_and_the_grant_stands() {
    let Story { home: _home, hub_home, hub, person, grant, listen } = begun().await;
    let first = hub.info().did;
    let second = rotate(&hub).await;
    follows(&person, &hub, &second).await;
    assert_eq!(hub.stats().not_moved, 0);
    set(&person, "+442079460002").await;
    holds(&hub, "+442079460002").await;
    assert_eq!(status(&person, &grant), "standing");
    let read = hub.read("C-17", &["phone.mobile".to_owned()], SERVICE).await.unwrap();
    assert_eq!(read.fields["phone.mobile"].as_deref(), Some("+442079460002"));
    // The person's words name the vendor as it is known here, by the new name and by the old.
    let before = hub.customer("C-17").unwrap().did;
    person.rotate(Some(&first)).await.unwrap();
    until("the person's next key", || (hub.customer("C-17")?.did != before).then_some(())).await;

    let ask = hub.ask(&ASK.replace("Repairs", "Parts"), "ask.toml").await.unwrap();
    hub.ask_customer("C-17", Some(&ask.id)).await.unwrap();
    until("the request", || person.request(&ask.id).ok()).await;
    let later = person.approve(&ask.id, None, None).await.unwrap().id;
    until("the receipt", || (status(&person, &later) == "standing").then_some(())).await;

    let retired = hub.retire(false).await.unwrap();
    assert_eq!((retired.retired, retired.customers, retired.links), (vec![first.clone()], 0, 0));
    assert!(matches!(hub.retire(false).await, Err(RotateError::Nothing)));
    set(&person, "+442079460003").await;
    holds(&hub, "+442079460003").await;

    person.revoke(&grant, None).await.unwrap();
    let erased = || person.grant(&grant).unwrap().revocations.first()?.erasure.clone();
    until("the erasure receipt", erased).await;
    let events = person.audit(None, 1_000).unwrap();
    let moved: Vec<_> = events.iter().filter(|entry| entry.event == "vendor-rotated").collect();
    assert_eq!((moved.len(), moved[0].vendor.as_str()), (1, second.as_str()));

    hub.stop().await;
    let hub = hub_home.hub(none, Some(listen)).await;
    assert_eq!(hub.info().did, second);
    set(&person, "+442079460004").await;
    holds(&hub, "+442079460004").await;
    person.stop().await;
    hub.stop().await;
}

/// 1. A person goes offline; the vendor takes two keys, restarts, and does not let the first go without a word. 2. After a
///    year the person comes, finds the first key where it was, follows both steps, and the vendor has the present value under
///    the old grant. 3. A link that was made before leads to the first key, and who follows it moves at once.
#[tokio::test(flavor = "multi_thread")]
async fn a_person_who_was_offline_for_a_year_and_two_keys_follows_with_the_grant_intact() {
    let Story { home, hub_home, hub, person, grant, listen } = begun().await;
    let link = hub.invite(Some("C-18".into()), None, YEAR / 2).await.unwrap().link;
    person.stop().await;
    drop(person);
    rotate(&hub).await;
    let third = rotate(&hub).await;
    assert_eq!(hub.stats().not_moved, 1);
    hub.stop().await;
    let hub = hub_home.hub(none, Some(listen)).await;
    assert_eq!((hub.info().did, hub.stats().not_moved), (third.clone(), 1));
    let refused = hub.retire(false).await.unwrap_err();
    assert!(matches!(refused, RotateError::Left { customers: 1, links: 1 }), "{refused}");

    let other_home = EngineHome::new();
    let other = other_home.person(none).await;
    other.connect(&link).await.unwrap();
    until("the newest key", || {
        let at_hub = hub.customer("C-18")?;
        (other.relationships().unwrap()[0].vendor == third && at_hub.moved).then_some(())
    })
    .await;

    for home in [&home, &hub_home] {
        home.pass(YEAR);
    }
    let person = home.person(none).await;
    set(&person, "+442079460002").await;
    follows(&person, &hub, &third).await;
    holds(&hub, "+442079460002").await;
    assert_eq!(status(&person, &grant), "standing");
    assert_eq!(hub.stats().not_moved, 0);
    hub.retire(false).await.unwrap();
    set(&person, "+442079460003").await;
    holds(&hub, "+442079460003").await;
    other.stop().await;
    person.stop().await;
    hub.stop().await;
}

/// The home is put back to before the vendor's rotations, and knows its first key only: it finds the hub there, is told of the
/// rotations again, and the grant goes on when the person resumes it.
#[tokio::test(flavor = "multi_thread")]
async fn a_restored_person_who_knows_only_the_old_key_is_told_again_and_follows() {
    let Story { home, hub_home: _hub_home, hub, person, grant, .. } = begun().await;
    person.stop().await;
    drop(person);
    let backup = home.copy();
    let person = home.person(none).await;
    rotate(&hub).await;
    let third = rotate(&hub).await;
    follows(&person, &hub, &third).await;
    set(&person, "+442079460002").await;
    holds(&hub, "+442079460002").await;
    person.stop().await;
    drop(person);

    backup.restored();
    let person = backup.person(none).await;
    let ready = || person.held_back().unwrap().into_iter().find(|view| view.state == "ready");
    until("what the vendor holds", ready).await;
    follows(&person, &hub, &third).await;
    person.resume(None).await.unwrap();
    set(&person, "+442079460003").await;
    holds(&hub, "+442079460003").await;
    assert_eq!(status(&person, &grant), "standing");
    person.stop().await;
    hub.stop().await;
}

/// The person has stored the statement and followed; of that the hub's machine has lost all but the statement that it sent:
/// the next hello, under the new key, makes up for the acknowledgement.
#[tokio::test(flavor = "multi_thread")]
async fn an_acknowledgement_that_the_hub_lost_is_in_the_next_hello() {
    let Story { home, hub_home, hub, person, grant, listen } = begun().await;
    person.stop().await;
    drop(person);
    let second = rotate(&hub).await;
    hub.stop().await;
    let crashed = hub_home.copy();

    let hub = hub_home.hub(none, Some(listen.clone())).await;
    let person = home.person(none).await;
    follows(&person, &hub, &second).await;
    person.stop().await;
    drop(person);
    hub.stop().await;

    let hub = crashed.hub(none, Some(listen)).await;
    assert_eq!(hub.stats().not_moved, 1);
    let person = home.person(none).await;
    follows(&person, &hub, &second).await;
    set(&person, "+442079460002").await;
    holds(&hub, "+442079460002").await;
    assert_eq!((status(&person, &grant).as_str(), hub.stats().not_moved), ("standing", 0));
    person.stop().await;
    hub.stop().await;
}

/// Where it cannot be done it says so, and nothing has changed.
#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_that_cannot_be_announced_changes_nothing() {
    let Story { home: _home, hub_home: _hub_home, hub, person, listen, .. } = begun().await;
    let before = hub.info();
    let taken = hub.rotate(vec![listen[0].clone(), listen[1].clone()], Vec::new()).await;
    assert!(matches!(taken, Err(RotateError::Endpoint(_))), "{taken:?}");
    let bad = hub.rotate(vec!["localhost:1".to_owned()], Vec::new()).await;
    assert!(matches!(bad, Err(RotateError::Address { .. })), "{bad:?}");
    assert!(matches!(hub.retire(true).await, Err(RotateError::Nothing)));
    assert_eq!(hub.info(), before);
    set(&person, "+442079460002").await;
    holds(&hub, "+442079460002").await;
    person.stop().await;
    hub.stop().await;
}
