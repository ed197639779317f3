//! Paths, values, links and logs.

use freehold_protocol::audit::{AuditBroken, AuditRecord, Head};
use freehold_protocol::cbor;
use freehold_protocol::code::Code;
use freehold_protocol::data::ReceivedUpdate;
use freehold_protocol::id::GrantId;
use freehold_protocol::invitation::Invitation;
use freehold_protocol::path::Path;
use freehold_protocol::time::Timestamp;
use freehold_tests::replay::{did, hex as bytes, number, text, unhex_32};
use serde_json::{Value, json};

use crate::case::{Case, Verdict, coded, hex, plain};

pub(crate) fn path(case: &mut Case) -> Verdict {
    plain(Path::parse(text(&case.input(), "path")))
}

/// A value as it travels: in an update of one field.
pub(crate) fn value(case: &mut Case) -> Verdict {
    #[derive(serde::Serialize)]
    struct Update<'a> {
        grant: GrantId,
        fields: std::collections::BTreeMap<&'a str, &'a str>,
    }
    let input = case.input();
    let fields = [(text(&input, "path"), text(&input, "value"))].into();
    let body = cbor::encode(&Update { grant: GrantId::from_entropy([0; 16]), fields });
    coded(ReceivedUpdate::decode(&body))
}

/// A link, and by the hub's clock whether it still opens anything.
pub(crate) fn link(case: &mut Case) -> Verdict {
    let input = case.input();
    let link = match input.get("invitation") {
        Some(said) => made(case, said),
        None => text(&input, "link").to_owned(),
    };
    let invitation = Invitation::parse(&link).map_err(|_| None)?;
    let now = Timestamp::parse(text(&input, "now")).expect("a time");
    if now >= invitation.expires { Err(Some(Code::InvitationExpired)) } else { Ok(()) }
}

fn made(case: &mut Case, said: &Value) -> String {
    let addresses = said["addresses"].as_array().expect("addresses");
    let invitation = Invitation {
        v: u8::try_from(number(said, "v")).expect("a version"),
        did: did(said, "did"),
        addresses: addresses.iter().map(|a| a.as_str().unwrap_or_default().to_owned()).collect(),
        token: bytes(said, "token").try_into().expect("a token has 16 bytes"),
        expires: Timestamp::from_millis(number(said, "expires")),
    };
    case.same_bytes("cbor", &cbor::encode(&invitation));
    case.same("link", invitation.to_link());
    assert_eq!(Invitation::parse(&invitation.to_link()), Ok(invitation.clone()), "{}", case.place());
    invitation.to_link()
}

pub(crate) fn log(case: &mut Case) -> Verdict {
    let input = case.input();
    if let Some(records) = input.get("records") {
        return appended(case, records);
    }
    let entries = input["entries"].as_array().expect("entries").iter();
    let entries: Vec<Vec<u8>> =
        entries.map(|entry| freehold_tests::vectors::unhex(entry.as_str().unwrap_or_default())).collect();
    let head = Head { n: number(&input["head"], "n"), hash: unhex_32(&input["head"], "hash") };
    let verified = head.verify(&entries);
    if let Err(broken) = verified {
        let said = match broken {
            AuditBroken::At { n } => json!({"at": n}),
            AuditBroken::Cut { last, expected } => json!({"cut": {"last": last, "expected": expected}}),
        };
        case.same("broken", said);
    }
    plain(verified)
}

fn appended(case: &mut Case, records: &Value) -> Verdict {
    let (mut head, mut entries, mut hashes) = (Head::default(), Vec::new(), Vec::new());
    let from = |value: &Value| value.clone();
    for record in records.as_array().expect("records") {
        entries.push(head.append(AuditRecord {
            at: Timestamp::from_millis(number(record, "at")),
            vendor: did(record, "vendor"),
            grant: serde_json::from_value(from(&record["grant"])).expect("a grant or null"),
            paths: serde_json::from_value(from(&record["paths"])).expect("paths"),
            event: serde_json::from_value(from(&record["event"])).expect("an event"),
        }));
        hashes.push(hex(&head.hash));
    }
    case.same("entries", json!(entries.iter().map(|entry| hex(entry)).collect::<Vec<_>>()));
    case.same("hashes", json!(hashes));
    case.same("head", json!({"n": head.n, "hash": hex(&head.hash)}));
    plain(head.verify(&entries))
}
