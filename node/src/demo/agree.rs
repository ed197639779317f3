//! Invitation, request, grant, snapshot.

use freehold_api::{hub, person};
use serde_json::Value;

use super::Checked;
use super::stage::{CUSTOMER, Stage, ensure, said};

pub(super) async fn invite(stage: &mut Stage) -> Checked {
    let call = hub::Invite { customer: Some(CUSTOMER.to_owned()), days: Some(1), ..hub::Invite::default() };
    let invitation = stage.hub()?.call(&call).await.map_err(said)?;
    stage.link = invitation.link;
    Ok(format!("a link of {} characters for {CUSTOMER}, until {}", stage.link.len(), invitation.expires))
}

pub(super) async fn connect(stage: &mut Stage) -> Checked {
    let call = person::Connect { link: stage.link.clone() };
    let connected = stage.node()?.call(&call).await.map_err(said)?;
    let request = connected.request.ok_or("the vendor's request did not come")?;
    ensure(request.vendor == connected.vendor, || "the request is of another vendor".to_owned())?;
    ensure(request.fields.len() == 6, || format!("{} fields are asked for", request.fields.len()))?;
    let again = stage.node()?.call(&call).await.err().ok_or("the link could be used twice")?;
    ensure(again.exit == freehold_api::exit::INVITATION, || {
        format!("the used link gave {}", said(again.clone()))
    })?;
    stage.request.clone_from(&request.id);
    let field = |f: &freehold_person::view::AskedFieldView| {
        let need = if f.required { "required" } else { "optional" };
        format!("\n  {:<24} {need}: {} ({})", f.path, f.reason, f.purposes.join("; "))
    };
    let fields: String = request.fields.iter().map(field).collect();
    let transport = connected.transport.unwrap_or_default();
    Ok(format!(
        "over {transport}, as {}; a second use of the link is refused\n{} asks: {}{fields}",
        connected.did, request.vendor_name, request.title
    ))
}

pub(super) async fn approve(stage: &mut Stage) -> Checked {
    let call = person::Approve { id: stage.request.clone(), ..person::Approve::default() };
    let grant = stage.node()?.call(&call).await.map_err(said)?;
    stage.grant.clone_from(&grant.id);
    stage.paths.clone_from(&grant.paths);
    ensure(grant.paths.len() == 6, || format!("the grant covers {}", grant.paths.join(", ")))?;
    let standing = stage
        .until("the vendor's countersignature", async || {
            let grant = stage.the_grant().await?;
            Ok(grant.countersigned.filter(|_| grant.status == "standing"))
        })
        .await?;
    Ok(format!("{} fields granted, countersigned by the vendor {standing}", grant.paths.len()))
}

pub(super) async fn snapshot(stage: &mut Stage) -> Checked {
    let mut own = Vec::new();
    for path in &stage.paths {
        own.push((path.clone(), Some(stage.value(path).await?)));
    }
    stage
        .until("the snapshot at the hub", async || {
            let held = stage.customer().await?.fields;
            Ok(own.iter().all(|(path, value)| held.get(path) == Some(value)).then_some(()))
        })
        .await?;
    let held = stage.customer().await?.fields;
    ensure(held.len() == own.len(), || format!("the hub holds {} fields", held.len()))?;
    Ok(format!("the hub holds these {} values and no other", held.len()))
}

pub(super) async fn credential(stage: &mut Stage) -> Checked {
    let call = person::Credential { id: stage.grant.clone() };
    let credential = stage.node()?.call(&call).await.map_err(said)?.credential;
    let document: Value = serde_json::from_str(&credential).map_err(|_| "the credential is no JSON")?;
    let proofs = document.get("proof").and_then(Value::as_array).ok_or("the credential has no proof set")?;
    let suites = proofs.iter().all(|p| p.get("cryptosuite").is_some_and(|suite| suite == "eddsa-jcs-2022"));
    ensure(proofs.len() == 2 && suites, || format!("the credential has {} proofs", proofs.len()))?;
    let call = hub::Receipt { customer: CUSTOMER.to_owned(), grant: Some(stage.grant.clone()) };
    let theirs = stage.hub()?.call(&call).await.map_err(said)?.credential;
    ensure(theirs == credential, || "the vendor holds other bytes than the person".to_owned())?;
    Ok(format!(
        "{} bytes with both signatures (eddsa-jcs-2022), the same at both sides:\n{credential}",
        credential.len()
    ))
}
