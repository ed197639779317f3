//! `grants`, `revoke` and `rotate`.

use freehold_api::Client;
use freehold_api::person::{Credential, Grant, Grants, Revoke, Rotate};
use freehold_person::view::{ErasureLineView, GrantView, RevocationView, RevokeView, RotateView};

use crate::Outcome;
use crate::cli::GrantsCommand;
use crate::output::{Out, cell, short, table};

pub(super) async fn grants(client: &Client, command: Option<GrantsCommand>, out: &Out) -> Outcome {
    match command {
        None => {
            let grants = client.call(&Grants {}).await?;
            out.show(&grants, |grants| list(grants));
        }
        Some(GrantsCommand::Show { id, overview: false }) if out.is_json() => {
            // The exact bytes: anyone's tool can verify them.
            let answer = client.call(&Credential { id }).await?;
            out.raw(&format!("{}\n", answer.credential));
        }
        Some(GrantsCommand::Show { id, .. }) => {
            let grant = client.call(&Grant { id }).await?;
            out.show(&grant, one);
        }
    }
    Ok(())
}

pub(super) async fn revoke(client: &Client, id: String, paths: Option<Vec<String>>, out: &Out) -> Outcome {
    let revoked = client.call(&Revoke { id, paths }).await?;
    out.show(&revoked, |RevokeView { grant, paths, .. }| {
        format!(
            "stopped: {}\nFrom now on not one further byte of it is sent. What was sent before cannot be unsent: the \
             vendor is told to erase it,\nand its signed answer will be in  freehold grants show {}",
            paths.join(", "),
            short(grant)
        )
    });
    Ok(())
}

pub(super) async fn rotate(client: &Client, relationship: Option<String>, out: &Out) -> Outcome {
    let rotated = client.call(&Rotate { relationship }).await?;
    out.show(&rotated, |rotated| {
        if rotated.is_empty() {
            return "there is no relationship to move".to_owned();
        }
        let row = |r: &RotateView| [r.vendor.clone(), r.before.clone(), r.after.clone()];
        let rows = table(["vendor", "you were", "you will be"], rotated.iter().map(row).collect::<Vec<_>>());
        format!("{rows}\n\nThe new key is used once the vendor has stored the statement; your grants stay as they are.")
    });
    Ok(())
}

fn list(grants: &[GrantView]) -> String {
    if grants.is_empty() {
        return "you have agreed to nothing yet: `freehold requests` shows what is asked".to_owned();
    }
    let row = |g: &GrantView| {
        [
            short(&g.id),
            g.vendor_name.clone(),
            g.status.clone(),
            g.paths.join(", "),
            cell(&g.until),
            g.given.clone(),
        ]
    };
    table(["id", "vendor", "status", "fields", "until", "given"], grants.iter().map(row).collect::<Vec<_>>())
}

fn one(grant: &GrantView) -> String {
    let mut parts = vec![format!(
        "Grant      {}\nVendor     {} ({})\nStatus     {}\nMode       {}\nGiven      {}\nTheir copy {}\nUntil      {}",
        grant.id,
        grant.vendor_name,
        grant.vendor,
        grant.status,
        grant.mode,
        grant.given,
        grant
            .countersigned
            .as_ref()
            .map_or("not countersigned yet".to_owned(), |at| format!("countersigned {at}")),
        grant.until.as_deref().unwrap_or("you stop it"),
    )];
    if !grant.paths.is_empty() {
        let purposes = |path: &String| grant.purposes.get(path).map(|p| p.join("; ")).unwrap_or_default();
        let rows = grant.paths.iter().map(|path| [path.clone(), purposes(path)]);
        parts.push(table(["field", "used for"], rows));
    }
    parts.extend(grant.revocations.iter().map(revocation));
    let id = short(&grant.id);
    parts.push(format!("The signed credential, for anyone's tool:  freehold grants show {id} --json"));
    parts.join("\n\n")
}

fn revocation(revocation: &RevocationView) -> String {
    let head = format!("Stopped {}: {}", revocation.at, revocation.paths.join(", "));
    let answer = match (&revocation.erasure, &revocation.erased_at) {
        (Some(lines), at) => {
            let row =
                |l: &ErasureLineView| [l.path.clone(), l.result.clone(), cell(&l.exception), cell(&l.until)];
            let rows =
                table(["field", "result", "exception", "until"], lines.iter().map(row).collect::<Vec<_>>());
            format!("The vendor signed an erasure receipt ({}):\n{rows}", cell(at))
        }
        (None, _) if !revocation.delivered => {
            "The vendor has not received it yet; your node keeps trying.".to_owned()
        }
        (None, _) => match revocation.silent_for_secs {
            Some(seconds) => format!("The vendor has it and has been silent for {}.", span(seconds)),
            None => "The vendor has it and has not answered yet.".to_owned(),
        },
    };
    format!("{head}\n{answer}")
}

/// Seconds in the largest whole unit.
fn span(seconds: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(86_400, "day"), (3_600, "hour"), (60, "minute")];
    let (count, unit) = UNITS
        .iter()
        .find(|(size, _)| seconds >= *size)
        .map_or((seconds, "second"), |(size, unit)| (seconds / size, *unit));
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silent_vendor_is_shown_as_silent() {
        let silent =
            RevocationView { delivered: true, silent_for_secs: Some(7_300), ..RevocationView::default() };
        assert!(revocation(&silent).contains("silent for 2 hours"));
        assert!(revocation(&RevocationView::default()).contains("not received"));
        assert_eq!(span(60), "1 minute");
    }
}
