//! Agreements: what vendors asked, what the person gave, and how it ended, each as the signed bytes.

mod grant;
mod request;

use freehold_store::ReadError;
use serde::{Deserialize, de::DeserializeOwned};

pub use grant::{StoredGrant, StoredRevocation, grant, grant_meant_by, grants, grants_of, put_grant};
pub use request::{
    RequestState, StoredRequest, put_request, request, request_meant_by, requests, requests_of,
};

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
