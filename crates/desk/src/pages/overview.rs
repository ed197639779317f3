//! The first page: how it stands, and what it was good for.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use freehold_hub::view::FigureView;
use maud::{Markup, html};

use crate::Desk;
use crate::access::AtPage;
use crate::pages::shown;
use crate::words;

pub(crate) fn routes() -> Router<Arc<Desk>> {
    Router::new().route("/", get(page))
}

async fn page(State(desk): State<Arc<Desk>>, at_page: AtPage) -> Response {
    let (stats, ready, sinks) = (desk.hub.stats(), desk.hub.ready().await, desk.hub.sinks());
    let stuck: Vec<&str> =
        sinks.iter().filter(|sink| sink.state == "stuck").map(|sink| sink.name.as_str()).collect();
    let body = html! {
        h1 { "Overview" }
        p.lead { "What your customers keep right for you, and whether it reaches your systems." }
        @if !ready.store {
            p.told.bad role="alert" { "The hub's store takes no writes: look at its log and its disk. Nothing is acknowledged meanwhile." }
        }
        @if !stuck.is_empty() {
            p.told.bad role="alert" { "Nothing has gone to " (stuck.join(", ")) " for 10 minutes: see " a href="/sinks" { "Connectors" } "." }
        }
        ul.strip aria-label="Now" {
            (number(&stats.customers.to_string(), "customers"))
            (number(&stats.connected.to_string(), "connected now"))
            (number(&stats.updates.to_string(), "updates taken in"))
            (number(&stats.events_pending.to_string(), "events on their way"))
            (number(&stats.dead_letters.to_string(), "dead letters"))
        }
        h2 { "Value so far" }
        ul.figures {
            @for figure in desk.hub.value() { li { (card(&figure)) } }
        }
        p.note { "Measured figures are counted from single events; estimated ones multiply a count by a cost of your own. "
            "Each links to what it is counted from." }
    };
    shown(&desk, &at_page, "Overview", "/", &body)
}

fn number(amount: &str, name: &str) -> Markup {
    html! { li { strong { (amount) } span { (name) } } }
}

/// One figure with how it comes about.
pub(crate) fn card(figure: &FigureView) -> Markup {
    html! {
        div.card.figure {
            p.name { (figure.name) }
            p.amount { (figure.amount) }
            p.how { (figure.note) }
            p.foot {
                (words::tag(&figure.how))
                @for kind in &figure.receipts {
                    a href={ "/value/" (kind) } aria-label={ "Receipts of: " (figure.name) ", " (kind.replace('-', " ")) } {
                        @if figure.receipts.len() == 1 { "Receipts" } @else { (kind.replace('-', " ")) }
                    }
                }
            }
        }
    }
}
