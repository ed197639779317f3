use std::os::unix::fs::PermissionsExt;

use freehold_person::view::{InfoView, RequestView};
use tokio::sync::oneshot;

use super::Calls;
use crate::call::person::{Import, Info, Request, Requests};
use crate::caller::Caller;
use crate::{ApiError, BODY_BYTES_MAX, Client, Scope, Socket};

struct Fake;

/// What the server answers to a request as it stands.
async fn raw(home: &std::path::Path, head: &str, body: &str) -> (u16, String, serde_json::Value) {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut stream = tokio::net::UnixStream::connect(home.join(crate::SOCKET_NAME)).await.unwrap();
    let length = body.len();
    let request = format!(
        "{head} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, head.to_ascii_lowercase(), serde_json::from_str(body).unwrap())
}

/// A served fake engine, and what stops it.
async fn serve(home: &std::path::Path) -> (Client, oneshot::Sender<()>, tokio::task::JoinHandle<()>) {
    let socket = Socket::bind(home).unwrap();
    let mode = std::fs::metadata(socket.path()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let (stop, stopped) = oneshot::channel::<()>();
    let calls = Calls::<Fake>::new("not here")
        .on(|_, _: Info| async { Ok(InfoView { fields: 3, ..InfoView::default() }) })
        .on(|_, c: Request| async move {
            let paths = vec!["phone.mobile".to_owned()];
            Err::<RequestView, _>(ApiError::new("missing-fields", format!("no {}", c.id)).with_paths(paths))
        })
        .on(|_, _: Import| async { Ok(Default::default()) });
    let serving = tokio::spawn(async move {
        let stopped = async move {
            let _ = stopped.await;
        };
        calls.serve(Fake, socket, stopped).await.unwrap();
    });
    (Client::connect(home).await.unwrap(), stop, serving)
}

#[tokio::test]
async fn answers_and_errors_cross_the_socket_whole() {
    let home = tempfile::tempdir().unwrap();
    let (client, stop, serving) = serve(home.path()).await;
    assert_eq!(client.call(&Info {}).await.unwrap().fields, 3);
    let error = client.call(&Request { id: "r1".into() }).await.unwrap_err();
    assert_eq!((error.code.as_str(), error.exit, error.message.as_str()), ("missing-fields", 16, "no r1"));
    assert_eq!(error.paths, ["phone.mobile"]);
    let error = client.call(&Requests {}).await.unwrap_err();
    assert_eq!((error.code.as_str(), error.message.as_str()), ("unknown-call", "not here"));

    stop.send(()).unwrap();
    serving.await.unwrap();
    assert_eq!(client.call(&Info {}).await.unwrap_err().code, "not-running");
    let error = Client::connect(home.path()).await.unwrap_err();
    assert_eq!(error.code(), "not-running");
    assert!(error.to_string().contains("hub run"), "{error}");
}

#[tokio::test]
async fn a_body_that_is_too_long_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let (client, _stop, _serving) = serve(home.path()).await;
    let card = |bytes| Import { card: vec![b'x'; bytes], ..Import::default() };
    assert!(client.call(&card(BODY_BYTES_MAX / 2)).await.is_ok());
    assert_eq!(client.call(&card(BODY_BYTES_MAX)).await.unwrap_err().code, "too-large");
}

#[tokio::test]
async fn a_failed_call_is_a_problem_as_rfc_9457_has_it() {
    let home = tempfile::tempdir().unwrap();
    let (_client, _stop, _serving) = serve(home.path()).await;
    let (status, head, problem) = raw(home.path(), "POST /api/v1/request", r#"{"id":"r1"}"#).await;
    assert!(head.contains("content-type: application/problem+json"), "{head}");
    assert_eq!(status, 422);
    let expected = serde_json::json!({
        "type": "about:blank", "title": "Unprocessable Entity", "status": 422, "detail": "no r1",
        "code": "missing-fields", "exit": 16, "paths": ["phone.mobile"],
    });
    assert_eq!(problem, expected);
    for (head, status, code) in [
        ("POST /v1/info", 404, "unknown-call"),
        ("POST /api/v1/nothing", 404, "unknown-call"),
        ("DELETE /api/v1/info", 405, "wrong-method"),
    ] {
        let (told, answer, problem) = raw(home.path(), head, "").await;
        assert_eq!((told, problem["code"].as_str().unwrap()), (status, code), "{head}");
        assert!(answer.contains("content-type: application/problem+json"), "{answer}");
    }
}

#[tokio::test]
async fn what_only_reads_answers_get_and_what_changes_does_not() {
    let home = tempfile::tempdir().unwrap();
    let (_client, _stop, _serving) = serve(home.path()).await;
    let (status, _, info) = raw(home.path(), "GET /api/v1/info", "").await;
    assert_eq!((status, info["fields"].as_u64()), (200, Some(3)));
    let (status, _, problem) = raw(home.path(), "GET /api/v1/request?id=r2", "").await;
    assert_eq!((status, problem["detail"].as_str().unwrap()), (422, "no r2"));
    let (status, head, _) = raw(home.path(), "GET /api/v1/import?card=", "").await;
    assert!(status == 405 && head.contains("allow: post"), "{head}");
    for wrong in ["GET /api/v1/info?x=1", "GET /api/v1/request", "GET /api/v1/request?id=a&id=b"] {
        let (status, _, problem) = raw(home.path(), wrong, "").await;
        assert_eq!((status, problem["code"].as_str().unwrap()), (400, "bad-request"), "{wrong}");
    }
    for wrong in ["[]", "null", r#"{"id":"a","id":"b"}"#, r#"{"id":1}"#] {
        let (status, _, problem) = raw(home.path(), "POST /api/v1/request", wrong).await;
        assert_eq!((status, problem["code"].as_str().unwrap()), (400, "bad-request"), "{wrong}");
    }
    assert_eq!(raw(home.path(), "POST /api/v1/request?id=r", r#"{"id":"r"}"#).await.0, 400);
}

#[tokio::test]
async fn a_call_that_comes_from_nobody_is_not_run() {
    use axum::body::Body;
    use axum::http::Request;
    use hyper_util::service::TowerToHyperService;
    let routes = Calls::<Fake>::new("not here").on(|_, _: Info| async { Ok(InfoView::default()) });
    let routes = routes.routes(&std::sync::Arc::new(Fake));
    let ask = |caller: Option<Caller>| {
        let mut request = Request::get("/info").body(Body::empty()).unwrap();
        if let Some(caller) = caller {
            request.extensions_mut().insert(caller);
        }
        hyper::service::Service::call(&TowerToHyperService::new(routes.clone()), request)
    };
    let token = |scope| Caller::Token { name: "t".into(), scopes: [scope].into(), until: None };
    assert_eq!(ask(None).await.unwrap().status(), 401);
    assert_eq!(ask(Some(token(Scope::Admin))).await.unwrap().status(), 403);
    assert_eq!(ask(Some(token(Scope::Read))).await.unwrap().status(), 200);
}

#[test]
fn every_call_of_a_person_is_described_and_has_a_name_of_its_own() {
    let mut names = std::collections::BTreeSet::new();
    for served in super::person::calls().served() {
        assert!(served.shape.is_some() && names.insert(served.name), "{}", served.name);
    }
}
