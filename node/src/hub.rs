//! The commands of a vendor.

use std::path::Path;

use freehold_api::hub::{Ask, AskCustomer, Asks, Customers, Read, Receipt, Stats};
use freehold_api::{ApiError, Client};
use freehold_hub::view::AskView;

use crate::Outcome;
use crate::cli::{CrmCommand, HubCommand};
use crate::home::Kind;
use crate::local;
use crate::message;
use crate::output::{Out, cell, short, table};
use crate::passphrase;

mod crm;
mod customers;
mod database;
mod events;
mod init;
mod invite;
mod replicas;
mod rotate;
mod run;
mod telemetry;
mod users;
mod value;

/// Runs one command on a hub's home.
/// `logs` is whether the command line says what to log: then the configuration does not.
pub(crate) async fn dispatch(dir: &Path, command: HubCommand, logs: bool, out: &Out) -> Outcome {
    match &command {
        HubCommand::Init(args) => return init::init(dir, args, out),
        HubCommand::Run(args) => return run::run(dir, args, logs, out).await,
        HubCommand::Passphrase(args) => return passphrase::change(dir, Kind::Hub, args, out),
        HubCommand::Crm { command: CrmCommand::Mapping { system } } => return crm::mapping(system, out),
        _ => {}
    }
    let client = local::client(dir, Kind::Hub).await?;
    match command {
        HubCommand::Ask { file, to, made } => ask(&client, file.as_deref(), &to, made, out).await,
        HubCommand::Asks => asks(&client, out).await,
        HubCommand::Invite(args) => invite::invite(&client, args, out).await,
        HubCommand::Customers { customer } => customers::customers(&client, customer, out).await,
        HubCommand::Receipt { customer, grant } => {
            let answer = client.call(&Receipt { customer, grant }).await?;
            out.raw(&format!("{}\n", answer.credential));
            Ok(())
        }
        HubCommand::Events { follow, after } => events::events(&client, follow, after, out).await,
        HubCommand::Read { customer, paths, purpose } => {
            read(&client, &Read { customer, paths, purpose }, out).await
        }
        HubCommand::Message { command } => message::of_hub(&client, command, out).await,
        HubCommand::DeadLetters { retry } => events::dead_letters(&client, retry, out).await,
        HubCommand::Replay { since, sink } => events::replay(&client, since, sink, out).await,
        HubCommand::Match { customer, dry_run } => crm::matched(&client, customer, dry_run, out).await,
        HubCommand::Crm { .. } => crm::check(&client, out).await,
        HubCommand::Rotate(args) => rotate::rotate(&client, args, out).await,
        HubCommand::Replicas { forget } => replicas::replicas(&client, forget, out).await,
        HubCommand::Did => replicas::document(&client, out).await,
        HubCommand::Drain => replicas::drain(dir, &client, out).await,
        HubCommand::Stats => stats(&client, out).await,
        HubCommand::Value => value::value(&client, out).await,
        HubCommand::Evidence { customer, output } => value::evidence(&client, customer, &output, out).await,
        HubCommand::User { command } => users::user(&client, command, out).await,
        HubCommand::Audit { before, limit } => users::audit(&client, before, limit, out).await,
        HubCommand::Reload => value::reload(&client, out).await,
        // These were taken before.
        HubCommand::Init(_) | HubCommand::Run(_) | HubCommand::Passphrase(_) => Ok(()),
    }
}

async fn ask(
    client: &Client,
    file: Option<&Path>,
    to: &[String],
    made: Option<String>,
    out: &Out,
) -> Outcome {
    // A mistyped customer is told before anything is made.
    for customer in to {
        client.call(&Customers { customer: Some(customer.clone()) }).await?;
    }
    let mut ask = match file {
        Some(file) => Some(make(client, file).await?),
        None => None,
    };
    let id = ask.as_ref().map(|ask| ask.id.clone()).or(made);
    for customer in to {
        ask = Some(client.call(&AskCustomer { customer: customer.clone(), ask: id.clone() }).await?);
    }
    let Some(ask) = ask else { return Ok(()) };
    out.show(&ask, |ask| {
        let next = match to {
            [] => "invite a customer with  freehold hub invite --customer REF".to_owned(),
            _ => format!("asked: {}", to.join(", ")),
        };
        format!("request {} asks for {}\n{next}", short(&ask.id), ask.fields.join(", "))
    });
    Ok(())
}

async fn make(client: &Client, file: &Path) -> Result<AskView, ApiError> {
    let toml = String::from_utf8(local::read(file)?).map_err(|_| {
        ApiError::new("bad-ask", format!("{} is not text: write it as TOML in UTF-8", file.display()))
    })?;
    client.call(&Ask { toml, file: Some(file.display().to_string()) }).await
}

async fn asks(client: &Client, out: &Out) -> Outcome {
    let asks = client.call(&Asks {}).await?;
    out.show(&asks, |asks| {
        if asks.is_empty() {
            return "there is no data request yet: `freehold hub ask FILE`".to_owned();
        }
        let row = |a: &AskView| [short(&a.id), a.title.clone(), a.fields.join(", "), a.created.clone()];
        table(["id", "title", "fields", "made"], asks.iter().map(row).collect::<Vec<_>>())
    });
    Ok(())
}

async fn read(client: &Client, call: &Read, out: &Out) -> Outcome {
    let answer = client.call(call).await?;
    out.show(&answer, |answer| {
        let rows = answer.fields.iter().map(|(path, value)| [path.clone(), cell(value)]);
        table(["field", "value"], rows)
    });
    Ok(())
}

async fn stats(client: &Client, out: &Out) -> Outcome {
    let stats = client.call(&Stats {}).await?;
    out.show(&stats, |s| {
        format!(
            "customers         {}\nconnected         {}\nupdates           {}\nupdates a second  {:.2}\n\
             events pending    {}\ndead letters      {}\nat an older key   {}",
            s.customers,
            s.connected,
            s.updates,
            s.updates_per_sec,
            s.events_pending,
            s.dead_letters,
            s.not_moved
        )
    });
    Ok(())
}
