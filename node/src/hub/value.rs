//! `hub value`, `hub evidence` and `hub reload`.

use std::path::Path;

use freehold_api::hub::{Evidence, Reload, Value};
use freehold_api::{ApiError, Client};
use freehold_hub::view::FigureView;
use serde_json::json;

use crate::Outcome;
use crate::output::{Out, table};

pub(super) async fn value(client: &Client, out: &Out) -> Outcome {
    let figures = client.call(&Value {}).await?;
    out.show(&figures, |figures| {
        let row = |f: &FigureView| {
            [f.name.clone(), f.amount.clone(), f.how.clone(), f.note.clone(), f.receipts.join(", ")]
        };
        table(["figure", "amount", "", "how", "counted from"], figures.iter().map(row).collect::<Vec<_>>())
    });
    Ok(())
}

pub(super) async fn evidence(client: &Client, customer: String, file: &Path, out: &Out) -> Outcome {
    let answer = client.call(&Evidence { customer }).await?;
    std::fs::write(file, &answer.archive).map_err(|error| {
        ApiError::new("usage", format!("{} cannot be written ({error}): choose another file", file.display()))
    })?;
    out.show(&json!({ "event": "evidence", "file": file, "bytes": answer.archive.len() }), |_| {
        format!("{0} is written; anyone can check it offline: `freehold evidence verify {0}`", file.display())
    });
    Ok(())
}

pub(super) async fn reload(client: &Client, out: &Out) -> Outcome {
    let reloaded = client.call(&Reload {}).await?;
    out.show(&reloaded, |reloaded| {
        let list = |settings: &[String]| match settings {
            [] => "nothing".to_owned(),
            some => some.join(", "),
        };
        format!(
            "changed                   {}\nchanges at the next start {}",
            list(&reloaded.changed),
            list(&reloaded.at_next_start)
        )
    });
    Ok(())
}
