//! `audit` and `kept`.

use freehold_api::person::{Audit, AuditVerify, ForgetKept, Kept};
use freehold_api::{ApiError, Client};
use freehold_person::view::{AuditView, KeptView};

use crate::Outcome;
use crate::cli::AuditCommand;
use crate::output::{Out, short, table};

pub(super) async fn audit(
    client: &Client,
    command: Option<AuditCommand>,
    limit: usize,
    out: &Out,
) -> Outcome {
    if let Some(AuditCommand::Verify) = command {
        return verify(client, out).await;
    }
    let entries = client.call(&Audit { from: None, limit: Some(limit) }).await?;
    out.show(&entries, |entries| {
        let row = |e: &AuditView| {
            let grant = e.grant.as_deref().map_or("-".to_owned(), short);
            let why = [&e.purpose, &e.code, &e.message]
                .into_iter()
                .flatten()
                .cloned()
                .collect::<Vec<_>>()
                .join(": ");
            [e.n.to_string(), e.at.clone(), e.event.clone(), e.vendor.clone(), e.paths.join(", "), why, grant]
        };
        let rows = entries.iter().map(row).collect::<Vec<_>>();
        table(["n", "at", "event", "vendor", "fields", "purpose, reason or message", "grant"], rows)
    });
    Ok(())
}

pub(super) async fn kept(client: &Client, forget: bool, out: &Out) -> Outcome {
    if forget {
        let forgotten = client.call(&ForgetKept {}).await?;
        out.show(&forgotten, |forgotten| format!("{} messages erased", forgotten.messages));
        return Ok(());
    }
    let kept = client.call(&Kept {}).await?;
    out.show(&kept, |kept| {
        if kept.is_empty() {
            return "every message could be used".to_owned();
        }
        let rows = kept.iter().flat_map(|of| {
            let row = |m: &KeptView| {
                [short(&of.relationship), m.seq.to_string(), m.kind.clone(), m.code.clone(), m.at.clone()]
            };
            of.messages.iter().map(row).collect::<Vec<_>>()
        });
        table(["relationship", "n", "type", "why", "came"], rows.collect::<Vec<_>>())
    });
    Ok(())
}

async fn verify(client: &Client, out: &Out) -> Outcome {
    let verdict = client.call(&AuditVerify {}).await?;
    if let Some(broken) = &verdict.broken {
        if out.is_json() {
            out.json_line(&verdict);
        }
        let text = format!("the audit log was cut or changed: {broken}; compare it with a backup");
        return Err(ApiError::new("audit-broken", text));
    }
    out.show(&verdict, |verdict| format!("the audit log is whole: {} entries", verdict.entries));
    Ok(())
}
