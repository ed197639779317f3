//! A person's interface for programs, over TCP as the page mounts it.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use freehold_api::{ADDRESS, Guard, OPENAPI, Scope, person_routes};
use freehold_person::Person;
use freehold_protocol::family::Families;
use freehold_protocol::time::Timestamp;
use freehold_tests::described;
use freehold_tests::engines::{EngineHome, meet};
use freehold_tests::program::Home;
use freehold_web::{Bind, Scripts, Site, Token, guarded, listen, serve};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// A person's engine, and where its interface listens.
struct Node {
    home: EngineHome,
    person: Person,
    at: SocketAddr,
}

impl Node {
    async fn start() -> Self {
        let home = EngineHome::new();
        let person = home.person(Families::new).await;
        let (listener, bind) = listen(Bind::parse("127.0.0.1:0", false).unwrap()).await.unwrap();
        let site = Arc::new(Site::new(&bind, None).unwrap());
        let guard = Arc::new(Guard::new(Arc::clone(&site)));
        let routes = Router::new().nest(ADDRESS, person_routes(person.clone(), guard));
        let routes = guarded(site, Scripts::None, routes);
        tokio::spawn(serve(listener, routes, std::future::pending()));
        Self { home, person, at: bind.address() }
    }

    /// A new token that allows this.
    async fn token(&self, name: &str, scopes: &[Scope], until: Option<&str>) -> Token {
        let token = Token::generate().unwrap();
        let scopes = scopes.iter().map(ToString::to_string).collect();
        let until = until.map(|until| Timestamp::parse(until).unwrap());
        self.person.add_token(name, *token.digest().as_bytes(), scopes, until).await.unwrap();
        token
    }

    /// What is answered: the status, the head in small letters, and the body.
    async fn ask(&self, head: &str, token: Option<&str>, body: &Value) -> (u16, String, Value) {
        let mut stream = tokio::net::TcpStream::connect(self.at).await.unwrap();
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let bearer = token.map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
        let request = format!(
            "{head} HTTP/1.1\r\nHost: {}\r\n{bearer}Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            self.at,
            body.len()
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        let at = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
        let head = String::from_utf8_lossy(&answer[..at]).to_ascii_lowercase();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, head, serde_json::from_slice(&answer[at + 4..]).unwrap())
    }
}

/// 1. Nobody is let in without a token, nor with a wrong one. 2. A token does what its scopes allow and no more. 3. Removed, or past its
///    end, it does nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_does_what_its_scopes_allow_until_it_ends() {
    let node = Node::start().await;
    let reads = node.token("reads", &[Scope::Read], None).await;
    let reads = Some(reads.danger_text());
    let writes = node.token("writes", &[Scope::Write], Some("2999-01-01")).await;
    let writes = Some(writes.danger_text());
    let set = json!({"changes": [{"path": "phone.mobile", "value": "+442079460000"}]});

    let (status, head, problem) = node.ask("GET /api/v1/info", None, &Value::Null).await;
    assert_eq!((status, problem["code"].as_str().unwrap()), (401, "no-token"));
    assert!(head.contains("www-authenticate: bearer") && head.contains("application/problem+json"), "{head}");
    let wrong = Token::generate().unwrap();
    assert_eq!(node.ask("GET /api/v1/info", Some(wrong.danger_text()), &Value::Null).await.0, 401);

    let (status, _, problem) = node.ask("POST /api/v1/set", reads, &set).await;
    assert_eq!((status, problem["code"].as_str().unwrap()), (403, "denied"));
    assert_eq!(node.ask("POST /api/v1/set", writes, &set).await.0, 200);
    assert_eq!(node.ask("GET /api/v1/get?path=phone.mobile", writes, &Value::Null).await.0, 403);
    let (status, _, fields) = node.ask("GET /api/v1/get?path=phone.mobile", reads, &Value::Null).await;
    assert_eq!((status, fields[0]["value"].as_str().unwrap()), (200, "+442079460000"));
    assert_eq!(fields[0]["source"], "token writes", "the history says which program wrote it");

    let tokens = node.person.tokens().unwrap();
    assert_eq!(tokens.iter().map(|token| token.name.as_str()).collect::<Vec<_>>(), ["reads", "writes"]);
    node.home.pass(Duration::from_secs(1_000 * 365 * 24 * 60 * 60));
    assert_eq!(node.ask("POST /api/v1/set", writes, &set).await.0, 401);
    assert_eq!(node.ask("GET /api/v1/info", reads, &Value::Null).await.0, 200);
    node.person.remove_token("reads").await.unwrap();
    assert_eq!(node.ask("GET /api/v1/info", reads, &Value::Null).await.0, 401);
    node.person.stop().await;
}

/// Whoever tries wrong tokens has to wait; whoever has a right one on the same machine has not.
#[tokio::test(flavor = "multi_thread")]
async fn wrong_tokens_are_slowed_down_and_right_ones_are_not() {
    let node = Node::start().await;
    let reads = node.token("reads", &[Scope::Read], None).await;
    for _ in 0..5 {
        assert_eq!(node.ask("GET /api/v1/info", Some("wrong"), &Value::Null).await.0, 401);
    }
    let (status, head, problem) = node.ask("GET /api/v1/info", Some("wrong"), &Value::Null).await;
    assert_eq!((status, problem["code"].as_str().unwrap()), (429, "too-many-attempts"));
    assert!(head.contains("retry-after: "), "{head}");
    assert_eq!(node.ask("GET /api/v1/info", Some(reads.danger_text()), &Value::Null).await.0, 200);
    node.person.stop().await;
}

/// A program may make a token for another one, but none that may do more than itself.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_makes_no_token_that_may_do_more() {
    let node = Node::start().await;
    let admin = node.token("admin", &[Scope::Admin, Scope::Read], Some("2998-01-01")).await;
    let admin = Some(admin.danger_text());
    let make = |name: &str, scopes: &[&str], until: Option<&str>| json!({"name": name, "scopes": scopes, "until": until});
    for more in [
        make("writes", &["read", "write"], Some("2997-01-01")),
        make("longer", &["read"], Some("2999-01-01")),
        make("endless", &["read"], None),
    ] {
        let (status, _, problem) = node.ask("POST /api/v1/token-create", admin, &more).await;
        assert_eq!((status, problem["code"].as_str().unwrap()), (403, "denied"), "{more}");
    }
    let less = make("reads", &["read"], Some("2997-01-01"));
    let (status, _, made) = node.ask("POST /api/v1/token-create", admin, &less).await;
    assert_eq!(status, 200, "{made}");
    let reads = made["token"].as_str();
    assert_eq!(node.ask("GET /api/v1/info", reads, &Value::Null).await.0, 200);
    let (status, _, problem) = node.ask("POST /api/v1/token-create", admin, &less).await;
    assert_eq!((status, problem["code"].as_str().unwrap()), (409, "not-possible-now"), "the name is taken");
    node.person.stop().await;
}

/// A folder that a program names could be anybody's, and a recipient of its own could read the vault.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_backs_up_only_to_where_the_person_does_and_for_nobody_else() {
    let node = Node::start().await;
    let admin = node.token("admin", &[Scope::Admin], None).await;
    let admin = Some(admin.danger_text());
    let (own, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let dir = |dir: &tempfile::TempDir| dir.path().display().to_string();
    for body in [json!({"dir": dir(&own)}), json!({"dir": dir(&other)}), json!({"dir": "/etc"})] {
        let (status, _, problem) = node.ask("POST /api/v1/back-up", admin, &body).await;
        assert_eq!((status, problem["code"].as_str().unwrap()), (403, "denied"), "{body}");
    }
    node.person.back_up(own.path(), &[], false).await.unwrap();
    assert_eq!(node.ask("POST /api/v1/back-up", admin, &json!({"dir": dir(&own)})).await.0, 200);
    let recipient = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kdsb9x5lsqz2w4u";
    for body in [json!({"dir": dir(&own), "recipients": [recipient]}), json!({"dir": dir(&other)})] {
        let (status, _, problem) = node.ask("POST /api/v1/back-up", admin, &body).await;
        assert_eq!((status, problem["code"].as_str().unwrap()), (403, "denied"), "{body}");
    }
    assert_eq!(std::fs::read_dir(other.path()).unwrap().count(), 0);
    node.person.stop().await;
}

/// 1. The command shows a new token once. 2. The list has its name, and neither it nor its digest. 3. Removed, it is gone.
#[test]
fn a_token_is_shown_by_the_command_that_makes_it_and_by_no_other() {
    let mut home = Home::person();
    home.start();
    let made =
        home.json(&["token", "create", "backup check", "--scope", "read,admin", "--until", "2999-12-31"]);
    let token = made["token"].as_str().unwrap();
    assert!(token.len() >= 43, "256 bits");
    let listed = home.json(&["token", "list"]);
    assert_eq!(listed[0]["name"], "backup check");
    assert_eq!(listed[0]["scopes"], json!(["read", "admin"]));
    assert_eq!(listed[0]["until"], "2999-12-31T23:59:59Z");
    let again = home.output(&["token", "create", "backup check", "--scope", "read"]);
    assert_eq!(again.status.code(), Some(1), "the name is taken");
    let unknown = home.output(&["token", "create", "other", "--scope", "everything"]);
    assert_eq!(unknown.status.code(), Some(2), "there is no such scope");
    for said in [listed.to_string(), std::fs::read_to_string(home.file("log")).unwrap()] {
        assert!(!said.contains(token), "the token is nowhere else");
    }
    assert_eq!(home.json(&["token", "remove", "backup check"]), json!([]));
    assert_eq!(home.output(&["token", "remove", "backup check"]).status.code(), Some(8));
}

/// Every documented operation is served, for whoever has a token alone.
#[tokio::test(flavor = "multi_thread")]
async fn everything_that_is_described_is_served_and_asks_for_a_token() {
    let node = Node::start().await;
    let reads = node.token("reads", &[Scope::Read], None).await;
    let shares = node.token("shares", &[Scope::Share], None).await;
    let (status, _, told) = node.ask("GET /api/v1/openapi.json", None, &Value::Null).await;
    assert_eq!((status, told), (200, serde_json::from_str(OPENAPI).unwrap()));
    let document: Value = serde_json::from_str(OPENAPI).unwrap();
    let mut operations = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            if path == "/openapi.json" {
                continue;
            }
            let head = format!("{} {ADDRESS}{path}", method.to_uppercase());
            assert_eq!(node.ask(&head, None, &Value::Null).await.0, 401, "{head}");
            // It is there, and a token that allows something else does nothing.
            let token = if operation["security"][0]["token"][0] == "read" { &shares } else { &reads };
            let (status, _, problem) = node.ask(&head, Some(token.danger_text()), &Value::Null).await;
            assert_eq!((status, problem["code"].as_str().unwrap()), (403, "denied"), "{head}");
            operations += 1;
        }
    }
    assert!(operations > 40, "{operations}");
    node.person.stop().await;
}

/// A program declines with a reason, which is checked as the person's own is.
#[tokio::test(flavor = "multi_thread")]
async fn a_reason_goes_along_when_a_program_declines() {
    let node = Node::start().await;
    let vendor = EngineHome::new();
    let hub = vendor.hub(Families::new, None).await;
    let request = meet(&node.person, &hub).await;
    let shares = node.token("shares", &[Scope::Share], None).await;
    let shares = Some(shares.danger_text());
    let with = |reason: &str| json!({"id": request.id, "reason": reason});
    let (status, _, problem) = node.ask("POST /api/v1/decline", shares, &with("two\nlines")).await;
    assert_eq!((status, problem["code"].as_str().unwrap()), (422, "bad-value"));
    let (status, _, declined) = node.ask("POST /api/v1/decline", shares, &with("not now")).await;
    assert_eq!((status, declined["state"].as_str().unwrap()), (200, "declined"));
    node.person.stop().await;
    hub.stop().await;
}

/// 1. A vault with fields and with history, and a vendor. 2. Calls of every kind, right and wrong, with a token that may do everything. 3. No answer is
///    a server's fault, and none is another than the document says.
#[tokio::test(flavor = "multi_thread")]
async fn strangers_calls_find_no_fault_of_the_server_and_no_answer_that_is_not_described() {
    let node = Node::start().await;
    let fields = [("phone.mobile", "+442079460000"), ("email.personal", "ada@home.example"), ("x.note", "a")];
    for (path, value) in fields {
        node.person.set(vec![(path.to_owned(), Some(value.to_owned()))], "test").await.unwrap();
    }
    let vendor = EngineHome::new();
    let hub = vendor.hub(Families::new, None).await;
    let request = meet(&node.person, &hub).await;
    node.person.approve(&request.id, None, None).await.unwrap();
    let token = node.token("everything", &Scope::ALL, None).await;
    let at = node.at;
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/api/openapi.json");
    // It finds its own token in the list, and would remove it.
    let calls = tokio::task::spawn_blocking(move || {
        described::check(
            "person",
            &document,
            &format!("http://{at}{ADDRESS}"),
            token.danger_text(),
            &["token-remove"],
        )
    });
    let calls = calls.await.unwrap();
    assert!(calls > 500, "{calls} calls were made");
    node.person.stop().await;
    hub.stop().await;
}
