//! One change reaches the vendor; what was not granted does not.

use super::Checked;
use super::stage::{Stage, WATCH, ensure};

pub(super) async fn change_the_address(stage: &mut Stage) -> Checked {
    let new = [
        ("address.home.street", "7 Difference Lane"),
        ("address.home.locality", "Cambridge"),
        ("address.home.postalCode", "CB2 1TN"),
    ];
    let (change, vendors) = stage.set(&new).await?;
    ensure(vendors == 1, || format!("{vendors} vendors were to get it"))?;
    stage
        .until("the new address at the hub", async || {
            let held = stage.customer().await?.fields;
            Ok(new
                .iter()
                .all(|(path, value)| held.get(*path) == Some(&Some((*value).to_owned())))
                .then_some(()))
        })
        .await?;
    let carries = |event: &serde_json::Value| {
        let fields = event.pointer("/data/fields");
        new.iter().all(|(path, value)| fields.and_then(|f| f.get(*path)?.as_str()) == Some(*value))
    };
    stage
        .until("the webhook", async || {
            let fired = stage.receiver.events("dev.freehold.update").iter().filter(|e| carries(e)).count();
            Ok((fired == 1).then_some(()))
        })
        .await?;
    ensure(stage.receiver.refused() == 0, || "a webhook had no good signature".to_owned())?;
    let system = stage.applied(&change).await?;
    Ok(format!("3 fields, 1 change, 1 signed webhook; the outcome came back: applied in {system}"))
}

pub(super) async fn outside_the_grant(stage: &mut Stage) -> Checked {
    let (event, audited) = (stage.last_event().await?, stage.audited().await?);
    let (change, vendors) = stage.set(&[("birth.date", "1985-12-11")]).await?;
    ensure(vendors == 0, || format!("{vendors} vendors were to get it"))?;
    tokio::time::sleep(WATCH).await;
    ensure(stage.last_event().await? == event, || "the hub has a new event".to_owned())?;
    ensure(stage.audited().await? == audited, || "something was released".to_owned())?;
    let waiting: u64 = stage.status(None).await?.vendors.iter().map(|vendor| vendor.waiting).sum();
    ensure(waiting == 0, || "a message was queued".to_owned())?;
    ensure(stage.status(Some(change)).await?.vendors.is_empty(), || "the fan-out names a vendor".to_owned())?;
    Ok("birth.date was edited: no message queued, no release audited, no event at the hub".to_owned())
}

pub(super) async fn live_read(stage: &mut Stage) -> Checked {
    let (own, purpose) = (stage.value("phone.mobile").await?, "deliveryOfGoods");
    let got = stage.read("phone.mobile", purpose).await.map_err(super::stage::said)?;
    ensure(got.as_ref() == Some(&own), || "another value came back".to_owned())?;
    Ok(format!("phone.mobile for {purpose}: the node's value"))
}

pub(super) async fn live_read_denied(stage: &mut Stage) -> Checked {
    let denied = stage.read("phone.mobile", "marketing").await.err().ok_or("marketing got a value")?;
    ensure(denied.exit == freehold_api::exit::DENIED, || format!("it failed otherwise: {}", denied.code))?;
    let unasked =
        stage.read("birth.date", "deliveryOfGoods").await.err().ok_or("birth.date was given out")?;
    ensure(unasked.exit == freehold_api::exit::DENIED, || format!("it failed otherwise: {}", unasked.code))?;
    Ok(format!(
        "phone.mobile for marketing: {}; birth.date for deliveryOfGoods: {}",
        denied.code, unasked.code
    ))
}
