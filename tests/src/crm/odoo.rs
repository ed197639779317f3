//! Odoo 19: `res.partner` over JSON-2.
//!
//! After "External JSON-2 API" of Odoo's developer documentation (`POST /json/2/<model>/<method>`, bearer key,
//! `X-Odoo-Database`, the members of an error, one transaction a call, keys that last three months at most) and "ORM API"
//! (`search_read`, `create`, `write`, `unlink`, `fields_get`, domains, `active_test`). From its source, version 19, where
//! the documentation says nothing: which exception gives which status (`odoo/exceptions.py`, `addons/rpc`), that an empty
//! field is read as `false`, and the words of a deletion that a foreign key refuses. Odoo's hosting answers 429 in front
//! of Odoo, so not as JSON; "Odoo Cloud: acceptable use" speaks of about one call a second.

mod model;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::server::{Answer, Request, System};

/// One record: its fields as Odoo answers them, without the empty ones.
pub type Record = BTreeMap<String, Value>;

/// A database with its partners and countries.
pub struct Odoo {
    /// The key that is good now.
    pub key: String,
    /// The database's name.
    pub database: String,
    /// The field that holds the external id.
    pub external: String,
    /// Partners by their id.
    pub partners: BTreeMap<i64, Record>,
    /// Countries: id to code and name.
    pub countries: BTreeMap<i64, (&'static str, &'static str)>,
    /// Partners that something else refers to: an invoice, say.
    pub referenced: BTreeSet<i64>,
    /// External ids whose partners a constraint refuses.
    pub refused: BTreeSet<String>,
    /// Whether the user may delete partners.
    pub may_delete: bool,
    next_id: i64,
}

/// What went wrong: status, Python class, text.
struct Error(u16, &'static str, String);

impl Odoo {
    /// A database without customers.
    #[must_use]
    pub fn new(key: &str, database: &str, external: &str) -> Self {
        Self {
            key: key.to_owned(),
            database: database.to_owned(),
            external: external.to_owned(),
            partners: BTreeMap::new(),
            countries: BTreeMap::from([(57, ("DE", "Germany")), (75, ("FR", "France"))]),
            referenced: BTreeSet::new(),
            refused: BTreeSet::new(),
            may_delete: true,
            next_id: 41,
        }
    }

    /// Puts a partner in as somebody at the vendor would.
    pub fn put(&mut self, fields: &[(&str, &str)]) -> i64 {
        let id = self.next_id;
        self.next_id += 1;
        let mut record: Record = fields.iter().map(|(n, v)| ((*n).to_owned(), json!(v))).collect();
        record.insert("active".to_owned(), json!(true));
        self.partners.insert(id, record);
        id
    }

    /// The partners that have this text, archived ones too.
    #[must_use]
    pub fn find(&self, field: &str, value: &str) -> Vec<(i64, &Record)> {
        let matches = |record: &Record| record.get(field).is_some_and(|v| v == value);
        self.partners.iter().filter(|(_, r)| matches(r)).map(|(id, r)| (*id, r)).collect()
    }

    fn route(&mut self, request: &Request) -> Result<Value, Error> {
        let segments = request.segments();
        let path: Vec<&str> = segments.iter().map(String::as_str).collect();
        let ("POST", ["json", "2", model, method]) = (request.method.as_str(), path.as_slice()) else {
            let text = "Did you mean POST /json/2/<model>/<method>?".to_owned();
            return Err(Error(404, "werkzeug.exceptions.NotFound", text));
        };
        let key = request.header("authorization").and_then(|value| {
            let (scheme, key) = value.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then_some(key)
        });
        if request.header("x-odoo-database").is_some_and(|name| name != self.database) {
            return Err(Error(404, "werkzeug.exceptions.NotFound", "Not Found".to_owned()));
        }
        match key {
            Some(key) if key == self.key => {}
            Some(_) => {
                return Err(Error(401, "werkzeug.exceptions.Unauthorized", "Invalid apikey".to_owned()));
            }
            None => {
                let text = "User not authenticated, use an API Key with a Bearer Authorization header.";
                return Err(Error(401, "werkzeug.exceptions.Unauthorized", text.to_owned()));
            }
        }
        let body = request.json().filter(Value::is_object).ok_or_else(|| {
            Error(400, "werkzeug.exceptions.BadRequest", "could not parse the body as json".to_owned())
        })?;
        match *model {
            "res.partner" => self.partner(method, &body),
            "res.country" => self.country(method, &body),
            _ => {
                Err(Error(404, "werkzeug.exceptions.NotFound", format!("the model '{model}' does not exist")))
            }
        }
    }
}

impl System for Odoo {
    fn answer(&mut self, request: &Request) -> Answer {
        // A call is a transaction: what fails has changed nothing.
        let before = self.partners.clone();
        match self.route(request) {
            Ok(result) => Answer::json(200, &result),
            Err(Error(status, name, text)) => {
                self.partners = before;
                let body = json!({ "name": name, "message": text, "arguments": [text], "context": {},
                    "debug": "Traceback (most recent call last):\n" });
                Answer::json(status, &body)
            }
        }
    }

    fn is_write(&self, request: &Request) -> bool {
        ["/create", "/write", "/unlink"].iter().any(|method| request.path.ends_with(method))
    }

    fn limited(&self, after: Option<u64>) -> Answer {
        let page = "<html><head><title>429 Too Many Requests</title></head></html>";
        let answer = Answer::text(429, "text/html", page);
        match after {
            Some(seconds) => answer.with("retry-after", seconds),
            None => answer,
        }
    }

    fn failed(&self) -> Answer {
        let body = json!({ "name": "psycopg2.OperationalError", "message": "server closed the connection", "arguments": [],
            "context": {}, "debug": "" });
        Answer::json(500, &body)
    }

    fn expire(&mut self) {
        self.key.push_str("-replaced");
    }
}
