//! The signed documents people and regulators keep: W3C Verifiable Credentials 2.0 with `eddsa-jcs-2022` proofs.
//!
//! A document is its canonical bytes (RFC 8785); what was signed is stored, compared and shown as those bytes.
//! Spec: `specs/data.md`.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use crate::code::Code;
use crate::identity::{Did, PublicKey, SigningKey};
use crate::limits::{CLOCK_SKEW_MAX, COUNTERSIGNED_BYTES_MAX, DATE_LAG_MAX, SIGNED_BYTES_MAX};
use crate::path::Path;
use crate::proof::{self, Signer};
use crate::time::Timestamp;

mod agreement;
mod ending;
mod rotation;
mod vendor_rotation;

pub use agreement::{
    AskedField, DataRequest, DataRequestError, GrantSubject, Mode, RequestSubject, Retention, ScopeItem,
};
pub use ending::{ErasureLine, ErasureResult, ErasureSubject, RevocationSubject};
pub use rotation::{Rotation, RotationSubject};
pub use vendor_rotation::{VendorRotation, VendorRotationSubject};

/// The SHA-256 multihash of a document's canonical bytes in multibase base64url (VC 2.0 `digestMultibase`).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DocumentDigest(String);

impl DocumentDigest {
    /// The digest of canonical bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        let mut multihash = vec![0x12, 0x20];
        multihash.extend_from_slice(&Sha256::digest(bytes));
        Self(multibase::encode(multibase::Base::Base64Url, multihash))
    }
}

impl fmt::Debug for DocumentDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A reference to another document: its id and digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reference<I> {
    /// The document's id.
    pub id: I,
    /// Its digest.
    pub digest_multibase: DocumentDigest,
}

/// The kinds of documents; each is the second `type` of its credential.
pub trait Subject: Serialize + DeserializeOwned + Clone + fmt::Debug + PartialEq {
    /// The credential type.
    const TYPE: &'static str;
    /// The document's id type.
    type Id: Serialize + DeserializeOwned + Clone + fmt::Debug + PartialEq;

    /// Checks what types alone cannot say.
    ///
    /// # Errors
    /// [`Code::Malformed`] or another code naming the flaw.
    fn check(&self) -> Result<(), Code>;
}

/// A document that was read and whose proofs verified, with its exact bytes.
#[derive(Clone, PartialEq)]
pub struct Document<S: Subject> {
    bytes: Vec<u8>,
    signers: Vec<Signer>,
    envelope: Envelope<S>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(
    rename_all = "camelCase",
    bound(
        deserialize = "S: DeserializeOwned, S::Id: DeserializeOwned",
        serialize = "S: Serialize, S::Id: Serialize"
    )
)]
struct Envelope<S: Subject> {
    #[serde(rename = "type")]
    kind: Vec<String>,
    id: S::Id,
    issuer: Did,
    valid_from: String,
    #[serde(default, deserialize_with = "crate::optional::present", skip_serializing_if = "Option::is_none")]
    valid_until: Option<String>,
    credential_subject: S,
}

/// The receiver's parameters of a new document.
#[derive(Debug, Clone)]
pub struct Issue<S: Subject> {
    /// Its id.
    pub id: S::Id,
    /// Who says it.
    pub issuer: Did,
    /// From when.
    pub valid_from: Timestamp,
    /// Until when, if it ends by itself.
    pub valid_until: Option<Timestamp>,
    /// What it says.
    pub subject: S,
}

impl<S: Subject> Document<S> {
    /// Makes and signs a document. `key` must be one of the issuer's.
    ///
    /// # Errors
    /// The subject's own [`Subject::check`].
    pub fn issue(issue: Issue<S>, key: &SigningKey) -> Result<Self, Code> {
        issue.subject.check()?;
        let envelope = Envelope {
            kind: vec!["VerifiableCredential".into(), S::TYPE.into()],
            id: issue.id,
            issuer: issue.issuer.clone(),
            valid_from: issue.valid_from.coarse().rfc3339(),
            valid_until: issue.valid_until.map(|t| t.coarse().rfc3339()),
            credential_subject: issue.subject,
        };
        let Ok(Value::Object(mut map)) = serde_json::to_value(&envelope) else { return Err(Code::Malformed) };
        map.insert("@context".into(), context());
        let signed = proof::sign(map, key, &issue.issuer, issue.valid_from.coarse());
        Self::read(crate::json::canonical(&Value::Object(signed)).as_bytes())
    }

    /// Reads a document: canonical bytes, right type, one or two proofs that verify, the first by the issuer.
    ///
    /// For a did:web issuer the caller must still look the signer's key up in the DID's document
    /// ([`Document::signer_key`]).
    ///
    /// # Errors
    /// A code for the first thing that is wrong.
    pub fn read(bytes: &[u8]) -> Result<Self, Code> {
        if bytes.len() > COUNTERSIGNED_BYTES_MAX {
            return Err(Code::TooLarge);
        }
        let Value::Object(map) = crate::json::parse_canonical(bytes).map_err(|_| Code::NotCanonical)? else {
            return Err(Code::Malformed);
        };
        if map.get("@context") != Some(&context()) {
            return Err(Code::Malformed);
        }
        let signers = proof::verify(&map)?;
        if signers.len() == 1 && bytes.len() > SIGNED_BYTES_MAX {
            return Err(Code::TooLarge);
        }
        let envelope: Envelope<S> =
            serde_json::from_value(Value::Object(map)).map_err(|_| Code::Malformed)?;
        if envelope.kind != ["VerifiableCredential", S::TYPE] {
            return Err(Code::Malformed);
        }
        if signers.first().is_none_or(|s| s.method.did != envelope.issuer) {
            return Err(Code::WrongSigner);
        }
        let dates = [Some(&envelope.valid_from), envelope.valid_until.as_ref()];
        let created = signers.iter().map(|signer| &signer.created);
        if !dates.into_iter().flatten().chain(created).all(|date| proof::is_whole_minute(date)) {
            return Err(Code::Malformed);
        }
        // RFC 3339 in UTC: the order of the texts is the order of the moments.
        if envelope.valid_until.as_ref().is_some_and(|until| *until <= envelope.valid_from) {
            return Err(Code::Malformed);
        }
        envelope.credential_subject.check()?;
        Ok(Self { bytes: bytes.to_vec(), signers, envelope })
    }

    /// Reads a document again that this side verified with [`Document::read`] before it stored it, from a store that
    /// authenticates its bytes. Signatures are not checked again: a release would otherwise cost two verifications
    /// that say nothing new. Never for bytes that came from anywhere else.
    ///
    /// # Errors
    /// [`Code::Malformed`] when the bytes are no such document.
    pub fn recall(bytes: &[u8]) -> Result<Self, Code> {
        let map: Map<String, Value> = serde_json::from_slice(bytes).map_err(|_| Code::Malformed)?;
        let signers = proof::signers(&map)?;
        let envelope: Envelope<S> =
            serde_json::from_value(Value::Object(map)).map_err(|_| Code::Malformed)?;
        if envelope.kind.get(1).is_none_or(|kind| kind != S::TYPE) || signers.is_empty() {
            return Err(Code::Malformed);
        }
        Ok(Self { bytes: bytes.to_vec(), signers, envelope })
    }

    /// Adds a countersignature: a second proof over the same document.
    ///
    /// # Errors
    /// [`Code::Malformed`] when there are two proofs already.
    pub fn countersign(&self, key: &SigningKey, did: &Did, at: Timestamp) -> Result<Self, Code> {
        let signed = proof::sign(self.map(), key, did, at.coarse());
        Self::read(crate::json::canonical(&Value::Object(signed)).as_bytes())
    }

    /// The document less its second proof: what the issuer signed.
    ///
    /// # Errors
    /// [`Code::ReceiptMismatch`] when it carries no countersignature.
    pub fn without_countersignature(&self) -> Result<Vec<u8>, Code> {
        let mut map = self.map();
        match map.remove("proof") {
            Some(Value::Array(mut set)) if set.len() == 2 => {
                set.truncate(1);
                map.extend(set.pop().map(|first| ("proof".to_owned(), first)));
                Ok(crate::json::canonical(&Value::Object(map)).into_bytes())
            }
            _ => Err(Code::ReceiptMismatch),
        }
    }

    fn map(&self) -> Map<String, Value> {
        match serde_json::from_slice(&self.bytes) {
            Ok(Value::Object(map)) => map,
            _ => unreachable!("the bytes were read as an object"),
        }
    }

    /// The exact bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The digest of the exact bytes.
    #[must_use]
    pub fn digest(&self) -> DocumentDigest {
        DocumentDigest::of(&self.bytes)
    }

    /// A reference to this document.
    #[must_use]
    pub fn reference(&self) -> Reference<S::Id> {
        Reference { id: self.id().clone(), digest_multibase: self.digest() }
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> &S::Id {
        &self.envelope.id
    }

    /// Who says it.
    #[must_use]
    pub fn issuer(&self) -> &Did {
        &self.envelope.issuer
    }

    /// What it says.
    #[must_use]
    pub fn subject(&self) -> &S {
        &self.envelope.credential_subject
    }

    /// When it was issued.
    #[must_use]
    pub fn valid_from(&self) -> Timestamp {
        Timestamp::parse(&self.envelope.valid_from).unwrap_or_default()
    }

    /// When it ends by itself.
    #[must_use]
    pub fn valid_until(&self) -> Option<Timestamp> {
        self.envelope.valid_until.as_ref().and_then(|d| Timestamp::parse(d).ok())
    }

    /// Checks that the document begins by the reader's own clock, give or take [`CLOCK_SKEW_MAX`], as other verifiers
    /// do, and has not ended.
    ///
    /// # Errors
    /// [`Code::Malformed`] before it begins, [`Code::Expired`] from its end on.
    pub fn check_time(&self, now: Timestamp) -> Result<(), Code> {
        self.check_between(now, CLOCK_SKEW_MAX)
    }

    /// As [`Document::check_time`], by the clock that the reader's own dates are of ([`Timestamp::told`]): what is refused
    /// must not show more of the reader's clock than its dates do.
    ///
    /// # Errors
    /// As [`Document::check_time`].
    pub fn check_time_told(&self, told: Timestamp) -> Result<(), Code> {
        self.check_between(told, CLOCK_SKEW_MAX + DATE_LAG_MAX)
    }

    fn check_between(&self, now: Timestamp, skew: Duration) -> Result<(), Code> {
        let skew_millis = u64::try_from(skew.as_millis()).unwrap_or(u64::MAX);
        if self.valid_from().millis() > now.millis().saturating_add(skew_millis) {
            return Err(Code::Malformed);
        }
        if self.valid_until().is_some_and(|until| now >= until) {
            return Err(Code::Expired);
        }
        Ok(())
    }

    /// Who signed, in order: the issuer, then the countersigner.
    #[must_use]
    pub fn signers(&self) -> &[Signer] {
        &self.signers
    }

    /// The issuer's key that signed.
    #[must_use]
    pub fn signer_key(&self) -> PublicKey {
        self.signers[0].key
    }
}

impl<S: Subject> fmt::Debug for Document<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}({:?} by {}, {} bytes)",
            S::TYPE,
            self.envelope.id,
            self.envelope.issuer,
            self.bytes.len()
        )
    }
}

/// The contexts of every document: VC 2.0, then our terms and DPV's prefix in line, so nothing is fetched.
fn context() -> Value {
    json!(["https://www.w3.org/ns/credentials/v2", {"@vocab": "urn:freehold:1:", "dpv": "https://w3id.org/dpv#"}])
}

/// Paths of a list, refused when empty, too many, or doubled.
fn unique_paths<'a>(paths: impl Iterator<Item = &'a Path>) -> Result<(), Code> {
    let mut seen = BTreeMap::new();
    for path in paths {
        if seen.insert(path, ()).is_some() || seen.len() > crate::limits::PATHS_MAX {
            return Err(Code::Malformed);
        }
    }
    if seen.is_empty() { Err(Code::Malformed) } else { Ok(()) }
}

/// A text that people are shown: bounded, and without characters that hide what it says.
pub(crate) fn text_ok(text: &str) -> bool {
    text.len() <= crate::limits::TEXT_BYTES_MAX && !text.chars().any(crate::vocabulary::is_unprintable)
}

#[cfg(test)]
mod tests;
