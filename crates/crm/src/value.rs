//! Values of a CRM beside ours: when they are the same, and what is remembered of them.

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::mapping::Likeness;

/// Bytes of a digest that are kept: enough to tell two values of one place apart.
const DIGEST_BYTES: usize = 16;

/// Whether two values are the same in that CRM.
pub(crate) fn is_same(likeness: Likeness, one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Bool(is), other) | (other, Value::Bool(is)) => truth(other) == Some(*is),
        _ => plain(likeness, one) == plain(likeness, other),
    }
}

/// Whether there is nothing.
pub(crate) fn is_nothing(value: &Value) -> bool {
    plain(Likeness::Text, value).is_empty()
}

/// What is remembered of a value: nothing that it can be read from.
pub(crate) fn digest(place: &str, likeness: Likeness, value: &Value) -> String {
    let mut hash = Sha256::new();
    hash.update(place.as_bytes());
    hash.update([0]);
    hash.update(plain(likeness, value).as_bytes());
    hash.finalize()[..DIGEST_BYTES].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A value as a text.
pub(crate) fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Some databases have numbers for booleans, and some interfaces texts.
fn truth(value: &Value) -> Option<bool> {
    match text(value).as_str() {
        "true" | "1" => Some(true),
        "false" | "0" | "" => Some(false),
        _ => None,
    }
}

/// The text that counts.
fn plain(likeness: Likeness, value: &Value) -> String {
    let text = text(value);
    let text = text.trim();
    match likeness {
        Likeness::Text => text.replace("\r\n", "\n"),
        Likeness::Email => text.to_lowercase(),
        Likeness::Phone => {
            let number = text.strip_prefix("tel:").unwrap_or(text);
            let number =
                number.strip_prefix("00").map_or_else(|| number.to_owned(), |rest| format!("+{rest}"));
            number.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_the_same_in_whatever_way_a_crm_writes_them() {
        for (likeness, one, other, same) in [
            (Likeness::Text, json!("a\r\nb "), json!("a\nb"), true),
            (Likeness::Text, json!("a"), json!("A"), false),
            (Likeness::Text, json!(null), json!(""), true),
            (Likeness::Text, json!("17"), json!(17), true),
            (Likeness::Text, json!(true), json!(1), true),
            (Likeness::Text, json!(0), json!(false), true),
            (Likeness::Text, json!(true), json!("yes"), false),
            (Likeness::Phone, json!("+41 79 123-45-67"), json!("+41791234567"), true),
            (Likeness::Phone, json!("tel:+41-79-1234567"), json!("0041791234567"), true),
            (Likeness::Phone, json!("0791234567"), json!("+41791234567"), false),
            (Likeness::Email, json!("Ann@Example.com"), json!("ann@example.com"), true),
        ] {
            assert_eq!(is_same(likeness, &one, &other), same, "{likeness:?} {one} {other}");
        }
    }

    #[test]
    fn a_digest_is_of_the_place_and_of_what_counts() {
        let of = |place, text: &str| digest(place, Likeness::Phone, &json!(text));
        assert_eq!(of("a", "+41 1"), of("a", "+411"));
        assert_ne!(of("a", "+411"), of("b", "+411"));
        assert_ne!(of("a", "+411"), of("a", "+412"));
    }
}
