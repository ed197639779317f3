//! What a system did not take, and sending it again.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use freehold_hub::{Deed, Role};
use freehold_web::layout::form_token;
use maud::html;

use crate::Desk;
use crate::access::{AtPage, Sent};
use crate::pages::{Shown, Told, shown, told};
use crate::refusal::Refusal;
use crate::words::{kind, moment, sink};

pub(crate) fn routes() -> Router<Arc<Desk>> {
    Router::new().route("/dead-letters", get(page)).route("/dead-letters/retry", post(retry))
}

async fn page(State(desk): State<Arc<Desk>>, at_page: AtPage, said: Told) -> Response {
    let letters = desk.hub.dead_letters();
    let may = at_page.visitor.role >= Role::Agent;
    let token = at_page.session.form_token.danger_text();
    let body = html! {
        h1 { "Dead letters" }
        p.lead { "Events that one of your systems did not take. Mend what stands under \"Why\", then send them again: values that a later update replaced stay out." }
        (told(said.0.as_deref()))
        div.card {
            @if letters.is_empty() { p.empty { "There is none. Your systems have taken everything so far." } }
            @else {
                table.stack {
                    thead { tr {
                        th.number scope="col" { "Event" } th scope="col" { "What" } th scope="col" { "Customer" } th scope="col" { "Why" }
                        th.number scope="col" { "Tried" } th scope="col" { "Given up" }
                        @if may { th scope="col" { "Again" } }
                    } }
                    tbody {
                        @for letter in &letters {
                            tr {
                                td.number data-label="Event" { (letter.n) }
                                td { (kind(&letter.kind)) }
                                td data-label="Customer" {
                                    @if let Some(id) = letter.id.get(..36) { a href={ "/customers/" (id) } { (letter.subject) } }
                                    @else { (letter.subject) }
                                }
                                td data-label="Why" { (letter.reason) " " span.note { "(" (sink(letter.sink)) ")" } }
                                td.number data-label="Tried" { (letter.attempts) }
                                td data-label="Given up" { (moment(&letter.at)) }
                                @if may {
                                    td {
                                        form method="post" action="/dead-letters/retry" {
                                            (form_token(token))
                                            input type="hidden" name="event" value=(letter.n);
                                            button.second.small type="submit" aria-label={ "Send event " (letter.n) " again" } { "Send again" }
                                        }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
        @if may && letters.len() > 1 {
            form method="post" action="/dead-letters/retry" {
                (form_token(token))
                input type="hidden" name="event" value="all";
                button type="submit" { "Send all " (letters.len()) " again" }
            }
        }
    };
    shown(&desk, &at_page, "Dead letters", "/dead-letters", &body)
}

async fn retry(State(desk): State<Arc<Desk>>, sent: Sent) -> Shown {
    let visitor = &sent.at_page.visitor;
    visitor.may(Role::Agent)?;
    let event = sent.fields.one("event");
    let which = match event {
        "all" => None,
        number => Some(number.parse::<u64>().map_err(|_| Refusal::bad("name an event's number"))?),
    };
    desk.hub.note(Deed { detail: Some(event.to_owned()), ..visitor.did("retried") }).await?;
    let told = match desk.hub.retry_dead_letter(which).await? {
        0 => "retried-none",
        _ => "retried",
    };
    Ok(Redirect::to(&format!("/dead-letters?told={told}")).into_response())
}
