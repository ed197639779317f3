//! How things are said to people.

use freehold_hub::view::Receiver;
use maud::{Markup, html};
use serde_json::Value;

/// A moment, to the minute; all moments are UTC.
pub(crate) fn moment(rfc3339: &str) -> Markup {
    let minute = rfc3339.get(..16).unwrap_or(rfc3339).replace('T', " ");
    html! { time datetime=(rfc3339) title=(rfc3339) { (minute) } }
}

/// A moment that there may not be.
pub(crate) fn maybe_moment(rfc3339: Option<&String>) -> Markup {
    rfc3339.map_or(html! { "–" }, |text| moment(text))
}

/// An IRI's last word, in lower case words: `service provision`.
pub(crate) fn term(iri: &str) -> String {
    let name = iri.rsplit(['#', '/', ':']).next().unwrap_or(iri);
    let mut words = String::new();
    for c in name.chars() {
        if c.is_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.extend(c.to_lowercase());
    }
    words
}

/// The beginning of an id.
pub(crate) fn short(id: &str) -> &str {
    let bare = id.rsplit(':').next().unwrap_or(id);
    bare.get(..8).unwrap_or(bare)
}

/// A DID that fits into a line.
pub(crate) fn short_did(did: &str) -> Markup {
    let cut = did.char_indices().nth(24).filter(|_| did.len() > 32).map_or(did, |(at, _)| &did[..at]);
    html! { code title=(did) { (cut) @if cut.len() < did.len() { "…" } } }
}

/// What kind of event it is.
pub(crate) fn kind(kind: &str) -> String {
    match kind.strip_prefix("dev.freehold.").unwrap_or(kind) {
        "grant" => "agreement given",
        "update" => "values came",
        "revoke" => "agreement taken back",
        "erase" => "values erased",
        "decline" => "request declined",
        "rotate" => "moved to another key",
        "read" => "read live",
        other => other,
    }
    .to_owned()
}

/// A system of the vendor's.
pub(crate) fn sink(receiver: Receiver) -> &'static str {
    match receiver {
        Receiver::Webhook => "webhook",
        Receiver::Crm => "CRM",
    }
}

/// A mark for how something stands.
pub(crate) fn tag(text: &str) -> Markup {
    let class = match text {
        "standing" | "granted" | "working" | "delivered" | "connected" | "measured" => "tag good",
        "narrowed" | "pending" | "waiting" | "estimated" => "tag warn",
        "revoked" | "declined" | "stuck" | "dead letter" => "tag bad",
        _ => "tag plain",
    };
    html! { span class=(class) { (text) } }
}

/// The fields that an event names; never their values.
pub(crate) fn paths(cloudevent: &Value) -> Vec<String> {
    let data = &cloudevent["data"];
    match (&data["fields"], &data["paths"]) {
        (Value::Object(fields), _) => fields.keys().cloned().collect(),
        (_, Value::Array(paths)) => paths.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

/// The relationship that an event is about: its id begins with it.
pub(crate) fn relationship(cloudevent: &Value) -> Option<&str> {
    cloudevent["id"].as_str()?.get(..36)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn terms_and_moments_read_as_words() {
        assert_eq!(term("https://w3id.org/dpv#ServiceProvision"), "service provision");
        assert!(moment("2026-11-24T00:00:12Z").into_string().contains(">2026-11-24 00:00<"));
        assert_eq!(short("urn:uuid:0123456789"), "01234567");
    }

    #[test]
    fn an_event_is_shown_by_its_fields_names_alone() {
        let event = json!({"id": "x", "data": {"fields": {"phone.mobile": "+15550100"}}});
        assert_eq!(paths(&event), ["phone.mobile"]);
        assert_eq!(relationship(&event), None);
    }
}
