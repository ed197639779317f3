//! The one form of a failed call.

use std::fmt;

use axum::http::StatusCode;
use freehold_web::Problem;
use serde::{Deserialize, Serialize};

use crate::exit;

/// Why a call failed. It carries no value of any field, only paths and ids.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApiError {
    /// What a script matches: `snake-case`, never changed.
    pub code: String,
    /// A sentence that says what to do.
    pub message: String,
    /// The exit status of a command that ends with this error; see [`exit`].
    pub exit: u8,
    /// The paths it is about, where it is about paths.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<String>,
}

impl ApiError {
    /// An error with the exit status of its code.
    #[must_use]
    pub fn new(code: &str, message: impl fmt::Display) -> Self {
        Self {
            code: code.to_owned(),
            message: message.to_string(),
            exit: exit::status(code),
            paths: Vec::new(),
        }
    }

    /// The same error about these paths.
    #[must_use]
    pub fn with_paths(self, paths: Vec<String>) -> Self {
        Self { paths, ..self }
    }

    /// The HTTP status it is sent with.
    fn http_status(&self) -> StatusCode {
        match self.code.as_str() {
            "usage" | "bad-request" => StatusCode::BAD_REQUEST,
            "no-token" => StatusCode::UNAUTHORIZED,
            "unknown-call" => StatusCode::NOT_FOUND,
            "wrong-method" => StatusCode::METHOD_NOT_ALLOWED,
            "too-large" => StatusCode::PAYLOAD_TOO_LARGE,
            "not-possible-now" => StatusCode::CONFLICT,
            // The vendor's request, not the caller's.
            "bad-signature" => StatusCode::BAD_GATEWAY,
            "no-answer" => StatusCode::GATEWAY_TIMEOUT,
            _ => match self.exit {
                exit::BAD_VALUE | exit::INVITATION | exit::CARD | exit::MISSING_FIELDS => {
                    StatusCode::UNPROCESSABLE_ENTITY
                }
                exit::DENIED => StatusCode::FORBIDDEN,
                exit::NOT_FOUND => StatusCode::NOT_FOUND,
                exit::BACKUP | exit::HOME_IN_USE | exit::PASSPHRASE => StatusCode::CONFLICT,
                exit::VENDOR => StatusCode::BAD_GATEWAY,
                exit::NOT_RUNNING => StatusCode::SERVICE_UNAVAILABLE,
                exit::DISK_FULL => StatusCode::INSUFFICIENT_STORAGE,
                _ => StatusCode::INTERNAL_SERVER_ERROR,
            },
        }
    }
}

/// How it travels.
impl From<&ApiError> for Problem {
    fn from(error: &ApiError) -> Self {
        Self::new(error.http_status(), &error.code, error).ending(error.exit).about(error.paths.clone())
    }
}

impl From<Problem> for ApiError {
    fn from(problem: Problem) -> Self {
        let error = Self::new(problem.code(), problem.detail());
        let exit = problem.exit().unwrap_or(error.exit);
        Self { exit, ..error }.with_paths(problem.paths().to_vec())
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ApiError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_comes_back_from_its_problem_as_it_was() {
        let own = ApiError { exit: exit::DENIED, ..ApiError::new("purpose-not-granted", "no such purpose") };
        let missing = ApiError::new("missing-fields", "set them").with_paths(vec!["phone.mobile".into()]);
        for error in [own, missing, ApiError::new("internal", "look at the log")] {
            let json = serde_json::to_vec(&Problem::from(&error)).unwrap();
            let problem: Problem = serde_json::from_slice(&json).unwrap();
            assert_eq!(ApiError::from(problem), error);
        }
    }

    #[test]
    fn the_status_says_whose_fault_it_is() {
        let check = |code: &str, status: u16| {
            let problem = Problem::from(&ApiError::new(code, "told"));
            assert_eq!(problem.status().as_u16(), status, "{code}");
        };
        check("bad-request", 400);
        check("no-token", 401);
        check("denied", 403);
        check("not-found", 404);
        check("unknown-call", 404);
        check("not-possible-now", 409);
        check("backup-damaged", 409);
        check("bad-value", 422);
        check("missing-fields", 422);
        check("store-failed", 500);
        check("vendor-unreachable", 502);
        check("not-running", 503);
        check("disk-full", 507);
    }
}
