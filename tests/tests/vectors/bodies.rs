//! Bodies of messages, and live reads.

use freehold_protocol::cbor;
use freehold_protocol::code::Code;
use freehold_protocol::connect::{Introduction, Problem, VendorMoves, commitment};
use freehold_protocol::cose::Kind;
use freehold_protocol::data::{self, Carried, Decline, Ended, Outcome, OutcomeLine, ReceivedUpdate};
use freehold_protocol::id::{GrantId, MessageId, RequestId};
use freehold_protocol::read::{ReadRequest, open_answer};
use freehold_protocol::time::Timestamp;
use freehold_tests::replay::{self, did, hex as bytes, number, text};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::case::{Case, Verdict, coded};
use crate::wire::signed;

/// The bytes that the input gives, or those of the step.
fn body(case: &Case) -> Vec<u8> {
    let (input, steps) = (case.input(), json!({"body": case.step("body")}));
    if input.get("body").is_some() { bytes(&input, "body") } else { bytes(&steps, "body") }
}

fn from<T: DeserializeOwned>(value: &Value) -> T {
    serde_json::from_value(value.clone()).unwrap_or_else(|e| panic!("{value}: {e}"))
}

pub(crate) fn introduction(case: &mut Case) -> Verdict {
    let input = case.input();
    if input.get("nextPublicKey").is_some() {
        let next = replay::key(&input, "nextPublicKey");
        let said = Introduction::new(input["name"].as_str().map(str::to_owned), &next);
        case.same_bytes("nextKey", &commitment(&next));
        case.same_bytes("body", &cbor::encode(&said));
        assert_eq!(Introduction::decode(&cbor::encode(&said)), Ok(said), "{}", case.place());
    }
    coded(Introduction::decode(&body(case)))
}

pub(crate) fn problem(case: &mut Case) -> Verdict {
    let input = case.input();
    if input.get("code").is_some() {
        let code = Code::from(u16::try_from(number(&input, "code")).expect("16 bits"));
        case.same_bytes("body", &cbor::encode(&Problem { code, about: number(&input, "about") }));
    }
    coded(data::decode::<Problem>(&body(case)))
}

pub(crate) fn vendor_rotation(case: &mut Case) -> Verdict {
    let input = case.input();
    if input.get("addresses").is_some() {
        let document = text(&input, "document").as_bytes().to_vec();
        let said = VendorMoves { document, addresses: from(&input["addresses"]) };
        case.same_bytes("body", &cbor::encode(&said));
        assert_eq!(VendorMoves::decode(&cbor::encode(&said)), Ok(said), "{}", case.place());
    }
    coded(VendorMoves::decode(&body(case)))
}

pub(crate) fn update(case: &mut Case) -> Verdict {
    let input = case.input();
    let read = ReceivedUpdate::decode(&body(case));
    if let (Ok(update), Some(fields)) = (&read, input.get("fields")) {
        assert_eq!(update.grant.as_str(), text(&input, "grant"), "{}", case.place());
        assert_eq!(json!(update.fields), *fields, "{}", case.place());
        // Only a disclosure encodes as an update, so the bytes are made from the same members.
        #[derive(serde::Serialize)]
        struct Update<'a> {
            grant: &'a GrantId,
            fields: &'a std::collections::BTreeMap<freehold_protocol::path::Path, Option<String>>,
        }
        case.same_bytes("body", &cbor::encode(&Update { grant: &update.grant, fields: &update.fields }));
    }
    coded(read)
}

pub(crate) fn outcome(case: &mut Case) -> Verdict {
    let input = case.input();
    if input.get("results").is_some() {
        let outcome = Outcome {
            grant: from(&input["grant"]),
            update: number(&input, "update"),
            results: from::<Vec<OutcomeLine>>(&input["results"]),
            at: Timestamp::from_millis(number(&input, "at")),
        };
        case.same_bytes("body", &cbor::encode(&outcome));
        assert_eq!(Outcome::decode(&cbor::encode(&outcome)), Ok(outcome), "{}", case.place());
    }
    coded(Outcome::decode(&body(case)))
}

pub(crate) fn ended(case: &mut Case) -> Verdict {
    let input = case.input();
    if input.get("paths").is_some() {
        let ended = Ended { grant: from(&input["grant"]), paths: from(&input["paths"]) };
        case.same_bytes("body", &cbor::encode(&ended));
        assert_eq!(Ended::decode(&cbor::encode(&ended)), Ok(ended), "{}", case.place());
    }
    coded(Ended::decode(&body(case)))
}

pub(crate) fn decline(case: &mut Case) -> Verdict {
    let input = case.input();
    if input.get("request").is_some() {
        let reason = input.get("reason").map(from::<String>);
        let decline = Decline { request: from::<RequestId>(&input["request"]), reason };
        case.same_bytes("body", &cbor::encode(&decline));
        assert_eq!(Decline::decode(&cbor::encode(&decline)), Ok(decline), "{}", case.place());
    }
    coded(Decline::decode(&body(case)))
}

pub(crate) fn carried(case: &mut Case) -> Verdict {
    let input = case.input();
    if input.get("document").is_some() {
        case.same_bytes("body", &Carried::body(text(&input, "document").as_bytes()));
    }
    coded(data::decode::<Carried>(&body(case)))
}

fn request_of(said: &Value) -> ReadRequest {
    ReadRequest {
        id: MessageId::from_entropy(bytes(said, "id").try_into().expect("16 bytes")),
        to: did(said, "to"),
        paths: from(&said["paths"]),
        purpose: text(said, "purpose").to_owned(),
    }
}

pub(crate) fn read_request(case: &mut Case) -> Verdict {
    let input = case.input();
    let signed = signed(case, Kind::ReadRequest, |input| cbor::encode(&request_of(&input["request"])));
    let opened = ReadRequest::open(&signed, &replay::key(&input, "peer"), &did(&input, "own"));
    if let (Ok(request), Some(said)) = (&opened, input.get("request")) {
        assert_eq!(*request, request_of(said), "{}", case.place());
    }
    coded(opened)
}

pub(crate) fn read_answer(case: &mut Case) -> Verdict {
    let input = case.input();
    let signed = signed(case, Kind::ReadAnswer, |_| unreachable!("an answer is given as bytes"));
    let asked = request_of(&input["request"]);
    let answer = open_answer(&signed, &replay::key(&input, "peer"), &did(&input, "own"), &asked);
    if let Ok(answer) = &answer {
        let said = match answer.denied {
            Some(code) => json!({"denied": code.number()}),
            None => json!({"fields": answer.fields}),
        };
        case.same("answer", said);
    }
    coded(answer)
}
