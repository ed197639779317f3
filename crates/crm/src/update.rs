//! An update: find the record, write what differs, read it back.

use std::collections::BTreeMap;

use crate::adapter::{Failure, Record, Refusal};
use crate::commit::{self, Link};
use crate::core::Core;
use crate::customer::{Customer, Memory};
use crate::delivery::{Delivery, Line, LineResult};
use crate::matching::{self, Match};
use crate::reason::Reason;
use crate::slot::Wish;
use crate::task::{self, Task, Verdict};
use crate::wanted::{after_update, wanted};

/// Values of a change.
pub(crate) type Fields = BTreeMap<String, Option<String>>;

pub(crate) async fn update(core: &Core, customer: &Customer, fields: &Fields) -> Result<Delivery, Failure> {
    let missing = core.missing().await?;
    let now = after_update(customer, fields);
    let found = matching::find(core, customer).await?;
    let (record, was_linked) = match found {
        Match::Linked(record) => (Some(record.in_use()), true),
        Match::ByNumber(record) => (Some(record.in_use()), false),
        Match::Nobody => (None, false),
        Match::Unclear { records, sentence } => {
            return Ok(duplicate(core, customer, fields, &records, &sentence));
        }
    };
    // Only what the change names; a new record gets everything that is held.
    let mut paths: Vec<&str> = fields.keys().map(String::as_str).collect();
    if record.is_none() {
        paths.extend(customer.held.keys().filter(|path| !fields.contains_key(*path)).map(String::as_str));
    }
    let all = wanted(core, &paths, &now).await?;
    if record.is_none() {
        if !core.mapping.record.make {
            return Ok(same_for_all(
                customer,
                fields,
                &LineResult::Refused,
                "no record carries the customer number",
            ));
        }
        if all.iter().all(|wanted| wanted.value.as_ref().map_or(true, serde_json::Value::is_null)) {
            return Ok(nothing(core, customer, fields, &all));
        }
        let records = matching::possible_duplicates(core, &all).await?;
        if !records.is_empty() {
            let sentence = "a record with the same address or number may be this person";
            return Ok(duplicate(core, customer, fields, &records, sentence));
        }
    }
    let mut memory = record.as_ref().map(|record| customer.memory.of(&record.id)).unwrap_or_default();
    let mut tasks = task::for_update(core, missing, record.as_ref(), &memory, all);
    let written = commit::write(core, customer, record.as_ref(), &mut tasks, Link::Carry).await?;
    let id = match written {
        Ok(id) => id,
        Err(Refusal::Duplicate(records)) => {
            return Ok(duplicate(core, customer, fields, &records, "the system has such a record already"));
        }
        Err(Refusal::Value(sentence)) => {
            return Ok(same_for_all(customer, fields, &LineResult::Refused, &sentence));
        }
        Err(Refusal::Gone) => return Err(again_gone()),
    };
    if record.is_none() {
        memory = Memory { record: Some(id.clone()), made: true, ..Memory::default() };
    }
    let is_untouched = was_linked && tasks.iter().all(|task| task.verdict != Verdict::Write);
    let after = match record {
        Some(record) if is_untouched => record,
        _ => core.read(&id).await?.ok_or_else(again_gone)?.in_use(),
    };
    settle(core, &after, &mut memory, &mut tasks);
    let lines = fields.keys().map(|path| line(core, path, &tasks, &id)).collect();
    Ok(Delivery::Done { lines, memory })
}

/// What was written, as it was read back.
pub(crate) fn settle(core: &Core, after: &Record, memory: &mut Memory, tasks: &mut [Task<'_>]) {
    let values: Vec<_> = tasks.iter().map(|task| (task.field, task.value.clone())).collect();
    let wishes: Vec<Wish<'_>> = values.iter().map(|(field, value)| (*field, value)).collect();
    for task in tasks {
        task.settle(core, after, memory, &wishes);
    }
}

fn again_gone() -> Failure {
    Failure::Again { reason: Reason::Status(404), after: None }
}

/// What a path's places came to: the worst of them.
fn line(core: &Core, path: &str, tasks: &[Task<'_>], id: &str) -> Line {
    let named = core.named(id);
    let worst = tasks.iter().filter(|task| task.is_about(path)).map(|task| match &task.verdict {
        Verdict::Holds | Verdict::Write => (0, LineResult::Applied, named.clone()),
        Verdict::Said(result, sentence) => {
            let rank = if *result == LineResult::Conflict { 1 } else { 2 };
            (rank, result.clone(), format!("{named}: {sentence}"))
        }
    });
    let (_, result, detail) = worst
        .max_by_key(|(rank, _, _)| *rank)
        .unwrap_or_else(|| (2, LineResult::Refused, format!("{} has no place for it", core.system)));
    Line { path: path.to_owned(), result, detail: Some(detail) }
}

fn duplicate(
    core: &Core,
    customer: &Customer,
    fields: &Fields,
    records: &[String],
    sentence: &str,
) -> Delivery {
    // As many as fit into a detail.
    let names: Vec<String> = records.iter().take(8).map(|id| core.named(id)).collect();
    let detail =
        if names.is_empty() { sentence.to_owned() } else { format!("{sentence}: {}", names.join(", ")) };
    same_for_all(customer, fields, &LineResult::Duplicate, &detail)
}

fn same_for_all(customer: &Customer, fields: &Fields, result: &LineResult, detail: &str) -> Delivery {
    let line =
        |path: &String| Line { path: path.clone(), result: result.clone(), detail: Some(detail.to_owned()) };
    Delivery::Done { lines: fields.keys().map(line).collect(), memory: customer.memory.clone() }
}

/// There is no record and nothing to put into one.
fn nothing(core: &Core, customer: &Customer, fields: &Fields, all: &[crate::wanted::Wanted<'_>]) -> Delivery {
    let line = |path: &String| {
        let refused = all
            .iter()
            .filter(|wanted| wanted.field.paths.contains(path))
            .find_map(|wanted| wanted.value.as_ref().err().cloned());
        let is_mapped = core.mapping.of(path).next().is_some();
        let (result, detail) = match refused {
            Some(sentence) => (LineResult::Refused, sentence),
            None if is_mapped => (LineResult::Applied, "nothing is held".to_owned()),
            None => (LineResult::Refused, format!("{} has no place for it", core.system)),
        };
        Line { path: path.clone(), result, detail: Some(detail) }
    };
    Delivery::Done { lines: fields.keys().map(line).collect(), memory: customer.memory.clone() }
}
