//! An erasure: end the record or empty its places, read it back, and say the truth about what is left.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::adapter::{Ended, Failure, Record};
use crate::commit::{self, Link};
use crate::core::Core;
use crate::customer::{Customer, Memory};
use crate::delivery::{Delivery, Line, LineResult};
use crate::mapping::Way;
use crate::matching::{self, Match};
use crate::reason::Reason;
use crate::task::{self, Task, Verdict};
use crate::update::settle;
use crate::wanted::{Wanted, wanted};

pub(crate) async fn erase(
    core: &Core,
    customer: &Customer,
    paths: &BTreeSet<String>,
    last: bool,
) -> Result<Delivery, Failure> {
    let missing = core.missing().await?;
    let Some(mut record) = record(core, customer).await? else {
        return Ok(all_erased(paths, "there is no record of this customer"));
    };
    let id = record.id.clone();
    let is_known = customer.memory.record() == Some(id.as_str());
    let mut memory = customer.memory.of(&id);
    let all = what(core, customer, paths, last, &memory).await?;
    let is_there = |wanted: &Wanted<'_>| !missing.contains(&wanted.field.place);
    let all: Vec<Wanted<'_>> = all.into_iter().filter(is_there).collect();
    let mut tasks = task::for_erase(core, missing, &record, &memory, is_known, all);
    let keeps = tasks.iter().any(|task| matches!(task.verdict, Verdict::Said(LineResult::Kept { .. }, _)));
    let way = match (last, memory.made, &core.mapping.end) {
        (false, _, _) => Way::Clear,
        (true, true, end) => end.made,
        (true, false, end) => end.linked,
    };
    let mut archived = None;
    if way != Way::Clear && !keeps {
        match core.adapter.end(&id, way).await? {
            Ended::Erased => return Ok(all_erased(paths, &format!("{} was erased", core.named(&id)))),
            Ended::Archived(sentence) => archived = Some(sentence),
            Ended::Untouched(sentence) => tracing::debug!(sentence, "a record stays in use"),
        }
        record = match core.read(&id).await? {
            Some(record) => record,
            // Out of reach: what the system says of it is the truth about it.
            None => {
                let what = archived.as_deref().unwrap_or("was erased");
                return Ok(all_erased(paths, &format!("{}: {what}", core.named(&id))));
            }
        };
    }
    let written = commit::write(core, customer, Some(&record), &mut tasks, Link::Keep).await?;
    if let Err(refusal) = written {
        tracing::debug!(?refusal, "places could not be emptied");
    }
    let after = core.read(&id).await?.unwrap_or_default();
    settle(core, &after, &mut memory, &mut tasks);
    let mut lines = Vec::with_capacity(paths.len());
    for path in paths {
        lines.push(line(core, path, &tasks, &id, archived.as_deref())?);
    }
    if !last {
        return Ok(Delivery::Done { lines, memory });
    }
    // Last of all: until then the record is found again.
    match commit::write(core, customer, Some(&after), &mut [], Link::Drop).await? {
        Ok(_) => Ok(Delivery::Done { lines, memory: Memory::default() }),
        Err(_) => Err(not_erased(&core.mapping.record.did.to_string())),
    }
}

/// The customer's record: by the DID, or, if that was taken away from it, the one that was written last time.
async fn record(core: &Core, customer: &Customer) -> Result<Option<Record>, Failure> {
    let by_did = Customer { reference: None, ..customer.clone() };
    match matching::find(core, &by_did).await? {
        Match::Linked(record) | Match::ByNumber(record) => Ok(Some(record)),
        Match::Unclear { .. } => Err(Failure::Refused { reason: Reason::Ambiguous }),
        Match::Nobody => match customer.memory.record() {
            Some(id) => Ok(core.read(id).await?.filter(|record| !matching::is_somebodys(core, record))),
            None => Ok(None),
        },
    }
}

/// What should stand at the places of the paths afterwards: what is left of joined ones, else nothing.
async fn what<'m>(
    core: &'m Core,
    customer: &Customer,
    paths: &BTreeSet<String>,
    last: bool,
    memory: &Memory,
) -> Result<Vec<Wanted<'m>>, Failure> {
    let left =
        |path: &str| if last || paths.contains(path) { None } else { customer.held.get(path).cloned() };
    let written =
        core.mapping.fields.iter().filter(|field| memory.wrote.contains_key(&field.place.to_string()));
    let written = written.filter(|_| last).flat_map(|field| &field.paths);
    let paths: BTreeSet<&str> = paths.iter().chain(written).map(String::as_str).collect();
    let paths: Vec<&str> = paths.into_iter().collect();
    let mut all = wanted(core, &paths, &left).await?;
    for wanted in &mut all {
        if wanted.value.is_err() {
            wanted.value = Ok(wanted.field.cleared.as_deref().map_or(Value::Null, Value::from));
        }
    }
    Ok(all)
}

fn all_erased(paths: &BTreeSet<String>, detail: &str) -> Delivery {
    let line = |path: &String| Line {
        path: path.clone(),
        result: LineResult::Erased,
        detail: Some(detail.to_owned()),
    };
    Delivery::Done { lines: paths.iter().map(line).collect(), memory: Memory::default() }
}

/// What a path's places came to: the first that is not erased, else erased.
fn line(
    core: &Core,
    path: &str,
    tasks: &[Task<'_>],
    id: &str,
    archived: Option<&str>,
) -> Result<Line, Failure> {
    let named = core.named(id);
    let mut erased = None;
    for task in tasks.iter().filter(|task| task.is_about(path)) {
        let exception = match &task.verdict {
            Verdict::Holds | Verdict::Write => {
                erased.get_or_insert_with(|| named.clone());
                continue;
            }
            Verdict::Said(LineResult::Erased, sentence) => {
                erased = Some(format!("{named}: {sentence}"));
                continue;
            }
            Verdict::Said(LineResult::Kept { exception }, _) => exception.clone(),
            Verdict::Said(..) => {
                let exception = core.mapping.end.exception.clone();
                exception.ok_or_else(|| not_erased(&task.field.place.to_string()))?
            }
        };
        let (result, detail) = match archived {
            Some(sentence) => (LineResult::Restricted { exception }, format!("{named}: {sentence}")),
            None => (LineResult::Kept { exception }, named),
        };
        return Ok(Line { path: path.to_owned(), result, detail: Some(detail) });
    }
    let detail = erased.unwrap_or_else(|| format!("{} has no place for it", core.system));
    Ok(Line { path: path.to_owned(), result: LineResult::Erased, detail: Some(detail) })
}

fn not_erased(place: &str) -> Failure {
    Failure::Refused { reason: Reason::NotErased { place: place.to_owned() } }
}
