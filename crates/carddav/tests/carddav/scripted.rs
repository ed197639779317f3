//! A server that answers what a test says.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Status, further headers each with its line's end, and body.
pub(crate) type Answer = (u16, String, String);

/// Answers until the test ends.
pub(crate) struct Scripted {
    port: u16,
    asked: Arc<AtomicUsize>,
}

impl Scripted {
    /// `answer` gets the head of each request.
    pub(crate) fn start(answer: impl Fn(&str) -> Answer + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (port, asked) = (listener.local_addr().unwrap().port(), Arc::new(AtomicUsize::new(0)));
        let count = asked.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                count.fetch_add(1, Ordering::Relaxed);
                // A client that goes away is no failure of the server.
                let _ = serve(stream, &answer);
            }
        });
        Self { port, asked }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.origin())
    }

    pub(crate) fn origin(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// How many have come.
    pub(crate) fn count(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

fn serve(mut stream: TcpStream, answer: &impl Fn(&str) -> Answer) -> std::io::Result<()> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
    std::io::copy(&mut (&stream).take(length.unwrap_or(0)), &mut std::io::sink())?;
    let (status, headers, body) = answer(&head);
    let length = body.len();
    let head =
        format!("HTTP/1.1 {status} X\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes())?;
    stream.write_all(body.as_bytes())
}

/// What a server says of one place.
pub(crate) fn response(href: &str, properties: &str) -> String {
    format!(
        "<response><href>{href}</href><propstat><prop>{properties}</prop><status>HTTP/1.1 200 OK</status></propstat></response>"
    )
}

/// The answer that holds these.
pub(crate) fn multistatus(responses: &str) -> Answer {
    let namespaces = r#"xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:carddav""#;
    (207, String::new(), format!("<multistatus {namespaces}>{responses}</multistatus>"))
}

/// A status alone.
pub(crate) fn bare(status: u16) -> Answer {
    (status, String::new(), String::new())
}
