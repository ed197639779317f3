//! What every page has beside its text: the further looks, and the one script.

use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use axum::routing::get;
use freehold_web::layout;

use crate::Page;

/// Where the further looks are.
pub(crate) const STYLE_PATH: &str = "/page.css";

/// Where the script is.
pub(crate) const SCRIPT_PATH: &str = "/page.js";

pub(crate) fn routes() -> Router<Arc<Page>> {
    Router::new()
        .route(
            STYLE_PATH,
            get(|| async { file(include_str!("../../assets/page.css"), "text/css; charset=utf-8") }),
        )
        .route(
            SCRIPT_PATH,
            get(|| async { file(include_str!("../../assets/page.js"), "text/javascript; charset=utf-8") }),
        )
}

fn file(text: &'static str, kind: &'static str) -> Response {
    let mut response = layout::with_type(text.into(), kind);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    response
}
