//! Frames in every other form.

use freehold_protocol::code::Code;
use serde_json::json;

use super::PAGE;
use crate::craft::{byte_string, head, text_string};
use crate::vector::{Vector, hex};

pub(super) fn vectors() -> Vec<Vector> {
    let good = ack(&[7]);
    let versions = || ("versions", vec![0x81, 1]);
    let families = || ("families", vec![0x80]);
    let stored = || ("stored", vec![0]);
    let keyed = |key: &[u8]| [head(5, 1), key.to_vec(), head(5, 1), text_string("stored"), vec![7]].concat();
    let deep = [
        head(5, 1),
        text_string("ack"),
        head(5, 2),
        text_string("later"),
        vec![0x81; 15],
        vec![0],
        text_string("stored"),
        vec![7],
    ]
    .concat();
    let twice =
        [head(5, 1), text_string("ack"), head(5, 2), [text_string("stored"), vec![7]].concat().repeat(2)]
            .concat();
    let sixteen = |n: usize| ("invitation", byte_string(&vec![0; n]));
    let many = |n: usize, item: Vec<u8>| [head(4, n), item.repeat(n)].concat();
    let cases: Vec<(&str, Vec<u8>, Code, &str)> = vec![
        ("long-integer", ack(&[0x18, 7]), Code::Malformed, "7 in two bytes."),
        ("long-integer-8", ack(&[0x1b, 0, 0, 0, 0, 0, 0, 0, 7]), Code::Malformed, "7 in nine bytes."),
        (
            "long-text-length",
            keyed(&[0x78, 3, b'a', b'c', b'k']),
            Code::Malformed,
            "The length of a text in two bytes.",
        ),
        (
            "unsorted-keys",
            hello_of(&[versions(), families(), stored()]),
            Code::Malformed,
            "Keys not ordered by length.",
        ),
        (
            "unsorted-keys-same-length",
            hello_of(&[stored(), versions(), families()]),
            Code::Malformed,
            "Keys of one length not ordered by their bytes.",
        ),
        ("duplicate-key", twice, Code::Malformed, "A key that stands twice."),
        (
            "indefinite-map",
            [vec![0xbf], good[1..].to_vec(), vec![0xff]].concat(),
            Code::Malformed,
            "A map of indefinite length.",
        ),
        (
            "indefinite-text",
            keyed(&[0x7f, 0x63, b'a', b'c', b'k', 0xff]),
            Code::Malformed,
            "A text in pieces.",
        ),
        (
            "indefinite-bytes",
            [head(5, 1), text_string("message"), vec![0x5f, 0x41, 0, 0xff]].concat(),
            Code::Malformed,
            "A byte string in pieces.",
        ),
        (
            "indefinite-list",
            hello_of(&[stored(), families(), ("versions", vec![0x9f, 1, 0xff])]),
            Code::Malformed,
            "A list of indefinite length.",
        ),
        ("trailing-bytes", [good.clone(), vec![0]].concat(), Code::Malformed, "Something follows the value."),
        ("cut", good[..good.len() - 1].to_vec(), Code::Malformed, "The last byte is missing."),
        (
            "length-beyond-the-end",
            [head(5, 1), text_string("message"), vec![0x5a, 0x7f, 0xff, 0xff, 0xff]].concat(),
            Code::Malformed,
            "A length of two GiB in a short frame; nothing may be allocated for it.",
        ),
        (
            "bad-utf-8",
            hello_of(&[stored(), ("families", vec![0x81, 0x62, 0xff, 0xfe]), versions()]),
            Code::Malformed,
            "A text that is no UTF-8.",
        ),
        (
            "surrogate-in-utf-8",
            hello_of(&[stored(), ("families", vec![0x81, 0x63, 0xed, 0xa0, 0x80]), versions()]),
            Code::Malformed,
            "Half a surrogate pair written as UTF-8.",
        ),
        ("deep-nesting", deep, Code::TooLarge, "Seventeen levels."),
        (
            "float-for-integer",
            ack(&[0xfb, 0x40, 0x1c, 0, 0, 0, 0, 0, 0]),
            Code::Malformed,
            "7.0 where an integer is meant.",
        ),
        ("half-float", ack(&[0xf9, 0x47, 0]), Code::Malformed, "A float of two bytes."),
        ("negative", ack(&[0x20]), Code::Malformed, "A negative number where an unsigned one is meant."),
        ("bignum", ack(&[0xc2, 0x41, 7]), Code::Malformed, "7 as a tagged byte string."),
        ("undefined", ack(&[0xf7]), Code::Malformed, "`undefined`, which DAG-CBOR has not."),
        (
            "null-for-optional",
            hello_of(&[stored(), families(), versions(), ("invitation", vec![0xf6])]),
            Code::Malformed,
            "A member without a value is left out, not null.",
        ),
        ("integer-key", keyed(&[1]), Code::Malformed, "Keys are texts."),
        (
            "text-for-bytes",
            [head(5, 1), text_string("message"), text_string("abc")].concat(),
            Code::Malformed,
            "A text where bytes are meant.",
        ),
        (
            "two-choices",
            [
                head(5, 2),
                text_string("ack"),
                good[5..].to_vec(),
                text_string("bye"),
                head(5, 1),
                text_string("code"),
                vec![0],
            ]
            .concat(),
            Code::Malformed,
            "A choice is a map of one key.",
        ),
        (
            "unknown-choice",
            [head(5, 1), text_string("nak"), good[5..].to_vec()].concat(),
            Code::Malformed,
            "No such frame.",
        ),
        (
            "missing-member",
            [head(5, 1), text_string("ack"), head(5, 0)].concat(),
            Code::Malformed,
            "A required member is missing.",
        ),
        ("other-protocol", b"GET / HTTP/1.1\r\n\r\n".to_vec(), Code::Malformed, "Another protocol."),
        (
            "token-of-15-bytes",
            hello_of(&[stored(), families(), versions(), sixteen(15)]),
            Code::Malformed,
            "A token has 16 bytes.",
        ),
        (
            "too-many-versions",
            hello_of(&[stored(), families(), ("versions", many(17, vec![1]))]),
            Code::TooLarge,
            "17 versions.",
        ),
        (
            "too-many-families",
            hello_of(&[stored(), ("families", many(65, text_string("a/1"))), versions()]),
            Code::TooLarge,
            "65 families.",
        ),
        (
            "family-name-too-long",
            hello_of(&[stored(), ("families", many(1, text_string(&"a".repeat(65)))), versions()]),
            Code::TooLarge,
            "A family's name of 65 bytes.",
        ),
    ];
    let vector = |(name, bytes, code, what): (&str, Vec<u8>, Code, &str)| {
        let rule = if code == Code::TooLarge { "numbers, Limits" } else { "encoding, rule 2" };
        Vector::reject(PAGE, name, code, rule, what).input("frame", json!({"bytes": hex(&bytes)}))
    };
    cases.into_iter().map(vector).collect()
}

/// `{"ack": {"stored": …}}` with whatever bytes for the number.
fn ack(number: &[u8]) -> Vec<u8> {
    [head(5, 1), text_string("ack"), head(5, 1), text_string("stored"), number.to_vec()].concat()
}

/// A hello with these members in this order.
fn hello_of(members: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let inner: Vec<u8> =
        members.iter().flat_map(|(name, value)| [text_string(name), value.clone()].concat()).collect();
    [head(5, 1), text_string("hello"), head(5, members.len()), inner].concat()
}
