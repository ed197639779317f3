//! The commands of a person.

use std::path::Path;

use crate::Outcome;
use crate::cli::Command;
use crate::home::Kind;
use crate::local;
use crate::message;
use crate::output::Out;
use crate::passphrase;

mod address_book;
mod agreements;
mod audit;
mod backup;
mod cards;
mod keeper;
mod requests;
mod restore;
mod resume;
mod run;
mod status;
mod token;
mod values;

/// Runs one command on a home.
pub(crate) async fn dispatch(dir: &Path, command: Command, out: &Out) -> Outcome {
    match command {
        Command::Run(args) => return run::run(dir, &args, out).await,
        Command::Words(args) => return run::words(dir, &args, out),
        Command::Passphrase(args) => return passphrase::change(dir, Kind::Person, &args, out),
        Command::Backup(args) => return backup::backup(dir, args, out).await,
        Command::Restore(args) => return restore::restore(dir, &args, out),
        _ => {}
    }
    let client = local::client(dir, Kind::Person).await?;
    match command {
        Command::Set { fields } => values::set(&client, fields, out).await,
        Command::Get { path, prefix, verify } => values::get(&client, path, prefix, verify, out).await,
        Command::History { path } => values::history(&client, path, out).await,
        Command::Unset { paths, erase } => values::unset(&client, paths, erase, out).await,
        Command::Import(args) => cards::import(&client, args, out).await,
        Command::Export { format } => cards::export(&client, format, out).await,
        Command::Connect { link, qr } => requests::connect(&client, link, qr.as_deref(), out).await,
        Command::Requests { id } => requests::requests(&client, id, out).await,
        Command::Approve { id, only, until } => requests::approve(&client, &id, only, until, out).await,
        Command::Decline { id, reason } => requests::decline(&client, id, reason, out).await,
        Command::Grants { command } => agreements::grants(&client, command, out).await,
        Command::Revoke { grant, paths } => agreements::revoke(&client, grant, paths, out).await,
        Command::Status { change } => status::status(&client, change, out).await,
        Command::Resume { vendor: None, all: false } => resume::held_back(&client, out).await,
        Command::Resume { vendor, .. } => resume::resume(&client, vendor, out).await,
        Command::Rotate { vendor, .. } => agreements::rotate(&client, vendor, out).await,
        Command::Message { command } => message::of_person(&client, command, out).await,
        Command::SignIn => run::sign_in(&client, None, out).await,
        Command::Open { link } => run::sign_in(&client, Some(&link), out).await,
        Command::Token { command } => token::token(&client, command, out).await,
        Command::Kept { forget } => audit::kept(&client, forget, out).await,
        Command::Audit { command, limit } => audit::audit(&client, command, limit, out).await,
        // These were taken before.
        Command::Run(_)
        | Command::Words(_)
        | Command::Passphrase(_)
        | Command::Backup(_)
        | Command::Restore(_)
        | Command::Hub { .. }
        | Command::Conformance(_)
        | Command::Evidence { .. }
        | Command::Demo
        | Command::Completions { .. }
        | Command::Man { .. } => Ok(()),
    }
}
