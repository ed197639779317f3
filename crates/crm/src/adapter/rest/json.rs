//! Records as JSON objects: members by dotted names, lists of objects by conditions.

use serde_json::{Map, Value};

use crate::adapter::{Entry, EntryWrite, Record, Write};
use crate::place::Place;

/// The name of a place in a query: without conditions.
pub(super) fn dotted(place: &Place) -> String {
    match &place.group {
        Some(group) => format!("{}.{}", group.name, place.field),
        None => place.field.clone(),
    }
}

/// A member by its dotted name; the value itself by an empty one.
pub(super) fn member<'v>(value: &'v Value, dotted: &str) -> Option<&'v Value> {
    dotted.split('.').filter(|name| !name.is_empty()).try_fold(value, |value, name| value.get(name))
}

/// Sets a member by its dotted name, with the objects around it.
pub(super) fn set(value: &mut Value, dotted: &str, new: Value) {
    let mut at = value;
    for name in dotted.split('.') {
        if !at.is_object() {
            *at = Value::Object(Map::new());
        }
        let Value::Object(map) = at else { return };
        at = map.entry(name.to_owned()).or_insert(Value::Null);
    }
    *at = new;
}

/// A text or a number as a text.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// What stands at a place, in whatever entry.
pub(super) fn texts(item: &Value, place: &Place) -> Vec<String> {
    let Some(group) = &place.group else {
        return member(item, &place.field).and_then(text).into_iter().collect();
    };
    let part = member(item, &group.name);
    let entries = match part {
        Some(Value::Array(entries)) => entries.as_slice(),
        Some(one) => std::slice::from_ref(one),
        None => &[],
    };
    entries.iter().filter_map(|entry| entry.get(&place.field).and_then(text)).collect()
}

/// A value without what is below it.
fn scalar(value: &Value) -> Value {
    if value.is_object() || value.is_array() { Value::Null } else { value.clone() }
}

/// The record of a mapping's places.
pub(super) fn record<'p>(raw: &Value, id: &str, places: impl Iterator<Item = &'p Place>) -> Record {
    let mut record = Record { id: id.to_owned(), ..Record::default() };
    for place in places {
        let Some(group) = &place.group else {
            record.fields.insert(place.field.clone(), member(raw, &place.field).map_or(Value::Null, scalar));
            continue;
        };
        record.lists.entry(group.name.clone()).or_insert_with(|| match member(raw, &group.name) {
            Some(Value::Array(entries)) => {
                entries.iter().enumerate().map(|(index, raw)| entry(raw, index)).collect()
            }
            Some(Value::Object(one)) => vec![Entry { values: scalars(one), ..Entry::default() }],
            _ => Vec::new(),
        });
    }
    record
}

fn scalars(map: &Map<String, Value>) -> std::collections::BTreeMap<String, Value> {
    map.iter().map(|(name, value)| (name.clone(), scalar(value))).collect()
}

fn entry(raw: &Value, index: usize) -> Entry {
    Entry {
        id: entry_id(raw, index),
        is_archived: false,
        values: raw.as_object().map(scalars).unwrap_or_default(),
    }
}

/// Its own number, or its position.
fn entry_id(raw: &Value, index: usize) -> String {
    raw.get("id").and_then(text).unwrap_or_else(|| format!("#{index}"))
}

/// What is sent for a write. `is_whole` when the request replaces the record: then it begins with what was there.
pub(super) fn body(before: Option<Value>, write: &Write, is_whole: bool) -> Value {
    let empty = || Value::Object(Map::new());
    let mut body = if is_whole { before.clone().unwrap_or_else(empty) } else { empty() };
    for (field, value) in &write.fields {
        set(&mut body, field, value.clone());
    }
    for change in write.entries.iter().filter(|change| change.group.conditions.is_empty()) {
        for (field, value) in &change.values {
            set(&mut body, &format!("{}.{field}", change.group.name), value.clone());
        }
    }
    let mut lists: Vec<(&str, Vec<Value>)> = Vec::new();
    for change in write.entries.iter().filter(|change| !change.group.conditions.is_empty()) {
        let name = change.group.name.as_str();
        if !lists.iter().any(|(list, _)| *list == name) {
            let entries = before.as_ref().and_then(|raw| member(raw, name)).and_then(Value::as_array);
            lists.push((name, entries.cloned().unwrap_or_default()));
        }
    }
    for (name, entries) in &mut lists {
        apply(entries, write.entries.iter().filter(|change| change.group.name == *name));
    }
    for (name, entries) in lists {
        set(&mut body, name, Value::Array(entries));
    }
    body
}

/// Changes a list.
fn apply<'c>(entries: &mut Vec<Value>, changes: impl Iterator<Item = &'c EntryWrite>) {
    let ids: Vec<String> = entries.iter().enumerate().map(|(index, raw)| entry_id(raw, index)).collect();
    let mut gone = Vec::new();
    for change in changes {
        match change.id.as_ref().and_then(|id| ids.iter().position(|known| known == id)) {
            Some(index) if change.remove => gone.push(index),
            Some(index) => {
                for (field, value) in &change.values {
                    set(&mut entries[index], field, value.clone());
                }
            }
            None if change.remove => {}
            None => {
                let mut entry = Value::Object(Map::new());
                for (field, text) in &change.group.conditions {
                    set(&mut entry, field, constant(text));
                }
                for (field, value) in &change.values {
                    set(&mut entry, field, value.clone());
                }
                entries.push(entry);
            }
        }
    }
    gone.sort_unstable();
    for index in gone.into_iter().rev() {
        entries.remove(index);
    }
}

/// The text of a condition as a value.
fn constant(text: &str) -> Value {
    match text {
        "" => Value::Null,
        "true" => Value::from(true),
        "false" => Value::from(false),
        text => Value::from(text),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::place::Group;

    #[test]
    fn a_list_keeps_what_is_not_meant() {
        let before =
            json!({"phones": [{"type": "home", "value": "1"}, {"type": "mobile", "value": "2", "x": 3}]});
        let group =
            Group { name: "phones".to_owned(), conditions: vec![("type".to_owned(), "mobile".to_owned())] };
        let change = |id: Option<&str>, remove, value: &str| EntryWrite {
            group: group.clone(),
            id: id.map(str::to_owned),
            values: [("value".to_owned(), Value::from(value))].into(),
            remove,
        };
        let check = |entries: Vec<EntryWrite>, wanted: Value| {
            let write = Write { id: Some("1".to_owned()), entries, ..Write::default() };
            assert_eq!(body(Some(before.clone()), &write, false), wanted);
        };
        check(
            vec![change(Some("#1"), false, "9")],
            json!({"phones": [{"type": "home", "value": "1"}, {"type": "mobile", "value": "9", "x": 3}]}),
        );
        check(vec![change(Some("#1"), true, "")], json!({"phones": [{"type": "home", "value": "1"}]}));
        let added = json!({"type": "mobile", "value": "4"});
        let mut all = before["phones"].as_array().unwrap().clone();
        all.push(added);
        check(vec![change(None, false, "4")], json!({ "phones": all }));
    }
}
