//! One place of one change: what stands there, what should, what is done, and what became of it.

use serde_json::Value;

use crate::adapter::Record;
use crate::core::Core;
use crate::customer::Memory;
use crate::delivery::LineResult;
use crate::mapping::{Conflict, FieldMapping};
use crate::slot::{Slot, Wish, slot, value_at};
use crate::value::{digest, is_nothing, is_same};
use crate::wanted::Wanted;

/// A place.
pub(crate) struct Task<'m> {
    pub(crate) field: &'m FieldMapping,
    pub(crate) value: Value,
    /// The entry, for a place in a list.
    pub(crate) slot: Option<Slot>,
    /// What stood there.
    pub(crate) before: Value,
    pub(crate) verdict: Verdict,
}

/// What is done, and after it what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It stands there: nothing is written.
    Holds,
    /// It is written.
    Write,
    /// Nothing is written, or something else came of it. The sentence is for the person.
    Said(LineResult, String),
}

/// What an update does with what it wants.
pub(crate) fn for_update<'m>(
    core: &Core,
    missing: &[crate::place::Place],
    record: Option<&Record>,
    memory: &Memory,
    wanted: Vec<Wanted<'m>>,
) -> Vec<Task<'m>> {
    let judge = |field: &FieldMapping, value: &Value, before: &Value, slot: Option<&Slot>| {
        if slot == Some(&Slot::Several) {
            return Verdict::Said(
                LineResult::Conflict,
                "there are several, and none is known as this one".to_owned(),
            );
        }
        if is_same(field.likeness(), before, value) {
            return Verdict::Holds;
        }
        let is_own = !is_nothing(before) && !wrote(memory, field, before);
        if is_own && field.conflict == Conflict::Keep {
            return Verdict::Said(LineResult::Conflict, "it holds a value of its own".to_owned());
        }
        Verdict::Write
    };
    tasks(core, missing, record, memory, wanted, judge)
}

/// What an erasure does. Where it is not known what was written, nobody can tell what is the CRM's own: all of it goes.
pub(crate) fn for_erase<'m>(
    core: &Core,
    missing: &[crate::place::Place],
    record: &Record,
    memory: &Memory,
    is_known: bool,
    wanted: Vec<Wanted<'m>>,
) -> Vec<Task<'m>> {
    let judge = |field: &FieldMapping, value: &Value, before: &Value, slot: Option<&Slot>| {
        if is_same(field.likeness(), before, value) {
            return Verdict::Holds;
        }
        if let Some(exception) = &field.exception {
            return Verdict::Said(LineResult::Kept { exception: exception.clone() }, String::new());
        }
        let is_ours = memory.wrote.contains_key(&field.place.to_string())
            && (field.conflict == Conflict::Overwrite || wrote(memory, field, before));
        match slot {
            Some(Slot::Several) if is_known => own(),
            // Which one came under the grant cannot be told.
            Some(Slot::Several) => Verdict::Said(LineResult::Refused, String::new()),
            _ if is_known && !is_ours => own(),
            _ => Verdict::Write,
        }
    };
    tasks(core, missing, Some(record), memory, wanted, judge)
}

fn own() -> Verdict {
    Verdict::Said(LineResult::Erased, "what stands there now is the vendor's own".to_owned())
}

fn tasks<'m>(
    core: &Core,
    missing: &[crate::place::Place],
    record: Option<&Record>,
    memory: &Memory,
    wanted: Vec<Wanted<'m>>,
    judge: impl Fn(&FieldMapping, &Value, &Value, Option<&Slot>) -> Verdict,
) -> Vec<Task<'m>> {
    let empty = Record::default();
    let record = record.unwrap_or(&empty);
    let there = |wanted: &&Wanted<'_>| !missing.contains(&wanted.field.place);
    let wishes: Vec<Wish<'_>> = wanted
        .iter()
        .filter(there)
        .filter_map(|wanted| wanted.value.as_ref().ok().map(|value| (wanted.field, value)))
        .collect();
    let slots: Vec<Option<Slot>> = wanted
        .iter()
        .map(|wanted| {
            let group = wanted.field.place.group.as_ref()?;
            Some(slot(&core.mapping, record, memory, group, &wishes))
        })
        .collect();
    let task = |(Wanted { field, value }, slot): (Wanted<'m>, Option<Slot>)| {
        let before = value_at(record, field, slot.as_ref()).clone();
        let (value, verdict) = match value {
            _ if missing.contains(&field.place) => (
                Value::Null,
                Verdict::Said(LineResult::Refused, format!("{} has no place for it", core.system)),
            ),
            Err(sentence) => (Value::Null, Verdict::Said(LineResult::Refused, sentence)),
            Ok(value) => {
                let verdict = judge(field, &value, &before, slot.as_ref());
                (value, verdict)
            }
        };
        Task { field, value, slot, before, verdict }
    };
    wanted.into_iter().zip(slots).map(task).collect()
}

/// Whether this is what was last written there.
fn wrote(memory: &Memory, field: &FieldMapping, value: &Value) -> bool {
    let place = field.place.to_string();
    memory.wrote.get(&place).is_some_and(|wrote| *wrote == digest(&place, field.likeness(), value))
}

impl Task<'_> {
    /// Whether it touches a path.
    pub(crate) fn is_about(&self, path: &str) -> bool {
        self.field.paths.iter().any(|known| known == path)
    }

    /// What was written, as it was read back: the verdict is final then.
    pub(crate) fn settle(&mut self, core: &Core, after: &Record, memory: &mut Memory, wishes: &[Wish<'_>]) {
        let place = self.field.place.to_string();
        let group = self.field.place.group.as_ref();
        let now = group.map(|group| match &self.slot {
            Some(Slot::Entry(id)) if is_lasting(id) => Slot::Entry(id.clone()),
            _ => slot(&core.mapping, after, memory, group, wishes),
        });
        let value = value_at(after, self.field, now.as_ref());
        let likeness = self.field.likeness();
        if self.verdict == Verdict::Write {
            self.verdict = if is_same(likeness, value, &self.value) {
                Verdict::Holds
            } else if is_same(likeness, value, &self.before) {
                Verdict::Said(LineResult::Refused, "it still holds the value from before".to_owned())
            } else {
                Verdict::Said(LineResult::Conflict, "it holds another value than was written".to_owned())
            };
        }
        if self.verdict != Verdict::Holds {
            return;
        }
        if is_nothing(&self.value) || self.field.cleared.as_deref() == self.value.as_str() {
            memory.wrote.remove(&place);
        } else {
            memory.wrote.insert(place, digest(&self.field.place.to_string(), likeness, value));
        }
        if let (Some(group), Some(Slot::Entry(id))) = (group, now) {
            let is_there = after.lists.get(&group.name).into_iter().flatten().any(|entry| entry.id == id);
            if is_there && is_lasting(&id) {
                memory.entries.insert(group.to_string(), id);
            } else {
                memory.entries.remove(&group.to_string());
            }
        }
    }
}

/// Whether an entry is known by it later: a position is not.
fn is_lasting(id: &str) -> bool {
    !id.starts_with('#')
}
