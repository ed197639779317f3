//! Agreements: what vendors asked, what the person gave, and how it ended, each as the signed bytes.

mod grant;
mod request;

use freehold_store::{Progress, ReadError, Txn};
use serde::{Deserialize, de::DeserializeOwned};

pub use grant::{
    StoredGrant, StoredRevocation, grant, grant_meant_by, grants, grants_of, is_of, put_grant, put_released,
    sharing, unanswered,
};
pub use request::{
    RequestState, StoredRequest, open_requests, put_request, request, request_meant_by, requests, requests_of,
};

/// The step of the tables that brought the lists of what is open, shared and unanswered.
pub(crate) fn fill(txn: &mut Txn, _: Option<&[u8]>) -> Result<Progress, ReadError> {
    request::fill(txn)?;
    grant::fill(txn)?;
    Ok(Progress::Done)
}

/// The id in a document's bytes, without the cost of verifying it.
fn document_id<I: DeserializeOwned>(document: &[u8]) -> Result<I, ReadError> {
    #[derive(Deserialize)]
    struct Named<I> {
        id: I,
    }
    serde_json::from_slice::<Named<I>>(document).map(|named| named.id).map_err(|_| ReadError::Corrupt)
}

#[cfg(test)]
pub(crate) mod tests;
