//! EspoCRM: Contact over REST.
//!
//! After EspoCRM's documentation, "API Overview" (`X-Api-Key`, error codes), "CRUD Operations" (`X-Skip-Duplicate-Check`,
//! `DELETE` answers `true`), "API search parameters" (`where` in the query, or `searchParams` as JSON), "Webhooks"
//! (`skipOwn`) and "Data Privacy" (erasing fields needs a permission of its own; a deleted record is only marked, and
//! removed after `cleanupDeletedRecordsPeriod`, two months by default). From its source, version 9.3, where the
//! documentation says nothing: a duplicate is answered 409 with `X-Status-Reason: duplicate` and the records found as
//! body; unknown attributes are dropped without a word; a failed validation is 400 with the field in the body;
//! erasing overwrites an address with a mark and clears the field; the list takes at most 200 records.

mod list;
mod phone;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::server::{Answer, Request, System};

pub use phone::{PHONE_TYPES, Phone};
use phone::{is_phone, phones};

/// Attributes of Contact that are texts, with the most characters of each.
const TEXTS: [(&str, usize); 13] = [
    ("salutationName", 255),
    ("firstName", 100),
    ("lastName", 100),
    ("middleName", 100),
    ("title", 100),
    ("description", 65_535),
    ("emailAddress", 255),
    ("phoneNumber", 36),
    ("addressStreet", 255),
    ("addressCity", 100),
    ("addressState", 100),
    ("addressCountry", 100),
    ("addressPostalCode", 40),
];

/// Attributes that only the system sets; in a payload they are dropped.
const SYSTEM: [&str; 5] = ["id", "deleted", "createdAt", "modifiedAt", "name"];

/// One contact.
#[derive(Debug, Clone, Default)]
pub struct Contact {
    /// Its attributes; what is empty is absent.
    pub attributes: BTreeMap<String, String>,
    /// Its numbers.
    pub phones: Vec<Phone>,
    /// Marked as deleted.
    pub deleted: bool,
}

/// A webhook that was subscribed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// `Contact.update` and the like.
    pub event: String,
    /// Whether changes made by its owner are left out.
    pub skip_own: bool,
}

/// An instance with its contacts.
pub struct EspoCrm {
    /// The key that is good now.
    pub key: String,
    /// The custom field that holds the external id.
    pub external: String,
    /// Further custom fields.
    pub custom: BTreeSet<String>,
    /// Contacts by their id.
    pub contacts: BTreeMap<String, Contact>,
    /// External ids whose contacts a rule refuses.
    pub refused: BTreeSet<String>,
    /// Attributes that the user's role may not edit: they are dropped from a payload without a word.
    pub deaf: BTreeSet<String>,
    /// Whether the user may erase personal data.
    pub may_erase: bool,
    /// Whether the user may delete contacts.
    pub may_delete: bool,
    /// The webhooks.
    pub webhooks: Vec<Webhook>,
    next_id: u32,
}

impl EspoCrm {
    /// An instance without contacts.
    #[must_use]
    pub fn new(key: &str, external: &str) -> Self {
        Self {
            key: key.to_owned(),
            external: external.to_owned(),
            custom: BTreeSet::new(),
            contacts: BTreeMap::new(),
            refused: BTreeSet::new(),
            deaf: BTreeSet::new(),
            may_erase: true,
            may_delete: true,
            webhooks: Vec::new(),
            next_id: 1,
        }
    }

    /// Puts a contact in as somebody at the vendor would.
    pub fn put(&mut self, attributes: &[(&str, &str)]) -> String {
        let attributes = attributes.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        let id = self.new_id();
        self.contacts.insert(id.clone(), Contact { attributes, ..Contact::default() });
        id
    }

    /// The contacts that are not deleted and have this value.
    #[must_use]
    pub fn find(&self, attribute: &str, value: &str) -> Vec<(String, &Contact)> {
        let matches = |c: &Contact| !c.deleted && c.attributes.get(attribute).is_some_and(|v| v == value);
        self.contacts.iter().filter(|(_, c)| matches(c)).map(|(id, c)| (id.clone(), c)).collect()
    }

    fn new_id(&mut self) -> String {
        let id = format!("66{:015x}", self.next_id);
        self.next_id += 1;
        id
    }

    fn length(&self, attribute: &str) -> Option<usize> {
        let own = attribute == self.external || self.custom.contains(attribute);
        let known = TEXTS.iter().find(|(name, _)| *name == attribute).map(|(_, length)| *length);
        known.or_else(|| own.then_some(255))
    }

    fn route(&mut self, request: &Request) -> Result<Answer, Answer> {
        if request.header("x-api-key") != Some(self.key.as_str()) {
            return Err(Answer::empty(401));
        }
        let segments = request.segments();
        let path: Vec<&str> = segments.iter().map(String::as_str).collect();
        match (request.method.as_str(), path.as_slice()) {
            ("GET", ["api", "v1", "Contact"]) => self.list(request),
            ("GET", ["api", "v1", "Contact", id]) => {
                let found = self.contacts.get(*id).filter(|contact| !contact.deleted);
                found
                    .map(|_| Answer::json(200, &self.shown(id, None)))
                    .ok_or_else(|| reason(404, "Record not found"))
            }
            ("POST", ["api", "v1", "Contact"]) => self.create(request),
            ("PUT", ["api", "v1", "Contact", id]) => self.update(id, request),
            ("DELETE", ["api", "v1", "Contact", id]) => self.delete(id),
            ("POST", ["api", "v1", "DataPrivacy", "action", "erase"]) => self.erase(&body(request)?),
            ("GET", ["api", "v1", "Metadata"]) => Ok(self.metadata(request)),
            ("POST", ["api", "v1", "Webhook"]) => {
                let body = body(request)?;
                let event = body["event"].as_str().filter(|_| body["url"].is_string());
                let event = event.ok_or_else(|| reason(400, "Bad webhook"))?.to_owned();
                self.webhooks.push(Webhook { event, skip_own: body["skipOwn"] == true });
                let id = self.new_id();
                Ok(Answer::json(200, &json!({ "id": id, "secretKey": "c2VjcmV0" })))
            }
            _ => Err(reason(404, "Route not found")),
        }
    }

    fn create(&mut self, request: &Request) -> Result<Answer, Answer> {
        let values = self.values(&body(request)?)?;
        if values.get("lastName").is_none_or(Option::is_none) {
            return Err(invalid("lastName", "required"));
        }
        let skip = request.header("x-skip-duplicate-check") == Some("true");
        let twins = self.twins(&values);
        if !skip && !twins.is_empty() {
            let list: Vec<Value> = twins.iter().map(|id| self.shown(id, None)).collect();
            return Err(Answer::json(409, &json!(list)).with("x-status-reason", "duplicate"));
        }
        let phones = phones(&body(request)?)?;
        let id = self.new_id();
        self.contacts.insert(id.clone(), Contact::default());
        self.store(&id, values, phones);
        Ok(Answer::json(200, &self.shown(&id, None)))
    }

    fn update(&mut self, id: &str, request: &Request) -> Result<Answer, Answer> {
        let values = self.values(&body(request)?)?;
        let Some(contact) = self.contacts.get(id).filter(|contact| !contact.deleted) else {
            return Err(reason(404, "Record not found"));
        };
        if contact.attributes.values().any(|value| self.refused.contains(value)) {
            return Err(invalid(&self.external, "valid"));
        }
        if values.get("lastName").is_some_and(Option::is_none) {
            return Err(invalid("lastName", "required"));
        }
        let phones = phones(&body(request)?)?;
        self.store(id, values, phones);
        Ok(Answer::json(200, &self.shown(id, None)))
    }

    fn store(&mut self, id: &str, values: BTreeMap<String, Option<String>>, phones: Option<Vec<Phone>>) {
        let Some(contact) = self.contacts.get_mut(id) else { return };
        let is_number_alone = phones.is_none() && values.contains_key("phoneNumber");
        for (name, value) in values {
            match value {
                Some(value) => contact.attributes.insert(name, value),
                None => contact.attributes.remove(&name),
            };
        }
        if let Some(phones) = phones {
            let primary = phones.iter().find(|phone| phone.primary).map(|phone| phone.number.clone());
            contact.attributes.remove("phoneNumber");
            contact.attributes.extend(primary.map(|number| ("phoneNumber".to_owned(), number)));
            contact.phones = phones;
        } else if is_number_alone {
            // It is the primary one.
            contact.phones.retain(|phone| !phone.primary);
            let number = contact.attributes.get("phoneNumber").cloned();
            let primary = |number| Phone { number, kind: "Mobile".to_owned(), primary: true };
            contact.phones.extend(number.map(primary));
        }
    }

    fn delete(&mut self, id: &str) -> Result<Answer, Answer> {
        if !self.may_delete {
            return Err(reason(403, "No delete access."));
        }
        match self.contacts.get_mut(id).filter(|contact| !contact.deleted) {
            Some(contact) => {
                contact.deleted = true;
                Ok(Answer::json(200, &json!(true)))
            }
            None => Err(reason(404, "Record not found")),
        }
    }

    fn erase(&mut self, body: &Value) -> Result<Answer, Answer> {
        if !self.may_erase {
            return Err(Answer::empty(403));
        }
        let fields = body["fieldList"].as_array().ok_or_else(|| reason(400, "Bad fieldList"))?;
        let id = body["id"].as_str().filter(|_| body["entityType"] == "Contact").unwrap_or_default();
        let contact = self.contacts.get_mut(id).ok_or_else(|| reason(404, "Record not found"))?;
        for field in fields.iter().filter_map(Value::as_str) {
            if field == "phoneNumber" {
                contact.phones.clear();
            }
            match field {
                "address" => contact.attributes.retain(|name, _| !name.starts_with("address")),
                "name" => contact.attributes.retain(|name, _| {
                    !["salutationName", "firstName", "middleName", "lastName"].contains(&name.as_str())
                }),
                _ => {
                    contact.attributes.remove(field);
                }
            }
        }
        Ok(Answer::json(200, &json!(true)))
    }

    /// The values of a payload. What is no attribute, or the system's own, is dropped without a word.
    fn values(&self, body: &Value) -> Result<BTreeMap<String, Option<String>>, Answer> {
        let mut values = BTreeMap::new();
        for (name, value) in body.as_object().into_iter().flatten() {
            let Some(length) =
                self.length(name).filter(|_| !SYSTEM.contains(&name.as_str()) && !self.deaf.contains(name))
            else {
                continue;
            };
            let value = match value {
                Value::Null => None,
                Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
                _ => return Err(invalid(name, "valid")),
            };
            match value.as_deref() {
                Some(value) if value.chars().count() > length => return Err(invalid(name, "maxLength")),
                Some(value) if name == "emailAddress" && !value.contains('@') => {
                    return Err(invalid(name, "emailAddress"));
                }
                Some(value) if name == "phoneNumber" && !is_phone(value) => {
                    return Err(invalid(name, "valid"));
                }
                Some(value) if *name == self.external && self.refused.contains(value) => {
                    return Err(invalid(name, "valid"));
                }
                _ => {}
            }
            values.insert(name.clone(), value);
        }
        Ok(values)
    }

    /// Contacts with the same name or the same email: `duplicateCheckFieldList` of Contact.
    fn twins(&self, values: &BTreeMap<String, Option<String>>) -> Vec<String> {
        let given = |name: &str| values.get(name).cloned().flatten();
        let same = |contact: &Contact, name: &str| contact.attributes.get(name).cloned() == given(name);
        let twins = self.contacts.iter().filter(|(_, contact)| {
            let email = given("emailAddress").is_some() && same(contact, "emailAddress");
            let name = given("lastName").is_some() && same(contact, "lastName") && same(contact, "firstName");
            !contact.deleted && (email || name)
        });
        twins.map(|(id, _)| id.clone()).collect()
    }

    fn shown(&self, id: &str, select: Option<&str>) -> Value {
        let contact = self.contacts.get(id).cloned().unwrap_or_default();
        let mut shown = Map::new();
        shown.insert("id".to_owned(), json!(id));
        let names = TEXTS.iter().map(|(name, _)| *name).chain([self.external.as_str()]);
        for name in names.chain(self.custom.iter().map(String::as_str)) {
            if select.is_none_or(|select| select.split(',').any(|s| s == name)) {
                shown.insert(name.to_owned(), json!(contact.attributes.get(name)));
            }
        }
        if select.is_none() {
            let phones = contact.phones.iter().map(|phone| {
                json!({ "phoneNumber": phone.number, "type": phone.kind, "primary": phone.primary, "optOut": false,
                    "invalid": false })
            });
            shown.insert("phoneNumberData".to_owned(), json!(phones.collect::<Vec<Value>>()));
        }
        Value::Object(shown)
    }

    fn metadata(&self, request: &Request) -> Answer {
        if request.asked("key") != Some("entityDefs.Contact.fields") {
            return Answer::json(200, &json!({}));
        }
        let mut fields = Map::new();
        for (name, length) in TEXTS {
            let kind = match name {
                "emailAddress" => "email",
                "phoneNumber" => "phone",
                _ => "varchar",
            };
            fields.insert(name.to_owned(), json!({ "type": kind, "maxLength": length }));
        }
        for name in self.custom.iter().chain([&self.external]) {
            fields.insert(name.clone(), json!({ "type": "varchar", "isCustom": true }));
        }
        Answer::json(200, &Value::Object(fields))
    }
}

impl System for EspoCrm {
    fn answer(&mut self, request: &Request) -> Answer {
        self.route(request).unwrap_or_else(|refused| refused)
    }

    fn is_write(&self, request: &Request) -> bool {
        request.method != "GET"
    }

    /// EspoCRM has no limit of its own: what stands in front of it answers.
    fn limited(&self, after: Option<u64>) -> Answer {
        let answer = Answer::text(429, "text/html", "<html><h1>429 Too Many Requests</h1></html>");
        match after {
            Some(seconds) => answer.with("retry-after", seconds),
            None => answer,
        }
    }

    fn failed(&self) -> Answer {
        Answer::text(500, "text/html", "<h1>500 Internal Server Error</h1>")
    }

    fn expire(&mut self) {
        self.key.push_str("-replaced");
    }
}

fn body(request: &Request) -> Result<Value, Answer> {
    request.json().filter(Value::is_object).ok_or_else(|| reason(400, "Bad JSON"))
}

fn reason(status: u16, text: &str) -> Answer {
    Answer::empty(status).with("x-status-reason", text)
}

fn invalid(field: &str, rule: &str) -> Answer {
    let body = json!({ "messageTranslation": { "label": "validationFailure", "scope": null,
        "data": { "field": field, "type": rule } } });
    let text = format!("Field validation failure; entityType: Contact, field: {field}, type: {rule}.");
    Answer::json(400, &body).with("x-status-reason", text)
}
