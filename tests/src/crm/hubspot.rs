//! HubSpot: contacts of the CRM API, version 3.
//!
//! After the OpenAPI description `CRM/Contacts/Rollouts/424/v3/contacts.json` and `CRM/Properties` of HubSpot's public
//! collection of API descriptions (paths, schemas, 207 beside 200, archive for 90 days, `gdpr-delete` and its
//! blocklist), and of its developer documentation "Error handling" (shape of errors, 207 when each input has an
//! `objectWriteTraceId`), "API usage guidelines" (limit in ten seconds, 429 with `policyName`), "Search the CRM" (new and
//! changed records may take a while to be found) and "Contacts" (the email is unique). Not described there, and taken
//! from reports of users: the texts of 409 and of an expired token.

mod batch;
mod property;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::server::{Answer, Request, System};

pub use property::{Kind, Property};

/// Most inputs of one batch ("API usage guidelines").
const BATCH_MAX: usize = 100;

/// The span of the burst limit.
const BURST: Duration = Duration::from_secs(10);

/// Requests that an account of the lowest plan may make in [`BURST`].
const BURST_REQUESTS: usize = 100;

const CONTACTS: &str = "/crm/v3/objects/contacts";
const MOMENT: &str = "2026-11-30T08:00:00Z";

/// One contact.
#[derive(Debug, Clone, Default)]
pub struct Contact {
    /// What is set; an empty text is stored as nothing.
    pub properties: BTreeMap<String, String>,
    /// In the bin, from which it can be restored for 90 days.
    pub archived: bool,
    /// Whether search finds it in its present state yet.
    pub indexed: bool,
}

/// An account with its contacts.
pub struct HubSpot {
    /// The token that is good now.
    pub token: String,
    /// Whether it has expired.
    pub expired: bool,
    /// The properties of contacts.
    pub properties: BTreeMap<String, Property>,
    /// Contacts by their id.
    pub contacts: BTreeMap<u64, Contact>,
    /// Values of unique properties that a rule of the account refuses to write.
    pub refused: BTreeSet<String>,
    /// Addresses that were erased for good and may not come back.
    pub blocked: BTreeSet<String>,
    /// Whether an answer repeats the name that an input was given: the schema does not promise it.
    pub echoes_traces: bool,
    /// Requests in ten seconds.
    pub burst: usize,
    moments: VecDeque<Instant>,
    next_id: u64,
}

impl HubSpot {
    /// An account without contacts, with the properties that the tests need. `external` is the unique one.
    #[must_use]
    pub fn new(token: &str, external: &str) -> Self {
        Self {
            token: token.to_owned(),
            expired: false,
            properties: property::defaults(external),
            contacts: BTreeMap::new(),
            refused: BTreeSet::new(),
            blocked: BTreeSet::new(),
            echoes_traces: true,
            burst: BURST_REQUESTS,
            moments: VecDeque::new(),
            next_id: 101,
        }
    }

    /// Puts a contact in as somebody at the vendor would.
    pub fn put(&mut self, properties: &[(&str, &str)]) -> u64 {
        let properties = properties.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        let id = self.next_id;
        self.next_id += 1;
        self.contacts.insert(id, Contact { properties, archived: false, indexed: true });
        id
    }

    /// The one contact that is not archived and has this value.
    #[must_use]
    pub fn find(&self, property: &str, value: &str) -> Option<(u64, &Contact)> {
        let mut found = self
            .contacts
            .iter()
            .filter(|(_, c)| !c.archived && c.properties.get(property).is_some_and(|v| v == value));
        found.next().map(|(id, contact)| (*id, contact))
    }

    /// Lets search find everything as it is now.
    pub fn index(&mut self) {
        self.contacts.values_mut().for_each(|contact| contact.indexed = true);
    }

    fn allowed(&self, request: &Request) -> Result<(), Answer> {
        let token = request.header("authorization").and_then(|value| value.strip_prefix("Bearer "));
        let Some(token) = token else {
            return Err(error(401, "INVALID_AUTHENTICATION", "Authentication credentials not found."));
        };
        if token != self.token {
            return Err(error(401, "INVALID_AUTHENTICATION", "The access token is not valid."));
        }
        if self.expired {
            let text = "The OAuth token used to make this call expired 7 second(s) ago.";
            return Err(error(401, "EXPIRED_AUTHENTICATION", text));
        }
        Ok(())
    }

    fn burst(&mut self) -> Result<(), Answer> {
        let now = Instant::now();
        while self.moments.front().is_some_and(|first| now.duration_since(*first) >= BURST) {
            self.moments.pop_front();
        }
        if self.moments.len() >= self.burst {
            let first = self.moments.front().copied().unwrap_or(now);
            let left = (first + BURST).saturating_duration_since(now).as_secs() + 1;
            return Err(self.limited(Some(left)));
        }
        self.moments.push_back(now);
        Ok(())
    }

    fn route(&mut self, request: &Request) -> Result<Answer, Answer> {
        let segments = request.segments();
        let path: Vec<&str> = segments.iter().map(String::as_str).collect();
        match (request.method.as_str(), path.as_slice()) {
            ("POST", ["crm", "v3", "objects", "contacts", "batch", "upsert"]) => self.upsert(&body(request)?),
            ("POST", ["crm", "v3", "objects", "contacts", "batch", "update"]) => self.update(&body(request)?),
            ("POST", ["crm", "v3", "objects", "contacts", "batch", "read"]) => self.read(&body(request)?),
            ("POST", ["crm", "v3", "objects", "contacts", "search"]) => self.search(&body(request)?),
            ("POST", ["crm", "v3", "objects", "contacts", "gdpr-delete"]) => {
                self.gdpr_delete(&body(request)?)
            }
            ("DELETE", ["crm", "v3", "objects", "contacts", id]) => {
                let contact = id.parse().ok().and_then(|id: u64| self.contacts.get_mut(&id));
                if let Some(contact) = contact {
                    contact.archived = true;
                }
                Ok(Answer::empty(204))
            }
            ("GET", ["crm", "v3", "properties", "contacts"]) => {
                let all: Vec<Value> = self.properties.iter().map(|(n, p)| p.shown(n)).collect();
                Ok(Answer::json(200, &json!({ "results": all })))
            }
            ("GET", ["crm", "v3", "properties", "contacts", name]) => match self.properties.get(*name) {
                Some(property) => Ok(Answer::json(200, &property.shown(name))),
                None => Err(error(404, "OBJECT_NOT_FOUND", "Could not find the property.")),
            },
            _ => Err(error(404, "OBJECT_NOT_FOUND", "resource not found")),
        }
    }

    fn gdpr_delete(&mut self, body: &Value) -> Result<Answer, Answer> {
        keys(body, &["objectId", "idProperty"])?;
        let wanted = body["objectId"].as_str().ok_or_else(|| invalid("objectId is missing"))?;
        let found = match body["idProperty"].as_str() {
            None => wanted.parse().ok().filter(|id| self.contacts.contains_key(id)),
            Some("email") => {
                let found = self.find("email", wanted).map(|(id, _)| id);
                if found.is_none() {
                    self.blocked.insert(wanted.to_lowercase());
                }
                found
            }
            Some(_) => return Err(invalid("idProperty must be email")),
        };
        if let Some(id) = found {
            self.contacts.remove(&id);
        }
        Ok(Answer::empty(204))
    }

    fn search(&self, body: &Value) -> Result<Answer, Answer> {
        keys(body, &["filterGroups", "properties", "limit", "after", "sorts", "query"])?;
        let groups = body["filterGroups"].as_array().ok_or_else(|| invalid("filterGroups is missing"))?;
        let mut found = Vec::new();
        for group in groups {
            let filters = group["filters"].as_array().ok_or_else(|| invalid("filters is missing"))?;
            for (id, contact) in self.contacts.iter().filter(|(_, c)| !c.archived && c.indexed) {
                let mut matches = true;
                for filter in filters {
                    let name = filter["propertyName"].as_str().unwrap_or_default();
                    if !self.properties.contains_key(name) || filter["operator"] != "EQ" {
                        return Err(invalid("There was a problem with the request."));
                    }
                    let value = contact.properties.get(name).map(String::as_str);
                    matches &= value.is_some() && value == filter["value"].as_str();
                }
                if matches && !found.contains(id) {
                    found.push(*id);
                }
            }
        }
        let asked = names(&body["properties"])?;
        let results: Vec<Value> = found.iter().map(|id| self.shown(*id, &asked)).collect();
        Ok(Answer::json(200, &json!({ "total": results.len(), "results": results })))
    }

    /// A contact as it is answered: what was asked for, `null` where it is not set.
    fn shown(&self, id: u64, asked: &[String]) -> Value {
        let contact = self.contacts.get(&id).cloned().unwrap_or_default();
        let mut properties = serde_json::Map::new();
        for name in asked.iter().filter(|name| self.properties.contains_key(*name)) {
            properties.insert(name.clone(), json!(contact.properties.get(name)));
        }
        properties.insert("hs_object_id".to_owned(), json!(id.to_string()));
        json!({ "id": id.to_string(), "properties": properties, "createdAt": MOMENT, "updatedAt": MOMENT,
                "archived": contact.archived })
    }
}

impl System for HubSpot {
    fn answer(&mut self, request: &Request) -> Answer {
        let checked = self.allowed(request).and_then(|()| self.burst());
        checked.and_then(|()| self.route(request)).unwrap_or_else(|refused| refused)
    }

    fn is_write(&self, request: &Request) -> bool {
        let reads = ["batch/read", "search"].map(|end| format!("{CONTACTS}/{end}"));
        request.method != "GET" && !reads.contains(&request.path)
    }

    fn limited(&self, after: Option<u64>) -> Answer {
        let text = "You have reached your ten_secondly_rolling limit.";
        let body = json!({ "status": "error", "message": text, "errorType": "RATE_LIMIT",
            "correlationId": CORRELATION, "policyName": "TEN_SECONDLY_ROLLING" });
        let answer = Answer::json(429, &body)
            .with("x-hubspot-ratelimit-max", self.burst)
            .with("x-hubspot-ratelimit-interval-milliseconds", BURST.as_millis());
        match after {
            Some(seconds) => answer.with("retry-after", seconds),
            None => answer,
        }
    }

    fn failed(&self) -> Answer {
        error(500, "INTERNAL_ERROR", "internal error")
    }

    fn expire(&mut self) {
        self.expired = true;
    }
}

const CORRELATION: &str = "aeb5f871-7f07-4993-9211-075dc63e7cbf";

fn error(status: u16, category: &str, text: &str) -> Answer {
    let body =
        json!({ "status": "error", "message": text, "correlationId": CORRELATION, "category": category });
    Answer::json(status, &body)
}

fn invalid(text: &str) -> Answer {
    error(400, "VALIDATION_ERROR", text)
}

fn body(request: &Request) -> Result<Value, Answer> {
    match request.json() {
        Some(body) if body.is_object() => Ok(body),
        _ => Err(invalid("Invalid input JSON on line 1, column 1")),
    }
}

/// Refuses members that the schema does not have.
fn keys(body: &Value, known: &[&str]) -> Result<(), Answer> {
    let unknown = body.as_object().into_iter().flatten().any(|(name, _)| !known.contains(&name.as_str()));
    if unknown { Err(invalid("Invalid input JSON: unrecognized field")) } else { Ok(()) }
}

fn names(value: &Value) -> Result<Vec<String>, Answer> {
    let Some(list) = value.as_array() else { return Err(invalid("properties is missing")) };
    let names: Option<Vec<String>> = list.iter().map(|name| name.as_str().map(str::to_owned)).collect();
    names.ok_or_else(|| invalid("properties must be texts"))
}
