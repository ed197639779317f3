//! What Salesforce's errors say. Their texts may hold values, so nothing of them is shown but names of fields and codes.

use std::time::Duration;

use serde_json::Value;

use crate::adapter::Refusal;
use crate::http::Meaning;

/// Wait after a limit: Salesforce names none, and its limit is one of 24 hours that moves on.
const LIMIT_WAIT: Duration = Duration::from_secs(60);

/// Wait on a record that another transaction holds: it gives up by itself after ten seconds.
const LOCK_WAIT: Duration = Duration::from_secs(10);

/// A limit is answered 403, "`REQUEST_LIMIT_EXCEEDED`" ("Status Codes and Error Responses").
pub(super) fn meaning(status: u16, body: &Value) -> Option<Meaning> {
    let code = body[0]["errorCode"].as_str();
    match (status, code) {
        (403, Some("REQUEST_LIMIT_EXCEEDED")) => Some(Meaning::TooMany(LIMIT_WAIT)),
        (503, _) => Some(Meaning::TooMany(LIMIT_WAIT)),
        _ => None,
    }
}

/// How long to wait where a record failed for a reason that passes.
pub(super) fn passing(result: &Value) -> Option<Duration> {
    let code = result["errors"][0]["statusCode"].as_str()?;
    matches!(code, "UNABLE_TO_LOCK_ROW" | "SERVER_UNAVAILABLE" | "REQUEST_RUNNING_TOO_LONG")
        .then_some(LOCK_WAIT)
}

/// Whether a deletion failed because of other records.
pub(super) fn is_in_use(body: &Value) -> bool {
    matches!(body[0]["errorCode"].as_str(), Some("DELETE_FAILED" | "DEPENDENCY_EXISTS"))
}

/// The errors of one record of a collection.
pub(super) fn refusal(errors: &Value) -> Refusal {
    let code = errors[0]["statusCode"].as_str().unwrap_or_default();
    match code {
        "DUPLICATES_DETECTED" | "DUPLICATE_VALUE" => Refusal::Duplicate(Vec::new()),
        // The external id is on several records: their ids stand in the text, in brackets.
        "DUPLICATE_EXTERNAL_ID" => Refusal::Duplicate(ids(errors[0]["message"].as_str().unwrap_or_default())),
        "ENTITY_IS_DELETED" | "INVALID_CROSS_REFERENCE_KEY" | "NOT_FOUND" => Refusal::Gone,
        _ => {
            let fields: Vec<&str> =
                errors[0]["fields"].as_array().into_iter().flatten().filter_map(word).collect();
            let code = if is_word(code) { code } else { "no code" };
            Refusal::Value(match fields.is_empty() {
                true => format!("Salesforce does not take this contact ({code})"),
                false => format!("Salesforce does not take {} ({code})", fields.join(", ")),
            })
        }
    }
}

fn word(value: &Value) -> Option<&str> {
    value.as_str().filter(|text| is_word(text))
}

/// A name or a code, and nothing that could be a value.
fn is_word(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_';
    !text.is_empty() && text.len() <= 100 && text.chars().all(fits)
}

/// Whatever has the form of a record id: 15 or 18 letters and digits that begin with the three of a contact.
fn ids(text: &str) -> Vec<String> {
    let parts = text.split(|c: char| !c.is_ascii_alphanumeric());
    parts.filter(|part| matches!(part.len(), 15 | 18) && part.starts_with("003")).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_error_is_told_without_its_values() {
        let errors =
            json!([{ "statusCode": "INVALID_EMAIL_ADDRESS", "message": "Email: ann@", "fields": ["Email"] }]);
        let wanted = "Salesforce does not take Email (INVALID_EMAIL_ADDRESS)".to_owned();
        assert_eq!(refusal(&errors), Refusal::Value(wanted));
        let errors = json!([{ "statusCode": "ann@x.y", "message": "", "fields": ["ann@x.y"] }]);
        let wanted = "Salesforce does not take this contact (no code)".to_owned();
        assert_eq!(refusal(&errors), Refusal::Value(wanted));
    }

    #[test]
    fn more_than_one_record_of_an_external_id_is_a_duplicate_with_their_numbers() {
        let text = "F__c: more than one record found for external id field: [003000000000001AAA, 003000000000002AAA]";
        let errors = json!([{ "statusCode": "DUPLICATE_EXTERNAL_ID", "message": text, "fields": [] }]);
        let wanted = ["003000000000001AAA", "003000000000002AAA"].map(str::to_owned).to_vec();
        assert_eq!(refusal(&errors), Refusal::Duplicate(wanted));
    }
}
