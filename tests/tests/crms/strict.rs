//! The servers refuse what the systems refuse: a connector that got away with it here would not there.

use freehold_outbound::{Client, Method, Policy, Response};
use freehold_tests::crm::espocrm::EspoCrm;
use freehold_tests::crm::hubspot::HubSpot;
use freehold_tests::crm::odoo::{Odoo, Record};
use freehold_tests::crm::salesforce::Salesforce;
use freehold_tests::crm::server::Server;
use serde_json::{Value, json};

async fn ask(method: Method, url: String, auth: (&str, &str), body: Option<Value>) -> (u16, Value) {
    let client = Client::new(Policy::configured()).unwrap();
    let mut headers = vec![auth];
    let bytes = body.map(|body| body.to_string().into_bytes()).unwrap_or_default();
    if !bytes.is_empty() {
        headers.push(("content-type", "application/json"));
    }
    let Response { status, body, .. } = client.send(method, &url, &headers, bytes).await.unwrap();
    (status, serde_json::from_slice(&body).unwrap_or_default())
}

#[tokio::test]
async fn hubspot_refuses_what_its_description_does_not_have() {
    let server = Server::start(HubSpot::new("t", "did")).await.unwrap();
    let upsert = async |token: &str, body: Value| {
        let url = format!("{}/crm/v3/objects/contacts/batch/upsert", server.url());
        ask(Method::Post, url, ("authorization", token), Some(body)).await
    };
    let input =
        |id: String, properties: Value| json!({ "id": id, "idProperty": "did", "properties": properties });
    let one = |properties: Value| json!({ "inputs": [input("1".to_owned(), properties)] });
    assert_eq!(upsert("Bearer t", one(json!({ "firstname": "A" }))).await.0, 200);
    let (status, body) = upsert("Bearer other", one(json!({}))).await;
    assert_eq!((status, &body["category"]), (401, &json!("INVALID_AUTHENTICATION")));
    for refused in [
        one(json!({ "unknown": "A" })),
        one(json!({ "firstname": 1 })),
        one(json!({ "email": "nobody" })),
        one(json!({ "hs_object_id": "7" })),
        json!({ "inputs": [{ "id": "1", "idProperty": "firstname", "properties": {} }] }),
        json!({ "inputs": [], "more": 1 }),
        json!({ "inputs": [input("1".to_owned(), json!({})), input("1".to_owned(), json!({}))] }),
        json!({ "inputs": (0..101).map(|n| input(n.to_string(), json!({}))).collect::<Vec<_>>() }),
    ] {
        let (status, body) = upsert("Bearer t", refused).await;
        assert_eq!((status, &body["category"]), (400, &json!("VALIDATION_ERROR")), "{body}");
    }
    server.with(|hubspot| hubspot.expired = true);
    let (status, body) = upsert("Bearer t", one(json!({}))).await;
    assert_eq!((status, &body["category"]), (401, &json!("EXPIRED_AUTHENTICATION")));
}

#[tokio::test]
async fn hubspot_takes_a_batch_as_a_whole_unless_each_input_has_a_name() {
    let server = Server::start(HubSpot::new("t", "did")).await.unwrap();
    let url = format!("{}/crm/v3/objects/contacts/batch/upsert", server.url());
    let input = |id: &str, property: &str, trace: Option<&str>| {
        let mut input = json!({ "id": id, "idProperty": "did", "properties": { property: "A" } });
        if let Some(trace) = trace {
            input["objectWriteTraceId"] = json!(trace);
        }
        input
    };
    let batch = |trace: [Option<&str>; 2]| json!({ "inputs": [input("1", "firstname", trace[0]), input("2", "no", trace[1])] });
    let (status, _) =
        ask(Method::Post, url.clone(), ("authorization", "Bearer t"), Some(batch([None, None]))).await;
    assert_eq!((status, server.with(|hubspot| hubspot.contacts.len())), (400, 0));
    let named = batch([Some("a"), Some("b")]);
    let (status, body) = ask(Method::Post, url, ("authorization", "Bearer t"), Some(named)).await;
    assert_eq!((status, server.with(|hubspot| hubspot.contacts.len())), (207, 1));
    assert_eq!(body["errors"][0]["context"]["objectWriteTraceId"], json!(["b"]));
}

#[tokio::test]
async fn hubspot_counts_ten_seconds() {
    let server = Server::start(HubSpot::new("t", "did")).await.unwrap();
    server.with(|hubspot| hubspot.burst = 2);
    let url = || format!("{}/crm/v3/properties/contacts", server.url());
    for wanted in [200, 200, 429] {
        assert_eq!(ask(Method::Get, url(), ("authorization", "Bearer t"), None).await.0, wanted);
    }
}

#[tokio::test]
async fn salesforce_refuses_what_its_guide_refuses() {
    let server = Server::start(Salesforce::new("t", "r", "F__c")).await.unwrap();
    let upsert = async |by: &str, body: Value| {
        let url = format!("{}/services/data/v62.0/composite/sobjects/Contact/{by}", server.url());
        ask(Method::Patch, url, ("authorization", "Bearer t"), Some(body)).await
    };
    let record = |more: Value| {
        let mut record = json!({ "attributes": { "type": "Contact" }, "F__c": "1", "LastName": "M" });
        for (name, value) in more.as_object().unwrap() {
            record[name] = value.clone();
        }
        record
    };
    for (more, wanted) in [
        (json!({ "No__c": "x" }), "INVALID_FIELD"),
        (json!({ "id": "003" }), "INVALID_FIELD"),
        (json!({ "Email": "nobody" }), "INVALID_EMAIL_ADDRESS"),
        (json!({ "FirstName": "x".repeat(41) }), "STRING_TOO_LONG"),
        (json!({ "LastName": null }), "REQUIRED_FIELD_MISSING"),
        (json!({ "Name": "x" }), "INVALID_FIELD_FOR_INSERT_UPDATE"),
        (json!({ "Birthdate": "28.02.1985" }), "INVALID_TYPE_ON_FIELD_IN_RECORD"),
        (json!({ "attributes": {} }), "INVALID_TYPE"),
    ] {
        let (status, body) = upsert("F__c", json!({ "records": [record(more)] })).await;
        assert_eq!((status, &body[0]["errors"][0]["statusCode"]), (200, &json!(wanted)), "{body}");
    }
    assert_eq!(upsert("LastName", json!({ "records": [] })).await.0, 404);
    let many: Vec<Value> = (0..201).map(|n| record(json!({ "F__c": n.to_string() }))).collect();
    assert_eq!(upsert("F__c", json!({ "records": many })).await.0, 400);
    assert_eq!(server.with(|org| org.contacts.len()), 0);
    let all_or_none = json!({ "allOrNone": true, "records": [record(json!({})), record(json!({ "F__c": "2", "No__c": "x" }))] });
    let (_, body) = upsert("F__c", all_or_none).await;
    assert_eq!(body[0]["errors"][0]["statusCode"], "ALL_OR_NONE_OPERATION_ROLLED_BACK");
    assert_eq!(server.with(|org| org.contacts.len()), 0);
}

#[tokio::test]
async fn salesforce_answers_300_where_an_external_id_is_on_two() {
    let server = Server::start(Salesforce::new("t", "r", "F__c")).await.unwrap();
    server.with(|org| [(); 2].map(|()| org.put(&[("F__c", "1"), ("LastName", "M")])));
    let url = format!("{}/services/data/v62.0/sobjects/Contact/F__c/1", server.url());
    let (status, body) = ask(Method::Get, url.clone(), ("authorization", "Bearer t"), None).await;
    assert_eq!((status, body.as_array().map(Vec::len)), (300, Some(2)));
    let (status, body) = ask(Method::Get, url, ("authorization", "Bearer old"), None).await;
    assert_eq!((status, &body[0]["errorCode"]), (401, &json!("INVALID_SESSION_ID")));
}

#[tokio::test]
async fn espocrm_refuses_what_it_validates_and_drops_what_it_does_not_know() {
    let server = Server::start(EspoCrm::new("k", "cDid")).await.unwrap();
    let create = async |key: &str, body: Value| {
        let url = format!("{}/api/v1/Contact", server.url());
        ask(Method::Post, url, ("x-api-key", key), Some(body)).await
    };
    assert_eq!(create("other", json!({ "lastName": "M" })).await.0, 401);
    for (refused, field) in [
        (json!({ "firstName": "A" }), "lastName"),
        (json!({ "lastName": "x".repeat(101) }), "lastName"),
        (json!({ "lastName": "M", "emailAddress": "nobody" }), "emailAddress"),
        (
            json!({ "lastName": "M", "phoneNumberData": [{ "phoneNumber": "+4912345", "type": "None" }] }),
            "phoneNumber",
        ),
        (json!({ "lastName": 1 }), "lastName"),
    ] {
        let (status, body) = create("k", refused).await;
        assert_eq!((status, &body["messageTranslation"]["data"]["field"]), (400, &json!(field)), "{body}");
    }
    let (status, body) = create("k", json!({ "lastName": "M", "nothing": "x", "id": "7" })).await;
    assert_eq!((status, body.get("nothing"), body["id"] == "7"), (200, None, false));
    let (status, body) = create("k", json!({ "lastName": "M" })).await;
    assert_eq!((status, body.as_array().map(Vec::len)), (409, Some(1)));
}

#[tokio::test]
async fn odoo_refuses_as_python_does() {
    let server = Server::start(Odoo::new("k", "db", "x_did")).await.unwrap();
    let call = async |auth: &str, method: &str, body: Value| {
        let url = format!("{}/json/2/{method}", server.url());
        ask(Method::Post, url, ("authorization", auth), Some(body)).await
    };
    for (auth, method, body, wanted, name) in [
        ("bearer no", "res.partner/create", json!({}), 401, "werkzeug.exceptions.Unauthorized"),
        ("bearer k", "res.nothing/create", json!({}), 404, "werkzeug.exceptions.NotFound"),
        ("bearer k", "res.partner/_read", json!({}), 404, "werkzeug.exceptions.NotFound"),
        ("bearer k", "res.partner/create", json!({}), 422, "werkzeug.exceptions.UnprocessableEntity"),
        (
            "bearer k",
            "res.partner/create",
            json!({ "ids": [1], "vals_list": [] }),
            422,
            "werkzeug.exceptions.UnprocessableEntity",
        ),
        (
            "bearer k",
            "res.partner/create",
            json!({ "vals_list": [{ "email": "a@b.c" }] }),
            422,
            "odoo.exceptions.ValidationError",
        ),
        (
            "bearer k",
            "res.partner/create",
            json!({ "vals_list": [{ "name": "A", "no": "x" }] }),
            500,
            "builtins.ValueError",
        ),
        (
            "bearer k",
            "res.partner/write",
            json!({ "ids": [7], "vals": {} }),
            404,
            "odoo.exceptions.MissingError",
        ),
        (
            "bearer k",
            "res.partner/search_read",
            json!({ "domain": [["no", "=", 1]], "fields": ["id"] }),
            500,
            "builtins.ValueError",
        ),
    ] {
        server.with(|odoo| odoo.partners.insert(1, Record::new()));
        let (status, answer) = call(auth, method, body).await;
        assert_eq!((status, &answer["name"]), (wanted, &json!(name)), "{method}: {answer}");
    }
    let count = server.with(|odoo| odoo.partners.len());
    assert_eq!(count, 1, "what failed has changed nothing");
}
