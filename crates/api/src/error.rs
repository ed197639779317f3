//! The one form of a failed call.

use std::fmt;

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
    pub(crate) fn http_status(&self) -> u16 {
        match self.exit {
            exit::USAGE | exit::BAD_VALUE | exit::INVITATION | exit::CARD | exit::MISSING_FIELDS => 400,
            exit::DENIED => 403,
            exit::NOT_FOUND => 404,
            exit::VENDOR => 502,
            exit::DISK_FULL => 507,
            _ => 500,
        }
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ApiError {}

/// How an [`ApiError`] travels: `{"error":{…}}`.
#[derive(Serialize, Deserialize)]
pub(crate) struct Envelope {
    pub(crate) error: ApiError,
}
