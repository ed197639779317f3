//! Writing what a change wants written: as one write, and unit by unit where that is refused, so that one value that the CRM
//! does not take keeps no other one out.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::adapter::{EntryWrite, Failure, Record, Refusal, Write};
use crate::core::Core;
use crate::customer::Customer;
use crate::delivery::LineResult;
use crate::mapping::FieldMapping;
use crate::matching::dids;
use crate::place::Place;
use crate::reason::Reason;
use crate::slot::{Slot, at};
use crate::task::{Task, Verdict};

/// What is written together or not at all: a field, or an entry of a list.
struct Unit {
    fields: BTreeMap<String, Value>,
    entry: Option<EntryWrite>,
    /// Which tasks it is.
    tasks: Vec<usize>,
}

/// How the DID at a record changes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Link {
    /// The record is, or becomes, the customer's.
    Carry,
    /// It stays as it is.
    Keep,
    /// It is nobody's from now on.
    Drop,
}

/// Writes. Gives the record's number, the first one when one was made; or why no record could be made.
pub(crate) async fn write(
    core: &Core,
    customer: &Customer,
    record: Option<&Record>,
    tasks: &mut [Task<'_>],
    link: Link,
) -> Result<Result<String, Refusal>, Failure> {
    let missing = core.missing().await?;
    let units = units(core, record, tasks);
    let linking = linking(core, customer, record, link);
    let id = record.map(|record| record.id.clone());
    let base = || {
        let mut base = linking.clone();
        base.id.clone_from(&id);
        base
    };
    let mut whole = base();
    units.iter().for_each(|unit| unit.join(&mut whole));
    if id.is_none() {
        new_fields(core, missing, customer, &mut whole);
    }
    if whole.is_empty() {
        return Ok(Ok(id.unwrap_or_default()));
    }
    match core.write(whole).await? {
        Ok(id) => return Ok(Ok(id)),
        Err(Refusal::Gone) => return Err(Failure::Again { reason: Reason::Status(404), after: None }),
        Err(Refusal::Value(sentence))
            if units.len() <= 1 && id.is_some() && !units.iter().any(Unit::removes) =>
        {
            refuse(tasks, units.iter().flat_map(|unit| &unit.tasks), &sentence);
            // The link alone may go.
            return Ok(if linking.fields.is_empty() && linking.entries.is_empty() {
                Ok(id.unwrap_or_default())
            } else {
                core.write(base()).await?
            });
        }
        Err(Refusal::Value(_)) => {}
        Err(duplicate) => return Ok(Err(duplicate)),
    }
    // What there is without any value of the person, then one after the other.
    let mut first = base();
    if id.is_none() {
        new_fields(core, missing, customer, &mut first);
    }
    let id = match id {
        Some(id) if first.is_empty() => id,
        _ => match core.write(first).await? {
            Ok(id) => id,
            Err(refusal) => return Ok(Err(refusal)),
        },
    };
    for unit in &units {
        let mut one = Write { id: Some(id.clone()), ..Write::default() };
        unit.join(&mut one);
        let mut answer = core.write(one.clone()).await?;
        // An entry that others refer to stays, emptied.
        if answer.is_err() && one.entries.iter().any(|entry| entry.remove) {
            one.entries.iter_mut().for_each(|entry| entry.remove = false);
            answer = core.write(one).await?;
        }
        match answer {
            Ok(_) => {}
            Err(Refusal::Value(sentence)) => refuse(tasks, &unit.tasks, &sentence),
            Err(Refusal::Duplicate(_)) => refuse(tasks, &unit.tasks, "another record holds this value"),
            Err(Refusal::Gone) => return Err(Failure::Again { reason: Reason::Status(404), after: None }),
        }
    }
    Ok(Ok(id))
}

fn refuse<'i>(tasks: &mut [Task<'_>], which: impl IntoIterator<Item = &'i usize>, sentence: &str) {
    for index in which {
        tasks[*index].verdict = Verdict::Said(LineResult::Refused, sentence.to_owned());
    }
}

impl Unit {
    /// Whether it takes an entry away.
    fn removes(&self) -> bool {
        self.entry.as_ref().is_some_and(|entry| entry.remove)
    }

    fn join(&self, write: &mut Write) {
        write.fields.extend(self.fields.clone());
        write.entries.extend(self.entry.clone());
    }
}

fn units(core: &Core, record: Option<&Record>, tasks: &[Task<'_>]) -> Vec<Unit> {
    let mut units: Vec<Unit> = Vec::new();
    for (index, task) in tasks.iter().enumerate().filter(|(_, task)| task.verdict == Verdict::Write) {
        let (field, value) = (task.field.place.field.clone(), task.value.clone());
        let Some(group) = &task.field.place.group else {
            units.push(Unit { fields: [(field, value)].into(), entry: None, tasks: vec![index] });
            continue;
        };
        let known =
            units.iter_mut().find(|unit| unit.entry.as_ref().is_some_and(|entry| entry.group == *group));
        if let Some((unit, entry)) = known.and_then(|unit| Some((&mut unit.tasks, unit.entry.as_mut()?))) {
            entry.values.insert(field, value);
            unit.push(index);
            continue;
        }
        let id = match &task.slot {
            Some(Slot::Entry(id)) => Some(id.clone()),
            _ => None,
        };
        let entry = EntryWrite { group: group.clone(), id, values: [(field, value)].into(), remove: false };
        units.push(Unit { fields: BTreeMap::new(), entry: Some(entry), tasks: vec![index] });
    }
    for entry in units.iter_mut().filter_map(|unit| unit.entry.as_mut()) {
        entry.remove = is_left_empty(core, record, entry);
    }
    units
}

/// Whether nothing of the mapping is left in an entry afterwards.
fn is_left_empty(core: &Core, record: Option<&Record>, entry: &EntryWrite) -> bool {
    let Some(id) = &entry.id else { return false };
    let now = record.and_then(|record| record.lists.get(&entry.group.name));
    let now = now.into_iter().flatten().find(|known| known.id == *id);
    let is_empty = |field: &FieldMapping| {
        let name = &field.place.field;
        entry.values.get(name).or_else(|| now.map(|now| at(now, name))).is_none_or(Value::is_null)
    };
    core.mapping.fields.iter().filter(|field| field.place.group.as_ref() == Some(&entry.group)).all(is_empty)
}

/// What changes at the DID's place.
fn linking(core: &Core, customer: &Customer, record: Option<&Record>, link: Link) -> Write {
    let place = &core.mapping.record.did;
    let standing: Vec<(Option<&str>, &str)> =
        record.map(|record| dids(record, place).collect()).unwrap_or_default();
    let is_ours = |did: &str| did == customer.did || customer.before.iter().any(|before| before == did);
    let ours = standing.iter().find(|(_, did)| is_ours(did));
    let mut write = Write::default();
    let value = match (link, ours) {
        (Link::Carry, Some((_, did))) if *did == customer.did => return write,
        (Link::Keep, _) | (Link::Drop, None) => return write,
        (Link::Carry, _) => Value::from(customer.did.as_str()),
        (Link::Drop, _) => Value::Null,
    };
    match &place.group {
        None => {
            write.fields.insert(place.field.clone(), value);
        }
        Some(group) => {
            let id = ours.and_then(|(id, _)| *id).map(str::to_owned);
            let remove = value.is_null();
            let values = [(place.field.clone(), value)].into();
            write.entries.push(EntryWrite { group: group.clone(), id, values, remove });
        }
    }
    write
}

/// What a new record holds beside the person's values.
fn new_fields(core: &Core, missing: &[Place], customer: &Customer, write: &mut Write) {
    for (field, value) in &core.mapping.record.new {
        let standing = write.fields.entry(field.clone()).or_insert(Value::Null);
        if standing.is_null() {
            standing.clone_from(value);
        }
    }
    if let (Some(place), Some(reference)) = (&core.mapping.record.reference, &customer.reference)
        && place.group.is_none()
        && !missing.contains(place)
    {
        write.fields.insert(place.field.clone(), Value::from(reference.as_str()));
    }
    // A new record has nothing to empty.
    write.fields.retain(|_, value| !value.is_null());
}
