//! Salesforce: the object Contact over REST.
//!
//! After the "REST API Developer Guide": "Upsert Records Using sObject Collections" (at most 200 of one type, `attributes`
//! in each, external ids alone, results in the order of the records), "Update Multiple Records" (the same by record id), "Insert or Update (Upsert) a Record Using an
//! External ID" (201, 200 or 204; 300 with the list of records on more than one), "Status Codes and Error Responses" (401
//! `INVALID_SESSION_ID`, 403 `REQUEST_LIMIT_EXCEEDED`, 503 when overloaded, 414), "Query" (SOQL, `queryAll` sees what is
//! in the bin), "sObject Describe", "Delete"; after the "Object Reference" for Contact, and "OAuth 2.0 Refresh Token
//! Flow" of the help. Status codes of single records (`DUPLICATES_DETECTED`, `DUPLICATE_EXTERNAL_ID`,
//! `REQUIRED_FIELD_MISSING` and so on) are those of the "SOAP API Developer Guide", "StatusCode".
//!
//! Salesforce names no wait: it sends no `Retry-After`.

mod collection;
mod field;
mod soql;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::query;
use super::server::{Answer, Request, System};

pub use field::{Field, Type};

/// Most records of one collection.
const RECORDS_MAX: usize = 200;

/// Longest path with query, in bytes; a longer one is answered 414.
const URI_BYTES_MAX: usize = 16_384;

const VERSION: &str = "v62.0";

/// One contact.
#[derive(Debug, Clone, Default)]
pub struct Contact {
    /// Its fields; what is empty is absent.
    pub fields: BTreeMap<String, String>,
    /// In the recycle bin, where it stays for 15 days.
    pub deleted: bool,
}

/// An org with its contacts.
pub struct Salesforce {
    /// The access token that is good now.
    pub token: String,
    /// What gets a new one.
    pub refresh_token: String,
    /// Whether the refresh token is no longer taken.
    pub refresh_revoked: bool,
    /// The fields of Contact.
    pub fields: BTreeMap<String, Field>,
    /// The external id field.
    pub external: String,
    /// Contacts by their id.
    pub contacts: BTreeMap<String, Contact>,
    /// External ids whose records a validation rule refuses.
    pub refused: BTreeSet<String>,
    /// Whether the org's duplicate rule blocks a new contact with the same email.
    pub duplicate_rule: bool,
    /// Whether an overloaded instance answers a limit with 503 in the place of 403.
    pub overloaded: bool,
    issued: u32,
    next_id: u32,
}

impl Salesforce {
    /// An org without contacts, whose Contact has the custom field `external` as external id.
    #[must_use]
    pub fn new(token: &str, refresh_token: &str, external: &str) -> Self {
        Self {
            token: token.to_owned(),
            refresh_token: refresh_token.to_owned(),
            refresh_revoked: false,
            fields: field::contact(external),
            external: external.to_owned(),
            contacts: BTreeMap::new(),
            refused: BTreeSet::new(),
            duplicate_rule: true,
            overloaded: false,
            issued: 0,
            next_id: 1,
        }
    }

    /// Puts a contact in as somebody at the vendor would.
    pub fn put(&mut self, fields: &[(&str, &str)]) -> String {
        let id = self.new_id();
        let fields = fields.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        self.contacts.insert(id.clone(), Contact { fields, deleted: false });
        id
    }

    /// The contacts outside the bin that have this value.
    #[must_use]
    pub fn find(&self, field: &str, value: &str) -> Vec<(String, &Contact)> {
        let matches = |c: &Contact| !c.deleted && c.fields.get(field).is_some_and(|v| v == value);
        self.contacts.iter().filter(|(_, c)| matches(c)).map(|(id, c)| (id.clone(), c)).collect()
    }

    fn new_id(&mut self) -> String {
        let id = format!("003{:012}AAA", self.next_id);
        self.next_id += 1;
        id
    }

    fn allowed(&self, request: &Request) -> Result<(), Answer> {
        let token = request.header("authorization").and_then(|value| value.strip_prefix("Bearer "));
        match token {
            Some(token) if token == self.token => Ok(()),
            Some(_) => Err(error(401, "INVALID_SESSION_ID", "Session expired or invalid")),
            None => Err(error(401, "INVALID_AUTH_HEADER", "INVALID_HEADER_TYPE")),
        }
    }

    fn route(&mut self, request: &Request) -> Result<Answer, Answer> {
        let segments = request.segments();
        let path: Vec<&str> = segments.iter().map(String::as_str).collect();
        if let ("POST", ["services", "oauth2", "token"]) = (request.method.as_str(), path.as_slice()) {
            return Ok(self.refresh(request));
        }
        self.allowed(request)?;
        if request.uri_bytes > URI_BYTES_MAX {
            return Err(error(414, "URI_TOO_LONG", "The URI is too long"));
        }
        let Some(rest) = path.strip_prefix(&["services", "data", VERSION]) else {
            return Err(error(404, "NOT_FOUND", "The requested resource does not exist"));
        };
        match (request.method.as_str(), rest) {
            ("PATCH", ["composite", "sobjects"]) => self.collection(None, request),
            ("PATCH", ["composite", "sobjects", "Contact", by]) => self.collection(Some(by), request),
            ("GET", ["query"]) => self.query(request.asked("q").unwrap_or_default(), false),
            ("GET", ["queryAll"]) => self.query(request.asked("q").unwrap_or_default(), true),
            ("GET", ["sobjects", "Contact", "describe"]) => Ok(self.describe()),
            ("GET", ["sobjects", "Contact", by, value]) => self.one(by, value),
            ("DELETE", ["sobjects", "Contact", id]) => self.delete(id),
            _ => Err(error(404, "NOT_FOUND", "The requested resource does not exist")),
        }
    }

    fn refresh(&mut self, request: &Request) -> Answer {
        let form = query::pairs(&request.body);
        let given = |name: &str| form.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
        let labelled = request.header("content-type") == Some("application/x-www-form-urlencoded");
        if !labelled || given("grant_type") != Some("refresh_token") || given("client_id").is_none() {
            let body =
                json!({ "error": "unsupported_grant_type", "error_description": "grant type not supported" });
            return Answer::json(400, &body);
        }
        if self.refresh_revoked || given("refresh_token") != Some(self.refresh_token.as_str()) {
            let body =
                json!({ "error": "invalid_grant", "error_description": "expired access/refresh token" });
            return Answer::json(400, &body);
        }
        self.issued += 1;
        self.token = format!("00D-issued-{}", self.issued);
        let body = json!({ "access_token": self.token, "token_type": "Bearer", "scope": "api refresh_token",
            "instance_url": "https://vendor.my.salesforce.com", "issued_at": "1764489600000", "signature": "c2lnbmF0dXJl",
            "id": "https://login.salesforce.com/id/00D000000000001EAA/005000000000001AAA" });
        Answer::json(200, &body)
    }

    fn one(&self, by: &str, value: &str) -> Result<Answer, Answer> {
        let found: Vec<String> = match by == "Id" {
            true => self.contacts.keys().filter(|id| *id == value).cloned().collect(),
            false => self.find(by, value).into_iter().map(|(id, _)| id).collect(),
        };
        match found.as_slice() {
            [] => Err(error(404, "NOT_FOUND", "The requested resource does not exist")),
            [id] => {
                let all: Vec<String> = self.fields.keys().cloned().collect();
                Ok(Answer::json(200, &self.shown(id, &all)))
            }
            several => {
                let paths: Vec<String> = several.iter().map(|id| path_of(id)).collect();
                Ok(Answer::json(300, &json!(paths)))
            }
        }
    }

    fn delete(&mut self, id: &str) -> Result<Answer, Answer> {
        match self.contacts.get_mut(id) {
            Some(contact) if contact.deleted => Err(error(404, "ENTITY_IS_DELETED", "entity is deleted")),
            Some(contact) => {
                contact.deleted = true;
                Ok(Answer::empty(204))
            }
            None => {
                Err(error(404, "NOT_FOUND", "Provided external ID field does not exist or is not accessible"))
            }
        }
    }

    fn describe(&self) -> Answer {
        let fields: Vec<Value> = self.fields.iter().map(|(name, field)| field.shown(name)).collect();
        let body = json!({ "name": "Contact", "createable": true, "updateable": true, "deletable": true,
            "queryable": true, "fields": fields });
        Answer::json(200, &body)
    }

    fn shown(&self, id: &str, asked: &[String]) -> Value {
        let contact = self.contacts.get(id).cloned().unwrap_or_default();
        let mut shown = serde_json::Map::new();
        shown.insert("attributes".to_owned(), json!({ "type": "Contact", "url": path_of(id) }));
        for name in asked {
            let value = match name.as_str() {
                "Id" => json!(id),
                "IsDeleted" => json!(contact.deleted),
                _ => json!(contact.fields.get(name)),
            };
            shown.insert(name.clone(), value);
        }
        Value::Object(shown)
    }
}

impl System for Salesforce {
    fn answer(&mut self, request: &Request) -> Answer {
        self.route(request).unwrap_or_else(|refused| refused)
    }

    fn is_write(&self, request: &Request) -> bool {
        request.method != "GET" && !request.path.ends_with("/oauth2/token")
    }

    fn limited(&self, after: Option<u64>) -> Answer {
        let answer = match self.overloaded {
            true => error(503, "SERVER_UNAVAILABLE", "Server too busy"),
            false => error(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."),
        };
        match after {
            Some(seconds) => answer.with("retry-after", seconds),
            None => answer,
        }
    }

    fn failed(&self) -> Answer {
        error(500, "UNKNOWN_EXCEPTION", "An unexpected error occurred")
    }

    fn expire(&mut self) {
        self.issued += 1;
        self.token = format!("00D-unknown-{}", self.issued);
    }
}

fn path_of(id: &str) -> String {
    format!("/services/data/{VERSION}/sobjects/Contact/{id}")
}

fn error(status: u16, code: &str, text: &str) -> Answer {
    Answer::json(status, &json!([{ "message": text, "errorCode": code }]))
}
