//! The audit log as a page shows it: filtered, a screenful at a time, and counted.

use serde::{Deserialize, Serialize};

use super::{AuditView, ErasureLineView};

view!(
    /// Which entries of the audit log are asked for: those for which all of it holds.
    #[serde(default, deny_unknown_fields)]
    AuditAsk {
        /// Of this vendor: its DID, or the relationship's id or the beginning of it.
        vendor: Option<String>,
        /// That name this field.
        path: Option<String>,
        /// A live read for this purpose: its name or its IRI.
        purpose: Option<String>,
        /// What happened, as in [`AuditView::event`].
        event: Option<String>,
        /// Not before, RFC 3339; a plain date means its beginning.
        since: Option<String>,
        /// Not after, RFC 3339; a plain date means its end.
        until: Option<String>,
        /// With a lower number: what [`AuditPage::next`] said.
        before: Option<u64>,
        /// At most so many.
        limit: usize,
    }
);

view!(
    /// Some entries of the audit log.
    AuditPage {
        /// The entries, the newest first.
        entries: Vec<AuditView>,
        /// The `before` of the next page; absent when there are no more.
        next: Option<u64>,
    }
);

view!(
    /// Of which days the audit log is counted.
    #[serde(default, deny_unknown_fields)]
    AuditCountsAsk {
        /// From the day of this moment on, RFC 3339 or a plain date.
        since: Option<String>,
        /// To the day of this moment.
        until: Option<String>,
    }
);

view!(
    /// How often something happened on one day. What is counted is `released`, `read` and `denied`.
    AuditCountView {
        /// The day in UTC: `2027-01-31`.
        day: String,
        /// The vendor's DID at that time.
        vendor: String,
        /// What the vendor calls itself.
        vendor_name: String,
        /// What happened, as in [`AuditView::event`].
        event: String,
        /// How often.
        count: u64,
    }
);

view!(
    /// One step in the story of a relationship.
    TimelineView {
        /// What the audit log says of it.
        entry: AuditView,
        /// The revocation that it belongs to, where it is one or the answer to one.
        revocation: Option<String>,
        /// The vendor's signed erasure receipt, line by line, where it is one.
        erasure: Option<Vec<ErasureLineView>>,
    }
);
