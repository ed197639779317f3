//! HubSpot: contacts of the CRM API, version 3, with a token of a private app or by OAuth.
//!
//! A contact is found by a unique property, read from the records themselves; HubSpot's search lags behind what was just
//! written, so it serves only for places that are not unique. A new contact is made by an upsert on the DID: where the
//! answer was lost, the same request again finds what it has made.

mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use freehold_outbound::{Client, Method};
use serde_json::{Map, Value, json};
use tokio::sync::OnceCell;

use super::empty::{emptied, unemptied};
use super::keys::{Pairs, grouped, spread};
use super::{Adapter, Description, Ended, Failure, Key, Limits, Pending, Record, Refusal, Write};
use crate::config::{CrmConfig, OpenError};
use crate::http::{Answer, Call, Http, Pace, strange};
use crate::mapping::{Mapping, Way};
use crate::place::Place;
use crate::reason::Reason;

/// Inputs of one batch ("API usage guidelines").
const BATCH_MAX: usize = 100;

/// Requests in ten seconds that an account of the lowest plan may make.
const REQUESTS_MAX: usize = 100;

const WINDOW: Duration = Duration::from_secs(10);

/// Contacts that a search gives: two are one too many already.
const SEARCH_MAX: usize = 3;

pub(crate) struct HubSpot {
    http: Http,
    mapping: Arc<Mapping>,
    properties: OnceCell<BTreeMap<String, Property>>,
}

/// What HubSpot says of a property.
#[derive(Clone, Copy)]
struct Property {
    is_unique: bool,
    is_read_only: bool,
}

impl HubSpot {
    pub(crate) fn open(config: &CrmConfig, mapping: Arc<Mapping>, client: Client) -> Result<Self, OpenError> {
        let pace = Pace::new(REQUESTS_MAX, WINDOW);
        let http = Http::open(config, client, "Authorization: Bearer {token}", Vec::new(), pace)?;
        Ok(Self { http: http.with_words(words::meaning), mapping, properties: OnceCell::new() })
    }

    fn object(&self) -> &str {
        &self.mapping.record.object
    }

    async fn call(
        &self,
        verb: &'static str,
        method: Method,
        path: String,
        body: Option<Value>,
    ) -> Result<Answer, Failure> {
        let object = self.object();
        self.http.call(Call { verb, object, method, path, headers: &[], body }).await
    }

    async fn post(&self, verb: &'static str, tail: &str, body: Value) -> Result<Answer, Failure> {
        self.call(verb, Method::Post, format!("/crm/v3/objects/{}/{tail}", self.object()), Some(body)).await
    }

    async fn properties(&self) -> Result<&BTreeMap<String, Property>, Failure> {
        self.properties.get_or_try_init(|| self.fetch_properties()).await
    }

    async fn fetch_properties(&self) -> Result<BTreeMap<String, Property>, Failure> {
        let path = format!("/crm/v3/properties/{}", self.object());
        let body = self.call("read", Method::Get, path, None).await?.ok()?;
        let list = body["results"].as_array().ok_or_else(|| strange(self.object()))?;
        let property = |item: &Value| {
            let property = Property {
                is_unique: item["hasUniqueValue"] == true,
                is_read_only: item["modificationMetadata"]["readOnlyValue"] == true,
            };
            Some((item["name"].as_str()?.to_owned(), property))
        };
        list.iter().map(property).collect::<Option<_>>().ok_or_else(|| strange(self.object()))
    }

    /// Contacts by their numbers, or by a unique property, with these properties.
    async fn batch_read(
        &self,
        by: Option<&str>,
        wanted: &[&str],
        properties: &[&str],
    ) -> Result<Vec<Value>, Failure> {
        let inputs: Vec<Value> = wanted.iter().map(|id| json!({ "id": id })).collect();
        let mut body = json!({ "inputs": inputs, "properties": properties, "propertiesWithHistory": [] });
        if let Some(by) = by {
            body["idProperty"] = json!(by);
        }
        // What is not there stands among the errors of a 207.
        let body = self.post("read", "batch/read", body).await?.ok()?;
        results(&body).cloned().ok_or_else(|| strange(self.object()))
    }

    async fn search(&self, property: &str, text: &str) -> Result<Vec<Value>, Failure> {
        let filter = json!({ "propertyName": property, "operator": "EQ", "value": text });
        let body = json!({ "filterGroups": [{ "filters": [filter] }], "properties": [property], "limit": SEARCH_MAX,
            "after": "0", "sorts": [] });
        let body = self.post("read", "search", body).await?.ok()?;
        results(&body).cloned().ok_or_else(|| strange(self.object()))
    }

    /// Pairs of a text and the number of a contact that holds it.
    async fn find_in(&self, place: &Place, texts: Vec<&str>) -> Result<Pairs, Failure> {
        let property = field(place).ok_or_else(|| no_place(place))?;
        // What the account does not have holds nothing.
        let Some(known) = self.properties().await?.get(property) else { return Ok(Pairs::new()) };
        let is_unique = property == "email" || known.is_unique;
        let mut found = Vec::new();
        if is_unique {
            found = self.batch_read(Some(property), &texts, &[property]).await?;
        } else {
            for text in texts {
                found.extend(self.search(property, text).await?);
            }
        }
        let pair = |contact: &Value| {
            let text = contact["properties"][property].as_str()?.to_owned();
            Some((text, contact["id"].as_str()?.to_owned()))
        };
        Ok(found.iter().filter_map(pair).collect())
    }

    async fn read_records(&self, ids: &[String]) -> Result<Vec<Option<Record>>, Failure> {
        let names: BTreeSet<&str> = self.mapping.places().filter_map(field).collect();
        let names: Vec<&str> = names.into_iter().collect();
        let wanted: Vec<&str> = ids.iter().map(String::as_str).collect();
        let found = self.batch_read(None, &wanted, &names).await?;
        let record = |id: &String| {
            let contact = found.iter().find(|contact| contact["id"].as_str() == Some(id))?;
            let fields = contact["properties"].as_object()?.clone().into_iter();
            Some(Record {
                id: id.clone(),
                fields: fields.map(|(n, v)| (n, nothing(v))).collect(),
                ..Record::default()
            })
        };
        Ok(ids.iter().map(record).collect())
    }

    /// Writes that all make contacts, or all change them.
    async fn write_alike(
        &self,
        writes: &[&Write],
        make: bool,
    ) -> Result<Vec<Result<String, Refusal>>, Failure> {
        let did = field(&self.mapping.record.did).ok_or_else(|| no_place(&self.mapping.record.did))?;
        let mut inputs = Vec::with_capacity(writes.len());
        for (index, write) in writes.iter().enumerate() {
            let properties: Map<String, Value> =
                write.fields.iter().map(|(name, value)| (name.clone(), Value::from(text(value)))).collect();
            let mut input = json!({ "objectWriteTraceId": index.to_string(), "properties": properties });
            match &write.id {
                Some(id) => input["id"] = json!(id),
                None => {
                    input["id"] = json!(write.fields.get(did).map(text).unwrap_or_default());
                    input["idProperty"] = json!(did);
                }
            }
            inputs.push(input);
        }
        let (verb, tail) = if make { ("create", "batch/upsert") } else { ("write", "batch/update") };
        let answer = self.post(verb, tail, json!({ "inputs": inputs })).await?;
        if answer.is_ok() {
            return self.sorted(&answer.body, did, writes);
        }
        match writes {
            // One that is not taken: its answer has the words of the error itself.
            [_] if matches!(answer.status, 400 | 404 | 409) => Ok(vec![Err(words::refusal(&answer.body))]),
            // The batch was refused as a whole, so nothing of it was written: each of it alone shows which one it was.
            [_, _, ..] if matches!(answer.status, 400 | 404 | 409) => {
                let mut answers = Vec::with_capacity(writes.len());
                for write in writes {
                    answers.extend(Box::pin(self.write_alike(&[*write], make)).await?);
                }
                Ok(answers)
            }
            _ => Err(answer.rejected()),
        }
    }

    /// The answer of a batch, in the order of its inputs: by the name that each was given, else by what it was about.
    fn sorted(
        &self,
        body: &Value,
        did: &str,
        writes: &[&Write],
    ) -> Result<Vec<Result<String, Refusal>>, Failure> {
        let mut answers: Vec<Option<Result<String, Refusal>>> = vec![None; writes.len()];
        let traced = |trace: &Value| trace.as_str().and_then(|trace| trace.parse::<usize>().ok());
        for contact in results(body).into_iter().flatten() {
            let Some(id) = contact["id"].as_str() else { continue };
            let is_about = |write: &&Write| match &write.id {
                Some(own) => own == id,
                None => write.fields.get(did).is_some_and(|own| *own == contact["properties"][did]),
            };
            let index = traced(&contact["objectWriteTraceId"]).or_else(|| writes.iter().position(is_about));
            if let Some(place) = index.and_then(|index| answers.get_mut(index)) {
                *place = Some(Ok(id.to_owned()));
            }
        }
        for error in body["errors"].as_array().into_iter().flatten() {
            let index = traced(&error["context"]["objectWriteTraceId"][0]);
            if let Some(place) = index.and_then(|index| answers.get_mut(index)) {
                *place = Some(Err(words::refusal(error)));
            }
        }
        answers.into_iter().collect::<Option<_>>().ok_or_else(|| strange(self.object()))
    }
}

impl Adapter for HubSpot {
    fn limits(&self) -> Limits {
        Limits { find: BATCH_MAX, read: BATCH_MAX, write: BATCH_MAX }
    }

    fn find<'a>(&'a self, keys: &'a [Key]) -> Pending<'a, Vec<Vec<String>>> {
        Box::pin(async move {
            let mut found = Vec::new();
            for (key, texts) in grouped(keys) {
                found.push((key, self.find_in(&key.place, texts).await?));
            }
            Ok(spread(keys, &found))
        })
    }

    fn read<'a>(&'a self, ids: &'a [String]) -> Pending<'a, Vec<Option<Record>>> {
        Box::pin(self.read_records(ids))
    }

    fn write<'a>(&'a self, writes: &'a [Write]) -> Pending<'a, Vec<Result<String, Refusal>>> {
        Box::pin(async move {
            let mut answers: Vec<Option<Result<String, Refusal>>> = vec![None; writes.len()];
            for make in [true, false] {
                let alike: Vec<usize> =
                    (0..writes.len()).filter(|i| writes[*i].id.is_none() == make).collect();
                if alike.is_empty() {
                    continue;
                }
                let some: Vec<&Write> = alike.iter().map(|index| &writes[*index]).collect();
                for (index, answer) in alike.into_iter().zip(self.write_alike(&some, make).await?) {
                    answers[index] = Some(answer);
                }
            }
            answers.into_iter().collect::<Option<_>>().ok_or_else(|| strange(self.object()))
        })
    }

    fn end<'a>(&'a self, id: &'a str, way: Way) -> Pending<'a, Ended> {
        Box::pin(async move {
            let answer = match way {
                Way::Clear => return Ok(Ended::Untouched("the contact stays in HubSpot".to_owned())),
                Way::Erase => self.post("erase", "gdpr-delete", json!({ "objectId": id })).await?,
                Way::Archive => {
                    // What is in the bin can be looked at and brought back: nothing is left in it then.
                    let Some(record) = self.read_records(&[id.to_owned()]).await?.pop().flatten() else {
                        return Ok(Ended::Erased);
                    };
                    let write = emptied(&self.mapping, &record);
                    if let Some(Err(refusal)) = self.write_alike(&[&write], false).await?.pop() {
                        return Ok(unemptied(&refusal, "HubSpot"));
                    }
                    let path = format!("/crm/v3/objects/{}/{id}", self.object());
                    self.call("erase", Method::Delete, path, None).await?
                }
            };
            match answer.status {
                200..=299 | 404 if way == Way::Erase => Ok(Ended::Erased),
                200..=299 | 404 => {
                    let text = "what is left is empty, and can be restored in HubSpot for 90 days";
                    Ok(Ended::Archived(text.to_owned()))
                }
                _ => Err(answer.rejected()),
            }
        })
    }

    fn describe(&self) -> Pending<'_, Description> {
        Box::pin(async move {
            let properties = self.fetch_properties().await?;
            let did = &self.mapping.record.did;
            let has = |place: &Place| {
                let property = field(place).and_then(|name| properties.get(name));
                property.is_some_and(|p| !p.is_read_only && (p.is_unique || place != did))
            };
            let missing = self.mapping.places().filter(|place| !has(place)).cloned().collect();
            Ok(Description { version: None, missing })
        })
    }
}

/// A contact has no parts.
fn field(place: &Place) -> Option<&str> {
    place.group.is_none().then_some(place.field.as_str())
}

fn no_place(place: &Place) -> Failure {
    Failure::Refused { reason: Reason::NoPlace { place: place.to_string() } }
}

fn results(body: &Value) -> Option<&Vec<Value>> {
    body["results"].as_array()
}

/// A value as HubSpot takes it: every property is a text, and an empty one clears.
fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// An empty text is nothing.
fn nothing(value: Value) -> Value {
    if value == "" { Value::Null } else { value }
}
