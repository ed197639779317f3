//! Events, dead letters and the receipts of figures.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::Method;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use freehold_hub::{Deed, Role};
use serde::Deserialize;
use serde_json::json;

use super::{Answer, Asked, Named, Route, limit};
use crate::Desk;
use crate::access::Program;
use crate::refusal::Refusal;

/// Events in one answer when nobody says.
const LISTED: usize = 100;

pub(super) fn all() -> Vec<Route> {
    vec![
        Route::new(Method::GET, "/events", Role::Viewer, || get(list)),
        Route::new(Method::GET, "/dead-letters", Role::Viewer, || get(dead)),
        Route::new(Method::POST, "/dead-letters/retry", Role::Agent, || post(retry_all)),
        Route::new(Method::POST, "/dead-letters/{n}/retry", Role::Agent, || post(retry)),
        Route::new(Method::GET, "/receipts/{kind}", Role::Viewer, || get(receipts)),
    ]
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    after: Option<u64>,
    limit: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Limited {
    limit: Option<u32>,
}

async fn list(
    State(desk): State<Arc<Desk>>,
    Program(visitor): Program,
    Asked(asked): Asked<Listed>,
) -> Answer {
    desk.hub.note(visitor.did("events-seen")).await?;
    let events = desk.hub.events(asked.after.unwrap_or_default(), limit(asked.limit, LISTED));
    Ok(Json(events).into_response())
}

async fn dead(State(desk): State<Arc<Desk>>) -> Answer {
    Ok(Json(desk.hub.dead_letters()).into_response())
}

async fn retry_all(State(desk): State<Arc<Desk>>, Program(visitor): Program) -> Answer {
    desk.hub.note(Deed { detail: Some("all".to_owned()), ..visitor.did("retried") }).await?;
    Ok(Json(json!({"events": desk.hub.retry_dead_letter(None).await?})).into_response())
}

async fn retry(State(desk): State<Arc<Desk>>, Program(visitor): Program, Named(n): Named<u64>) -> Answer {
    desk.hub.note(Deed { detail: Some(n.to_string()), ..visitor.did("retried") }).await?;
    Ok(Json(json!({"events": desk.hub.retry_dead_letter(Some(n)).await?})).into_response())
}

async fn receipts(
    State(desk): State<Arc<Desk>>,
    Program(visitor): Program,
    Named(kind): Named<String>,
    Asked(asked): Asked<Limited>,
) -> Answer {
    let found = desk.hub.receipts(&kind, limit(asked.limit, LISTED));
    let found = found.ok_or_else(|| Refusal::not_found("kind of receipts"))?;
    desk.hub.note(Deed { detail: Some(kind), ..visitor.did("receipts-seen") }).await?;
    Ok(Json(found).into_response())
}
