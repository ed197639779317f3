//! The connector to a CRM, against a real Tryton. What it holds is read by another client than the connector's: Tryton's own
//! remote procedure calls, as a user.

#[path = "tryton/erase.rs"]
mod erase;
#[path = "tryton/killed.rs"]
mod killed;
#[path = "tryton/matching.rs"]
mod matching;

use std::collections::BTreeMap;

use freehold_crm::{Change, Connector, Customer, Delivery, Kind, Line, LineResult, Mapping, Memory, Reason};
use freehold_tests::tryton::Tryton;
use serde_json::{Value, json};

/// Paths and values of a change.
type Fields = BTreeMap<String, Option<String>>;

fn fields(pairs: &[(&str, &str)]) -> Fields {
    let value = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    pairs.iter().map(|(path, text)| ((*path).to_owned(), value(text))).collect()
}

/// A customer of whom nothing is known yet.
fn customer(n: u32) -> Customer {
    Customer { did: format!("did:key:z6MkCustomer{n:04}"), ..Customer::default() }
}

/// One delivery that has to end, as the hub makes it: what is held and remembered goes with the customer.
async fn deliver(connector: &Connector, customer: &mut Customer, fields: &Fields) -> BTreeMap<String, Line> {
    for (path, value) in fields {
        match value {
            Some(value) => customer.held.insert(path.clone(), value.clone()),
            None => customer.held.remove(path),
        };
    }
    let delivery = connector.deliver(Change::Update { customer, fields }).await;
    let (lines, memory) = done(delivery);
    customer.memory = memory;
    lines
}

fn done(delivery: Delivery) -> (BTreeMap<String, Line>, Memory) {
    match delivery {
        Delivery::Done { lines, memory } => {
            (lines.into_iter().map(|line| (line.path.clone(), line)).collect(), memory)
        }
        other => panic!("{other:?}"),
    }
}

/// Every line has this result.
fn all(lines: &BTreeMap<String, Line>, result: &LineResult) {
    for line in lines.values() {
        assert_eq!(line.result, *result, "{} {:?}", line.path, line.detail);
    }
}

/// The one party with this DID.
async fn party_of(tryton: &Tryton, did: &str) -> Value {
    let wanted = ["name", "active", "code"];
    let mut found = tryton.records("party.party", json!([["identifiers.code", "=", did]]), &wanted).await;
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

/// Type and value of a party's contact mechanisms, in the form that Tryton searches by: E.164.
async fn mechanisms(tryton: &Tryton, party: &Value) -> Vec<(String, String)> {
    let domain = json!([["party", "=", party["id"]]]);
    let found = tryton.records("party.contact_mechanism", domain, &["type", "value_compact"]).await;
    let text = |record: &Value, name: &str| record[name].as_str().unwrap_or_default().to_owned();
    let mut pairs: Vec<_> =
        found.iter().map(|record| (text(record, "type"), text(record, "value_compact"))).collect();
    pairs.sort();
    pairs
}

/// The addresses of a party.
async fn addresses(tryton: &Tryton, party: &Value) -> Vec<Value> {
    let wanted = ["street", "postal_code", "city", "country.code"];
    tryton.records("party.address", json!([["party", "=", party["id"]]]), &wanted).await
}

async fn switzerland(tryton: &Tryton) -> i64 {
    tryton.create("country.country", json!({"name": "Switzerland", "code": "CH", "code3": "CHE"})).await
}

fn ann() -> Fields {
    fields(&[
        ("name.full", "Ann Muster"),
        ("phone.mobile", "+41791234567"),
        ("email.personal", "ann@example.com"),
        ("address.home.street", "Lindenweg 4"),
        ("address.home.postalCode", "3000"),
        ("address.home.locality", "Bern"),
        ("address.home.country", "CH"),
    ])
}

/// 1. A customer is made, with name, phone, mail and address. 2. They change phone and street, once. 3. The same change comes
/// again. 4. They take the mail address away.
#[tokio::test]
async fn a_change_of_phone_and_address_is_read_back_through_trytons_own_api() {
    let tryton = Tryton::start().await;
    switzerland(&tryton).await;
    let (connector, mut customer) = (tryton.connector(), customer(1));
    let lines = deliver(&connector, &mut customer, &ann()).await;
    all(&lines, &LineResult::Applied);
    let party = party_of(&tryton, &customer.did).await;
    assert_eq!(party["name"], "Ann Muster");
    assert_eq!(lines["phone.mobile"].detail.as_deref(), Some(format!("party {}", party["id"]).as_str()));
    let phone = ("mobile".to_owned(), "+41791234567".to_owned());
    let mail = ("email".to_owned(), "ann@example.com".to_owned());
    assert_eq!(mechanisms(&tryton, &party).await, [mail.clone(), phone]);

    let change = fields(&[("phone.mobile", "+41790000000"), ("address.home.street", "Aareweg 1")]);
    all(&deliver(&connector, &mut customer, &change).await, &LineResult::Applied);
    let phone = ("mobile".to_owned(), "+41790000000".to_owned());
    assert_eq!(mechanisms(&tryton, &party).await, [mail, phone.clone()], "in place of the old one");
    let home = addresses(&tryton, &party).await;
    assert_eq!(home.len(), 1, "in place of the old one");
    assert_eq!((&home[0]["street"], &home[0]["city"]), (&json!("Aareweg 1"), &json!("Bern")));
    assert_eq!(home[0]["country."]["code"], "CH");

    let written = || tryton.requests("PUT /crm/rest") + tryton.requests("POST /crm/rest");
    let before = written();
    all(&deliver(&connector, &mut customer, &change).await, &LineResult::Applied);
    assert_eq!(written(), before, "what stands there is not written again");
    customer.memory = Memory::default();
    all(&deliver(&connector, &mut customer, &change).await, &LineResult::Applied);
    assert_eq!(written(), before, "nor without a memory");

    all(&deliver(&connector, &mut customer, &fields(&[("email.personal", "")])).await, &LineResult::Applied);
    assert_eq!(mechanisms(&tryton, &party).await, [phone]);
}

/// A name is the vendor's to correct in the shipped mapping; a phone number is the person's.
#[tokio::test]
async fn a_value_of_the_vendors_own_is_a_conflict_where_the_mapping_keeps_it() {
    let tryton = Tryton::start().await;
    let (connector, mut customer) = (tryton.connector(), customer(1));
    let both = fields(&[("name.full", "Ann Muster"), ("phone.mobile", "+41791234567")]);
    all(&deliver(&connector, &mut customer, &both).await, &LineResult::Applied);
    let party = party_of(&tryton, &customer.did).await;
    let id = party["id"].as_i64().unwrap();
    tryton.write("party.party", id, json!({"name": "Ann Muster, invoice by post"})).await;

    let both = fields(&[("name.full", "Ann Meier"), ("phone.mobile", "+41790000000")]);
    let lines = deliver(&connector, &mut customer, &both).await;
    assert_eq!(lines["name.full"].result, LineResult::Conflict);
    let detail = lines["name.full"].detail.as_deref().unwrap();
    assert_eq!(detail, format!("party {id}: it holds a value of its own"));
    assert_eq!(lines["phone.mobile"].result, LineResult::Applied);
    let party = party_of(&tryton, &customer.did).await;
    assert_eq!(party["name"], "Ann Muster, invoice by post", "it was left alone");

    tryton.write("party.party", id, json!({"name": "Ann Muster"})).await;
    all(&deliver(&connector, &mut customer, &both).await, &LineResult::Applied);
    assert_eq!(
        party_of(&tryton, &customer.did).await["name"],
        "Ann Meier",
        "what we wrote ourselves is ours to change"
    );
}

/// One value that Tryton does not take keeps no other one out, and is said to be refused.
#[tokio::test]
async fn what_tryton_does_not_take_is_refused_and_the_rest_is_applied() {
    let tryton = Tryton::start().await;
    let (connector, mut customer) = (tryton.connector(), customer(1));
    let change = fields(&[
        ("name.given", "Ann"),
        ("name.family", "Muster"),
        ("organization.vatId", "XX1"),
        ("address.home.country", "CH"),
        ("address.delivery.locality", "Bern"),
        ("loyalty.number", "17"),
        ("phone.mobile", "+41791234567"),
    ]);
    let lines = deliver(&connector, &mut customer, &change).await;
    let refused = |path: &str| {
        assert_eq!(lines[path].result, LineResult::Refused, "{path}");
        lines[path].detail.clone().unwrap()
    };
    assert!(refused("organization.vatId").ends_with("Tryton does not take this value"));
    assert!(
        refused("address.home.country").ends_with("tryton has no entry for this value"),
        "no country was loaded"
    );
    assert!(
        refused("address.delivery.locality").ends_with("tryton has no place for it"),
        "no module for deliveries"
    );
    assert_eq!(refused("loyalty.number"), "tryton has no place for it");
    for path in ["name.given", "name.family", "phone.mobile"] {
        assert_eq!(lines[path].result, LineResult::Applied, "{path}");
    }
    let party = party_of(&tryton, &customer.did).await;
    assert_eq!(party["name"], "Ann Muster", "two paths are one name here");
    // Only the family name comes; the given one is what the hub holds.
    all(
        &deliver(&connector, &mut customer, &fields(&[("name.family", "Meier")])).await,
        &LineResult::Applied,
    );
    assert_eq!(party_of(&tryton, &customer.did).await["name"], "Ann Meier");
}

#[tokio::test]
async fn a_check_says_whether_tryton_is_there_takes_the_key_and_has_the_places() {
    let mut tryton = Tryton::start().await;
    let health = tryton.connector().check().await.unwrap();
    assert_eq!((health.system.as_str(), health.missing.len()), ("tryton", 0), "{health:?}");

    let text = Mapping::shipped_text(Kind::Tryton).replace("to = \"name\"", "to = \"nom\"");
    let other = tryton.connector_with(&tryton.config(), Mapping::parse(&text).unwrap());
    assert_eq!(other.check().await.unwrap().missing, ["party.party: nom"]);

    let config =
        freehold_crm::CrmConfig { token: Some(freehold_crm::Secret::new("nobody's")), ..tryton.config() };
    let stranger = tryton.connector_with(&config, Mapping::shipped(Kind::Tryton));
    assert_eq!(stranger.check().await, Err(Reason::SignIn));
    let delivery = stranger.deliver(Change::Update { customer: &customer(1), fields: &ann() }).await;
    assert_eq!(delivery, Delivery::Again { reason: Reason::SignIn, after: None });

    tryton.kill();
    assert!(matches!(tryton.connector().check().await, Err(Reason::Fetch(_))));
}
