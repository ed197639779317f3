//! What can go wrong, in words that name the host at most: never a path, a query, a header or a body.

use std::time::Duration;

/// Why a client could not be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClientError {
    /// An extra root is no certificate.
    #[error(
        "extra root certificate number {number} is not PEM: give the authority's certificate (BEGIN CERTIFICATE)"
    )]
    Root {
        /// Counted from 1.
        number: usize,
    },
    /// TLS could not be set up.
    #[error("TLS could not be set up: check that the extra root certificates are valid X.509 authorities")]
    Tls,
}

/// Why an exchange gave no response.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// Not a URL with a host, or neither http nor https.
    #[error("not a web address: write https://host/path")]
    Url,
    /// `http://` where only `https://` is allowed.
    #[error("{host} would be reached without encryption: use https")]
    Plain {
        /// The URL's host.
        host: String,
    },
    /// The URL carries a user name or password.
    #[error("the address of {host} carries a user name or password: remove it and send a header instead")]
    Userinfo {
        /// The URL's host.
        host: String,
    },
    /// A request header is not acceptable to HTTP.
    #[error(
        "a request header has characters that HTTP does not allow: remove line breaks and control characters"
    )]
    Header,
    /// The host is, or its name leads to, an address inside a private network.
    #[error("{host} leads to an address inside a private network and was not contacted: use a public host")]
    Inward {
        /// The URL's host.
        host: String,
    },
    /// The name has no address.
    #[error("{host} has no address: check the name and this machine's DNS")]
    NotResolved {
        /// The URL's host.
        host: String,
    },
    /// No connection.
    #[error("{host} cannot be reached: check that it is up and that this machine is online")]
    Unreachable {
        /// The URL's host.
        host: String,
    },
    /// The certificate or the handshake was refused.
    #[error(
        "{host} showed no certificate that is trusted for this name: check it, or add its authority as an extra root"
    )]
    Certificate {
        /// The URL's host.
        host: String,
    },
    /// No whole answer in time.
    #[error("{host} gave no whole answer within {} s: try again later", after.as_secs_f32())]
    TimedOut {
        /// The URL's host.
        host: String,
        /// The policy's timeout.
        after: Duration,
    },
    /// The exchange broke off.
    #[error("{host} broke off the exchange: try again later")]
    Interrupted {
        /// The URL's host.
        host: String,
    },
    /// The body is over the limit.
    #[error("{host} sent more than {bytes_max} bytes: ask its operator for a smaller answer")]
    TooLarge {
        /// The URL's host.
        host: String,
        /// The HTTP status that came before the body.
        status: u16,
        /// The policy's limit.
        bytes_max: usize,
    },
}

impl FetchError {
    /// Whether the same request may succeed later without anybody changing anything.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::NotResolved { .. }
                | Self::Unreachable { .. }
                | Self::TimedOut { .. }
                | Self::Interrupted { .. }
        )
    }
}
