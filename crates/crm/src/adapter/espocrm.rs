//! EspoCRM: Contact over REST, with an API key.
//!
//! EspoCRM has no calls for several records, so reading and writing go one by one. It drops what is no attribute of the
//! object without a word, and only reading back tells. It looks for duplicates when a contact is made, and the switch against
//! that (`X-Skip-Duplicate-Check`) is not used: a person who is there under another number is for somebody to look at.
//! It tells the owner of a webhook of its own changes unless the webhook says `skipOwn`: there is no switch in a request.

mod numbers;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use freehold_outbound::{Client, Method};
use serde_json::{Map, Value, json};
use tokio::sync::OnceCell;

use super::empty::{emptied, unemptied};
use super::keys::{Pairs, grouped, spread};
use super::{Adapter, Description, Ended, Failure, Key, Limits, Pending, Record, Refusal, Write};
use crate::config::{CrmConfig, OpenError};
use crate::http::{Answer, Call, Http, Pace, escaped, strange};
use crate::mapping::{Mapping, Way};
use crate::place::Place;
use crate::reason::Reason;

/// Texts in one search: with a DID of 60 bytes each, the address stays below the 8 KiB that web servers take.
const SEARCH_MAX: usize = 40;

/// Records of one list (`recordListMaxSizeLimit`).
const LIST_MAX: usize = 200;

/// EspoCRM has no limit of its own; this many a PHP server answers without falling behind.
const REQUESTS_PER_SECOND: usize = 20;

pub(crate) struct EspoCrm {
    http: Http,
    mapping: Arc<Mapping>,
    /// The object's fields, and whether each can be written.
    fields: OnceCell<BTreeMap<String, bool>>,
}

impl EspoCrm {
    pub(crate) fn open(config: &CrmConfig, mapping: Arc<Mapping>, client: Client) -> Result<Self, OpenError> {
        let pace = Pace::new(REQUESTS_PER_SECOND, Duration::from_secs(1));
        let http = Http::open(config, client, "X-Api-Key: {token}", Vec::new(), pace)?;
        Ok(Self { http, mapping, fields: OnceCell::new() })
    }

    fn object(&self) -> &str {
        &self.mapping.record.object
    }

    async fn call(
        &self,
        verb: &'static str,
        object: &str,
        method: Method,
        tail: &str,
        body: Option<Value>,
    ) -> Result<Answer, Failure> {
        let path = format!("/api/v1/{tail}");
        self.http.call(Call { verb, object, method, path, headers: &[], body }).await
    }

    async fn fetch_fields(&self) -> Result<BTreeMap<String, bool>, Failure> {
        let tail = format!("Metadata?key=entityDefs.{}.fields", self.object());
        let body = self.call("read", "Metadata", Method::Get, &tail, None).await?.ok()?;
        let fields =
            body.as_object().filter(|fields| !fields.is_empty()).ok_or_else(|| strange(self.object()))?;
        Ok(fields.iter().map(|(name, field)| (name.clone(), field["readOnly"] != true)).collect())
    }

    /// The list of a search, with this attribute.
    async fn search(&self, object: &str, attribute: &str, condition: Value) -> Result<Vec<Value>, Failure> {
        let search =
            json!({ "where": [condition], "select": format!("id,{attribute}"), "maxSize": LIST_MAX });
        let tail = format!("{object}?searchParams={}", escaped(&search.to_string()));
        let body = self.call("read", object, Method::Get, &tail, None).await?.ok()?;
        body["list"].as_array().cloned().ok_or_else(|| strange(object))
    }

    async fn find_in(&self, object: &str, place: &Place, texts: Vec<&str>) -> Result<Pairs, Failure> {
        let no_place = || Failure::Refused { reason: Reason::NoPlace { place: place.to_string() } };
        // The entries of a list are found by the attribute that the list belongs to.
        let (attribute, is_several) = match &place.group {
            None => (place.field.as_str(), matches!(place.field.as_str(), "emailAddress" | "phoneNumber")),
            Some(group) => (numbers::attribute(&group.name).ok_or_else(no_place)?, true),
        };
        let known = self.fields.get_or_try_init(|| self.fetch_fields()).await?;
        if object == self.object() && !known.contains_key(attribute) {
            // What the object does not have holds nothing.
            return Ok(Pairs::new());
        }
        let id = |item: &Value| item["id"].as_str().map(str::to_owned);
        let mut found = Pairs::new();
        if is_several {
            // A contact has several of these, and the answer shows the primary one alone: so one by one.
            for text in texts {
                let condition = json!({ "type": "equals", "attribute": attribute, "value": text });
                let list = self.search(object, attribute, condition).await?;
                found.extend(list.iter().filter_map(id).map(|id| (text.to_owned(), id)));
            }
            return Ok(found);
        }
        let condition = json!({ "type": "in", "attribute": attribute, "value": texts });
        for item in self.search(object, attribute, condition).await? {
            if let (Some(text), Some(id)) = (item[attribute].as_str(), id(&item)) {
                found.push((text.to_owned(), id));
            }
        }
        Ok(found)
    }

    async fn read_one(&self, id: &str) -> Result<Option<Record>, Failure> {
        let tail = format!("{}/{}", self.object(), escaped(id));
        let answer = self.call("read", self.object(), Method::Get, &tail, None).await?;
        if answer.status == 404 {
            return Ok(None);
        }
        let body = answer.ok()?;
        let members = body.as_object().ok_or_else(|| strange(self.object()))?;
        let mut record = Record { id: id.to_owned(), ..Record::default() };
        for (name, value) in members {
            match value {
                Value::Array(list) if numbers::attribute(name).is_some() => {
                    let entries = numbers::entries(list);
                    record.lists.insert(name.clone(), entries.ok_or_else(|| strange(self.object()))?);
                }
                Value::Array(_) | Value::Object(_) => {}
                Value::String(text) if text.is_empty() => {
                    record.fields.insert(name.clone(), Value::Null);
                }
                value => {
                    record.fields.insert(name.clone(), value.clone());
                }
            }
        }
        Ok(Some(record))
    }

    async fn write_one(&self, write: &Write) -> Result<Result<String, Refusal>, Failure> {
        let object = self.object();
        let mut body: Map<String, Value> = write.fields.clone().into_iter().collect();
        if !write.entries.is_empty() {
            // A list is written as a whole, so what is there beside the entries is read first.
            let present = match &write.id {
                Some(id) => self.read_one(id).await?,
                None => Some(Record::default()),
            };
            let Some(present) = present else { return Ok(Err(Refusal::Gone)) };
            for (name, list) in numbers::merged(&present, &write.entries) {
                body.insert(name, list);
            }
        }
        let (verb, method, tail) = match &write.id {
            Some(id) => ("write", Method::Put, format!("{object}/{}", escaped(id))),
            None => ("create", Method::Post, object.to_owned()),
        };
        let answer = self.call(verb, object, method, &tail, Some(Value::Object(body))).await?;
        match answer.status {
            200..=299 => {
                let id = answer.body["id"].as_str().map(str::to_owned);
                id.map(Ok).ok_or_else(|| answer.strange())
            }
            404 => Ok(Err(Refusal::Gone)),
            409 => {
                let twins = answer.body.as_array().into_iter().flatten();
                let ids = twins.filter_map(|twin| twin["id"].as_str().map(str::to_owned));
                Ok(Err(Refusal::Duplicate(ids.collect())))
            }
            400 => Ok(Err(Refusal::Value(sentence(&answer.body)))),
            _ => Err(answer.rejected()),
        }
    }
}

/// What a failed validation says: the field and the rule, and nothing that could be a value.
fn sentence(body: &Value) -> String {
    let data = &body["messageTranslation"]["data"];
    let word = |name: &str| {
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let text = data[name].as_str().filter(|text| !text.is_empty() && text.len() <= 100);
        text.filter(|text| text.chars().all(fits))
    };
    match (word("field"), word("type")) {
        (Some(field), Some(rule)) => format!("EspoCRM does not take {field} ({rule})"),
        _ => "EspoCRM does not take this contact".to_owned(),
    }
}

impl Adapter for EspoCrm {
    fn limits(&self) -> Limits {
        Limits { find: SEARCH_MAX, read: 1, write: 1 }
    }

    fn find<'a>(&'a self, keys: &'a [Key]) -> Pending<'a, Vec<Vec<String>>> {
        Box::pin(async move {
            let mut found = Vec::new();
            for (key, texts) in grouped(keys) {
                found.push((key, self.find_in(&key.object, &key.place, texts).await?));
            }
            Ok(spread(keys, &found))
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
        Box::pin(async move {
            if way == Way::Clear {
                return Ok(Ended::Untouched("the contact stays in EspoCRM".to_owned()));
            }
            // What is marked as deleted is still in the database: nothing is left in it then.
            let Some(record) = self.read_one(id).await? else { return Ok(Ended::Erased) };
            if let Err(refusal) = self.write_one(&emptied(&self.mapping, &record)).await? {
                return Ok(unemptied(&refusal, "EspoCRM"));
            }
            let tail = format!("{}/{}", self.object(), escaped(id));
            let answer = self.call("erase", self.object(), Method::Delete, &tail, None).await?;
            match answer.status {
                200..=299 | 404 => {
                    let text =
                        "what is left is empty and marked as deleted; EspoCRM takes it away after two months";
                    Ok(Ended::Archived(text.to_owned()))
                }
                _ => Err(answer.rejected()),
            }
        })
    }

    fn describe(&self) -> Pending<'_, Description> {
        Box::pin(async move {
            let fields = self.fetch_fields().await?;
            let has = |place: &Place| {
                let attribute = match &place.group {
                    None => Some(place.field.as_str()),
                    Some(group) => numbers::attribute(&group.name),
                };
                attribute.is_some_and(|name| fields.get(name).is_some_and(|is_writable| *is_writable))
            };
            let missing = self.mapping.places().filter(|place| !has(place)).cloned().collect();
            // Whoever may read the metadata may not see contacts yet.
            let condition = json!({ "type": "equals", "attribute": "id", "value": "0" });
            self.search(self.object(), "id", condition).await?;
            Ok(Description { version: None, missing })
        })
    }
}
