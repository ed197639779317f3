//! All customers, a page at a time, and the search for one.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect};
use axum::routing::get;
use maud::html;
use serde::Deserialize;

use crate::Desk;
use crate::access::AtPage;
use crate::pages::{Shown, pager, shown};
use crate::words::{maybe_moment, moment, short, short_did, tag};

/// Customers on one page.
const SHOWN: usize = 50;

pub(crate) fn routes() -> Router<Arc<Desk>> {
    Router::new().route("/customers", get(page))
}

#[derive(Deserialize)]
struct Asked {
    after: Option<String>,
    q: Option<String>,
}

async fn page(State(desk): State<Arc<Desk>>, at_page: AtPage, Query(asked): Query<Asked>) -> Shown {
    let wanted = asked.q.as_deref().map(str::trim).filter(|text| !text.is_empty());
    if let Some(found) = wanted.and_then(|text| desk.hub.customer_row(text)) {
        return Ok(Redirect::to(&format!("/customers/{}", found.id)).into_response());
    }
    desk.hub.note(at_page.visitor.did("customers-listed")).await?;
    let list = desk.hub.customers_page(asked.after.as_deref(), SHOWN);
    let next = list.next.as_ref().map(|next| format!("/customers?after={next}"));
    let body = html! {
        h1 { "Customers" }
        p.lead { "Everybody who has a relationship with you through this hub." }
        form.search role="search" method="get" action="/customers" {
            div.row {
                div {
                    label for="q" { "Your own reference, or the customer's DID" }
                    input #q name="q" type="search" value=(wanted.unwrap_or_default()) autocomplete="off" spellcheck="false";
                }
                button type="submit" { "Find" }
            }
        }
        @if wanted.is_some() { p.told.bad role="status" { "There is no such customer. A reference is matched whole; of an id the first digits will do." } }
        div.card {
            @if list.customers.is_empty() {
                p.empty { "No customer yet. Invite one: " code { "freehold hub invite --customer REF" } }
            } @else {
                table.stack {
                    thead { tr {
                        th scope="col" { "Customer" } th scope="col" { "DID" } th scope="col" { "Session" }
                        th.number scope="col" { "Agreements" } th.number scope="col" { "Fields" }
                        th scope="col" { "Last value" } th scope="col" { "Since" }
                    } }
                    tbody {
                        @for customer in &list.customers {
                            tr {
                                td { a href={ "/customers/" (customer.id) } { @if let Some(own) = &customer.customer { (own) } @else { (short(&customer.id)) } } }
                                td data-label="DID" { (short_did(&customer.did)) }
                                td { (tag(if customer.connected { "connected" } else { "away" })) }
                                td.number data-label="Agreements" { (customer.grants) }
                                td.number data-label="Fields" { (customer.fields) }
                                td data-label="Last value" { (maybe_moment(customer.last_update.as_ref())) }
                                td data-label="Since" { (moment(&customer.since)) }
                            }
                        }
                    }
                }
            }
            (pager(asked.after.as_ref().map(|_| "/customers"), next.as_deref()))
        }
    };
    Ok(shown(&desk, &at_page, "Customers", "/customers", &body))
}
