//! `set`, `get`, `history`, `unset`.

use freehold_api::person::{Change, Erase, Get, History, Set};
use freehold_api::{ApiError, Client};
use freehold_person::view::{ChangeView, FieldView};

use crate::Outcome;
use crate::output::{Out, cell, short, table};

pub(super) async fn set(client: &Client, fields: Vec<(String, String)>, out: &Out) -> Outcome {
    let changes = fields.into_iter().map(|(path, value)| Change { path, value: Some(value) }).collect();
    let change = client.call(&Set { changes, source: None }).await?;
    out.show(&change, written);
    Ok(())
}

pub(super) async fn unset(client: &Client, paths: Vec<String>, erase: bool, out: &Out) -> Outcome {
    let change = if erase {
        client.call(&Erase { paths }).await?
    } else {
        let changes = paths.into_iter().map(|path| Change { path, value: None }).collect();
        client.call(&Set { changes, source: None }).await?
    };
    out.show(&change, written);
    Ok(())
}

pub(super) async fn get(
    client: &Client,
    path: Option<String>,
    prefix: Option<String>,
    verify: bool,
    out: &Out,
) -> Outcome {
    let single = path.is_some();
    let fields = client.call(&Get { path, prefix, verify }).await?;
    out.show(&fields, |fields| match fields.as_slice() {
        [] => "nothing is there yet: `freehold set PATH=VALUE`, or `freehold import FILE`".to_owned(),
        [field] if single && !verify => field.value.clone().unwrap_or_default(),
        fields => field_table(fields, verify),
    });
    verified(&fields)
}

pub(super) async fn history(client: &Client, path: String, out: &Out) -> Outcome {
    let versions = client.call(&History { path }).await?;
    out.show(&versions, |versions| {
        let rows = versions.iter().map(|v| {
            [v.version.to_string(), v.at.clone(), v.source.clone(), value(v), signature(v), short(&v.change)]
        });
        table(["version", "at", "source", "value", "signature", "change"], rows)
    });
    verified(&versions)
}

/// What a change wrote, and who gets it.
pub(super) fn written(change: &ChangeView) -> String {
    if change.change.is_empty() {
        return "nothing changed: the values were there already".to_owned();
    }
    let paths = change.paths.join(", ");
    match change.vendors {
        0 => format!("written: {paths}\nno vendor is to get it"),
        vendors => {
            let who = if vendors == 1 { "1 vendor".to_owned() } else { format!("{vendors} vendors") };
            format!("written: {paths}\n{who} to get it: freehold status --change {}", short(&change.change))
        }
    }
}

fn field_table(fields: &[FieldView], verify: bool) -> String {
    if verify {
        let rows =
            fields.iter().map(|f| [f.path.clone(), value(f), f.at.clone(), f.source.clone(), signature(f)]);
        return table(["field", "value", "since", "source", "signature"], rows);
    }
    let rows =
        fields.iter().map(|f| [f.path.clone(), value(f), cell(&f.label), f.at.clone(), f.source.clone()]);
    table(["field", "value", "label", "since", "source"], rows)
}

fn value(field: &FieldView) -> String {
    field.value.clone().unwrap_or_else(|| "(unset)".to_owned())
}

fn signature(field: &FieldView) -> String {
    match field.verified {
        Some(true) => "good",
        Some(false) => "BAD",
        None => "-",
    }
    .to_owned()
}

fn verified(fields: &[FieldView]) -> Outcome {
    let bad: Vec<String> =
        fields.iter().filter(|f| f.verified == Some(false)).map(|f| f.path.clone()).collect();
    if bad.is_empty() {
        return Ok(());
    }
    let text = format!("the signature of {} does not verify: restore the home from a backup", bad.join(", "));
    Err(ApiError::new("bad-signature", text).with_paths(bad))
}
