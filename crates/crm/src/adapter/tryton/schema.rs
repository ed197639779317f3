//! Which fields this Tryton has: modules add some, and one that is not there fails a whole request.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::{ERASED, Tryton};
use crate::adapter::{EntryWrite, Failure};
use crate::http::strange;
use crate::place::Place;

/// The fields of the mapping's object, and of what its lists hold.
pub(super) struct Schema {
    /// Object to field to type and, of relations, what they lead to.
    fields: BTreeMap<String, BTreeMap<String, (String, Option<String>)>>,
    object: String,
    /// What is asked for when a record is read.
    pub(super) wanted: Vec<String>,
}

pub(super) async fn fetch(tryton: &Tryton) -> Result<Schema, Failure> {
    let object = tryton.object().to_owned();
    let mut schema = Schema { fields: BTreeMap::new(), object: object.clone(), wanted: Vec::new() };
    schema.add(tryton, std::slice::from_ref(&object)).await?;
    let lists: BTreeSet<&str> = tryton
        .mapping
        .places()
        .filter_map(|place| place.group.as_ref())
        .map(|group| group.name.as_str())
        .collect();
    let targets: Vec<String> = lists.iter().filter_map(|list| schema.target(list)).collect();
    schema.add(tryton, &targets).await?;

    let mut wanted = BTreeSet::from(["id".to_owned()]);
    if schema.field(&object, "active").is_some() {
        wanted.insert("active".to_owned());
    }
    for place in tryton.mapping.places().filter(|place| schema.has(&object, place)) {
        let Some(group) = &place.group else {
            wanted.insert(place.field.clone());
            continue;
        };
        let conditions = group.conditions.iter().map(|(field, _)| field.as_str());
        let target = schema.target(&group.name).unwrap_or_default();
        let active = schema.field(&target, "active").map(|_| "active");
        for field in conditions.chain([place.field.as_str()]).chain(active) {
            wanted.insert(format!("{}.{field}", group.name));
        }
    }
    schema.wanted = wanted.into_iter().collect();
    Ok(schema)
}

impl Schema {
    async fn add(&mut self, tryton: &Tryton, objects: &[String]) -> Result<(), Failure> {
        const OBJECT: &str = "ir.model.field";
        let fields = ["model", "name", "ttype", "relation"].map(str::to_owned);
        for record in tryton.search(OBJECT, &json!([["model", "in", objects]]), &fields).await? {
            let text = |name: &str| record.get(name).and_then(Value::as_str).map(str::to_owned);
            let (Some(model), Some(name), Some(kind)) = (text("model"), text("name"), text("ttype")) else {
                return Err(strange(OBJECT));
            };
            self.fields.entry(model).or_default().insert(name, (kind, text("relation")));
        }
        Ok(())
    }

    fn field(&self, object: &str, field: &str) -> Option<&(String, Option<String>)> {
        self.fields.get(object)?.get(field)
    }

    /// What the list of this name holds.
    fn target(&self, list: &str) -> Option<String> {
        self.field(&self.object, list).and_then(|(_, relation)| relation.clone())
    }

    /// Whether the field holds several entries.
    pub(super) fn is_list(&self, field: &str) -> bool {
        self.field(&self.object, field).is_some_and(|(kind, _)| kind == "one2many" || kind == "many2many")
    }

    /// Whether the place is there, with the fields of its conditions.
    pub(super) fn has(&self, object: &str, place: &Place) -> bool {
        let Some(group) = &place.group else { return self.field(object, &place.field).is_some() };
        let target = self.target(&group.name).unwrap_or_default();
        let conditions = group.conditions.iter().map(|(field, _)| field.as_str());
        conditions.chain([place.field.as_str()]).all(|field| self.field(&target, field).is_some())
    }

    /// The field in which a place is searched: Tryton keeps phone numbers the way people write them, and beside them in
    /// E.164, where its library for that is installed.
    pub(super) fn searched<'p>(&self, place: &'p Place) -> &'p str {
        const COMPACT: &str = "value_compact";
        let target = place.group.as_ref().and_then(|group| self.target(&group.name)).unwrap_or_default();
        if place.field == "value" && self.field(&target, COMPACT).is_some() { COMPACT } else { &place.field }
    }

    /// A value as the field takes it.
    pub(super) fn value(&self, object: &str, field: &str, value: &Value) -> Value {
        let kind = self.field(object, field).map(|(kind, _)| kind.as_str());
        match (kind, value.as_str()) {
            (Some("date"), Some(text)) => date(text).unwrap_or_else(|| value.clone()),
            (Some("many2one" | "integer"), Some(text)) => {
                text.parse::<i64>().map_or_else(|_| value.clone(), Value::from)
            }
            _ => value.clone(),
        }
    }

    /// The values of an entry of a list.
    pub(super) fn values(&self, list: &str, values: &BTreeMap<String, Value>) -> Map<String, Value> {
        let target = self.target(list).unwrap_or_default();
        values.iter().map(|(field, value)| (field.clone(), self.value(&target, field, value))).collect()
    }
}

impl Schema {
    /// The values of an entry that is written over as Tryton's own wizard does it: values that are required by its mark, and
    /// their type by one that takes anything.
    pub(super) fn emptied(&self, entry: &EntryWrite) -> Map<String, Value> {
        let mut values = self.values(&entry.group.name, &entry.values);
        let (required, kind) = match self.target(&entry.group.name).as_deref() {
            Some("party.contact_mechanism") => ("value", Value::from("other")),
            Some("party.identifier") => ("code", Value::Null),
            _ => return values,
        };
        if values.get(required).is_some_and(Value::is_null) {
            values.insert(required.to_owned(), Value::from(ERASED));
            values.insert("type".to_owned(), kind);
        }
        values
    }
}

/// Tryton's own form of `YYYY-MM-DD`.
fn date(text: &str) -> Option<Value> {
    let mut parts = text.splitn(3, '-').map(|part| part.parse::<u32>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    Some(json!({"__class__": "date", "year": year, "month": month, "day": day}))
}

/// A value as it was read, without Tryton's own forms. What it has erased is nothing.
pub(super) fn scalar(value: &Value) -> Value {
    if value == ERASED {
        return Value::Null;
    }
    let Some(map) = value.as_object() else { return value.clone() };
    let number = |name: &str| map.get(name).and_then(Value::as_i64).unwrap_or_default();
    match map.get("__class__").and_then(Value::as_str) {
        Some("date") => {
            Value::from(format!("{:04}-{:02}-{:02}", number("year"), number("month"), number("day")))
        }
        Some("Decimal") => map.get("decimal").cloned().unwrap_or(Value::Null),
        _ => map.get("id").cloned().unwrap_or(Value::Null),
    }
}

/// The text of a condition as a value.
pub(super) fn constant(text: &str) -> Value {
    match text {
        "" => Value::Null,
        "true" => Value::from(true),
        "false" => Value::from(false),
        text => Value::from(text),
    }
}
