//! Stop means stop.

use freehold_api::person;

use super::Checked;
use super::stage::{Stage, WATCH, ensure, said};

pub(super) async fn revoke(stage: &mut Stage) -> Checked {
    let call = person::Revoke { id: stage.grant.clone(), paths: None };
    let revoked = stage.node()?.call(&call).await.map_err(said)?;
    ensure(revoked.paths.len() == stage.paths.len(), || "not all paths were revoked".to_owned())?;
    stage
        .until("the hub's erasure", async || Ok(stage.customer().await?.fields.is_empty().then_some(())))
        .await?;
    let status = stage.the_grant().await?.status;
    ensure(status == "revoked", || format!("the grant is {status}"))?;
    stage.until("the webhook", async || Ok(stage.receiver.events("dev.freehold.erase").pop())).await?;
    Ok(format!("{} fields stopped; the hub holds nothing, and told its webhook", revoked.paths.len()))
}

pub(super) async fn erasure_receipt(stage: &mut Stage) -> Checked {
    let lines = stage
        .until("the erasure receipt", async || {
            Ok(stage.the_grant().await?.revocations.into_iter().find_map(|revocation| revocation.erasure))
        })
        .await?;
    ensure(lines.len() == stage.paths.len(), || format!("the receipt has {} lines", lines.len()))?;
    ensure(lines.iter().all(|line| line.result == "erased"), || "a line was not erased".to_owned())?;
    Ok(lines.iter().map(|line| format!("{}: {}", line.path, line.result)).collect::<Vec<_>>().join(", "))
}

pub(super) async fn nothing_leaves(stage: &mut Stage) -> Checked {
    let (event, webhooks) = (stage.last_event().await?, stage.receiver.events("dev.freehold.update").len());
    let (_, vendors) = stage.set(&[("phone.mobile", "+447700900299")]).await?;
    ensure(vendors == 0, || format!("{vendors} vendors were to get it"))?;
    tokio::time::sleep(WATCH).await;
    ensure(stage.last_event().await? == event, || "the hub has a new event".to_owned())?;
    let later = stage.receiver.events("dev.freehold.update").len();
    ensure(later == webhooks, || "a webhook fired".to_owned())?;
    let denied =
        stage.read("phone.mobile", "deliveryOfGoods").await.err().ok_or("a live read got a value")?;
    ensure(denied.exit == freehold_api::exit::DENIED, || {
        format!("the read failed otherwise: {}", denied.code)
    })?;
    Ok(format!("an edit stayed at home; a live read is denied: {}", denied.code))
}

pub(super) async fn audit(stage: &mut Stage) -> Checked {
    let verdict = stage.node()?.call(&person::AuditVerify {}).await.map_err(said)?;
    ensure(verdict.broken.is_none(), || verdict.broken.clone().unwrap_or_default())?;
    let entries =
        stage.node()?.call(&person::Audit { from: None, limit: Some(10_000) }).await.map_err(said)?;
    let count = |event: &str| entries.iter().filter(|entry| entry.event == event).count();
    let counts: Vec<String> = ["requested", "granted", "released", "read", "denied", "revoked", "erased"]
        .iter()
        .map(|event| format!("{} {event}", count(event)))
        .collect();
    ensure(count("denied") >= 3 && count("revoked") == 1, || format!("the log has {}", counts.join(", ")))?;
    Ok(format!("{} entries, chained: {}", verdict.entries, counts.join(", ")))
}
