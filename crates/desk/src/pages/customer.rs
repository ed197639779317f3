//! One customer: what is held and under what, what was asked and answered, what happened.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use freehold_hub::view::{CustomerDetailView, ReadView};
use freehold_hub::{Deed, Role};
use freehold_web::layout::form_token;
use maud::{Markup, html};

use crate::Desk;
use crate::access::{AtPage, Sent};
use crate::pages::{Shown, Told, events, shown, told};
use crate::refusal::Refusal;
use crate::words::{moment, short, tag, term};

/// Events of the customer on the page.
const EVENTS_SHOWN: usize = 50;

pub(crate) fn routes() -> Router<Arc<Desk>> {
    Router::new()
        .route("/customers/{id}", get(page))
        .route("/customers/{id}/read", post(read))
        .route("/customers/{id}/ask", post(ask))
        .route("/customers/{id}/evidence", get(evidence))
}

/// The customer of an address, which names the whole id: what was seen is written down under it.
fn known(desk: &Desk, id: &str) -> Result<CustomerDetailView, Refusal> {
    let found = desk.hub.customer_detail(id).filter(|customer| customer.id == id);
    found.ok_or_else(|| Refusal::not_found("customer"))
}

async fn page(State(desk): State<Arc<Desk>>, at_page: AtPage, Path(id): Path<String>, said: Told) -> Shown {
    let customer = known(&desk, &id)?;
    desk.hub.note(at_page.visitor.did("customer-seen").with(&id)).await?;
    Ok(rendered(&desk, &at_page, &customer, told(said.0.as_deref())))
}

fn rendered(desk: &Desk, at_page: &AtPage, customer: &CustomerDetailView, top: Markup) -> Response {
    let name = customer.customer.as_deref().unwrap_or_else(|| short(&customer.id));
    let body = html! {
        p.crumb { a href="/customers" { "← Customers" } }
        h1 { (name) }
        p.lead { (tag(if customer.connected { "connected" } else { "away" })) " since " (moment(&customer.since)) }
        (top)
        (fields(customer))
        (agreements(customer))
        @if at_page.visitor.role >= Role::Agent { (actions(desk, at_page, customer)) }
        section.card aria-labelledby="events-title" {
            h2 #events-title { "What happened" }
            (events::table(&desk.hub.customer_events(&customer.id, EVENTS_SHOWN), false))
        }
        section.card aria-labelledby="evidence-title" {
            h2 #evidence-title { "Evidence of consent" }
            p { "Every signed request, agreement, countersignature, revocation and erasure receipt, and what happened, without a value of any field. "
                "A regulator can verify it offline with anyone's tools." }
            p { a.button href={ "/customers/" (customer.id) "/evidence" } download { "Download the evidence" } }
            dl {
                dt { "Their DID" } dd { code { (customer.did) } }
                @for earlier in &customer.earlier { dt { "Before that" } dd { code { (earlier) } } }
                dt { "Knows you as" } dd { code { (customer.vendor) } }
                dt { "Id at this hub" } dd { code { (customer.id) } }
            }
        }
    };
    shown(desk, at_page, name, "/customers", &body)
}

fn fields(customer: &CustomerDetailView) -> Markup {
    html! {
        section.card aria-labelledby="fields-title" {
            h2 #fields-title { "Fields" }
            @if customer.fields.is_empty() { p.empty { "Nothing is held of this customer." } }
            @else {
                table.stack {
                    thead { tr { th scope="col" { "Field" } th scope="col" { "Value" } th scope="col" { "Came" } th scope="col" { "For" } th scope="col" { "Under" } } }
                    tbody {
                        @for field in &customer.fields {
                            tr {
                                td { code { (field.path) } }
                                td { @match &field.value { Some(value) => strong { (value) }, None => span.note { "they have none" } } }
                                td data-label="Came" { (moment(&field.at)) }
                                td data-label="For" { (field.purposes.iter().map(|iri| term(iri)).collect::<Vec<_>>().join(", ")) }
                                td data-label="Under" { a href={ "#grant-" (short(&field.grant)) } { (short(&field.grant)) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn agreements(customer: &CustomerDetailView) -> Markup {
    html! {
        section.card aria-labelledby="grants-title" {
            h2 #grants-title { "Agreements" }
            @if customer.grants.is_empty() { p.empty { "There is none." } }
            @else {
                table.stack {
                    thead { tr { th scope="col" { "Agreement" } th scope="col" { "Stands" } th scope="col" { "Covers now" } th scope="col" { "Since" } th scope="col" { "Until" } th scope="col" { "Basis" } th scope="col" { "Kept for" } } }
                    tbody {
                        @for grant in &customer.grants {
                            tr #{ "grant-" (short(&grant.id)) } {
                                td { code title=(grant.id) { (short(&grant.id)) } }
                                td { (tag(&grant.status)) }
                                td data-label="Covers" { @if grant.paths.is_empty() { "nothing" } @else { code { (grant.paths.join(", ")) } } }
                                td data-label="Since" { (moment(&grant.since)) }
                                td data-label="Until" { @match &grant.until { Some(until) => (moment(until)), None => { "no date" } } }
                                td data-label="Basis" { (term(&grant.legal_basis)) }
                                td data-label="Kept for" { (grant.retention) }
                            }
                        }
                    }
                }
            }
            h3 { "Requests and their answers" }
            @if customer.requests.is_empty() { p.empty { "Nothing was asked." } }
            @else {
                table.stack {
                    thead { tr { th scope="col" { "Request" } th scope="col" { "Answer" } th scope="col" { "Fields asked for" } } }
                    tbody {
                        @for request in &customer.requests {
                            tr {
                                td { (request.title) " " span.note { (short(&request.id)) } }
                                td { (tag(&request.answer)) }
                                td data-label="Fields" { code { (request.fields.join(", ")) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn actions(desk: &Desk, at_page: &AtPage, customer: &CustomerDetailView) -> Markup {
    let token = at_page.session.form_token.danger_text();
    let mut paths: Vec<&str> =
        customer.grants.iter().flat_map(|grant| &grant.paths).map(String::as_str).collect();
    paths.sort_unstable();
    paths.dedup();
    let standing = customer.grants.iter().filter(|grant| !grant.paths.is_empty());
    let purposes: BTreeSet<&str> = standing.flat_map(|grant| &grant.purposes).map(String::as_str).collect();
    let asked: Vec<&str> = customer.requests.iter().map(|request| request.id.as_str()).collect();
    let asks: Vec<_> =
        desk.hub.asks().into_iter().rev().filter(|ask| !asked.contains(&ask.id.as_str())).collect();
    html! {
        section.card aria-labelledby="read-title" {
            h2 #read-title { "Read live" }
            p.note { "Asks the customer's own node now. They see that you did, and for what. Nothing of the answer is kept here." }
            @if !customer.connected { p.empty { "They are not connected at present." } }
            @else if paths.is_empty() { p.empty { "No agreement stands." } }
            @else {
                form method="post" action={ "/customers/" (customer.id) "/read" } {
                    (form_token(token))
                    fieldset {
                        legend { "Fields" }
                        div.checks { @for path in &paths { label { input type="checkbox" name="path" value=(path); code { (path) } } } }
                    }
                    div.row {
                        div {
                            label for="purpose" { "For what" }
                            select #purpose name="purpose" { @for iri in &purposes { option value=(iri) { (term(iri)) } } }
                        }
                        button type="submit" { "Read now" }
                    }
                }
            }
        }
        @if !asks.is_empty() {
            section.card aria-labelledby="ask-title" {
                h2 #ask-title { "Ask for more" }
                form method="post" action={ "/customers/" (customer.id) "/ask" } {
                    (form_token(token))
                    div.row {
                        div {
                            label for="request" { "Request" }
                            select #request name="request" { @for ask in &asks { option value=(ask.id) { (ask.title) ": " (ask.fields.join(", ")) } } }
                        }
                        button.second type="submit" { "Ask" }
                    }
                }
            }
        }
    }
}

async fn read(State(desk): State<Arc<Desk>>, Path(id): Path<String>, sent: Sent) -> Shown {
    let visitor = &sent.at_page.visitor;
    visitor.may(Role::Agent)?;
    let customer = known(&desk, &id)?;
    let (paths, purpose) = (sent.fields.all("path"), sent.fields.one("purpose"));
    let detail = Some(format!("{} for {purpose}", paths.join(", ")));
    desk.hub.note(Deed { detail, ..visitor.did("read-live").with(&id) }).await?;
    let top = match desk.hub.read(&id, &paths, purpose).await {
        Ok(answer) => answered(&answer),
        Err(error) => html! { p.told.bad role="alert" { (crate::refusal::sentence(&error.to_string())) } },
    };
    Ok(rendered(&desk, &sent.at_page, &customer, top))
}

fn answered(answer: &ReadView) -> Markup {
    html! {
        section.card aria-labelledby="answer-title" {
            h2 #answer-title { "Their answer, just now" }
            dl {
                @for (path, value) in &answer.fields {
                    dt { code { (path) } }
                    dd { @match value { Some(value) => strong { (value) }, None => span.note { "they have none" } } }
                }
            }
        }
    }
}

async fn ask(State(desk): State<Arc<Desk>>, Path(id): Path<String>, sent: Sent) -> Shown {
    let visitor = &sent.at_page.visitor;
    visitor.may(Role::Agent)?;
    known(&desk, &id)?;
    let request = sent.fields.one("request");
    desk.hub.note(Deed { detail: Some(request.to_owned()), ..visitor.did("asked").with(&id) }).await?;
    desk.hub.ask_customer(&id, Some(request)).await?;
    Ok(Redirect::to(&format!("/customers/{id}?told=asked")).into_response())
}

async fn evidence(State(desk): State<Arc<Desk>>, at_page: AtPage, Path(id): Path<String>) -> Shown {
    known(&desk, &id)?;
    desk.hub.note(at_page.visitor.did("evidence-taken").with(&id)).await?;
    Ok(archive(&id, desk.hub.evidence(&id)?))
}

/// An archive that a browser keeps as a file.
pub(crate) fn archive(id: &str, bytes: Vec<u8>) -> Response {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-tar"));
    let name = format!("attachment; filename=\"evidence-{}.tar\"", short(id));
    headers.extend(HeaderValue::from_str(&name).ok().map(|name| (header::CONTENT_DISPOSITION, name)));
    (headers, bytes).into_response()
}
