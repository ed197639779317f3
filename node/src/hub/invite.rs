//! `hub invite`.

use freehold_api::Client;
use freehold_api::hub::Invite;
use qrcode::render::unicode::Dense1x2;
use qrcode::{EcLevel, QrCode};

use crate::Outcome;
use crate::cli::Asking;
use crate::output::Out;

pub(super) async fn invite(client: &Client, args: Asking, out: &Out) -> Outcome {
    let call = Invite { customer: args.customer, ask: args.ask, days: Some(args.days) };
    let invitation = client.call(&call).await?;
    out.show(&invitation, |invitation| {
        // Only a terminal has eyes before it: a script gets the link alone.
        let code = if out.is_terminal() { qr(&invitation.link) } else { String::new() };
        let whom = invitation.customer.as_ref().map_or("one person".to_owned(), |c| format!("customer {c}"));
        format!("{code}{}\n\nfor {whom}, once, until {}", invitation.link, invitation.expires)
    });
    Ok(())
}

/// The link as a QR code of half blocks; nothing if it does not fit into one.
fn qr(link: &str) -> String {
    let Ok(code) = QrCode::with_error_correction_level(link, EcLevel::L) else { return String::new() };
    format!("{}\n\n", code.render::<Dense1x2>().quiet_zone(true).build())
}

#[cfg(test)]
mod tests {
    use super::qr;

    #[test]
    fn a_link_of_any_allowed_length_is_shown() {
        assert!(qr("freehold:connect:uabc").lines().count() > 10);
        assert!(qr(&"x".repeat(5_000)).is_empty());
    }
}
