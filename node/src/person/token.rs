//! `token`.

use freehold_api::Client;
use freehold_api::person::{TokenCreate, TokenRemove, Tokens};
use freehold_person::view::TokenView;

use crate::Outcome;
use crate::cli::TokenCommand;
use crate::output::{Out, cell, table};

pub(super) async fn token(client: &Client, command: TokenCommand, out: &Out) -> Outcome {
    match command {
        TokenCommand::Create { name, scope, until } => {
            let made = client.call(&TokenCreate { name, scopes: scope, until }).await?;
            out.show(&made, |made| {
                format!(
                    "{}\n\nThis is shown once, and kept nowhere. Whoever has it may do what it allows:\n\
                     curl -H \"Authorization: Bearer $TOKEN\" http://…/api/v1/info",
                    made.token
                )
            });
        }
        TokenCommand::List => {
            let tokens = client.call(&Tokens {}).await?;
            out.show(&tokens, |tokens| list(tokens));
        }
        TokenCommand::Remove { name } => {
            let tokens = client.call(&TokenRemove { name }).await?;
            out.show(&tokens, |tokens| list(tokens));
        }
    }
    Ok(())
}

fn list(tokens: &[TokenView]) -> String {
    if tokens.is_empty() {
        return "there is no token: make one with `freehold token create NAME --scope read`".to_owned();
    }
    let row = |t: &TokenView| [t.name.clone(), t.scopes.join(", "), t.added.clone(), cell(&t.until)];
    table(["name", "scopes", "added", "until"], tokens.iter().map(row).collect::<Vec<_>>())
}
