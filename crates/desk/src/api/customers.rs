//! Customers.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::Method;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use freehold_hub::{Deed, Role};
use serde::Deserialize;

use super::{Answer, Asked, Named, Route, limit};
use crate::Desk;
use crate::access::Program;
use crate::pages::customer::archive;
use crate::refusal::Refusal;

/// Customers in one answer when nobody says.
const LISTED: usize = 100;

pub(super) fn all() -> Vec<Route> {
    vec![
        Route::new(Method::GET, "/customers", Role::Viewer, || get(list)),
        Route::new(Method::GET, "/customers/{id}", Role::Viewer, || get(one)),
        Route::new(Method::GET, "/customers/{id}/events", Role::Viewer, || get(events)),
        Route::new(Method::GET, "/customers/{id}/evidence", Role::Viewer, || get(evidence)),
        Route::new(Method::POST, "/customers/{id}/read", Role::Agent, || post(read)),
        Route::new(Method::POST, "/customers/{id}/requests", Role::Agent, || post(ask)),
    ]
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    after: Option<String>,
    limit: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Limited {
    limit: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Read {
    paths: Vec<String>,
    purpose: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ask {
    request: Option<String>,
}

/// The id of whoever is meant by an id, a prefix of it, the vendor's reference or a DID.
fn meant(desk: &Desk, text: &str) -> Result<String, Refusal> {
    desk.hub.customer_row(text).map(|row| row.id).ok_or_else(|| Refusal::not_found("customer"))
}

async fn list(
    State(desk): State<Arc<Desk>>,
    Program(visitor): Program,
    Asked(asked): Asked<Listed>,
) -> Answer {
    desk.hub.note(visitor.did("customers-listed")).await?;
    let page = desk.hub.customers_page(asked.after.as_deref(), limit(asked.limit, LISTED));
    Ok(Json(page).into_response())
}

async fn one(State(desk): State<Arc<Desk>>, Program(visitor): Program, Named(id): Named<String>) -> Answer {
    let id = meant(&desk, &id)?;
    desk.hub.note(visitor.did("customer-seen").with(&id)).await?;
    let found = desk.hub.customer_detail(&id).ok_or_else(|| Refusal::not_found("customer"))?;
    Ok(Json(found).into_response())
}

async fn events(
    State(desk): State<Arc<Desk>>,
    Program(visitor): Program,
    Named(id): Named<String>,
    Asked(asked): Asked<Limited>,
) -> Answer {
    let id = meant(&desk, &id)?;
    desk.hub.note(visitor.did("customer-events-seen").with(&id)).await?;
    Ok(Json(desk.hub.customer_events(&id, limit(asked.limit, LISTED))).into_response())
}

async fn evidence(
    State(desk): State<Arc<Desk>>,
    Program(visitor): Program,
    Named(id): Named<String>,
) -> Answer {
    let id = meant(&desk, &id)?;
    desk.hub.note(visitor.did("evidence-taken").with(&id)).await?;
    Ok(archive(&id, desk.hub.evidence(&id)?))
}

async fn read(
    State(desk): State<Arc<Desk>>,
    Program(visitor): Program,
    Named(id): Named<String>,
    body: Result<Json<Read>, axum::extract::rejection::JsonRejection>,
) -> Answer {
    let Json(Read { paths, purpose }) =
        body.map_err(|_| Refusal::bad("write {\"paths\": [...], \"purpose\": \"...\"}"))?;
    let id = meant(&desk, &id)?;
    let detail = Some(format!("{} for {purpose}", paths.join(", ")));
    desk.hub.note(Deed { detail, ..visitor.did("read-live").with(&id) }).await?;
    Ok(Json(desk.hub.read(&id, &paths, &purpose).await?).into_response())
}

async fn ask(
    State(desk): State<Arc<Desk>>,
    Program(visitor): Program,
    Named(id): Named<String>,
    body: Result<Json<Ask>, axum::extract::rejection::JsonRejection>,
) -> Answer {
    let Json(Ask { request }) =
        body.map_err(|_| Refusal::bad("write {\"request\": \"ID\"}, or {} for the newest"))?;
    let id = meant(&desk, &id)?;
    desk.hub.note(Deed { detail: request.clone(), ..visitor.did("asked").with(&id) }).await?;
    Ok(Json(desk.hub.ask_customer(&id, request.as_deref()).await?).into_response())
}
