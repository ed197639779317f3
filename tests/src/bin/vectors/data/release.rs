//! The gate: what may leave, by the node's own clock.

use freehold_protocol::code::Code;
use freehold_protocol::disclosure::Grant;
use freehold_protocol::document::Mode;
use serde_json::{Value, json};

use super::PAGE;
use crate::craft::NOW;
use crate::paper::{MARKETING, SERVICE, countersigned, grant, grant_of, text};
use crate::vector::Vector;

pub(super) fn vectors() -> Vec<Vector> {
    good().into_iter().chain(bad()).chain(overtaken()).collect()
}

fn standing() -> Value {
    json!({"status": "standing", "revoked": [], "epoch": 0})
}

fn ask(grant: &Grant, state: Value, ask: Value, paths: &[&str]) -> Value {
    json!({"receipt": text(&countersigned(grant)), "state": state, "ask": ask, "paths": paths, "now": NOW})
}

fn good() -> Vec<Vector> {
    let case = |name: &str, what: &str, input: Value| {
        Vector::accept(PAGE, name, "data, rules 6 and 16", what).input("authorize", input)
    };
    let narrowed = json!({"status": "standing", "revoked": ["email.personal"], "epoch": 1});
    let later = grant_of(Mode::Continuous, Some("2026-11-24T12:01:00Z"));
    vec![
        case(
            "release-update",
            "Both paths of the grant.",
            ask(&grant(), standing(), json!("update"), &["phone.mobile", "email.personal"]),
        ),
        case(
            "release-what-is-left",
            "A path that was not revoked.",
            ask(&grant(), narrowed, json!("update"), &["phone.mobile"]),
        ),
        case(
            "release-before-the-end",
            "A minute before the grant ends.",
            ask(&later, standing(), json!("update"), &["phone.mobile"]),
        ),
        case(
            "release-once",
            "A grant for once, not used yet.",
            ask(&grant_of(Mode::Once, None), standing(), json!("update"), &["phone.mobile"]),
        ),
        case(
            "read-for-a-purpose",
            "A live read for a purpose of the grant.",
            ask(&grant(), standing(), json!({"read": MARKETING}), &["email.personal"]),
        ),
    ]
}

fn bad() -> Vec<Vector> {
    let case = |name: &str, code: Code, what: &str, input: Value| {
        Vector::reject(PAGE, name, code, "data, rules 6 and 16", what).input("authorize", input)
    };
    let update = |name: &str, code: Code, what: &str, state: Value, paths: &[&str]| {
        case(name, code, what, ask(&grant(), state, json!("update"), paths))
    };
    let status = |status: &str| json!({"status": status, "revoked": [], "epoch": 0});
    let revoked = || json!({"status": "standing", "revoked": ["phone.mobile"], "epoch": 1});
    let read = |name: &str, code: Code, what: &str, purpose: &str, paths: &[&str]| {
        case(name, code, what, ask(&grant(), standing(), json!({"read": purpose}), paths))
    };
    let ended = grant_of(Mode::Continuous, Some("2026-11-24T11:59:00Z"));
    let ends_now = grant_of(Mode::Continuous, Some(NOW));
    vec![
        update(
            "release-extra-field",
            Code::NotInScope,
            "One path too many: nothing of it leaves.",
            standing(),
            &["phone.mobile", "phone.home"],
        ),
        update(
            "release-not-in-scope",
            Code::NotInScope,
            "A path outside the grant.",
            standing(),
            &["phone.home"],
        ),
        update(
            "release-longer-path",
            Code::NotInScope,
            "Paths match exactly: what is below a path is another.",
            standing(),
            &["phone.mobile.extension"],
        ),
        update(
            "release-shorter-path",
            Code::NotInScope,
            "Nor does a part of it match.",
            standing(),
            &["email.personalOther"],
        ),
        update("release-nothing", Code::NotInScope, "No path at all.", standing(), &[]),
        update(
            "release-narrowed-scope",
            Code::Revoked,
            "The path was revoked.",
            revoked(),
            &["phone.mobile"],
        ),
        update(
            "release-narrowed-scope-among-others",
            Code::Revoked,
            "One of the paths was revoked: nothing of it leaves.",
            revoked(),
            &["phone.mobile", "email.personal"],
        ),
        update(
            "release-offered",
            Code::NoGrant,
            "No receipt has come yet: the grant does not stand.",
            status("offered"),
            &["phone.mobile"],
        ),
        update(
            "release-refused",
            Code::NoGrant,
            "The vendor refused the grant.",
            status("refused"),
            &["phone.mobile"],
        ),
        update(
            "release-revoked",
            Code::Revoked,
            "The grant was revoked.",
            status("revoked"),
            &["phone.mobile"],
        ),
        update(
            "release-used",
            Code::Used,
            "The grant was for once, and has been used.",
            status("used"),
            &["phone.mobile"],
        ),
        case(
            "release-expired",
            Code::Expired,
            "The grant ended a minute ago.",
            ask(&ended, standing(), json!("update"), &["phone.mobile"]),
        ),
        case(
            "release-expires-now",
            Code::Expired,
            "The grant ends this very moment.",
            ask(&ends_now, standing(), json!("update"), &["phone.mobile"]),
        ),
        read(
            "read-wrong-purpose",
            Code::WrongPurpose,
            "A purpose that the grant does not name for the path.",
            MARKETING,
            &["phone.mobile"],
        ),
        read(
            "read-wrong-purpose-of-one",
            Code::WrongPurpose,
            "A purpose that it names for one of the paths only.",
            MARKETING,
            &["email.personal", "phone.mobile"],
        ),
        read(
            "read-purpose-unknown",
            Code::WrongPurpose,
            "A purpose of no list.",
            "https://example.com/any",
            &["phone.mobile"],
        ),
        read("read-not-in-scope", Code::NotInScope, "A path outside the grant.", SERVICE, &["phone.home"]),
        case(
            "read-under-once",
            Code::NotInScope,
            "A grant for once is for no live read.",
            ask(&grant_of(Mode::Once, None), standing(), json!({"read": SERVICE}), &["phone.mobile"]),
        ),
    ]
}

/// Authorised, and revoked before it was sent.
fn overtaken() -> Vec<Vector> {
    let case = |name: &str, ended: &[&str], what: &str| {
        let mut input = ask(&grant(), standing(), json!("update"), &["phone.mobile"]);
        input["revokedMeanwhile"] = json!(ended);
        Vector::reject(PAGE, name, Code::Revoked, "data, rule 19", what).input("authorize", input)
    };
    vec![
        case(
            "revoked-mid-session",
            &["phone.mobile"],
            "The path was revoked between the gate and the wire: it is authorised again, and refused.",
        ),
        case(
            "revoked-mid-session-as-a-whole",
            &["phone.mobile", "email.personal"],
            "Everything was revoked meanwhile.",
        ),
    ]
}
