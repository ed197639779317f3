//! A vendor that is a domain: the document it publishes over HTTPS says who it is and which keys its hub shows.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use freehold_tests::program::Home;
use serde_json::Value;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::{ServerConfig, ServerConnection, StreamOwned};

/// The domain's web server, with a certificate authority of its own.
struct Domain {
    port: u16,
    root: String,
    document: Arc<Mutex<String>>,
}

impl Domain {
    fn start() -> Self {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let key = PrivateKeyDer::try_from(made.key_pair.serialize_der()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .unwrap();
        let (config, listener) = (Arc::new(config), TcpListener::bind("127.0.0.1:0").unwrap());
        let port = listener.local_addr().unwrap().port();
        let document = Arc::new(Mutex::new(String::new()));
        let served = Arc::clone(&document);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let mut stream =
                    StreamOwned::new(ServerConnection::new(Arc::clone(&config)).unwrap(), stream);
                let mut lines = BufReader::new(&mut stream).lines();
                let asked = lines.next().and_then(Result::ok).unwrap_or_default();
                while lines.next().and_then(Result::ok).is_some_and(|line| !line.is_empty()) {}
                let body = served.lock().unwrap().clone();
                let status =
                    if asked.contains(" /.well-known/did.json ") { "200 OK" } else { "404 Not Found" };
                let head =
                    format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close", body.len());
                let _ = stream.write_all(format!("{head}\r\n\r\n{body}").as_bytes());
                stream.conn.send_close_notify();
                let _ = stream.flush();
            }
        });
        Self { port, root: made.cert.pem(), document }
    }

    fn serve(&self, document: &Value) {
        *self.document.lock().unwrap() = document.to_string();
    }
}

/// A hub of the domain that runs and has asked, and its document.
fn hub(domain: &Domain) -> (Home, Value) {
    let mut hub = Home::hub();
    let pass = hub.file("pass").display().to_string();
    let name = format!("localhost:{}", domain.port);
    let listen = ["--listen", "/ip4/127.0.0.1/tcp/0", "--passphrase-file", &pass];
    let made = hub.json(&[&["init", "--did-web", &name, "--name", "Shop"], &listen[..]].concat());
    assert_eq!(made["did"], format!("did:web:localhost%3A{}", domain.port));
    hub.start();
    let ask = hub.file("ask.toml");
    let text = "title = \"Repairs\"\nlegal_basis = \"contract\"\nmode = \"continuous\"\n\
                retention = { duration = \"P1Y\", after = \"end of contract\" }\n[[field]]\npath = \"phone.mobile\"\n\
                required = true\nreason = \"to call you\"\npurposes = [\"serviceProvision\"]\n";
    std::fs::write(&ask, text).unwrap();
    let _ = hub.json(&["ask", ask.to_str().unwrap()]);
    (hub, made["document"].clone())
}

fn link(hub: &Home) -> String {
    hub.json(&["invite", "--customer", "C-1"])["link"].as_str().unwrap().to_owned()
}

/// The exit status of `connect`, and what it said.
fn refused(person: &Home, link: &str) -> (i32, String) {
    let output = person.output(&["connect", link]);
    (output.status.code().unwrap(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// 1. The domain's document leads inward, and the node is not told to go there. 2. It is told: it meets the hub, whose
///    request and receipt are signed by the domain's key. 3. The document lists other keys: the hub is someone else.
#[test]
fn a_vendor_is_its_domain_and_a_hub_that_the_document_does_not_list_is_someone_else() {
    let domain = Domain::start();
    let (hub, document) = hub(&domain);
    domain.serve(&document);
    let root = hub.file("root.pem");
    std::fs::write(&root, &domain.root).unwrap();
    let root = root.to_str().unwrap();

    let mut guarded = Home::person();
    guarded.start_with(&["--trust-root", root]);
    let (status, said) = refused(&guarded, &link(&hub));
    assert!(status == 10 && said.contains("vendor-unreachable"), "{status} {said}");

    let mut person = Home::person();
    person.start_with(&["--trust-root", root, "--allow-inward"]);
    let _ = person.json(&["set", "phone.mobile=+491701234567"]);
    let connected = person.json(&["connect", &link(&hub)]);
    assert_eq!(connected["request"]["vendor"], document["id"]);
    let request = connected["request"]["id"].as_str().unwrap();
    let grant = person.json(&["approve", request])["id"].as_str().unwrap().to_owned();
    let credential = (0..200).find_map(|_| {
        std::thread::park_timeout(std::time::Duration::from_millis(50));
        let shown = person.json(&["grants", "show", &grant]);
        shown["proof"].is_array().then_some(shown)
    });
    let credential = credential.expect("the vendor countersigns");
    assert_eq!(credential["proof"][1]["verificationMethod"], document["assertionMethod"][0]);

    let mut moved = document.clone();
    moved["authentication"] = document["assertionMethod"].clone();
    domain.serve(&moved);
    let mut late = Home::person();
    late.start_with(&["--trust-root", root, "--allow-inward"]);
    let (status, said) = refused(&late, &link(&hub));
    assert!(status == 10 && said.contains("expected"), "{status} {said}");
    assert_eq!(late.json(&["status"])["vendors"].as_array().map(Vec::len), Some(0));
}
