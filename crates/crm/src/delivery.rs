//! What became of one change.

use std::fmt;
use std::time::Duration;

use crate::customer::Memory;
use crate::reason::Reason;

/// What became of one attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// The CRM has answered. Do not send it again.
    Done {
        /// One line for each path of the change, in the order of the paths.
        lines: Vec<Line>,
        /// To be stored with the customer in place of the one before, in the transaction that notes the delivery.
        memory: Memory,
    },
    /// Not now: send the same change again later. Part of it may have been written; that does no harm.
    Again {
        /// Why.
        reason: Reason,
        /// The CRM wants no attempt before this long.
        after: Option<Duration>,
    },
    /// It will not go like this: put it on the dead-letter list. Somebody has to change something first.
    Refused {
        /// Why.
        reason: Reason,
    },
}

/// What became of one path.
#[derive(Clone, PartialEq, Eq)]
pub struct Line {
    /// Which.
    pub path: String,
    /// What became of it.
    pub result: LineResult,
    /// A sentence for the person, such as `contact 4711`: at most 1,024 bytes, not empty, no control characters, no value.
    pub detail: Option<String>,
}

/// The words of an outcome (for an update) and of an erasure receipt (for an erasure).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LineResult {
    /// The CRM holds the value; it was read back.
    Applied,
    /// The CRM holds a value of its own that somebody must look at.
    Conflict,
    /// The CRM has the person twice, or perhaps; nothing was written.
    Duplicate,
    /// The CRM does not take the value, or has no place for it.
    Refused,
    /// Nothing is left of it; the place was read back.
    Erased,
    /// Still there but no longer used: the record was put out of use.
    Restricted {
        /// The legal exception, an IRI of the vocabulary's list: an erasure receipt must name it.
        exception: String,
    },
    /// Still there, in use.
    Kept {
        /// The legal exception, an IRI of the vocabulary's list.
        exception: String,
    },
}

/// Shows the result alone: a path may be personal.
impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.result.fmt(f)
    }
}
