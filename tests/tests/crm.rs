//! The whole way: a person changes something once, and the CRM that the vendor already runs has it and says so.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::time::Duration;

use freehold_hub::Hub;
use freehold_hub::view::{MatchPlan, Receiver};
use freehold_mailbox::Linked;
use freehold_person::Person;
use freehold_person::view::LineView;
use freehold_protocol::family::Families;
use freehold_tests::engines::{EngineHome, until};
use freehold_tests::tryton::Tryton;
use serde_json::{Value, json};

const ASK: &str = r#"
title = "Repairs"
legal_basis = "contract"
mode = "continuous"
retention = { duration = "P2Y", after = "end of contract" }

[[field]]
path = "name.full"
required = true
reason = "to write to you"
purposes = ["ServiceProvision"]

[[field]]
path = "phone.mobile"
required = true
reason = "to call you"
purposes = ["ServiceProvision"]

[[field]]
path = "address.home.street"
required = true
reason = "to come to you"
purposes = ["ServiceProvision"]

[[field]]
path = "address.home.locality"
required = true
reason = "to come to you"
purposes = ["ServiceProvision"]
"#;

const ANN: [(&str, &str); 4] = [
    ("name.full", "Ann Muster"),
    ("phone.mobile", "+41791234567"),
    ("address.home.street", "Lindenweg 4"),
    ("address.home.locality", "Bern"),
];

fn none() -> Families<Linked> {
    Families::new()
}

async fn set(person: &Person, fields: &[(&str, &str)]) {
    let fields = fields.iter().map(|(path, value)| ((*path).to_owned(), Some((*value).to_owned())));
    person.set(fields.collect(), "test").await.unwrap();
}

fn line(person: &Person, path: &str) -> Option<LineView> {
    person.status(None).unwrap().vendors.into_iter().flat_map(|v| v.lines).find(|l| l.path == path)
}

/// Waits until the node shows that a field is so in Tryton.
async fn shown(person: &Person, path: &str, state: &str) {
    let what = format!("{path} to be {state}");
    let found = until(&what, || line(person, path).filter(|l| l.state == state)).await;
    assert_eq!(found.system.as_deref(), Some("tryton"));
}

/// A hub that keeps a Tryton up to date.
async fn vendor(home: &EngineHome, tryton: &Tryton) -> Hub {
    let crm = tryton.config();
    home.hub_with(|config| {
        config.crm = Some(crm.clone());
        // A CRM that is off for a moment is tried again soon.
        config.sinks.retry_base_ms = Some(200);
    })
    .await
}

/// The person agrees to everything that is asked; gives the grant's id.
async fn agree(person: &Person, hub: &Hub, customer: &str) -> String {
    hub.ask(ASK, "ask.toml").await.unwrap();
    let link = hub.invite(Some(customer.to_owned()), None, Duration::from_secs(600)).await.unwrap().link;
    let request = person.connect(&link).await.unwrap().request.unwrap();
    person.approve(&request.id, None, None).await.unwrap().id
}

/// The parties of Tryton, with what they hold.
async fn parties(tryton: &Tryton) -> Vec<Value> {
    let fields =
        ["name", "code", "active", "contact_mechanisms.value", "addresses.street", "identifiers.code"];
    tryton.records("party.party", json!([]), &fields).await
}

/// Without blanks: Tryton writes telephone numbers in groups.
fn values(party: &Value, list: &str, field: &str) -> Vec<String> {
    let entries = party[format!("{list}.")].as_array().into_iter().flatten();
    entries.filter_map(|entry| entry[field].as_str()).map(|text| text.replace(' ', "")).collect()
}

/// 1. A person agrees: Tryton has a party that it had not. 2. They change phone and street once: Tryton's own interface shows the
///    new ones, and the node shows that they are applied there. 3. A preview finds nothing left to do.
#[tokio::test(flavor = "multi_thread")]
async fn a_change_made_once_is_in_the_crm_and_the_node_says_so() {
    let tryton = Tryton::start().await;
    let (home, hub_home) = (EngineHome::new(), EngineHome::new());
    let (hub, person) = (vendor(&hub_home, &tryton).await, home.person(none).await);
    set(&person, &ANN).await;
    agree(&person, &hub, "C-17").await;
    shown(&person, "phone.mobile", "applied").await;
    let found = parties(&tryton).await;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["name"], "Ann Muster");
    let did = hub.customer("C-17").unwrap().did;
    assert_eq!(values(&found[0], "identifiers", "code"), [did]);

    set(&person, &[("phone.mobile", "+41790000000"), ("address.home.street", "Aareweg 1")]).await;
    until("the hub has both", || {
        let fields = hub.customer("C-17")?.fields;
        (fields["phone.mobile"].as_deref() == Some("+41790000000")).then_some(())
    })
    .await;
    shown(&person, "phone.mobile", "applied").await;
    shown(&person, "address.home.street", "applied").await;
    let found = parties(&tryton).await;
    assert_eq!(found.len(), 1);
    assert_eq!(values(&found[0], "contact_mechanisms", "value"), ["+41790000000"], "in place of the old one");
    assert_eq!(values(&found[0], "addresses", "street"), ["Aareweg1"], "in place of the old one");

    let plans = hub.preview_match(None).await.unwrap();
    assert_eq!(plans.iter().map(|view| view.plan).collect::<Vec<_>>(), [MatchPlan::Same]);
    person.stop().await;
    hub.stop().await;
}

/// 1. Tryton is killed, and the person changes their number twice. 2. Tryton is there again: it has the newest one, and the node
///    says so. Nobody has done anything.
#[tokio::test(flavor = "multi_thread")]
async fn a_crm_that_was_killed_has_the_present_value_once_it_is_back() {
    let mut tryton = Tryton::start().await;
    let (home, hub_home) = (EngineHome::new(), EngineHome::new());
    let (hub, person) = (vendor(&hub_home, &tryton).await, home.person(none).await);
    set(&person, &ANN).await;
    agree(&person, &hub, "C-17").await;
    shown(&person, "phone.mobile", "applied").await;
    tryton.kill();
    set(&person, &[("phone.mobile", "+41790000001")]).await;
    set(&person, &[("phone.mobile", "+41790000002")]).await;
    until("both at the hub", || {
        let held = hub.customer("C-17")?.fields.get("phone.mobile").cloned().flatten();
        (held.as_deref() == Some("+41790000002")).then_some(())
    })
    .await;
    assert_eq!(line(&person, "phone.mobile").map(|line| line.state).as_deref(), Some("stored"));
    tryton.restart();
    shown(&person, "phone.mobile", "applied").await;
    let found = parties(&tryton).await;
    assert_eq!(values(&found[0], "contact_mechanisms", "value"), ["+41790000002"]);
    assert!(hub.dead_letters().iter().all(|letter| letter.sink != Receiver::Crm));
    person.stop().await;
    hub.stop().await;
}

/// 1. A person revokes everything: their party is gone from Tryton, and the vendor's receipt says erased. 2. The party of another
///    one stays, because the vendor had it before: it stands there without what came from the person.
#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_is_carried_out_in_the_crm_before_it_is_receipted() {
    let tryton = Tryton::start().await;
    let before = tryton.create("party.party", json!({"name": "Muster Ann", "code": "C-18"})).await;
    let hub_home = EngineHome::new();
    let hub = vendor(&hub_home, &tryton).await;
    for (customer, phone) in [("C-17", "+41790000017"), ("C-18", "+41790000018")] {
        let home = EngineHome::new();
        let person = home.person(none).await;
        set(&person, &ANN).await;
        set(&person, &[("phone.mobile", phone)]).await;
        let grant = agree(&person, &hub, customer).await;
        shown(&person, "phone.mobile", "applied").await;
        person.revoke(&grant, None).await.unwrap();
        let receipt =
            until("the receipt", || person.grant(&grant).unwrap().revocations.remove(0).erasure).await;
        let kept: Vec<&str> =
            receipt.iter().filter(|line| line.result != "erased").map(|line| &*line.path).collect();
        assert!(kept.is_empty(), "{kept:?}");
        let found = parties(&tryton).await;
        let left: Vec<i64> = found.iter().filter_map(|party| party["id"].as_i64()).collect();
        assert_eq!(left, [before], "{customer}");
        assert!(found.iter().all(|party| values(party, "contact_mechanisms", "value").is_empty()));
        person.stop().await;
    }
    hub.stop().await;
}

/// 1. A vendor has held customers' values without a CRM. 2. It names one: a preview says who would be made, linked to the record
///    with the vendor's own number, or left alone. 3. The match does just that.
#[tokio::test(flavor = "multi_thread")]
async fn a_crm_that_is_new_is_previewed_first_and_then_brought_up_to_date() {
    let tryton = Tryton::start().await;
    let (home, other_home, hub_home) = (EngineHome::new(), EngineHome::new(), EngineHome::new());
    let hub = hub_home.hub(none, None).await;
    let (person, other) = (home.person(none).await, other_home.person(none).await);
    set(&person, &ANN).await;
    set(&other, &ANN).await;
    set(&other, &[("phone.mobile", "+41790000018")]).await;
    agree(&person, &hub, "C-17").await;
    agree(&other, &hub, "C-18").await;
    for customer in ["C-17", "C-18"] {
        until("the values", || (hub.customer(customer)?.fields.len() == 4).then_some(())).await;
    }
    hub.stop().await;
    let known = tryton.create("party.party", json!({"name": "Ann Muster", "code": "C-18"})).await;
    let hub = vendor(&hub_home, &tryton).await;

    let plans = hub.preview_match(None).await.unwrap();
    let plan = |customer: &str| plans.iter().find(|view| view.customer.as_deref() == Some(customer)).unwrap();
    assert_eq!((plan("C-17").plan, plan("C-18").plan), (MatchPlan::Create, MatchPlan::Link));
    assert_eq!(plan("C-18").records, [known.to_string()]);
    assert_eq!(parties(&tryton).await.len(), 1, "a preview writes nothing");

    assert_eq!(hub.match_crm(None).await.unwrap(), 2);
    let same = async || {
        let plans = hub.preview_match(None).await.unwrap();
        plans.iter().all(|view| view.plan == MatchPlan::Same)
    };
    tokio::time::timeout(Duration::from_secs(30), async {
        while !same().await {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    })
    .await
    .expect("the match is done");
    let found = parties(&tryton).await;
    assert_eq!(found.len(), 2);
    let linked = found.iter().find(|party| party["id"] == known).unwrap();
    assert_eq!(values(linked, "contact_mechanisms", "value"), ["+41790000018"]);
    person.stop().await;
    other.stop().await;
    hub.stop().await;
}
