//! Properties of contacts: what each takes.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// What a property holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// Any text.
    Text,
    /// An address, kept in lower case.
    Email,
    /// A date, `YYYY-MM-DD`.
    Date,
    /// One of these values.
    Options(Vec<String>),
}

/// One property.
#[derive(Debug, Clone)]
pub struct Property {
    /// What it holds.
    pub kind: Kind,
    /// Whether no two contacts may have the same value.
    pub unique: bool,
    /// Whether the API may not set it.
    pub read_only: bool,
}

impl Property {
    pub(super) fn shown(&self, name: &str) -> Value {
        let (kind, field) = match self.kind {
            Kind::Text => ("string", "text"),
            Kind::Email => ("string", "text"),
            Kind::Date => ("date", "date"),
            Kind::Options(_) => ("enumeration", "select"),
        };
        let options: Vec<Value> = match &self.kind {
            Kind::Options(values) => values.iter().map(|v| json!({ "label": v, "value": v })).collect(),
            _ => Vec::new(),
        };
        json!({ "name": name, "label": name, "type": kind, "fieldType": field, "groupName": "contactinformation",
            "options": options, "hasUniqueValue": self.unique, "archived": false,
            "modificationMetadata": { "readOnlyValue": self.read_only, "archivable": true } })
    }

    /// The value as it is kept, or the name of what is wrong with it.
    pub(super) fn kept(&self, value: &str) -> Result<String, &'static str> {
        if self.read_only {
            return Err("READ_ONLY_VALUE");
        }
        match &self.kind {
            Kind::Email if !value.is_empty() && !is_email(value) => Err("INVALID_EMAIL"),
            Kind::Email => Ok(value.to_lowercase()),
            Kind::Date if !value.is_empty() && !is_date(value) => Err("INVALID_DATE"),
            Kind::Options(known) if !value.is_empty() && !known.iter().any(|v| v == value) => {
                Err("INVALID_OPTION")
            }
            _ => Ok(value.to_owned()),
        }
    }
}

fn is_email(value: &str) -> bool {
    value.split_once('@').is_some_and(|(name, host)| {
        !name.is_empty() && host.contains('.') && !value.contains(char::is_whitespace)
    })
}

fn is_date(value: &str) -> bool {
    let parts: Vec<&str> = value.split('-').collect();
    let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
    lengths == [4, 2, 2] && parts.iter().all(|part| part.bytes().all(|b| b.is_ascii_digit()))
}

/// Contact properties that HubSpot defines and a mapping may name, and the vendor's own unique one.
pub(super) fn defaults(external: &str) -> BTreeMap<String, Property> {
    let texts = [
        "firstname",
        "lastname",
        "salutation",
        "phone",
        "mobilephone",
        "fax",
        "address",
        "city",
        "state",
        "zip",
        "country",
        "company",
        "jobtitle",
        "website",
        "work_email",
        "gender",
        "hs_language",
        "marital_status",
    ];
    let plain = |kind| Property { kind, unique: false, read_only: false };
    let mut all: BTreeMap<String, Property> =
        texts.iter().map(|name| ((*name).to_owned(), plain(Kind::Text))).collect();
    all.insert("date_of_birth".to_owned(), plain(Kind::Text));
    all.insert("closedate".to_owned(), plain(Kind::Date));
    let stages = ["lead", "customer"].map(str::to_owned).to_vec();
    all.insert("lifecyclestage".to_owned(), plain(Kind::Options(stages)));
    all.insert("email".to_owned(), Property { unique: true, ..plain(Kind::Email) });
    all.insert("hs_object_id".to_owned(), Property { read_only: true, unique: true, ..plain(Kind::Text) });
    all.insert(external.to_owned(), Property { unique: true, ..plain(Kind::Text) });
    all
}
