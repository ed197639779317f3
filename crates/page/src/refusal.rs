//! What is said when something cannot be done.

use axum::http::StatusCode;
use axum::response::Response;
use freehold_api::ApiError;
use freehold_person::PersonError;
use maud::html;

use crate::frame::{self, Look};

/// Why something was not done.
#[derive(Debug)]
pub(crate) struct Refusal {
    status: StatusCode,
    code: String,
    detail: String,
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, code: &str, detail: impl std::fmt::Display) -> Self {
        Self { status, code: code.to_owned(), detail: detail.to_string() }
    }

    pub(crate) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", "there is nothing at this address")
    }

    /// What happened and what to do, as a sentence in the reader's language; what the engine says itself is English.
    pub(crate) fn sentence(&self, look: &Look) -> String {
        match look.tongue.find(&format!("error-{}", self.code), None) {
            Some(known) => known,
            None => sentence(&self.detail),
        }
    }

    /// As a page of its own.
    pub(crate) fn shown(&self, look: &Look) -> Response {
        let t = look.tongue;
        let body = html! {
            h1 { (say!(t, "not-done")) }
            p.told.bad role="alert" { (self.sentence(look)) }
            p { a.button href="/" { (say!(t, "to-the-beginning")) } }
        };
        let mut response = frame::bare(look, &say!(t, "not-done"), &body);
        *response.status_mut() = self.status;
        response
    }
}

/// A text as a sentence.
pub(crate) fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let begun: String =
        chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default();
    if begun.ends_with(['.', '!', '?', '…']) { begun } else { format!("{begun}.") }
}

impl From<PersonError> for Refusal {
    fn from(error: PersonError) -> Self {
        ApiError::from(error).into()
    }
}

impl From<ApiError> for Refusal {
    fn from(error: ApiError) -> Self {
        let status = match error.code.as_str() {
            "not-found" => StatusCode::NOT_FOUND,
            "store-failed" | "store-corrupt" | "internal" => StatusCode::INTERNAL_SERVER_ERROR,
            "disk-full" => StatusCode::INSUFFICIENT_STORAGE,
            "vendor-unreachable" => StatusCode::BAD_GATEWAY,
            "not-running" => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::BAD_REQUEST,
        };
        Self { status, code: error.code, detail: error.message }
    }
}
