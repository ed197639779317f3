//! Which database, and how the hub proves who it is.

use std::fmt;
use std::path::{Path, PathBuf};

use freehold_pgclient::{Address, AddressError, Encryption};
use serde::{Deserialize, Serialize};

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
    /// The URL.
    #[error(transparent)]
    Address(#[from] AddressError),
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

    /// Where the database is, and whether that is spoken to encrypted. What the URL itself says of encryption does not count.
    pub(crate) fn parsed(&self) -> Result<(Address, Encryption), OpenError> {
        let address: Address = self.url.parse()?;
        if address.password().is_some() {
            return Err(OpenError::Password);
        }
        let encryption = if self.allow_unencrypted || address.is_near() {
            Encryption::No
        } else {
            Encryption::Proven { authorities: self.ca_file.clone() }
        };
        Ok((address, encryption))
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
        let got = TablesConfig::new(url).parsed().map(|(_, encryption)| encryption != Encryption::No);
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
        check("mysql://hub@db.example/crm", Err(AddressError::Form.into()));
        check("postgres:///crm", Err(AddressError::Host.into()));
        check("postgres://hub:s3cr3t@db.example/crm", Err(OpenError::Password));
        let config = TablesConfig::new("postgres://hub:s3cr3t@db.example/crm");
        assert!(!format!("{config:?}").contains("s3cr3t"));
    }
}
