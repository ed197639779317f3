//! `hub match` and `hub crm`.

use freehold_api::hub::{CheckCrm, MatchCrm, PreviewMatch};
use freehold_api::{ApiError, Client};
use freehold_crm::{Kind, Mapping};
use freehold_hub::view::{MatchPlan, MatchView};

use crate::Outcome;
use crate::output::{Out, table};

/// The systems that the program knows.
const KINDS: [Kind; 6] =
    [Kind::Tryton, Kind::Odoo, Kind::Espocrm, Kind::Hubspot, Kind::Salesforce, Kind::Rest];

/// The system of this name.
pub(super) fn kind(name: &str) -> Result<Kind, ApiError> {
    let known = || KINDS.map(Kind::as_str).join(", ");
    let found = KINDS.into_iter().find(|kind| kind.as_str() == name);
    found.ok_or_else(|| {
        ApiError::new("usage", format!("there is no connector to {name}: write one of {}", known()))
    })
}

/// Prints a mapping.
pub(super) fn mapping(system: &str, out: &Out) -> Outcome {
    out.raw(Mapping::shipped_text(kind(system)?));
    Ok(())
}

pub(super) async fn check(client: &Client, out: &Out) -> Outcome {
    let crm = client.call(&CheckCrm {}).await?;
    out.show(&crm, |crm| {
        let version = crm.version.as_deref().map(|version| format!(" {version}")).unwrap_or_default();
        let missing = match &*crm.missing {
            [] => "it has every place of the mapping".to_owned(),
            missing => format!("it does not have these places of the mapping: {}", missing.join(", ")),
        };
        format!("{}{version} answers\n{missing}", crm.system)
    });
    Ok(())
}

pub(super) async fn matched(client: &Client, customer: Option<String>, dry_run: bool, out: &Out) -> Outcome {
    if !dry_run {
        let matched = client.call(&MatchCrm { customer }).await?;
        out.show(&matched, |matched| {
            format!(
                "customers that are brought to the CRM: {}\n`freehold hub events` shows them",
                matched.customers
            )
        });
        return Ok(());
    }
    let plans = client.call(&PreviewMatch { customer }).await?;
    out.show(&plans, |plans| {
        if plans.is_empty() {
            return "nothing is held of anybody".to_owned();
        }
        let row = |view: &MatchView| {
            let plan = match view.plan {
                MatchPlan::Create => "create",
                MatchPlan::Link => "link",
                MatchPlan::Update => "update",
                MatchPlan::Same => "same",
                MatchPlan::Duplicate => "possible duplicate",
                MatchPlan::NoRecord => "no record",
            };
            let customer = view.customer.clone().unwrap_or_else(|| view.did.clone());
            let records = view.records.join(", ");
            [
                customer,
                plan.to_owned(),
                records,
                view.paths.join(", "),
                view.conflicts.join(", "),
                view.unmapped.join(", "),
            ]
        };
        let head = ["customer", "plan", "record", "written", "conflict", "no place"];
        let count = |plan| plans.iter().filter(|view| view.plan == plan).count();
        let sum = format!(
            "create {}  link {}  update {}  same {}  possible duplicates {}  no record {}",
            count(MatchPlan::Create),
            count(MatchPlan::Link),
            count(MatchPlan::Update),
            count(MatchPlan::Same),
            count(MatchPlan::Duplicate),
            count(MatchPlan::NoRecord),
        );
        format!("{}\n{sum}", table(head, plans.iter().map(row).collect::<Vec<_>>()))
    });
    Ok(())
}
