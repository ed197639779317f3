//! `connect`, `requests`, `approve`, `decline`.

use std::io::{IsTerminal, Write};
use std::path::Path;

use freehold_api::person::{Approve, Change, Connect, Decline, Request, Requests, Set};
use freehold_api::{ApiError, Client};
use freehold_person::view::{ConnectView, GrantView, RequestView};
use freehold_protocol::invitation::Invitation;
use freehold_qr::IMAGE_BYTES_MAX;

use crate::Outcome;
use crate::local;
use crate::output::{Out, cell, short, table};

/// Follows a link, or the one in a picture.
pub(super) async fn connect(client: &Client, link: Option<String>, qr: Option<&Path>, out: &Out) -> Outcome {
    let link = match qr {
        Some(file) => pictured(&local::read_up_to(file, IMAGE_BYTES_MAX)?)?,
        None => link.unwrap_or_default(),
    };
    out.note("connecting…");
    let connected = client.call(&Connect { link }).await?;
    out.show(&connected, |ConnectView { request, vendor, did, transport, .. }| {
        let asked = match request {
            Some(request) => asked(request),
            None => "What it asks for has not arrived yet: see `freehold requests`.".to_owned(),
        };
        let met = match transport {
            Some(transport) => format!("Connected over {transport} to {vendor}"),
            None => format!("Reached {vendor}, and lost it again: your node keeps trying,"),
        };
        format!("{met}\nwhere you are {did}, and nowhere else.\n\n{asked}")
    });
    Ok(())
}

pub(super) async fn requests(client: &Client, id: Option<String>, out: &Out) -> Outcome {
    if let Some(id) = id {
        let request = client.call(&Request { id }).await?;
        out.show(&request, asked);
        return Ok(());
    }
    let requests = client.call(&Requests {}).await?;
    out.show(&requests, |requests| {
        if requests.is_empty() {
            return "no vendor asks for anything: follow a vendor's link with `freehold connect LINK`"
                .to_owned();
        }
        let row = |r: &RequestView| {
            [short(&r.id), r.vendor_name.clone(), r.title.clone(), r.state.clone(), r.received.clone()]
        };
        table(["id", "vendor", "title", "state", "received"], requests.iter().map(row).collect::<Vec<_>>())
    });
    Ok(())
}

pub(super) async fn approve(
    client: &Client,
    id: &str,
    only: Option<Vec<String>>,
    until: Option<String>,
    out: &Out,
) -> Outcome {
    let only = only.map(|paths| paths.into_iter().filter(|path| !path.is_empty()).collect());
    let call = Approve { id: id.to_owned(), only, until };
    let grant = match client.call(&call).await {
        Err(error) if error.code == "missing-fields" && !error.paths.is_empty() => {
            if out.is_json() || !std::io::stdin().is_terminal() {
                return Err(missing(error));
            }
            fill(client, &error.paths, out).await?;
            client.call(&call).await?
        }
        other => other?,
    };
    out.show(&grant, given);
    Ok(())
}

pub(super) async fn decline(client: &Client, id: String, reason: Option<String>, out: &Out) -> Outcome {
    let request = client.call(&Decline { id, reason }).await?;
    out.show(&request, |r| format!("declined: {} gets nothing, and is told so", r.vendor_name));
    Ok(())
}

/// The one invitation among the codes of a picture.
fn pictured(image: &[u8]) -> Result<String, ApiError> {
    let refused = |text: &str| ApiError::new("invitation", text);
    let codes = freehold_qr::read(image).map_err(|error| ApiError::new("invitation", error))?;
    let mut links = codes.into_iter().filter(|code| Invitation::parse(code).is_ok());
    match (links.next(), links.next()) {
        (Some(link), None) => Ok(link),
        (None, _) => Err(refused("the QR code in the picture is no invitation: ask the vendor for another")),
        (Some(_), Some(_)) => {
            Err(refused("the picture shows several invitations: take one with a single QR code"))
        }
    }
}

/// Asks at the terminal for the values that the vault lacks.
async fn fill(client: &Client, paths: &[String], out: &Out) -> Outcome {
    out.note("The vendor requires fields that you have not set yet.");
    let mut changes = Vec::new();
    for path in paths {
        let _ = write!(std::io::stderr(), "{path}: ");
        let mut value = String::new();
        std::io::stdin()
            .read_line(&mut value)
            .map_err(|error| ApiError::new("usage", format!("the terminal cannot be read ({error})")))?;
        let value = value.trim();
        if value.is_empty() {
            return Err(missing(ApiError::new("missing-fields", "").with_paths(paths.to_vec())));
        }
        changes.push(Change { path: path.clone(), value: Some(value.to_owned()) });
    }
    client.call(&Set { changes, source: Some("cli".to_owned()) }).await.map(drop)
}

/// The error with the exact line that helps.
fn missing(error: ApiError) -> ApiError {
    let line: Vec<String> = error.paths.iter().map(|path| format!("{path}=…")).collect();
    let message = format!(
        "the vendor requires fields that you have not set: `freehold set {}`, then approve again",
        line.join(" ")
    );
    ApiError { message, ..error }
}

/// A request as a person reads it.
fn asked(request: &RequestView) -> String {
    let row = |f: &freehold_person::view::AskedFieldView| {
        let need = if f.required { "required" } else { "optional" };
        let have = if f.present { "yes" } else { "not set" };
        [f.path.clone(), need.to_owned(), have.to_owned(), f.reason.clone(), f.purposes.join("; ")]
    };
    let fields = table(
        ["field", "", "you have it", "their reason", "used for"],
        request.fields.iter().map(row).collect::<Vec<_>>(),
    );
    let how = match request.mode.as_str() {
        "once" => "once: they get the values as they are now",
        _ => "continuously: they get each change until you stop it",
    };
    let kept = match request.retention_after.as_str() {
        "" => format!("{} (as they say)", duration(&request.retention)),
        after => format!("{} after {after} (as they say)", duration(&request.retention)),
    };
    let recipients = match request.recipients.as_slice() {
        [] => "nobody else".to_owned(),
        names => names.join(", "),
    };
    let mut text = format!(
        "{} asks: {}\n\n{fields}\n\nHow        {how}\nKept       {kept}\nPassed to  {recipients}\nLegally    {}\n\
         Privacy    {}\nSigned by  {}\n",
        request.vendor_name,
        request.title,
        request.legal_basis,
        cell(&request.policy),
        request.vendor,
    );
    let id = short(&request.id);
    text.push_str(&match request.state.as_str() {
        "open" => format!(
            "\nAgree with    freehold approve {id}    (--only PATHS for some of the optional fields)\n\
             Say no with   freehold decline {id}"
        ),
        state => format!("\nThis request is {state}."),
    });
    text
}

fn given(grant: &GrantView) -> String {
    let until = grant.until.as_ref().map(|until| format!(" until {until}")).unwrap_or_default();
    let (who, paths, id) = (&grant.vendor_name, grant.paths.join(", "), short(&grant.id));
    format!(
        "{who} gets {paths}{until}\nsee it with   freehold grants show {id}\nstop it with  freehold revoke {id}"
    )
}

/// An ISO 8601 duration of one unit in words; any other as it is.
fn duration(text: &str) -> String {
    let number = text.strip_prefix('P').and_then(|rest| rest.get(..rest.len().checked_sub(1)?));
    let unit = match text.chars().last() {
        Some('Y') => "year",
        Some('M') => "month",
        Some('W') => "week",
        Some('D') => "day",
        _ => return text.to_owned(),
    };
    match number.and_then(|number| number.parse::<u32>().ok()) {
        Some(1) => format!("1 {unit}"),
        Some(number) => format!("{number} {unit}s"),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_said_in_words() {
        assert_eq!(duration("P2Y"), "2 years");
        assert_eq!(duration("P1M"), "1 month");
        assert_eq!(duration("P1Y6M"), "P1Y6M");
        assert_eq!(duration("PT1M"), "PT1M");
        assert_eq!(duration(""), "");
    }

    #[test]
    fn the_invitation_in_a_picture_is_followed() {
        let link = pictured(include_bytes!("invitation.png")).expect("an invitation");
        assert!(Invitation::parse(&link).is_ok_and(|invitation| invitation.addresses.len() == 8));
    }

    #[test]
    fn a_picture_without_an_invitation_is_refused() {
        let error = pictured(b"no picture").expect_err("no picture");
        assert_eq!(error.code, "invitation");
        assert!(error.message.contains("PNG or JPEG"), "{error}");
    }

    #[test]
    fn missing_fields_name_the_line_to_type() {
        let error = missing(ApiError::new("missing-fields", "").with_paths(vec!["a.b".into(), "c.d".into()]));
        assert_eq!(error.exit, 16);
        assert!(error.message.contains("`freehold set a.b=… c.d=…`"), "{error}");
    }
}
