//! Lists of phone numbers and email addresses: EspoCRM reads and writes each as a whole, with one primary entry.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::adapter::{Entry, EntryWrite, Record};
use crate::mapping::Likeness;
use crate::value::digest;

/// The attribute that a list belongs to; its entries hold a value of the same name.
pub(super) fn attribute(list: &str) -> Option<&'static str> {
    match list {
        "phoneNumberData" => Some("phoneNumber"),
        "emailAddressData" => Some("emailAddress"),
        _ => None,
    }
}

/// A list as it was read. EspoCRM gives entries no number, so one is told by the digest of its value: as a position, it lasts
/// no longer than until the next write.
pub(super) fn entries(list: &[Value]) -> Option<Vec<Entry>> {
    let entry = |item: &Value| {
        let values: BTreeMap<String, Value> = item.as_object()?.clone().into_iter().collect();
        let id = ["phoneNumber", "emailAddress"].iter().find_map(|name| values.get(*name)).map(told)?;
        Some(Entry { id, values, ..Entry::default() })
    };
    list.iter().map(entry).collect()
}

fn told(value: &Value) -> String {
    format!("#{}", digest("entry", Likeness::Text, value))
}

/// Each list that is written to, as it is to be.
pub(super) fn merged(present: &Record, writes: &[EntryWrite]) -> Vec<(String, Value)> {
    let mut lists: Vec<(String, Vec<Map<String, Value>>)> = Vec::new();
    for write in writes {
        let name = &write.group.name;
        if !lists.iter().any(|(other, _)| other == name) {
            let entries = present.lists.get(name).map(Vec::as_slice).unwrap_or_default();
            let list = entries.iter().map(|entry| entry.values.clone().into_iter().collect()).collect();
            lists.push((name.clone(), list));
        }
        let Some((_, list)) = lists.iter_mut().find(|(other, _)| other == name) else { continue };
        let Some(value) = attribute(name) else { continue };
        let at = write
            .id
            .as_ref()
            .and_then(|id| list.iter().position(|entry| entry.get(value).map(told).as_ref() == Some(id)));
        match at {
            Some(at) if write.remove => {
                list.remove(at);
            }
            Some(at) => list[at].extend(write.values.clone()),
            None if write.remove => {}
            None => {
                let mut entry: Map<String, Value> = write.values.clone().into_iter().collect();
                let conditions = write.group.conditions.iter();
                entry.extend(conditions.map(|(field, text)| (field.clone(), json!(text))));
                entry.insert("primary".to_owned(), json!(false));
                list.push(entry);
            }
        }
        // An entry without its value is none.
        list.retain(|entry| entry.get(value).is_some_and(Value::is_string));
        let has_primary = list.iter().any(|entry| entry.get("primary") == Some(&json!(true)));
        if let Some(first) = list.first_mut().filter(|_| !has_primary) {
            first.insert("primary".to_owned(), json!(true));
        }
    }
    lists.into_iter().map(|(name, list)| (name, json!(list))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::place::Group;

    fn write(id: Option<&str>, number: Option<&str>) -> EntryWrite {
        let conditions = vec![("type".to_owned(), "Mobile".to_owned())];
        EntryWrite {
            group: Group { name: "phoneNumberData".to_owned(), conditions },
            id: id.map(|number| told(&json!(number))),
            values: number.map(|number| ("phoneNumber".to_owned(), json!(number))).into_iter().collect(),
            remove: number.is_none(),
        }
    }

    #[test]
    fn what_is_there_beside_the_entry_stays_and_one_is_primary() {
        let list = [
            json!({ "phoneNumber": "+4911", "type": "Mobile", "primary": true }),
            json!({ "phoneNumber": "+4922", "type": "Office", "primary": false }),
        ];
        let lists = BTreeMap::from([("phoneNumberData".to_owned(), entries(&list).unwrap())]);
        let present = Record { lists, ..Record::default() };
        let merged = |write| merged(&present, &[write])[0].1.clone();
        let changed = merged(write(Some("+4911"), Some("+4933")));
        assert_eq!(changed[0], json!({ "phoneNumber": "+4933", "type": "Mobile", "primary": true }));
        assert_eq!(changed[1], list[1]);
        let removed = merged(write(Some("+4911"), None));
        assert_eq!(removed, json!([{ "phoneNumber": "+4922", "type": "Office", "primary": true }]));
        let added = merged(write(None, Some("+4944")));
        assert_eq!(added[2], json!({ "phoneNumber": "+4944", "type": "Mobile", "primary": false }));
    }
}
