//! What HubSpot's errors say. Their texts may hold values, so nothing of them is shown but names of properties and codes.

use std::time::Duration;

use serde_json::Value;

use crate::adapter::Refusal;
use crate::http::Meaning;

/// What stands before the list of properties that were not taken.
const NOT_VALID: &str = "Property values were not valid: ";

/// Wait on what is locked, as "Error handling" asks for.
const LOCKED_WAIT: Duration = Duration::from_secs(2);

/// Wait on an account that is being moved, where the answer names none.
const MOVED_WAIT: Duration = Duration::from_secs(3_600);

/// Statuses of HubSpot's own.
pub(super) fn meaning(status: u16, _body: &Value) -> Option<Meaning> {
    match status {
        423 => Some(Meaning::Later(LOCKED_WAIT)),
        // The account is being moved between data centres; `Retry-After` says for how long.
        477 => Some(Meaning::TooMany(MOVED_WAIT)),
        _ => None,
    }
}

/// One error: of a batch's 207, or of a request with one input.
pub(super) fn refusal(error: &Value) -> Refusal {
    let text = error["message"].as_str().unwrap_or_default();
    match error["category"].as_str() {
        Some("CONFLICT") => Refusal::Duplicate(numbers_after(text, "Existing ID:")),
        Some("OBJECT_NOT_FOUND") => Refusal::Gone,
        _ => Refusal::Value(sentence(text)),
    }
}

fn sentence(text: &str) -> String {
    let list = text.find(NOT_VALID).map(|at| &text[at + NOT_VALID.len()..]);
    let list: Vec<Value> = list.and_then(|list| serde_json::from_str(list).ok()).unwrap_or_default();
    let named: Vec<String> = list
        .iter()
        .filter_map(|item| Some(format!("{} ({})", word(&item["name"])?, word(&item["error"])?)))
        .collect();
    match named.is_empty() {
        true => "HubSpot does not take this contact".to_owned(),
        false => format!("HubSpot does not take {}", named.join(", ")),
    }
}

/// A name or a code, and nothing that could be a value.
fn word(value: &Value) -> Option<&str> {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_';
    value.as_str().filter(|text| !text.is_empty() && text.len() <= 100 && text.chars().all(fits))
}

/// The digits after a word, as a list of one at most.
fn numbers_after(text: &str, before: &str) -> Vec<String> {
    let rest = text.find(before).map(|at| text[at + before.len()..].trim_start());
    let digits: String = rest.unwrap_or_default().chars().take_while(char::is_ascii_digit).collect();
    Some(digits).filter(|digits| !digits.is_empty()).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_error_is_told_without_its_values() {
        let wrong =
            r#"[{"isValid":false,"message":"ann@ is not valid","error":"INVALID_EMAIL","name":"email"}]"#;
        let error = json!({ "category": "VALIDATION_ERROR", "message": format!("{NOT_VALID}{wrong}") });
        let wanted = "HubSpot does not take email (INVALID_EMAIL)".to_owned();
        assert_eq!(refusal(&error), Refusal::Value(wanted));
        let error = json!({ "category": "VALIDATION_ERROR", "message": "ann@ may not be ann@" });
        assert_eq!(refusal(&error), Refusal::Value("HubSpot does not take this contact".to_owned()));
    }

    #[test]
    fn a_conflict_names_the_other_contact() {
        let error = json!({ "category": "CONFLICT", "message": "Contact already exists. Existing ID: 4711" });
        assert_eq!(refusal(&error), Refusal::Duplicate(vec!["4711".to_owned()]));
        assert_eq!(refusal(&json!({ "category": "CONFLICT" })), Refusal::Duplicate(Vec::new()));
    }
}
