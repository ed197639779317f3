//! What ends an agreement: the person's revocation and the vendor's erasure receipt.

use serde::{Deserialize, Serialize};

use super::{Reference, Subject, unique_paths};
use crate::code::Code;
use crate::id::{ErasureId, GrantId, RevocationId};
use crate::identity::Did;
use crate::path::Path;
use crate::proof::is_whole_minute;
use crate::vocabulary::Vocabulary;

/// What a revocation says. Its credential type is `FreeholdRevocation`; issuer is the pairwise DID.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RevocationSubject {
    /// The vendor's DID.
    pub id: Did,
    /// The grant it ends or narrows, as the countersigned document both sides hold.
    pub grant: Reference<GrantId>,
    /// The paths that end, named one by one.
    pub paths: Vec<Path>,
    /// Whether nothing of the grant is left.
    pub whole: bool,
    /// The last message of the person's mailbox that carried values under the grant; 0 when none did.
    pub last_sequence: u64,
}

impl Subject for RevocationSubject {
    const TYPE: &'static str = "FreeholdRevocation";
    type Id = RevocationId;

    fn check(&self) -> Result<(), Code> {
        unique_paths(self.paths.iter())
    }
}

/// What became of one path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ErasureResult {
    /// Nothing is left.
    Erased,
    /// Kept apart and no longer used, until it can be erased.
    Restricted,
    /// Kept under a legal exception.
    Kept,
}

/// One path of an erasure receipt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErasureLine {
    /// Which.
    pub path: Path,
    /// What became of it.
    pub result: ErasureResult,
    /// The legal exception, from the vocabulary's list, as an IRI; given exactly when it was not erased.
    #[serde(default, deserialize_with = "crate::optional::present", skip_serializing_if = "Option::is_none")]
    pub exception: Option<String>,
    /// Until when it is kept, RFC 3339.
    #[serde(default, deserialize_with = "crate::optional::present", skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}

/// What an erasure receipt says. Its credential type is `FreeholdErasureReceipt`; issuer is the vendor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ErasureSubject {
    /// The person's pairwise DID.
    pub id: Did,
    /// The revocation it answers.
    pub revocation: Reference<RevocationId>,
    /// Path by path.
    pub results: Vec<ErasureLine>,
}

impl Subject for ErasureSubject {
    const TYPE: &'static str = "FreeholdErasureReceipt";
    type Id = ErasureId;

    fn check(&self) -> Result<(), Code> {
        let vocabulary = Vocabulary::standard();
        unique_paths(self.results.iter().map(|r| &r.path))?;
        let line_ok = |line: &ErasureLine| {
            let known =
                |iri: &str| vocabulary.erasure_exception(iri).is_some_and(|exception| exception.iri == iri);
            line.exception.as_deref().is_none_or(known)
                && line.exception.is_some() == (line.result != ErasureResult::Erased)
                && line.until.as_deref().is_none_or(is_whole_minute)
        };
        if self.results.iter().all(line_ok) { Ok(()) } else { Err(Code::Malformed) }
    }
}
