//! Any system with a REST interface of JSON records; the mapping's `[rest]` says how it is spoken to.
//!
//! A group without conditions is an object inside the record, one with conditions a list of objects. Lists are written as a
//! whole, from what was read just before.

mod json;
mod template;

use std::sync::Arc;
use std::time::Duration;

use freehold_outbound::{Client, Method};
use serde_json::Value;

use super::{Adapter, Description, Ended, Failure, Key, Limits, Pending, Record, Refusal, Write};
use crate::config::{CrmConfig, OpenError};
use crate::http::{Answer, Call, Http, Pace};
use crate::mapping::{Mapping, RestMapping, Way};
use template::Template;

pub(crate) use template::check;

/// An unknown system is not pressed.
const REQUESTS_PER_SECOND: usize = 20;

/// What a person is told of a value that the system does not take; its own words may name others.
const NOT_TAKEN: &str = "the system does not take this value";

/// What nobody has as a DID: for a search that finds nothing.
const NOBODY: &str = "did:key:nobody";

pub(crate) struct Rest {
    http: Http,
    mapping: Arc<Mapping>,
    wire: RestMapping,
    find: Template,
    read: Template,
    create: Template,
    update: Template,
    erase: Option<Template>,
    check: Option<Template>,
}

impl Rest {
    pub(crate) fn open(config: &CrmConfig, mapping: Arc<Mapping>, client: Client) -> Result<Self, OpenError> {
        let no_rest = OpenError::OtherSystem { wanted: "rest", got: mapping.system().as_str() };
        let wire = mapping.rest.clone().ok_or(no_rest)?;
        let headers = wire.headers.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        let pace = Pace::new(REQUESTS_PER_SECOND, Duration::from_secs(1));
        let http = Http::open(config, client, &wire.auth, headers, pace)?;
        let [find, read, create, update] =
            [&wire.find, &wire.read, &wire.create, &wire.update].map(|t| Template::of(t));
        let [erase, check] = [&wire.erase, &wire.check].map(|text| text.as_deref().map(Template::of));
        Ok(Self { http, mapping, wire, find, read, create, update, erase, check })
    }

    fn object(&self) -> &str {
        &self.mapping.record.object
    }

    async fn call(
        &self,
        verb: &'static str,
        template: &Template,
        values: &[(&str, &str)],
        body: Option<Value>,
    ) -> Result<Answer, Failure> {
        let (method, path) = template.filled(values);
        self.http.call(Call { verb, object: self.object(), method, path, headers: &[], body }).await
    }

    async fn find_one(&self, key: &Key) -> Result<Vec<String>, Failure> {
        let field = json::dotted(&key.place);
        let values = [("object", key.object.as_str()), ("field", &field), ("value", &key.text)];
        let answer = self.call("read", &self.find, &values, None).await?;
        if answer.status == 404 {
            return Ok(Vec::new());
        }
        let strange = answer.strange();
        let body = answer.ok()?;
        let items = json::member(&body, &self.wire.items).and_then(Value::as_array).ok_or(strange)?;
        // A system that does not know the field may answer with everything it has.
        let is_meant = |item: &&Value| json::texts(item, &key.place).contains(&key.text);
        let mut ids: Vec<String> = items.iter().filter(is_meant).filter_map(|item| self.id(item)).collect();
        ids.sort();
        ids.dedup();
        Ok(ids)
    }

    fn id(&self, item: &Value) -> Option<String> {
        json::member(item, &self.wire.id).and_then(json::text)
    }

    /// The record as it stands in the answer; none when it is not there.
    async fn raw(&self, id: &str) -> Result<Option<Value>, Failure> {
        let answer = self.call("read", &self.read, &[("object", self.object()), ("id", id)], None).await?;
        if matches!(answer.status, 404 | 410) {
            return Ok(None);
        }
        let strange = answer.strange();
        let body = answer.ok()?;
        json::member(&body, &self.wire.item).filter(|item| item.is_object()).cloned().map(Some).ok_or(strange)
    }

    async fn read_one(&self, id: &str) -> Result<Option<Record>, Failure> {
        let Some(raw) = self.raw(id).await? else { return Ok(None) };
        let mut record = json::record(&raw, id, self.mapping.places());
        record.is_archived = self.wire.archived.as_deref().is_some_and(|text| {
            let (field, is) = archived(text);
            json::member(&raw, field).and_then(Value::as_bool) == Some(is)
        });
        Ok(Some(record))
    }

    async fn write_one(&self, write: &Write) -> Result<Result<String, Refusal>, Failure> {
        let object = ("object", self.object());
        let (verb, answer) = match &write.id {
            None => {
                let body = json::body(None, write, true);
                ("create", self.call("create", &self.create, &[object], Some(body)).await?)
            }
            Some(id) => {
                let is_whole = self.update.method == Method::Put;
                let needs_lists = write.entries.iter().any(|entry| !entry.group.conditions.is_empty());
                let before = if is_whole || needs_lists { self.raw(id).await? } else { None };
                if (is_whole || needs_lists) && before.is_none() {
                    return Ok(Err(Refusal::Gone));
                }
                let body = json::body(before, write, is_whole);
                ("write", self.call("write", &self.update, &[object, ("id", id)], Some(body)).await?)
            }
        };
        match answer.status {
            200..=299 if verb == "write" => Ok(Ok(write.id.clone().unwrap_or_default())),
            200..=299 => {
                let id = json::member(&answer.body, &self.wire.item).and_then(|item| self.id(item));
                id.map(Ok).ok_or_else(|| answer.strange())
            }
            404 | 410 if verb == "write" => Ok(Err(Refusal::Gone)),
            409 => Ok(Err(Refusal::Duplicate(Vec::new()))),
            400 | 422 => Ok(Err(Refusal::Value(NOT_TAKEN.to_owned()))),
            _ => Err(answer.rejected()),
        }
    }

    async fn end_one(&self, id: &str, way: Way) -> Result<Ended, Failure> {
        let place = [("object", self.object()), ("id", id)];
        if let (Way::Erase, Some(erase)) = (way, &self.erase) {
            let answer = self.call("erase", erase, &place, None).await?;
            if answer.is_ok() || matches!(answer.status, 404 | 410) {
                return match self.raw(id).await? {
                    None => Ok(Ended::Erased),
                    Some(_) => Err(answer.strange()),
                };
            }
            if !matches!(answer.status, 400 | 405 | 409 | 422) {
                return Err(answer.rejected());
            }
        }
        let Some(text) = &self.wire.archived else {
            return Ok(Ended::Untouched("the system does not erase it".to_owned()));
        };
        let (field, is) = archived(text);
        let before = if self.update.method == Method::Put { self.raw(id).await? } else { None };
        let mut body = before.unwrap_or_else(|| Value::Object(serde_json::Map::new()));
        json::set(&mut body, field, Value::from(is));
        self.call("write", &self.update, &place, Some(body)).await?.ok()?;
        Ok(Ended::Archived("the system does not erase it, and it was put out of use".to_owned()))
    }
}

/// The member that says whether a record is out of use, and what it holds then.
fn archived(text: &str) -> (&str, bool) {
    text.strip_prefix('!').map_or((text, true), |field| (field, false))
}

impl Adapter for Rest {
    fn limits(&self) -> Limits {
        Limits { find: 1, read: 1, write: 1 }
    }

    fn find<'a>(&'a self, keys: &'a [Key]) -> Pending<'a, Vec<Vec<String>>> {
        Box::pin(async move {
            let mut found = Vec::with_capacity(keys.len());
            for key in keys {
                found.push(self.find_one(key).await?);
            }
            Ok(found)
        })
    }

    fn read<'a>(&'a self, ids: &'a [String]) -> Pending<'a, Vec<Option<Record>>> {
        Box::pin(async move {
            let mut records = Vec::with_capacity(ids.len());
            for id in ids {
                records.push(self.read_one(id).await?);
            }
            Ok(records)
        })
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
        Box::pin(self.end_one(id, way))
    }

    fn describe(&self) -> Pending<'_, Description> {
        Box::pin(async move {
            let field = json::dotted(&self.mapping.record.did);
            let values = [("object", self.object()), ("field", field.as_str()), ("value", NOBODY)];
            let template = self.check.as_ref().unwrap_or(&self.find);
            let answer = self.call("read", template, &values, None).await?;
            if answer.status != 404 || self.check.is_some() {
                answer.ok()?;
            }
            Ok(Description::default())
        })
    }
}
