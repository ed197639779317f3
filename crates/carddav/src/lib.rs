//! Cards from an address book that a person has at a CardDAV server (RFC 6352): found, listed and read, never written.
//!
//! [`list`] finds the address books of an account as RFC 6764 says, beginning with any address of the server. [`AddressBook::cards`]
//! reads the cards of one, each with the name it goes by, so that a person can pick their own; what is in a card is for
//! `freehold-cards` to read.
//!
//! The password goes to the server that was named and nowhere else: over TLS, or without on this machine alone; a redirect to
//! another host is told and not followed, and so is an address in an answer that leads elsewhere. Answers have limits in bytes,
//! depth and number, and a document type, which could define entities, is refused.

mod account;
mod card;
mod error;
mod xml;

pub use account::{AddressBook, CARDS_MAX, client, list};
pub use card::CardEntry;
pub use error::CardDavError;

/// Reads any bytes as a server's answer, and gives the addresses in it: for a fuzzer.
#[cfg(feature = "any-bytes")]
#[must_use]
pub fn addresses_in(answer: &[u8]) -> Option<Vec<String>> {
    xml::multistatus(answer).ok().map(|resources| resources.into_iter().map(|it| it.href).collect())
}
