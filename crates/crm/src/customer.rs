//! Who, and what is to change.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

/// Who: never matched by name. Its `Debug` shows nothing of the person.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Customer {
    /// The pairwise DID.
    pub did: String,
    /// The vendor's own number of the customer.
    pub reference: Option<String>,
    /// Earlier DIDs, after a rotation; the order does not matter.
    pub before: Vec<String>,
    /// All values that the hub holds of the customer under grants that are alive, those of this change included: a field of
    /// the CRM that joins several paths is made of them. May be empty where no field joins.
    pub held: BTreeMap<String, String>,
    /// What the last [`crate::Delivery::Done`] about this customer gave back; empty for a new one, or where it was lost.
    pub memory: Memory,
}

impl fmt::Debug for Customer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Customer").field("memory", &self.memory).finish_non_exhaustive()
    }
}

/// What a connector wants to know again of one customer. The hub stores it with the customer, hands it in with the next
/// change and erases it with the rest; it never looks inside. Without it everything still works, but what the connector
/// wrote itself counts as the CRM's own value where the mapping says `keep`.
///
/// It holds numbers of the CRM and digests, and no value.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Memory {
    /// The record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) record: Option<String>,
    /// Whether the connector made it.
    #[serde(default)]
    pub(crate) made: bool,
    /// Per place in the record, the digest of what was last written or found there as it should be.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) wrote: BTreeMap<String, String>,
    /// Per part of the record, the number of the entry that is the customer's.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) entries: BTreeMap<String, String>,
}

impl Memory {
    /// Whether there is nothing to store.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What is known of this record: nothing, if another one was the customer's before.
    pub(crate) fn of(&self, record: &str) -> Self {
        if self.record.as_deref() == Some(record) {
            return self.clone();
        }
        Self { record: Some(record.to_owned()), ..Self::default() }
    }

    /// The number of the record in the CRM, if it is known: for the operator's list of customers.
    #[must_use]
    pub fn record(&self) -> Option<&str> {
        self.record.as_deref()
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory").field("wrote", &self.wrote.len()).finish_non_exhaustive()
    }
}

/// One event for the CRM.
#[derive(Clone, Copy)]
pub enum Change<'a> {
    /// Values came.
    Update {
        /// Whose.
        customer: &'a Customer,
        /// Path to value; none where the person has none. Only what changed.
        fields: &'a BTreeMap<String, Option<String>>,
    },
    /// Values are to be erased.
    Erase {
        /// Whose. `held` is what is left afterwards.
        customer: &'a Customer,
        /// Paths that no grant covers any more. A path that another grant still covers is not among them.
        paths: &'a BTreeSet<String>,
        /// Nothing else is held of this customer.
        last: bool,
    },
}

impl Change<'_> {
    /// Whose change it is.
    #[must_use]
    pub fn customer(&self) -> &Customer {
        match self {
            Self::Update { customer, .. } | Self::Erase { customer, .. } => customer,
        }
    }
}

impl fmt::Debug for Change<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Update { fields, .. } => {
                f.debug_struct("Update").field("fields", &fields.len()).finish_non_exhaustive()
            }
            Self::Erase { paths, last, .. } => f
                .debug_struct("Erase")
                .field("paths", &paths.len())
                .field("last", last)
                .finish_non_exhaustive(),
        }
    }
}
