//! A vendor's own system with a REST interface of JSON records, as the mapping `rest.toml` that the connector carries speaks to it.
//!
//! It has no description but that mapping. It is strict where such systems commonly are: a bearer token, bodies that are
//! labelled as JSON, members that it knows, one record per external id, and JSON Merge Patch (RFC 7396).

use std::collections::{BTreeMap, HashMap};

use serde_json::{Map, Value, json};

use super::server::{Answer, Request, System};

/// What a customer may have.
const MEMBERS: [&str; 7] = ["externalId", "number", "name", "phones", "email", "address", "active"];

/// The customers.
pub struct Rest {
    /// The token that is good now.
    pub token: String,
    /// Customers by their id.
    pub customers: BTreeMap<u64, Map<String, Value>>,
    /// Their ids by what is unique to them.
    by_external: HashMap<String, u64>,
    last: u64,
}

impl Rest {
    /// A system without customers.
    #[must_use]
    pub fn new(token: &str) -> Self {
        Self { token: token.to_owned(), customers: BTreeMap::new(), by_external: HashMap::new(), last: 0 }
    }

    fn found(&self, request: &Request) -> Vec<&Map<String, Value>> {
        let Some((field, wanted)) = request.query.first() else { return Vec::new() };
        if field == "externalId" {
            let id = self.by_external.get(wanted).and_then(|id| self.customers.get(id));
            return id.into_iter().collect();
        }
        let holds =
            |customer: &&Map<String, Value>| customer.get(field).and_then(Value::as_str) == Some(wanted);
        self.customers.values().filter(holds).collect()
    }

    fn create(&mut self, body: Map<String, Value>) -> Answer {
        if let Some(external) = body.get("externalId").and_then(Value::as_str) {
            if self.by_external.contains_key(external) {
                return problem(409, "externalId is taken");
            }
            self.by_external.insert(external.to_owned(), self.last + 1);
        }
        self.last += 1;
        let mut customer = body;
        customer.insert("id".to_owned(), json!(self.last));
        customer.entry("active").or_insert(json!(true));
        let answer = Answer::json(201, &Value::Object(customer.clone()));
        self.customers.insert(self.last, customer);
        answer
    }

    fn change(&mut self, id: u64, patch: Map<String, Value>) -> Answer {
        if let Some(external) = patch.get("externalId").and_then(Value::as_str) {
            if self.by_external.get(external).is_some_and(|known| *known != id) {
                return problem(409, "externalId is taken");
            }
            self.by_external.insert(external.to_owned(), id);
        }
        let Some(customer) = self.customers.get_mut(&id) else { return problem(404, "no such customer") };
        merge(customer, patch);
        Answer::json(200, &Value::Object(customer.clone()))
    }

    fn remove(&mut self, id: u64) -> Answer {
        let Some(customer) = self.customers.remove(&id) else { return problem(404, "no such customer") };
        if let Some(external) = customer.get("externalId").and_then(Value::as_str) {
            self.by_external.remove(external);
        }
        Answer::empty(204)
    }
}

impl System for Rest {
    fn answer(&mut self, request: &Request) -> Answer {
        if request.header("authorization") != Some(format!("Bearer {}", self.token).as_str()) {
            return problem(401, "the token is not good");
        }
        let segments = request.segments();
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        let id = segments.get(1).and_then(|id| id.parse::<u64>().ok()).unwrap_or_default();
        let body = match (request.method.as_str(), request.json()) {
            ("POST" | "PATCH", Some(Value::Object(body))) => body,
            ("POST" | "PATCH", _) => return problem(415, "send a JSON object"),
            _ => Map::new(),
        };
        if let Some(unknown) = body.keys().find(|name| !MEMBERS.contains(&name.as_str())) {
            return problem(422, &format!("{unknown} is not known"));
        }
        match (request.method.as_str(), segments.as_slice()) {
            ("GET", ["customers"]) => Answer::json(200, &json!({ "items": self.found(request) })),
            ("GET", ["customers", _]) => match self.customers.get(&id) {
                Some(customer) => Answer::json(200, &Value::Object(customer.clone())),
                None => problem(404, "no such customer"),
            },
            ("POST", ["customers"]) => self.create(body),
            ("PATCH", ["customers", _]) => self.change(id, body),
            ("DELETE", ["customers", _]) => self.remove(id),
            (_, ["customers", ..]) => problem(405, "not so"),
            _ => problem(404, "nothing is here"),
        }
    }

    fn is_write(&self, request: &Request) -> bool {
        request.method != "GET"
    }

    fn limited(&self, after: Option<u64>) -> Answer {
        let answer = problem(429, "too many requests");
        match after {
            Some(seconds) => answer.with("retry-after", seconds),
            None => answer,
        }
    }

    fn failed(&self) -> Answer {
        problem(500, "the system has failed")
    }

    fn expire(&mut self) {
        self.token.push_str("-replaced");
    }
}

fn problem(status: u16, title: &str) -> Answer {
    Answer::text(status, "application/problem+json", &json!({ "status": status, "title": title }).to_string())
}

/// JSON Merge Patch.
fn merge(into: &mut Map<String, Value>, patch: Map<String, Value>) {
    for (name, value) in patch {
        match value {
            Value::Null => drop(into.remove(&name)),
            Value::Object(patch) => {
                let part = into.entry(name).or_insert_with(|| json!({}));
                match part {
                    Value::Object(part) => merge(part, patch),
                    other => *other = Value::Object(patch),
                }
            }
            value => drop(into.insert(name, value)),
        }
    }
}
