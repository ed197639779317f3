//! Odoo 19 and later: `res.partner` over JSON-2, with an API key.
//!
//! Each call is one transaction, and calls cannot be joined into one, so a record is written with the addresses below it in
//! one `create` or `write`. Odoo has no unique key here: what makes a person one record is that changes of one customer come
//! one after the other. An empty field is read as `false`.

mod fields;

use std::sync::Arc;
use std::time::Duration;

use freehold_outbound::{Client, Method};
use serde_json::{Map, Value, json};
use tokio::sync::OnceCell;

use super::keys::{Pairs, grouped, spread};
use super::{Adapter, Description, Ended, Entry, Failure, Key, Limits, Pending, Record, Refusal, Write};
use crate::config::{CrmConfig, OpenError};
use crate::http::{Answer, Call, Http, Meaning, Pace, strange};
use crate::mapping::{Mapping, Way};
use crate::place::Place;
use fields::Fields;

/// Records in one search: JSON in a body has no limit that would matter.
const SEARCH_MAX: usize = 200;

/// Odoo's hosting allows about one call a second over some time; a burst of a minute's calls passes.
const REQUESTS_PER_MINUTE: usize = 60;

/// The list of addresses and persons below a partner, and what links them.
const CHILDREN: &str = "child_ids";
const PARENT: &str = "parent_id";

/// What a person is told of a record that Odoo does not take; its own words may name others.
const NOT_TAKEN: &str = "Odoo does not take this value";

pub(crate) struct Odoo {
    http: Http,
    mapping: Arc<Mapping>,
    fields: OnceCell<Fields>,
}

impl Odoo {
    pub(crate) fn open(config: &CrmConfig, mapping: Arc<Mapping>, client: Client) -> Result<Self, OpenError> {
        let pace = Pace::new(REQUESTS_PER_MINUTE, Duration::from_secs(60));
        let database = config.database.iter().map(|name| ("X-Odoo-Database".to_owned(), name.clone()));
        let http = Http::open(config, client, "Authorization: bearer {token}", database.collect(), pace)?;
        Ok(Self { http: http.with_words(meaning), mapping, fields: OnceCell::new() })
    }

    fn object(&self) -> &str {
        &self.mapping.record.object
    }

    async fn call(
        &self,
        verb: &'static str,
        model: &str,
        method: &str,
        arguments: Value,
    ) -> Result<Answer, Failure> {
        let path = format!("/json/2/{model}/{method}");
        let mut body = arguments;
        // Archived records are found, and what was there before is not written into the record's history of messages.
        body["context"] = json!({ "active_test": false, "mail_notrack": true });
        self.http
            .call(Call { verb, object: model, method: Method::Post, path, headers: &[], body: Some(body) })
            .await
    }

    async fn search(&self, model: &str, domain: Value, fields: &[&str]) -> Result<Vec<Value>, Failure> {
        let arguments = json!({ "domain": domain, "fields": fields });
        let body = self.call("read", model, "search_read", arguments).await?.ok()?;
        body.as_array().cloned().ok_or_else(|| strange(model))
    }

    async fn fields(&self) -> Result<&Fields, Failure> {
        self.fields.get_or_try_init(|| self.fetch_fields()).await
    }

    async fn fetch_fields(&self) -> Result<Fields, Failure> {
        let arguments = json!({ "attributes": ["type", "readonly"] });
        let body = self.call("read", self.object(), "fields_get", arguments).await?.ok()?;
        Fields::read(&body, &self.mapping).ok_or_else(|| strange(self.object()))
    }

    async fn find_in(&self, model: &str, place: &Place, texts: Vec<&str>) -> Result<Pairs, Failure> {
        if model == self.object() && !self.fields().await?.is_known(place) {
            // What the database does not have holds nothing.
            return Ok(Pairs::new());
        }
        let (mut domain, owner) = match &place.group {
            None => (Vec::new(), "id"),
            Some(group) => {
                let conditions = group.conditions.iter().map(|(field, text)| json!([field, "=", text]));
                (conditions.chain([json!([PARENT, "!=", false])]).collect(), PARENT)
            }
        };
        domain.push(json!([place.field, "in", texts]));
        let found = self.search(model, json!(domain), &["id", owner, &place.field]).await?;
        let pair = |record: &Value| {
            let text = record[&place.field].as_str()?.to_owned();
            Some((text, fields::number(&record[owner])?.to_string()))
        };
        Ok(found.iter().filter_map(pair).collect())
    }

    async fn read_records(&self, ids: &[String]) -> Result<Vec<Option<Record>>, Failure> {
        let fields = self.fields().await?;
        let numbers: Vec<i64> = ids.iter().filter_map(|id| id.parse().ok()).collect();
        let own: Vec<&str> = fields.own().collect();
        let found = self.search(self.object(), json!([["id", "in", numbers]]), &own).await?;
        let below = match fields.has_children() {
            true => {
                let wanted: Vec<&str> = fields.of_children().collect();
                self.search(self.object(), json!([[PARENT, "in", numbers]]), &wanted).await?
            }
            false => Vec::new(),
        };
        let mut records = Vec::with_capacity(ids.len());
        for id in ids {
            let of = |value: &Value| fields::number(value).is_some_and(|number| number.to_string() == *id);
            let Some(partner) = found.iter().find(|partner| of(&partner["id"])) else {
                records.push(None);
                continue;
            };
            let entry = |child: &Value| {
                let id = fields::number(&child["id"])?.to_string();
                Some(Entry { id, values: fields.values(child)?, ..Entry::default() })
            };
            let children = below.iter().filter(|child| of(&child[PARENT]) && child["active"] != false);
            let children: Option<Vec<Entry>> = children.map(entry).collect();
            let values = fields.values(partner).zip(children);
            let (values, children) = values.ok_or_else(|| strange(self.object()))?;
            records.push(Some(Record {
                id: id.clone(),
                is_archived: partner["active"] == false,
                fields: values,
                lists: [(CHILDREN.to_owned(), children)].into(),
            }));
        }
        Ok(records)
    }

    async fn write_one(&self, write: &Write) -> Result<Result<String, Refusal>, Failure> {
        let fields = self.fields().await?;
        let mut vals = Map::new();
        for (name, value) in &write.fields {
            vals.insert(name.clone(), fields.written(name, value));
        }
        let commands: Vec<Value> = write.entries.iter().map(|entry| fields.command(entry)).collect();
        if !commands.is_empty() {
            vals.insert(CHILDREN.to_owned(), json!(commands));
        }
        let number = write.id.as_deref().map(str::parse::<i64>).transpose();
        let number = number.map_err(|_| strange(self.object()))?;
        let answer = match number {
            Some(id) => {
                self.call("write", self.object(), "write", json!({ "ids": [id], "vals": vals })).await?
            }
            None => self.call("create", self.object(), "create", json!({ "vals_list": [vals] })).await?,
        };
        match (answer.status, answer.body["name"].as_str()) {
            (200..=299, _) => {
                let id = number.or_else(|| fields::number(&answer.body));
                id.map(|id| Ok(id.to_string())).ok_or_else(|| answer.strange())
            }
            (404, Some("odoo.exceptions.MissingError")) => Ok(Err(Refusal::Gone)),
            // What a constraint or a field's type refuses; an argument that is wrong is answered 422 as well, but is no
            // exception of Odoo's.
            (422, Some(name)) if name.starts_with("odoo.exceptions.") => {
                Ok(Err(Refusal::Value(NOT_TAKEN.to_owned())))
            }
            (500, _) => Ok(Err(Refusal::Value(NOT_TAKEN.to_owned()))),
            _ => Err(answer.rejected()),
        }
    }

    async fn archive(&self, id: i64, why: &str) -> Result<Ended, Failure> {
        let arguments = json!({ "ids": [id], "vals": { "active": false } });
        let answer = self.call("erase", self.object(), "write", arguments).await?;
        match answer.status {
            200..=299 => Ok(Ended::Archived(why.to_owned())),
            404 => Ok(Ended::Erased),
            422 => Ok(Ended::Untouched("Odoo does not let the contact be archived".to_owned())),
            _ => Err(answer.rejected()),
        }
    }
}

/// Odoo answers what the caller got wrong with 500 where Python raised a `ValueError`, a field that it does not have above
/// all: that does not pass by itself.
fn meaning(status: u16, body: &Value) -> Option<Meaning> {
    let is_ours = matches!(
        body["name"].as_str(),
        Some("builtins.ValueError" | "builtins.TypeError" | "builtins.KeyError")
    );
    (status == 500 && is_ours).then_some(Meaning::Answered)
}

impl Adapter for Odoo {
    fn limits(&self) -> Limits {
        Limits { find: SEARCH_MAX, read: SEARCH_MAX, write: 1 }
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
        Box::pin(async move {
            let id: i64 = id.parse().map_err(|_| strange(self.object()))?;
            match way {
                Way::Clear => return Ok(Ended::Untouched("the contact stays in Odoo".to_owned())),
                Way::Archive => return self.archive(id, "the contact is archived in Odoo").await,
                Way::Erase => {}
            }
            let answer = self.call("erase", self.object(), "unlink", json!({ "ids": [id] })).await?;
            match answer.status {
                200..=299 | 404 => Ok(Ended::Erased),
                422 => {
                    let why = "the contact is archived: Odoo does not delete one that documents refer to";
                    self.archive(id, why).await
                }
                _ => Err(answer.rejected()),
            }
        })
    }

    fn describe(&self) -> Pending<'_, Description> {
        Box::pin(async move {
            let fields = self.fetch_fields().await?;
            let missing = self.mapping.places().filter(|place| !fields.has(place)).cloned().collect();
            self.search(self.object(), json!([["id", "=", 0]]), &["id"]).await?;
            Ok(Description { version: None, missing })
        })
    }
}
