//! What a delivery would do: the same finding and comparing, and no writing.

use crate::adapter::Failure;
use crate::connector::Preview;
use crate::core::Core;
use crate::customer::Customer;
use crate::delivery::LineResult;
use crate::matching::{self, Match};
use crate::task::{self, Task, Verdict};
use crate::update::Fields;
use crate::wanted::{after_update, wanted};

pub(crate) async fn preview(core: &Core, customer: &Customer, fields: &Fields) -> Result<Preview, Failure> {
    let missing = core.missing().await?;
    let now = after_update(customer, fields);
    let paths: Vec<&str> = fields.keys().map(String::as_str).collect();
    let all = wanted(core, &paths, &now).await?;
    let found = matching::find(core, customer).await?;
    let record = match &found {
        Match::Linked(record) | Match::ByNumber(record) => Some(record.clone().in_use()),
        Match::Nobody => None,
        Match::Unclear { records, sentence } => {
            return Ok(Preview::Duplicates { records: records.clone(), sentence: sentence.clone() });
        }
    };
    if record.is_none() {
        if !core.mapping.record.make {
            return Ok(Preview::NoRecord);
        }
        let records = matching::possible_duplicates(core, &all).await?;
        if !records.is_empty() {
            let sentence = "they hold the same address or number".to_owned();
            return Ok(Preview::Duplicates { records, sentence });
        }
    }
    let memory = record.as_ref().map(|record| customer.memory.of(&record.id)).unwrap_or_default();
    let tasks = task::for_update(core, missing, record.as_ref(), &memory, all);
    let about = |is: &dyn Fn(&Task<'_>) -> bool| -> Vec<String> {
        fields
            .keys()
            .filter(|path| tasks.iter().any(|task| task.is_about(path) && is(task)))
            .cloned()
            .collect()
    };
    let differ = about(&|task| task.verdict == Verdict::Write);
    let conflicts = about(&|task| matches!(task.verdict, Verdict::Said(LineResult::Conflict, _)));
    let has_place = |path: &&String| {
        !tasks.iter().any(|task| task.is_about(path) && !missing.contains(&task.field.place))
    };
    let unmapped = fields.keys().filter(has_place).cloned().collect();
    Ok(match found {
        Match::Linked(record) => Preview::Linked { record: record.id, differ, conflicts, unmapped },
        Match::ByNumber(record) => Preview::Update { record: record.id, differ, conflicts, unmapped },
        _ => Preview::Create { paths: differ, unmapped },
    })
}
