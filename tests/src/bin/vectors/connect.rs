//! `specs/connect.md`: introductions, problems and vendors' rotations.

use freehold_protocol::cbor;
use freehold_protocol::code::Code;
use freehold_protocol::connect::{Introduction, Problem, VendorMoves};
use serde_json::json;

use crate::craft::{byte_string, head, key, key_hex, text_string};
use crate::paper::{text, vendor_rotation};
use crate::vector::{Vector, hex};

const PAGE: &str = "connect";

pub(super) fn vectors() -> Vec<Vector> {
    good().into_iter().chain(bad()).collect()
}

fn good() -> Vec<Vector> {
    let introduction = |name: &str, said: Option<&str>, what: &str| {
        let next = key(3).public();
        let body = cbor::encode(&Introduction::new(said.map(str::to_owned), &next));
        let mut input = json!({"nextPublicKey": key_hex(3)});
        if let Some(said) = said {
            input["name"] = said.into();
        }
        let commitment = freehold_protocol::connect::commitment(&next);
        Vector::accept(PAGE, name, "connect, Data", what)
            .input("introduction", input)
            .steps(json!({"nextKey": hex(&commitment), "body": hex(&body)}))
    };
    let problem = |name: &str, code: Code, about: u64, what: &str| {
        let body = cbor::encode(&Problem { code, about });
        Vector::accept(PAGE, name, "connect, Data", what)
            .input("problem", json!({"code": code.number(), "about": about}))
            .steps(json!({"body": hex(&body)}))
    };
    let moves = |name: &str, addresses: &[String], what: &str| {
        let document = vendor_rotation().bytes().to_vec();
        let body = cbor::encode(&VendorMoves { document, addresses: addresses.to_vec() });
        let input = json!({"document": text(&vendor_rotation()), "addresses": addresses});
        Vector::accept(PAGE, name, "connect, Data", what)
            .input("vendorRotationBody", input)
            .steps(json!({"body": hex(&body)}))
    };
    vec![
        moves(
            "vendor-rotation",
            &["/dns4/hub.shop.example/udp/4102/quic-v1".into(), "/ip4/192.0.2.7/tcp/4102".into()],
            "A vendor says that it has moved, and where its hub is now.",
        ),
        moves(
            "vendor-rotation-longest-addresses",
            &std::array::from_fn::<_, 8, _>(|_| address_of(320)),
            "Eight addresses of 320 bytes.",
        ),
        introduction(
            "introduction-of-a-person",
            None,
            "The introduction of the page: a person says no name.",
        ),
        introduction("introduction-of-a-vendor", Some("Acme Plumbing"), "A vendor says its name."),
        introduction("introduction-longest-name", Some(&"é".repeat(512)), "A name of 1,024 bytes."),
        problem("problem", Code::NotInScope, 9, "The problem of the page."),
        problem(
            "problem-unknown-code",
            Code::Unknown(999),
            9,
            "A code that nobody knows yet is kept as it came.",
        ),
    ]
}

/// An address of so many bytes.
fn address_of(bytes: usize) -> String {
    let (before, behind) = ("/dns4/", "/udp/4102/quic-v1");
    format!("{before}{}{behind}", "a".repeat(bytes - before.len() - behind.len()))
}

fn bad() -> Vec<Vector> {
    let commitment = freehold_protocol::connect::commitment(&key(3).public());
    let next = [text_string("nextKey"), byte_string(&commitment)].concat();
    let named = |name: Vec<u8>| [head(5, 2), text_string("name"), name, next.clone()].concat();
    let case = |name: &str, code: Code, what: &str, body: Vec<u8>| {
        Vector::reject(PAGE, name, code, "connect, Data", what)
            .input("introduction", json!({"body": hex(&body)}))
    };
    let problem = |name: &str, what: &str, body: Vec<u8>| {
        Vector::reject(PAGE, name, Code::Malformed, "connect, Data", what)
            .input("problem", json!({"body": hex(&body)}))
    };
    let moves = |name: &str, what: &str, addresses: &[&str]| {
        let addresses = addresses.iter().map(|address| (*address).to_owned()).collect();
        let body = cbor::encode(&VendorMoves { document: vendor_rotation().bytes().to_vec(), addresses });
        Vector::reject(PAGE, name, Code::Malformed, "connect, Data", what)
            .input("vendorRotationBody", json!({"body": hex(&body)}))
    };
    let longer = address_of(321);
    let about = [text_string("about"), vec![9]].concat();
    let code = |number: Vec<u8>| [text_string("code"), number].concat();
    vec![
        moves("vendor-rotation-without-an-address", "It does not say where the hub is.", &[]),
        moves("vendor-rotation-nine-addresses", "An address too many.", &["/ip4/192.0.2.7/tcp/4102"; 9]),
        moves("vendor-rotation-address-too-long", "An address of 321 bytes.", &[&longer]),
        moves("vendor-rotation-address-empty", "An address of nothing.", &[""]),
        moves("vendor-rotation-address-with-blank", "A blank in an address.", &["/ip4/192.0.2.7 /tcp/4102"]),
        moves("vendor-rotation-address-of-a-host", "A name is no multiaddr.", &["hub.shop.example:4102"]),
        case("commitment-missing", Code::Malformed, "No commitment to a next key.", head(5, 0)),
        case(
            "commitment-of-31-bytes",
            Code::Malformed,
            "A commitment of 31 bytes.",
            [head(5, 1), text_string("nextKey"), byte_string(&commitment[..31])].concat(),
        ),
        case(
            "commitment-as-text",
            Code::Malformed,
            "A commitment in hexadecimal.",
            [head(5, 1), text_string("nextKey"), text_string(&hex(&commitment))].concat(),
        ),
        case(
            "name-null",
            Code::Malformed,
            "A name that is not there is left out, not null.",
            named(vec![0xf6]),
        ),
        case(
            "name-too-long",
            Code::TooLarge,
            "A name of 1,025 bytes.",
            named(text_string(&"a".repeat(1_025))),
        ),
        case(
            "name-with-control-character",
            Code::Malformed,
            "A name that moves the cursor.",
            named(text_string("Acme\u{1b}[2J")),
        ),
        case(
            "name-turns-direction",
            Code::Malformed,
            "A name that turns the direction of writing.",
            named(text_string("Acme\u{202e}moc.knab")),
        ),
        case("name-bad-utf-8", Code::Malformed, "A name that is no UTF-8.", named(vec![0x62, 0xc3, 0x28])),
        case(
            "unsorted",
            Code::Malformed,
            "The longer key first.",
            [head(5, 2), next.clone(), text_string("name"), text_string("A")].concat(),
        ),
        problem(
            "problem-without-sequence",
            "It does not say which message.",
            [head(5, 1), code(vec![0x19, 1, 0x91])].concat(),
        ),
        problem(
            "problem-code-as-text",
            "A code is a number.",
            [head(5, 2), code(text_string("not-in-scope")), about.clone()].concat(),
        ),
        problem(
            "problem-code-beyond-16-bits",
            "A code has 16 bits.",
            [head(5, 2), code(vec![0x1a, 0, 1, 0, 0]), about].concat(),
        ),
    ]
}
