//! What begins an agreement: the vendor's data request and the person's grant.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Document, Reference, Subject, text_ok, unique_paths};
use crate::code::Code;
use crate::id::{GrantId, RequestId};
use crate::identity::Did;
use crate::path::Path;
use crate::vocabulary::Vocabulary;

/// Whether a vendor gets the values once or as they change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// One snapshot, no updates.
    Once,
    /// A snapshot and every later change.
    Continuous,
}

/// How long a vendor keeps the data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Retention {
    /// An ISO 8601 duration, such as `P2Y`.
    pub duration: String,
    /// From which moment, in words: "end of contract".
    pub after: String,
}

/// One field a vendor asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskedField {
    /// Which.
    pub path: Path,
    /// Without it there is no agreement.
    pub required: bool,
    /// Why, in the vendor's words.
    pub reason: String,
    /// For what: DPV purposes from the vocabulary's closed list, as IRIs.
    pub purposes: BTreeSet<String>,
}

/// What a data request says. Its credential type is `FreeholdDataRequest`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestSubject {
    /// The vendor, as it calls itself.
    pub name: String,
    /// What the agreement is about, in one sentence.
    pub title: String,
    /// The fields.
    pub fields: Vec<AskedField>,
    /// The legal basis, from the vocabulary's closed list, as an IRI.
    pub legal_basis: String,
    /// Once or continuously.
    pub mode: Mode,
    /// For how long it is kept.
    pub retention: Retention,
    /// Who else gets it; empty means nobody.
    pub recipients: Vec<String>,
    /// Where the vendor's privacy notice is.
    #[serde(default, deserialize_with = "crate::optional::present", skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
}

/// A vendor's signed data request.
pub type DataRequest = Document<RequestSubject>;

/// What is wrong with a data request, for the one who writes it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DataRequestError {
    /// A path that is in no vocabulary and not free.
    #[error("field {path}: the vocabulary has no such path (specs/vocabulary.json lists them; x.… is free)")]
    UnknownPath {
        /// The path.
        path: String,
    },
    /// No purpose.
    #[error("field {path}: name at least one purpose")]
    NoPurpose {
        /// The path.
        path: String,
    },
    /// A purpose outside the closed list.
    #[error("field {path}: purpose {purpose} is not in the vocabulary's list")]
    UnknownPurpose {
        /// The path.
        path: String,
        /// The purpose.
        purpose: String,
    },
    /// No reason.
    #[error("field {path}: give a reason that a person understands (1 to 1024 bytes)")]
    NoReason {
        /// The path.
        path: String,
    },
    /// A legal basis outside the closed list.
    #[error("legal basis {basis} is not in the vocabulary's list")]
    UnknownLegalBasis {
        /// The basis.
        basis: String,
    },
    /// Not an ISO 8601 duration of years, months, weeks and days.
    #[error("retention.duration is not an ISO 8601 duration: write P2Y, P6M or P30D")]
    Retention,
    /// Empty, doubled or too many fields, or a text that is empty or too long.
    #[error("{0}")]
    Shape(&'static str),
}

impl RequestSubject {
    /// Checks a request as its writer wants to hear it.
    ///
    /// # Errors
    /// [`DataRequestError`] for the first flaw.
    pub fn review(&self) -> Result<(), DataRequestError> {
        let vocabulary = Vocabulary::standard();
        unique_paths(self.fields.iter().map(|f| &f.path))
            .map_err(|_| DataRequestError::Shape("list between 1 and 1000 fields, each once"))?;
        for field in &self.fields {
            let path = field.path.to_string();
            if vocabulary.field(&field.path).is_none() && !field.path.is_free() {
                return Err(DataRequestError::UnknownPath { path });
            }
            if field.purposes.is_empty() {
                return Err(DataRequestError::NoPurpose { path });
            }
            if let Some(purpose) =
                field.purposes.iter().find(|p| vocabulary.purpose(p).is_none_or(|known| known.iri != **p))
            {
                return Err(DataRequestError::UnknownPurpose { path, purpose: purpose.clone() });
            }
            if field.reason.trim().is_empty() || !text_ok(&field.reason) {
                return Err(DataRequestError::NoReason { path });
            }
        }
        if vocabulary.legal_basis(&self.legal_basis).is_none_or(|known| known.iri != self.legal_basis) {
            return Err(DataRequestError::UnknownLegalBasis { basis: self.legal_basis.clone() });
        }
        if !is_duration(&self.retention.duration) || !text_ok(&self.retention.after) {
            return Err(DataRequestError::Retention);
        }
        if self.name.trim().is_empty() || !text_ok(&self.name) {
            return Err(DataRequestError::Shape("name: say who asks, in at most 1024 bytes"));
        }
        if self.title.trim().is_empty() || !text_ok(&self.title) {
            return Err(DataRequestError::Shape("title: say what it is about, in at most 1024 bytes"));
        }
        if !self.recipients.iter().all(|t| text_ok(t)) {
            return Err(DataRequestError::Shape("recipients take at most 1024 bytes each, in one line"));
        }
        if !self.policy.as_deref().is_none_or(is_web_page) {
            return Err(DataRequestError::Shape("policy: write an address that begins with https://"));
        }
        if self.recipients.len() > 100 {
            return Err(DataRequestError::Shape("at most 100 recipients"));
        }
        Ok(())
    }

    /// The asked field of a path.
    #[must_use]
    pub fn field(&self, path: &Path) -> Option<&AskedField> {
        self.fields.iter().find(|f| f.path == *path)
    }
}

impl Subject for RequestSubject {
    const TYPE: &'static str = "FreeholdDataRequest";
    type Id = RequestId;

    fn check(&self) -> Result<(), Code> {
        self.review().map_err(|_| Code::Malformed)
    }
}

/// One path of a grant with what it may be used for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScopeItem {
    /// Which field.
    pub path: Path,
    /// DPV purposes, as IRIs.
    pub purposes: BTreeSet<String>,
}

/// What a grant says. Its credential type is `FreeholdGrant`; issuer is the pairwise DID.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GrantSubject {
    /// The vendor's DID.
    pub id: Did,
    /// The request it answers.
    pub request: Reference<RequestId>,
    /// Exactly what may be used, and for what.
    pub scope: Vec<ScopeItem>,
    /// As in the request.
    pub legal_basis: String,
    /// As in the request.
    pub mode: Mode,
    /// As in the request.
    pub retention: Retention,
    /// As in the request.
    pub recipients: Vec<String>,
}

impl Subject for GrantSubject {
    const TYPE: &'static str = "FreeholdGrant";
    type Id = GrantId;

    fn check(&self) -> Result<(), Code> {
        unique_paths(self.scope.iter().map(|s| &s.path))?;
        if self.scope.iter().any(|s| s.purposes.is_empty()) { Err(Code::Malformed) } else { Ok(()) }
    }
}

impl GrantSubject {
    /// A grant of some of the fields of a request. Required fields are always in it.
    #[must_use]
    pub fn answering(request: &DataRequest, optional: &BTreeSet<Path>) -> Self {
        let asked = request.subject();
        let scope = asked
            .fields
            .iter()
            .filter(|f| f.required || optional.contains(&f.path))
            .map(|f| ScopeItem { path: f.path.clone(), purposes: f.purposes.clone() })
            .collect();
        Self {
            id: request.issuer().clone(),
            request: request.reference(),
            scope,
            legal_basis: asked.legal_basis.clone(),
            mode: asked.mode,
            retention: asked.retention.clone(),
            recipients: asked.recipients.clone(),
        }
    }

    /// Whether this grant answers `request` and gives all that it requires and nothing it did not ask.
    ///
    /// # Errors
    /// [`Code::GrantMismatch`].
    pub fn matches(&self, request: &DataRequest) -> Result<(), Code> {
        let asked = request.subject();
        let same = self.id == *request.issuer()
            && self.request == request.reference()
            && self.legal_basis == asked.legal_basis
            && self.mode == asked.mode
            && self.retention == asked.retention
            && self.recipients == asked.recipients;
        let within = self
            .scope
            .iter()
            .all(|s| asked.field(&s.path).is_some_and(|f| s.purposes.is_subset(&f.purposes)));
        let all_required =
            asked.fields.iter().filter(|f| f.required).all(|f| self.scope.iter().any(|s| s.path == f.path));
        if same && within && all_required { Ok(()) } else { Err(Code::GrantMismatch) }
    }
}

/// A person follows it: a web page and nothing that runs.
fn is_web_page(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    text_ok(text) && !text.contains(char::is_whitespace) && rest.is_some_and(|rest| !rest.is_empty())
}

/// `P` then years, months, weeks, days in this order, at least one.
fn is_duration(text: &str) -> bool {
    let Some(mut rest) = text.strip_prefix('P') else { return false };
    if rest.is_empty() {
        return false;
    }
    for unit in ['Y', 'M', 'W', 'D'] {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        if (1..=5).contains(&digits) && rest[digits..].starts_with(unit) {
            rest = &rest[digits + 1..];
        }
    }
    rest.is_empty()
}
