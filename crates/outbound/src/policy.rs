//! What a client may reach and how much of it.

use std::fmt;
use std::time::Duration;

/// How long one exchange may take by default, from the name's lookup to the last byte of the body. A DID
/// document or a webhook answer that takes longer is better tried again later.
pub const TIMEOUT: Duration = Duration::from_secs(15);

/// Largest body by default, in bytes: every document and answer of the protocol fits into 64 KiB.
pub const BODY_BYTES_MAX: usize = 64 * 1024;

/// Which addresses may be connected to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Public addresses alone: for every URL that a peer or a document chose.
    PublicOnly,
    /// Any address: only for URLs that this machine's operator wrote into the configuration, such as a CRM on
    /// localhost.
    Anywhere,
}

/// What a [`crate::Client`] may do.
#[derive(Clone)]
pub struct Policy {
    /// Which addresses may be connected to.
    pub reach: Reach,
    /// Certificates of authorities to trust beside the system's, as PEM: a company's private CA.
    pub extra_roots: Vec<Vec<u8>>,
    /// Longest time of one exchange, lookup and body included.
    pub timeout: Duration,
    /// Largest body taken, in bytes.
    pub body_bytes_max: usize,
    /// Whether `http://` is allowed beside `https://`.
    pub allow_http: bool,
}

impl Policy {
    /// For URLs that somebody else chose: https, public addresses alone.
    #[must_use]
    pub fn public() -> Self {
        Self {
            reach: Reach::PublicOnly,
            extra_roots: Vec::new(),
            timeout: TIMEOUT,
            body_bytes_max: BODY_BYTES_MAX,
            allow_http: false,
        }
    }

    /// For URLs that the operator configured: any address, http as well.
    #[must_use]
    pub fn configured() -> Self {
        Self { reach: Reach::Anywhere, allow_http: true, ..Self::public() }
    }
}

impl fmt::Debug for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Policy")
            .field("reach", &self.reach)
            .field("extra_roots", &self.extra_roots.len())
            .field("timeout", &self.timeout)
            .field("body_bytes_max", &self.body_bytes_max)
            .field("allow_http", &self.allow_http)
            .finish()
    }
}
