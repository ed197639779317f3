//! `specs/identity.md`: keys, DIDs, signatures, DID documents, rotations.

mod documents;
mod rotations;
mod vendor_rotations;

use freehold_keystore::Seed;
use freehold_protocol::code::Code;
use freehold_protocol::connect::commitment;
use freehold_protocol::identity::PublicKey;
use serde_json::{Value, json};

use crate::craft::{
    PERSON, VENDOR, key, key_hex, malleable, mixed_order_key, mixed_order_r, seed_hex, small_order,
    small_order_r,
};
use crate::vector::{Vector, hex};

const PAGE: &str = "identity";

pub(super) fn vectors() -> Vec<Vector> {
    let made = [keys(), bad_keys(), texts(), bad_dids(), signatures()];
    let papers = [documents::vectors(), rotations::vectors(), vendor_rotations::vectors()];
    made.into_iter().chain(papers).flatten().collect()
}

fn keys() -> Vec<Vector> {
    let known = |name: &str, seed: u8, what: &str| {
        let public = key(seed).public();
        let peer_id = [&[0x00, 0x24, 0x08, 0x01, 0x12, 0x20], &public.as_bytes()[..]].concat();
        Vector::accept(PAGE, name, "identity, Data", what)
            .input("seed", json!({"seed": seed_hex(seed)}))
            .steps(json!({
                "publicKey": hex(public.as_bytes()),
                "multibase": public.to_multibase(),
                "did": public.did(),
                "method": format!("{}#{}", public.did(), public.to_multibase()),
                "peerId": hex(&peer_id),
                "commitment": hex(&commitment(&public)),
            }))
    };
    let words = format!("{}art", "abandon ".repeat(23));
    let home = Seed::from_words(&words).expect("the words of 32 bytes of zero");
    let derived = [
        ("freehold/1/relationship/0/0", home.relationship_key(0, 0)),
        ("freehold/1/relationship/11/2", home.relationship_key(11, 2)),
        ("freehold/1/vault-signing", home.vault_signing_key()),
        ("freehold/1/vendor/0", home.vendor_key(0)),
        ("freehold/1/vendor/1", home.vendor_key(1)),
        ("freehold/1/replica/3", home.replica_key(3)),
    ];
    let derived: serde_json::Map<String, Value> = derived
        .into_iter()
        .map(|(info, key)| {
            (
                info.to_owned(),
                json!({"seed": hex(&*key.danger_seed()), "publicKey": hex(key.public().as_bytes())}),
            )
        })
        .collect();
    let vault = hex(home.vault_key().as_slice());
    vec![
        known("key-of-the-page", VENDOR, "The key of the page, in every form."),
        known("key-of-the-person", PERSON, "The person's key of these vectors."),
        Vector::accept(
            PAGE,
            "derivation",
            "identity, Derivation",
            "The keys of the home whose seed is 32 bytes of zero.",
        )
        .input("derivation", json!({"home": hex(&[0; 32]), "words": words}))
        .steps(json!({"keys": derived, "vault": vault})),
    ]
}

fn bad_keys() -> Vec<Vector> {
    let case = |name: &str, what: &str, bytes: [u8; 32]| {
        Vector::reject(PAGE, name, None, "identity, rule 1", what).input("key", json!({"key": hex(&bytes)}))
    };
    let y = |low: u8, high: u8| {
        let mut bytes = [0xff; 32];
        (bytes[0], bytes[31]) = (low, high);
        bytes
    };
    let mut two = [0; 32];
    two[0] = 2;
    let mut one_signed = small_order(0);
    one_signed[31] = 0x80;
    let mut cases = vec![
        case("key-y-is-p", "y = p, another spelling of 0.", y(0xed, 0x7f)),
        case("key-y-is-p-plus-1", "y = p + 1, another spelling of 1, the neutral point.", y(0xee, 0x7f)),
        case("key-y-is-largest", "y = 2^255 - 1 with the sign bit.", y(0xff, 0xff)),
        case(
            "key-x-zero-with-sign",
            "x = 0 with the sign bit: another spelling of the neutral point.",
            one_signed,
        ),
        case("key-off-the-curve", "No point of the curve has this y.", two),
    ];
    for (place, order) in [1, 8, 4, 8, 2, 8, 4, 8].into_iter().enumerate() {
        let name = format!("key-small-order-{order}-{place}");
        let what = format!("The point {place} of the eight of small order; its order is {order}.");
        cases.push(case(&name, &what, small_order(place)));
    }
    cases
}

fn texts() -> Vec<Vector> {
    let raw = *key(VENDOR).public().as_bytes();
    let text =
        |base: multibase::Base, prefix: &[u8], raw: &[u8]| multibase::encode(base, [prefix, raw].concat());
    let b58 = multibase::Base::Base58Btc;
    let good = text(b58, &[0xed, 1], &raw);
    let case = |name: &str, what: &str, text: String| {
        Vector::reject(PAGE, name, None, "identity, Keys", what).input("multibase", json!({"text": text}))
    };
    vec![
        case(
            "multibase-base64url",
            "The key in another base.",
            text(multibase::Base::Base64Url, &[0xed, 1], &raw),
        ),
        case(
            "multibase-hex",
            "The key in hexadecimal.",
            text(multibase::Base::Base16Lower, &[0xed, 1], &raw),
        ),
        case("multibase-other-codec", "A key for X25519.", text(b58, &[0xec, 1], &raw)),
        case("multibase-no-codec", "The 32 bytes alone.", text(b58, &[], &raw)),
        case("multibase-31-bytes", "A byte too few.", text(b58, &[0xed, 1], &raw[..31])),
        case("multibase-33-bytes", "A byte too many.", text(b58, &[0xed, 1], &[&raw[..], &[0]].concat())),
        case(
            "multibase-small-order",
            "A key of small order as text.",
            text(b58, &[0xed, 1], &small_order(4)),
        ),
        case("multibase-blank", "A blank at the end.", format!("{good} ")),
        case("multibase-no-prefix", "Without the letter of the base.", good[1..].to_owned()),
    ]
}

fn bad_dids() -> Vec<Vector> {
    let own = key(VENDOR).public().did();
    let case = |name: &str, what: &str, text: String| {
        Vector::reject(PAGE, name, None, "identity, DIDs", what).input("did", json!({"text": text}))
    };
    let good = |name: &str, what: &str, text: &str| {
        Vector::accept(PAGE, name, "identity, DIDs", what).input("did", json!({"text": text}))
    };
    vec![
        good("did-web", "A host.", "did:web:shop.example"),
        good(
            "did-web-port-and-path",
            "A host with a port and a path.",
            "did:web:hub.shop.example%3A8443:customers:one_2.a",
        ),
        case(
            "did-fragment",
            "A key of a DID is not the DID.",
            format!("{own}#{}", key(VENDOR).public().to_multibase()),
        ),
        case("did-query", "A query.", format!("{own}?a=1")),
        case("did-upper-case", "The scheme in upper case.", own.as_str().replace("did:key", "DID:KEY")),
        case("did-other-method", "Another method.", "did:plc:ewvi7nxzyoun6zhxrhs64oiz".into()),
        case(
            "did-key-small-order",
            "A did:key of small order.",
            format!(
                "did:key:{}",
                multibase::encode(multibase::Base::Base58Btc, [&[0xed, 1][..], &small_order(0)].concat())
            ),
        ),
        case("did-web-upper-case", "A host in upper case.", "did:web:Shop.example".into()),
        case("did-web-empty", "No host.", "did:web:".into()),
        case("did-web-traversal", "A path that goes up.", "did:web:shop.example:..:admin".into()),
        case("did-web-slash", "A path with slashes.", "did:web:shop.example/a".into()),
        case("did-web-port-0", "Port 0.", "did:web:shop.example%3A0".into()),
        case(
            "did-web-port-leading-zero",
            "A port with a leading zero.",
            "did:web:shop.example%3A0443".into(),
        ),
        case(
            "did-web-homograph",
            "A Cyrillic letter that looks like `e`.",
            "did:web:shop.\u{435}xample".into(),
        ),
        case("did-web-user", "A user before the host.", "did:web:a@shop.example".into()),
        case("did-too-long", "513 bytes.", format!("did:web:shop.example:{}", "a".repeat(492))),
    ]
}

fn signatures() -> Vec<Vector> {
    let message = b"freehold";
    let signature = key(PERSON).sign(message);
    let input = |key: String, message: &[u8], signature: &[u8]| json!({"key": key, "message": hex(message), "signature": hex(signature)});
    let good = |name: &str, what: &str, input: Value| {
        Vector::accept(PAGE, name, "identity, rule 2", what).input("signature", input)
    };
    let bad = |name: &str, what: &str, signature: &[u8]| {
        Vector::reject(PAGE, name, Code::BadSignature, "identity, rule 2", what)
            .input("signature", input(key_hex(PERSON), message, signature))
    };
    let (mixed, mixed_message, mixed_signature) = mixed_order_key(PERSON);
    assert!(PublicKey::from_bytes(&mixed).is_ok(), "a key of mixed order is no key of small order");
    let mut large_s = signature;
    large_s[32..].fill(0xff);
    let mut r_not_canonical = signature;
    r_not_canonical[..32].fill(0xff);
    (r_not_canonical[0], r_not_canonical[31]) = (0xee, 0x7f);
    let mut flipped = signature;
    flipped[63] ^= 0x20;
    vec![
        good("signature", "A signature.", input(key_hex(PERSON), message, &signature)),
        good(
            "signature-of-nothing",
            "A signature of no bytes.",
            input(key_hex(PERSON), b"", &key(PERSON).sign(b"")),
        ),
        good(
            "signature-mixed-order-key",
            "The key has a part of small order; the equation holds without the cofactor.",
            input(hex(&mixed), &mixed_message, &mixed_signature),
        ),
        bad("signature-malleable", "S + L: the group's order added to S.", &malleable(signature)),
        bad("signature-s-far-too-large", "S of all ones.", &large_s),
        bad("signature-s-bit-flipped", "One bit of S.", &flipped),
        bad("signature-small-order-r", "R of small order, S = 0.", &small_order_r(1)),
        bad("signature-neutral-r", "R the neutral point, S = 0.", &small_order_r(0)),
        bad(
            "signature-mixed-order-r",
            "R of mixed order: holds with the cofactor alone.",
            &mixed_order_r(PERSON, message),
        ),
        bad("signature-r-not-canonical", "R with y = p + 1.", &r_not_canonical),
        bad("signature-zero", "64 zeros.", &[0; 64]),
        bad("signature-of-another-message", "Signed something else.", &key(PERSON).sign(b"freehold ")),
        bad("signature-of-another-key", "Signed by somebody else.", &key(VENDOR).sign(message)),
        bad("signature-63-bytes", "A byte too few.", &signature[..63]),
        bad("signature-65-bytes", "A byte too many.", &[&signature[..], &[0]].concat()),
        bad("signature-empty", "No signature.", &[]),
    ]
}
