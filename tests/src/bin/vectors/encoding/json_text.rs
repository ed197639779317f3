//! JSON texts that other parsers read in more than one way.

use freehold_protocol::code::Code;
use freehold_protocol::json;
use serde_json::json;

use super::PAGE;
use crate::vector::{Vector, hex};

pub(super) fn vectors() -> Vec<Vector> {
    good().into_iter().chain(bad()).chain(bad_bytes()).collect()
}

fn good() -> Vec<Vector> {
    let nested = format!("{}1{}", "[".repeat(16), "]".repeat(16));
    let cases: [(&str, &str, &str); 7] = [
        (
            "key-order-utf-16",
            "{\"\u{fb33}\":1,\"\u{1f600}\":2}",
            "Keys are ordered by UTF-16 code units: U+1F600 begins with D83D and stands before U+FB33.",
        ),
        (
            "key-order-prefix",
            r#"{"ab":1,"a":2,"B":3,"":4}"#,
            "The empty key first, upper case before lower, a prefix before what is longer.",
        ),
        (
            "escapes",
            r#"{"a":"\u20ac\/\u000f\n\u001F\u0022"}"#,
            "The shortest escapes: only what must be escaped is, in lower case.",
        ),
        ("integer-largest", r#"{"a":9007199254740991,"b":-9007199254740991}"#, "2^53 - 1 and its negative."),
        ("white-space", " { \"b\" : [ 1 , 2 ] ,\n\t\"a\" : null } ", "White space between the tokens goes."),
        (
            "not-normalised",
            "{\"\u{212b}\":\"A\u{30a}\"}",
            "Characters are not normalised: U+212B stays, and so does A with a combining ring.",
        ),
        ("nesting-16-json", &nested, "Sixteen levels are taken."),
    ];
    let vector = |(name, text, what): (&str, &str, &str)| {
        let value = json::parse(text).expect("a text to accept");
        let canonical = json::canonical(&value);
        Vector::accept(PAGE, name, "encoding, rule 6", what)
            .input("canonicalize", json!({"text": text}))
            .steps(json!({"canonical": canonical, "bytes": hex(canonical.as_bytes())}))
    };
    cases.into_iter().map(vector).collect()
}

fn bad() -> Vec<Vector> {
    let deep = format!("{}1{}", "[".repeat(17), "]".repeat(17));
    let cases: [(&str, &str, &str); 24] = [
        ("number-exponent", r#"{"a":1e3}"#, "An exponent. Others read 1000."),
        ("number-fraction", r#"{"a":1.0}"#, "A fraction, even of nothing. Others read 1."),
        ("number-minus-zero", r#"{"a":-0}"#, "-0. Others read 0."),
        ("number-2-to-the-53", r#"{"a":9007199254740992}"#, "2^53, which others confuse with 2^53 + 1."),
        ("number-2-to-the-53-plus-1", r#"{"a":9007199254740993}"#, "2^53 + 1, which others read as 2^53."),
        ("number-beyond-64-bits", r#"{"a":18446744073709551617}"#, "2^64 + 1."),
        ("number-leading-zero", r#"{"a":07}"#, "A leading zero."),
        ("number-plus", r#"{"a":+7}"#, "A plus sign."),
        ("number-nan", r#"{"a":NaN}"#, "No number."),
        ("lone-surrogate", r#"{"a":"\ud800"}"#, "Half a surrogate pair: no UTF-8 holds it."),
        ("surrogates-swapped", r#"{"a":"\udc00\ud800"}"#, "The halves in the wrong order."),
        (
            "duplicate-key-json",
            r#"{"a":1,"a":2}"#,
            "A key that stands twice. Others keep the first or the last.",
        ),
        ("duplicate-key-escaped", r#"{"a":1,"\u0061":2}"#, "A key that stands twice, once escaped."),
        ("duplicate-key-within", r#"{"a":{"b":1,"b":1}}"#, "The same, further in."),
        ("key-order", r#"{"b":1,"a":2}"#, "Keys not in order."),
        (
            "key-order-code-points",
            "{\"\u{fb33}\":1,\"\u{1f600}\":2}",
            "Keys ordered by code points or UTF-8, which UTF-16 orders otherwise.",
        ),
        ("white-space-json", r#"{"a": 1}"#, "A blank."),
        ("line-feed-at-the-end", "{\"a\":1}\n", "A line feed at the end, as editors write it."),
        ("escaped-letter", r#"{"a":"\u00e9"}"#, "A letter escaped that need not be."),
        ("escaped-slash", r#"{"a":"\/"}"#, "A slash escaped."),
        ("escape-in-upper-case", r#"{"a":"\u001F"}"#, "An escape in upper case."),
        ("byte-order-mark", "\u{feff}{\"a\":1}", "A byte order mark."),
        ("two-values", r#"{"a":1}{"a":1}"#, "Something follows the value."),
        ("deep-nesting-json", &deep, "Seventeen levels."),
    ];
    let vector = |(name, text, what): (&str, &str, &str)| {
        let rule = if name.starts_with("number") || name.contains("duplicate") || name.contains("deep") {
            "encoding, rule 7"
        } else {
            "encoding, rule 6"
        };
        Vector::reject(PAGE, name, Code::NotCanonical, rule, what)
            .input("document", json!({"type": "FreeholdRevocation", "document": text}))
    };
    cases.into_iter().map(vector).collect()
}

fn bad_bytes() -> Vec<Vector> {
    vec![
        Vector::reject(
            PAGE,
            "bad-utf-8-json",
            Code::NotCanonical,
            "encoding, rule 6",
            "A text that is no UTF-8.",
        )
        .input("document", json!({"type": "FreeholdRevocation", "bytes": hex(b"{\"a\":\"\xff\"}")})),
        Vector::reject(
            PAGE,
            "overlong-utf-8-json",
            Code::NotCanonical,
            "encoding, rule 6",
            "A slash in two bytes.",
        )
        .input("document", json!({"type": "FreeholdRevocation", "bytes": hex(b"{\"a\":\"\xc0\xaf\"}")})),
        Vector::reject(
            PAGE,
            "oversize-document",
            Code::TooLarge,
            "numbers, Limits",
            "Larger than any document; the bytes themselves are not stored.",
        )
        .input("documentSize", json!({"length": 61_441})),
    ]
}
