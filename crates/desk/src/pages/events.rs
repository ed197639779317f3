//! The log of events, newest first, without values.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Query, State};
use axum::routing::get;
use freehold_hub::view::EventView;
use maud::{Markup, html};
use serde::Deserialize;

use crate::Desk;
use crate::access::AtPage;
use crate::pages::{Shown, pager, shown};
use crate::words::{kind, moment, paths, relationship, tag};

/// Events on one page.
const SHOWN: u64 = 50;

pub(crate) fn routes() -> Router<Arc<Desk>> {
    Router::new().route("/events", get(page))
}

#[derive(Deserialize)]
struct Asked {
    before: Option<u64>,
}

async fn page(State(desk): State<Arc<Desk>>, at_page: AtPage, Query(asked): Query<Asked>) -> Shown {
    desk.hub.note(at_page.visitor.did("events-listed")).await?;
    let end = asked.before.map_or_else(|| desk.hub.last_event(), |before| before.saturating_sub(1));
    let after = end.saturating_sub(SHOWN);
    let mut events = desk.hub.events(after, SHOWN as usize);
    events.retain(|event| event.n <= end);
    events.reverse();
    let next = (after > 0).then(|| format!("/events?before={}", after + 1));
    let body = html! {
        h1 { "Events" }
        p.lead { "What came from your customers, and whether your systems have it. Values stand on each customer's own page." }
        div.card {
            (table(&events, true))
            (pager(asked.before.map(|_| "/events"), next.as_deref()))
        }
    };
    Ok(shown(&desk, &at_page, "Events", "/events", &body))
}

/// A list of events; with their customers where they are of several.
pub(crate) fn table(events: &[EventView], with_customer: bool) -> Markup {
    html! {
        @if events.is_empty() { p.empty { "Nothing here. Delivered events are kept for 30 days." } }
        @else {
            table.stack {
                thead { tr {
                    th.number scope="col" { "No." } th scope="col" { "When" } th scope="col" { "What" }
                    @if with_customer { th scope="col" { "Customer" } }
                    th scope="col" { "Fields" } th scope="col" { "Your systems" }
                } }
                tbody {
                    @for event in events {
                        tr {
                            td.number data-label="No." { (event.n) }
                            td { (moment(event.cloudevent["time"].as_str().unwrap_or_default())) }
                            td { (kind(event.cloudevent["type"].as_str().unwrap_or_default())) }
                            @if with_customer {
                                td data-label="Customer" {
                                    @let subject = event.cloudevent["data"]["customer"].as_str();
                                    @if let Some(id) = relationship(&event.cloudevent) {
                                        a href={ "/customers/" (id) } { (subject.unwrap_or_else(|| crate::words::short(id))) }
                                    }
                                }
                            }
                            td data-label="Fields" { code { (paths(&event.cloudevent).join(", ")) } }
                            td { (tag(state(event))) }
                        }
                    }
                }
            }
        }
    }
}

fn state(event: &EventView) -> &'static str {
    match (event.dead, event.delivered) {
        (true, _) => "dead letter",
        (false, true) => "delivered",
        (false, false) => "waiting",
    }
}
