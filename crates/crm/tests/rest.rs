//! The contract over the generic adapter, against a small system in this process that has the moods of real ones.

#[path = "rest/server.rs"]
mod server;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use freehold_crm::{
    Change, Connector, CrmConfig, Customer, Delivery, Kind, Line, LineResult, Mapping, Reason, RefreshConfig,
};
use freehold_outbound::Client;
use serde_json::json;
use server::Server;

type Fields = BTreeMap<String, Option<String>>;

fn config(server: &Server, token: &str) -> CrmConfig {
    CrmConfig { allow_http: true, inward: true, ..CrmConfig::new(Kind::Rest, &server.url, Some(token)) }
}

fn open(config: &CrmConfig) -> Connector {
    let client = Client::new(config.policy()).expect("a client needs nothing");
    Connector::open(config, Mapping::shipped(Kind::Rest), client).expect("the configuration is right")
}

fn fields(pairs: &[(&str, &str)]) -> Fields {
    pairs
        .iter()
        .map(|(path, text)| ((*path).to_owned(), (!text.is_empty()).then(|| (*text).to_owned())))
        .collect()
}

fn customer(n: u32) -> Customer {
    Customer { did: format!("did:key:z6Mk{n}"), ..Customer::default() }
}

async fn deliver(connector: &Connector, customer: &mut Customer, fields: &Fields) -> BTreeMap<String, Line> {
    done(connector.deliver(Change::Update { customer, fields }).await, customer)
}

fn done(delivery: Delivery, customer: &mut Customer) -> BTreeMap<String, Line> {
    let Delivery::Done { lines, memory } = delivery else { panic!("{delivery:?}") };
    customer.memory = memory;
    lines.into_iter().map(|line| (line.path.clone(), line)).collect()
}

fn all(lines: &BTreeMap<String, Line>, result: &LineResult) {
    assert!(lines.values().all(|line| line.result == *result), "{lines:?}");
}

fn ann() -> Fields {
    fields(&[
        ("name.full", "Ann Muster"),
        ("phone.mobile", "+41791234567"),
        ("email.personal", "ann@example.com"),
        ("address.home.locality", "Bern"),
    ])
}

#[tokio::test]
async fn a_change_is_written_once_and_what_else_stands_in_the_record_stays() {
    let server = Server::start().await;
    let phones =
        json!([{"type": "home", "number": "+41310000000"}, {"type": "mobile", "number": "1", "note": "x"}]);
    let id = server.add(json!({"number": "C-1", "phones": phones, "since": 1999, "address": {"floor": 3}}));
    let connector = open(&config(&server, "good"));
    let mut known = Customer { reference: Some("C-1".to_owned()), ..customer(1) };
    all(&deliver(&connector, &mut known, &ann()).await, &LineResult::Applied);
    let phones = json!([{"type": "home", "number": "+41310000000"},
        {"type": "mobile", "number": "+41791234567", "note": "x"}]);
    let wanted = json!({"id": id, "number": "C-1", "externalId": known.did, "name": "Ann Muster", "phones": phones,
        "email": "ann@example.com", "since": 1999, "address": {"floor": 3, "city": "Bern"}});
    assert_eq!(server.state().customers[&id], wanted);
    let patches = server.seen("PATCH");
    all(&deliver(&connector, &mut known, &ann()).await, &LineResult::Applied);
    assert_eq!(server.seen("PATCH"), patches, "no echo");
}

#[tokio::test]
async fn a_server_that_ignores_filters_does_not_give_everybody_the_same_record() {
    let server = Server::start().await;
    server.add(json!({"number": "C-9", "name": "Somebody Else", "email": "else@example.com"}));
    server.state().ignores_filters = true;
    let connector = open(&config(&server, "good"));
    for n in [1, 2] {
        let change =
            fields(&[("name.full", "Ann Muster"), ("email.personal", &format!("ann{n}@example.com"))]);
        let mut one = Customer { reference: Some(format!("C-{n}")), ..customer(n) };
        all(&deliver(&connector, &mut one, &change).await, &LineResult::Applied);
    }
    assert_eq!(server.state().customers.len(), 3);
}

#[tokio::test]
async fn what_is_read_back_decides_and_not_the_status() {
    let server = Server::start().await;
    server.state().corrects_city = Some("Berne");
    server.state().refuses = Some("email");
    let lines = deliver(&open(&config(&server, "good")), &mut customer(1), &ann()).await;
    assert_eq!(lines["address.home.locality"].result, LineResult::Conflict);
    let detail = lines["address.home.locality"].detail.as_deref().unwrap();
    assert_eq!(detail, "customer 1: it holds another value than was written");
    assert_eq!(lines["email.personal"].result, LineResult::Refused);
    assert_eq!(lines["name.full"].result, LineResult::Applied);
    assert_eq!(lines["phone.mobile"].result, LineResult::Applied);
}

/// The wait that one delivery was told is every delivery's: none asks again before.
#[tokio::test]
async fn retry_after_is_honoured_by_all_deliveries() {
    let server = Server::start().await;
    let connector = open(&config(&server, "good"));
    server.state().busy = Some((429, "7"));
    let (one, two, change) = (customer(1), customer(2), ann());
    let first = connector.deliver(Change::Update { customer: &one, fields: &change }).await;
    let seven = Duration::from_secs(7);
    assert_eq!(first, Delivery::Again { reason: Reason::TooMany, after: Some(seven) });
    let before = server.seen("");
    let second = connector.deliver(Change::Update { customer: &two, fields: &change }).await;
    let Delivery::Again { reason: Reason::TooMany, after: Some(after) } = second else {
        panic!("{second:?}")
    };
    assert!(after <= seven && after > Duration::from_secs(5), "{after:?}");
    assert_eq!(server.seen(""), before, "nobody was asked");
}

#[tokio::test]
async fn an_answer_that_may_change_is_tried_again() {
    let server = Server::start().await;
    let (one, change) = (customer(1), ann());
    for (status, reason) in
        [(500, Reason::Status(500)), (302, Reason::Status(302)), (408, Reason::Status(408))]
    {
        let connector = open(&config(&server, "good"));
        server.state().busy = Some((status, "3"));
        let delivery = connector.deliver(Change::Update { customer: &one, fields: &change }).await;
        assert_eq!(delivery, Delivery::Again { reason, after: Some(Duration::from_secs(3)) });
    }
    let forbidden = open(&config(&server, "good"));
    server.state().busy = Some((403, "x"));
    let delivery = forbidden.deliver(Change::Update { customer: &one, fields: &change }).await;
    let reason = Reason::Forbidden { verb: "read", object: "customer".to_owned() };
    assert_eq!(delivery, Delivery::Again { reason, after: None });
}

#[tokio::test]
async fn a_token_that_has_run_out_is_read_again_or_fetched_by_refresh() {
    let (server, home) = (Server::start().await, tempfile::tempdir().unwrap());
    let file = |name: &str, text: &str| {
        std::fs::write(home.path().join(name), text).unwrap();
        home.path().join(name)
    };
    // From its file, which the operator has replaced meanwhile.
    let in_file = CrmConfig { token: None, token_file: Some(file("token", "old\n")), ..config(&server, "") };
    let connector = open(&in_file);
    assert_eq!(connector.check().await, Err(Reason::SignIn));
    file("token", "good\n");
    assert!(connector.check().await.is_ok());
    // By refresh: once, however many deliveries need it.
    let refresh = RefreshConfig {
        url: server.url.replace("/api", "/token"),
        client_id: "hub".to_owned(),
        client_secret_file: None,
        refresh_token_file: file("refresh", "r/1"),
    };
    let connector = open(&CrmConfig { refresh: Some(refresh.clone()), ..config(&server, "expired") });
    let (mut one, mut two, change) = (customer(1), customer(2), fields(&[("name.full", "Ann Muster")]));
    let (a, b) = tokio::join!(deliver(&connector, &mut one, &change), deliver(&connector, &mut two, &change));
    all(&a, &LineResult::Applied);
    all(&b, &LineResult::Applied);
    assert_eq!(server.seen("POST /token"), 1);
    // A refresh token that is not taken any more: a human has to sign in again.
    file("refresh", "revoked");
    let connector = open(&CrmConfig { refresh: Some(refresh), ..config(&server, "expired") });
    assert_eq!(connector.check().await, Err(Reason::SignIn));
}

#[tokio::test]
async fn a_record_that_is_not_deleted_is_put_out_of_use_and_emptied() {
    let server = Server::start().await;
    server.state().keeps = true;
    let (connector, mut one) = (open(&config(&server, "good")), customer(1));
    all(&deliver(&connector, &mut one, &ann()).await, &LineResult::Applied);
    let paths: BTreeSet<String> = ann().into_keys().collect();
    let delivery = connector.deliver(Change::Erase { customer: &one, paths: &paths, last: true }).await;
    all(&done(delivery, &mut one), &LineResult::Erased);
    assert_eq!(server.state().customers[&1], json!({"id": 1, "active": false, "phones": [], "address": {}}));
    assert!(one.memory.is_empty());

    server.state().keeps = false;
    all(&deliver(&connector, &mut one, &ann()).await, &LineResult::Applied);
    let delivery = connector.deliver(Change::Erase { customer: &one, paths: &paths, last: true }).await;
    all(&done(delivery, &mut one), &LineResult::Erased);
    assert_eq!(server.state().customers.len(), 1, "the second record is gone");
}

/// Nothing that may be logged shows a value, a DID, a token or an address.
#[tokio::test]
async fn nothing_personal_and_no_secret_is_shown() {
    let server = Server::start().await;
    let config = config(&server, "good");
    let (connector, mut one) = (open(&config), customer(1));
    let change = ann();
    let lines = deliver(&connector, &mut one, &change).await;
    let shown = format!(
        "{config:?} {connector:?} {one:?} {:?} {:?} {:?}",
        Change::Update { customer: &one, fields: &change },
        lines.values().collect::<Vec<_>>(),
        one.memory,
    );
    for text in ["Muster", "+4179", "ann@", "did:key", "good", "127.0.0.1"] {
        assert!(!shown.contains(text), "{text} in {shown}");
    }
    let memory = serde_json::to_string(&one.memory).unwrap();
    assert!(!memory.contains("Muster") && !memory.contains("4179"), "{memory}");
}
