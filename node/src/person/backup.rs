//! `backup` and `backup verify`.

use std::path::Path;

use freehold_api::{ApiError, Client, person::BackUp};
use freehold_backup::{ChainReport, Opener, verify};
use freehold_person::view::BackupView;
use serde_json::json;

use crate::Outcome;
use crate::cli;
use crate::home::{self, Kind};
use crate::output::{Out, table};
use crate::{local, passphrase, words};

pub(super) async fn backup(home: &Path, args: cli::Backup, out: &Out) -> Outcome {
    match (args.command, args.dir) {
        (Some(cli::BackupCommand::Verify(args)), _) => verified(home, &args, out),
        (None, Some(dir)) => {
            let client = local::client(home, Kind::Person).await?;
            made(&client, &dir, args.recipient, args.full, out).await
        }
        (None, None) => Err(ApiError::new("usage", "name the folder of the backup: freehold backup DIR")),
    }
}

async fn made(client: &Client, dir: &Path, recipients: Vec<String>, full: bool, out: &Out) -> Outcome {
    // The node has another working folder.
    let dir = std::path::absolute(dir).map_err(|error| home::io_error(dir, &error))?;
    let dir =
        dir.to_str().ok_or_else(|| ApiError::new("usage", "the folder's name is no UTF-8: rename it"))?;
    let made = client.call(&BackUp { dir: dir.to_owned(), recipients, full }).await?;
    out.show(&made, text);
    if !made.others.is_empty() && made.number == 0 {
        out.note(format!(
            "A new chain has begun. The older ones stay, with what they hold, also of what you erased since: {}",
            made.others.iter().map(|chain| format!("freehold-{chain}-*")).collect::<Vec<_>>().join(" ")
        ));
    }
    Ok(())
}

fn text(made: &BackupView) -> String {
    let Some(file) = &made.file else {
        return format!("nothing has changed since the last backup: point {} is up to date", made.number);
    };
    let what = if made.number == 0 { "everything" } else { "what changed" };
    let who = match made.recipients.as_slice() {
        [] => "your 24 words open it".to_owned(),
        recipients => format!("your 24 words open it, and the identities of {}", recipients.join(", ")),
    };
    format!(
        "{file}\n{what}: {} records written, {} gone, {} in all, {} bytes; {who}",
        made.written, made.deleted, made.records, made.bytes
    )
}

fn verified(home: &Path, args: &cli::VerifyBackup, out: &Out) -> Outcome {
    let opener = match &args.passphrase_file {
        Some(file) => {
            home::check(home, Kind::Person)?;
            let given = cli::Passphrase { passphrase_file: Some(file.clone()) };
            Opener::words(home::open_seed(home, &passphrase::existing(&given)?, out)?)
        }
        None => words::opener(&args.opening)?,
    };
    let chains = verify(&args.dir, &opener).map_err(error)?;
    if out.is_json() {
        out.json_line(&chains.iter().map(chain).collect::<Vec<_>>());
        return Ok(());
    }
    let rows = chains.iter().flat_map(|it| {
        it.points.iter().map(|point| {
            [
                it.chain.to_string(),
                point.number.to_string(),
                point.made.to_string(),
                point.written.to_string(),
                point.records.to_string(),
                point.bytes.to_string(),
            ]
        })
    });
    out.line(table(["chain", "point", "made", "written", "records in all", "bytes"], rows));
    out.line("\nEvery file is there, opens, and is the one that was written.");
    Ok(())
}

pub(super) fn chain(report: &ChainReport) -> serde_json::Value {
    let points = report.points.iter().map(|point| {
        json!({
            "number": point.number,
            "made": point.made.to_string(),
            "written": point.written,
            "deleted": point.deleted,
            "records": point.records,
            "bytes": point.bytes,
        })
    });
    json!({ "chain": report.chain.to_string(), "points": points.collect::<Vec<_>>() })
}

pub(super) fn error(error: freehold_backup::BackupError) -> ApiError {
    ApiError::new(error.code(), error)
}
