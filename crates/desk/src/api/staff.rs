//! Users, tokens and what the staff did. For administrators.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{Method, StatusCode};
use axum::response::IntoResponse;
use axum::routing::{delete, get, post};
use freehold_hub::Role;
use freehold_web::Token;
use serde::Deserialize;
use serde_json::json;

use super::{Answer, Asked, Named, Route, limit};
use crate::Desk;
use crate::access::Program;
use crate::refusal::Refusal;
use crate::sign_in::stretched;

/// Entries in one answer when nobody says.
const LISTED: usize = 100;

/// Most entries in one answer.
const LISTED_MAX: usize = 1_000;

pub(super) fn all() -> Vec<Route> {
    vec![
        Route::new(Method::GET, "/users", Role::Admin, || get(users)),
        Route::new(Method::POST, "/users", Role::Admin, || post(add_user)),
        Route::new(Method::DELETE, "/users/{name}", Role::Admin, || delete(remove_user)),
        Route::new(Method::GET, "/tokens", Role::Admin, || get(tokens)),
        Route::new(Method::POST, "/tokens", Role::Admin, || post(add_token)),
        Route::new(Method::DELETE, "/tokens/{name}", Role::Admin, || delete(remove_token)),
        Route::new(Method::GET, "/audit", Role::Admin, || get(audit)),
    ]
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewUser {
    name: String,
    role: Role,
    /// Without one they come by the identity provider.
    password: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewToken {
    name: String,
    role: Role,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    before: Option<u64>,
    limit: Option<u32>,
}

type Body<T> = Result<Json<T>, axum::extract::rejection::JsonRejection>;

async fn users(State(desk): State<Arc<Desk>>) -> Answer {
    Ok(Json(desk.hub.staff()).into_response())
}

async fn add_user(State(desk): State<Arc<Desk>>, Program(visitor): Program, body: Body<NewUser>) -> Answer {
    // Not the parser's own text, which may quote the password.
    let Json(user) =
        body.map_err(|_| Refusal::bad("write {\"name\": ..., \"role\": ..., \"password\": ...}"))?;
    let record = match user.password.map(zeroize::Zeroizing::new) {
        Some(password) => Some(stretched(&password).await?),
        None => None,
    };
    desk.hub.add_staff(&visitor.who, &user.name, user.role, record).await?;
    Ok((StatusCode::CREATED, Json(json!({"name": user.name, "role": user.role}))).into_response())
}

async fn remove_user(
    State(desk): State<Arc<Desk>>,
    Program(visitor): Program,
    Named(name): Named<String>,
) -> Answer {
    desk.hub.remove_staff(&visitor.who, &name).await?;
    desk.sessions.end_all(&name);
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn tokens(State(desk): State<Arc<Desk>>) -> Answer {
    Ok(Json(desk.hub.api_tokens()).into_response())
}

async fn add_token(State(desk): State<Arc<Desk>>, Program(visitor): Program, body: Body<NewToken>) -> Answer {
    let Json(new) = body.map_err(|_| Refusal::bad("write {\"name\": ..., \"role\": ...}"))?;
    let token = Token::generate().map_err(|error| Refusal::bad(error.to_string()))?;
    desk.hub.add_api_token(&visitor.who, &new.name, new.role, *token.digest().as_bytes()).await?;
    let answer = json!({"name": new.name, "role": new.role, "token": token.danger_text()});
    Ok((StatusCode::CREATED, Json(answer)).into_response())
}

async fn remove_token(
    State(desk): State<Arc<Desk>>,
    Program(visitor): Program,
    Named(name): Named<String>,
) -> Answer {
    desk.hub.remove_api_token(&visitor.who, &name).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn audit(
    State(desk): State<Arc<Desk>>,
    Program(visitor): Program,
    Asked(asked): Asked<Listed>,
) -> Answer {
    desk.hub.note(visitor.did("audit-seen")).await?;
    let entries = desk.hub.journal(asked.before, limit(asked.limit, LISTED).min(LISTED_MAX));
    Ok(Json(json!({"entries": entries, "verified": desk.hub.verify_journal()?})).into_response())
}
