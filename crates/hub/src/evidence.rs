//! The evidence of one customer's consent: every signed document, and what happened, without a value of any field; in one
//! archive that anyone can check offline.
//!
//! The signed documents speak for themselves. What is not signed one by one, the list of files and the events, is vouched
//! for by the vendor in `manifest.json`.

mod bundle;
mod chain;
mod tar;
mod verify;

use freehold_mailbox::entropy;
use freehold_protocol::code::Code;
use freehold_protocol::document::{DocumentDigest, Subject};
use freehold_protocol::id::RequestId;
use freehold_protocol::identity::Did;
use serde::{Deserialize, Serialize};

pub use verify::{EvidenceReport, Finding, verify};

use crate::hub::Hub;

/// The vendor's word for the whole.
const MANIFEST: &str = "manifest.json";
/// Every other file with its digest.
const FILES: &str = "files.json";
/// The DID document of a vendor with a domain, as it stood.
const VENDOR: &str = "did/vendor.json";
/// What happened, a line each.
const EVENTS: &str = "events.jsonl";

/// Why there is no evidence.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceError {
    /// No such customer.
    #[error("there is no such customer: `freehold hub customers` lists them")]
    CustomerUnknown,
    /// A document could not be made.
    #[error("the evidence could not be signed ({0})")]
    Document(Code),
    /// The store failed.
    #[error("{0}")]
    Store(String),
}

/// What the vendor vouches for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Manifest {
    /// The person's pairwise DID.
    id: Did,
    /// The pairwise DIDs before it, oldest first.
    earlier: Vec<Did>,
    /// The vendor's DIDs under which documents here were signed.
    vendors: Vec<Did>,
    /// How many files `files.json` names.
    files: u64,
    /// Its digest.
    digest_multibase: DocumentDigest,
}

impl Subject for Manifest {
    const TYPE: &'static str = "FreeholdEvidence";
    // A fresh URN, as the other documents have.
    type Id = RequestId;

    fn check(&self) -> Result<(), Code> {
        if self.files == 0 || self.vendors.is_empty() { Err(Code::Malformed) } else { Ok(()) }
    }
}

/// The list of files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Listed {
    files: Vec<ListedFile>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ListedFile {
    name: String,
    digest_multibase: DocumentDigest,
}

impl Hub {
    /// The evidence of a customer's consent, as a tar archive; named as for [`Hub::customer`].
    ///
    /// # Errors
    /// [`EvidenceError`].
    pub fn evidence(&self, customer: &str) -> Result<Vec<u8>, EvidenceError> {
        let shared = &self.inner.shared;
        let store = |error: freehold_store::ReadError| EvidenceError::Store(error.to_string());
        let known = shared.meant(customer).map_err(store)?.ok_or(EvidenceError::CustomerUnknown)?;
        bundle::make(shared, &known, &self.announced(), RequestId::from_entropy(entropy()))
    }

    fn announced(&self) -> Vec<String> {
        self.info().addresses
    }
}

#[cfg(test)]
mod tests;
