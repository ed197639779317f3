//! What the staff did. For administrators.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Query, State};
use axum::routing::get;
use freehold_hub::Role;
use maud::html;
use serde::Deserialize;

use crate::Desk;
use crate::access::AtPage;
use crate::pages::{Shown, pager, shown};
use crate::words::{moment, short};

/// Entries on one page.
const SHOWN: usize = 100;

pub(crate) fn routes() -> Router<Arc<Desk>> {
    Router::new().route("/audit", get(page))
}

#[derive(Deserialize)]
struct Asked {
    before: Option<u64>,
}

async fn page(State(desk): State<Arc<Desk>>, at_page: AtPage, Query(asked): Query<Asked>) -> Shown {
    at_page.visitor.may(Role::Admin)?;
    desk.hub.note(at_page.visitor.did("audit-seen")).await?;
    let verified = desk.hub.verify_journal();
    let entries = desk.hub.journal(asked.before, SHOWN);
    let next = entries.last().filter(|last| last.n > 1).map(|last| format!("/audit?before={}", last.n));
    let body = html! {
        h1 { "Audit" }
        p.lead { "What your staff and its programs did here: who saw which customer, who asked, who changed what. Nothing can be taken out unnoticed." }
        @match &verified {
            Ok(count) => p.told.good role="status" { "The chain of " (count) " entries holds." },
            Err(broken) => p.told.bad role="alert" { (crate::refusal::sentence(&broken.to_string())) },
        }
        div.card {
            table.stack {
                thead { tr { th.number scope="col" { "No." } th scope="col" { "When" } th scope="col" { "Who" } th scope="col" { "What" } th scope="col" { "Customer" } th scope="col" { "More" } } }
                tbody {
                    @for entry in &entries {
                        tr {
                            td.number data-label="No." { (entry.n) }
                            td { (moment(&entry.at)) }
                            td { strong { (entry.who) } " " span.note { (entry.by) } }
                            td { (entry.what.replace('-', " ")) }
                            td data-label="Customer" { @if let Some(id) = &entry.customer { a href={ "/customers/" (id) } { code { (short(id)) } } } @else { "–" } }
                            td { @if let Some(detail) = &entry.detail { (detail) } }
                        }
                    }
                }
            }
            (pager(asked.before.map(|_| "/audit"), next.as_deref()))
        }
    };
    Ok(shown(&desk, &at_page, "Audit", "/audit", &body))
}
