//! What the vendor's monitoring asks: figures, whether the process lives, whether it can work.
//!
//! These answer without a sign-in, and so only to whoever asks for the address that is listened on: behind a proxy, under
//! the page's public name, they are not there.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use freehold_web::Problem;

use crate::Desk;

/// What Prometheus expects of the text.
const METRICS_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

pub(crate) fn routes() -> Router<Arc<Desk>> {
    Router::new()
        .route("/metrics", get(metrics))
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
}

async fn metrics(State(desk): State<Arc<Desk>>, headers: HeaderMap) -> Response {
    if let Some(refused) = from_outside(&desk, &headers) {
        return refused;
    }
    let mut response = desk.hub.metrics().await.into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(METRICS_TYPE));
    response
}

/// The process lives, and answers.
async fn healthz(State(desk): State<Arc<Desk>>, headers: HeaderMap) -> Response {
    from_outside(&desk, &headers).unwrap_or_else(|| "ok\n".into_response())
}

async fn readyz(State(desk): State<Arc<Desk>>, headers: HeaderMap) -> Response {
    if let Some(refused) = from_outside(&desk, &headers) {
        return refused;
    }
    let ready = desk.hub.ready().await;
    let status = if ready.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, axum::Json(ready)).into_response()
}

fn from_outside(desk: &Desk, headers: &HeaderMap) -> Option<Response> {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let near = desk.site.is_near_host(&host.to_ascii_lowercase());
    (!near).then(|| Problem::new(StatusCode::NOT_FOUND, "not-found", "there is nothing here").into_response())
}
