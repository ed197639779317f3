//! The family `data/1`: request, grant, decline, receipt, update, outcome, revocation, erasure, ended.
//! Spec: `specs/data.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::code::Code;
use crate::disclosure::Disclosure;
use crate::document::text_ok;
use crate::id::{GrantId, RequestId};
use crate::limits::{PATHS_MAX, TEXT_BYTES_MAX, VALUE_BYTES_MAX};
use crate::path::Path;
use crate::time::Timestamp;
use crate::vocabulary::Vocabulary;

/// The family's name with its version.
pub const FAMILY: &str = "data/1";
/// Vendor to person: a signed data request.
pub const REQUEST: &str = "data/1/request";
/// Person to vendor: a signed grant.
pub const GRANT: &str = "data/1/grant";
/// Person to vendor: no.
pub const DECLINE: &str = "data/1/decline";
/// Vendor to person: the grant countersigned.
pub const RECEIPT: &str = "data/1/receipt";
/// Person to vendor: field values under a grant.
pub const UPDATE: &str = "data/1/update";
/// Vendor to person: what became of an update.
pub const OUTCOME: &str = "data/1/outcome";
/// Person to vendor: stop.
pub const REVOCATION: &str = "data/1/revocation";
/// Vendor to person: what was erased.
pub const ERASURE: &str = "data/1/erasure";

/// Vendor to person: paths of a grant that have ended at the vendor, for a person who may no longer know.
pub const ENDED: &str = "data/1/ended";

/// The body of request, grant, receipt, revocation and erasure: one signed document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Carried {
    /// The document's canonical bytes.
    #[serde(with = "serde_bytes")]
    pub document: Vec<u8>,
}

impl Carried {
    /// The body that carries a document.
    #[must_use]
    pub fn body(document: &[u8]) -> Vec<u8> {
        crate::cbor::encode(&Self { document: document.to_vec() })
    }
}

/// The body of a decline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decline {
    /// The request that is declined.
    pub request: RequestId,
    /// Why, in the person's words.
    #[serde(default, deserialize_with = "crate::optional::present", skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Decline {
    /// A decline of a request, with what the person says of it.
    ///
    /// # Errors
    /// [`Code::TooLarge`] or [`Code::Malformed`] for a reason that cannot be sent.
    pub fn new(request: RequestId, reason: Option<String>) -> Result<Self, Code> {
        match reason.as_deref() {
            Some(reason) if reason.len() > TEXT_BYTES_MAX => Err(Code::TooLarge),
            Some(reason) if !text_ok(reason) => Err(Code::Malformed),
            _ => Ok(Self { request, reason }),
        }
    }

    /// Decodes and bounds a decline.
    ///
    /// # Errors
    /// [`Code::Malformed`] or [`Code::TooLarge`].
    pub fn decode(body: &[u8]) -> Result<Self, Code> {
        let Self { request, reason } = decode(body)?;
        Self::new(request, reason)
    }
}

/// The body of an update, as it came. Sent ones are made from a [`Disclosure`].
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub struct ReceivedUpdate {
    /// The grant it is under.
    pub grant: GrantId,
    /// The values; `None` means the field is empty now.
    pub fields: BTreeMap<Path, Option<String>>,
}

impl fmt::Debug for ReceivedUpdate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ReceivedUpdate({:?}, {:?})", self.grant, self.fields.keys().collect::<Vec<_>>())
    }
}

/// Encodes an update. Only a disclosure encodes.
#[must_use]
pub fn update_body(disclosure: Disclosure) -> Vec<u8> {
    #[derive(Serialize)]
    struct Update {
        grant: GrantId,
        fields: BTreeMap<Path, Option<String>>,
    }
    let (grant, fields) = disclosure.into_parts();
    crate::cbor::encode(&Update { grant, fields })
}

/// What a vendor's system did with a field of an update.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OutcomeKind {
    /// It holds the new value.
    Applied,
    /// It holds a value of its own that somebody must look at.
    Conflict,
    /// It found the person twice.
    Duplicate,
    /// It took nothing.
    Refused,
}

impl fmt::Display for OutcomeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Applied => "applied",
            Self::Conflict => "conflict",
            Self::Duplicate => "duplicate",
            Self::Refused => "refused",
        })
    }
}

/// One line of an outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutcomeLine {
    /// Which field.
    pub path: Path,
    /// What became of it.
    pub outcome: OutcomeKind,
    /// In which system, as the vendor calls it.
    pub system: String,
    /// Anything a person should know, in the vendor's words.
    #[serde(default, deserialize_with = "crate::optional::present", skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// The body of an outcome. Its thread is the update's message id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// The grant.
    pub grant: GrantId,
    /// The update's sequence number.
    pub update: u64,
    /// Field by field.
    pub results: Vec<OutcomeLine>,
    /// When, by the vendor's clock.
    pub at: Timestamp,
}

/// The body of an `ended`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// The grant.
    pub grant: GrantId,
    /// What of it has ended.
    pub paths: BTreeSet<Path>,
}

/// Decodes a body of this family.
///
/// # Errors
/// [`Code::Malformed`].
pub fn decode<T: DeserializeOwned>(body: &[u8]) -> Result<T, Code> {
    Ok(crate::cbor::decode(body)?)
}

impl ReceivedUpdate {
    /// Decodes and bounds an update.
    ///
    /// # Errors
    /// [`Code::Malformed`] or [`Code::TooLarge`].
    pub fn decode(body: &[u8]) -> Result<Self, Code> {
        let update: Self = decode(body)?;
        let too_large = |value: &Option<String>| value.as_ref().is_some_and(|v| v.len() > VALUE_BYTES_MAX);
        if update.fields.len() > PATHS_MAX || update.fields.values().any(too_large) {
            return Err(Code::TooLarge);
        }
        // "A receiver MUST refuse a value that is not normalised."
        let vocabulary = Vocabulary::standard();
        let normalised = |(path, value): (&Path, &Option<String>)| {
            value.as_ref().is_none_or(|v| vocabulary.check(path, v).is_ok_and(|known| known.as_str() == v))
        };
        if update.fields.iter().all(normalised) { Ok(update) } else { Err(Code::Malformed) }
    }
}

impl Ended {
    /// Decodes and bounds it.
    ///
    /// # Errors
    /// [`Code::Malformed`] or [`Code::TooLarge`].
    pub fn decode(body: &[u8]) -> Result<Self, Code> {
        let ended: Self = decode(body)?;
        match ended.paths.len() {
            0 => Err(Code::Malformed),
            1..=PATHS_MAX => Ok(ended),
            _ => Err(Code::TooLarge),
        }
    }
}

impl Outcome {
    /// Decodes and bounds an outcome.
    ///
    /// # Errors
    /// [`Code::Malformed`] or [`Code::TooLarge`].
    pub fn decode(body: &[u8]) -> Result<Self, Code> {
        let outcome: Self = decode(body)?;
        let texts = || outcome.results.iter().flat_map(|line| line.detail.iter().chain([&line.system]));
        if outcome.results.len() > PATHS_MAX || texts().any(|text| text.len() > TEXT_BYTES_MAX) {
            return Err(Code::TooLarge);
        }
        if texts().all(|text| text_ok(text)) { Ok(outcome) } else { Err(Code::Malformed) }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::disclosure::{Ask, Grant, GrantState, GrantStatus, authorize};
    use crate::document::{
        AskedField, DataRequest, Document, GrantSubject, Issue, Mode, RequestSubject, Retention,
    };
    use crate::identity::SigningKey;

    pub(crate) fn path(text: &str) -> Path {
        Path::parse(text).unwrap()
    }

    pub(crate) fn paths(texts: &[&str]) -> BTreeSet<Path> {
        texts.iter().map(|t| path(t)).collect()
    }

    pub(crate) fn vendor() -> SigningKey {
        SigningKey::from_seed(&[8; 32])
    }

    pub(crate) fn person() -> SigningKey {
        SigningKey::from_seed(&[9; 32])
    }

    pub(crate) fn request(names: &[&str]) -> DataRequest {
        let fields = names
            .iter()
            .enumerate()
            .map(|(i, name)| AskedField {
                path: path(name),
                required: i == 0,
                reason: "to call you".into(),
                purposes: ["https://w3id.org/dpv#ServiceProvision".to_owned()].into(),
            })
            .collect();
        let subject = RequestSubject {
            name: "Acme".into(),
            title: "Service".into(),
            fields,
            legal_basis: crate::vocabulary::Vocabulary::standard()
                .legal_basis("contract")
                .unwrap()
                .iri
                .clone(),
            mode: Mode::Continuous,
            retention: Retention { duration: "P2Y".into(), after: "end of contract".into() },
            recipients: vec![],
            policy: None,
        };
        let issue = Issue {
            id: RequestId::from_entropy([1; 16]),
            issuer: vendor().public().did(),
            valid_from: Timestamp::default(),
            valid_until: None,
            subject,
        };
        Document::issue(issue, &vendor()).unwrap()
    }

    pub(crate) fn grant(names: &[&str], until: Option<Timestamp>) -> Grant {
        let request = request(names);
        let issue = Issue {
            id: GrantId::from_entropy([2; 16]),
            issuer: person().public().did(),
            valid_from: Timestamp::default(),
            valid_until: until,
            subject: GrantSubject::answering(&request, &paths(names)),
        };
        Document::issue(issue, &person()).unwrap()
    }

    #[test]
    fn a_grant_is_countersigned_into_identical_bytes_and_tampering_shows() {
        let grant = grant(&["phone.mobile", "email.personal"], None);
        let receipt = grant.countersign(&vendor(), &vendor().public().did(), Timestamp::default()).unwrap();
        assert_eq!(receipt.without_countersignature().unwrap(), grant.bytes());
        assert_eq!(Grant::read(receipt.bytes()).unwrap(), receipt);
        assert_eq!(Grant::recall(receipt.bytes()).unwrap(), receipt);
        assert_eq!(Grant::recall(grant.bytes()).unwrap(), grant);
        assert!(DataRequest::recall(grant.bytes()).is_err());
        let text = String::from_utf8(receipt.bytes().to_vec()).unwrap();
        let tampered = text.replace("email.personal", "email.work00000");
        assert!(Grant::read(tampered.as_bytes()).is_err());
        let spaced = text.replacen('{', "{ ", 1);
        assert_eq!(Grant::read(spaced.as_bytes()), Err(Code::NotCanonical));
    }

    #[test]
    fn a_document_counts_from_its_beginning_to_its_end_by_the_readers_clock() {
        let (minute, skew) = (60_000, 300_000);
        let end = Timestamp::from_millis(100 * minute);
        let grant = grant(&["phone.mobile"], Some(end));
        assert_eq!(grant.check_time(Timestamp::default()), Ok(()));
        assert_eq!(grant.check_time(end), Err(Code::Expired));
        let issue = Issue {
            id: grant.id().clone(),
            issuer: person().public().did(),
            valid_from: Timestamp::from_millis(skew + minute),
            valid_until: None,
            subject: grant.subject().clone(),
        };
        let early = Document::issue(issue.clone(), &person()).unwrap();
        assert_eq!(early.check_time(Timestamp::default()), Err(Code::Malformed));
        assert_eq!(early.check_time(Timestamp::from_millis(minute)), Ok(()));
        let ends_first = Issue { valid_until: Some(Timestamp::from_millis(minute)), ..issue };
        assert_eq!(Document::issue(ends_first, &person()).err(), Some(Code::Malformed));
    }

    #[test]
    fn a_document_whose_issuer_did_not_sign_is_refused() {
        let grant = grant(&["phone.mobile"], None);
        let mut map: serde_json::Map<String, serde_json::Value> =
            serde_json::from_slice(grant.bytes()).unwrap();
        map.remove("proof");
        let other = SigningKey::from_seed(&[77; 32]);
        let forged = crate::proof::sign(map, &other, &other.public().did(), Timestamp::default());
        let bytes = crate::json::canonical(&serde_json::Value::Object(forged));
        assert_eq!(Grant::read(bytes.as_bytes()), Err(Code::WrongSigner));
    }

    #[test]
    fn a_grant_must_answer_its_request() {
        let asked = request(&["phone.mobile", "email.personal"]);
        let given = GrantSubject::answering(&asked, &BTreeSet::new());
        assert_eq!(given.scope.len(), 1);
        assert_eq!(given.matches(&asked), Ok(()));
        let mut wider = given.clone();
        wider.scope[0].purposes.insert("https://w3id.org/dpv#Marketing".into());
        assert_eq!(wider.matches(&asked), Err(Code::GrantMismatch));
        let mut narrower = GrantSubject::answering(&asked, &paths(&["email.personal"]));
        narrower.scope.remove(0);
        assert_eq!(narrower.matches(&asked), Err(Code::GrantMismatch));
        assert_eq!(given.matches(&request(&["phone.mobile"])), Err(Code::GrantMismatch));
    }

    #[derive(Serialize)]
    struct Sent {
        grant: GrantId,
        fields: BTreeMap<Path, Option<String>>,
    }

    /// Read as a vendor reads it.
    fn received(fields: impl IntoIterator<Item = (Path, Option<String>)>) -> Result<ReceivedUpdate, Code> {
        let sent = Sent { grant: GrantId::from_entropy([2; 16]), fields: fields.into_iter().collect() };
        ReceivedUpdate::decode(&crate::cbor::encode(&sent))
    }

    #[test]
    fn an_update_has_so_many_fields_of_so_many_bytes_at_most() {
        let many = |count: usize| (0..count).map(|n| (path(&format!("x.field.n{n}")), None));
        assert!(received(many(PATHS_MAX)).is_ok());
        assert_eq!(received(many(PATHS_MAX + 1)), Err(Code::TooLarge));
        let long = |bytes: usize| [(path("x.field.n1"), Some("v".repeat(bytes)))];
        assert!(received(long(VALUE_BYTES_MAX)).is_ok());
        assert_eq!(received(long(VALUE_BYTES_MAX + 1)), Err(Code::TooLarge));
    }

    #[test]
    fn an_update_carries_values_in_their_one_spelling_or_none() {
        let mobile = |value: &str| received([(path("phone.mobile"), Some(value.to_owned()))]).map(|_| ());
        assert_eq!(mobile("+4915112345678"), Ok(()));
        assert_eq!(mobile("+49 151 12345678"), Err(Code::Malformed));
        assert_eq!(mobile("no number"), Err(Code::Malformed));
        assert!(received([(path("phone.mobile"), None)]).is_ok());
    }

    #[test]
    fn an_update_is_shown_without_its_values() {
        let update = received([(path("x.field.n1"), Some("a value".to_owned()))]).unwrap();
        let shown = format!("{update:?}");
        assert!(shown.contains("x.field.n1") && !shown.contains("a value"), "{shown}");
    }

    #[test]
    fn what_has_ended_are_some_paths_but_not_too_many() {
        let ended = |count: usize| {
            let paths = (0..count).map(|n| path(&format!("x.field.n{n}"))).collect();
            let said = Ended { grant: GrantId::from_entropy([2; 16]), paths };
            Ended::decode(&crate::cbor::encode(&said)).map(|ended| ended.paths.len())
        };
        assert_eq!((ended(0), ended(1)), (Err(Code::Malformed), Ok(1)));
        assert_eq!((ended(PATHS_MAX), ended(PATHS_MAX + 1)), (Ok(PATHS_MAX), Err(Code::TooLarge)));
    }

    #[test]
    fn a_document_and_an_update_are_read_as_they_were_written() {
        let carried: Carried = decode(&Carried::body(b"{}")).unwrap();
        assert_eq!(carried.document, b"{}");
        let grant = grant(&["phone.mobile", "email.personal"], None);
        let standing = GrantState { status: GrantStatus::Standing, ..GrantState::offered() };
        let asked = paths(&["phone.mobile", "email.personal"]);
        let permit = authorize(&grant, &standing, Ask::Update, &asked, Timestamp::default()).unwrap();
        let value = |path: &Path| (path.as_str() == "phone.mobile").then(|| "+4915112345678".to_owned());
        let update = update_body(permit.fill(|path| Ok::<_, ()>(value(path))).unwrap());
        let read = ReceivedUpdate::decode(&update).unwrap();
        assert_eq!(read.grant, *grant.id());
        assert_eq!(read.fields, asked.into_iter().map(|path| (path.clone(), value(&path))).collect());
    }

    #[test]
    fn an_outcome_has_so_many_lines_of_so_long_texts_at_most() {
        let outcome = |count: usize, system: usize, detail: Option<usize>| {
            let line = |n| OutcomeLine {
                path: path(&format!("x.field.n{n}")),
                outcome: OutcomeKind::Applied,
                system: "s".repeat(system),
                detail: detail.map(|bytes| "d".repeat(bytes)),
            };
            let grant = GrantId::from_entropy([2; 16]);
            let results = (0..count).map(line).collect();
            let said = Outcome { grant, update: 1, results, at: Timestamp::default() };
            Outcome::decode(&crate::cbor::encode(&said)).map(|read| assert_eq!(read, said))
        };
        assert_eq!((outcome(1, 1, None), outcome(PATHS_MAX, 1, Some(1))), (Ok(()), Ok(())));
        assert_eq!(outcome(PATHS_MAX + 1, 1, None), Err(Code::TooLarge));
        assert_eq!(outcome(1, TEXT_BYTES_MAX, Some(TEXT_BYTES_MAX)), Ok(()));
        assert_eq!(outcome(1, TEXT_BYTES_MAX + 1, Some(1)), Err(Code::TooLarge));
        assert_eq!(outcome(1, 1, Some(TEXT_BYTES_MAX + 1)), Err(Code::TooLarge));
    }

    #[test]
    fn an_outcome_is_named_as_it_is_written() {
        for (kind, name) in [
            (OutcomeKind::Applied, "applied"),
            (OutcomeKind::Conflict, "conflict"),
            (OutcomeKind::Duplicate, "duplicate"),
            (OutcomeKind::Refused, "refused"),
        ] {
            assert_eq!((kind.to_string(), serde_json::to_value(kind).unwrap()), (name.into(), name.into()));
        }
    }
}
