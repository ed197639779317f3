//! Updates all the way into a CRM: the generic REST connector against a strict server.

use std::path::Path;

use freehold_tests::bench::Failure;
use freehold_tests::crm::rest::Rest;
use freehold_tests::crm::server::Server;

use crate::crowd::Crowd;
use crate::drive::{Pace, drive};
use crate::figures::{Applied, Latency};
use crate::plan::{Plan, Setup};
use crate::setting::Setting;

/// Measures it.
///
/// # Errors
/// What went wrong.
pub async fn run(dir: &Path, plan: &Plan) -> Result<Applied, Failure> {
    let crm = Server::start(Rest::new("good")).await?;
    let section = format!(
        "[crm]\nkind = \"rest\"\nurl = \"{}\"\ntoken = \"good\"\nallow_http = true\ninward = true\n",
        crm.url()
    );
    let setting = Setting::make(dir, Setup::Sled, false, &section)?;
    let mut hub = setting.start().await?;
    let mut crowd = Crowd::new(vec!["127.0.0.1".to_owned()]);
    let count = plan.crm_updates.min(20);
    crowd.grow(&mut hub, count).await?;
    let chosen = crowd.spread(count);
    crowd.prepare(&chosen, plan.crm_updates / count + 2)?;
    let dids = crowd.dids(&chosen);
    let sessions = crowd.connect(&chosen).await?;
    // A customer's first update makes the record; what is measured are the later ones.
    drive(&sessions, count, Pace::PerSecond(plan.crm_per_sec), None).await?;
    let (outlet, before) = (setting.outlet(dids).await?, crm.calls().len());
    let driven = drive(&sessions, plan.crm_updates, Pace::PerSecond(plan.crm_per_sec), Some(&outlet)).await?;
    let requests = crm.calls().len() - before;
    crowd.disconnect(sessions).await?;
    hub.stop().await?;
    let has_street = |customer: &&serde_json::Map<String, serde_json::Value>| {
        customer.get("address").is_some_and(|address| address["street"].is_string())
    };
    let street = crm.with(|crm| crm.customers.values().filter(has_street).count());
    if street != count {
        return Err(format!("the CRM holds the street of {street} of {count} customers").into());
    }
    let (acked, out, told) = ((&driven.acked).into(), (&driven.out).into(), (&driven.told).into());
    let latency = Latency { per_sec: plan.crm_per_sec, acked, out, told };
    Ok(Applied { latency, requests_per_update: requests as f64 / plan.crm_updates as f64 })
}
