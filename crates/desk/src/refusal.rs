//! Why a request gets nothing: one list for pages and programs.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use freehold_hub::{AskCustomerError, EvidenceError, JournalBroken, ReadError, RetryError, StaffError};
use freehold_web::{Problem, layout};
use maud::html;

/// A request that is refused. As a response it is `problem+json`; [`Refusal::as_page`] shows it to people.
#[derive(Debug)]
pub(crate) struct Refusal(pub(crate) Problem);

impl Refusal {
    pub(crate) fn new(status: StatusCode, code: &str, detail: impl std::fmt::Display) -> Self {
        Self(Problem::new(status, code, detail))
    }

    pub(crate) fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", format!("there is no such {what}"))
    }

    pub(crate) fn forbidden(role: &str) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", format!("this needs the role {role}"))
    }

    pub(crate) fn bad(detail: impl std::fmt::Display) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad-request", detail)
    }

    /// A page of its own, for people.
    pub(crate) fn as_page(&self) -> Response {
        let frame = layout::Frame { title: "Not done", ..layout::Frame::default() };
        let body = html! {
            h1 { "That did not work" }
            p.lead { (sentence(self.0.detail())) }
            p.note { "Code: " code { (self.0.code()) } }
            p { a href="/" { "Back to the overview" } }
        };
        let mut response = layout::answer(layout::page(&frame, &body));
        *response.status_mut() = self.0.status();
        response
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        self.0.into_response()
    }
}

/// An error's text as a sentence.
pub(crate) fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(char::to_uppercase).into_iter().flatten();
    let mut text: String = first.chain(chars).collect();
    if !text.ends_with(['.', '!', '?']) {
        text.push('.');
    }
    text
}

impl From<StaffError> for Refusal {
    fn from(error: StaffError) -> Self {
        let (status, code) = match &error {
            StaffError::Name => (StatusCode::UNPROCESSABLE_ENTITY, "bad-value"),
            StaffError::Nameless => (StatusCode::FORBIDDEN, "sign-in-name"),
            StaffError::Unlisted(_) => (StatusCode::FORBIDDEN, "sign-in-unlisted"),
            StaffError::Taken(_) => (StatusCode::FORBIDDEN, "sign-in-taken"),
            StaffError::NoRole(_) => (StatusCode::FORBIDDEN, "sign-in-role"),
            StaffError::Exists(_) | StaffError::LastAdmin(_) => (StatusCode::CONFLICT, "conflict"),
            StaffError::Unknown(_) => (StatusCode::NOT_FOUND, "not-found"),
            StaffError::TooMany => (StatusCode::CONFLICT, "too-many"),
            StaffError::Store(_) => (StatusCode::INTERNAL_SERVER_ERROR, "store-failed"),
        };
        Self::new(status, code, error)
    }
}

impl From<ReadError> for Refusal {
    fn from(error: ReadError) -> Self {
        let (status, code) = match &error {
            ReadError::CustomerUnknown => (StatusCode::NOT_FOUND, "not-found"),
            ReadError::Path(_) | ReadError::Paths | ReadError::Purpose(_) => {
                (StatusCode::UNPROCESSABLE_ENTITY, "bad-value")
            }
            ReadError::NotConnected | ReadError::Elsewhere(_) | ReadError::Timeout => {
                (StatusCode::SERVICE_UNAVAILABLE, "not-connected")
            }
            ReadError::Answer(_) => (StatusCode::BAD_GATEWAY, "bad-signature"),
            ReadError::Denied(_) => (StatusCode::FORBIDDEN, "denied"),
            ReadError::Store(_) => (StatusCode::INTERNAL_SERVER_ERROR, "store-failed"),
        };
        Self::new(status, code, error)
    }
}

impl From<AskCustomerError> for Refusal {
    fn from(error: AskCustomerError) -> Self {
        let (status, code) = match &error {
            AskCustomerError::CustomerUnknown | AskCustomerError::Ask(_) => {
                (StatusCode::NOT_FOUND, "not-found")
            }
            AskCustomerError::Asked | AskCustomerError::TooOften => {
                (StatusCode::CONFLICT, "not-possible-now")
            }
            AskCustomerError::Store(_) => (StatusCode::INTERNAL_SERVER_ERROR, "store-failed"),
        };
        Self::new(status, code, error)
    }
}

impl From<RetryError> for Refusal {
    fn from(error: RetryError) -> Self {
        let (status, code) = match &error {
            RetryError::Unknown(_) => (StatusCode::NOT_FOUND, "not-found"),
            RetryError::Store(_) => (StatusCode::INTERNAL_SERVER_ERROR, "store-failed"),
            _ => (StatusCode::CONFLICT, "not-possible-now"),
        };
        Self::new(status, code, error)
    }
}

impl From<EvidenceError> for Refusal {
    fn from(error: EvidenceError) -> Self {
        let (status, code) = match &error {
            EvidenceError::CustomerUnknown => (StatusCode::NOT_FOUND, "not-found"),
            EvidenceError::Document(_) | EvidenceError::Store(_) => {
                (StatusCode::INTERNAL_SERVER_ERROR, "store-failed")
            }
        };
        Self::new(status, code, error)
    }
}

impl From<JournalBroken> for Refusal {
    fn from(error: JournalBroken) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "audit-broken", error)
    }
}
