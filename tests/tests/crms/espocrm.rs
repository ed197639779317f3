use std::time::Duration;

use freehold_crm::{Connector, CrmConfig, Kind, LineResult};
use freehold_tests::crm::espocrm::{EspoCrm, Phone};
use freehold_tests::crm::server::{Fault, Server};

use crate::desk::{ANN, Desk, again, all, connector, did, of, with_token};

const KEY: &str = "0f9c6a3d";
const DID: &str = "cFreeholdDid";

async fn start() -> (Server<EspoCrm>, Connector) {
    let server = Server::start(EspoCrm::new(KEY, DID)).await.unwrap();
    let connector = with_token(Kind::Espocrm, server.url(), KEY);
    (server, connector)
}

fn held(server: &Server<EspoCrm>, number: usize, attribute: &str) -> Option<String> {
    server.with(|espo| {
        espo.find(DID, &did(number)).first().and_then(|(_, c)| c.attributes.get(attribute).cloned())
    })
}

fn phones(server: &Server<EspoCrm>, number: usize) -> Vec<Phone> {
    server.with(|espo| espo.find(DID, &did(number))[0].1.phones.clone())
}

#[tokio::test]
async fn a_contact_is_made_changed_and_left_alone() {
    let (server, connector) = start().await;
    let mut ann = Desk::new(&connector, 1);
    all(&ann.update(&ANN).await, &LineResult::Applied);
    assert_eq!(held(&server, 1, "phoneNumber").as_deref(), Some("+41791234567"));
    let writes = server.writes();
    all(&ann.update(&[("address.home.locality", "Thun")]).await, &LineResult::Applied);
    assert_eq!(held(&server, 1, "addressCity").as_deref(), Some("Thun"));
    assert_eq!(server.writes(), writes + 1);
    all(&ann.update(&ANN[..4]).await, &LineResult::Applied);
    assert_eq!(server.writes(), writes + 1, "what stands there was written again");
    assert_eq!(server.with(|espo| espo.contacts.len()), 1);
}

#[tokio::test]
async fn a_number_is_changed_and_the_vendors_own_ones_stay() {
    let (server, connector) = start().await;
    let mut ann = Desk::new(&connector, 1);
    all(&ann.update(&ANN).await, &LineResult::Applied);
    let own = Phone { number: "+41310000000".to_owned(), kind: "Office".to_owned(), primary: false };
    server.with(|espo| espo.contacts.values_mut().for_each(|contact| contact.phones.push(own.clone())));
    all(&ann.update(&[("phone.mobile", "+41791111111")]).await, &LineResult::Applied);
    let mobile = Phone { number: "+41791111111".to_owned(), kind: "Mobile".to_owned(), primary: true };
    assert_eq!(phones(&server, 1), [mobile, own.clone()]);
    all(&ann.update(&[("phone.mobile", "")]).await, &LineResult::Applied);
    assert_eq!(phones(&server, 1), [Phone { primary: true, ..own }]);
}

#[tokio::test]
async fn a_contact_with_the_same_name_or_address_is_a_duplicate() {
    let (server, connector) = start().await;
    let by_address =
        server.with(|espo| espo.put(&[("emailAddress", "ann@example.org"), ("lastName", "Other")]));
    let delivery = Desk::new(&connector, 1).update(&ANN).await;
    all(&delivery, &LineResult::Duplicate);
    assert!(of(&delivery, "email.personal").1.contains(&by_address));
    assert_eq!(server.writes(), 0);
    // A name is never looked for, but EspoCRM does: 409.
    let by_name = server.with(|espo| espo.put(&[("firstName", "Ben"), ("lastName", "Muster")]));
    let delivery = Desk::new(&connector, 2).update(&[("name.given", "Ben"), ("name.family", "Muster")]).await;
    all(&delivery, &LineResult::Duplicate);
    assert!(of(&delivery, "name.given").1.contains(&by_name), "{:?}", of(&delivery, "name.given"));
    assert_eq!(server.with(|espo| espo.contacts.len()), 2);
}

#[tokio::test]
async fn a_did_on_two_contacts_is_a_duplicate_and_neither_is_written() {
    let (server, connector) = start().await;
    let twins = server.with(|espo| [(); 2].map(|()| espo.put(&[(DID, &did(1)), ("lastName", "Muster")])));
    let delivery = Desk::new(&connector, 1).update(&ANN).await;
    all(&delivery, &LineResult::Duplicate);
    assert!(twins.iter().all(|twin| of(&delivery, "name.given").1.contains(twin)));
    assert_eq!(server.writes(), 0);
}

#[tokio::test]
async fn a_named_wait_is_kept_and_nothing_is_asked_within_it() {
    let (server, connector) = start().await;
    let mut ann = Desk::new(&connector, 1);
    server.inject(Fault::Limit { after: 1, named: true });
    assert_eq!(again(&ann.update(&ANN).await).1, Some(1));
    again(&ann.update(&ANN).await);
    assert_eq!(server.early(), 0, "asked within the wait");
    tokio::time::sleep(Duration::from_secs(1)).await;
    all(&ann.update(&ANN).await, &LineResult::Applied);
    assert_eq!(server.early(), 0);
}

#[tokio::test]
async fn one_that_is_refused_leaves_the_others_applied() {
    let (server, connector) = start().await;
    server.with(|espo| espo.refused = [did(2)].into());
    let mut desks = [1, 2, 3].map(|number| Desk::new(&connector, number));
    let [one, two, three] = &mut desks;
    let deliveries = tokio::join!(
        one.update(&[("name.family", "Eins")]),
        two.update(&[("name.family", "Zwei")]),
        three.update(&[("name.family", "Drei")])
    );
    all(&deliveries.0, &LineResult::Applied);
    all(&deliveries.1, &LineResult::Refused);
    all(&deliveries.2, &LineResult::Applied);
}

#[tokio::test]
async fn a_key_that_was_replaced_is_read_again_from_its_file() {
    let (server, _) = start().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    std::fs::write(&path, KEY).unwrap();
    let config = CrmConfig::new(Kind::Espocrm, server.url(), None);
    let connector = connector(&CrmConfig { token_file: Some(path.clone()), ..config });
    let mut ann = Desk::new(&connector, 1);
    server.inject(Fault::Expire);
    let (reason, _) = again(&ann.update(&ANN).await);
    assert!(reason.contains("token") && !reason.contains(KEY), "{reason}");
    std::fs::write(&path, server.with(|espo| espo.key.clone())).unwrap();
    all(&ann.update(&ANN).await, &LineResult::Applied);
}

#[tokio::test]
async fn a_contact_whose_answer_was_lost_is_found_and_not_made_twice() {
    let (server, connector) = start().await;
    let mut ann = Desk::new(&connector, 1);
    server.inject_on_write(Fault::CutAfter);
    again(&ann.update(&ANN).await);
    let writes = server.writes();
    all(&ann.update(&ANN).await, &LineResult::Applied);
    assert_eq!(server.writes(), writes, "what was done is read, not done again");
    assert_eq!(server.with(|espo| espo.contacts.len()), 1);
}

#[tokio::test]
async fn a_field_that_is_dropped_without_a_word_is_not_called_applied() {
    let (server, connector) = start().await;
    let mut ann = Desk::new(&connector, 1);
    all(&ann.update(&ANN).await, &LineResult::Applied);
    server.with(|espo| espo.deaf = ["addressCity".to_owned()].into());
    let delivery = ann.update(&[("address.home.locality", "Thun"), ("name.given", "Anna")]).await;
    assert_eq!(of(&delivery, "address.home.locality").0, &LineResult::Refused);
    assert_eq!(of(&delivery, "name.given").0, &LineResult::Applied);
}

#[tokio::test]
async fn what_is_left_marked_as_deleted_is_empty() {
    let (server, connector) = start().await;
    let mut ann = Desk::new(&connector, 1);
    all(&ann.update(&ANN).await, &LineResult::Applied);
    let delivery = ann.erase().await;
    all(&delivery, &LineResult::Erased);
    assert!(of(&delivery, "phone.mobile").1.contains("two months"), "{:?}", of(&delivery, "phone.mobile"));
    let left = server.with(|espo| espo.contacts.values().next().unwrap().clone());
    assert!(left.deleted && left.phones.is_empty());
    let left: Vec<(&str, &str)> = left.attributes.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    assert_eq!(left, [("lastName", "-")]);
}

#[tokio::test]
async fn without_the_right_to_delete_nothing_is_called_erased() {
    let (server, connector) = start().await;
    let mut ann = Desk::new(&connector, 1);
    all(&ann.update(&ANN).await, &LineResult::Applied);
    server.with(|espo| espo.may_delete = false);
    let (reason, _) = again(&ann.erase().await);
    assert!(reason.contains("does not allow this user to erase"), "{reason}");
}
