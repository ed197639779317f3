//! DID documents: from a DID to the keys that may sign for it and the addresses of its hub.
//!
//! `ssi` carries DIDs, the DID document's types and the did:key method, and is used for them. Its did:web method
//! is not: it fetches plain http from loopback and private addresses, follows redirects, and bounds neither time
//! nor bytes. Here did:web (its specification, section 3.2 "Read") fetches with `freehold-outbound`, and only
//! over https; the document is parsed through the same `ssi` type.
//!
//! A document is taken as a whole or not at all: repeated JSON keys, a foreign `id` or controller, a weak or a
//! published secret key refuse it, since whoever wrote it cannot be trusted with the rest. Key types that the
//! protocol does not use are passed over.
//!
//! Documents are kept for [`CachePolicy::ttl`] and never used beyond it, not even when the host is down: a key
//! may have been taken out of the document because it was stolen.
//!
//! Reading order: [`Resolver`], [`ResolvedDid`], [`document`], [`ResolveError`].
//!
//! ```
//! use freehold_outbound::{Client, Policy};
//! use freehold_protocol::identity::SigningKey;
//! use freehold_resolver::{CachePolicy, Resolver};
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let resolver = Resolver::new(Client::new(Policy::public())?, CachePolicy::default());
//! let key = SigningKey::from_seed(&[7; 32]).public();
//! let resolved = resolver.resolve(&key.did()).await?;
//! assert_eq!(resolved.assertion_keys[0].key, key);
//! # Ok(())
//! # }
//! ```

mod cache;
mod error;
mod publish;
mod read;
mod resolver;

pub use cache::CachePolicy;
pub use error::{Malformed, Mismatch, ResolveError};
pub use publish::document;
pub use read::{DOCUMENT_BYTES_MAX, ResolvedDid, SERVICE_TYPE, VerificationKey};
pub use resolver::Resolver;

#[cfg(test)]
mod tests;
