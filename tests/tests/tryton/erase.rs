//! Erasing: what Tryton lets go, and the truth about what it does not.

use std::collections::BTreeSet;

use freehold_crm::CrmConfig;

use super::*;

const LEGALLY_REQUIRED: &str = "https://w3id.org/dpv/legal/eu/gdpr#JustificationA17LegallyRequired";

async fn erase(connector: &Connector, customer: &mut Customer, paths: &[&str], last: bool) -> Delivery {
    let paths: BTreeSet<String> = paths.iter().map(|path| (*path).to_owned()).collect();
    customer.held.retain(|path, _| !paths.contains(path));
    connector.deliver(Change::Erase { customer, paths: &paths, last }).await
}

/// Nobody may delete parties, as where invoices refer to them.
async fn forbid_deleting(tryton: &Tryton) {
    let access = json!({"model": "party.party", "perm_read": true, "perm_write": true, "perm_create": true,
        "perm_delete": false});
    tryton.create("ir.model.access", access).await;
}

/// Nobody may change or delete contact mechanisms: a rule of Tryton's that fits none of them.
async fn freeze_mechanisms(tryton: &Tryton) {
    let rules = json!([["create", [{"domain": "[[\"id\", \"=\", 0]]"}]]]);
    let group = json!({"name": "frozen", "model": "party.contact_mechanism", "global_p": true, "perm_read": false,
        "perm_write": true, "perm_create": false, "perm_delete": true, "rules": rules});
    tryton.create("ir.rule.group", group).await;
}

fn all_paths() -> Vec<String> {
    ann().into_keys().collect()
}

async fn erase_all(connector: &Connector, customer: &mut Customer) -> Delivery {
    let paths = all_paths();
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    erase(connector, customer, &paths, true).await
}

#[tokio::test]
async fn one_path_is_cleared_and_the_last_ones_take_the_party_along() {
    let tryton = Tryton::start().await;
    switzerland(&tryton).await;
    let (connector, mut customer) = (tryton.connector(), customer(1));
    all(&deliver(&connector, &mut customer, &ann()).await, &LineResult::Applied);
    let party = party_of(&tryton, &customer.did).await;

    let (lines, memory) = done(erase(&connector, &mut customer, &["phone.mobile"], false).await);
    all(&lines, &LineResult::Erased);
    customer.memory = memory;
    assert_eq!(mechanisms(&tryton, &party).await, [("email".to_owned(), "ann@example.com".to_owned())]);
    assert_eq!(addresses(&tryton, &party).await[0]["street"], "Lindenweg 4", "another grant covers it");

    let (lines, memory) = done(erase_all(&connector, &mut customer).await);
    all(&lines, &LineResult::Erased);
    assert!(memory.is_empty());
    for model in ["party.party", "party.identifier", "party.contact_mechanism", "party.address"] {
        assert!(tryton.records(model, json!([]), &["id"]).await.is_empty(), "{model}");
    }
    // The answer was lost, and it is asked again.
    all(&done(erase_all(&connector, &mut customer).await).0, &LineResult::Erased);
}

#[tokio::test]
async fn a_party_that_was_the_vendors_before_stays_without_what_came_from_the_person() {
    let tryton = Tryton::start().await;
    let fax = json!([["create", [{"type": "fax", "value": "+41311111111"}]]]);
    let id = tryton
        .create("party.party", json!({"name": "Ann Muster", "code": "C-1", "contact_mechanisms": fax}))
        .await;
    let (connector, mut known) =
        (tryton.connector(), Customer { reference: Some("C-1".to_owned()), ..customer(1) });
    let change = fields(&[("name.full", "Ann Meier"), ("phone.mobile", "+41791234567")]);
    let lines = deliver(&connector, &mut known, &change).await;
    assert_eq!(lines["name.full"].result, LineResult::Conflict, "the vendor's own name");
    let (lines, _) = done(erase(&connector, &mut known, &["name.full", "phone.mobile"], true).await);
    all(&lines, &LineResult::Erased);
    let party = &tryton.records("party.party", json!([["id", "=", id]]), &["name", "active"]).await[0];
    assert_eq!(party["name"], "Ann Muster", "what the vendor knew itself stays");
    assert_eq!(mechanisms(&tryton, party).await, [("fax".to_owned(), "+41311111111".to_owned())]);
    assert!(tryton.records("party.identifier", json!([]), &["code"]).await.is_empty(), "nor the DID");
}

/// "Tryton refuses to erase active parties": it is put out of use, and the wizard empties it where it cannot be deleted.
#[tokio::test]
async fn a_party_that_cannot_be_deleted_is_emptied_by_trytons_own_wizard() {
    let tryton = Tryton::start().await;
    switzerland(&tryton).await;
    forbid_deleting(&tryton).await;
    let (connector, mut customer) = (tryton.connector(), customer(1));
    all(&deliver(&connector, &mut customer, &ann()).await, &LineResult::Applied);
    let id = party_of(&tryton, &customer.did).await["id"].clone();
    all(&done(erase_all(&connector, &mut customer).await).0, &LineResult::Erased);
    let party = &tryton.records("party.party", json!([["id", "=", id]]), &["name", "active"]).await[0];
    assert!(party["name"].is_null() && party["active"] != true && party["active"] != 1, "{party}");
    let places = [
        ("party.contact_mechanism", ["value", "value_compact"]),
        ("party.identifier", ["code", "code_compact"]),
    ];
    for (model, fields) in places {
        let found = tryton.records(model, json!([["party", "=", id]]), &fields).await;
        assert!(!found.is_empty(), "{model}");
        for record in found {
            assert!(fields.iter().all(|field| record[*field] == "****"), "{record}");
        }
    }
    assert!(addresses(&tryton, party).await.iter().all(|address| address["city"].is_null()));
}

/// What the vendor has put out of use is there still, and an erasure finds it.
#[tokio::test]
async fn a_number_that_was_put_out_of_use_is_erased_too() {
    let tryton = Tryton::start().await;
    let (connector, mut customer) = (tryton.connector(), customer(1));
    let change = fields(&[("phone.mobile", "+41791234567"), ("name.full", "Ann Muster")]);
    all(&deliver(&connector, &mut customer, &change).await, &LineResult::Applied);
    let old = tryton.records("party.contact_mechanism", json!([]), &["id"]).await[0]["id"].as_i64().unwrap();
    tryton.write("party.contact_mechanism", old, json!({"active": false})).await;
    let (lines, memory) = done(erase(&connector, &mut customer, &["phone.mobile"], false).await);
    all(&lines, &LineResult::Erased);
    customer.memory = memory;
    assert!(tryton.records("party.contact_mechanism", json!([]), &["value"]).await.is_empty());
}

/// Without a user for the wizard its places are emptied one by one.
#[tokio::test]
async fn without_the_wizard_the_party_is_put_out_of_use_and_its_places_are_emptied() {
    let tryton = Tryton::start().await;
    switzerland(&tryton).await;
    forbid_deleting(&tryton).await;
    let config = CrmConfig { user: None, password_file: None, ..tryton.config() };
    let connector = tryton.connector_with(&config, Mapping::shipped(Kind::Tryton));
    let mut customer = customer(1);
    all(&deliver(&connector, &mut customer, &ann()).await, &LineResult::Applied);
    let id = party_of(&tryton, &customer.did).await["id"].clone();
    all(&done(erase_all(&connector, &mut customer).await).0, &LineResult::Erased);
    let party = &tryton.records("party.party", json!([["id", "=", id]]), &["name", "active"]).await[0];
    assert!(party["name"].is_null() && party["active"] != true && party["active"] != 1, "{party}");
    // Who may not delete a party may not delete what belongs to it: that is written over.
    for (model, fields) in [
        ("party.contact_mechanism", ["value", "value_compact"]),
        ("party.identifier", ["code", "code_compact"]),
        ("party.address", ["street", "city"]),
    ] {
        for record in tryton.records(model, json!([]), &fields).await {
            let is_empty = |value: &Value| value == "****" || value.is_null() || value == "";
            assert!(fields.iter().all(|field| is_empty(&record[*field])), "{record}");
        }
    }
}

/// What stays is never said to be erased: with an exception in the mapping it is restricted under it, without one nobody is
/// told anything until somebody has looked.
#[tokio::test]
async fn what_tryton_does_not_let_go_is_said_to_be_restricted_or_kept() {
    let tryton = Tryton::start().await;
    switzerland(&tryton).await;
    let config = CrmConfig { user: None, password_file: None, ..tryton.config() };
    let shipped = Mapping::shipped_text(Kind::Tryton);
    let mapping = |text: &str| Mapping::parse(text).unwrap();
    let connector = tryton.connector_with(&config, mapping(shipped));
    let mut customer = customer(1);
    all(&deliver(&connector, &mut customer, &ann()).await, &LineResult::Applied);
    let party = party_of(&tryton, &customer.did).await;
    forbid_deleting(&tryton).await;
    freeze_mechanisms(&tryton).await;

    let refused = erase_all(&connector, &mut customer).await;
    let Delivery::Refused { reason: Reason::NotErased { place } } = &refused else { panic!("{refused:?}") };
    assert!(place.starts_with("contact_mechanisms["), "{place}");

    let named = shipped.replace("linked = \"clear\"", "linked = \"clear\"\nexception = \"legalObligation\"");
    let lenient = tryton.connector_with(&config, mapping(&named));
    let (lines, _) = done(erase_all(&lenient, &mut customer).await);
    for (path, line) in &lines {
        let exception = LEGALLY_REQUIRED.to_owned();
        let stays = path.starts_with("phone") || path.starts_with("email");
        let wanted = if stays { LineResult::Restricted { exception } } else { LineResult::Erased };
        assert_eq!(line.result, wanted, "{path} {:?}", line.detail);
    }
    assert_eq!(mechanisms(&tryton, &party).await.len(), 2, "they are there, and it was said");
}

/// A field that a law obliges the vendor to keep is kept, in a party that stays in use.
#[tokio::test]
async fn a_field_with_an_exception_is_kept_and_the_others_are_erased() {
    let tryton = Tryton::start().await;
    let text = Mapping::shipped_text(Kind::Tryton)
        .replace("to = \"name\"\n", "to = \"name\"\nexception = \"legalObligation\"\n");
    let connector = tryton.connector_with(&tryton.config(), Mapping::parse(&text).unwrap());
    let mut customer = customer(1);
    let change = fields(&[("name.full", "Ann Muster"), ("phone.mobile", "+41791234567")]);
    all(&deliver(&connector, &mut customer, &change).await, &LineResult::Applied);
    let id = party_of(&tryton, &customer.did).await["id"].clone();
    let (lines, _) = done(erase(&connector, &mut customer, &["name.full", "phone.mobile"], true).await);
    assert_eq!(lines["name.full"].result, LineResult::Kept { exception: LEGALLY_REQUIRED.to_owned() });
    assert_eq!(lines["phone.mobile"].result, LineResult::Erased);
    let party = &tryton.records("party.party", json!([["id", "=", id]]), &["name", "active"]).await[0];
    assert_eq!(party["name"], "Ann Muster");
    assert!(mechanisms(&tryton, party).await.is_empty());
}
