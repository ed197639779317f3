//! What can go wrong, in words that name the host at most: no path, name or password.

use freehold_outbound::FetchError;

/// Why there are no cards.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CardDavError {
    /// No address of a server.
    #[error("not the address of a CardDAV server: write https://host or https://host/path")]
    Url,
    /// The password would go over a network in the clear.
    #[error("{host} would see the password without encryption: write https:// before it")]
    Plain {
        /// The host.
        host: String,
    },
    /// A name that cannot be sent.
    #[error("a user name has no colon and no control characters: check how it is spelt")]
    User,
    /// No answer.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// Name or password are wrong.
    #[error(
        "{host} does not take this name and password: check both; some servers want a password made for apps"
    )]
    SignIn {
        /// The host.
        host: String,
    },
    /// The account may not do it.
    #[error("{host} does not let this account read the address books: ask whoever runs it")]
    Forbidden {
        /// The host.
        host: String,
    },
    /// Nothing that speaks CardDAV.
    #[error("{host} has no address books at this address: look for its CardDAV address in its settings")]
    NotFound {
        /// The host.
        host: String,
    },
    /// The server sends elsewhere.
    #[error("{host} sends on to {to}, which was not given the password: if you trust it, use its address")]
    Elsewhere {
        /// The host.
        host: String,
        /// Scheme, host and port where it leads.
        to: String,
    },
    /// It sends from one place to the next.
    #[error(
        "{host} sends from one address to the next without end: ask whoever runs it for the CardDAV address"
    )]
    Redirects {
        /// The host.
        host: String,
    },
    /// A status that means none of these.
    #[error("{host} answered {status}: try again later, or ask whoever runs it")]
    Status {
        /// The host.
        host: String,
        /// The HTTP status.
        status: u16,
    },
    /// The answer is not what RFC 4918 and RFC 6352 have.
    #[error("{host} gave an answer that is no CardDAV: check that the address is that of a CardDAV server")]
    Answer {
        /// The host.
        host: String,
    },
    /// More than is read.
    #[error("the address book has more than {cards_max} cards: put yours into one of its own")]
    TooMany {
        /// The limit.
        cards_max: usize,
    },
}
