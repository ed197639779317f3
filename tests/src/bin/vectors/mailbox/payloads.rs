//! Payloads that are well signed and no message.

use freehold_protocol::code::Code;
use freehold_protocol::cose::Kind;

use super::refused;
use crate::craft::{Cose, PERSON, VENDOR, did, head, key, text_string};
use crate::vector::Vector;

pub(super) fn vectors() -> Vec<Vector> {
    let member = |name: &str, value: Vec<u8>| (name.to_owned(), value);
    let whole = || {
        let id = [head(2, 16), vec![0x11; 16]].concat();
        vec![
            member("at", vec![0]),
            member("id", id),
            member("to", text_string(did(VENDOR).as_str())),
            member("seq", vec![1]),
            member("body", vec![0x40]),
            member("type", text_string("data/1/update")),
        ]
    };
    let write = |members: Vec<(String, Vec<u8>)>| {
        let inner: Vec<u8> =
            members.iter().flat_map(|(name, value)| [text_string(name), value.clone()].concat()).collect();
        [head(5, members.len()), inner].concat()
    };
    let with = |name: &str, value: Vec<u8>| {
        let mut members = whole();
        for known in members.iter_mut().filter(|known| known.0 == name) {
            known.1 = value.clone();
        }
        write(members)
    };
    let case = |name: &str, what: &str, payload: Vec<u8>| {
        let parts = Cose::new(Kind::Message, &key(PERSON).public(), payload);
        let signature = key(PERSON).sign(&parts.structure());
        refused(name, Code::Malformed, "mailbox, Data", what, &parts.with(&signature))
            .steps(parts.steps(&signature))
    };
    let mut unsorted = whole();
    unsorted.swap(0, 5);
    let mut doubled = whole();
    doubled.insert(1, member("at", vec![0]));
    let mut missing = whole();
    missing.remove(2);
    let mut null = whole();
    null.push(member("thread", vec![0xf6]));
    vec![
        case("payload-unsorted", "Keys not in order.", write(unsorted)),
        case("payload-duplicate-key", "A key that stands twice.", write(doubled)),
        case("payload-without-audience", "`to` is missing.", write(missing)),
        case("payload-null-thread", "An optional member without a value is left out, not null.", write(null)),
        case("payload-trailing-bytes", "Something follows the map.", [write(whole()), vec![0]].concat()),
        case("payload-long-sequence", "1 in two bytes.", with("seq", vec![0x18, 1])),
        case(
            "payload-float-sequence",
            "1.0 as the sequence.",
            with("seq", vec![0xfb, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0]),
        ),
        case("payload-negative-time", "A time before 1970.", with("at", vec![0x20])),
        case(
            "payload-id-of-15-bytes",
            "An id has 16 bytes.",
            with("id", [head(2, 15), vec![0; 15]].concat()),
        ),
        case("payload-id-as-text", "An id is no text.", with("id", text_string("1111111111111111"))),
        case("payload-audience-no-did", "`to` is no DID.", with("to", text_string("did:example:1"))),
        case("payload-type-of-two-words", "A type of two words.", with("type", text_string("data/update"))),
        case("payload-is-a-list", "A list in place of the map.", [head(4, 1), vec![1]].concat()),
    ]
}
