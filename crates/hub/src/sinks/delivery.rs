//! What a receiver did with an event.

use std::time::Duration;

use freehold_crm::Memory;
use freehold_protocol::data::OutcomeKind;
use freehold_protocol::document::ErasureLine;

/// What a receiver did with an event.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Delivery {
    /// It has it.
    Taken(Said),
    /// It may take it later.
    Again {
        /// Why not now; nothing personal.
        reason: String,
        /// Not before this.
        after: Option<Duration>,
    },
    /// It will not take it.
    Refused {
        /// Why not; nothing personal.
        reason: String,
    },
}

/// What a receiver says of single fields; of the others it took what came.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Said {
    /// Of an update.
    pub(crate) outcomes: Vec<FieldOutcome>,
    /// Of an erasure: what is not erased.
    pub(crate) not_erased: Vec<ErasureLine>,
    /// What the CRM's connector wants to know again of the customer.
    pub(crate) memory: Option<Memory>,
}

/// What became of one field.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FieldOutcome {
    pub(crate) path: String,
    pub(crate) outcome: OutcomeKind,
    /// The system that holds it now, where that is another one.
    pub(crate) system: Option<String>,
    /// A sentence for the person.
    pub(crate) detail: Option<String>,
}
