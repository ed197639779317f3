//! Data requests: from the file a vendor writes to the document it signs.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError};

use freehold_mailbox::record::{decode, list, load, save};
use freehold_mailbox::{Desk, Mailbox};
use freehold_protocol::code::Code;
use freehold_protocol::data::{Carried, REQUEST};
use freehold_protocol::document::{
    AskedField, DataRequest, DataRequestError, Document, Issue, Mode, RequestSubject, Retention,
};
use freehold_protocol::id::RequestId;
use freehold_protocol::path::Path;
use freehold_protocol::time::Timestamp;
use freehold_protocol::vocabulary::Vocabulary;
use freehold_store::{ReadError, Reader, Store, WriteError};
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
use toml::Spanned;

use crate::config::{line_of, toml_error};
use crate::keys::Identity;
use crate::relationship::Relationship;
use crate::shared::Shared;
use crate::tables;
use crate::view::AskView;

/// Longest request in bytes: with a person's signature beside it, it still fits into one record of the store.
const ASK_BYTES_MAX: usize = 48 * 1024;

/// Most requests of one hub: they are all kept in memory.
const ASKS_MAX: usize = 1_000;

/// Most requests put to one customer: as many as there may be grants.
const REQUESTS_MAX: usize = 200;

/// Why a request was not made.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// The file is wrong.
    #[error("{file} line {line}: {reason}")]
    File {
        /// The file's name.
        file: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong there.
        reason: String,
    },
    /// Larger than a record.
    #[error(
        "the request has {got} bytes when signed, more than {ASK_BYTES_MAX}: ask for fewer fields or shorten the reasons"
    )]
    TooLarge {
        /// How large it is.
        got: usize,
    },
    /// As many as the hub keeps are there.
    #[error("there are {ASKS_MAX} requests already: use one of them")]
    TooMany,
    /// The store failed.
    #[error("{0}")]
    Store(String),
}

/// The data request that is meant does not exist.
#[derive(Debug, thiserror::Error)]
pub enum NoSuchAsk {
    /// None was made yet.
    #[error("there is no data request yet: write one and make it with `freehold hub ask FILE`")]
    None,
    /// None of this id.
    #[error("there is no data request {0}: `freehold hub asks` lists them")]
    Unknown(String),
}

/// Why a customer was not asked.
#[derive(Debug, thiserror::Error)]
pub enum AskCustomerError {
    /// No such relationship.
    #[error("there is no such customer: `freehold hub customers` lists them")]
    CustomerUnknown,
    /// No such request.
    #[error(transparent)]
    Ask(#[from] NoSuchAsk),
    /// A request is asked once.
    #[error("this customer was asked that already: write a new request for a new question")]
    Asked,
    /// As many as one relationship may have.
    #[error("this customer was asked {REQUESTS_MAX} times already")]
    TooOften,
    /// The store failed.
    #[error("{0}")]
    Store(String),
}

/// A request that was made.
pub(crate) struct Ask {
    pub(crate) request: DataRequest,
    pub(crate) created: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct Record {
    document: ByteBuf,
    created: Timestamp,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: Option<Spanned<String>>,
    title: Spanned<String>,
    legal_basis: Spanned<String>,
    mode: Mode,
    retention: Spanned<FileRetention>,
    #[serde(default)]
    recipients: Vec<String>,
    policy: Option<String>,
    field: Spanned<Vec<Spanned<FileField>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileRetention {
    duration: String,
    #[serde(default)]
    after: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileField {
    path: Spanned<String>,
    #[serde(default)]
    required: bool,
    reason: Spanned<String>,
    purposes: Spanned<Vec<Spanned<String>>>,
}

impl Ask {
    /// The request as the hub asks under one of its keys: of the same id, moment and subject, by that key, and so the same
    /// bytes each time.
    pub(crate) fn by(&self, identity: &Identity) -> Option<DataRequest> {
        if *self.request.issuer() == identity.did {
            return Some(self.request.clone());
        }
        let issue = Issue {
            id: self.request.id().clone(),
            issuer: identity.did.clone(),
            valid_from: self.created,
            valid_until: None,
            subject: self.request.subject().clone(),
        };
        let issued = Document::issue(issue, &identity.vendor);
        issued.inspect_err(|code| tracing::error!(%code, "a data request cannot be signed again")).ok()
    }

    pub(crate) fn view(&self) -> AskView {
        let fields = &self.request.subject().fields;
        let paths =
            |required| fields.iter().filter(move |f| f.required == required).map(|f| f.path.to_string());
        AskView {
            id: self.request.id().to_string(),
            title: self.request.subject().title.clone(),
            fields: paths(true).chain(paths(false)).collect(),
            created: self.created.rfc3339(),
        }
    }
}

/// Every request of a store, oldest first.
pub(crate) fn stored(reader: &impl Reader) -> Result<Vec<Arc<Ask>>, ReadError> {
    let records: Vec<Record> = list(reader, &tables::asks())?;
    records.into_iter().map(recall).collect()
}

/// Those after the first so many: requests are numbered from 1 without a gap.
pub(crate) fn stored_after(store: &Store, known: u64) -> Result<Vec<Arc<Ask>>, ReadError> {
    let all = tables::asks();
    let newer = store.scan_after(&all, &all.clone().with_u64(known));
    newer.map(|entry| recall(decode(&entry?.1)?)).collect()
}

fn recall(record: Record) -> Result<Arc<Ask>, ReadError> {
    let request = DataRequest::recall(&record.document).map_err(|_| ReadError::Corrupt)?;
    Ok(Arc::new(Ask { request, created: record.created }))
}

/// Reads a request from its file, signs it and keeps it.
pub(crate) async fn make(shared: &Shared, text: &str, file_name: &str) -> Result<AskView, AskError> {
    let subject = parse(text, &shared.name).map_err(|(line, reason)| AskError::File {
        file: file_name.to_owned(),
        line,
        reason,
    })?;
    let (created, identity) = (shared.now(), shared.keys.newest());
    let issue = Issue {
        id: RequestId::from_entropy(freehold_mailbox::entropy()),
        issuer: identity.did.clone(),
        valid_from: created,
        valid_until: None,
        subject,
    };
    let request = Document::issue(issue, &identity.vendor).map_err(|code| AskError::File {
        file: file_name.to_owned(),
        line: 1,
        reason: format!("it makes no valid document ({code})"),
    })?;
    let got = request.bytes().len();
    if got > ASK_BYTES_MAX {
        return Err(AskError::TooLarge { got });
    }
    let ask = Arc::new(Ask { request, created });
    let record = Record { document: ByteBuf::from(ask.request.bytes()), created };
    let id = ask.request.id().clone();
    let written = shared.store.write(move |txn| {
        let last = txn.last(&tables::asks())?.and_then(|(key, _)| key.last_u64()).unwrap_or_default();
        if last >= ASKS_MAX as u64 {
            return Ok(false);
        }
        let number = tables::ask_number(txn, &id);
        debug_assert!(load::<u64>(txn, &number)?.is_none(), "ids are random");
        save(txn, number, &(last + 1));
        save(txn, tables::asks().with_u64(last + 1), &record);
        Ok::<_, ReadError>(true)
    });
    let written = written.await.map_err(|error: WriteError<ReadError>| AskError::Store(error.to_string()))?;
    if !written.into_inner() {
        return Err(AskError::TooMany);
    }
    let view = ask.view();
    let mut asks = shared.asks.write().unwrap_or_else(PoisonError::into_inner);
    if asks.iter().all(|known| known.request.id() != ask.request.id()) {
        asks.push(ask);
    }
    Ok(view)
}

/// Puts a request to a customer whom the hub knows already. It is on disk then, and sent once they are connected.
pub(crate) async fn put(
    shared: &Arc<Shared>,
    customer: &str,
    ask: Option<&str>,
) -> Result<AskView, AskCustomerError> {
    let failed = |error: &dyn std::fmt::Display| AskCustomerError::Store(error.to_string());
    let known = shared.meant(customer).map_err(|error| failed(&error))?;
    let id = known.ok_or(AskCustomerError::CustomerUnknown)?.id;
    let ask = shared.ask(ask)?;
    let (relationship, putting, now) = (id.clone(), Arc::clone(&ask), shared.now());
    let keys = Arc::clone(shared);
    let written = shared.store.write(move |txn| {
        let storage = |_| AskCustomerError::Store(Code::StorageFailed.to_string());
        let known = Relationship::load(txn, &relationship).map_err(storage)?;
        let mut known = known.ok_or(AskCustomerError::CustomerUnknown)?;
        let request = putting.request.id();
        if known.requests.contains(request) {
            return Err(AskCustomerError::Asked);
        }
        if known.requests.len() >= REQUESTS_MAX {
            return Err(AskCustomerError::TooOften);
        }
        known.requests.push(request.clone());
        known.save(txn);
        let request = putting.by(&keys.keys.at(known.generation));
        let request = request.ok_or_else(|| AskCustomerError::Store(Code::Malformed.to_string()))?;
        let mailbox = Mailbox::new(&relationship);
        let mut desk = Desk::new(txn, &mailbox, &relationship, &known.peer, now);
        desk.queue(REQUEST, None, Carried::body(request.bytes()))
            .map_err(|code| AskCustomerError::Store(code.to_string()))
    });
    match written.await {
        Ok(_) => {
            shared.wake(&id);
            Ok(ask.view())
        }
        Err(WriteError::Refused(error)) => Err(error),
        Err(error) => Err(failed(&error)),
    }
}

/// What a file of a vendor of this name asks for, or the line and the reason why it cannot be asked.
///
/// # Errors
/// The number of the line, from 1, and what to do about it.
pub fn parse(text: &str, name: &str) -> Result<RequestSubject, (usize, String)> {
    let file: File = toml::from_str(text).map_err(|error| toml_error(text, &error))?;
    let line = |span: std::ops::Range<usize>| line_of(text, span.start);
    let vocabulary = Vocabulary::standard();
    let mut fields = Vec::new();
    for field in file.field.as_ref() {
        let field = field.as_ref();
        let at = line(field.path.span());
        let path = Path::parse(field.path.as_ref()).map_err(|error| (at, error.to_string()))?;
        if vocabulary.field(&path).is_none() && !path.is_free() {
            let hint = vocabulary.nearest(&path).map(|near| format!("; did you mean {near}?"));
            let reason = format!("the vocabulary has no path {path}{}", hint.unwrap_or_default());
            return Err((at, reason));
        }
        let mut purposes = BTreeSet::new();
        for purpose in field.purposes.as_ref() {
            let known = purpose_iri(purpose.as_ref())
                .ok_or_else(|| (line(purpose.span()), unknown_purpose(&path, purpose.as_ref())))?;
            purposes.insert(known.to_owned());
        }
        let reason = field.reason.as_ref().clone();
        fields.push(AskedField { path, required: field.required, reason, purposes });
    }
    let basis = file.legal_basis.as_ref();
    let legal_basis = vocabulary.legal_basis(&decapitalized(basis)).or_else(|| vocabulary.legal_basis(basis));
    let subject = RequestSubject {
        name: file.name.as_ref().map_or(name, |n| n.as_ref().as_str()).to_owned(),
        title: file.title.as_ref().clone(),
        fields,
        legal_basis: legal_basis.map_or(basis, |known| &known.iri).to_owned(),
        mode: file.mode,
        retention: Retention {
            duration: file.retention.as_ref().duration.clone(),
            after: file.retention.as_ref().after.clone(),
        },
        recipients: file.recipients.clone(),
        policy: file.policy.clone(),
    };
    subject.review().map_err(|error| {
        let field = |wanted: &str| {
            file.field.as_ref().iter().map(Spanned::as_ref).find(|f| f.path.as_ref() == wanted)
        };
        let span = match &error {
            DataRequestError::UnknownPath { path } => field(path).map(|f| f.path.span()),
            DataRequestError::NoPurpose { path } | DataRequestError::UnknownPurpose { path, .. } => {
                field(path).map(|f| f.purposes.span())
            }
            DataRequestError::NoReason { path } => field(path).map(|f| f.reason.span()),
            DataRequestError::UnknownLegalBasis { .. } => Some(file.legal_basis.span()),
            DataRequestError::Retention => Some(file.retention.span()),
            DataRequestError::Shape(text) if text.starts_with("name") => {
                file.name.as_ref().map(Spanned::span)
            }
            DataRequestError::Shape(text) if text.starts_with("title") => Some(file.title.span()),
            DataRequestError::Shape(_) => Some(doubled(&file).unwrap_or_else(|| file.field.span())),
        };
        (span.map_or(1, line), error.to_string())
    })?;
    Ok(subject)
}

/// Where a path stands for the second time.
fn doubled(file: &File) -> Option<std::ops::Range<usize>> {
    let mut seen = BTreeSet::new();
    let mut fields = file.field.as_ref().iter().map(Spanned::as_ref);
    fields.find(|field| !seen.insert(field.path.as_ref())).map(|field| field.path.span())
}

/// A purpose by its name, with either case of its first letter, `dpv:Name`, or IRI.
pub(crate) fn purpose_iri(text: &str) -> Option<&'static str> {
    let vocabulary = Vocabulary::standard();
    let name = text.strip_prefix("dpv:").unwrap_or(text);
    let known = vocabulary.purpose(name).or_else(|| vocabulary.purpose(&decapitalized(name)));
    known.map(|purpose| purpose.iri.as_str())
}

fn decapitalized(name: &str) -> String {
    let mut chars = name.chars();
    chars.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(chars).collect()
}

fn unknown_purpose(path: &Path, purpose: &str) -> String {
    format!("field {path}: purpose {purpose:?} is not in the vocabulary's list, such as serviceProvision")
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"title = "Repairs"
legal_basis = "contract"
mode = "continuous"
retention = { duration = "P2Y", after = "end of contract" }

[[field]]
path = "phone.mobile"
required = true
reason = "to call you"
purposes = ["ServiceProvision"]
"#;

    fn refused(from: &str, to: &str) -> (usize, String) {
        assert!(GOOD.contains(from), "{from}");
        parse(&GOOD.replace(from, to), "Acme").expect_err(to)
    }

    #[test]
    fn a_good_file_becomes_a_request_with_iris() {
        let subject = parse(GOOD, "Acme").unwrap();
        assert_eq!(subject.name, "Acme");
        assert_eq!(subject.legal_basis, "https://w3id.org/dpv#ContractPerformance");
        let purposes: Vec<_> = subject.fields[0].purposes.iter().map(String::as_str).collect();
        assert_eq!(purposes, ["https://w3id.org/dpv#ServiceProvision"]);
    }

    #[test]
    fn each_mistake_is_told_with_its_line() {
        for (from, to, line, word) in [
            ("phone.mobile", "phone.mobil", 7, "did you mean phone.mobile"),
            ("phone.mobile", "phone", 7, "one segment"),
            ("\"ServiceProvision\"", "\"World\"", 10, "World"),
            ("\"ServiceProvision\"", "", 10, "at least one purpose"),
            ("to call you", " ", 9, "reason"),
            ("\"contract\"", "\"because\"", 2, "because"),
            ("P2Y", "two years", 4, "ISO 8601"),
            ("\"continuous\"", "\"always\"", 3, "always"),
            ("required = true", "needed = true", 8, "needed"),
            ("reason = \"to call you\"\n", "", 6, "reason"),
        ] {
            let (got, reason) = refused(from, to);
            assert!(reason.contains(word), "{reason}");
            assert_eq!(got, line, "{reason}");
        }
        let twice = format!("{GOOD}\n{}", &GOOD[GOOD.find("[[field]]").unwrap()..]);
        assert_eq!(parse(&twice, "Acme").unwrap_err().0, 13);
    }
}
