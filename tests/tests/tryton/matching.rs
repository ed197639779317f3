//! Whose record it is: by the DID and by the vendor's number; never by a name.

use freehold_crm::Preview;

use super::*;

#[tokio::test]
async fn a_party_with_the_vendors_number_is_linked_and_one_with_the_same_name_is_left_alone() {
    let tryton = Tryton::start().await;
    let namesake = tryton.create("party.party", json!({"name": "Ann Muster", "code": "C-16"})).await;
    let own = tryton.create("party.party", json!({"name": "Ann Muster", "code": "C-17"})).await;
    let connector = tryton.connector();
    let mut known = Customer { reference: Some("C-17".to_owned()), ..customer(1) };
    let change = fields(&[("name.full", "Ann Muster"), ("phone.mobile", "+41791234567")]);
    let preview = connector.preview(&known, &change).await.unwrap();
    let differ = vec!["phone.mobile".to_owned()];
    let wanted = Preview::Update { record: own.to_string(), differ, conflicts: vec![], unmapped: vec![] };
    assert_eq!(preview, wanted);
    all(&deliver(&connector, &mut known, &change).await, &LineResult::Applied);
    assert_eq!(party_of(&tryton, &known.did).await["id"], own);
    let wanted =
        Preview::Linked { record: own.to_string(), differ: vec![], conflicts: vec![], unmapped: vec![] };
    assert_eq!(connector.preview(&known, &change).await.unwrap(), wanted);

    // A customer whom the vendor does not know gets a record of their own, whatever they are called.
    let mut stranger = customer(2);
    let change = fields(&[("name.full", "Ann Muster"), ("phone.mobile", "+41790000000")]);
    all(&deliver(&connector, &mut stranger, &change).await, &LineResult::Applied);
    let made = party_of(&tryton, &stranger.did).await["id"].as_i64().unwrap();
    assert!(made != own && made != namesake);
    let left = tryton.records("party.identifier", json!([["party", "=", namesake]]), &["code"]).await;
    assert!(left.is_empty());

    // Somebody else with the same number is not let onto the record.
    let mut thief = Customer { reference: Some("C-17".to_owned()), ..customer(3) };
    let lines = deliver(&connector, &mut thief, &fields(&[("phone.mobile", "+41795555555")])).await;
    all(&lines, &LineResult::Duplicate);
    let detail = lines["phone.mobile"].detail.clone().unwrap();
    assert_eq!(
        detail,
        format!("the record with the customer number belongs to another relationship: party {own}")
    );
}

#[tokio::test]
async fn a_customer_keeps_the_record_after_their_did_has_rotated() {
    let tryton = Tryton::start().await;
    let (connector, mut customer) = (tryton.connector(), customer(1));
    let change = fields(&[("phone.mobile", "+41791234567")]);
    all(&deliver(&connector, &mut customer, &change).await, &LineResult::Applied);
    let id = party_of(&tryton, &customer.did).await["id"].clone();
    customer.before = vec![std::mem::replace(&mut customer.did, "did:key:z6MkNew".to_owned())];
    all(&deliver(&connector, &mut customer, &change).await, &LineResult::Applied);
    assert_eq!(party_of(&tryton, "did:key:z6MkNew").await["id"], id);
    let identifiers = tryton.records("party.identifier", json!([["party", "=", id]]), &["code"]).await;
    assert_eq!(identifiers.len(), 1, "the earlier one is gone: {identifiers:?}");
}

#[tokio::test]
async fn an_unclear_record_is_reported_as_duplicate_and_nothing_is_written() {
    let tryton = Tryton::start().await;
    let (connector, mut twice) = (tryton.connector(), customer(1));
    let identifiers = json!([["create", [{"code": twice.did}]]]);
    let one = tryton.create("party.party", json!({"name": "One", "identifiers": identifiers})).await;
    let two = tryton.create("party.party", json!({"name": "Two", "identifiers": identifiers})).await;
    let written = || tryton.requests("PUT /crm/rest") + tryton.requests("POST /crm/rest");
    let change = fields(&[("phone.mobile", "+41791234567")]);
    let lines = deliver(&connector, &mut twice, &change).await;
    all(&lines, &LineResult::Duplicate);
    let detail = lines["phone.mobile"].detail.clone().unwrap();
    assert_eq!(detail, format!("several records carry this relationship: party {one}, party {two}"));

    // The same number stands in a record that is nobody's: it may be this person, and nobody may guess.
    let mechanism = json!([["create", [{"type": "mobile", "value": "+41791111111"}]]]);
    let alike = tryton.create("party.party", json!({"name": "Cy", "contact_mechanisms": mechanism})).await;
    let (mut other, change) = (customer(2), fields(&[("phone.mobile", "+41791111111"), ("name.full", "Cy")]));
    let preview = connector.preview(&other, &change).await.unwrap();
    assert!(
        matches!(&preview, Preview::Duplicates { records, .. } if *records == [alike.to_string()]),
        "{preview:?}"
    );
    all(&deliver(&connector, &mut other, &change).await, &LineResult::Duplicate);
    assert_eq!(written(), 0);

    // Once the vendor has said whose record it is, the change goes in.
    tryton.create("party.identifier", json!({"party": alike, "code": other.did})).await;
    all(&deliver(&connector, &mut other, &change).await, &LineResult::Applied);
}

/// An existing customer may have several numbers of a kind: which one is meant is not guessed.
#[tokio::test]
async fn of_several_numbers_none_is_overwritten_unless_one_is_known() {
    let tryton = Tryton::start().await;
    let mobile = |value: &str| json!({"type": "mobile", "value": value});
    let mechanisms_of = json!([["create", [mobile("+41791111111"), mobile("+41792222222")]]]);
    let values = json!({"name": "Ann", "code": "C-1", "contact_mechanisms": mechanisms_of});
    tryton.create("party.party", values).await;
    let (connector, mut known) =
        (tryton.connector(), Customer { reference: Some("C-1".to_owned()), ..customer(1) });
    let lines = deliver(&connector, &mut known, &fields(&[("phone.mobile", "+41793333333")])).await;
    all(&lines, &LineResult::Conflict);
    // The second of them is the person's, as it turns out: from then on it is known.
    all(
        &deliver(&connector, &mut known, &fields(&[("phone.mobile", "+41792222222")])).await,
        &LineResult::Applied,
    );
    all(
        &deliver(&connector, &mut known, &fields(&[("phone.mobile", "+41793333333")])).await,
        &LineResult::Applied,
    );
    let party = party_of(&tryton, &known.did).await;
    let values: Vec<String> = mechanisms(&tryton, &party).await.into_iter().map(|(_, value)| value).collect();
    assert_eq!(values, ["+41791111111", "+41793333333"]);
}
