//! Requests, grants, receipts, release, intake and endings, by the calls that the engines make.

use std::collections::BTreeSet;

use freehold_protocol::code::Code;
use freehold_protocol::data::ReceivedUpdate;
use freehold_protocol::disclosure::{Ask, Grant, GrantState, authorize};
use freehold_protocol::document::{DataRequest, Document, RevocationSubject, Subject};
use freehold_protocol::intake::{Intake, IntakeState, check_grant};
use freehold_protocol::path::Path;
use freehold_protocol::time::Timestamp;
use freehold_protocol::vendor::{Erasure, Vendor};
use freehold_tests::replay::{did, hex as bytes, number, text};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::case::{Case, Verdict, coded};

fn now(input: &Value) -> Timestamp {
    Timestamp::parse(text(input, "now")).expect("a time")
}

fn read<S: Subject>(input: &Value, name: &str) -> Result<Document<S>, Code> {
    Document::read(text(input, name).as_bytes())
}

fn list<T: DeserializeOwned + Ord>(value: &Value) -> BTreeSet<T> {
    if value.is_null() {
        return BTreeSet::new();
    }
    serde_json::from_value(value.clone()).unwrap_or_else(|e| panic!("{value}: {e}"))
}

fn vendor(input: &Value) -> Vendor {
    Vendor::new(did(input, "vendor"), [])
}

pub(crate) fn request(case: &mut Case) -> Verdict {
    let input = case.input();
    coded(read(&input, "document").and_then(|request| vendor(&input).check_request(&request, now(&input))))
}

pub(crate) fn grant(case: &mut Case) -> Verdict {
    let input = case.input();
    let asked =
        input["request"].as_str().map(|text| DataRequest::read(text.as_bytes()).expect("our request"));
    coded(Grant::read(text(&input, "grant").as_bytes()).and_then(|grant| {
        check_grant(&grant, &[did(&input, "person")], asked.as_ref())?;
        grant.check_time(now(&input))
    }))
}

pub(crate) fn receipt(case: &mut Case) -> Verdict {
    let input = case.input();
    let given = text(&input, "given").as_bytes();
    coded(read(&input, "receipt").and_then(|receipt| vendor(&input).check_receipt(&receipt, given)))
}

pub(crate) fn authorized(case: &mut Case) -> Verdict {
    let input = case.input();
    let grant = Grant::read(text(&input, "receipt").as_bytes()).expect("our receipt");
    let mut state: GrantState = serde_json::from_value(input["state"].clone()).expect("a state");
    let ask = match &input["ask"] {
        Value::String(update) if update == "update" => Ask::Update,
        read => Ask::Read(text(read, "read")),
    };
    let paths: BTreeSet<Path> = list(&input["paths"]);
    let permit = authorize(&grant, &state, ask, &paths, now(&input)).map_err(Some)?;
    assert_eq!(*permit.paths(), paths, "{}", case.place());
    let Some(ended) = input.get("revokedMeanwhile") else { return Ok(()) };
    let disclosure = permit.fill(|_| Ok::<_, Code>(Some("x".to_owned()))).map_err(Some)?;
    assert!(disclosure.is_current(state.epoch), "{}", case.place());
    state.revoke(&grant, &list(ended));
    assert!(!disclosure.is_current(state.epoch), "{}: what was authorised before is void", case.place());
    coded(authorize(&grant, &state, ask, &paths, now(&input)))
}

pub(crate) fn intake(case: &mut Case) -> Verdict {
    let input = case.input();
    let update = ReceivedUpdate::decode(&bytes(&input["update"], "body")).map_err(Some)?;
    if input["receipt"].is_null() {
        return Err(Some(Code::NoGrant));
    }
    let grant = Grant::read(text(&input, "receipt").as_bytes()).expect("our receipt");
    assert_eq!(update.grant, *grant.id(), "{}", case.place());
    let state = &input["state"];
    let state =
        IntakeState { revoked: list(&state["revoked"]), last_update: 0, taken: list(&state["taken"]) };
    let mut held = Intake::new(grant, state.clone());
    match held.handle_update(number(&input["update"], "seq"), &update, now(&input)) {
        Ok(fields) => {
            case.same("stored", json!(fields));
            Ok(())
        }
        Err(code) => {
            assert_eq!(*held.state(), state, "{}: refused whole", case.place());
            Err(Some(code))
        }
    }
}

pub(crate) fn revocation(case: &mut Case) -> Verdict {
    let input = case.input();
    let grant = Grant::read(text(&input, "receipt").as_bytes()).expect("our receipt");
    let person = grant.issuer().clone();
    let mut held = Intake::new(grant, IntakeState::default());
    let ended = read::<RevocationSubject>(&input, "revocation").map_err(Some)?;
    let erase = held.handle_revocation(&ended, &[person]).map_err(Some)?;
    assert!(erase.is_disjoint(&held.effective(Timestamp::default())), "{}", case.place());
    case.same("erase", json!(erase));
    Ok(())
}

pub(crate) fn erasure(case: &mut Case) -> Verdict {
    let input = case.input();
    let ours = read::<RevocationSubject>(&input, "revocation").expect("our revocation");
    coded(read(&input, "erasure").and_then(|receipt: Erasure| {
        vendor(&input).check_erasure(&receipt, &[did(&input, "person")])?;
        receipt.check_answers(&ours)
    }))
}
