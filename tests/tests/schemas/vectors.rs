//! The protocol's own vectors as items for the validators: which member of a vector must fit which rule or schema.

use freehold_protocol::cbor;
use freehold_protocol::invitation::LINK_PREFIX;
use freehold_tests::own_vectors;
use serde_json::{Value, json};

/// To accept, and not of the grammar's form: vectors of one layer that carry anything in it, and what a reader takes
/// though nobody may write it (encoding, rule 9).
const OF_ONE_LAYER: [&str; 5] = [
    "encoding/accept/list-of-one-proof.json",
    "encoding/accept/message.json",
    "encoding/accept/signed-message.json",
    "encoding/accept/signed-read-answer.json",
    "encoding/accept/signed-read-request.json",
];

/// To reject for its form (codes 100 to 102, or none), by a rule that stands on the page alone: what joins two members
/// or two documents, the calendar, the curve, and a bound of the whole.
const OF_THE_PAGE: [&str; 28] = [
    "data/reject/erasure-path-doubled.json",
    "data/reject/grant-scope-doubled.json",
    "data/reject/read-answer-path-missing.json",
    "data/reject/read-answer-path-more.json",
    "data/reject/read-answer-to-another.json",
    "data/reject/request-of-tomorrow.json",
    "data/reject/request-path-doubled.json",
    "data/reject/request-path-unknown.json",
    "data/reject/update-value-not-normalised.json",
    "encoding/reject/begins-in-the-future.json",
    "encoding/reject/date-of-no-calendar.json",
    "encoding/reject/deep-nesting.json",
    "encoding/reject/ends-before-it-begins.json",
    "encoding/reject/ends-when-it-begins.json",
    "identity/reject/did-document-key-id-twice.json",
    "identity/reject/did-document-key-of-another.json",
    "identity/reject/did-document-key-of-small-order.json",
    "identity/reject/did-document-only-expired-keys.json",
    "identity/reject/did-document-other-controller.json",
    "identity/reject/did-document-other-id.json",
    "identity/reject/did-document-reference-to-nothing.json",
    "identity/reject/did-key-small-order.json",
    "invitation/reject/map-did-of-small-order.json",
    "invitation/reject/other-base-base58.json",
    "invitation/reject/other-base-base64.json",
    "invitation/reject/other-base-hex.json",
    "invitation/reject/other-base-padded.json",
    "invitation/reject/too-long.json",
];

/// Checks whose vectors to reject are well-formed piece by piece: the forms of values are the vocabulary's, and a log
/// is broken between its entries.
const OF_OTHER_FORM: [&str; 2] = ["log", "value"];

/// How a member is written.
#[derive(Clone, Copy)]
enum As {
    /// Bytes as hexadecimal digits, of a CDDL rule.
    Bytes,
    /// A text that is a CDDL rule by itself.
    Text,
    /// A document, of a JSON Schema.
    Document,
    /// A link, whose CBOR is of a CDDL rule.
    Link,
}

/// What of a vector has a form: the first is what the vector is about, the others stand beside it and are always good.
fn forms(check: &str, input: &Value) -> Vec<(&'static str, As, String)> {
    let of = |forms: &[(&'static str, As, &str)]| {
        forms.iter().map(|(member, written, form)| (*member, *written, (*form).to_owned())).collect()
    };
    match check {
        "frame" => of(&[("bytes", As::Bytes, "frame")]),
        "introduction" | "problem" => of(&[("body", As::Bytes, check)]),
        "declineBody" | "carriedBody" | "outcomeBody" | "endedBody" | "updateBody" => {
            of(&[("body", As::Bytes, check.trim_end_matches("Body"))])
        }
        "message" => of(&[("cose", As::Bytes, "signed-message")]),
        "readRequest" => of(&[("cose", As::Bytes, "signed-read-request")]),
        "readAnswer" => of(&[("cose", As::Bytes, "signed-read-answer")]),
        "cose" => {
            let kind = input["kind"].as_str().unwrap_or_default();
            let kind = kind.trim_start_matches("application/freehold-").trim_end_matches("+cbor");
            of(&[("cose", As::Bytes, &format!("signed-{kind}"))])
        }
        "document" => of(&[("document", As::Document, schema(input))]),
        "request" => of(&[("document", As::Document, "request")]),
        "grant" => of(&[("grant", As::Document, "grant"), ("request", As::Document, "request")]),
        "receipt" => of(&[("receipt", As::Document, "receipt"), ("given", As::Document, "grant")]),
        "rotation" => of(&[("document", As::Document, "rotation")]),
        "vendorRotation" => of(&[("document", As::Document, "vendor-rotation")]),
        "vendorRotationBody" => of(&[("body", As::Bytes, "vendor-rotation")]),
        "didDocument" => of(&[("document", As::Document, "did-document")]),
        "authorize" => of(&[("receipt", As::Document, "receipt")]),
        "intake" => of(&[("update", As::Bytes, "update"), ("receipt", As::Document, "receipt")]),
        "revocation" => {
            of(&[("revocation", As::Document, "revocation"), ("receipt", As::Document, "receipt")])
        }
        "erasure" => of(&[("erasure", As::Document, "erasure"), ("revocation", As::Document, "revocation")]),
        "link" => of(&[("link", As::Link, "invitation")]),
        "path" => of(&[("path", As::Text, "path")]),
        "value" => of(&[("value", As::Text, "value"), ("path", As::Text, "path")]),
        "did" => of(&[("text", As::Text, "did")]),
        "type" => of(&[("text", As::Text, "message-type")]),
        "log" => of(&[("entries", As::Bytes, "audit-entry")]),
        // Keys, bare texts and sizes have no grammar.
        "canonicalize" | "derivation" | "documentSize" | "key" | "multibase" | "oversizeMessage"
        | "prefix" | "seed" | "signature" => Vec::new(),
        other => panic!("say which rule or schema a vector of `{other}` must fit, or that it has none"),
    }
}

/// The schema of a document by its type, and of a grant by its proofs.
fn schema(input: &Value) -> &'static str {
    match input["type"].as_str().unwrap_or_default() {
        "FreeholdDataRequest" => "request",
        "FreeholdGrant" if input["signers"].as_array().is_some_and(|signers| signers.len() == 2) => "receipt",
        "FreeholdGrant" => "grant",
        "FreeholdRevocation" => "revocation",
        "FreeholdErasureReceipt" => "erasure",
        "FreeholdRotation" => "rotation",
        "FreeholdVendorRotation" => "vendor-rotation",
        other => panic!("no schema of {other}"),
    }
}

/// One item; `None` where a text is no link at all, which needs no grammar.
fn item(written: As, form: &str, text: &str) -> Option<Value> {
    Some(match written {
        As::Bytes => json!({"rule": form, "cbor": text}),
        As::Text => json!({"rule": form, "cbor": digits(&cbor::encode(&text))}),
        As::Document => json!({"schema": form, "text": text}),
        As::Link => {
            let (_, bytes) = multibase::decode(text.trim().strip_prefix(LINK_PREFIX)?).ok()?;
            json!({"rule": form, "cbor": digits(&bytes)})
        }
    })
}

fn digits(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The texts of a member: of a step, else of the input; an update stands with its sequence.
fn texts(vector: &Value, member: &str) -> Vec<String> {
    let found =
        [&vector["steps"][member], &vector["input"][member]].into_iter().find(|value| !value.is_null());
    match found {
        Some(Value::String(text)) => vec![text.clone()],
        Some(Value::Array(list)) => list.iter().filter_map(|one| one.as_str().map(str::to_owned)).collect(),
        Some(update @ Value::Object(_)) => update["body"].as_str().map(str::to_owned).into_iter().collect(),
        _ => Vec::new(),
    }
}

/// Every frame that stands anywhere in a conversation.
fn frames(value: &Value, found: &mut Vec<Value>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match member.as_str() {
                    Some(frame) if name == "frame" || name == "transmit" => {
                        found.push(json!({"rule": "frame", "cbor": frame}));
                    }
                    _ => frames(member, found),
                }
            }
        }
        Value::Array(list) => list.iter().for_each(|one| frames(one, found)),
        _ => {}
    }
}

/// The items of one vector.
pub(crate) fn items(place: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(own_vectors::folder().join(place)).expect("a vector");
    let vector: Value = serde_json::from_str(&text).expect("a vector is JSON");
    let mut items = Vec::new();
    let name = |mut item: Value, valid: bool| {
        (item["name"], item["valid"]) = (place.into(), valid.into());
        item
    };
    let accepted = vector["expect"]["verdict"] != "reject";
    if place.starts_with("sequences/") || vector["input"]["check"] == "session" {
        // A session that must be ended may be ended for what a frame holds.
        if accepted {
            frames(&vector, &mut items);
        }
        return items.into_iter().map(|item| name(item, true)).collect();
    }
    if OF_ONE_LAYER.contains(&place) {
        return items;
    }
    let check = vector["input"]["check"].as_str().expect("what is checked");
    let for_its_form = matches!(vector["expect"]["code"].as_u64(), None | Some(100..=102))
        && !OF_OTHER_FORM.contains(&check)
        && !OF_THE_PAGE.contains(&place);
    for (n, (member, written, form)) in forms(check, &vector["input"]).into_iter().enumerate() {
        // What a vector to reject is about may have any form, unless it is refused for its form.
        if accepted || n > 0 || for_its_form {
            let valid = accepted || n > 0;
            let found = texts(&vector, member);
            let is_there =
                [&vector["steps"], &vector["input"]].into_iter().any(|part| part.get(member).is_some());
            assert!(!accepted || is_there, "{place} has no {member} to look at");
            let made = found.iter().filter_map(|text| item(written, &form, text));
            items.extend(made.map(|item| name(item, valid)));
        }
    }
    items
}
