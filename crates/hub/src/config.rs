//! The hub's configuration: `hub.toml` in its home.

use std::fmt;
use std::path::{Path, PathBuf};

use freehold_crm::CrmConfig;
use freehold_nats::NatsConfig;
use freehold_protocol::identity::Did;
use freehold_protocol::limits::TEXT_BYTES_MAX;
use freehold_tables::TablesConfig;
use freehold_transport::Address;
use serde::{Deserialize, Serialize};

mod amount;
mod environment;
mod oidc;
mod telemetry;

pub use amount::Amount;
pub use oidc::OidcConfig;
pub use telemetry::TelemetryConfig;

/// Where a hub listens when nothing else is said: QUIC, and TCP for networks that block it.
const LISTEN_DEFAULT: [&str; 2] = ["/ip4/0.0.0.0/udp/4101/quic-v1", "/ip4/0.0.0.0/tcp/4101"];

/// The version of the file's form that this build writes, and the newest it reads.
const VERSION: u32 = 1;

/// What a vendor configures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HubConfig {
    /// The version of this file's form; 1 where it is not said.
    #[serde(default = "version_default")]
    pub version: u32,
    /// What the vendor calls itself towards persons.
    pub name: String,
    /// Which kind of DID it has.
    #[serde(default)]
    pub did: DidChoice,
    /// Multiaddrs to listen on.
    #[serde(default = "listen_default")]
    pub listen: Vec<String>,
    /// Multiaddrs to put into links and documents; empty for those it really listens on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub announce: Vec<String>,
    /// Seconds between check-ins, when sessions are not to stay open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check_in_secs: Option<u32>,
    /// What is logged, such as `info` or `warn,freehold_hub=debug`, where the command line does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<String>,
    /// Where the hub's store is, if not in the home: `postgres://…`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store: Option<StoreLocation>,
    /// The file with the password for it; a relative path begins in the home.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store_password_file: Option<PathBuf>,
    /// The number of this process among several over one database; none for a hub that is one process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replica: Option<u32>,
    /// Where events go.
    #[serde(default)]
    pub sinks: SinksConfig,
    /// The CRM that is kept up to date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crm: Option<CrmConfig>,
    /// The page and the interface for the vendor's staff, and the figures for its monitoring; off when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http: Option<HttpConfig>,
    /// What the vendor's own figures are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<ValueConfig>,
    /// Where traces go; nowhere when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub telemetry: Option<TelemetryConfig>,
}

/// A database, as a URL. It may hold a password.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StoreLocation(String);

impl StoreLocation {
    /// Takes a URL as it was typed.
    #[must_use]
    pub fn new(url: &str) -> Self {
        Self(url.to_owned())
    }

    /// The URL, with its password.
    #[must_use]
    pub fn danger_text(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for StoreLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StoreLocation(…)")
    }
}

/// The vendor's DID: `"key"`, or a `did:web:…`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum DidChoice {
    /// A `did:key` of the vendor's own key.
    #[default]
    Key,
    /// This `did:web`, whose document the vendor publishes.
    Web(String),
}

/// Where events go. With none, they stay in the hub's own log.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SinksConfig {
    /// A file of JSON lines; a relative path begins in the home.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jsonl: Option<PathBuf>,
    /// First wait of the retry schedule in milliseconds; 5,000 when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_base_ms: Option<u64>,
    /// Attempts before an event goes to the dead letters; 10 when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempts_max: Option<u32>,
    /// A webhook.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook: Option<WebhookConfig>,
    /// A stream of NATS JetStream.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nats: Option<NatsConfig>,
    /// Tables in a PostgreSQL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub postgres: Option<TablesConfig>,
}

/// A webhook, signed by Standard Webhooks.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookConfig {
    /// Its address.
    pub url: String,
    /// The secret shared with it: `whsec_…`.
    pub secret: String,
    /// Whether `http://` will do.
    #[serde(default)]
    pub allow_http: bool,
    /// Whether it may be on loopback or inside a private network.
    #[serde(default)]
    pub inward: bool,
}

/// Shows neither the secret nor the address: many services put a token into it.
impl fmt::Debug for WebhookConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookConfig").field("allow_http", &self.allow_http).finish_non_exhaustive()
    }
}

/// Where the staff's page is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpConfig {
    /// The address to listen on, such as `127.0.0.1:4180`.
    pub listen: String,
    /// Whether it may be one that other machines reach. Without TLS passwords cross the network in the open.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub anywhere: bool,
    /// What staff type, where a proxy with TLS stands before it: `https://desk.example`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The identity provider that staff may sign in with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oidc: Option<OidcConfig>,
}

impl HttpConfig {
    /// A page at an address, and nothing else.
    #[must_use]
    pub fn new(listen: &str) -> Self {
        Self { listen: listen.to_owned(), anywhere: false, url: None, oidc: None }
    }

    /// The same with its files in a folder, where their names are relative.
    #[must_use]
    pub fn in_folder(mut self, folder: &Path) -> Self {
        if let Some(oidc) = &mut self.oidc {
            for file in [&mut oidc.client_secret_file, &mut oidc.ca_file].into_iter().flatten() {
                *file = folder.join(&*file);
            }
        }
        self
    }
}

/// What the vendor's own figures are, for what the hub has saved.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ValueConfig {
    /// What a piece of mail costs that goes to a wrong address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address_piece_cost: Option<Amount>,
    /// In which currency, as it is to be shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
}

/// What every version of the file has.
#[derive(Deserialize)]
struct AnyVersion {
    #[serde(default = "version_default")]
    version: u32,
}

/// What is wrong with a configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A newer program wrote it.
    #[error("hub.toml has version {found} and this program reads up to {VERSION}: install a newer version")]
    Newer {
        /// The version found.
        found: u32,
    },
    /// It does not parse, or has a key that nobody knows.
    #[error("hub.toml line {line}: {reason}")]
    Line {
        /// The line, from 1.
        line: usize,
        /// What is wrong there.
        reason: String,
    },
    /// What the environment says does not go together with the file.
    #[error("{variable}: {reason}")]
    Environment {
        /// Which variables.
        variable: String,
        /// What is wrong with them.
        reason: String,
    },
    /// One setting is not usable.
    #[error("hub.toml: {setting}: {reason}")]
    Setting {
        /// Which.
        setting: &'static str,
        /// Why not.
        reason: String,
    },
}

impl HubConfig {
    /// A configuration with every default.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self {
            version: VERSION,
            name: name.to_owned(),
            did: DidChoice::Key,
            listen: listen_default(),
            announce: Vec::new(),
            check_in_secs: None,
            log: None,
            store: None,
            store_password_file: None,
            replica: None,
            sinks: SinksConfig::default(),
            crm: None,
            http: None,
            value: None,
            telemetry: None,
        }
    }

    /// Parses and checks `hub.toml`.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn from_toml(text: &str) -> Result<Self, ConfigError> {
        let config = Self::from_toml_alone(text)?;
        config.check()?;
        Ok(config)
    }

    /// Parses `hub.toml` with what the environment says beside it, and checks the whole: `FREEHOLD_HUB__SINKS__JSONL` stands for
    /// `jsonl` in `[sinks]`.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn from_toml_and_environment(
        text: &str,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        // The file by itself, so that its lines can be named.
        Self::from_toml_alone(text)?;
        let mut table: toml::Table = toml::from_str(text).map_err(|error| {
            let (line, reason) = toml_error(text, &error);
            ConfigError::Line { line, reason }
        })?;
        let changed = environment::lay_over(&mut table, variables)?;
        let config: Self = table.try_into().map_err(|error: toml::de::Error| ConfigError::Environment {
            variable: changed.join(", "),
            reason: error.message().trim().replace('\n', " "),
        })?;
        config.check()?;
        Ok(config)
    }

    fn from_toml_alone(text: &str) -> Result<Self, ConfigError> {
        // First of all: a later version may have settings that nobody knows here.
        if let Ok(AnyVersion { version: found }) = toml::from_str(text)
            && found > VERSION
        {
            return Err(ConfigError::Newer { found });
        }
        toml::from_str(text).map_err(|error| {
            let (line, reason) = toml_error(text, &error);
            ConfigError::Line { line, reason }
        })
    }

    /// The text of `hub.toml`. It holds the webhook's secret.
    #[must_use]
    pub fn to_toml(&self) -> String {
        toml::to_string_pretty(self).expect("texts, numbers and lists are TOML")
    }

    /// Checks what types alone cannot say.
    ///
    /// # Errors
    /// [`ConfigError::Setting`].
    pub fn check(&self) -> Result<(), ConfigError> {
        let bad = |setting, reason: String| Err(ConfigError::Setting { setting, reason });
        if self.version == 0 {
            return bad("version", format!("write {VERSION}"));
        }
        if self.name.trim().is_empty() || self.name.len() > TEXT_BYTES_MAX {
            return bad("name", format!("say who you are, in at most {TEXT_BYTES_MAX} bytes"));
        }
        if self.listen.is_empty() {
            return bad("listen", format!("name an address, such as {}", LISTEN_DEFAULT[0]));
        }
        for (setting, addresses) in [("listen", &self.listen), ("announce", &self.announce)] {
            for address in addresses {
                if let Err(error) = Address::parse(address) {
                    return bad(setting, format!("{address}: {error}"));
                }
            }
        }
        // The whole is checked by what reaches it.
        if self.store.as_ref().is_some_and(|store| {
            !["postgres://", "postgresql://"].iter().any(|scheme| store.0.starts_with(scheme))
        }) {
            return bad("store", "write postgres://USER@HOST:PORT/DATABASE, or leave it out".to_owned());
        }
        if self.sinks.attempts_max == Some(0) {
            return bad("sinks.attempts_max", "1 or more".to_owned());
        }
        if self.sinks.retry_base_ms == Some(0) {
            return bad("sinks.retry_base_ms", "1 or more".to_owned());
        }
        if let Some(Err(error)) = self.sinks.nats.as_ref().map(NatsConfig::check) {
            return bad("sinks.nats", error.to_string());
        }
        if let Some(Err(error)) = self.sinks.postgres.as_ref().map(TablesConfig::check) {
            return bad("sinks.postgres", error.to_string());
        }
        let oidc = self.http.as_ref().and_then(|http| http.oidc.as_ref());
        if let Some(refusal) = oidc.and_then(OidcConfig::refusal) {
            return bad("http.oidc", refusal);
        }
        if let Some(refusal) = self.telemetry.as_ref().and_then(TelemetryConfig::refusal) {
            return bad("telemetry", refusal);
        }
        Ok(())
    }
}

impl TryFrom<String> for DidChoice {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text == "key" {
            return Ok(Self::Key);
        }
        match Did::parse(&text) {
            Ok(did) if did.web_id().is_some() => Ok(Self::Web(text)),
            Ok(_) => Err("write \"key\" for a did:key of the hub's own key".to_owned()),
            Err(error) => Err(format!("write \"key\" or a did:web:…: {error}")),
        }
    }
}

impl From<DidChoice> for String {
    fn from(choice: DidChoice) -> Self {
        match choice {
            DidChoice::Key => "key".to_owned(),
            DidChoice::Web(did) => did,
        }
    }
}

fn version_default() -> u32 {
    VERSION
}

fn listen_default() -> Vec<String> {
    LISTEN_DEFAULT.map(str::to_owned).to_vec()
}

/// The line and the reason of an error in TOML.
pub(crate) fn toml_error(text: &str, error: &toml::de::Error) -> (usize, String) {
    let at = error.span().map_or(0, |span| span.start);
    (line_of(text, at), error.message().trim().replace('\n', " "))
}

/// The line, from 1, of a byte of a text.
pub(crate) fn line_of(text: &str, at: usize) -> usize {
    1 + text.bytes().take(at).filter(|byte| *byte == b'\n').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_version_is_told_whatever_else_it_holds_and_none_is_the_first() {
        let later = HubConfig::from_toml("version = 2\nname = \"Acme\"\nfuture = true\n").unwrap_err();
        assert_eq!(later, ConfigError::Newer { found: 2 });
        assert!(later.to_string().contains("install a newer version"), "{later}");
        assert_eq!(HubConfig::from_toml("name = \"Acme\"\n").unwrap(), HubConfig::new("Acme"));
        assert!(HubConfig::new("Acme").to_toml().starts_with("version = 1\n"));
        assert!(HubConfig::from_toml("version = 0\nname = \"Acme\"\n").is_err());
    }

    #[test]
    fn a_configuration_round_trips() {
        let mut config = HubConfig::new("Acme");
        config.did = DidChoice::Web("did:web:acme.example".into());
        config.sinks.webhook = Some(WebhookConfig {
            url: "https://crm.example/hook".into(),
            secret: "whsec_x".into(),
            allow_http: false,
            inward: true,
        });
        config.sinks.nats = Some(NatsConfig::new(&["tls://n1.example:4222"]));
        config.sinks.postgres = Some(TablesConfig::new("postgres://hub@db.example/crm"));
        config.store = Some(StoreLocation::new("postgres://hub:s3cr3t@db.example/hub"));
        let mut oidc = OidcConfig::new("https://id.example", "desk");
        oidc.role_claim = Some("groups".into());
        oidc.roles.insert("crm-admins".into(), crate::Role::Admin);
        config.http = Some(HttpConfig { oidc: Some(oidc), ..HttpConfig::new("127.0.0.1:4180") });
        assert_eq!(HubConfig::from_toml(&config.to_toml()), Ok(config.clone()));
        assert!(!format!("{config:?}").contains("whsec"));
        assert!(!format!("{config:?}").contains("s3cr3t"));
        config.store = Some(StoreLocation::new("hub:s3cr3t@db.example/hub"));
        let refused = config.check().unwrap_err().to_string();
        assert!(refused.contains("store") && !refused.contains("s3cr3t"), "{refused}");
    }

    #[test]
    fn unknown_keys_and_bad_values_are_refused_with_their_line() {
        for (text, line, word) in [
            ("name = \"A\"\n\nlisten_on = []\n", 3, "listen_on"),
            ("name = \"A\"\ndid = \"did:key:x\"\n", 2, "did:key"),
            ("name = \"A\"\n[sinks]\njson = \"x\"\n", 3, "json"),
            ("name = \"A\"\n[sinks.nats]\nserver = \"x\"\n", 3, "server"),
        ] {
            match HubConfig::from_toml(text) {
                Err(ConfigError::Line { line: got, reason }) => {
                    assert_eq!(got, line, "{reason}");
                    assert!(reason.contains(word), "{reason}");
                }
                other => panic!("{other:?}"),
            }
        }
        assert!(HubConfig::from_toml("name = \"A\"\nlisten = [\"x\"]\n").is_err());
    }
}
