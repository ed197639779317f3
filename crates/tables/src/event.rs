//! What the tables take of an event.

/// An event.
#[derive(Clone, PartialEq, Eq)]
pub struct Event {
    /// Its number in the hub's log.
    pub n: u64,
    /// Its id.
    pub id: String,
    /// Its type.
    pub kind: String,
    /// The relationship's UUID.
    pub relationship: String,
    /// The vendor's reference of the customer.
    pub customer: Option<String>,
    /// The pairwise DID.
    pub did: String,
    /// The UUID of the grant that it is about.
    pub grant: Option<String>,
    /// The paths that it names.
    pub paths: Vec<String>,
    /// When the hub stored it, RFC 3339.
    pub at: String,
    /// What else it says, as JSON without any value.
    pub details: String,
    /// What it changes.
    pub what: What,
}

/// What an event changes.
#[derive(Clone, PartialEq, Eq)]
pub enum What {
    /// A grant stands from now on.
    Granted {
        /// The request that it answers.
        request: String,
        /// When it ends, RFC 3339.
        until: Option<String>,
        /// Its legal basis.
        legal_basis: String,
        /// What may be used for what.
        scope: Vec<ScopeRow>,
    },
    /// Values came; a value that an erasure or a later update has taken back is not among them.
    Updated(Vec<(String, Option<String>)>),
    /// The paths of the event may not be used any more, and their values are deleted.
    Erased {
        /// `revoked` or `expired`.
        reason: String,
    },
    /// A person was told of an update.
    Told {
        /// The id of the update's event.
        event: String,
        /// Field by field.
        lines: Vec<OutcomeRow>,
    },
    /// Only what follows is held of the customer, in [`Tables::hold`](crate::Tables::hold): values go, and what is allowed ends.
    Held,
    /// Only that it happened.
    Nothing,
}

/// One path of a grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScopeRow {
    /// Which field.
    pub path: String,
    /// For what.
    pub purposes: Vec<String>,
}

/// What became of one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutcomeRow {
    /// Which field.
    pub path: String,
    /// `applied`, `conflict`, `duplicate` or `refused`.
    pub outcome: String,
    /// The system that holds it.
    pub system: String,
}

/// Shows no value.
impl std::fmt::Debug for Event {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Event").field("n", &self.n).field("kind", &self.kind).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for What {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Granted { .. } => "Granted",
            Self::Updated(_) => "Updated",
            Self::Erased { .. } => "Erased",
            Self::Told { .. } => "Told",
            Self::Held => "Held",
            Self::Nothing => "Nothing",
        })
    }
}
