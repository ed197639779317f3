//! Where in a record a place is: which entry of a list is meant.

use serde_json::Value;

use crate::adapter::{Entry, Record};
use crate::customer::Memory;
use crate::mapping::{FieldMapping, Mapping};
use crate::place::Group;
use crate::value::{digest, is_same, text};

/// The entry that a group of a mapping means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Slot {
    /// This one.
    Entry(String),
    /// There is none yet.
    New,
    /// There are several, and nothing tells them apart.
    Several,
}

/// What is to stand there: a field and its value.
pub(crate) type Wish<'a> = (&'a FieldMapping, &'a Value);

/// Finds the entry: the one that was written last time; else one that holds what is wished already; else one that holds what
/// was last written; else the only one.
pub(crate) fn slot(
    mapping: &Mapping,
    record: &Record,
    memory: &Memory,
    group: &Group,
    wishes: &[Wish<'_>],
) -> Slot {
    let candidates: Vec<&Entry> = candidates(mapping, record, memory, group).collect();
    let key = group.to_string();
    if let Some(id) = memory.entries.get(&key)
        && candidates.iter().any(|entry| entry.id == *id)
    {
        return Slot::Entry(id.clone());
    }
    let wishes: Vec<&Wish<'_>> = wishes
        .iter()
        .filter(|(field, value)| field.place.group.as_ref() == Some(group) && !value.is_null())
        .collect();
    let holds = |entry: &&&Entry| {
        !wishes.is_empty()
            && wishes
                .iter()
                .all(|(field, value)| is_same(field.likeness(), at(entry, &field.place.field), value))
    };
    if let Some(entry) = candidates.iter().find(holds) {
        return Slot::Entry(entry.id.clone());
    }
    let held = |entry: &&&Entry| {
        mapping.fields.iter().filter(|field| field.place.group.as_ref() == Some(group)).any(|field| {
            let place = field.place.to_string();
            let now = at(entry, &field.place.field);
            memory.wrote.get(&place).is_some_and(|wrote| *wrote == digest(&place, field.likeness(), now))
        })
    };
    match (candidates.iter().find(held), candidates.as_slice()) {
        (Some(entry), _) => Slot::Entry(entry.id.clone()),
        (None, []) => Slot::New,
        (None, [only]) => Slot::Entry(only.id.clone()),
        (None, _) => Slot::Several,
    }
}

/// The entries that a group may mean: those of its conditions that no other group means more closely.
pub(crate) fn candidates<'r>(
    mapping: &'r Mapping,
    record: &'r Record,
    memory: &'r Memory,
    group: &'r Group,
) -> impl Iterator<Item = &'r Entry> {
    let key = group.to_string();
    let is_others = move |entry: &Entry| {
        mapping.places().filter_map(|place| place.group.as_ref()).any(|other| {
            other.name == group.name
                && other != group
                && (memory.entries.get(&other.to_string()).is_some_and(|id| *id == entry.id)
                    || other.conditions.len() > group.conditions.len() && fits(entry, other))
        })
    };
    record.lists.get(&group.name).into_iter().flatten().filter(move |entry| {
        fits(entry, group)
            && (!is_others(entry) || memory.entries.get(&key).is_some_and(|id| *id == entry.id))
    })
}

fn fits(entry: &Entry, group: &Group) -> bool {
    group.conditions.iter().all(|(field, wanted)| {
        let now = at(entry, field);
        match wanted.as_str() {
            "true" => is_same(crate::mapping::Likeness::Text, now, &Value::from(true)),
            "false" => is_same(crate::mapping::Likeness::Text, now, &Value::from(false)),
            wanted => text(now) == wanted,
        }
    })
}

/// What stands in a field of an entry.
pub(crate) fn at<'e>(entry: &'e Entry, field: &str) -> &'e Value {
    entry.values.get(field).unwrap_or(&Value::Null)
}

/// What stands in a field of a record, given the entry.
pub(crate) fn value_at<'r>(record: &'r Record, field: &FieldMapping, slot: Option<&Slot>) -> &'r Value {
    match (&field.place.group, slot) {
        (None, _) => record.fields.get(&field.place.field).unwrap_or(&Value::Null),
        (Some(group), Some(Slot::Entry(id))) => {
            let entry = record.lists.get(&group.name).into_iter().flatten().find(|entry| entry.id == *id);
            entry.map_or(&Value::Null, |entry| at(entry, &field.place.field))
        }
        _ => &Value::Null,
    }
}
