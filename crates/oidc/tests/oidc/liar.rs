//! A provider that says whatever it is told to: it signs for real, with keys of its own.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use freehold_oidc::{Begun, Provider, Settings};
use freehold_outbound::{Client, Policy};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use multibase::Base;
use rcgen::KeyPair;
use serde_json::{Value, json};
use url::Url;

pub(crate) const CLIENT: &str = "desk";
pub(crate) const SECRET: &str = "s3cr3t & more";
pub(crate) const REDIRECT: &str = "http://127.0.0.1:4180/sign-in/provider/answer";

/// A key of a provider.
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pair: KeyPair,
}

impl Key {
    pub(crate) fn new(name: &'static str) -> Self {
        Self { name, pair: KeyPair::generate().unwrap() }
    }

    pub(crate) fn public(&self) -> Value {
        let point = self.pair.public_key_raw();
        let part = |bytes: &[u8]| Base::Base64Url.encode(bytes);
        json!({"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": self.name,
            "x": part(&point[1..33]), "y": part(&point[33..])})
    }

    /// The bytes that everybody has, as a secret for HMAC.
    pub(crate) fn as_secret(&self) -> EncodingKey {
        EncodingKey::from_secret(self.pair.public_key_pem().as_bytes()).unwrap()
    }

    pub(crate) fn sign(&self, claims: &Value) -> String {
        let header = Header { kid: Some(self.name.to_owned()), ..Header::new(Algorithm::ES256) };
        encode(&header, claims, &EncodingKey::from_ec_der(&self.pair.serialize_der())).unwrap()
    }
}

/// What the provider says, and what it was told.
#[derive(Default)]
pub(crate) struct Said {
    /// Members of its configuration in the place of the honest ones.
    pub(crate) configuration: HashMap<&'static str, Value>,
    pub(crate) keys: Vec<Value>,
    /// The answer to a code: status and body.
    pub(crate) token: (u16, Value),
    pub(crate) user_info: Value,
    /// Every request: its first line, the value of `authorization`, and the body.
    pub(crate) heard: Vec<(String, String, String)>,
}

/// The provider.
pub(crate) struct Liar {
    pub(crate) url: String,
    pub(crate) said: Arc<Mutex<Said>>,
}

impl Liar {
    pub(crate) fn start(key: &Key) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let said = Arc::new(Mutex::new(Said { keys: vec![key.public()], ..Said::default() }));
        let (own, shared) = (url.clone(), Arc::clone(&said));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let _ = answer(stream, &own, &shared);
            }
        });
        Self { url, said }
    }

    pub(crate) fn provider(&self) -> Provider {
        let settings = Settings {
            issuer: self.url.clone(),
            client_id: CLIENT.to_owned(),
            client_secret: Some(SECRET.to_owned().into()),
            scopes: vec!["profile".to_owned()],
            name_claim: "preferred_username".to_owned(),
            role_claim: Some("groups".to_owned()),
        };
        Provider::new(settings, Client::new(Policy::configured()).unwrap()).unwrap()
    }

    /// From now on it gives this token for a code.
    pub(crate) fn gives(&self, token: &str) {
        self.said.lock().unwrap().token =
            (200, json!({"id_token": token, "access_token": "at", "token_type": "Bearer"}));
    }

    /// The claims of an honest token for an attempt.
    pub(crate) fn claims(&self, begun: &Begun) -> Value {
        json!({
            "iss": self.url, "aud": CLIENT, "sub": "person-1", "nonce": parameter(begun, "nonce"),
            "iat": now(), "exp": now() + 300, "preferred_username": "ada", "groups": ["crm-admins"],
        })
    }

    /// How many requests began so.
    pub(crate) fn heard(&self, begin: &str) -> usize {
        self.said.lock().unwrap().heard.iter().filter(|(line, ..)| line.starts_with(begin)).count()
    }
}

pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// What the address of an attempt has under a name.
pub(crate) fn parameter(begun: &Begun, name: &str) -> String {
    let url = Url::parse(&begun.url).unwrap();
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned()).unwrap_or_default()
}

fn answer(mut stream: TcpStream, own: &str, said: &Mutex<Said>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let (mut first, mut line) = (String::new(), String::new());
    reader.read_line(&mut first)?;
    let (mut length, mut authorization) = (0, String::new());
    while reader.read_line(&mut line)? > 2 {
        let (name, value) = line.split_once(':').unwrap_or_default();
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse().unwrap_or_default(),
            "authorization" => authorization = value.trim().to_owned(),
            _ => {}
        }
        line.clear();
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let mut said = said.lock().unwrap();
    let body = String::from_utf8_lossy(&body).into_owned();
    said.heard.push((first.trim().to_owned(), authorization, body));
    let (status, body) = match first.split(' ').nth(1).unwrap_or_default() {
        "/.well-known/openid-configuration" => (200, configuration(own, &said)),
        "/keys" => (200, json!({"keys": said.keys})),
        "/token" => said.token.clone(),
        "/me" => (200, said.user_info.clone()),
        _ => (404, json!({})),
    };
    let body = body.to_string();
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
}

fn configuration(own: &str, said: &Said) -> Value {
    let mut document = json!({
        "issuer": own, "authorization_endpoint": format!("{own}/auth?tenant=1"), "token_endpoint": format!("{own}/token"),
        "jwks_uri": format!("{own}/keys"), "userinfo_endpoint": format!("{own}/me"),
    });
    for (name, value) in &said.configuration {
        document[*name] = value.clone();
    }
    document
}
