use std::time::Duration;

use freehold_crm::{Connector, Kind, LineResult};
use freehold_tests::crm::hubspot::HubSpot;
use freehold_tests::crm::server::{Fault, Server};

use crate::desk::{ANN, Desk, again, all, did, lines, of, with_token};

const TOKEN: &str = "pat-eu1-0001";
const DID: &str = "freehold_did";

async fn start() -> (Server<HubSpot>, Connector) {
    let server = Server::start(HubSpot::new(TOKEN, DID)).await.unwrap();
    let connector = with_token(Kind::Hubspot, server.url(), TOKEN);
    (server, connector)
}

fn held(server: &Server<HubSpot>, number: usize, property: &str) -> Option<String> {
    server.with(|hubspot| {
        hubspot.find(DID, &did(number)).and_then(|(_, c)| c.properties.get(property).cloned())
    })
}

#[tokio::test]
async fn a_contact_is_made_changed_and_left_alone() {
    let (server, connector) = start().await;
    let mut ann = Desk::new(&connector, 1);
    all(&ann.update(&ANN).await, &LineResult::Applied);
    assert_eq!(held(&server, 1, "mobilephone").as_deref(), Some("+41791234567"));
    let writes = server.writes();
    all(&ann.update(&[("phone.mobile", "+41791111111")]).await, &LineResult::Applied);
    assert_eq!(held(&server, 1, "mobilephone").as_deref(), Some("+41791111111"));
    assert_eq!(held(&server, 1, "firstname").as_deref(), Some("Ann"));
    assert_eq!(server.writes(), writes + 1);
    all(&ann.update(&[("phone.mobile", "+41791111111")]).await, &LineResult::Applied);
    assert_eq!(server.writes(), writes + 1, "what stands there was written again");
    all(&ann.update(&[("phone.mobile", "")]).await, &LineResult::Applied);
    assert_eq!(held(&server, 1, "mobilephone"), None);
    assert_eq!(server.with(|hubspot| hubspot.contacts.len()), 1);
}

#[tokio::test]
async fn a_contact_is_found_before_search_knows_it() {
    let (server, connector) = start().await;
    all(&Desk::new(&connector, 1).update(&ANN).await, &LineResult::Applied);
    assert!(server.with(|hubspot| hubspot.contacts.values().all(|contact| !contact.indexed)));
    let mut again = Desk::new(&connector, 1);
    all(&again.update(&[("name.given", "Anna")]).await, &LineResult::Applied);
    assert_eq!(server.with(|hubspot| hubspot.contacts.len()), 1);
    assert!(!server.calls().iter().any(|call| call.name.ends_with("/search")));
}

#[tokio::test]
async fn an_address_of_another_contact_is_a_duplicate() {
    let (server, connector) = start().await;
    let other = server.with(|hubspot| hubspot.put(&[("email", "ann@example.org"), ("lastname", "Other")]));
    let mut ann = Desk::new(&connector, 1);
    let delivery = ann.update(&ANN).await;
    all(&delivery, &LineResult::Duplicate);
    assert!(of(&delivery, "email.personal").1.contains(&other.to_string()));
    assert_eq!(server.writes(), 0, "a duplicate that can be seen is not written");
    // The other one takes the address between the look and the write: HubSpot says 409 itself.
    let mut ben = Desk::new(&connector, 2);
    all(&ben.update(&[("name.family", "Ben")]).await, &LineResult::Applied);
    let delivery = ben.update(&[("email.personal", "ann@example.org")]).await;
    all(&delivery, &LineResult::Duplicate);
    assert!(of(&delivery, "email.personal").1.contains(&other.to_string()));
    assert_eq!(held(&server, 2, "email"), None);
}

#[tokio::test]
async fn a_named_wait_is_kept_and_nothing_is_asked_within_it() {
    let (server, connector) = start().await;
    let mut ann = Desk::new(&connector, 1);
    server.inject(Fault::Limit { after: 2, named: true });
    let (reason, after) = again(&ann.update(&ANN).await);
    assert!(reason.contains("fewer requests"), "{reason}");
    assert_eq!(after, Some(2));
    let calls = server.calls().len();
    again(&ann.update(&ANN).await);
    assert_eq!((server.calls().len(), server.early()), (calls, 0), "asked within the wait");
    tokio::time::sleep(Duration::from_secs(2)).await;
    all(&ann.update(&ANN).await, &LineResult::Applied);
    assert_eq!(server.early(), 0);
}

#[tokio::test]
async fn without_a_named_wait_ten_seconds_are_waited() {
    let (server, connector) = start().await;
    server.inject(Fault::Limit { after: 9, named: false });
    let (_, after) = again(&Desk::new(&connector, 1).update(&ANN).await);
    assert_eq!(after, Some(10));
}

/// So many customers at once; the numbers of those that were not applied.
async fn together(connector: &Connector, numbers: std::ops::Range<usize>) -> Vec<usize> {
    let mut tasks = tokio::task::JoinSet::new();
    for number in numbers {
        let mut desk = Desk::new(connector, number);
        tasks.spawn(async move {
            let delivery = desk.update(&[("name.family", "Muster")]).await;
            let is_applied = lines(&delivery).iter().all(|line| line.result == LineResult::Applied);
            (number, is_applied)
        });
    }
    let mut refused: Vec<usize> =
        tasks.join_all().await.into_iter().filter(|(_, is)| !is).map(|(n, _)| n).collect();
    refused.sort_unstable();
    refused
}

#[tokio::test]
async fn of_a_batch_only_what_was_not_taken_is_not_applied() {
    let (server, connector) = start().await;
    server.with(|hubspot| hubspot.refused = [did(3), did(7)].into());
    assert_eq!(together(&connector, 1..11).await, [3, 7]);
    assert_eq!(held(&server, 4, "lastname").as_deref(), Some("Muster"));
    assert_eq!(held(&server, 3, "lastname"), None);
}

#[tokio::test]
async fn an_answer_that_repeats_no_names_is_told_by_the_did_and_the_number() {
    let (server, connector) = start().await;
    server.with(|hubspot| {
        hubspot.echoes_traces = false;
        hubspot.refused = [did(3)].into();
    });
    assert_eq!(together(&connector, 1..6).await, [3]);
    assert_eq!(together(&connector, 1..6).await, [3]);
}

#[tokio::test]
async fn a_hundred_and_fifty_customers_go_in_batches_of_a_hundred_at_most() {
    let (server, connector) = start().await;
    assert_eq!(together(&connector, 0..150).await, Vec::<usize>::new());
    assert_eq!(server.with(|hubspot| hubspot.contacts.len()), 150);
    // Three hundred without batches: a look and a write for each.
    assert!(server.calls().len() < 40, "{} calls", server.calls().len());
}

#[tokio::test]
async fn an_expired_token_asks_for_another_one_and_says_so() {
    let (server, connector) = start().await;
    let mut ann = Desk::new(&connector, 1);
    server.inject(Fault::Expire);
    let (reason, _) = again(&ann.update(&ANN).await);
    assert!(reason.contains("token"), "{reason}");
    assert!(!reason.contains(TOKEN));
    server.with(|hubspot| hubspot.expired = false);
    all(&ann.update(&ANN).await, &LineResult::Applied);
}

#[tokio::test]
async fn a_contact_whose_answer_was_lost_is_found_and_not_made_twice() {
    let (server, connector) = start().await;
    let mut ann = Desk::new(&connector, 1);
    server.inject_on_write(Fault::CutAfter);
    again(&ann.update(&ANN).await);
    assert_eq!(held(&server, 1, "firstname").as_deref(), Some("Ann"), "it was done");
    let writes = server.writes();
    all(&ann.update(&ANN).await, &LineResult::Applied);
    assert_eq!(server.writes(), writes, "what was done is read, not done again");
    assert_eq!(server.with(|hubspot| hubspot.contacts.len()), 1);
}

#[tokio::test]
async fn a_failure_is_tried_again_and_a_cut_before_the_write_too() {
    let (server, connector) = start().await;
    let mut ann = Desk::new(&connector, 1);
    server.inject_on_write(Fault::Fail);
    again(&ann.update(&ANN).await);
    server.inject_on_write(Fault::CutBefore);
    again(&ann.update(&ANN).await);
    assert_eq!(server.with(|hubspot| hubspot.contacts.len()), 0);
    all(&ann.update(&ANN).await, &LineResult::Applied);
}

#[tokio::test]
async fn a_value_that_is_not_taken_keeps_no_other_one_out() {
    let (server, connector) = start().await;
    server.with(|hubspot| hubspot.properties.remove("mobilephone"));
    let mut ann = Desk::new(&connector, 1);
    let delivery = ann.update(&ANN).await;
    assert_eq!(of(&delivery, "phone.mobile").0, &LineResult::Refused);
    assert_eq!(of(&delivery, "name.given").0, &LineResult::Applied);
    assert_eq!(held(&server, 1, "firstname").as_deref(), Some("Ann"));
}

#[tokio::test]
async fn a_contact_that_was_made_is_erased_for_good() {
    let (server, connector) = start().await;
    let mut ann = Desk::new(&connector, 1);
    all(&ann.update(&ANN).await, &LineResult::Applied);
    all(&ann.erase().await, &LineResult::Erased);
    assert_eq!(server.with(|hubspot| hubspot.contacts.len()), 0, "archived is not erased");
    assert!(server.calls().iter().any(|call| call.name.ends_with("/gdpr-delete")));
}

#[tokio::test]
async fn a_contact_that_was_there_before_is_emptied_and_stays() {
    let (server, connector) = start().await;
    let id = server.with(|hubspot| hubspot.put(&[(DID, &did(1)), ("lifecyclestage", "customer")]));
    let mut ann = Desk::new(&connector, 1);
    all(&ann.update(&ANN).await, &LineResult::Applied);
    all(&ann.erase().await, &LineResult::Erased);
    let left = server.with(|hubspot| hubspot.contacts[&id].clone());
    let left: Vec<(&str, &str)> = left.properties.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    assert_eq!(left, [("lifecyclestage", "customer")]);
}

#[tokio::test]
async fn a_check_names_the_places_that_the_account_does_not_have() {
    let (server, connector) = start().await;
    server.with(|hubspot| {
        hubspot.properties.remove("fax");
        hubspot.properties.get_mut(DID).unwrap().unique = false;
    });
    let health = connector.check().await.unwrap();
    assert!(health.missing.iter().any(|place| place.ends_with("fax")));
    assert!(
        health.missing.iter().any(|place| place.ends_with(DID)),
        "a property that is not unique is no external id"
    );
}
