//! Data requests that vendors made.

use std::fmt;

use freehold_mailbox::record;
use freehold_protocol::document::DataRequest;
use freehold_protocol::id::{GrantId, MessageId, RelationshipId, RequestId};
use freehold_protocol::time::Timestamp;
use freehold_store::{Key, ReadError, Reader, Txn};
use serde::{Deserialize, Serialize};

use super::document_id;
use crate::lookup::{LookupError, only};
use crate::parts;
use crate::tables::{OPEN_REQUESTS, REQUESTS, named, under};

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RequestState {
    /// The person has not answered.
    Open,
    /// Answered with this grant.
    Granted(GrantId),
    /// Declined.
    Declined,
}

/// A request as it is kept.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredRequest {
    /// The signed document's exact bytes.
    #[serde(with = "serde_bytes")]
    pub document: Vec<u8>,
    /// Which relationship it came in.
    pub relationship: RelationshipId,
    /// When it came.
    pub received: Timestamp,
    /// The message it came in: the thread of the answer.
    pub message: MessageId,
    /// What became of it.
    pub state: RequestState,
}

impl StoredRequest {
    /// Its id, read without verifying.
    ///
    /// # Errors
    /// [`ReadError::Corrupt`] when the bytes are no document.
    pub fn id(&self) -> Result<RequestId, ReadError> {
        document_id(&self.document)
    }

    /// The document, as it was verified before it was kept.
    ///
    /// # Errors
    /// [`ReadError::Corrupt`] when the bytes are no request.
    pub fn read(&self) -> Result<DataRequest, ReadError> {
        DataRequest::recall(&self.document).map_err(|_| ReadError::Corrupt)
    }
}

impl fmt::Debug for StoredRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoredRequest({} bytes, {:?})", self.document.len(), self.state)
    }
}

/// Writes a request, in place of the one with its id.
///
/// # Errors
/// [`ReadError::Corrupt`] when its bytes are no document, and the store's.
pub fn put_request(txn: &mut Txn, request: &StoredRequest) -> Result<(), ReadError> {
    let id = request.id()?;
    let key = request_key(txn, &request.relationship, &id);
    parts::save(txn, &key, request)?;
    note_open(txn, request, &id)
}

/// Keeps the list of open requests.
fn note_open(txn: &mut Txn, request: &StoredRequest, id: &RequestId) -> Result<(), ReadError> {
    let key = named(txn, OPEN_REQUESTS, request.relationship.as_str());
    let key = under(txn, key, OPEN_REQUESTS, id.as_str());
    let is_listed = txn.get(&key)?.is_some();
    match (request.state == RequestState::Open, is_listed) {
        (true, false) => record::save_erasable(txn, key, &(&request.relationship, id)),
        (false, true) => txn.delete(&key),
        _ => {}
    }
    Ok(())
}

/// The step of the tables that brought the list of open requests.
pub(crate) fn fill(txn: &mut Txn) -> Result<(), ReadError> {
    for request in requests(txn)? {
        note_open(txn, &request, &request.id()?)?;
    }
    Ok(())
}

/// The requests that are not answered, the oldest first. Reads no others.
///
/// # Errors
/// The store's.
pub fn open_requests(reader: &impl Reader) -> Result<Vec<StoredRequest>, ReadError> {
    let listed: Vec<(RelationshipId, RequestId)> = record::list(reader, &Key::new(OPEN_REQUESTS))?;
    let mut found = Vec::new();
    for (relationship, id) in listed {
        found.extend(request(reader, &relationship, &id)?);
    }
    Ok(oldest_first(found))
}

/// A request of a relationship. Vendors choose the ids of their requests, so that an id says nothing across
/// relationships: one vendor must not learn from a refusal that another has asked the same person.
///
/// # Errors
/// The store's.
pub fn request(
    reader: &impl Reader,
    relationship: &RelationshipId,
    id: &RequestId,
) -> Result<Option<StoredRequest>, ReadError> {
    parts::load(reader, &request_key(reader, relationship, id))
}

/// The requests of a relationship. Reads no others.
///
/// # Errors
/// The store's.
pub fn requests_of(
    reader: &impl Reader,
    relationship: &RelationshipId,
) -> Result<Vec<StoredRequest>, ReadError> {
    parts::list(reader, &named(reader, REQUESTS, relationship.as_str())).map(oldest_first)
}

fn request_key(reader: &impl Reader, relationship: &RelationshipId, id: &RequestId) -> Key {
    under(reader, named(reader, REQUESTS, relationship.as_str()), REQUESTS, id.as_str())
}

/// All requests, the oldest first.
///
/// # Errors
/// The store's.
pub fn requests(reader: &impl Reader) -> Result<Vec<StoredRequest>, ReadError> {
    parts::list(reader, &Key::new(REQUESTS)).map(oldest_first)
}

fn oldest_first(mut requests: Vec<StoredRequest>) -> Vec<StoredRequest> {
    requests.sort_by_key(|request| (request.received, request.message));
    requests
}

/// The request that a person meant by its id or a prefix of it; `ID@RELATIONSHIP`, both as prefixes, tells apart what
/// two vendors have given the same id.
///
/// # Errors
/// [`LookupError`] unless it is exactly one.
pub fn request_meant_by(reader: &impl Reader, text: &str) -> Result<StoredRequest, LookupError> {
    let (text, of) = text.split_once('@').map_or((text, None), |(id, of)| (id, Some(of)));
    let mut meant = Vec::new();
    for request in requests(reader)? {
        if request.id()?.is_meant_by(text) && of.is_none_or(|of| request.relationship.is_meant_by(of)) {
            meant.push(request);
        }
    }
    only("request", meant)
}
