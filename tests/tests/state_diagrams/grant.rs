//! `specs/data.md`: a grant at the person's side.
//!
//! `receipt`, `problem` and `delivered-all` are messages that the engine takes, and the inputs of a restore are the person's;
//! the stories' tests show them. Here is what
//! the gate itself decides: revoking from every state, and the end by the clock.

use std::collections::BTreeSet;

use freehold_protocol::code::Code;
use freehold_protocol::disclosure::{Ask, Grant, GrantState, GrantStatus, authorize};
use freehold_protocol::document::{
    AskedField, DataRequest, Document, GrantSubject, Issue, Mode, RequestSubject, Retention,
};
use freehold_protocol::id::{GrantId, RequestId};
use freehold_protocol::identity::SigningKey;
use freehold_protocol::path::Path;
use freehold_protocol::time::Timestamp;
use freehold_protocol::vocabulary::Vocabulary;

use super::{arrow, drawn};

const BEGIN: Timestamp = Timestamp::from_millis(1_800_000_000_000);
const END: Timestamp = Timestamp::from_millis(1_800_000_600_000);

fn path(text: &str) -> Path {
    Path::parse(text).unwrap()
}

fn grant() -> Grant {
    let (vendor, person) = (SigningKey::from_seed(&[1; 32]), SigningKey::from_seed(&[2; 32]));
    let vocabulary = Vocabulary::standard();
    let field = |name: &str| AskedField {
        path: path(name),
        required: true,
        reason: "to deliver".into(),
        purposes: [vocabulary.purpose("serviceProvision").unwrap().iri.clone()].into(),
    };
    let subject = RequestSubject {
        name: "Acme".into(),
        title: "Service".into(),
        fields: vec![field("phone.mobile"), field("email.personal")],
        legal_basis: vocabulary.legal_basis("contract").unwrap().iri.clone(),
        mode: Mode::Continuous,
        retention: Retention { duration: "P2Y".into(), after: "end of contract".into() },
        recipients: vec![],
        policy: None,
    };
    let (id, issuer) = (RequestId::from_entropy([1; 16]), vendor.public().did());
    let issue = Issue { id, issuer, valid_from: BEGIN, valid_until: None, subject };
    let request: DataRequest = Document::issue(issue, &vendor).unwrap();
    let (id, issuer) = (GrantId::from_entropy([2; 16]), person.public().did());
    let subject = GrantSubject::answering(&request, &BTreeSet::new());
    Document::issue(Issue { id, issuer, valid_from: BEGIN, valid_until: Some(END), subject }, &person)
        .unwrap()
}

/// Each state with its status and the moment it is looked at.
const STATES: [(&str, GrantStatus, Timestamp); 5] = [
    ("offered", GrantStatus::Offered, BEGIN),
    ("standing", GrantStatus::Standing, BEGIN),
    ("expired", GrantStatus::Standing, END),
    ("used", GrantStatus::Used, BEGIN),
    ("held", GrantStatus::Held, BEGIN),
];

/// What a live read is told, which tells the states apart.
fn state(grant: &Grant, state: &GrantState, now: Timestamp) -> &'static str {
    let purpose = Vocabulary::standard().purpose("serviceProvision").unwrap();
    let asked = BTreeSet::from([path("email.personal")]);
    match authorize(grant, state, Ask::Read(&purpose.iri), &asked, now).err() {
        None => "standing",
        Some(Code::NoGrant) if state.status == GrantStatus::Refused => "refused",
        Some(Code::NoGrant) if state.status == GrantStatus::Held => "held",
        Some(Code::NoGrant) => "offered",
        Some(Code::Used) => "used",
        Some(Code::Expired) => "expired",
        Some(Code::Revoked) => "revoked",
        Some(other) => panic!("{other}"),
    }
}

#[test]
fn a_grant_is_revoked_from_where_the_page_draws_it() {
    let grant = grant();
    let mut done = BTreeSet::new();
    for (from, status, now) in STATES {
        let begun = GrantState { status, ..GrantState::offered() };
        assert_eq!(state(&grant, &begun, now), from);
        for (input, paths) in [
            ("revoke-some", BTreeSet::from([path("phone.mobile")])),
            ("revoke-all", BTreeSet::from([path("phone.mobile"), path("email.personal")])),
        ] {
            let mut next = begun.clone();
            next.revoke(&grant, &paths);
            assert_eq!(next.epoch, begun.epoch + 1, "what was authorised before is void");
            done.insert(arrow(from, input, state(&grant, &next, now)));
        }
    }
    let begun = GrantState { status: GrantStatus::Standing, ..GrantState::offered() };
    done.insert(arrow("standing", "ended", state(&grant, &begun, END)));
    let engine = [
        "receipt",
        "problem",
        "delivered-all",
        "restore",
        "receipt-restored",
        "resume",
        "resume-once",
        "resume-unknown",
    ];
    let gate: BTreeSet<_> =
        drawn("data.md", "grant").into_iter().filter(|(_, input, _)| !engine.contains(&&**input)).collect();
    assert_eq!(done, gate);
}
