//! `audit`.

use freehold_api::person::{Audit, AuditVerify};
use freehold_api::{ApiError, Client};
use freehold_person::view::AuditView;

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
            let why = [&e.purpose, &e.code].into_iter().flatten().cloned().collect::<Vec<_>>().join(": ");
            [e.n.to_string(), e.at.clone(), e.event.clone(), e.vendor.clone(), e.paths.join(", "), why, grant]
        };
        let rows = entries.iter().map(row).collect::<Vec<_>>();
        table(["n", "at", "event", "vendor", "fields", "purpose or reason", "grant"], rows)
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
