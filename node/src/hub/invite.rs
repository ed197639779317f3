//! `hub invite`.

use freehold_api::Client;
use freehold_api::hub::Invite;

use crate::Outcome;
use crate::cli::Asking;
use crate::output::Out;

pub(super) async fn invite(client: &Client, args: Asking, out: &Out) -> Outcome {
    let call = Invite { customer: args.customer, ask: args.ask, days: Some(args.days) };
    let invitation = client.call(&call).await?;
    out.show(&invitation, |invitation| {
        // Only a terminal has eyes before it: a script gets the link alone.
        let code = match freehold_qr::terminal(&invitation.link) {
            Ok(code) if out.is_terminal() => format!("{code}\n\n"),
            _ => String::new(),
        };
        let whom = invitation.customer.as_ref().map_or("one person".to_owned(), |c| format!("customer {c}"));
        format!("{code}{}\n\nfor {whom}, once, until {}", invitation.link, invitation.expires)
    });
    Ok(())
}
