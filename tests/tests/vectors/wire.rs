//! Frames, signed messages and sessions.

use freehold_protocol::code::Code;
use freehold_protocol::cose::{self, Kind};
use freehold_protocol::frame::Frame;
use freehold_protocol::identity::SigningKey;
use freehold_protocol::message::{self, MessageType, SignedMessage};
use freehold_protocol::{cbor, limits};
use freehold_tests::replay::{self, End, did, hex as bytes, number, signing_key, text};
use serde_json::{Value, json};

use crate::case::{Case, Verdict, coded};

/// What a CBOR decoder of anyone's takes: the test's own, which is not strict, and takes one item apart.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// The major type and the argument of the next head.
    fn head(&mut self) -> Option<(u8, usize)> {
        let (&first, rest) = self.0.split_first()?;
        let length = match first & 0x1f {
            small @ 0..=23 => {
                self.0 = rest;
                return Some((first >> 5, usize::from(small)));
            }
            24 => 1,
            25 => 2,
            26 => 4,
            _ => return None,
        };
        let (argument, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((first >> 5, argument.iter().fold(0, |n, byte| n << 8 | usize::from(*byte))))
    }

    fn byte_string(&mut self) -> Option<&'a [u8]> {
        let (2, length) = self.head()? else { return None };
        let (part, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(part)
    }
}

fn byte_string(part: &[u8]) -> Vec<u8> {
    let length = part.len();
    let mut written = match length {
        0..24 => vec![0x40 | length as u8],
        24..0x100 => vec![0x58, length as u8],
        _ => [&[0x59][..], &(length as u16).to_be_bytes()].concat(),
    };
    written.extend_from_slice(part);
    written
}

/// Takes a COSE_Sign1 apart by hand and compares its parts and what is signed.
fn take_apart(case: &mut Case, kind: &str, signed: &[u8]) {
    let mut reader = Reader(signed);
    let Some((4, 4)) = reader.head() else { return };
    let Some(protected) = reader.byte_string() else { return };
    let Some((5, 0)) = reader.head() else { return };
    let (Some(payload), Some(signature)) = (reader.byte_string(), reader.byte_string()) else { return };
    case.same_bytes("protected", protected);
    case.same_bytes("payload", payload);
    case.same_bytes("signature", signature);
    let parts = [protected, kind.as_bytes(), payload].map(byte_string).concat();
    case.same_bytes("sigStructure", &[b"\x84\x6aSignature1".as_slice(), &parts].concat());
}

fn kind(name: &str) -> Kind {
    let kinds = [Kind::Message, Kind::ReadRequest, Kind::ReadAnswer];
    kinds.into_iter().find(|kind| kind.media_type() == name).unwrap_or_else(|| panic!("no media type {name}"))
}

/// The signed bytes: those of the input, or those that a seed makes, which are compared.
pub(crate) fn signed(case: &mut Case, kind: Kind, payload: impl FnOnce(&Value) -> Vec<u8>) -> Vec<u8> {
    let input = case.input();
    let signed = if input.get("cose").is_some() {
        bytes(&input, "cose")
    } else {
        let payload = payload(&input);
        case.same_bytes("payload", &payload);
        let made = cose::sign(kind, &signing_key(&input, "seed"), payload);
        case.same_bytes("cose", &made);
        made
    };
    take_apart(case, kind.media_type(), &signed);
    signed
}

pub(crate) fn frame(case: &mut Case) -> Verdict {
    let input = case.input();
    if input.get("frame").is_some() {
        let frame = replay::frame(&input["frame"]);
        let encoded = frame.encode();
        case.same_bytes("bytes", &encoded);
        let length = u32::try_from(encoded.len()).expect("a short frame").to_be_bytes();
        case.same_bytes("prefixed", &[&length[..], &encoded].concat());
        let decoded = Frame::decode(&encoded);
        assert_eq!(decoded.as_ref(), Ok(&frame), "{}", case.place());
        return coded(decoded);
    }
    let decoded = Frame::decode(&bytes(&input, "bytes"));
    if let (Ok(frame), Some(said)) = (&decoded, case.step("frame")) {
        assert_eq!(*frame, replay::frame(&said), "{}", case.place());
        case.same("frame", said);
    }
    coded(decoded)
}

/// A frame of the length that is announced, of no matter which bytes.
pub(crate) fn prefix(case: &mut Case) -> Verdict {
    let prefix: [u8; 4] = bytes(&case.input(), "prefix").try_into().expect("a prefix has 4 bytes");
    let length = u32::from_be_bytes(prefix) as usize;
    assert!(length == 0 || length > limits::FRAME_BYTES_MAX, "{}", case.place());
    coded(Frame::decode(&vec![0; length.min(limits::FRAME_BYTES_MAX + 1)]))
}

pub(crate) fn cose(case: &mut Case) -> Verdict {
    let input = case.input();
    let kind = kind(text(&input, "kind"));
    let payload =
        case.step("payload").map(|payload| freehold_tests::vectors::unhex(payload.as_str().unwrap_or("")));
    let signed = signed(case, kind, |_| payload.expect("a payload to sign"));
    coded(cose::verify(kind, &replay::key(&input, "key"), &signed))
}

pub(crate) fn message(case: &mut Case) -> Verdict {
    let input = case.input();
    let signed = signed(case, Kind::Message, |input| cbor::encode(&replay::message(&input["message"])));
    case.same_bytes("frame", &Frame::Message(signed.clone().into()).encode());
    let opened = message::open(&signed, &replay::key(&input, "peer"), &did(&input, "own"));
    if let (Ok(message), Some(said)) = (&opened, input.get("message")) {
        assert_eq!(*message, replay::message(said), "{}", case.place());
    }
    coded(opened)
}

pub(crate) fn oversize_message(case: &mut Case) -> Verdict {
    let input = case.input();
    let mut message = replay::message(&input["message"]);
    message.body = vec![0; usize::try_from(number(&input, "bodyZeros")).expect("a length")];
    let signed = SignedMessage::sign(&message, &signing_key(&input, "seed")).into_bytes();
    coded(message::open(&signed, &replay::key(&input, "peer"), &did(&input, "own")))
}

pub(crate) fn message_type(case: &mut Case) -> Verdict {
    coded(MessageType::parse(text(&case.input(), "text")))
}

/// Runs the script; the verdict is the goodbye that this side says by itself, unless it only stops.
pub(crate) fn session(case: &mut Case) -> Verdict {
    let input = case.input();
    let key: SigningKey = signing_key(&input, "seed");
    let mut end = End::new(key, replay::key(&input, "peer"));
    let (mut outcomes, mut verdict) = (Vec::new(), Ok(()));
    for step in input["script"].as_array().expect("a script") {
        let outcome = end.apply(step);
        if text(step, "do") != "close" {
            for said in outcome["outputs"].as_array().expect("outputs") {
                let sent = said.get("transmit").map(|_| Frame::decode(&bytes(said, "transmit")));
                if let Some(Ok(Frame::Bye { code, .. })) = sent
                    && code != Code::ShuttingDown
                {
                    verdict = Err(Some(code));
                }
            }
        }
        outcomes.push(outcome);
    }
    case.same("outcomes", json!(outcomes));
    verdict
}
