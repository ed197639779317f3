//! What a hub takes in under a grant it holds.

use freehold_protocol::code::Code;
use freehold_protocol::disclosure::Grant;
use freehold_protocol::document::Mode;
use serde_json::{Value, json};

use super::PAGE;
use super::bodies::update;
use crate::craft::NOW;
use crate::paper::{countersigned, grant, grant_of, text};
use crate::vector::{Vector, hex};

const PHONE: (&str, Option<&str>) = ("phone.mobile", Some("+491701234567"));
const EMAIL: (&str, Option<&str>) = ("email.personal", Some("jo@example.com"));

pub(super) fn vectors() -> Vec<Vector> {
    good().into_iter().chain(bad()).collect()
}

fn held(grant: &Grant, state: Value, fields: &[(&str, Option<&str>)]) -> Value {
    let body = update(grant.id().as_str(), fields);
    json!({
        "receipt": text(&countersigned(grant)), "state": state, "now": NOW,
        "update": {"seq": 7, "body": hex(&body)},
    })
}

fn good() -> Vec<Vector> {
    let case = |name: &str, what: &str, input: Value, stored: Value| {
        Vector::accept(PAGE, name, "data, rule 13", what)
            .input("intake", input)
            .steps(json!({"stored": stored}))
    };
    let both = json!({"phone.mobile": "+491701234567", "email.personal": "jo@example.com"});
    vec![
        case("intake", "Both paths of the grant.", held(&grant(), json!({}), &[PHONE, EMAIL]), both),
        case(
            "intake-empty-field",
            "A field that is empty now.",
            held(&grant(), json!({}), &[("phone.mobile", None)]),
            json!({"phone.mobile": null}),
        ),
        case(
            "intake-void",
            "A void update is taken and changes nothing.",
            held(&grant(), json!({}), &[]),
            json!({}),
        ),
        case(
            "intake-void-after-revocation",
            "The same after everything was revoked.",
            held(&grant(), json!({"revoked": ["phone.mobile", "email.personal"]}), &[]),
            json!({}),
        ),
        case(
            "intake-once-in-parts",
            "A snapshot for once may come in parts.",
            held(&grant_of(Mode::Once, None), json!({"taken": ["phone.mobile"]}), &[EMAIL]),
            json!({"email.personal": "jo@example.com"}),
        ),
    ]
}

fn bad() -> Vec<Vector> {
    let case = |name: &str, code: Code, what: &str, input: Value| {
        Vector::reject(PAGE, name, code, "data, rule 13", what).input("intake", input)
    };
    let home = ("phone.home", Some("+4930901820"));
    let ended = grant_of(Mode::Continuous, Some("2026-11-24T11:59:00Z"));
    let mut none = held(&grant(), json!({}), &[PHONE]);
    none["receipt"] = Value::Null;
    vec![
        case(
            "intake-extra-field",
            Code::NotInScope,
            "One field too many: the update is refused whole.",
            held(&grant(), json!({}), &[home, PHONE]),
        ),
        case(
            "intake-not-in-scope",
            Code::NotInScope,
            "A field outside the grant.",
            held(&grant(), json!({}), &[home]),
        ),
        case(
            "intake-narrowed-scope",
            Code::Revoked,
            "The path was revoked.",
            held(&grant(), json!({"revoked": ["phone.mobile"]}), &[PHONE]),
        ),
        case(
            "intake-narrowed-scope-among-others",
            Code::Revoked,
            "One of the paths was revoked: the update is refused whole.",
            held(&grant(), json!({"revoked": ["phone.mobile"]}), &[PHONE, EMAIL]),
        ),
        case(
            "intake-expired",
            Code::Expired,
            "The grant ended by the hub's clock.",
            held(&ended, json!({}), &[PHONE]),
        ),
        case(
            "intake-once-used",
            Code::Used,
            "Under a grant for once the field was taken before.",
            held(&grant_of(Mode::Once, None), json!({"taken": ["phone.mobile"]}), &[PHONE]),
        ),
        case(
            "intake-once-used-among-others",
            Code::Used,
            "One of the fields was taken before.",
            held(&grant_of(Mode::Once, None), json!({"taken": ["phone.mobile"]}), &[PHONE, EMAIL]),
        ),
        case("intake-no-grant", Code::NoGrant, "The hub holds no such grant.", none),
    ]
}
