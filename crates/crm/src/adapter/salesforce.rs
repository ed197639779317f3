//! Salesforce: the object Contact over REST, with a refresh token.
//!
//! A contact is found with SOQL, which compares without regard to case, so what it finds is compared again here. A new
//! contact is made by an upsert on the DID, which is an external id field: where the answer was lost, the same request again
//! finds what it has made.

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
use crate::http::{Answer, Call, Http, Pace, escaped, strange};
use crate::mapping::{Mapping, Way};
use crate::place::Place;
use crate::reason::Reason;

/// A version of the API that every instance has had since 2024.
const API: &str = "/services/data/v62.0";

/// Records of one collection.
const WRITE_MAX: usize = 200;

/// Values in one query: with a DID of 60 bytes each, the address stays at half of the 16,384 bytes that are taken.
const QUERY_MAX: usize = 100;

/// Salesforce counts a day, not a second: this only keeps a burst from the instance's 25 requests at once.
const REQUESTS_PER_SECOND: usize = 25;

pub(crate) struct Salesforce {
    http: Http,
    mapping: Arc<Mapping>,
    /// The object's fields that can be written, and whether each is an external id.
    fields: OnceCell<BTreeMap<String, bool>>,
}

impl Salesforce {
    pub(crate) fn open(config: &CrmConfig, mapping: Arc<Mapping>, client: Client) -> Result<Self, OpenError> {
        let pace = Pace::new(REQUESTS_PER_SECOND, Duration::from_secs(1));
        let http = Http::open(config, client, "Authorization: Bearer {token}", Vec::new(), pace)?;
        Ok(Self { http: http.with_words(words::meaning), mapping, fields: OnceCell::new() })
    }

    fn object(&self) -> &str {
        &self.mapping.record.object
    }

    async fn call(
        &self,
        verb: &'static str,
        method: Method,
        tail: &str,
        body: Option<Value>,
    ) -> Result<Answer, Failure> {
        let (object, path) = (self.object(), format!("{API}/{tail}"));
        self.http.call(Call { verb, object, method, path, headers: &[], body }).await
    }

    async fn fields(&self) -> Result<&BTreeMap<String, bool>, Failure> {
        self.fields.get_or_try_init(|| self.fetch_fields()).await
    }

    async fn fetch_fields(&self) -> Result<BTreeMap<String, bool>, Failure> {
        let tail = format!("sobjects/{}/describe", self.object());
        let body = self.call("read", Method::Get, &tail, None).await?.ok()?;
        let list = body["fields"].as_array().ok_or_else(|| strange(self.object()))?;
        let writable = list.iter().filter(|field| field["updateable"] == true);
        let field = |field: &Value| Some((field["name"].as_str()?.to_owned(), field["externalId"] == true));
        writable.map(field).collect::<Option<_>>().ok_or_else(|| strange(self.object()))
    }

    /// The records that hold one of these texts, with these fields.
    async fn query(&self, fields: &BTreeSet<&str>, by: &str, texts: &[&str]) -> Result<Vec<Value>, Failure> {
        let fields: Vec<&str> = fields.iter().copied().collect();
        let texts: Vec<String> = texts.iter().map(|text| literal(text)).collect();
        let soql = format!(
            "SELECT {} FROM {} WHERE {by} IN ({})",
            fields.join(", "),
            self.object(),
            texts.join(", ")
        );
        let answer = self.call("read", Method::Get, &format!("query?q={}", escaped(&soql)), None).await?;
        if !answer.is_ok() {
            return Err(answer.rejected());
        }
        // A page has 2,000 records at least; more of a hundred texts would be no external ids.
        answer.body["records"].as_array().cloned().ok_or_else(|| answer.strange())
    }

    async fn find_in(&self, place: &Place, texts: Vec<&str>) -> Result<Pairs, Failure> {
        let by = field(place).ok_or_else(|| no_place(place))?;
        if !self.fields().await?.contains_key(by) {
            // What the org does not have holds nothing.
            return Ok(Pairs::new());
        }
        let found = self.query(&BTreeSet::from(["Id", by]), by, &texts).await?;
        // A DID is one letter by letter; an address is the same in any case.
        let is_exact = *place == self.mapping.record.did;
        let is_meant =
            |text: &str, held: &str| text == held || (!is_exact && text.eq_ignore_ascii_case(held));
        let pair = |record: &Value| {
            let held = record[by].as_str()?;
            let text = texts.iter().find(|text| is_meant(text, held))?;
            Some(((*text).to_owned(), record["Id"].as_str()?.to_owned()))
        };
        Ok(found.iter().filter_map(pair).collect())
    }

    async fn read_records(&self, ids: &[String]) -> Result<Vec<Option<Record>>, Failure> {
        // A query for a field that the org does not have fails as a whole.
        let known = self.fields().await?;
        let places = self.mapping.places().filter_map(field).filter(|name| known.contains_key(*name));
        let fields: BTreeSet<&str> = places.chain(["Id"]).collect();
        let wanted: Vec<&str> = ids.iter().map(String::as_str).collect();
        let found = self.query(&fields, "Id", &wanted).await?;
        let record = |id: &String| {
            let record = found.iter().find(|record| record["Id"].as_str() == Some(id))?;
            let members = record.as_object()?.clone().into_iter().filter(|(name, _)| name != "attributes");
            Some(Record { id: id.clone(), fields: members.collect(), ..Record::default() })
        };
        Ok(ids.iter().map(record).collect())
    }

    /// Writes that all make records, or all change them.
    async fn write_alike(
        &self,
        writes: &[&Write],
        make: bool,
    ) -> Result<Vec<Result<String, Refusal>>, Failure> {
        let object = self.object();
        let did = field(&self.mapping.record.did).ok_or_else(|| no_place(&self.mapping.record.did))?;
        let mut records = Vec::with_capacity(writes.len());
        for write in writes {
            let mut record: Map<String, Value> = write.fields.clone().into_iter().collect();
            record.insert("attributes".to_owned(), json!({ "type": object }));
            if let Some(id) = &write.id {
                record.insert("id".to_owned(), json!(id));
            }
            records.push(record);
        }
        let (verb, tail) = match make {
            true => ("create", format!("composite/sobjects/{object}/{did}")),
            false => ("write", "composite/sobjects".to_owned()),
        };
        // One that is not taken must not keep the others from being written.
        let body = json!({ "allOrNone": false, "records": records });
        let answer = self.call(verb, Method::Patch, &tail, Some(body)).await?;
        if !answer.is_ok() {
            return Err(answer.rejected());
        }
        let results = answer.body.as_array().filter(|results| results.len() == writes.len());
        let results = results.ok_or_else(|| answer.strange())?;
        if let Some(wait) = results.iter().find_map(words::passing) {
            // What was written of the batch is found written when it comes again.
            return Err(Failure::Again { reason: Reason::Status(503), after: Some(wait) });
        }
        results
            .iter()
            .zip(writes)
            .map(|(result, write)| match (result["success"] == true, result["id"].as_str()) {
                (true, id) => {
                    let id = id.map(str::to_owned).or_else(|| write.id.clone());
                    id.map(Ok).ok_or_else(|| strange(object))
                }
                (false, _) => Ok(Err(words::refusal(&result["errors"]))),
            })
            .collect()
    }
}

impl Adapter for Salesforce {
    fn limits(&self) -> Limits {
        Limits { find: QUERY_MAX, read: QUERY_MAX, write: WRITE_MAX }
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
            if way == Way::Clear {
                return Ok(Ended::Untouched("the contact stays in Salesforce".to_owned()));
            }
            // What is deleted can be looked at and brought back: nothing is left in it then.
            let Some(record) = self.read_records(&[id.to_owned()]).await?.pop().flatten() else {
                return Ok(Ended::Erased);
            };
            let write = emptied(&self.mapping, &record);
            if let Some(Err(refusal)) = self.write_alike(&[&write], false).await?.pop() {
                return Ok(unemptied(&refusal, "Salesforce"));
            }
            let tail = format!("sobjects/{}/{}", self.object(), escaped(id));
            let answer = self.call("erase", Method::Delete, &tail, None).await?;
            match answer.status {
                200..=299 | 404 => {
                    let text = "what is left is empty, and in Salesforce's recycle bin for 15 days";
                    Ok(Ended::Archived(text.to_owned()))
                }
                _ if words::is_in_use(&answer.body) => {
                    let text = "Salesforce does not delete the contact: something else refers to it";
                    Ok(Ended::Untouched(text.to_owned()))
                }
                _ => Err(answer.rejected()),
            }
        })
    }

    fn describe(&self) -> Pending<'_, Description> {
        Box::pin(async move {
            let fields = self.fetch_fields().await?;
            let did = &self.mapping.record.did;
            let has = |place: &Place| {
                let is_external = field(place).and_then(|name| fields.get(name));
                is_external.is_some_and(|is_external| *is_external || place != did)
            };
            let missing = self.mapping.places().filter(|place| !has(place)).cloned().collect();
            Ok(Description { version: None, missing })
        })
    }
}

/// Fields of other objects are not written.
fn field(place: &Place) -> Option<&str> {
    place.group.is_none().then_some(place.field.as_str())
}

fn no_place(place: &Place) -> Failure {
    Failure::Refused { reason: Reason::NoPlace { place: place.to_string() } }
}

/// A text in SOQL: "escape with a backslash" ("Quoted String Escape Sequences").
fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_cannot_leave_its_quotes() {
        assert_eq!(literal("O'Brien \\"), "'O\\'Brien \\\\'");
        assert_eq!(literal("x') OR Name IN ('"), "'x\\') OR Name IN (\\''");
    }
}
