//! Which servers, which stream, and how the hub proves who it is.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Servers from which on a stream has three replicas when nothing is said.
const CLUSTER: usize = 3;
/// How long the servers know the ids they have seen.
const DUPLICATE_WINDOW: Duration = Duration::from_secs(10 * 60);
/// How long a message is kept: as long as the hub keeps an event.
const KEEP_DAYS: u64 = 30;
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// `[sinks.nats]` of `hub.toml`. It names files with secrets, and holds none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NatsConfig {
    /// The servers of one cluster: `tls://HOST:PORT` or `nats://HOST:PORT`.
    pub servers: Vec<String>,
    /// The stream.
    #[serde(default = "stream_default")]
    pub stream: String,
    /// What every subject begins with.
    #[serde(default = "prefix_default")]
    pub prefix: String,
    /// Copies of the stream; 3 with three servers or more, else 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replicas: Option<usize>,
    /// Seconds for which the servers drop an id that they have seen; 600 when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duplicate_window_secs: Option<u64>,
    /// Days for which the stream keeps a message; 30 when not given, 0 for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep_days: Option<u64>,
    /// A user, with the password in `password_file`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The file of the user's password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_file: Option<PathBuf>,
    /// The file of a token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_file: Option<PathBuf>,
    /// The file with a user's JWT and seed (`.creds`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub creds_file: Option<PathBuf>,
    /// The file of an nkey's seed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nkey_file: Option<PathBuf>,
    /// The certificate authorities of the servers, as PEM; those of the machine when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
    /// Whether `nats://` will do outside this machine: personal values go over the network as they are.
    #[serde(default)]
    pub allow_unencrypted: bool,
}

/// What is wrong with the configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// No server is named.
    #[error("name a server: servers = [\"tls://HOST:4222\"]")]
    NoServer,
    /// A server's address has another form, or holds a password.
    #[error("write each server as tls://HOST:PORT or nats://HOST:PORT, without user and password")]
    Server,
    /// A server outside this machine is named without encryption.
    #[error("{0} is outside this machine: write tls://, or say allow_unencrypted = true")]
    Unencrypted(String),
    /// The name of the stream is none.
    #[error("stream: letters, digits, - and _")]
    Stream,
    /// The prefix is none.
    #[error("prefix: letters, digits, - and _, in parts between dots")]
    Prefix,
    /// There is no such number of copies.
    #[error("replicas: 1 to 5")]
    Replicas,
    /// More than one way to prove who the hub is, or half of one.
    #[error("give one of token_file, creds_file, nkey_file, or user with password_file")]
    Credentials,
}

impl NatsConfig {
    /// A configuration with every default.
    #[must_use]
    pub fn new(servers: &[&str]) -> Self {
        Self {
            servers: servers.iter().map(|server| (*server).to_owned()).collect(),
            stream: stream_default(),
            prefix: prefix_default(),
            replicas: None,
            duplicate_window_secs: None,
            keep_days: None,
            user: None,
            password_file: None,
            token_file: None,
            creds_file: None,
            nkey_file: None,
            ca_file: None,
            allow_unencrypted: false,
        }
    }

    /// The same with its files in a folder, where their names are relative.
    #[must_use]
    pub fn in_folder(mut self, folder: &Path) -> Self {
        let files = [
            &mut self.password_file,
            &mut self.token_file,
            &mut self.creds_file,
            &mut self.nkey_file,
            &mut self.ca_file,
        ];
        for file in files.into_iter().flatten() {
            *file = folder.join(&*file);
        }
        self
    }

    /// Checks what types alone cannot say.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn check(&self) -> Result<(), OpenError> {
        if self.servers.is_empty() {
            return Err(OpenError::NoServer);
        }
        for server in &self.servers {
            let (encrypted, host) = parts(server).ok_or(OpenError::Server)?;
            if !encrypted && !self.allow_unencrypted && !is_here(host) {
                return Err(OpenError::Unencrypted(server.clone()));
            }
        }
        if !is_word(&self.stream) {
            return Err(OpenError::Stream);
        }
        if !self.prefix.split('.').all(is_word) {
            return Err(OpenError::Prefix);
        }
        if !(1..=5).contains(&self.replicas()) {
            return Err(OpenError::Replicas);
        }
        let ways = [&self.password_file, &self.token_file, &self.creds_file, &self.nkey_file];
        let ways = ways.into_iter().filter(|way| way.is_some()).count();
        if ways > 1 || self.user.is_some() != self.password_file.is_some() {
            return Err(OpenError::Credentials);
        }
        Ok(())
    }

    pub(crate) fn replicas(&self) -> usize {
        self.replicas.unwrap_or(if self.servers.len() >= CLUSTER { CLUSTER } else { 1 })
    }

    pub(crate) fn duplicate_window(&self) -> Duration {
        self.duplicate_window_secs.map_or(DUPLICATE_WINDOW, Duration::from_secs)
    }

    pub(crate) fn keep(&self) -> Duration {
        DAY.saturating_mul(u32::try_from(self.keep_days.unwrap_or(KEEP_DAYS)).unwrap_or(u32::MAX))
    }
}

/// Whether a server is reached by TLS, and its host.
fn parts(server: &str) -> Option<(bool, &str)> {
    let (scheme, rest) = server.split_once("://")?;
    let encrypted = match scheme {
        "tls" => true,
        "nats" => false,
        _ => return None,
    };
    let authority = rest.trim_end_matches('/');
    let host = match authority.strip_prefix('[') {
        Some(v6) => v6.split_once(']')?.0,
        None => authority.rsplit_once(':').map_or(authority, |(host, _)| host),
    };
    (!host.is_empty() && !authority.contains(['@', '/', '?', ' '])).then_some((encrypted, host))
}

fn is_here(host: &str) -> bool {
    host == "localhost" || host == "::1" || host.starts_with("127.")
}

fn is_word(text: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    !text.is_empty() && text.chars().all(is_plain)
}

fn stream_default() -> String {
    "FREEHOLD".to_owned()
}

fn prefix_default() -> String {
    "freehold".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(change: impl FnOnce(&mut NatsConfig), expected: Result<(), OpenError>) {
        let mut config = NatsConfig::new(&["tls://a.example:4222"]);
        change(&mut config);
        assert_eq!(config.check(), expected, "{config:?}");
    }

    #[test]
    fn whatever_leaves_the_machine_is_encrypted_unless_it_is_said_otherwise() {
        let plain = "nats://a.example:4222";
        check(|_| {}, Ok(()));
        check(|c| c.servers = vec!["nats://127.0.0.1:4222".into(), "nats://[::1]:1".into()], Ok(()));
        check(|c| c.servers.push(plain.into()), Err(OpenError::Unencrypted(plain.into())));
        check(|c| (c.servers, c.allow_unencrypted) = (vec![plain.into()], true), Ok(()));
    }

    #[test]
    fn what_cannot_be_used_is_refused() {
        check(|c| c.servers.clear(), Err(OpenError::NoServer));
        for server in ["a.example", "ws://a.example", "tls://u:p@a.example:4222", "tls://", "tls://a/b"] {
            check(|c| c.servers = vec![server.into()], Err(OpenError::Server));
        }
        check(|c| c.stream = "A.B".into(), Err(OpenError::Stream));
        check(|c| c.prefix = "crm..x".into(), Err(OpenError::Prefix));
        check(|c| c.prefix = "crm.>".into(), Err(OpenError::Prefix));
        check(|c| c.replicas = Some(0), Err(OpenError::Replicas));
        check(|c| c.user = Some("hub".into()), Err(OpenError::Credentials));
        let two = |c: &mut NatsConfig| {
            c.token_file = Some("t".into());
            c.creds_file = Some("c".into());
        };
        check(two, Err(OpenError::Credentials));
    }

    #[test]
    fn three_servers_hold_three_copies() {
        assert_eq!(NatsConfig::new(&["tls://a", "tls://b"]).replicas(), 1);
        assert_eq!(NatsConfig::new(&["tls://a", "tls://b", "tls://c"]).replicas(), 3);
    }
}
