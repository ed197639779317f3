//! `status`.

use freehold_api::Client;
use freehold_api::person::Status;
use freehold_person::view::{ChangeSummaryView, LineView, StatusView, VendorStatusView};

use crate::Outcome;
use crate::output::{Out, cell, short, table};

pub(super) async fn status(client: &Client, change: Option<String>, out: &Out) -> Outcome {
    let status = client.call(&Status { change }).await?;
    out.show(&status, text);
    Ok(())
}

fn text(status: &StatusView) -> String {
    let mut parts: Vec<String> = status.vendors.iter().map(vendor).collect();
    if let Some(change) = &status.change {
        let head = match status.vendors.len() {
            0 => "no vendor is to get it".to_owned(),
            1 => "1 vendor".to_owned(),
            vendors => format!("{vendors} vendors"),
        };
        parts.insert(0, format!("Change {}: {head}", short(change)));
    } else if status.vendors.is_empty() {
        parts.push("no vendor yet: follow a vendor's link with `freehold connect LINK`".to_owned());
    }
    if !status.changes.is_empty() {
        let row =
            |c: &ChangeSummaryView| [short(&c.change), c.at.clone(), c.source.clone(), c.paths.join(", ")];
        parts.push(table(
            ["change", "at", "source", "fields"],
            status.changes.iter().map(row).collect::<Vec<_>>(),
        ));
    }
    parts.join("\n\n")
}

fn vendor(vendor: &VendorStatusView) -> String {
    let mut head =
        if vendor.vendor_name.is_empty() { vendor.vendor.clone() } else { vendor.vendor_name.clone() };
    head.push_str(match vendor.connected {
        true => ": connected",
        false => ": not connected",
    });
    if !vendor.connected {
        if let Some(last) = &vendor.last_connected {
            head.push_str(&format!(", last {last}"));
        }
        if let Some(error) = &vendor.last_error {
            head.push_str(&format!("\n  {error}"));
        }
    }
    if vendor.held_back {
        head.push_str(
            "\n  held back since the restore, nothing is released: `freehold resume` shows what to do",
        );
    }
    if vendor.waiting > 0 {
        head.push_str(&format!("\n  waiting to be delivered: {}", vendor.waiting));
    }
    if vendor.lines.is_empty() {
        return head;
    }
    let row = |l: &LineView| {
        let outcome = [&l.system, &l.detail].into_iter().flatten().cloned().collect::<Vec<_>>().join(": ");
        [l.path.clone(), l.state.clone(), cell(&l.sent_at), cell(&l.stored_at), cell(&l.outcome_at), outcome]
    };
    let lines = table(
        ["field", "state", "sent", "on their disk", "outcome", ""],
        vendor.lines.iter().map(row).collect::<Vec<_>>(),
    );
    format!("{head}\n{lines}")
}
