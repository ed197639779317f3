//! The receipts of a figure: the events it is counted from.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::get;
use maud::html;

use crate::Desk;
use crate::access::AtPage;
use crate::pages::{Shown, shown};
use crate::refusal::Refusal;
use crate::words::{moment, short};

/// Receipts on one page; a program reads more.
const SHOWN_MAX: usize = 200;

pub(crate) fn routes() -> Router<Arc<Desk>> {
    Router::new().route("/value/{kind}", get(page))
}

async fn page(State(desk): State<Arc<Desk>>, at_page: AtPage, Path(kind): Path<String>) -> Shown {
    let receipts =
        desk.hub.receipts(&kind, SHOWN_MAX).ok_or_else(|| Refusal::not_found("kind of receipts"))?;
    let deed = at_page.visitor.did("receipts-seen");
    desk.hub.note(freehold_hub::Deed { detail: Some(kind.clone()), ..deed }).await?;
    let name = kind.replace('-', " ");
    let body = html! {
        p.crumb { a href="/" { "← Overview" } }
        h1 { "Receipts: " (name) }
        p.lead { "The latest " (SHOWN_MAX) " events that were counted, newest first. Events themselves are kept for 30 days; what was counted stays." }
        div.card {
            @if receipts.is_empty() { p.empty { "Nothing has been counted yet." } }
            @else {
                table.stack {
                    thead { tr { th scope="col" { "Event" } th scope="col" { "When" } th scope="col" { "Customer" } th.number scope="col" { "Counts for" } th.number scope="col" { "Took" } } }
                    tbody {
                        @for receipt in &receipts {
                            tr {
                                td data-label="Event" { a href={ "/events?before=" (receipt.event + 1) } { (receipt.event) } }
                                td { (moment(&receipt.at)) }
                                td data-label="Customer" { a href={ "/customers/" (receipt.customer) } { code { (short(&receipt.customer)) } } }
                                td.number data-label="Counts for" { (receipt.pieces) }
                                td.number data-label="Took" { @if let Some(seconds) = receipt.seconds { (format!("{seconds:.3} s")) } @else { "–" } }
                            }
                        }
                    }
                }
            }
        }
    };
    Ok(shown(&desk, &at_page, &format!("Receipts: {name}"), "/", &body))
}
