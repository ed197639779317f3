//! Tryton 8: its REST interface with an application key, and its remote procedure calls for the erasing wizard.
//!
//! Tryton does not refuse a write that is based on an old reading, so what was written is read back by the core. It has no
//! calls for several records but searching: writes go one by one, each in one transaction with its lists.

mod erase;
mod schema;

use std::sync::Arc;
use std::time::Duration;

use freehold_outbound::{Client, Method};
use multibase::Base;
use serde_json::{Map, Value, json};
use tokio::sync::{Mutex, OnceCell};

use super::{
    Adapter, Description, Ended, Entry, EntryWrite, Failure, Key, Limits, Pending, Record, Refusal, Write,
};
use crate::config::{CrmConfig, OpenError};
use crate::http::{Call, Http, Pace, strange};
use crate::mapping::{Mapping, Way};
use crate::place::Place;
use schema::Schema;

/// Records in one search: their DIDs in an address stay far below the 64 KiB that its server takes in a line.
const SEARCH_MAX: usize = 50;

/// trytond answers some hundred requests a second; more only wait in its queue.
const REQUESTS_PER_SECOND: usize = 100;

/// Archived records are found, read and written like any.
const CONTEXT: &str = r#"{"active_test": false}"#;

/// Wait before a party that was refused is made again, once.
const MAKE_AGAIN: Duration = Duration::from_millis(200);

/// What Tryton writes over values that it erases.
const ERASED: &str = "****";

/// What a person is told of a value that Tryton does not take; its own words may name others.
const NOT_TAKEN: &str = "Tryton does not take this value";

pub(crate) struct Tryton {
    http: Http,
    /// Remote procedure calls, where a user was configured.
    rpc: Option<Http>,
    mapping: Arc<Mapping>,
    schema: OnceCell<Schema>,
    context: String,
    /// Parties are made one after the other.
    making: Mutex<()>,
}

impl Tryton {
    pub(crate) fn open(config: &CrmConfig, mapping: Arc<Mapping>, client: Client) -> Result<Self, OpenError> {
        let pace = || Pace::new(REQUESTS_PER_SECOND, Duration::from_secs(1));
        let http = Http::open(config, client.clone(), "Authorization: Bearer {token}", Vec::new(), pace())?;
        let rpc = erase::sign_in(config)?
            .map(|basic| Http::open(&basic, client, "Authorization: Basic {token}", Vec::new(), pace()))
            .transpose()?;
        let context = Base::Base64UrlPad.encode(CONTEXT);
        Ok(Self { http, rpc, mapping, schema: OnceCell::new(), context, making: Mutex::new(()) })
    }

    fn object(&self) -> &str {
        &self.mapping.record.object
    }

    async fn schema(&self) -> Result<&Schema, Failure> {
        self.schema.get_or_try_init(|| schema::fetch(self)).await
    }

    /// `tail` is what comes after `/rest/model/`.
    async fn call(
        &self,
        verb: &'static str,
        object: &str,
        method: Method,
        tail: &str,
        body: Option<Value>,
    ) -> Result<crate::http::Answer, Failure> {
        let headers = [("x-tryton-context", self.context.as_str())];
        let path = format!("/rest/model/{tail}");
        self.http.call(Call { verb, object, method, path, headers: &headers, body }).await
    }

    /// The records of a search, with these fields.
    async fn search(&self, object: &str, domain: &Value, fields: &[String]) -> Result<Vec<Value>, Failure> {
        let mut tail = format!("{object}?d={}", Base::Base64UrlPad.encode(domain.to_string()));
        for field in fields {
            tail.push_str("&f=");
            tail.push_str(field);
        }
        match self.call("read", object, Method::Get, &tail, None).await?.ok()? {
            Value::Array(records) => Ok(records),
            _ => Err(strange(object)),
        }
    }

    /// Texts of a place with the numbers of the records that hold them.
    async fn find_in(
        &self,
        object: &str,
        place: &Place,
        texts: Vec<&str>,
    ) -> Result<Vec<(String, String)>, Failure> {
        let field =
            if object == self.object() { self.schema().await?.searched(place) } else { place.field.as_str() };
        let wanted = json!([field, "in", texts]);
        let (domain, asked) = match &place.group {
            None => (json!([wanted]), field.to_owned()),
            Some(group) => {
                let conditions = group.conditions.iter();
                let mut inner = vec![wanted];
                inner.extend(conditions.map(|(field, text)| json!([field, "=", schema::constant(text)])));
                (json!([[group.name, "where", inner]]), format!("{}.{field}", group.name))
            }
        };
        let mut found = Vec::new();
        for record in self.search(object, &domain, &[asked]).await? {
            let id = record.get("id").and_then(Value::as_i64).ok_or_else(|| strange(object))?.to_string();
            let entries = match &place.group {
                None => std::slice::from_ref(&record),
                Some(group) => {
                    record.get(&group.name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
                }
            };
            let texts = entries.iter().filter_map(|entry| entry.get(field).and_then(Value::as_str));
            found.extend(texts.map(|text| (text.to_owned(), id.clone())));
        }
        Ok(found)
    }

    async fn read_records(&self, ids: &[String]) -> Result<Vec<Option<Record>>, Failure> {
        let schema = self.schema().await?;
        let numbers: Vec<i64> = ids.iter().filter_map(|id| id.parse().ok()).collect();
        let found = self.search(self.object(), &json!([["id", "in", numbers]]), &schema.wanted).await?;
        let mut records: Vec<Record> = Vec::with_capacity(found.len());
        for value in &found {
            records.push(self.record(value, schema)?);
        }
        Ok(ids.iter().map(|id| records.iter().find(|record| record.id == *id).cloned()).collect())
    }

    fn record(&self, value: &Value, schema: &Schema) -> Result<Record, Failure> {
        let number = |value: &Value| value.get("id").and_then(Value::as_i64).map(|id| id.to_string());
        let id = number(value).ok_or_else(|| strange(self.object()))?;
        let mut record = Record { id, is_archived: is_false(value.get("active")), ..Record::default() };
        for (field, value) in value.as_object().into_iter().flatten() {
            match value {
                Value::Array(entries) if schema.is_list(field) => {
                    let entry = |entry: &Value| {
                        let values = entry.as_object()?.iter().map(|(k, v)| (k.clone(), schema::scalar(v)));
                        let is_archived = is_false(entry.get("active"));
                        Some(Entry { id: number(entry)?, is_archived, values: values.collect() })
                    };
                    let list: Option<Vec<Entry>> = entries.iter().map(entry).collect();
                    record.lists.insert(field.clone(), list.ok_or_else(|| strange(self.object()))?);
                }
                value => {
                    record.fields.insert(field.clone(), schema::scalar(value));
                }
            }
        }
        Ok(record)
    }

    async fn write_one(&self, write: &Write) -> Result<Result<String, Refusal>, Failure> {
        if write.id.is_none() {
            // Two parties that are made at once may get the same code, and the later one is refused.
            let _turn = self.making.lock().await;
            let made = self.send(write, true).await?;
            if made.is_ok() {
                return Ok(made);
            }
            tokio::time::sleep(MAKE_AGAIN).await;
            return self.send(write, true).await;
        }
        let written = self.send(write, true).await?;
        let removes = write.entries.iter().any(|entry| entry.remove);
        // An entry that may not be deleted can still be written over.
        if removes && matches!(written, Err(Refusal::Value(_))) {
            self.send(write, false).await
        } else {
            Ok(written)
        }
    }

    async fn send(&self, write: &Write, deletes: bool) -> Result<Result<String, Refusal>, Failure> {
        let schema = self.schema().await?;
        let object = self.object();
        let mut body: Map<String, Value> = Map::new();
        for (field, value) in &write.fields {
            body.insert(field.clone(), schema.value(object, field, value));
        }
        for entry in &write.entries {
            let list = body.entry(entry.group.name.clone()).or_insert_with(|| json!([]));
            if let Value::Array(operations) = list {
                operations.push(operation(schema, entry, deletes));
            }
        }
        let (verb, method, tail) = match &write.id {
            Some(id) => ("write", Method::Put, format!("{object}/{id}?f=id")),
            None => ("create", Method::Post, format!("{object}?f=id")),
        };
        let answer = self.call(verb, object, method, &tail, Some(Value::Object(body))).await?;
        match answer.status {
            200..=299 => {
                let id = answer.body.get("id").and_then(Value::as_i64).map(|id| id.to_string());
                // Without the right to read what it has written, it says 204.
                id.or_else(|| write.id.clone()).map(Ok).ok_or_else(|| strange(object))
            }
            404 => Ok(Err(Refusal::Gone)),
            // What Tryton refuses itself is JSON with a message; its own failures are pages, and may pass.
            400 if answer.body.get("message").is_some() => Ok(Err(Refusal::Value(NOT_TAKEN.to_owned()))),
            400 => Err(strange(object)),
            _ => Err(answer.rejected()),
        }
    }
}

/// What is done to one entry of a list.
fn operation(schema: &Schema, entry: &EntryWrite, deletes: bool) -> Value {
    let name = &entry.group.name;
    let number = entry.id.as_deref().and_then(|id| id.parse::<i64>().ok());
    match number {
        Some(id) if entry.remove && deletes => json!(["delete", [id]]),
        Some(id) if entry.remove => json!(["write", [id], schema.emptied(entry)]),
        Some(id) => json!(["write", [id], Value::Object(schema.values(name, &entry.values))]),
        None => {
            let mut values = schema.values(name, &entry.values);
            for (field, text) in &entry.group.conditions {
                values.insert(field.clone(), schema::constant(text));
            }
            json!(["create", [values]])
        }
    }
}

/// SQLite gives 0 where PostgreSQL gives false.
fn is_false(value: Option<&Value>) -> bool {
    matches!(value, Some(Value::Bool(false))) || value.and_then(Value::as_i64) == Some(0)
}

impl Adapter for Tryton {
    fn limits(&self) -> Limits {
        Limits { find: SEARCH_MAX, read: SEARCH_MAX, write: 1 }
    }

    fn find<'a>(&'a self, keys: &'a [Key]) -> Pending<'a, Vec<Vec<String>>> {
        Box::pin(async move {
            let mut found = vec![Vec::new(); keys.len()];
            for (index, key) in keys.iter().enumerate() {
                let is_alike = |other: &Key| other.object == key.object && other.place == key.place;
                if keys[..index].iter().any(is_alike) {
                    continue;
                }
                let texts =
                    keys.iter().filter(|other| is_alike(other)).map(|key| key.text.as_str()).collect();
                let pairs = self.find_in(&key.object, &key.place, texts).await?;
                for (other, ids) in keys.iter().zip(&mut found).filter(|(other, _)| is_alike(other)) {
                    ids.extend(
                        pairs.iter().filter(|(text, _)| *text == other.text).map(|(_, id)| id.clone()),
                    );
                    ids.sort();
                    ids.dedup();
                }
            }
            Ok(found)
        })
    }

    fn read<'a>(&'a self, ids: &'a [String]) -> Pending<'a, Vec<Option<Record>>> {
        Box::pin(self.read_records(ids))
    }

    fn write<'a>(&'a self, writes: &'a [Write]) -> Pending<'a, Vec<Result<String, Refusal>>> {
        Box::pin(async move {
            let mut answers = Vec::with_capacity(writes.len());
            for write in writes {
                answers.push(self.write_one(write).await?);
            }
            Ok(answers)
        })
    }

    fn end<'a>(&'a self, id: &'a str, way: Way) -> Pending<'a, Ended> {
        Box::pin(erase::end(self, id, way))
    }

    fn describe(&self) -> Pending<'_, Description> {
        Box::pin(async move {
            let schema = schema::fetch(self).await?;
            // What was read may be refused still: the key's user may not see parties.
            self.search(self.object(), &json!([["id", "=", 0]]), &["id".to_owned()]).await?;
            let missing = self.mapping.places().filter(|place| !schema.has(self.object(), place)).cloned();
            Ok(Description { version: None, missing: missing.collect() })
        })
    }
}
