//! `specs/connect.md`: introductions and problems.

use freehold_protocol::cbor;
use freehold_protocol::code::Code;
use freehold_protocol::connect::{Introduction, Problem};
use serde_json::json;

use crate::craft::{byte_string, head, key, key_hex, text_string};
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
    vec![
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
    let about = [text_string("about"), vec![9]].concat();
    let code = |number: Vec<u8>| [text_string("code"), number].concat();
    vec![
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
