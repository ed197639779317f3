//! A domain that serves the document of its did:web over HTTPS, on loopback.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::{ServerConfig, ServerConnection, StreamOwned};

/// The domain's web server, with a certificate authority of its own.
pub struct Domain {
    /// Its port on loopback.
    pub port: u16,
    /// The certificate authority, as PEM.
    pub root: String,
    document: Arc<Mutex<String>>,
}

impl Domain {
    /// Starts one that serves nothing yet.
    ///
    /// # Panics
    /// When the machine gives no port.
    #[must_use]
    pub fn start() -> Self {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a web server");
        let key = PrivateKeyDer::try_from(made.key_pair.serialize_der()).expect("a web server");
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .expect("a web server")
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .expect("a web server");
        let (config, listener) = (Arc::new(config), TcpListener::bind("127.0.0.1:0").expect("a web server"));
        let port = listener.local_addr().expect("a web server").port();
        let document = Arc::new(Mutex::new(String::new()));
        let served = Arc::clone(&document);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let mut stream = StreamOwned::new(
                    ServerConnection::new(Arc::clone(&config)).expect("a web server"),
                    stream,
                );
                let mut lines = BufReader::new(&mut stream).lines();
                let asked = lines.next().and_then(Result::ok).unwrap_or_default();
                while lines.next().and_then(Result::ok).is_some_and(|line| !line.is_empty()) {}
                let body = served.lock().expect("a web server").clone();
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

    /// Serves this document from now on.
    ///
    /// # Panics
    /// After a panic of its thread.
    pub fn serve(&self, document: &Value) {
        *self.document.lock().expect("a web server") = document.to_string();
    }
}

impl Default for Domain {
    fn default() -> Self {
        Self::start()
    }
}
