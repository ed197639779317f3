//! How one CRM is reached.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use freehold_outbound::{FetchError, Policy, Reach};
use serde::{Deserialize, Serialize};

use crate::mapping::MappingError;
use crate::secret::Secret;

/// Longest exchange: a CRM under load answers a batch in seconds.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Largest answer: the records of a whole batch, or a description of an object with some hundred fields.
const BODY_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Which system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Tryton 8, over REST with an application key.
    Tryton,
    /// Odoo 19 and later, over JSON-2.
    Odoo,
    /// EspoCRM.
    Espocrm,
    /// HubSpot.
    Hubspot,
    /// Salesforce.
    Salesforce,
    /// Any system with a REST interface of JSON records.
    Rest,
}

impl Kind {
    /// The word of the configuration, and what persons see as `system` unless it has a `name`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tryton => "tryton",
            Self::Odoo => "odoo",
            Self::Espocrm => "espocrm",
            Self::Hubspot => "hubspot",
            Self::Salesforce => "salesforce",
            Self::Rest => "rest",
        }
    }
}

/// One CRM, as it stands in the hub's configuration.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CrmConfig {
    /// Which system.
    pub kind: Kind,
    /// Where it is: the origin, or with the database for Tryton (`https://erp.example/crm`).
    pub url: String,
    /// What persons see as `system`; the kind when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The token, key or password that is sent with every request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<Secret>,
    /// A file that holds it instead; read again whenever the CRM does not take the one before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_file: Option<PathBuf>,
    /// A user's name, where the system wants one: Tryton, for its erasing wizard.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// A file with that user's password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_file: Option<PathBuf>,
    /// The database, where the address does not name it: Odoo.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<String>,
    /// How a new token is fetched, where the system has that: Salesforce.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh: Option<RefreshConfig>,
    /// The mapping file; the one that the program carries for the kind when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mapping: Option<PathBuf>,
    /// Whether `http://` will do.
    #[serde(default)]
    pub allow_http: bool,
    /// Whether it may be on loopback or inside a private network.
    #[serde(default)]
    pub inward: bool,
}

/// How a new token is fetched: the refresh token grant of OAuth 2.0 (RFC 6749 section 6).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RefreshConfig {
    /// The token endpoint.
    pub url: String,
    /// The client's name there.
    pub client_id: String,
    /// A file with the client's secret, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_secret_file: Option<PathBuf>,
    /// A file with the refresh token.
    pub refresh_token_file: PathBuf,
}

/// Shows neither secrets nor addresses.
impl fmt::Debug for RefreshConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefreshConfig").finish_non_exhaustive()
    }
}

/// Shows neither secrets nor the address.
impl fmt::Debug for CrmConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CrmConfig")
            .field("kind", &self.kind)
            .field("mapping", &self.mapping)
            .field("allow_http", &self.allow_http)
            .field("inward", &self.inward)
            .finish_non_exhaustive()
    }
}

impl CrmConfig {
    /// A CRM of this kind there, with a token and nothing else said.
    #[must_use]
    pub fn new(kind: Kind, url: &str, token: Option<&str>) -> Self {
        Self {
            kind,
            url: url.to_owned(),
            name: None,
            token: token.map(Secret::new),
            token_file: None,
            user: None,
            password_file: None,
            database: None,
            refresh: None,
            mapping: None,
            allow_http: false,
            inward: false,
        }
    }

    /// What its HTTP client may do. Certificates of the operator's own authorities are added by the caller.
    #[must_use]
    pub fn policy(&self) -> Policy {
        Policy {
            reach: if self.inward { Reach::Anywhere } else { Reach::PublicOnly },
            allow_http: self.allow_http,
            timeout: TIMEOUT,
            body_bytes_max: BODY_BYTES_MAX,
            ..Policy::public()
        }
    }
}

/// Why a connector cannot be opened. Nobody was contacted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The address.
    #[error("the CRM's address cannot be used: {0}")]
    Address(#[source] FetchError),
    /// Neither a token nor a file of one.
    #[error("the CRM needs a token: give token_file, or token")]
    NoToken,
    /// There is no adapter for it.
    #[error("this program has no connector for {kind}")]
    NoAdapter {
        /// The system.
        kind: &'static str,
    },
    /// A file cannot be read.
    #[error("{} cannot be read: check the name and the rights", path.display())]
    File {
        /// Which.
        path: PathBuf,
    },
    /// The mapping is for another system.
    #[error("the mapping is for {got} and the CRM is {wanted}: give the mapping of {wanted}")]
    OtherSystem {
        /// What the configuration says.
        wanted: &'static str,
        /// What the mapping says.
        got: &'static str,
    },
    /// The mapping.
    #[error("{0}")]
    Mapping(#[from] MappingError),
}
