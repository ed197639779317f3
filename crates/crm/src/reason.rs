//! Why a change was not taken, in words that carry nothing personal.

use freehold_outbound::FetchError;

/// Why a CRM did not take a change. Names of fields and objects are those of the mapping; values are never shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// No answer.
    #[error("{0}")]
    Fetch(FetchError),
    /// 429, or the system's own word for it.
    #[error("the CRM asks for fewer requests: it is tried again later")]
    TooMany,
    /// A status that says nothing more.
    #[error("the CRM answered {0}: it is tried again")]
    Status(u16),
    /// 401, and no way to a new token.
    #[error("the CRM does not take the token: give a new one to the hub's configuration")]
    SignIn,
    /// 403.
    #[error("the CRM does not allow this user to {verb} {object}: give it the right")]
    Forbidden {
        /// `read`, `write`, `create` or `erase`.
        verb: &'static str,
        /// The CRM's object.
        object: String,
    },
    /// An answer that does not have the form that the system documents.
    #[error(
        "the CRM's answer about {object} is not understood: check the address and the version of the CRM"
    )]
    Answer {
        /// The CRM's object.
        object: String,
    },
    /// A place of the mapping that the CRM does not have.
    #[error("the CRM has no {place}: correct the mapping")]
    NoPlace {
        /// Object and field.
        place: String,
    },
    /// The CRM refused a whole request.
    #[error(
        "the CRM refused to {verb} {object} with {status}: correct the mapping or the CRM, then send it again"
    )]
    Rejected {
        /// `read`, `write`, `create` or `erase`.
        verb: &'static str,
        /// The CRM's object.
        object: String,
        /// The HTTP status.
        status: u16,
    },
    /// Something must stay and nobody has said why.
    #[error(
        "{place} could not be erased, and the mapping names no exception to keep it under: erase it by hand or add one"
    )]
    NotErased {
        /// Object and field.
        place: String,
    },
    /// More than one record, or one that is somebody else's: nothing was erased.
    #[error("the CRM has the customer more than once: leave the DID on one record, then send it again")]
    Ambiguous,
}
