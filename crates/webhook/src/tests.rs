//! Deliveries to real servers on loopback.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::{AnswerError, Delivery, Outcome, RefusedReason, RetryReason, Secret, Webhook, WebhookError};
use freehold_outbound::{Client, FetchError, Policy};
use hmac::{Hmac, KeyInit as _, Mac as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

const BODY: &[u8] = br#"{"specversion":"1.0","id":"evt_1","data":{"name":"J\u00fcrgen"}}"#;

#[derive(Clone, Default)]
struct Seen {
    headers: http::HeaderMap,
    body: Vec<u8>,
}

/// Answers every request with the same bytes; nothing at all when there are none.
async fn receiver(answer: &str) -> (String, Arc<Mutex<Vec<Seen>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook?token=t0p", listener.local_addr().unwrap());
    let requests = Arc::new(Mutex::new(Vec::new()));
    let (seen, answer) = (requests.clone(), answer.to_owned());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await.unwrap());
            }
            let mut request = Seen::default();
            for line in String::from_utf8(head).unwrap().lines().skip(1).filter(|l| !l.is_empty()) {
                let (name, value) = line.split_once(": ").unwrap();
                let name: http::HeaderName = name.parse().unwrap();
                request.headers.append(name, value.parse().unwrap());
            }
            let length: usize = request.headers["content-length"].to_str().unwrap().parse().unwrap();
            request.body.resize(length, 0);
            stream.read_exact(&mut request.body).await.unwrap();
            seen.lock().unwrap().push(request);
            if answer.is_empty() {
                std::future::pending::<()>().await;
            }
            stream.write_all(answer.as_bytes()).await.unwrap();
            stream.shutdown().await.unwrap();
        }
    });
    (url, requests)
}

fn webhook(url: &str, secrets: Vec<Secret>) -> Webhook {
    Webhook::new(url, secrets, Client::new(Policy::configured()).unwrap()).unwrap()
}

fn now_secs() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() as i64
}

async fn delivered(answer: &str) -> Delivery {
    let (url, _) = receiver(answer).await;
    webhook(&url, vec![Secret::generate().unwrap()]).deliver("evt_1", now_secs(), BODY).await
}

fn answer(status: u16, headers: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status} X\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

#[tokio::test]
async fn both_secrets_of_a_rotation_verify_with_the_public_verifier_and_by_hand() {
    let (url, requests) = receiver(&answer(204, "", "")).await;
    let secrets = vec![Secret::generate().unwrap(), Secret::generate().unwrap()];
    let now = now_secs();
    let got = webhook(&url, secrets.clone()).deliver("evt_1", now, BODY).await;
    assert_eq!(got, Delivery::Accepted { answer: None, problem: None });

    let request = requests.lock().unwrap()[0].clone();
    assert_eq!(request.body, BODY);
    assert!(request.headers["content-type"].to_str().unwrap().starts_with("application/cloudevents+json"));
    assert_eq!(request.headers["webhook-id"], "evt_1");
    assert_eq!(request.headers["webhook-timestamp"], now.to_string().as_str());
    let mut by_hand = Vec::new();
    for secret in &secrets {
        let verifier = standardwebhooks::Webhook::new(secret.danger_text()).unwrap();
        verifier.verify(&request.body, &request.headers).unwrap();
        assert!(verifier.verify(b"{}", &request.headers).is_err());

        let base64 = multibase::Base::Base64Pad;
        let key = base64.decode(secret.danger_text().trim_start_matches("whsec_")).unwrap();
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(&key).unwrap();
        mac.update(format!("evt_1.{now}.").as_bytes());
        mac.update(BODY);
        by_hand.push(format!("v1,{}", base64.encode(mac.finalize().into_bytes())));
    }
    assert_eq!(request.headers["webhook-signature"], by_hand.join(" ").as_str());
    let stranger = standardwebhooks::Webhook::new(Secret::generate().unwrap().danger_text()).unwrap();
    assert!(stranger.verify(&request.body, &request.headers).is_err());
}

#[tokio::test]
async fn every_class_of_status_is_sorted() {
    for status in [200, 201, 202, 204, 299] {
        assert_eq!(
            delivered(&answer(status, "", "")).await,
            Delivery::Accepted { answer: None, problem: None }
        );
    }
    for status in [408, 425, 500, 502, 503, 504, 599] {
        let wanted = Delivery::Retry { reason: RetryReason::Status(status), after: None };
        assert_eq!(delivered(&answer(status, "", "")).await, wanted);
    }
    for status in [400, 401, 403, 404, 409, 413, 422, 451] {
        let wanted = Delivery::Refused { reason: RefusedReason::Status(status), status: Some(status) };
        assert_eq!(delivered(&answer(status, "", "")).await, wanted);
    }
    let wanted = Delivery::Refused { reason: RefusedReason::Gone, status: Some(410) };
    assert_eq!(delivered(&answer(410, "", "")).await, wanted);
    let wanted = Delivery::Retry { reason: RetryReason::Redirect(307), after: None };
    assert_eq!(delivered(&answer(307, "Location: http://127.0.0.1:1/\r\n", "")).await, wanted);
}

#[tokio::test]
async fn a_receiver_can_ask_for_time() {
    let wanted = Delivery::Retry { reason: RetryReason::TooMany, after: Some(Duration::from_secs(90)) };
    assert_eq!(delivered(&answer(429, "Retry-After: 90\r\n", "")).await, wanted);
    let wanted =
        Delivery::Retry { reason: RetryReason::Status(503), after: Some(Duration::from_secs(86_400)) };
    assert_eq!(delivered(&answer(503, "Retry-After: Thu, 31 Dec 2099 23:59:59 GMT\r\n", "")).await, wanted);
}

#[tokio::test]
async fn outcomes_come_back_and_wrong_ones_do_not_undo_the_acceptance() {
    let json = "Content-Type: application/json\r\n";
    let body = r#"{"outcomes":[{"path":"phone.mobile","outcome":"duplicate","system":"crm"}]}"#;
    let Delivery::Accepted { answer: Some(found), problem: None } = delivered(&answer(200, json, body)).await
    else {
        panic!("no outcomes");
    };
    assert_eq!(
        (found.outcomes[0].path.as_str(), found.outcomes[0].outcome),
        ("phone.mobile", Outcome::Duplicate)
    );
    let got = delivered(&answer(200, json, r#"{"outcomes":7}"#)).await;
    assert_eq!(got, Delivery::Accepted { answer: None, problem: Some(AnswerError::Shape) });
    let got = delivered(&answer(200, "Content-Type: text/html\r\n", body)).await;
    assert_eq!(got, Delivery::Accepted { answer: None, problem: None });
}

#[tokio::test]
async fn an_endless_answer_counts_by_its_status() {
    let page = "x".repeat(100_000);
    assert_eq!(delivered(&answer(200, "", &page)).await, Delivery::Accepted { answer: None, problem: None });
    let wanted = Delivery::Refused { reason: RefusedReason::Status(404), status: Some(404) };
    assert_eq!(delivered(&answer(404, "", &page)).await, wanted);
}

#[tokio::test]
async fn a_hanging_or_absent_receiver_is_tried_again() {
    let (url, requests) = receiver("").await;
    let client = Client::new(Policy { timeout: Duration::from_millis(200), ..Policy::configured() }).unwrap();
    let hook = Webhook::new(&url, vec![Secret::generate().unwrap()], client).unwrap();
    let got = hook.deliver("evt_1", now_secs(), BODY).await;
    assert!(matches!(
        got,
        Delivery::Retry { reason: RetryReason::Fetch(FetchError::TimedOut { .. }), after: None }
    ));
    assert_eq!(requests.lock().unwrap().len(), 1);

    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let hook = webhook(&format!("http://{free}/?token=t0p"), vec![Secret::generate().unwrap()]);
    let Delivery::Retry { reason, after: None } = hook.deliver("evt_1", now_secs(), BODY).await else {
        panic!("not to be tried again");
    };
    assert!(matches!(reason, RetryReason::Fetch(FetchError::Unreachable { .. })));
    assert!(!reason.to_string().contains("t0p") && !format!("{reason:?} {hook:?}").contains("t0p"));
}

#[tokio::test]
async fn an_event_that_cannot_be_signed_unambiguously_is_not_sent() {
    let (url, requests) = receiver(&answer(200, "", "")).await;
    let hook = webhook(&url, vec![Secret::generate().unwrap()]);
    for (id, body) in
        [("", BODY), ("a.b", BODY), ("a\r\nx: y", BODY), ("ä", BODY), ("evt_1", b"\xff".as_slice())]
    {
        let got = hook.deliver(id, now_secs(), body).await;
        assert_eq!(got, Delivery::Refused { reason: RefusedReason::Event, status: None }, "{id:?}");
    }
    assert!(requests.lock().unwrap().is_empty());
}

#[test]
fn a_wrong_address_or_number_of_secrets_is_refused_at_once() {
    let secret = || Secret::generate().unwrap();
    let make =
        |url: &str, secrets, policy| Webhook::new(url, secrets, Client::new(policy).unwrap()).map(|_| ());
    let open = Policy::configured;
    assert_eq!(make("https://example.com/h", vec![], open()), Err(WebhookError::Secrets { got: 0 }));
    let three = vec![secret(), secret(), secret()];
    assert_eq!(make("https://example.com/h", three, open()), Err(WebhookError::Secrets { got: 3 }));
    assert_eq!(make("example.com", vec![secret()], open()), Err(WebhookError::Address(FetchError::Url)));
    let inward = WebhookError::Address(FetchError::Inward { host: "10.0.0.1".into() });
    assert_eq!(make("https://10.0.0.1/", vec![secret()], Policy::public()), Err(inward));
}
