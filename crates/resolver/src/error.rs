//! Why a DID gives no keys. A DID that is looked up here is a business's or a relationship's own; nothing else
//! that may be personal stands in these texts.

use freehold_outbound::FetchError;
use freehold_protocol::identity::{Did, KeyError};
use freehold_protocol::json::JsonError;

use crate::read::DOCUMENT_BYTES_MAX;

/// Why a DID could not be resolved.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ResolveError {
    /// The host has no such document.
    #[error("{did} has no document: check the DID, or have its owner publish did.json")]
    NotFound {
        /// The DID.
        did: Did,
    },
    /// The host could not be reached or did not answer in full.
    #[error("{did} cannot be resolved: {error}")]
    Unreachable {
        /// The DID.
        did: Did,
        /// What went wrong on the way.
        error: FetchError,
    },
    /// The host answered, but with another status than 200 or 404. Redirects are not followed.
    #[error("the host of {did} answered {status} in place of a document: try again later or ask its owner")]
    Answered {
        /// The DID.
        did: Did,
        /// The HTTP status.
        status: u16,
    },
    /// The host is inside a private network, or the DID names an IP address.
    #[error(
        "{did} leads to an address inside a private network and was not contacted: it needs a public host name"
    )]
    Inward {
        /// The DID.
        did: Did,
    },
    /// The document speaks for somebody else.
    #[error("the document of {did} does not belong to it, {what}: have its owner correct it")]
    Mismatch {
        /// The DID.
        did: Did,
        /// What is foreign in it.
        what: Mismatch,
    },
    /// The document cannot be used.
    #[error("the document of {did} cannot be used, {what}: have its owner correct it")]
    Malformed {
        /// The DID.
        did: Did,
        /// What is wrong with it.
        what: Malformed,
    },
    /// No key may sign for the DID.
    #[error("the document of {did} lists no Ed25519 key under assertionMethod: have its owner add one")]
    NoKeys {
        /// The DID.
        did: Did,
    },
}

/// What is foreign in a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// The document's `id`.
    #[error("its id is another DID")]
    Id,
    /// A key's `controller`.
    #[error("a key in it has another controller")]
    Controller,
    /// A key's `id`.
    #[error("a key in it has the id of another DID")]
    KeyId,
}

/// What is wrong with a document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// Larger than [`DOCUMENT_BYTES_MAX`].
    #[error("it is larger than {DOCUMENT_BYTES_MAX} bytes")]
    TooLarge,
    /// Not strict JSON.
    #[error("it is {0}")]
    Json(JsonError),
    /// Not a DID document of DID Core 1.0.
    #[error("it is not shaped like a DID document")]
    Shape,
    /// More entries than a document may have.
    #[error("it has more than {max} entries under {property}")]
    TooMany {
        /// The property.
        property: &'static str,
        /// The limit.
        max: usize,
    },
    /// Two keys with one id, or one key in two forms.
    #[error("it gives one key id to two keys")]
    Ambiguous,
    /// A reference to a key that is not in the document.
    #[error("it refers to a key that it does not list")]
    Reference,
    /// An Ed25519 key that must not be used.
    #[error("a key in it is bad: {0}")]
    Key(KeyError),
    /// A secret key stands in it.
    #[error("it publishes a secret key, which is now worthless")]
    SecretKey,
    /// A hub's address or name that is no multiaddr or too long.
    #[error("its FreeholdHub service has an address that is no multiaddr, or a name that is too long")]
    Service,
}

impl ResolveError {
    /// Whether the same DID may resolve later without its owner changing anything.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { error, .. } => error.is_transient(),
            Self::Answered { status, .. } => *status == 429 || *status >= 500,
            _ => false,
        }
    }
}
