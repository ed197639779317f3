//! Fields of Contact: what each takes.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// Text of at most so many characters.
    Text(usize),
    /// An email address.
    Email,
    /// A phone number: any text of at most 40 characters.
    Phone,
    /// A date, `YYYY-MM-DD`.
    Date,
}

/// One field.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// What it holds.
    pub kind: Type,
    /// Whether a contact needs it.
    pub required: bool,
    /// Whether it may be set.
    pub writable: bool,
    /// Whether it is an external id.
    pub external: bool,
}

impl Field {
    pub(super) fn shown(&self, name: &str) -> Value {
        let (kind, length) = match self.kind {
            Type::Text(length) => ("string", length),
            Type::Email => ("email", 80),
            Type::Phone => ("phone", 40),
            Type::Date => ("date", 0),
        };
        json!({ "name": name, "type": kind, "length": length, "nillable": !self.required, "createable": self.writable,
            "updateable": self.writable, "externalId": self.external, "idLookup": self.external, "unique": false,
            "custom": name.ends_with("__c") })
    }

    /// What is wrong with a value, as status code and text.
    pub(super) fn wrong(&self, value: &str) -> Option<(&'static str, &'static str)> {
        let length = match self.kind {
            Type::Text(length) => length,
            Type::Phone => 40,
            Type::Email if !is_email(value) => {
                return Some(("INVALID_EMAIL_ADDRESS", "invalid email address"));
            }
            Type::Email => 80,
            Type::Date if !is_date(value) => {
                return Some(("INVALID_TYPE_ON_FIELD_IN_RECORD", "value not of required type"));
            }
            Type::Date => return None,
        };
        (value.chars().count() > length).then_some(("STRING_TOO_LONG", "data value too large"))
    }
}

fn is_email(value: &str) -> bool {
    value.split_once('@').is_some_and(|(name, host)| {
        !name.is_empty() && host.contains('.') && value.is_ascii() && !value.contains(char::is_whitespace)
    })
}

fn is_date(value: &str) -> bool {
    let lengths: Vec<usize> = value.split('-').map(str::len).collect();
    lengths == [4, 2, 2] && value.bytes().all(|b| b.is_ascii_digit() || b == b'-')
}

/// Contact as the "Object Reference" has it, as far as a mapping may name it, and the vendor's external id.
pub(super) fn contact(external: &str) -> BTreeMap<String, Field> {
    let plain = |kind| Field { kind, required: false, writable: true, external: false };
    let mut all = BTreeMap::new();
    for (name, length) in [
        ("Salutation", 40),
        ("FirstName", 40),
        ("MiddleName", 40),
        ("Suffix", 40),
        ("Title", 128),
        ("Department", 80),
        ("GenderIdentity", 255),
        ("Pronouns", 255),
        ("MailingStreet", 255),
        ("MailingCity", 40),
        ("MailingState", 80),
        ("MailingPostalCode", 20),
        ("MailingCountry", 80),
        ("OtherStreet", 255),
        ("OtherCity", 40),
        ("OtherState", 80),
        ("OtherPostalCode", 20),
        ("OtherCountry", 80),
    ] {
        all.insert(name.to_owned(), plain(Type::Text(length)));
    }
    for name in ["Phone", "MobilePhone", "HomePhone", "OtherPhone", "Fax"] {
        all.insert(name.to_owned(), plain(Type::Phone));
    }
    all.insert("LastName".to_owned(), Field { required: true, ..plain(Type::Text(80)) });
    all.insert("Email".to_owned(), plain(Type::Email));
    all.insert("Birthdate".to_owned(), plain(Type::Date));
    all.insert("Id".to_owned(), Field { writable: false, ..plain(Type::Text(18)) });
    all.insert("IsDeleted".to_owned(), Field { writable: false, ..plain(Type::Text(5)) });
    all.insert("Name".to_owned(), Field { writable: false, ..plain(Type::Text(121)) });
    all.insert(external.to_owned(), Field { external: true, ..plain(Type::Text(255)) });
    all
}
