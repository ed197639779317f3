//! Emptying a record before it is deleted, in systems that keep what was deleted for a while.

use serde_json::Value;

use super::{Ended, EntryWrite, Record, Refusal, Write};
use crate::mapping::Mapping;
use crate::slot::at;

/// A write that takes every value of the mapping out of a record, and the DID. The vendor's own number stays.
pub(super) fn emptied(mapping: &Mapping, record: &Record) -> Write {
    let mut write = Write { id: Some(record.id.clone()), ..Write::default() };
    let cleared = mapping.fields.iter().map(|field| (&field.place, field.cleared.as_deref()));
    for (place, cleared) in cleared.chain([(&mapping.record.did, None)]) {
        let Some(group) = &place.group else {
            let is_there = record.fields.get(&place.field).is_some_and(|value| !value.is_null());
            if is_there {
                write.fields.insert(place.field.clone(), cleared.map_or(Value::Null, Value::from));
            }
            continue;
        };
        let is_meant = |entry: &&super::Entry| {
            let holds = |(field, text): &(String, String)| at(entry, field).as_str() == Some(text.as_str());
            group.conditions.iter().all(holds)
        };
        for entry in record.lists.get(&group.name).into_iter().flatten().filter(is_meant) {
            let id = Some(entry.id.clone());
            if write.entries.iter().any(|known| known.id == id && known.group.name == group.name) {
                continue;
            }
            write.entries.push(EntryWrite {
                group: group.clone(),
                id,
                values: [(place.field.clone(), Value::Null)].into(),
                remove: true,
            });
        }
    }
    write
}

/// The record could not be emptied, so it was not deleted either.
pub(super) fn unemptied(refusal: &Refusal, system: &str) -> Ended {
    match refusal {
        Refusal::Gone => Ended::Erased,
        Refusal::Value(sentence) => Ended::Untouched(sentence.clone()),
        Refusal::Duplicate(_) => Ended::Untouched(format!("{system} does not let the contact be emptied")),
    }
}
