use std::io::Write as _;

use freehold_crm::{Connector, CrmConfig, Kind, LineResult, RefreshConfig};
use freehold_tests::crm::salesforce::Salesforce;
use freehold_tests::crm::server::{Fault, Server};

use crate::desk::{ANN, Desk, again, all, connector, did, lines, of, with_token};

const TOKEN: &str = "00D-session";
const REFRESH: &str = "5Aep-refresh";
const DID: &str = "Freehold_DID__c";

async fn start() -> (Server<Salesforce>, Connector) {
    let server = Server::start(Salesforce::new(TOKEN, REFRESH, DID)).await.unwrap();
    let connector = with_token(Kind::Salesforce, server.url(), TOKEN);
    (server, connector)
}

fn held(server: &Server<Salesforce>, number: usize, field: &str) -> Option<String> {
    server.with(|org| org.find(DID, &did(number)).first().and_then(|(_, c)| c.fields.get(field).cloned()))
}

#[tokio::test]
async fn a_contact_is_made_changed_and_left_alone() {
    let (server, connector) = start().await;
    let mut ann = Desk::new(&connector, 1);
    all(&ann.update(&ANN).await, &LineResult::Applied);
    assert_eq!(held(&server, 1, "MobilePhone").as_deref(), Some("+41791234567"));
    let writes = server.writes();
    all(&ann.update(&[("phone.mobile", "+41791111111")]).await, &LineResult::Applied);
    assert_eq!(held(&server, 1, "MobilePhone").as_deref(), Some("+41791111111"));
    assert_eq!(server.writes(), writes + 1);
    all(&ann.update(&[("phone.mobile", "+41791111111")]).await, &LineResult::Applied);
    assert_eq!(server.writes(), writes + 1, "what stands there was written again");
    all(&ann.update(&[("phone.mobile", "")]).await, &LineResult::Applied);
    assert_eq!(held(&server, 1, "MobilePhone"), None);
    assert_eq!(server.with(|org| org.contacts.len()), 1);
}

#[tokio::test]
async fn a_contact_without_a_last_name_gets_one() {
    let (server, connector) = start().await;
    all(&Desk::new(&connector, 1).update(&[("name.given", "Ann")]).await, &LineResult::Applied);
    assert_eq!(held(&server, 1, "LastName").as_deref(), Some("-"));
}

#[tokio::test]
async fn another_contact_with_the_address_is_a_duplicate() {
    let (server, connector) = start().await;
    let other = server.with(|org| org.put(&[("Email", "ann@example.org"), ("LastName", "Other")]));
    let delivery = Desk::new(&connector, 1).update(&ANN).await;
    all(&delivery, &LineResult::Duplicate);
    assert!(of(&delivery, "email.personal").1.contains(&other));
    assert_eq!(server.writes(), 0);
}

#[tokio::test]
async fn a_did_on_two_contacts_is_a_duplicate_and_neither_is_written() {
    let (server, connector) = start().await;
    let twins = server.with(|org| [(); 2].map(|()| org.put(&[(DID, &did(1)), ("LastName", "Muster")])));
    let delivery = Desk::new(&connector, 1).update(&ANN).await;
    all(&delivery, &LineResult::Duplicate);
    for twin in twins {
        assert!(of(&delivery, "name.given").1.contains(&twin));
    }
    assert_eq!(server.writes(), 0);
}

#[tokio::test]
async fn a_did_that_differs_in_case_alone_is_somebody_else() {
    let (server, connector) = start().await;
    server.with(|org| org.put(&[(DID, &did(1).to_lowercase()), ("LastName", "Muster")]));
    all(&Desk::new(&connector, 1).update(&[("name.given", "Ann")]).await, &LineResult::Applied);
    assert_eq!(server.with(|org| org.contacts.len()), 2);
}

#[tokio::test]
async fn after_a_limit_nothing_is_asked_for_a_minute() {
    for overloaded in [false, true] {
        let (server, connector) = start().await;
        server.with(|org| org.overloaded = overloaded);
        let mut ann = Desk::new(&connector, 1);
        server.inject(Fault::Limit { after: 60, named: false });
        let (reason, after) = again(&ann.update(&ANN).await);
        assert!(reason.contains("fewer requests"), "{reason}");
        assert_eq!(after, Some(60));
        let calls = server.calls().len();
        again(&ann.update(&ANN).await);
        assert_eq!((server.calls().len(), server.early()), (calls, 0), "asked within the wait");
    }
}

#[tokio::test]
async fn an_external_id_field_that_is_missing_is_named() {
    let (server, connector) = start().await;
    server.with(|org| org.fields.remove(DID));
    let missing = connector.check().await.unwrap().missing;
    assert!(missing.iter().any(|place| place.ends_with(DID)));
}

#[tokio::test]
async fn of_a_batch_only_what_was_not_taken_is_not_applied() {
    let (server, connector) = start().await;
    server.with(|org| org.refused = [did(3), did(7)].into());
    let mut tasks = tokio::task::JoinSet::new();
    for number in 1..251 {
        let mut desk = Desk::new(&connector, number);
        tasks.spawn(async move {
            let delivery = desk.update(&[("name.family", "Muster")]).await;
            (number, lines(&delivery)[0].result.clone())
        });
    }
    let mut refused: Vec<usize> = tasks
        .join_all()
        .await
        .into_iter()
        .filter(|(_, r)| *r == LineResult::Refused)
        .map(|(n, _)| n)
        .collect();
    refused.sort_unstable();
    assert_eq!(refused, [3, 7]);
    assert_eq!(server.with(|org| org.contacts.len()), 248);
    assert!(server.calls().len() < 40, "{} calls", server.calls().len());
}

#[tokio::test]
async fn an_expired_session_is_renewed_and_the_change_goes_on() {
    let (server, _) = start().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("refresh");
    std::fs::File::create(&path).unwrap().write_all(REFRESH.as_bytes()).unwrap();
    let refresh = RefreshConfig {
        url: format!("{}/services/oauth2/token", server.url()),
        client_id: "3MVG9".to_owned(),
        client_secret_file: None,
        refresh_token_file: path,
    };
    let config = CrmConfig::new(Kind::Salesforce, server.url(), Some(TOKEN));
    let connector = connector(&CrmConfig { refresh: Some(refresh), ..config });
    let mut ann = Desk::new(&connector, 1);
    all(&ann.update(&ANN).await, &LineResult::Applied);
    server.inject(Fault::Expire);
    all(&ann.update(&[("name.given", "Anna")]).await, &LineResult::Applied);
    let renewals = server.calls().iter().filter(|call| call.name.ends_with("/token")).count();
    assert_eq!(renewals, 1);
    server.with(|org| org.refresh_revoked = true);
    server.inject(Fault::Expire);
    let (reason, _) = again(&ann.update(&[("name.given", "Ann")]).await);
    assert!(reason.contains("token") && !reason.contains(REFRESH), "{reason}");
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
    assert_eq!(server.with(|org| org.contacts.len()), 1);
}

#[tokio::test]
async fn a_value_that_is_not_taken_keeps_no_other_one_out() {
    let (server, connector) = start().await;
    let long = "x".repeat(41);
    let fields = [("name.given", long.as_str()), ("name.family", "Muster")];
    let delivery = Desk::new(&connector, 1).update(&fields).await;
    let (result, detail) = of(&delivery, "name.given");
    assert_eq!(result, &LineResult::Refused);
    assert!(detail.contains("FirstName (STRING_TOO_LONG)") && !detail.contains(&long), "{detail}");
    assert_eq!(of(&delivery, "name.family").0, &LineResult::Applied);
    assert_eq!(held(&server, 1, "LastName").as_deref(), Some("Muster"));
}

#[tokio::test]
async fn what_is_left_in_the_recycle_bin_is_empty() {
    let (server, connector) = start().await;
    let mut ann = Desk::new(&connector, 1);
    all(&ann.update(&ANN).await, &LineResult::Applied);
    let delivery = ann.erase().await;
    all(&delivery, &LineResult::Erased);
    assert!(of(&delivery, "phone.mobile").1.contains("recycle bin"), "{:?}", of(&delivery, "phone.mobile"));
    let left = server.with(|org| org.contacts.values().next().unwrap().clone());
    assert!(left.deleted);
    let left: Vec<(&str, &str)> = left.fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    assert_eq!(left, [("LastName", "-")]);
}

#[tokio::test]
async fn a_contact_that_was_there_before_is_emptied_and_stays() {
    let (server, connector) = start().await;
    let id = server.with(|org| org.put(&[(DID, &did(1)), ("LastName", "M."), ("Department", "Sales")]));
    let mut ann = Desk::new(&connector, 1);
    all(&ann.update(&ANN).await, &LineResult::Applied);
    all(&ann.erase().await, &LineResult::Erased);
    let left = server.with(|org| org.contacts[&id].clone());
    assert!(!left.deleted);
    let left: Vec<(&str, &str)> = left.fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    assert_eq!(left, [("Department", "Sales"), ("LastName", "-")]);
}
