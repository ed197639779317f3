use std::sync::Arc;

use axum::routing::{get, post};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::oneshot;

use super::*;
use crate::{BODY_BYTES_MAX, Site, guarded};

/// A small page behind the guard; gives its address.
async fn page() -> (SocketAddr, oneshot::Sender<()>) {
    let (listener, bind) = listen(Bind::parse("127.0.0.1:0", false).unwrap()).await.unwrap();
    let site = Arc::new(Site::new(&bind, None).unwrap());
    let routes = Router::new()
        .route("/", get(|| async { "hello" }))
        .route("/change", post(|body: String| async move { body.len().to_string() }));
    let (stop, stopped) = oneshot::channel::<()>();
    let routes = guarded(site, crate::Scripts::None, routes);
    tokio::spawn(serve(listener, routes, async {
        let _ = stopped.await;
    }));
    (bind.address(), stop)
}

async fn ask(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let _ = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut answer)).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn an_answer_carries_what_a_browser_is_to_refuse() {
    let (address, _stop) = page().await;
    let answer =
        ask(address, &format!("GET / HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    for line in [
        "frame-ancestors 'none'",
        "default-src 'none'",
        "x-content-type-options: nosniff",
        "referrer-policy: no-referrer",
        "cache-control: no-store",
    ] {
        assert!(answer.contains(line), "{line} in {answer}");
    }
    assert!(!answer.contains("unsafe-inline") && !answer.contains("script-src"));
}

#[tokio::test]
async fn a_rebound_name_and_a_foreign_form_get_nothing() {
    let (address, _stop) = page().await;
    let rebound =
        format!("GET / HTTP/1.1\r\nHost: evil.example:{}\r\nConnection: close\r\n\r\n", address.port());
    let answer = ask(address, &rebound).await;
    assert!(answer.starts_with("HTTP/1.1 421") && answer.contains("application/problem+json"), "{answer}");
    let doubled = format!("GET / HTTP/1.1\r\nHost: {address}\r\nHost: evil\r\nConnection: close\r\n\r\n");
    assert!(!ask(address, &doubled).await.starts_with("HTTP/1.1 200"));
    let foreign = format!(
        "POST /change HTTP/1.1\r\nHost: {address}\r\nOrigin: https://evil.example\r\nContent-Length: 1\r\n\
         Connection: close\r\n\r\nx"
    );
    let answer = ask(address, &foreign).await;
    assert!(answer.starts_with("HTTP/1.1 403") && answer.contains("foreign-origin"), "{answer}");
}

#[tokio::test]
async fn a_body_over_the_limit_and_a_head_that_never_ends_are_cut() {
    let (address, _stop) = page().await;
    let large = format!(
        "POST /change HTTP/1.1\r\nHost: {address}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{}",
        BODY_BYTES_MAX + 1,
        "x".repeat(BODY_BYTES_MAX + 1)
    );
    let answer = ask(address, &large).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 413"), "{answer}");
    let begun = std::time::Instant::now();
    ask(address, "GET / HTTP/1.1\r\nHost: ").await;
    assert!(begun.elapsed() < HEAD_WAIT + Duration::from_secs(5));
}

#[tokio::test]
async fn the_listener_ends_when_it_is_told_to() {
    let (address, stop) = page().await;
    stop.send(()).unwrap();
    for _ in 0..100 {
        if TcpStream::connect(address).await.is_err() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("it still listens");
}
