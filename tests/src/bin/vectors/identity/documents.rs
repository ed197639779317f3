//! DID documents.

use serde_json::{Value, json};

use super::PAGE;
use crate::craft::{NOW, STRANGER, VENDOR, key, small_order};
use crate::paper::base58;
use crate::vector::{Vector, hex};

const DID: &str = "did:web:shop.example";
const REPLICA: u8 = 2;

/// The URL and the multibase text of a key.
fn named(seed: u8) -> (String, String) {
    let text = key(seed).public().to_multibase();
    (format!("{DID}#{text}"), text)
}

fn method(seed: u8) -> Value {
    let (id, text) = named(seed);
    json!({"id": id, "type": "Multikey", "controller": DID, "publicKeyMultibase": text})
}

/// The `x` of a JSON Web Key.
fn x(seed: u8) -> String {
    multibase::Base::Base64Url.encode(key(seed).public().as_bytes())
}

fn jwk(id: &str, jwk: Value) -> Value {
    json!({"id": format!("{DID}#{id}"), "type": "JsonWebKey", "controller": DID, "publicKeyJwk": jwk})
}

/// The document of the page: one key signs, one hub's replica listens.
fn page() -> Value {
    json!({
        "@context": ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1"],
        "id": DID,
        "verificationMethod": [method(VENDOR), method(REPLICA)],
        "assertionMethod": [named(VENDOR).0],
        "authentication": [named(REPLICA).0],
        "service": [{"id": format!("{DID}#hub"), "type": "FreeholdHub",
            "serviceEndpoint": ["multiaddr:/dns4/hub.shop.example/udp/4101/quic-v1"]}],
    })
}

fn input(document: &str) -> Value {
    json!({"did": DID, "document": document, "now": NOW})
}

/// A document that is read: who may sign, who may listen, and where.
fn good(name: &str, what: &str, document: &Value, keys: [&[(String, u8)]; 2], addresses: &[&str]) -> Vector {
    let [asserting, listening] = keys;
    let asserting: Vec<Value> = asserting
        .iter()
        .map(|(id, seed)| json!({"id": id, "key": hex(key(*seed).public().as_bytes())}))
        .collect();
    let listening: Vec<String> =
        listening.iter().map(|(_, seed)| hex(key(*seed).public().as_bytes())).collect();
    Vector::accept(PAGE, name, "identity, The DID document of a vendor with a `did:web`", what)
        .input("didDocument", input(&document.to_string()))
        .steps(json!({"assertionKeys": asserting, "transportKeys": listening, "addresses": addresses}))
}

pub(super) fn vectors() -> Vec<Vector> {
    accepted().into_iter().chain(rejected()).collect()
}

fn accepted() -> Vec<Vector> {
    let with = |change: &dyn Fn(&mut Value)| {
        let mut document = page();
        change(&mut document);
        document
    };
    let (vendor, replica) = (vec![(named(VENDOR).0, VENDOR)], vec![(named(REPLICA).0, REPLICA)]);
    let address = "/dns4/hub.shop.example/udp/4101/quic-v1";
    let keys: [&[(String, u8)]; 2] = [&vendor, &replica];
    let by_jwk = [(format!("{DID}#signing"), STRANGER)];
    vec![
        good("did-document", "The document of the page.", &page(), keys, &[address]),
        good(
            "did-document-json-web-key",
            "The signing key as a JSON Web Key of RFC 8037.",
            &with(&|d| {
                d["verificationMethod"][0] =
                    jwk("signing", json!({"kty": "OKP", "crv": "Ed25519", "x": x(STRANGER)}));
                d["assertionMethod"] = json!(["#signing"]);
            }),
            [&by_jwk, &replica],
            &[address],
        ),
        good(
            "did-document-embedded-key",
            "The replica's key stands in `authentication` itself.",
            &with(&|d| {
                d["verificationMethod"] = json!([method(VENDOR)]);
                d["authentication"] = json!([method(REPLICA)]);
            }),
            keys,
            &[address],
        ),
        good(
            "did-document-other-key-types",
            "Keys of other types are passed over.",
            &with(&|d| {
                let p256 = json!({"kty": "EC", "crv": "P-256", "x": x(3), "y": x(4)});
                let later =
                    json!({"id": format!("{DID}#later"), "type": "SomethingNew2031", "controller": DID});
                d["verificationMethod"] = json!([jwk("p256", p256), method(VENDOR), method(REPLICA), later]);
                d["assertionMethod"] = json!(["#p256", named(VENDOR).0, "#later"]);
            }),
            keys,
            &[address],
        ),
        good(
            "did-document-expired-key",
            "A second signing key has expired, a third was revoked: neither counts.",
            &with(&|d| {
                let ended = |seed: u8, member: &str| {
                    let mut method = method(seed);
                    method[member] = json!("2026-11-24T11:59:59Z");
                    method
                };
                let third = ended(5, "revoked");
                d["verificationMethod"] =
                    json!([method(VENDOR), method(REPLICA), ended(STRANGER, "expires"), third]);
                d["assertionMethod"] = json!([named(VENDOR).0, named(STRANGER).0, named(5).0]);
            }),
            keys,
            &[address],
        ),
        good(
            "did-document-services",
            "Services of other types are passed over; endpoints of two hubs come together, each once.",
            &with(&|d| {
                let hub = |n: u8, endpoint: Value| json!({"id": format!("{DID}#hub-{n}"), "type": "FreeholdHub", "serviceEndpoint": endpoint});
                d["service"] = json!([
                    {"id": format!("{DID}#web"), "type": "LinkedDomains", "serviceEndpoint": "https://shop.example"},
                    hub(1, json!(format!("multiaddr:{address}"))),
                    hub(2, json!([format!("multiaddr:{address}"), "multiaddr:/ip4/192.0.2.7/tcp/4101"])),
                ]);
            }),
            keys,
            &[address, "/ip4/192.0.2.7/tcp/4101"],
        ),
        good(
            "did-document-without-a-hub",
            "No service: the invitation says where the hub is.",
            &with(&|d| drop(d.as_object_mut().expect("an object").remove("service"))),
            keys,
            &[],
        ),
    ]
}

fn rejected() -> Vec<Vector> {
    let bad = |name: &str, what: &str, document: String| {
        Vector::reject(PAGE, name, None, "identity, rule 7", what).input("didDocument", input(&document))
    };
    let otherwise = |name: &str, what: &str, change: &dyn Fn(&mut Value)| {
        let mut document = page();
        change(&mut document);
        bad(name, what, document.to_string())
    };
    let first = |change: &dyn Fn(&mut Value)| {
        let mut method = method(VENDOR);
        change(&mut method);
        json!([method, self::method(REPLICA)])
    };
    let weak = base58(&[&[0xed, 1][..], &small_order(4)].concat());
    let repeated = page().to_string().replacen("{\"", "{\"id\":\"did:web:other.example\",\"", 1);
    vec![
        otherwise("did-document-other-id", "It is another DID's.", &|d| {
            d["id"] = json!("did:web:other.example");
        }),
        otherwise("did-document-other-controller", "A key is controlled by another DID.", &|d| {
            d["verificationMethod"] = first(&|m| m["controller"] = json!("did:web:other.example"));
        }),
        otherwise("did-document-key-of-another", "A key has the id of another DID.", &|d| {
            d["verificationMethod"] =
                first(&|m| m["id"] = json!(format!("did:web:other.example#{}", named(VENDOR).1)));
        }),
        otherwise("did-document-key-id-twice", "Two keys under one id.", &|d| {
            let mut second = method(STRANGER);
            second["id"] = json!(named(VENDOR).0);
            d["verificationMethod"] = json!([method(VENDOR), second, method(REPLICA)]);
        }),
        otherwise("did-document-reference-to-nothing", "A key is named that is not listed.", &|d| {
            d["assertionMethod"] = json!([named(STRANGER).0]);
        }),
        otherwise("did-document-secret-key", "A secret key stands beside the public one.", &|d| {
            d["verificationMethod"] = first(&|m| {
                m["secretKeyMultibase"] = json!("z3u2en7t5LR2WtQH5PfFqMqwVHgeXouLzo6haApm8XHqvjxq")
            });
        }),
        otherwise("did-document-secret-in-json-web-key", "A JSON Web Key with `d`.", &|d| {
            d["verificationMethod"] = json!([
                jwk("signing", json!({"kty": "OKP", "crv": "Ed25519", "x": x(VENDOR), "d": x(VENDOR)})),
                method(REPLICA),
            ]);
            d["assertionMethod"] = json!(["#signing"]);
        }),
        otherwise("did-document-padded-json-web-key", "Another spelling of the same key.", &|d| {
            d["verificationMethod"] = json!([
                jwk("signing", json!({"kty": "OKP", "crv": "Ed25519", "x": format!("{}=", x(VENDOR))})),
                method(REPLICA),
            ]);
            d["assertionMethod"] = json!(["#signing"]);
        }),
        otherwise("did-document-key-of-small-order", "A key of small order.", &|d| {
            d["verificationMethod"] = first(&|m| m["publicKeyMultibase"] = json!(weak));
        }),
        otherwise("did-document-key-twice-over", "One key in two forms.", &|d| {
            d["verificationMethod"] =
                first(&|m| m["publicKeyJwk"] = json!({"kty": "OKP", "crv": "Ed25519", "x": x(VENDOR)}));
        }),
        otherwise("did-document-nobody-signs", "No key under `assertionMethod`.", &|d| {
            d["assertionMethod"] = json!([]);
        }),
        otherwise("did-document-only-expired-keys", "The only signing key has expired.", &|d| {
            d["verificationMethod"] = first(&|m| m["expires"] = json!("2026-11-24T11:59:59Z"));
        }),
        otherwise("did-document-endpoint-no-multiaddr", "An endpoint that is no multiaddr.", &|d| {
            d["service"][0]["serviceEndpoint"] = json!("https://hub.shop.example");
        }),
        bad("did-document-repeated-member", "`id` twice.", repeated),
        bad(
            "did-document-cut",
            "A document without its end.",
            page().to_string().trim_end_matches('}').to_owned(),
        ),
    ]
}
