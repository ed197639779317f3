//! Against plain servers on loopback that answer with fixed bytes.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;
use crate::lookup::Looking;

/// A server that reads a request's head, answers with `answer`, and then closes or, with `hang`, waits for ever.
struct Server {
    port: u16,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn count(&self) -> usize {
        self.requests.lock().unwrap().len()
    }
}

async fn serve_on(listener: TcpListener, answer: Vec<u8>, hang: bool) -> Server {
    let port = listener.local_addr().unwrap().port();
    let requests = Arc::new(Mutex::new(Vec::new()));
    let seen = requests.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                match stream.read_u8().await {
                    Ok(byte) => head.push(byte),
                    Err(_) => break,
                }
            }
            seen.lock().unwrap().push(String::from_utf8(head).unwrap());
            let _ = stream.write_all(&answer).await;
            let _ = stream.flush().await;
            if hang {
                std::future::pending::<()>().await;
            }
        }
    });
    Server { port, requests }
}

async fn serve(answer: impl Into<Vec<u8>>, hang: bool) -> Server {
    serve_on(TcpListener::bind("127.0.0.1:0").await.unwrap(), answer.into(), hang).await
}

fn anywhere() -> Policy {
    Policy::configured()
}

/// Answers the n-th lookup with the n-th list, the last one for ever.
struct Scripted {
    answers: Vec<Vec<IpAddr>>,
    asked: AtomicUsize,
}

impl Scripted {
    fn new(answers: &[&[[u8; 4]]]) -> Arc<Self> {
        let list = |l: &&[[u8; 4]]| l.iter().map(|octets| IpAddr::V4(Ipv4Addr::from(*octets))).collect();
        Arc::new(Self { answers: answers.iter().map(list).collect(), asked: AtomicUsize::new(0) })
    }
}

impl Lookup for Scripted {
    fn lookup(&self, _: String) -> Looking {
        let n = self.asked.fetch_add(1, Ordering::SeqCst).min(self.answers.len() - 1);
        let answer = self.answers[n].clone();
        Box::pin(async move { Ok(answer) })
    }
}

const OK: &str =
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi";

#[tokio::test]
async fn a_body_and_its_headers_arrive_and_the_request_tells_nothing_extra() {
    let server = serve(OK.replace("\r\n\r\n", "\r\nRetry-After: 7\r\nSet-Cookie: a=b\r\n\r\n"), false).await;
    let client = Client::new(anywhere()).unwrap();
    for _ in 0..2 {
        let response =
            client.get(&format!("http://127.0.0.1:{}/a?b=c", server.port), "text/plain").await.unwrap();
        assert_eq!((response.status, response.body.as_slice()), (200, b"hi".as_slice()));
        assert_eq!(response.content_type.as_deref(), Some("text/plain"));
        assert_eq!(response.retry_after.as_deref(), Some("7"));
    }
    let requests = server.requests.lock().unwrap();
    let mut lines: Vec<&str> = requests[1].trim_end().split("\r\n").collect();
    lines.sort_unstable();
    let host = format!("host: 127.0.0.1:{}", server.port);
    assert_eq!(lines, ["GET /a?b=c HTTP/1.1", "accept: text/plain", host.as_str(), "user-agent: freehold"]);
}

#[tokio::test]
async fn an_inward_host_is_refused_before_anything_connects() {
    let server = serve(OK, false).await;
    let client = Client::new(Policy { allow_http: true, ..Policy::public() }).unwrap();
    let port = server.port;
    for host in [
        "127.0.0.1",
        "localhost",
        "0177.0.0.1",
        "0x7f.1",
        "2130706433",
        "127.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "0",
    ] {
        let got = client.get(&format!("http://{host}:{port}/"), "*/*").await;
        assert!(matches!(got, Err(FetchError::Inward { .. })), "{host}: {got:?}");
    }
    assert_eq!(server.count(), 0);
}

#[tokio::test]
async fn one_inward_address_among_public_ones_refuses_the_name() {
    let lookup = Scripted::new(&[&[[9, 9, 9, 9], [10, 0, 0, 1]]]);
    let client = Client::with_gate(Policy::public(), lookup, is_inward).unwrap();
    let got = client.get("https://mixed.example/", "*/*").await;
    assert_eq!(got, Err(FetchError::Inward { host: "mixed.example".into() }));
}

/// 1. A name server answers with a "public" address first and an inward one afterwards.
/// 2. The request must reach the first and look up nothing again.
/// 3. A request on a new connection asks again, gets the inward answer, and is refused.
#[tokio::test]
async fn a_rebinding_name_reaches_the_checked_address_or_nothing() {
    fn is_second(address: IpAddr) -> bool {
        address == IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2))
    }
    let public = serve(OK, false).await;
    let inward = TcpListener::bind(("127.0.0.2", public.port)).await.unwrap();
    let inward = serve_on(inward, OK.into(), false).await;
    let lookup = Scripted::new(&[&[[127, 0, 0, 1]], &[[127, 0, 0, 2]]]);
    let client = Client::with_gate(anywhere(), lookup.clone(), is_second).unwrap();
    let url = format!("http://rebinding.example:{}/", public.port);

    assert_eq!(client.get(&url, "*/*").await.unwrap().status, 200);
    assert_eq!((lookup.asked.load(Ordering::SeqCst), public.count(), inward.count()), (1, 1, 0));

    assert_eq!(client.get(&url, "*/*").await, Err(FetchError::Inward { host: "rebinding.example".into() }));
    assert_eq!((public.count(), inward.count()), (1, 0));
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_whether_announced_or_not() {
    let policy = || Policy { body_bytes_max: 1000, ..anywhere() };
    let client = Client::new(policy()).unwrap();
    let announced = "HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n".to_owned();
    // The server never closes: only the limit can end this.
    let endless = format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(5000));
    for answer in [announced, endless] {
        let server = serve(answer, true).await;
        let got = client.get(&format!("http://127.0.0.1:{}/", server.port), "*/*").await;
        assert_eq!(got, Err(FetchError::TooLarge { host: "127.0.0.1".into(), status: 200, bytes_max: 1000 }));
    }
    let exact = serve(format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(1000)), false).await;
    let got = client.get(&format!("http://127.0.0.1:{}/", exact.port), "*/*").await.unwrap();
    assert_eq!(got.body.len(), 1000);
}

#[tokio::test]
async fn a_body_that_never_ends_runs_into_the_timeout() {
    let server = serve("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", true).await;
    let after = Duration::from_millis(100);
    let client = Client::new(Policy { timeout: after, ..anywhere() }).unwrap();
    let got = client.get(&format!("http://127.0.0.1:{}/", server.port), "*/*").await;
    assert_eq!(got, Err(FetchError::TimedOut { host: "127.0.0.1".into(), after }));
}

#[tokio::test]
async fn a_cut_body_is_an_interruption() {
    let server = serve("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", false).await;
    let got =
        Client::new(anywhere()).unwrap().get(&format!("http://127.0.0.1:{}/", server.port), "*/*").await;
    assert_eq!(got, Err(FetchError::Interrupted { host: "127.0.0.1".into() }));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let target = serve(OK, false).await;
    let location = format!("http://127.0.0.1:{}/", target.port);
    let server =
        serve(format!("HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"), false)
            .await;
    let got =
        Client::new(anywhere()).unwrap().get(&format!("http://127.0.0.1:{}/", server.port), "*/*").await;
    assert_eq!(got.unwrap().status, 302);
    assert_eq!(target.count(), 0);
}

#[tokio::test]
async fn a_closed_port_is_unreachable_and_an_unknown_name_unresolved() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let client = Client::new(anywhere()).unwrap();
    let got = client.get(&format!("http://127.0.0.1:{free}/secret?token=x"), "*/*").await.unwrap_err();
    assert_eq!(got, FetchError::Unreachable { host: "127.0.0.1".into() });
    assert!(got.is_transient() && !got.to_string().contains("secret") && !got.to_string().contains("token"));
    let nothing = Client::with_gate(anywhere(), Scripted::new(&[&[]]), is_inward).unwrap();
    let got = nothing.get("https://nowhere.example/", "*/*").await;
    assert_eq!(got, Err(FetchError::NotResolved { host: "nowhere.example".into() }));
}

#[tokio::test]
async fn urls_and_headers_that_must_not_be_used_are_refused() {
    let client = Client::new(Policy { allow_http: false, ..anywhere() }).unwrap();
    let cases: HashMap<&str, FetchError> = HashMap::from([
        ("no url", FetchError::Url),
        ("ftp://example.com/", FetchError::Url),
        ("file:///etc/passwd", FetchError::Url),
        ("http://example.com/", FetchError::Plain { host: "example.com".into() }),
        ("https://user:secret@example.com/", FetchError::Userinfo { host: "example.com".into() }),
    ]);
    for (url, wanted) in cases {
        assert_eq!(client.check(url), Err(wanted.clone()), "{url}");
        assert_eq!(client.get(url, "*/*").await, Err(wanted), "{url}");
    }
    let got = client.post("https://example.com/", &[("x-a", "1\r\nx-b: 2")], Vec::new()).await;
    assert_eq!(got, Err(FetchError::Header));
}

#[tokio::test]
async fn a_server_that_speaks_no_tls_is_a_certificate_failure() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        let _ = stream.read(&mut [0; 1024]).await;
        std::future::pending::<()>().await;
    });
    let got = Client::new(anywhere()).unwrap().get(&format!("https://127.0.0.1:{port}/"), "*/*").await;
    assert_eq!(got, Err(FetchError::Certificate { host: "127.0.0.1".into() }));
}

#[test]
fn an_extra_root_that_is_no_certificate_is_named() {
    let policy = Policy { extra_roots: vec![b"not pem".to_vec()], ..Policy::public() };
    assert_eq!(Client::new(policy).err(), Some(ClientError::Root { number: 1 }));
}

/// Answers every look-up with one address.
struct One(IpAddr);

impl Lookup for One {
    fn lookup(&self, _: String) -> Looking {
        let answer = vec![self.0];
        Box::pin(async move { Ok(answer) })
    }
}

#[tokio::test]
async fn a_name_that_leads_inward_in_any_spelling_is_not_contacted() {
    let server = serve(OK, false).await;
    for inward in [
        "127.0.0.1",
        "10.1.2.3",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "::1",
        "::",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "::127.0.0.1",
        "64:ff9b::127.0.0.1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::127.0.0.1",
        "2002:7f00:1::",
        "fe80::1",
        "fd00::1",
        "ff02::1",
    ] {
        let lookup = Arc::new(One(inward.parse().unwrap()));
        let policy = Policy { allow_http: true, ..Policy::public() };
        let client = Client::with_gate(policy, lookup, is_inward).unwrap();
        let got = client.get(&format!("http://hub.example:{}/", server.port), "*/*").await;
        assert_eq!(got, Err(FetchError::Inward { host: "hub.example".into() }), "{inward}");
    }
    assert_eq!(server.count(), 0);
}

/// A server that says something first, and then the same again and again for ever.
async fn endless(first: &'static str, again: &'static str, pause: Duration) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut said = stream.write_all(first.as_bytes()).await;
            while said.is_ok() {
                tokio::time::sleep(pause).await;
                said = stream.write_all(again.as_bytes()).await;
            }
        }
    });
    port
}

#[tokio::test]
async fn an_answer_without_end_ends_by_time_or_by_size() {
    let after = Duration::from_millis(700);
    let client = Client::new(Policy { timeout: after, ..anywhere() }).unwrap();
    let slowly = Duration::from_millis(20);
    for (first, again, pause) in [
        // A body, a head, a status and the word before a status, byte by byte: each byte is progress.
        ("HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n", "x", slowly),
        ("HTTP/1.1 200 OK\r\nX-Long: ", "x", slowly),
        ("HTTP/1.1 200 ", "O", slowly),
        ("", "HTTP/1.1 100 Continue\r\n\r\n", slowly),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\nx\r\n", slowly),
        // A head and a chunk's extension as fast as the line takes them.
        ("HTTP/1.1 200 OK\r\n", "X-One-Of-Many: 0123456789012345678901234567890\r\n", Duration::ZERO),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", "extension=", Duration::ZERO),
    ] {
        let port = endless(first, again, pause).await;
        let got = client.get(&format!("http://127.0.0.1:{port}/"), "*/*").await;
        let host = "127.0.0.1".to_owned();
        let ended = [
            FetchError::TimedOut { host: host.clone(), after },
            FetchError::Interrupted { host: host.clone() },
        ];
        assert!(got.as_ref().is_err_and(|error| ended.contains(error)), "{first:?}: {got:?}");
    }
}

#[tokio::test]
async fn a_ring_of_redirects_is_one_request() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    for status in [301, 302, 303, 307, 308] {
        let again = format!("http://127.0.0.1:{port}/");
        let answer = format!(
            "HTTP/1.1 {status} Again\r\nLocation: {again}\r\nRefresh: 0; url={again}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        );
        let server = serve(answer, false).await;
        let client = Client::new(anywhere()).unwrap();
        let got = client.get(&format!("http://127.0.0.1:{}/", server.port), "*/*").await.unwrap();
        assert_eq!((got.status, server.count()), (status, 1));
    }
    // Nobody has come to where all of them lead.
    assert!(tokio::time::timeout(Duration::from_millis(100), listener.accept()).await.is_err());
}

/// What stands in a request's headers is shown nowhere, but for the two that say a format.
#[test]
fn every_header_but_the_formats_is_sensitive() {
    let sent = [("authorization", "Bearer x"), ("accept", "a/b"), ("content-type", "c/d"), ("x-other", "y")];
    let map = header_map(&sent).unwrap();
    let sensitive = sent.map(|(name, _)| map[name].is_sensitive());
    assert_eq!(sensitive, [true, false, false, true]);
    assert!(matches!(header_map(&[("no name", "x")]), Err(FetchError::Header)));
}

#[tokio::test]
async fn a_request_names_the_trace_it_is_in_and_none_outside_of_one() {
    let server = serve(OK, false).await;
    let client = Client::new(anywhere()).unwrap();
    let url = format!("http://127.0.0.1:{}/", server.port);
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    crate::traced(trace.to_owned(), client.get(&url, "*/*")).await.unwrap();
    client.get(&url, "*/*").await.unwrap();
    let requests = server.requests.lock().unwrap();
    let named = format!("traceparent: {trace}\r\n");
    assert!(requests[0].contains(&named) && !requests[1].contains("traceparent"), "{requests:?}");
}
