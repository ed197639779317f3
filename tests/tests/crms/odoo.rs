use std::time::Duration;

use freehold_crm::{Connector, CrmConfig, Kind, LineResult};
use freehold_tests::crm::odoo::Odoo;
use freehold_tests::crm::server::{Fault, Server};
use serde_json::json;

use crate::desk::{ANN, Desk, again, all, connector, did, of, with_token};

const KEY: &str = "6578616d706c65";
const DID: &str = "x_freehold_did";

async fn start() -> (Server<Odoo>, Connector) {
    let server = Server::start(Odoo::new(KEY, "mycompany", DID)).await.unwrap();
    let connector = with_token(Kind::Odoo, server.url(), KEY);
    (server, connector)
}

fn held(server: &Server<Odoo>, number: usize, field: &str) -> Option<String> {
    server.with(|odoo| {
        let found = odoo.find(DID, &did(number));
        found.first().and_then(|(_, partner)| partner.get(field)?.as_str().map(str::to_owned))
    })
}

#[tokio::test]
async fn a_partner_is_made_changed_and_left_alone() {
    let (server, connector) = start().await;
    let mut ann = Desk::new(&connector, 1);
    all(&ann.update(&ANN).await, &LineResult::Applied);
    assert_eq!(held(&server, 1, "name").as_deref(), Some("Ann Muster"));
    let writes = server.writes();
    all(&ann.update(&[("name.given", "Anna")]).await, &LineResult::Applied);
    assert_eq!(held(&server, 1, "name").as_deref(), Some("Anna Muster"));
    assert_eq!(server.writes(), writes + 1);
    all(&ann.update(&[("name.given", "Anna"), ("phone.mobile", "+41791234567")]).await, &LineResult::Applied);
    assert_eq!(server.writes(), writes + 1, "what stands there was written again");
    all(&ann.update(&[("phone.mobile", "")]).await, &LineResult::Applied);
    assert_eq!(held(&server, 1, "phone"), None);
    assert_eq!(server.with(|odoo| odoo.partners.len()), 1);
}

#[tokio::test]
async fn a_country_is_a_link_and_another_address_is_a_contact_below() {
    let (server, connector) = start().await;
    let mut ann = Desk::new(&connector, 1);
    let fields = [
        ("name.family", "Muster"),
        ("address.home.country", "DE"),
        ("address.delivery.street", "Hafen 1"),
        ("address.delivery.locality", "Hamburg"),
        ("address.delivery.country", "FR"),
    ];
    all(&ann.update(&fields).await, &LineResult::Applied);
    let (id, country) = server.with(|odoo| {
        let (id, partner) = odoo.find(DID, &did(1))[0];
        (id, partner["country_id"].clone())
    });
    assert_eq!(country, json!(57));
    let below = |server: &Server<Odoo>| {
        server.with(|odoo| {
            let children = odoo.partners.values().filter(|child| child.get("parent_id") == Some(&json!(id)));
            children.cloned().collect::<Vec<_>>()
        })
    };
    assert_eq!(below(&server).len(), 1);
    assert_eq!(below(&server)[0]["city"], "Hamburg");
    assert_eq!(below(&server)[0]["type"], "delivery");
    assert_eq!(below(&server)[0]["country_id"], json!(75));
    all(&ann.update(&[("address.delivery.locality", "Kiel")]).await, &LineResult::Applied);
    assert_eq!(below(&server).len(), 1);
    assert_eq!(below(&server)[0]["city"], "Kiel");
    let gone: Vec<(&str, &str)> = fields[2..].iter().map(|(path, _)| (*path, "")).collect();
    all(&ann.update(&gone).await, &LineResult::Applied);
    assert_eq!(below(&server).len(), 0, "an address without anything in it is taken away");
}

#[tokio::test]
async fn an_address_of_another_partner_is_a_duplicate() {
    let (server, connector) = start().await;
    let other = server.with(|odoo| odoo.put(&[("email", "ann@example.org"), ("name", "Other")]));
    let delivery = Desk::new(&connector, 1).update(&ANN).await;
    all(&delivery, &LineResult::Duplicate);
    assert!(of(&delivery, "email.personal").1.contains(&other.to_string()));
    assert_eq!(server.writes(), 0);
}

#[tokio::test]
async fn a_did_on_two_partners_is_a_duplicate_and_neither_is_written() {
    let (server, connector) = start().await;
    let twins = server.with(|odoo| [(); 2].map(|()| odoo.put(&[(DID, &did(1)), ("name", "Muster")])));
    let delivery = Desk::new(&connector, 1).update(&ANN).await;
    all(&delivery, &LineResult::Duplicate);
    assert!(twins.iter().all(|twin| of(&delivery, "name.given").1.contains(&twin.to_string())));
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
    server.with(|odoo| odoo.refused = [did(2)].into());
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
    assert_eq!(server.with(|odoo| odoo.partners.len()), 2);
}

#[tokio::test]
async fn a_key_that_has_ended_is_read_again_from_its_file() {
    let (server, _) = start().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    std::fs::write(&path, KEY).unwrap();
    let config = CrmConfig::new(Kind::Odoo, server.url(), None);
    let database = Some("mycompany".to_owned());
    let connector = connector(&CrmConfig { token_file: Some(path.clone()), database, ..config });
    let mut ann = Desk::new(&connector, 1);
    server.inject(Fault::Expire);
    let (reason, _) = again(&ann.update(&ANN).await);
    assert!(reason.contains("token") && !reason.contains(KEY), "{reason}");
    std::fs::write(&path, server.with(|odoo| odoo.key.clone())).unwrap();
    all(&ann.update(&ANN).await, &LineResult::Applied);
}

#[tokio::test]
async fn a_partner_whose_answer_was_lost_is_found_and_not_made_twice() {
    let (server, connector) = start().await;
    let mut ann = Desk::new(&connector, 1);
    server.inject_on_write(Fault::CutAfter);
    again(&ann.update(&ANN).await);
    let writes = server.writes();
    all(&ann.update(&ANN).await, &LineResult::Applied);
    assert_eq!(server.writes(), writes, "what was done is read, not done again");
    assert_eq!(server.with(|odoo| odoo.partners.len()), 1);
}

#[tokio::test]
async fn a_partner_that_nothing_refers_to_is_erased() {
    let (server, connector) = start().await;
    let mut ann = Desk::new(&connector, 1);
    all(&ann.update(&ANN).await, &LineResult::Applied);
    all(&ann.erase().await, &LineResult::Erased);
    assert_eq!(server.with(|odoo| odoo.partners.len()), 0);
}

#[tokio::test]
async fn a_partner_that_an_invoice_refers_to_is_archived_and_emptied() {
    let (server, connector) = start().await;
    let mut ann = Desk::new(&connector, 1);
    all(&ann.update(&ANN).await, &LineResult::Applied);
    let id = server.with(|odoo| {
        let id = odoo.find(DID, &did(1))[0].0;
        odoo.referenced.insert(id);
        id
    });
    all(&ann.erase().await, &LineResult::Erased);
    let left = server.with(|odoo| odoo.partners[&id].clone());
    assert_eq!(left, [("active", json!(false)), ("name", json!("-"))].map(|(n, v)| (n.to_owned(), v)).into());
}

#[tokio::test]
async fn a_field_that_the_database_does_not_have_does_not_pass_by_itself() {
    let (server, connector) = start().await;
    let mut ann = Desk::new(&connector, 1);
    all(&ann.update(&ANN).await, &LineResult::Applied);
    server.with(|odoo| odoo.external = "x_renamed".to_owned());
    let delivery = ann.update(&[("name.given", "Anna")]).await;
    assert!(matches!(delivery, freehold_crm::Delivery::Refused { .. }), "{delivery:?}");
}
