//! Data requests that vendors made.

use std::fmt;

use freehold_protocol::document::DataRequest;
use freehold_protocol::id::{GrantId, MessageId, RelationshipId, RequestId};
use freehold_protocol::time::Timestamp;
use freehold_store::{Key, ReadError, Reader, Txn};
use serde::{Deserialize, Serialize};

use super::document_id;
use crate::lookup::{LookupError, only};
use crate::parts;
use crate::tables::{REQUESTS, named};

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

    /// The document, verified again.
    ///
    /// # Errors
    /// [`ReadError::Corrupt`] when it does not verify.
    pub fn read(&self) -> Result<DataRequest, ReadError> {
        DataRequest::read(&self.document).map_err(|_| ReadError::Corrupt)
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
    let key = named(txn, REQUESTS, request.id()?.as_str());
    parts::save(txn, &key, request)
}

/// A request.
///
/// # Errors
/// The store's.
pub fn request(reader: &impl Reader, id: &RequestId) -> Result<Option<StoredRequest>, ReadError> {
    parts::load(reader, &named(reader, REQUESTS, id.as_str()))
}

/// All requests, the oldest first.
///
/// # Errors
/// The store's.
pub fn requests(reader: &impl Reader) -> Result<Vec<StoredRequest>, ReadError> {
    let mut all: Vec<StoredRequest> = parts::list(reader, &Key::new(REQUESTS))?;
    all.sort_by_key(|request| (request.received, request.message));
    Ok(all)
}

/// The request that a person meant by its id or a prefix of it.
///
/// # Errors
/// [`LookupError`] unless it is exactly one.
pub fn request_meant_by(reader: &impl Reader, text: &str) -> Result<StoredRequest, LookupError> {
    let mut meant = Vec::new();
    for request in requests(reader)? {
        if request.id()?.is_meant_by(text) {
            meant.push(request);
        }
    }
    only("request", meant)
}
