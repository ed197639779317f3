//! Errors as `application/problem+json` (RFC 9457).

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What went wrong, for a program to match and a person to read. It carries no personal value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Problem {
    /// `about:blank`, since `code` says which it is.
    #[serde(rename = "type")]
    #[schemars(with = "String")]
    kind: Blank,
    /// What the status means.
    title: String,
    /// The HTTP status.
    status: u16,
    /// What a script matches: never changed.
    code: String,
    /// A sentence that says what to do.
    detail: String,
    /// The exit status of a command that ends with this problem, where there is such a command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    exit: Option<u8>,
    /// The paths of the vault that it is about, where it is about paths.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    paths: Vec<String>,
    #[serde(skip)]
    retry_after_secs: Option<u64>,
}

/// The one type of problem there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Blank;

impl Serialize for Blank {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("about:blank")
    }
}

impl<'de> Deserialize<'de> for Blank {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|_| Self)
    }
}

/// The media type of a problem.
pub const PROBLEM_TYPE: &str = "application/problem+json";

impl Problem {
    /// A problem of this status.
    #[must_use]
    pub fn new(status: StatusCode, code: &str, detail: impl std::fmt::Display) -> Self {
        Self {
            kind: Blank,
            title: status.canonical_reason().unwrap_or("Error").to_owned(),
            status: status.as_u16(),
            code: code.to_owned(),
            detail: detail.to_string(),
            exit: None,
            paths: Vec::new(),
            retry_after_secs: None,
        }
    }

    /// The same problem, with which a command ends with this exit status.
    #[must_use]
    pub fn ending(self, exit: u8) -> Self {
        Self { exit: Some(exit), ..self }
    }

    /// The same problem about these paths.
    #[must_use]
    pub fn about(self, paths: Vec<String>) -> Self {
        Self { paths, ..self }
    }

    /// The same problem, which will be none after so long.
    #[must_use]
    pub fn until(self, wait: std::time::Duration) -> Self {
        Self { retry_after_secs: Some(wait.as_secs().max(1)), ..self }
    }

    /// Its status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// Its sentence.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// Its code.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.code
    }

    /// The exit status of a command that ends with it.
    #[must_use]
    pub fn exit(&self) -> Option<u8> {
        self.exit
    }

    /// The paths that it is about.
    #[must_use]
    pub fn paths(&self) -> &[String] {
        &self.paths
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(serde_json::to_vec(&self).unwrap_or_default()));
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_TYPE));
        if let Some(secs) = self.retry_after_secs {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(secs));
        }
        response
    }
}
