//! `resume`: what is held back since a restore, and the person's word to go on.

use freehold_api::Client;
use freehold_api::person::{HeldBack, Resume};
use freehold_person::view::{HeldGrantView, ResumeView};

use crate::Outcome;
use crate::output::{Out, short, table};

pub(super) async fn held_back(client: &Client, out: &Out) -> Outcome {
    let held = client.call(&HeldBack {}).await?;
    out.show(&held, |held| {
        if held.is_empty() {
            return "nothing is held back".to_owned();
        }
        format!(
            "{}\n\nNothing of these is released. What you revoked after the backup, and a vendor that lies may not tell: \
             revoke it again before you go on\nwith  freehold resume VENDOR  or  freehold resume --all",
            rows(held)
        )
    });
    Ok(())
}

pub(super) async fn resume(client: &Client, relationship: Option<String>, out: &Out) -> Outcome {
    let resumed = client.call(&Resume { relationship }).await?;
    out.show(&resumed, |resumed| {
        let line = |view: &ResumeView| {
            let vendor = name(view);
            match view.state.as_str() {
                "ready" => {
                    format!("{vendor}: goes on, with your next key; another copy of this home does not")
                }
                "suspected" => {
                    format!("{vendor}: is asked what it holds; see `freehold resume`, then say it again")
                }
                _ => format!("{vendor}: has not told yet what it holds; it stays held back"),
            }
        };
        if resumed.is_empty() {
            return "nothing is held back".to_owned();
        }
        resumed.iter().map(line).collect::<Vec<_>>().join("\n")
    });
    Ok(())
}

fn rows(held: &[ResumeView]) -> String {
    let row = |view: &ResumeView| {
        let missed = match view.missed {
            None => "-".to_owned(),
            Some(missed) => missed.to_string(),
        };
        let grants = view.grants.iter().map(grant).collect::<Vec<_>>().join("; ");
        [name(view), view.state.clone(), missed, grants]
    };
    table(["vendor", "state", "messages it has of later", "grants"], held.iter().map(row).collect::<Vec<_>>())
}

fn name(view: &ResumeView) -> String {
    if view.vendor_name.is_empty() { view.vendor.clone() } else { view.vendor_name.clone() }
}

fn grant(grant: &HeldGrantView) -> String {
    let held = match grant.vendor_holds {
        Some(true) | None => "",
        Some(false) => " (the vendor has not said that it holds it)",
    };
    format!("{} {}{held}", short(&grant.id), grant.paths.join(", "))
}
