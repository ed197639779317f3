//! Which database, and how the hub proves who it is.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio_postgres::config::{Config, Host, SslMode};

/// Longest wait for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// After which silence of the network the connection is tried, and given up.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(10);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(5);
const KEEPALIVE_RETRIES: u32 = 3;
/// How PostgreSQL's own views call the connection.
const APPLICATION_NAME: &str = "freehold";

/// `[sinks.postgres]` of `hub.toml`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TablesConfig {
    /// `postgres://USER@HOST:PORT/DATABASE`, or with `?host=/run/postgresql` the socket in a folder.
    pub url: String,
    /// The file of the user's password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_file: Option<PathBuf>,
    /// The certificate authorities of the server, as PEM; those of the machine when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
    /// Whether a server outside this machine may be spoken to without encryption.
    #[serde(default)]
    pub allow_unencrypted: bool,
}

/// What is wrong with the configuration. It does not repeat the URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The URL has another form.
    #[error(
        "write postgres://USER@HOST:PORT/DATABASE, with other characters than letters and digits percent-encoded"
    )]
    Form,
    /// It names no host.
    #[error("name a host, or with ?host=/run/postgresql the folder of its socket")]
    Host,
    /// It holds a password.
    #[error("leave the password out of the URL, and name its file: password_file")]
    Password,
}

impl TablesConfig {
    /// A configuration with every default.
    #[must_use]
    pub fn new(url: &str) -> Self {
        Self { url: url.to_owned(), password_file: None, ca_file: None, allow_unencrypted: false }
    }

    /// The same with its files in a folder, where their names are relative.
    #[must_use]
    pub fn in_folder(mut self, folder: &Path) -> Self {
        for file in [&mut self.password_file, &mut self.ca_file].into_iter().flatten() {
            *file = folder.join(&*file);
        }
        self
    }

    /// Checks what types alone cannot say.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn check(&self) -> Result<(), OpenError> {
        self.parsed().map(drop)
    }

    /// The connection's own settings, and whether it is encrypted.
    pub(crate) fn parsed(&self) -> Result<(Config, bool), OpenError> {
        if !self.url.starts_with("postgres://") && !self.url.starts_with("postgresql://") {
            return Err(OpenError::Form);
        }
        let mut config: Config = self.url.parse().map_err(|_| OpenError::Form)?;
        if config.get_password().is_some() {
            return Err(OpenError::Password);
        }
        let is_near = |host: &Host| match host {
            Host::Unix(_) => true,
            Host::Tcp(name) => name == "localhost" || name == "::1" || name.starts_with("127."),
        };
        if config.get_hosts().is_empty() {
            return Err(OpenError::Host);
        }
        let encrypted = !self.allow_unencrypted && !config.get_hosts().iter().all(is_near);
        config
            .ssl_mode(if encrypted { SslMode::Require } else { SslMode::Disable })
            .application_name(APPLICATION_NAME)
            .connect_timeout(CONNECT_TIMEOUT)
            .keepalives_idle(KEEPALIVE_IDLE)
            .keepalives_interval(KEEPALIVE_INTERVAL)
            .keepalives_retries(KEEPALIVE_RETRIES);
        Ok((config, encrypted))
    }
}

/// Shows neither host nor user.
impl fmt::Debug for TablesConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TablesConfig")
            .field("allow_unencrypted", &self.allow_unencrypted)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(url: &str, expected: Result<bool, OpenError>) {
        let got = TablesConfig::new(url).parsed().map(|(_, encrypted)| encrypted);
        assert_eq!(got, expected, "{url}");
    }

    #[test]
    fn whatever_leaves_the_machine_is_encrypted() {
        check("postgres://hub@db.example/crm", Ok(true));
        check("postgres://hub@127.0.0.1:5433/crm", Ok(false));
        check("postgres:///crm?host=/run/postgresql", Ok(false));
        check("postgres://hub@a.example,127.0.0.1/crm", Ok(true));
        // The URL's own word for it does not count.
        check("postgres://hub@db.example/crm?sslmode=disable", Ok(true));
    }

    #[test]
    fn what_cannot_be_used_is_refused_without_repeating_it() {
        check("mysql://hub@db.example/crm", Err(OpenError::Form));
        check("postgres:///crm", Err(OpenError::Host));
        check("postgres://hub:s3cr3t@db.example/crm", Err(OpenError::Password));
        let config = TablesConfig::new("postgres://hub:s3cr3t@db.example/crm");
        assert!(!format!("{config:?}").contains("s3cr3t"));
    }
}
