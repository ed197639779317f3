//! The fields of a model: what kind each is, and how its values are read and written.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::{CHILDREN, PARENT};
use crate::adapter::EntryWrite;
use crate::mapping::Mapping;
use crate::place::Place;

/// What `fields_get` says, and what of it the mapping needs.
pub(super) struct Fields {
    /// Name, and the type's name with whether it can be written.
    known: BTreeMap<String, (String, bool)>,
    own: BTreeSet<String>,
    of_children: BTreeSet<String>,
}

impl Fields {
    pub(super) fn read(body: &Value, mapping: &Mapping) -> Option<Self> {
        let field = |(name, field): (&String, &Value)| {
            let is_writable = field["readonly"] != true;
            Some((name.clone(), (field["type"].as_str()?.to_owned(), is_writable)))
        };
        let known: BTreeMap<String, (String, bool)> =
            body.as_object()?.iter().map(field).collect::<Option<_>>()?;
        let (mut own, mut of_children) = (BTreeSet::from(["active".to_owned()]), BTreeSet::new());
        for place in mapping.places() {
            match &place.group {
                None => {
                    own.insert(place.field.clone());
                }
                Some(group) => {
                    of_children.insert(place.field.clone());
                    of_children.extend(group.conditions.iter().map(|(field, _)| field.clone()));
                }
            }
        }
        if !of_children.is_empty() {
            of_children.extend(["active", PARENT].map(str::to_owned));
        }
        // A search for a field that is not there fails as a whole.
        own.retain(|name| known.contains_key(name));
        of_children.retain(|name| known.contains_key(name));
        Some(Self { known, own, of_children })
    }

    /// The record's own fields that are read.
    pub(super) fn own(&self) -> impl Iterator<Item = &str> {
        self.own.iter().map(String::as_str)
    }

    /// The fields of the records below that are read.
    pub(super) fn of_children(&self) -> impl Iterator<Item = &str> {
        self.of_children.iter().map(String::as_str)
    }

    pub(super) fn has_children(&self) -> bool {
        !self.of_children.is_empty()
    }

    /// Whether a place is there to be looked at.
    pub(super) fn is_known(&self, place: &Place) -> bool {
        self.known.contains_key(&place.field)
    }

    /// Whether a place is there and can be written.
    pub(super) fn has(&self, place: &Place) -> bool {
        let is_there = |name: &str| self.known.get(name).is_some_and(|(_, is_writable)| *is_writable);
        let group = place.group.as_ref();
        let is_list = group.is_none_or(|group| {
            group.name == CHILDREN && group.conditions.iter().all(|(field, _)| is_there(field))
        });
        is_list && is_there(&place.field)
    }

    /// The values of a record: `false` is nothing unless the field is yes or no, and a link is its number.
    pub(super) fn values(&self, record: &Value) -> Option<BTreeMap<String, Value>> {
        let value = |(name, value): (&String, &Value)| {
            let is_boolean = self.known.get(name).is_some_and(|(kind, _)| kind == "boolean");
            let value = match value {
                Value::Bool(false) if !is_boolean => Value::Null,
                Value::String(text) if text.is_empty() => Value::Null,
                Value::Array(_) => number(value).map(Value::from).unwrap_or_default(),
                other => other.clone(),
            };
            (name.clone(), value)
        };
        Some(record.as_object()?.iter().map(value).collect())
    }

    /// A value as Odoo takes it: nothing is `false`, and a link is a number.
    pub(super) fn written(&self, name: &str, value: &Value) -> Value {
        let kind = self.known.get(name).map(|(kind, _)| kind.as_str());
        match (value, kind) {
            (Value::Null, _) => json!(false),
            (Value::String(text), Some("many2one" | "integer")) => {
                text.parse::<i64>().map_or_else(|_| value.clone(), Value::from)
            }
            _ => value.clone(),
        }
    }

    /// What is done to a record below, as a command ("ORM API", `Command`): 0 makes, 1 changes, 2 deletes.
    pub(super) fn command(&self, entry: &EntryWrite) -> Value {
        let mut vals: Map<String, Value> =
            entry.values.iter().map(|(name, value)| (name.clone(), self.written(name, value))).collect();
        match entry.id.as_deref().and_then(|id| id.parse::<i64>().ok()) {
            Some(id) if entry.remove => json!([2, id, 0]),
            Some(id) => json!([1, id, vals]),
            None => {
                for (field, text) in &entry.group.conditions {
                    vals.insert(field.clone(), self.written(field, &json!(text)));
                }
                json!([0, 0, vals])
            }
        }
    }
}

/// A number, or the one of a link `[number, name]`, or the only one of a list.
pub(super) fn number(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_array()?.first()?.as_i64())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Kind;
    use crate::place::Group;

    fn fields() -> Fields {
        let body = json!({ "name": { "type": "char" }, "active": { "type": "boolean" }, "country_id": { "type": "many2one" },
            "type": { "type": "selection" }, "create_date": { "type": "datetime", "readonly": true } });
        Fields::read(&body, &Mapping::shipped(Kind::Odoo)).unwrap()
    }

    #[test]
    fn false_is_nothing_except_where_it_is_an_answer() {
        let record = json!({ "name": false, "active": false, "country_id": [57, "Germany"] });
        let values = fields().values(&record).unwrap();
        assert_eq!(values["name"], Value::Null);
        assert_eq!(values["active"], json!(false));
        assert_eq!(values["country_id"], json!(57));
    }

    #[test]
    fn nothing_is_written_as_false_and_a_link_as_a_number() {
        assert_eq!(fields().written("name", &Value::Null), json!(false));
        assert_eq!(fields().written("country_id", &json!("57")), json!(57));
        assert_eq!(fields().written("name", &json!("57")), json!("57"));
    }

    #[test]
    fn a_record_below_is_made_with_what_tells_it() {
        let group =
            Group { name: CHILDREN.to_owned(), conditions: vec![("type".to_owned(), "delivery".to_owned())] };
        let values = BTreeMap::from([("name".to_owned(), json!("Shop"))]);
        let entry = EntryWrite { group, id: None, values, remove: false };
        assert_eq!(fields().command(&entry), json!([0, 0, { "name": "Shop", "type": "delivery" }]));
        let changed = EntryWrite { id: Some("9".to_owned()), ..entry.clone() };
        assert_eq!(fields().command(&changed), json!([1, 9, { "name": "Shop" }]));
        let removed = EntryWrite { id: Some("9".to_owned()), remove: true, ..entry };
        assert_eq!(fields().command(&removed), json!([2, 9, 0]));
    }

    #[test]
    fn a_place_that_cannot_be_written_is_missing() {
        let has = |place: &str| fields().has(&place.parse().unwrap());
        assert!(has("name") && has("child_ids[type=delivery].name"));
        assert!(!has("create_date") && !has("nothing") && !has("bank_ids.name"));
    }
}
