//! One relationship as a page shows it, and what of all of them needs the person.

use serde::{Deserialize, Serialize};

use super::{GrantView, RequestView, ResumeView};

view!(
    /// How it was checked who a vendor is.
    CheckedView {
        /// `did:web`: a domain says which keys are the vendor's. `did:key`: the link named the key.
        method: String,
        /// The domain.
        domain: Option<String>,
        /// When the domain was last asked, RFC 3339.
        fetched: Option<String>,
    }
);

view!(
    /// One relationship.
    RelationshipDetailView {
        /// Its id.
        id: String,
        /// The vendor's DID.
        vendor: String,
        /// The DIDs that the vendor had before, oldest first.
        earlier_vendors: Vec<String>,
        /// What the vendor calls itself.
        vendor_name: String,
        /// How it was checked who that is.
        checked: CheckedView,
        /// The person's DID in it.
        did: String,
        /// When it was made, RFC 3339.
        created: String,
        /// Whether a session is open now.
        connected: bool,
        /// When one last was.
        last_connected: Option<String>,
        /// Why the last attempt failed.
        last_error: Option<String>,
        /// Messages the vendor does not have yet.
        waiting: u64,
        /// What it asked for, oldest first, field by field with what it did not get.
        requests: Vec<RequestView>,
        /// What it was given, oldest first.
        grants: Vec<GrantView>,
        /// How far it is on the way back, when nothing is released to it.
        held_back: Option<ResumeView>,
        /// Messages of it that could not be used and are kept.
        kept: u64,
    }
);

view!(
    /// A vendor that has not answered a revocation.
    SilentView {
        /// The relationship.
        relationship: String,
        /// The vendor's DID.
        vendor: String,
        /// What the vendor calls itself.
        vendor_name: String,
        /// The grant.
        grant: String,
        /// The revocation.
        revocation: String,
        /// The paths that ended.
        paths: Vec<String>,
        /// Whether the vendor has it on disk.
        delivered: bool,
        /// For how many seconds it has been silent.
        silent_for_secs: u64,
    }
);

view!(
    /// Something that did not arrive, or had no effect where it arrived.
    FailedView {
        /// The relationship.
        relationship: String,
        /// The vendor's DID.
        vendor: String,
        /// What the vendor calls itself.
        vendor_name: String,
        /// `unreached` of a vendor; `conflict`, `duplicate` or `refused` of a field.
        state: String,
        /// Since when, RFC 3339.
        at: String,
        /// The grant, of a field.
        grant: Option<String>,
        /// The field.
        path: Option<String>,
        /// In which system, of a field.
        system: Option<String>,
        /// Why, in the node's words for a vendor and in the vendor's for a field.
        detail: Option<String>,
    }
);

view!(
    /// Messages of one vendor that could not be used and are kept.
    KeptCountView {
        /// The relationship.
        relationship: String,
        /// The vendor's DID.
        vendor: String,
        /// What the vendor calls itself.
        vendor_name: String,
        /// How many.
        messages: u64,
    }
);

view!(
    /// What needs the person now.
    AttentionView {
        /// Requests to answer, oldest first.
        requests: Vec<RequestView>,
        /// Vendors that have not answered a revocation, the longest silent first.
        silent: Vec<SilentView>,
        /// What did not arrive, or had no effect.
        failed: Vec<FailedView>,
        /// Relationships to which nothing is released until the person resumes them.
        held_back: Vec<ResumeView>,
        /// Messages that could not be used.
        kept: Vec<KeptCountView>,
        /// How old the last backup is, in seconds; absent when there is none.
        backup_age_secs: Option<u64>,
        /// Whether something was written down since.
        changes_since_backup: bool,
        /// Why the last backup on the schedule failed, and when, if none was made since.
        last_backup_error: Option<String>,
    }
);
