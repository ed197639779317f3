//! Where a database is.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use tokio_postgres::config::{Config, Host};

/// Longest wait for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// After which silence of the network the connection is tried, and given up.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(10);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(5);
const KEEPALIVE_RETRIES: u32 = 3;
/// How the connections are called in PostgreSQL's own views.
const APPLICATION_NAME: &str = "freehold";

/// A database of a PostgreSQL: `postgres://USER@HOST:PORT/DATABASE`, or with `?host=/run/postgresql` the socket in a folder.
#[derive(Clone)]
pub struct Address {
    pub(crate) config: Config,
}

/// Why an address cannot be used. It does not repeat what was written, which may hold a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// It has another form.
    #[error(
        "write postgres://USER@HOST:PORT/DATABASE, with other characters than letters and digits percent-encoded"
    )]
    Form,
    /// No host is named.
    #[error("name a host, or with ?host=/run/postgresql the folder of its socket")]
    Host,
}

impl Address {
    /// Whether every server that it names is on this machine: a socket in a folder, or loopback, by name and by number.
    #[must_use]
    pub fn is_near(&self) -> bool {
        let is_near = |host: &Host| match host {
            Host::Unix(_) => true,
            Host::Tcp(name) => name == "localhost" || name == "::1" || name.starts_with("127."),
        };
        // `hostaddr` is where a connection goes, whatever name stands beside it.
        let numbers = self.config.get_hostaddrs();
        self.config.get_hosts().iter().all(is_near) && numbers.iter().all(std::net::IpAddr::is_loopback)
    }

    /// The password in it.
    #[must_use]
    pub fn password(&self) -> Option<&[u8]> {
        self.config.get_password()
    }

    /// Gives the password, where it has none.
    #[must_use]
    pub fn with_password(mut self, password: &str) -> Self {
        if self.config.get_password().is_none() {
            self.config.password(password);
        }
        self
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        if !text.starts_with("postgres://") && !text.starts_with("postgresql://") {
            return Err(AddressError::Form);
        }
        let mut config: Config = text.parse().map_err(|_| AddressError::Form)?;
        if config.get_hosts().is_empty() {
            return Err(AddressError::Host);
        }
        config
            .application_name(APPLICATION_NAME)
            .connect_timeout(CONNECT_TIMEOUT)
            .keepalives_idle(KEEPALIVE_IDLE)
            .keepalives_interval(KEEPALIVE_INTERVAL)
            .keepalives_retries(KEEPALIVE_RETRIES);
        Ok(Self { config })
    }
}

/// Shows neither password, user nor host.
impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Address").field("is_near", &self.is_near()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<bool, AddressError>) {
        assert_eq!(text.parse::<Address>().map(|address| address.is_near()), expected, "{text}");
    }

    #[test]
    fn near_is_what_does_not_leave_the_machine_by_any_of_its_hosts() {
        check("postgres://hub@127.0.0.1:5433/hub", Ok(true));
        check("postgresql://hub@localhost/hub", Ok(true));
        check("postgres:///hub?host=/run/postgresql", Ok(true));
        check("postgres://hub@db.example/hub", Ok(false));
        check("postgres://hub@a.example,127.0.0.1/hub", Ok(false));
    }

    #[test]
    fn a_near_name_with_a_number_elsewhere_is_not_near() {
        check("postgres://hub@localhost/hub?hostaddr=192.0.2.1", Ok(false));
        check("postgres://hub@localhost/hub?hostaddr=127.0.0.1", Ok(true));
        check("postgres://hub@db.example/hub?hostaddr=127.0.0.1", Ok(false));
    }

    #[test]
    fn what_cannot_be_used_is_refused_without_repeating_it() {
        check("mysql://hub@db.example/hub", Err(AddressError::Form));
        check("postgres://hub:s3cr3t@db.example:port/hub", Err(AddressError::Form));
        check("postgres:///hub", Err(AddressError::Host));
        let address: Address = "postgres://hub:s3cr3t@db.example/hub".parse().unwrap();
        assert!(!format!("{address:?}").contains("s3cr3t"));
    }

    #[test]
    fn the_password_in_the_address_is_the_one_that_counts() {
        let given = |text: &str| text.parse::<Address>().unwrap().with_password("file");
        assert_eq!(given("postgres://hub@db.example/hub").password(), Some(&b"file"[..]));
        assert_eq!(given("postgres://hub:url@db.example/hub").password(), Some(&b"url"[..]));
    }
}
