//! DID documents and rotations.

use freehold_protocol::code::Code;
use freehold_protocol::document::{Rotation, VendorRotation};
use freehold_protocol::time::Timestamp;
use freehold_resolver::ResolvedDid;
use freehold_tests::replay::{did, hex as bytes, text};
use serde_json::{Value, json};

use crate::case::{Case, Verdict, coded};

fn digits(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn did_document(case: &mut Case) -> Verdict {
    let input = case.input();
    let now = Timestamp::parse(text(&input, "now")).expect("a time");
    let document = text(&input, "document").as_bytes();
    let resolved = ResolvedDid::read(&did(&input, "did"), document, now).map_err(|_| None)?;
    let asserting: Vec<Value> = resolved
        .assertion_keys
        .iter()
        .map(|entry| json!({"id": entry.id, "key": digits(entry.key.as_bytes())}))
        .collect();
    let listening: Vec<String> = resolved.transport_keys.iter().map(|key| digits(key.as_bytes())).collect();
    case.same("assertionKeys", asserting);
    case.same("transportKeys", listening);
    case.same("addresses", resolved.addresses);
    Ok(())
}

pub(crate) fn rotation(case: &mut Case) -> Verdict {
    let input = case.input();
    let committed = input["committed"].is_string().then(|| bytes(&input, "committed"));
    let (person, vendor) = (did(&input, "person"), did(&input, "vendor"));
    let step = Rotation::read(text(&input, "document").as_bytes())
        .and_then(|statement| statement.check_step(&person, &vendor, committed.as_deref()));
    let (key, commitment) = step.map_err(Some)?;
    let key = digits(key.as_bytes());
    let others = input["others"].as_array().expect("keys of other relationships");
    if others.iter().any(|other| *other == key) {
        return coded(Err::<(), _>(Code::WrongSigner));
    }
    case.same("key", key);
    case.same("commitment", digits(&commitment));
    Ok(())
}

pub(crate) fn vendor_rotation(case: &mut Case) -> Verdict {
    let input = case.input();
    let committed = input["committed"].is_string().then(|| bytes(&input, "committed"));
    let step = VendorRotation::read(text(&input, "document").as_bytes())
        .and_then(|statement| statement.check_step(&did(&input, "vendor"), committed.as_deref()));
    let (key, commitment) = step.map_err(Some)?;
    case.same("key", digits(key.as_bytes()));
    case.same("commitment", digits(&commitment));
    Ok(())
}
