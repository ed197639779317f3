//! Where traces go.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// `[telemetry]` of `hub.toml`. It names the file of a secret, and holds none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TelemetryConfig {
    /// A collector of OpenTelemetry that takes OTLP over HTTP with protobuf, such as `http://127.0.0.1:4318`.
    pub otlp: String,
    /// The file of a bearer token for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_file: Option<PathBuf>,
    /// The certificate authorities to trust beside the machine's, as PEM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
}

impl TelemetryConfig {
    /// The same with its files in a folder, where their names are relative.
    #[must_use]
    pub fn in_folder(mut self, folder: &Path) -> Self {
        for file in [&mut self.token_file, &mut self.ca_file].into_iter().flatten() {
            *file = folder.join(&*file);
        }
        self
    }

    /// What is wrong, if anything is.
    pub(super) fn refusal(&self) -> Option<String> {
        let is_url = ["http://", "https://"].iter().any(|scheme| self.otlp.starts_with(scheme));
        let is_plain = !self.otlp.contains(['?', '#', '@', ' ']);
        (!is_url || !is_plain).then(|| {
            "otlp: write the collector's address without a path, such as http://127.0.0.1:4318".to_owned()
        })
    }
}
