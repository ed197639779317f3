//! The vendor's systems, and whether events reach them.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use maud::html;

use crate::Desk;
use crate::access::AtPage;
use crate::pages::shown;
use crate::words::{maybe_moment, tag};

pub(crate) fn routes() -> Router<Arc<Desk>> {
    Router::new().route("/sinks", get(page))
}

async fn page(State(desk): State<Arc<Desk>>, at_page: AtPage) -> Response {
    let (sinks, info) = (desk.hub.sinks(), desk.hub.info());
    let body = html! {
        h1 { "Connectors" }
        p.lead { "Where events go, and whether they are taken." }
        div.card {
            @if sinks.is_empty() { p.empty { "None is set up: events stay in the hub's own log. Add one under [sinks] in hub.toml." } }
            @else {
                table.stack {
                    thead { tr { th scope="col" { "Connector" } th scope="col" { "State" } th scope="col" { "What it is" } th.number scope="col" { "Waiting" } th scope="col" { "Oldest since" } th scope="col" { "Last taken" } } }
                    tbody {
                        @for sink in &sinks {
                            tr {
                                td { strong { (sink.name) } }
                                td { (tag(&sink.state)) }
                                td { (sink.what) }
                                td.number data-label="Waiting" { (sink.pending) }
                                td data-label="Oldest since" { (maybe_moment(sink.waiting_since.as_ref())) }
                                td data-label="Last taken" { (maybe_moment(sink.last_delivered.as_ref())) }
                            }
                        }
                    }
                }
            }
        }
        section.card aria-labelledby="hub-title" {
            h2 #hub-title { "This hub" }
            dl {
                dt { "DID" } dd { code { (info.did) } }
                dt { "Reached at" } dd { @for address in &info.addresses { div { code { (address) } } } }
            }
        }
    };
    shown(&desk, &at_page, "Connectors", "/sinks", &body)
}
