//! `hub user` and `hub audit`.

use std::io::IsTerminal as _;

use freehold_api::hub::{AddUser, ChangeUserPassword, Journal, RemoveUser, Users};
use freehold_api::{ApiError, Client};
use freehold_hub::view::{JournalView, UserView};
use freehold_web::password;
use zeroize::Zeroizing;

use crate::Outcome;
use crate::cli::{UserCommand, UserPassword};
use crate::local;
use crate::output::{Out, cell, short, table};

pub(super) async fn user(client: &Client, command: UserCommand, out: &Out) -> Outcome {
    let users = match command {
        UserCommand::List => client.call(&Users {}).await?,
        UserCommand::Remove { name } => client.call(&RemoveUser { name }).await?,
        UserCommand::Add { name, role, password, no_password } => {
            let password = if no_password { None } else { Some(record(&password)?) };
            client.call(&AddUser { name, role, password }).await?
        }
        UserCommand::Password { name, password } => {
            let password = record(&password)?;
            client.call(&ChangeUserPassword { name, password }).await?
        }
    };
    out.show(&users, |users| {
        if users.is_empty() {
            return "nobody may sign in yet: `freehold hub user add NAME --role admin`".to_owned();
        }
        let by = |u: &UserView| if u.has_password { "password" } else { "identity provider" }.to_owned();
        let row = |u: &UserView| [u.name.clone(), u.role.name().to_owned(), by(u), u.since.clone()];
        table(["name", "role", "signs in by", "since"], users.iter().map(row).collect::<Vec<_>>())
    });
    Ok(())
}

/// What is kept of a password. It is stretched here: the password itself does not reach the hub.
fn record(given: &UserPassword) -> Result<String, ApiError> {
    let text = match &given.password_file {
        Some(file) => {
            let bytes = Zeroizing::new(local::read(file)?);
            let text = std::str::from_utf8(&bytes)
                .map_err(|_| ApiError::new("bad-value", "the password is not text: write it in UTF-8"))?;
            Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned())
        }
        None => asked()?,
    };
    password::record(&text).map_err(|error| ApiError::new("bad-value", error))
}

fn asked() -> Result<Zeroizing<String>, ApiError> {
    if !std::io::stdin().is_terminal() {
        let text = "no password: run it in a terminal, or name a file with --password-file FILE";
        return Err(ApiError::new("usage", text));
    }
    let ask = |prompt: &str| {
        let asked = rpassword::prompt_password(prompt).map(Zeroizing::new);
        asked.map_err(|error| ApiError::new("usage", format!("the password cannot be read ({error})")))
    };
    let first = ask(&format!("Password, {} characters or more: ", password::CHARS_MIN))?;
    if first != ask("The same again: ")? {
        return Err(ApiError::new("usage", "the two passwords differ: start again"));
    }
    Ok(first)
}

pub(super) async fn audit(client: &Client, before: Option<u64>, limit: usize, out: &Out) -> Outcome {
    let journal = client.call(&Journal { before, limit: Some(limit) }).await?;
    out.show(&journal, |journal| {
        let row = |e: &JournalView| {
            let customer = e.customer.as_deref().map(short);
            [
                e.n.to_string(),
                e.at.clone(),
                format!("{} ({})", e.who, e.by),
                e.what.clone(),
                cell(&customer),
                cell(&e.detail),
            ]
        };
        let entries = journal.entries.iter().map(row).collect::<Vec<_>>();
        let headings = ["n", "when", "who", "what", "customer", "more"];
        format!("{}\n\nthe chain of {} entries holds", table(headings, entries), journal.verified)
    });
    Ok(())
}
