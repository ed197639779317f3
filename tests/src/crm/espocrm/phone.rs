//! A contact's numbers.

use serde_json::Value;

use super::{Answer, invalid};

/// Types of a number (`typeList` of `phoneNumber`).
pub const PHONE_TYPES: [&str; 5] = ["Mobile", "Office", "Home", "Fax", "Other"];

/// One of a contact's numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phone {
    /// The number.
    pub number: String,
    /// One of [`PHONE_TYPES`].
    pub kind: String,
    /// Whether it is the one that stands in `phoneNumber`.
    pub primary: bool,
}

/// The numbers of a payload, where it has them.
pub(super) fn phones(body: &Value) -> Result<Option<Vec<Phone>>, Answer> {
    let Some(list) = body["phoneNumberData"].as_array() else { return Ok(None) };
    let mut phones = Vec::new();
    for entry in list {
        let number = entry["phoneNumber"].as_str().filter(|number| is_phone(number));
        let kind = entry["type"].as_str().unwrap_or("Mobile");
        match number.filter(|_| PHONE_TYPES.contains(&kind)) {
            Some(number) => phones.push(Phone {
                number: number.to_owned(),
                kind: kind.to_owned(),
                primary: entry["primary"] == true,
            }),
            None => return Err(invalid("phoneNumber", "valid")),
        }
    }
    Ok(Some(phones))
}

pub(super) fn is_phone(value: &str) -> bool {
    value.starts_with('+') && value.len() > 4 && value[1..].bytes().all(|b| b.is_ascii_digit() || b == b' ')
}
