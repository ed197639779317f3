//! Resolution against real HTTPS servers on loopback, with a certificate authority of their own.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use freehold_outbound::{Client, FetchError, Policy, Reach};
use freehold_protocol::identity::{Did, KeyError, PublicKey, SigningKey};
use freehold_protocol::json::JsonError;
use freehold_protocol::time::Timestamp;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use crate::{
    CachePolicy, Malformed, Mismatch, ResolveError, ResolvedDid, Resolver, VerificationKey, document,
};

/// What the host serves, and the paths it was asked for.
struct Host {
    port: u16,
    root: Vec<u8>,
    answer: Arc<Mutex<(u16, String)>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Host {
    async fn start() -> Self {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let root = made.cert.pem().into_bytes();
        let key = PrivateKeyDer::try_from(made.key_pair.serialize_der()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let answer = Arc::new(Mutex::new((404, String::new())));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (answers, asking) = (answer.clone(), asked.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let Ok(mut stream) = acceptor.accept(stream).await else { continue };
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(stream.read_u8().await.unwrap());
                }
                let head = String::from_utf8(head).unwrap();
                asking.lock().unwrap().push(head.split(' ').nth(1).unwrap().to_owned());
                let (status, body) = answers.lock().unwrap().clone();
                let head =
                    format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close", body.len());
                let _ = stream.write_all(format!("{head}\r\n\r\n{body}").as_bytes()).await;
                let _ = stream.shutdown().await;
            }
        });
        Self { port, root, answer, asked }
    }

    fn serve(&self, status: u16, body: impl ToString) {
        *self.answer.lock().unwrap() = (status, body.to_string());
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    fn did(&self, path: &str) -> Did {
        Did::parse(&format!("did:web:localhost%3A{}{path}", self.port)).unwrap()
    }

    fn resolver(&self) -> Resolver {
        let policy =
            Policy { reach: Reach::Anywhere, extra_roots: vec![self.root.clone()], ..Policy::public() };
        Resolver::new(Client::new(policy).unwrap(), CachePolicy::default())
    }
}

fn key(n: u8) -> PublicKey {
    SigningKey::from_seed(&[n; 32]).public()
}

fn web() -> Did {
    Did::parse("did:web:hub.example").unwrap()
}

const TCP: &str = "/dns4/hub.example/tcp/4001";
const QUIC: &str = "/dns4/hub.example/udp/4001/quic-v1";

fn now() -> Timestamp {
    Timestamp::parse("2027-01-31T12:00:00Z").unwrap()
}

/// Reads a document of [`web`].
fn read_web(document: &Value) -> Result<ResolvedDid, ResolveError> {
    ResolvedDid::read(&web(), document.to_string().as_bytes(), now())
}

/// A document of [`web`] with one key under assertionMethod, changed by `change`.
fn changed(change: impl FnOnce(&mut Value)) -> Result<ResolvedDid, ResolveError> {
    let mut value = document(&web(), &key(1), &[key(2)], &[TCP.to_owned()]);
    change(&mut value);
    read_web(&value)
}

fn malformed(what: Malformed) -> Result<ResolvedDid, ResolveError> {
    Err(ResolveError::Malformed { did: web(), what })
}

fn mismatch(what: Mismatch) -> Result<ResolvedDid, ResolveError> {
    Err(ResolveError::Mismatch { did: web(), what })
}

#[tokio::test]
async fn a_published_document_resolves_over_https_at_its_well_known_place_and_at_a_path() {
    let host = Host::start().await;
    for (path, place) in [("", "/.well-known/did.json"), (":hubs:one", "/hubs/one/did.json")] {
        let did = host.did(path);
        host.serve(200, document(&did, &key(1), &[key(2), key(3)], &[TCP.to_owned(), QUIC.to_owned()]));
        let got = host.resolver().resolve(&did).await.unwrap();
        let assertion_keys =
            vec![VerificationKey { id: format!("{did}#{}", key(1).to_multibase()), key: key(1) }];
        let (transport_keys, addresses) = (vec![key(2), key(3)], vec![TCP.to_owned(), QUIC.to_owned()]);
        assert_eq!(
            *got,
            ResolvedDid { did, assertion_keys, transport_keys, addresses, name: None, read: got.read }
        );
        assert_eq!(host.asked().last().map(String::as_str), Some(place));
    }
}

#[test]
fn a_resolver_is_shown_without_the_answers_that_it_keeps() {
    let resolver = Resolver::new(Client::new(Policy::public()).unwrap(), CachePolicy::default());
    let shown = format!("{resolver:?}");
    assert!(shown.starts_with("Resolver { client: ") && !shown.contains("cache"), "{shown}");
}

#[tokio::test]
async fn a_host_inside_is_not_contacted_when_only_public_ones_may_be() {
    let host = Host::start().await;
    let did = host.did("");
    host.serve(200, document(&did, &key(1), &[], &[]));
    let policy = Policy { extra_roots: vec![host.root.clone()], ..Policy::public() };
    let resolver = Resolver::new(Client::new(policy).unwrap(), CachePolicy::default());
    assert_eq!(resolver.resolve(&did).await, Err(ResolveError::Inward { did }));
    let address = Did::parse(&format!("did:web:127.0.0.1%3A{}", host.port)).unwrap();
    assert_eq!(host.resolver().resolve(&address).await, Err(ResolveError::Inward { did: address }));
    assert_eq!(host.asked(), Vec::<String>::new());
}

#[tokio::test]
async fn each_way_to_fail_has_its_own_error() {
    let host = Host::start().await;
    let did = host.did("");
    let other = document(&web(), &key(1), &[], &[]);
    let large = " ".repeat(crate::DOCUMENT_BYTES_MAX + 1);
    for (status, body, wanted) in [
        (404, String::new(), ResolveError::NotFound { did: did.clone() }),
        (410, String::new(), ResolveError::NotFound { did: did.clone() }),
        (302, String::new(), ResolveError::Answered { did: did.clone(), status: 302 }),
        (500, large.clone(), ResolveError::Answered { did: did.clone(), status: 500 }),
        (200, large, ResolveError::Malformed { did: did.clone(), what: Malformed::TooLarge }),
        (200, other.to_string(), ResolveError::Mismatch { did: did.clone(), what: Mismatch::Id }),
        (200, json!({ "id": did.as_str() }).to_string(), ResolveError::NoKeys { did: did.clone() }),
    ] {
        host.serve(status, body);
        assert_eq!(host.resolver().resolve(&did).await, Err(wanted), "{status}");
    }
    // The certificate's authority is not trusted.
    let policy = Policy { reach: Reach::Anywhere, ..Policy::public() };
    let resolver = Resolver::new(Client::new(policy).unwrap(), CachePolicy::default());
    let error = FetchError::Certificate { host: "localhost".into() };
    assert_eq!(resolver.resolve(&did).await, Err(ResolveError::Unreachable { did, error }));
}

/// 1. A document is fetched and used until its time is over.
/// 2. Then the host is down: the old document is not used.
/// 3. The failure itself is kept for a short while, then the host is asked again.
#[tokio::test]
async fn a_document_is_used_for_its_time_and_never_beyond() {
    let host = Host::start().await;
    let (did, resolver, policy) = (host.did(""), host.resolver(), CachePolicy::default());
    let start = Instant::now();
    host.serve(200, document(&did, &key(1), &[], &[]));
    resolver.resolve_at(&did, start).await.unwrap();
    host.serve(503, "");
    assert!(resolver.resolve_at(&did, start + policy.ttl - Duration::from_nanos(1)).await.is_ok());
    assert_eq!(host.asked().len(), 1);

    let over = start + policy.ttl;
    let down = Err(ResolveError::Answered { did: did.clone(), status: 503 });
    assert_eq!(resolver.resolve_at(&did, over).await, down);
    host.serve(200, document(&did, &key(2), &[], &[]));
    assert_eq!(resolver.resolve_at(&did, over).await, down);
    assert_eq!(host.asked().len(), 2);

    let got = resolver.resolve_at(&did, over + policy.negative_ttl).await.unwrap();
    assert!(got.may_assert(&key(2)) && !got.may_assert(&key(1)));
    host.serve(200, document(&did, &key(3), &[], &[]));
    resolver.forget(&did);
    assert!(resolver.resolve_at(&did, over + policy.negative_ttl).await.unwrap().may_assert(&key(3)));
}

#[tokio::test]
async fn a_did_key_resolves_to_its_own_key_without_any_fetch() {
    let did = key(7).did();
    let resolver = Resolver::new(Client::new(Policy::public()).unwrap(), CachePolicy::default());
    let got = resolver.resolve(&did).await.unwrap();
    let assertion_keys =
        vec![VerificationKey { id: format!("{did}#{}", key(7).to_multibase()), key: key(7) }];
    let transport_keys = vec![key(7)];
    assert_eq!(
        *got,
        ResolvedDid {
            did,
            assertion_keys,
            transport_keys,
            addresses: Vec::new(),
            name: None,
            read: got.read
        }
    );
}

#[tokio::test]
async fn our_did_key_document_is_the_one_that_ssi_makes() {
    use ssi::dids::{DIDBuf, DIDKey, DIDResolver as _};
    let did = key(7).did();
    let ssi_did = DIDBuf::from_string(did.to_string()).unwrap();
    let theirs = DIDKey.resolve_representation(&ssi_did, Default::default()).await.unwrap();
    let theirs: Value = serde_json::from_slice(&theirs.document).unwrap();
    assert_eq!(document(&did, &key(7), &[key(8)], &[TCP.to_owned()]), theirs);
}

#[test]
fn a_vendor_document_has_the_terms_of_did_core() {
    let (vendor, replica) = (key(1).to_multibase(), key(2).to_multibase());
    let method = |text: &str| {
        json!({ "id": format!("did:web:hub.example#{text}"), "type": "Multikey",
                "controller": "did:web:hub.example", "publicKeyMultibase": text })
    };
    let wanted = json!({
        "@context": ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1"],
        "id": "did:web:hub.example",
        "verificationMethod": [method(&vendor), method(&replica)],
        "assertionMethod": [format!("did:web:hub.example#{vendor}")],
        "authentication": [format!("did:web:hub.example#{replica}")],
        "service": [{ "id": "did:web:hub.example#hub", "type": "FreeholdHub",
                      "serviceEndpoint": format!("multiaddr:{TCP}") }],
    });
    assert_eq!(document(&web(), &key(1), &[key(2)], &[TCP.to_owned()]), wanted);
    let alone = read_web(&document(&web(), &key(1), &[], &[])).unwrap();
    assert_eq!((alone.transport_keys, alone.addresses), (vec![key(1)], Vec::<String>::new()));
}

#[test]
fn json_web_keys_and_embedded_keys_are_read_and_other_key_types_passed_over() {
    let controller = "did:web:hub.example";
    let x = multibase::Base::Base64Url.encode(key(5).as_bytes());
    let got = read_web(&json!({
        "id": controller,
        "verificationMethod": [
            { "id": "did:web:hub.example#p256", "type": "Multikey", "controller": controller,
              "publicKeyMultibase": "zDnaerx9CtbPJ1q36T5Ln5wYt3MQYeGRG5ehnPAmxcf5mDZpv" },
            { "id": "did:web:hub.example#rsa", "type": "JsonWebKey", "controller": controller,
              "publicKeyJwk": { "kty": "RSA", "n": "AQAB", "e": "AQAB" } },
            { "id": "did:web:hub.example#jwk", "type": "JsonWebKey2020", "controller": controller,
              "publicKeyJwk": { "kty": "OKP", "crv": "Ed25519", "x": x } },
            { "id": "did:web:hub.example#new", "type": "SomethingNew2031", "controller": controller },
        ],
        "assertionMethod": ["#p256", "#rsa", "did:web:hub.example#jwk", "#jwk", "#new"],
        "authentication": [{ "id": "did:web:hub.example#own", "type": "Ed25519VerificationKey2020",
                             "controller": controller, "publicKeyMultibase": key(6).to_multibase() }],
    }));
    let got = got.unwrap();
    assert_eq!(got.assertion_keys, [VerificationKey { id: "did:web:hub.example#jwk".into(), key: key(5) }]);
    assert_eq!(got.transport_keys, [key(6)]);
}

#[test]
fn foreign_parts_refuse_the_document() {
    let method = |v: &mut Value, name: &str, text: &str| v["verificationMethod"][1][name] = json!(text);
    assert_eq!(changed(|v| v["id"] = json!("did:web:other.example")), mismatch(Mismatch::Id));
    assert_eq!(changed(|v| method(v, "controller", "did:web:other.example")), mismatch(Mismatch::Controller));
    assert_eq!(changed(|v| method(v, "id", "did:web:other.example#a")), mismatch(Mismatch::KeyId));
    assert_eq!(changed(|v| method(v, "id", "did:web:hub.example.evil#a")), mismatch(Mismatch::KeyId));
    let foreign = json!({ "id": "did:web:hub.example#e", "type": "Multikey", "controller": "did:web:other.example",
                          "publicKeyMultibase": key(9).to_multibase() });
    assert_eq!(changed(|v| v["authentication"][0] = foreign), mismatch(Mismatch::Controller));
    let reference = json!("did:web:other.example#a");
    assert_eq!(changed(|v| v["assertionMethod"][0] = reference), malformed(Malformed::Reference));
}

#[test]
fn weak_broken_and_secret_keys_refuse_the_document() {
    let set = |name: &'static str, value: Value| changed(move |v| v["verificationMethod"][0][name] = value);
    let multikey = |raw: [u8; 32]| {
        let bytes = [&[0xed, 0x01], raw.as_slice()].concat();
        json!(multibase::encode(multibase::Base::Base58Btc, bytes))
    };
    let mut small_order = [0; 32];
    small_order[0] = 1;
    let mut beyond_p = [0xff; 32];
    (beyond_p[0], beyond_p[31]) = (0xee, 0x7f);
    for (value, wanted) in [
        (multikey(small_order), KeyError::SmallOrder),
        (multikey(beyond_p), KeyError::NotCanonical),
        (json!(key(1).to_multibase().replace('z', "")), KeyError::Encoding),
        (json!(7), KeyError::Encoding),
    ] {
        assert_eq!(set("publicKeyMultibase", value), malformed(Malformed::Key(wanted)));
    }
    // A text that is too long for any key is another kind's and passed over, whatever it is.
    let zeros = |chars: usize| set("publicKeyMultibase", json!(format!("z{}", "0".repeat(chars - 1))));
    assert_eq!(zeros(64), malformed(Malformed::Key(KeyError::Encoding)));
    assert_eq!(zeros(65), Err(ResolveError::NoKeys { did: web() }));
    assert_eq!(set("secretKeyMultibase", json!("z1")), malformed(Malformed::SecretKey));
    assert_eq!(set("publicKeyJwk", json!({ "kty": "OKP", "d": "AA" })), malformed(Malformed::SecretKey));
    assert_eq!(set("publicKeyJwk", json!({ "kty": "OKP" })), malformed(Malformed::Ambiguous));
    let x = multibase::Base::Base64Url.encode(key(5).as_bytes());
    // The last character carries four bits of the key and two that must be zero.
    let last = x.chars().last().unwrap();
    let spare = format!("{}{}", &x[..42], char::from(last as u8 + 1));
    for (x, is_good) in
        [(x.clone(), true), (format!("{x}="), false), (spare, false), (x[..40].to_owned(), false)]
    {
        let jwk = json!({ "id": "did:web:hub.example#j", "type": "JsonWebKey", "controller": "did:web:hub.example",
                          "publicKeyJwk": { "kty": "OKP", "crv": "Ed25519", "x": x } });
        let got = changed(|v| v["assertionMethod"][0] = jwk);
        if is_good {
            assert!(got.unwrap().may_assert(&key(5)));
        } else {
            assert_eq!(got, malformed(Malformed::Key(KeyError::Encoding)), "{x}");
        }
    }
}

#[test]
fn revoked_and_expired_keys_do_not_count() {
    let set = |name: &'static str, time: &'static str| {
        changed(move |v| v["verificationMethod"][0][name] = json!(time))
    };
    let none = Err(ResolveError::NoKeys { did: web() });
    assert_eq!(set("revoked", "2020-01-01T00:00:00Z"), none);
    assert_eq!(set("expires", "2027-01-31T12:00:00Z"), none);
    assert_eq!(set("expires", "someday"), none);
    assert!(set("expires", "2027-01-31T12:00:01Z").unwrap().may_assert(&key(1)));
    assert!(set("revoked", "2028-01-01T00:00:00Z").unwrap().may_assert(&key(1)));
}

#[test]
fn repeated_ids_and_json_keys_refuse_the_document() {
    let got = changed(|v| v["verificationMethod"][1]["id"] = v["verificationMethod"][0]["id"].clone());
    assert_eq!(got, malformed(Malformed::Ambiguous));
    let embedded = json!({ "id": format!("did:web:hub.example#{}", key(1).to_multibase()), "type": "Multikey",
                           "controller": "did:web:hub.example", "publicKeyMultibase": key(9).to_multibase() });
    assert_eq!(changed(|v| v["assertionMethod"][0] = embedded), malformed(Malformed::Ambiguous));
    // Embedded twice under one id, with one key or with two.
    let twice = |first: u8, second: u8| {
        let method = |n| {
            json!({ "id": "did:web:hub.example#e", "type": "Multikey", "controller": "did:web:hub.example",
                    "publicKeyMultibase": key(n).to_multibase() })
        };
        changed(move |v| v["assertionMethod"] = json!([method(first), method(second)]))
    };
    assert!(twice(9, 9).unwrap().may_assert(&key(9)));
    assert_eq!(twice(9, 8), malformed(Malformed::Ambiguous));
    let text =
        document(&web(), &key(1), &[], &[]).to_string().replace(r#""id":"#, r#""id":"did:web:x","id":"#);
    let got = ResolvedDid::read(&web(), text.as_bytes(), now());
    let wanted = |what| matches!(what, Malformed::Json(JsonError::DuplicateKey { .. }));
    assert!(matches!(got, Err(ResolveError::Malformed { what, .. }) if wanted(what.clone())));
    assert_eq!(changed(|v| *v = json!({ "id": 7 })), malformed(Malformed::Shape));
}

#[test]
fn counts_are_limited() {
    let many = |n: usize, value: &Value| Value::Array(vec![value.clone(); n]);
    let too_many = |property, max| malformed(Malformed::TooMany { property, max });
    let methods = |v: &mut Value| v["verificationMethod"] = many(129, &v["verificationMethod"][0]);
    assert_eq!(changed(methods), too_many("verificationMethod", 128));
    assert_eq!(
        changed(|v| v["authentication"] = many(129, &v["authentication"][0])),
        too_many("authentication", 128)
    );
    assert_eq!(changed(|v| v["service"] = many(65, &v["service"][0])), too_many("service", 64));
    let endpoints = |n| (0..n).map(|i| format!("/ip4/9.9.9.9/tcp/{i}")).collect::<Vec<_>>();
    let got = changed(|v| v["service"][0]["serviceEndpoint"] = json!(endpoints(129)));
    assert_eq!(got, too_many("serviceEndpoint", 128));
    let got = changed(|v| v["service"][0]["serviceEndpoint"] = json!(endpoints(128)));
    assert_eq!(got.unwrap().addresses, endpoints(128));
}

#[test]
fn a_hub_has_addresses_of_both_spellings_and_perhaps_a_name() {
    let set = |name: &'static str, value: Value| changed(move |v| v["service"][0][name] = value);
    let both = json!([TCP, format!("multiaddr:{TCP}"), format!("multiaddr:{QUIC}")]);
    assert_eq!(set("serviceEndpoint", both).unwrap().addresses, [TCP, QUIC]);
    assert_eq!(set("type", json!(["Other", "FreeholdHub"])).unwrap().addresses, [TCP]);
    assert_eq!(set("type", json!("Other")).unwrap().addresses, Vec::<String>::new());
    let longest = format!("/{}", "a".repeat(319));
    assert_eq!(set("serviceEndpoint", json!(longest)).unwrap().addresses, [longest]);
    for bad in [
        json!("https://hub.example/"),
        json!({ "uri": TCP }),
        json!("/a b"),
        json!("/".repeat(321)),
        json!(""),
    ] {
        assert_eq!(set("serviceEndpoint", bad.clone()), malformed(Malformed::Service), "{bad}");
    }
    assert_eq!(set("name", json!("Müller Heizungsbau")).unwrap().name.as_deref(), Some("Müller Heizungsbau"));
    for bad in [json!(""), json!("x".repeat(129)), json!("a\u{1b}[2J"), json!(7)] {
        assert_eq!(set("name", bad.clone()), malformed(Malformed::Service), "{bad}");
    }
}
