//! Where the database is, and how it is reached.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use freehold_pgclient::{Address, AddressError, Encryption};

/// A database of a PostgreSQL: `postgres://USER@HOST:PORT/DATABASE`, or with `?host=/run/postgresql` the socket in a folder.
///
/// Over the network everything is encrypted and the server has to prove its name, to the machine's certificate authorities or to
/// those in the file of `sslrootcert=PATH`; only `sslmode=disable` leaves that out. `durability=unsafe` takes a PostgreSQL that
/// may lose what it has committed.
#[derive(Clone)]
pub struct Location {
    pub(crate) address: Address,
    pub(crate) encryption: Encryption,
    pub(crate) danger_unsafe: bool,
}

/// Why a location cannot be used. It does not repeat what was written, which may hold a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LocationError {
    /// The address itself.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// A parameter has a value that nobody knows.
    #[error("{0} has a value that is not known")]
    Parameter(&'static str),
}

impl Location {
    /// Gives the password, where the location itself has none.
    #[must_use]
    pub fn with_password(self, password: &str) -> Self {
        Self { address: self.address.with_password(password), ..self }
    }

    /// Whether the location holds a password.
    #[must_use]
    pub fn has_password(&self) -> bool {
        self.address.password().is_some()
    }
}

impl FromStr for Location {
    type Err = LocationError;

    fn from_str(text: &str) -> Result<Self, LocationError> {
        let (base, query) = text.split_once('?').unwrap_or((text, ""));
        let mut left = Vec::new();
        let (mut mode, mut authorities, mut danger_unsafe) = (None, None, false);
        for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
            match parameter.split_once('=').ok_or(AddressError::Form)? {
                ("sslmode", "disable") => mode = Some(false),
                ("sslmode", "require" | "verify-ca" | "verify-full") => mode = Some(true),
                ("sslmode", _) => return Err(LocationError::Parameter("sslmode")),
                ("sslrootcert", path) => authorities = Some(PathBuf::from(path.replace("%2F", "/"))),
                ("durability", "unsafe") => danger_unsafe = true,
                ("durability", _) => return Err(LocationError::Parameter("durability")),
                _ => left.push(parameter),
            }
        }
        let rest = if left.is_empty() { base.to_owned() } else { format!("{base}?{}", left.join("&")) };
        let address: Address = rest.parse()?;
        let encryption = match mode.unwrap_or(!address.is_near()) {
            true => Encryption::Proven { authorities },
            false => Encryption::No,
        };
        Ok(Self { address, encryption, danger_unsafe })
    }
}

/// Shows neither password nor user.
impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Location").field("encryption", &self.encryption).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<bool, LocationError>) {
        let got = text.parse::<Location>().map(|location| location.encryption != Encryption::No);
        assert_eq!(got, expected, "{text}");
    }

    #[test]
    fn whatever_leaves_the_machine_is_encrypted_unless_it_is_said_otherwise() {
        check("postgres://hub@db.example/hub", Ok(true));
        check("postgres://hub@db.example/hub?sslmode=verify-full", Ok(true));
        check("postgres://hub@db.example/hub?sslmode=disable", Ok(false));
        check("postgres://hub@127.0.0.1:5433/hub", Ok(false));
        check("postgres://hub@127.0.0.1:5433/hub?sslmode=require", Ok(true));
        check("postgres:///hub?host=/run/postgresql", Ok(false));
        check("postgres://hub@a.example,127.0.0.1/hub", Ok(true));
        check("postgres://hub@localhost/hub?hostaddr=192.0.2.1", Ok(true));
    }

    #[test]
    fn what_cannot_be_used_is_refused_without_repeating_it() {
        check("mysql://hub@db.example/hub", Err(AddressError::Form.into()));
        check("postgres://hub:s3cr3t@db.example:port/hub", Err(AddressError::Form.into()));
        check("postgres:///hub", Err(AddressError::Host.into()));
        // An attacker in the middle would only have to speak without encryption.
        check("postgres://hub@db.example/hub?sslmode=prefer", Err(LocationError::Parameter("sslmode")));
        check("postgres://hub@db.example/hub?durability=none", Err(LocationError::Parameter("durability")));
        let location: Location = "postgres://hub:s3cr3t@db.example/hub".parse().unwrap();
        assert!(!format!("{location:?}").contains("s3cr3t"));
        assert!(location.has_password());
    }

    #[test]
    fn the_password_in_the_location_is_the_one_that_counts() {
        let given = |text: &str| text.parse::<Location>().unwrap().with_password("file");
        assert_eq!(given("postgres://hub@db.example/hub").address.password(), Some(&b"file"[..]));
        assert_eq!(given("postgres://hub:url@db.example/hub").address.password(), Some(&b"url"[..]));
    }
}
