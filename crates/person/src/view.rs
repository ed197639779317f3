//! What the engine tells a command line or a page: plain values, ready to be shown or sent as JSON.

use std::collections::BTreeMap;

pub use freehold_mailbox::{KeptView, MessageView, SentView};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

macro_rules! view {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* }) => {
        #[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
        $(#[$doc])*
        #[serde(rename_all = "camelCase")]
        pub struct $name {
            $($(#[$field_doc])* pub $field: $type,)*
        }
    };
}

mod activity;
mod field;
mod relationship;
mod settings;

pub use activity::{AuditAsk, AuditCountView, AuditCountsAsk, AuditPage, TimelineView};
pub use field::{CheckView, FacetView, FieldsAsk, FieldsPage, SharedWithView, SharingView};
pub use relationship::{
    AttentionView, CheckedView, FailedView, KeptCountView, RelationshipDetailView, SilentView,
};
pub use settings::{BackupScheduleView, LastBackupView, SettingsView, TokenView};

view!(
    /// A change set that was written.
    ChangeView {
        /// Its id; empty when nothing changed.
        change: String,
        /// The paths whose values changed.
        paths: Vec<String>,
        /// How many vendors are to get it.
        vendors: usize,
    }
);

view!(
    /// One version of a field.
    FieldView {
        /// Its path.
        path: String,
        /// What the vocabulary calls it.
        label: Option<String>,
        /// The value; absent when it was unset.
        value: Option<String>,
        /// Which version of the field.
        version: u64,
        /// When, RFC 3339.
        at: String,
        /// Where it came from.
        source: String,
        /// The change set it was part of.
        change: String,
        /// Whether its signature verifies; absent when that was not asked.
        verified: Option<bool>,
    }
);

view!(
    /// One field of a card.
    ImportFieldView {
        /// Where it goes.
        path: String,
        /// Its value.
        value: String,
        /// The card's own property.
        from: String,
        /// What the vault holds now.
        current: Option<String>,
        /// `new`, `changed` or `same`.
        action: String,
    }
);

view!(
    /// Something of a card that is not taken.
    SkippedView {
        /// What.
        what: String,
        /// Why.
        reason: String,
    }
);

view!(
    /// A card as it was, or would be, imported.
    ImportView {
        /// What has a path.
        fields: Vec<ImportFieldView>,
        /// What has none and is kept under `x.vcard.`.
        kept: Vec<ImportFieldView>,
        /// What is not taken.
        skipped: Vec<SkippedView>,
        /// The change set; absent in a dry run.
        change: Option<String>,
    }
);

view!(
    /// One field of a data request.
    AskedFieldView {
        /// Its path.
        path: String,
        /// What the vocabulary calls it.
        label: String,
        /// Without it there is no agreement.
        required: bool,
        /// Why, in the vendor's words.
        reason: String,
        /// For what, in plain words.
        purposes: Vec<String>,
        /// Whether the vault holds a value.
        present: bool,
        /// Whether the grant that answers the request covers it; absent while it is open.
        given: Option<bool>,
    }
);

view!(
    /// A data request.
    RequestView {
        /// Its id.
        id: String,
        /// The vendor's DID.
        vendor: String,
        /// What the vendor calls itself.
        vendor_name: String,
        /// What it is about.
        title: String,
        /// The fields.
        fields: Vec<AskedFieldView>,
        /// The legal basis, in plain words.
        legal_basis: String,
        /// `once` or `continuous`.
        mode: String,
        /// For how long it is kept: an ISO 8601 duration.
        retention: String,
        /// From when that counts.
        retention_after: String,
        /// Who else gets it.
        recipients: Vec<String>,
        /// Where the privacy notice is.
        policy: Option<String>,
        /// When it came, RFC 3339.
        received: String,
        /// `open`, `granted` or `declined`.
        state: String,
        /// The grant that answered it.
        grant: Option<String>,
    }
);

view!(
    /// A followed invitation.
    ConnectView {
        /// The relationship.
        relationship: String,
        /// The vendor's DID.
        vendor: String,
        /// The person's DID in this relationship.
        did: String,
        /// `quic` or `tcp`.
        transport: Option<String>,
        /// What the vendor asks, when it has arrived.
        request: Option<RequestView>,
    }
);

view!(
    /// One path of an erasure receipt.
    ErasureLineView {
        /// The path.
        path: String,
        /// `erased`, `restricted` or `kept`.
        result: String,
        /// The legal exception.
        exception: Option<String>,
        /// Until when it is kept.
        until: Option<String>,
    }
);

view!(
    /// A revocation and what the vendor answered.
    RevocationView {
        /// Its id.
        id: String,
        /// When, RFC 3339.
        at: String,
        /// The paths that ended.
        paths: Vec<String>,
        /// Whether the vendor has it on disk.
        delivered: bool,
        /// The vendor's signed erasure receipt, line by line.
        erasure: Option<Vec<ErasureLineView>>,
        /// When the receipt came.
        erased_at: Option<String>,
        /// For how many seconds the vendor has been silent.
        silent_for_secs: Option<u64>,
    }
);

view!(
    /// A grant.
    GrantView {
        /// Its id.
        id: String,
        /// The vendor's DID.
        vendor: String,
        /// What the vendor calls itself.
        vendor_name: String,
        /// `offered`, `standing`, `used`, `revoked`, `refused` or `expired`.
        status: String,
        /// The paths that may still be used.
        paths: Vec<String>,
        /// The paths that were revoked.
        revoked: Vec<String>,
        /// Purposes per path, in plain words.
        purposes: BTreeMap<String, Vec<String>>,
        /// `once` or `continuous`.
        mode: String,
        /// When it ends by itself.
        until: Option<String>,
        /// When it was given.
        given: String,
        /// When the vendor countersigned it.
        countersigned: Option<String>,
        /// What was revoked and what came of it.
        revocations: Vec<RevocationView>,
    }
);

view!(
    /// A revocation that is on disk.
    RevokeView {
        /// The grant.
        grant: String,
        /// The revocation.
        revocation: String,
        /// The paths that ended.
        paths: Vec<String>,
        /// The last message that carried values under the grant.
        last_sequence: u64,
    }
);

view!(
    /// How far one field has come with one vendor.
    LineView {
        /// The field.
        path: String,
        /// `pending`, `sent`, `stored`, `applied`, `conflict`, `duplicate` or `refused`.
        state: String,
        /// When it was last sent.
        sent_at: Option<String>,
        /// When it was on the vendor's disk.
        stored_at: Option<String>,
        /// When the outcome came.
        outcome_at: Option<String>,
        /// In which system.
        system: Option<String>,
        /// Anything the vendor said.
        detail: Option<String>,
    }
);

view!(
    /// How far one vendor has come.
    VendorStatusView {
        /// The relationship.
        relationship: String,
        /// The vendor's DID.
        vendor: String,
        /// What the vendor calls itself.
        vendor_name: String,
        /// Whether a session is open now.
        connected: bool,
        /// When one last was.
        last_connected: Option<String>,
        /// Why the last attempt failed.
        last_error: Option<String>,
        /// Whether nothing is released to it until the person resumes it: the home was restored, or is an older copy.
        held_back: bool,
        /// Messages the vendor does not have yet.
        waiting: u64,
        /// The grant the lines belong to.
        grant: Option<String>,
        /// Field by field.
        lines: Vec<LineView>,
    }
);

view!(
    /// Where everything stands.
    StatusView {
        /// The change set asked for.
        change: Option<String>,
        /// Vendor by vendor.
        vendors: Vec<VendorStatusView>,
        /// The newest change sets, when none was asked for.
        changes: Vec<ChangeSummaryView>,
    }
);

view!(
    /// One change set in a list.
    ChangeSummaryView {
        /// Its id.
        change: String,
        /// When.
        at: String,
        /// From where.
        source: String,
        /// What it changed.
        paths: Vec<String>,
    }
);

view!(
    /// One relationship.
    RelationshipView {
        /// Its id.
        id: String,
        /// The vendor's DID.
        vendor: String,
        /// What the vendor calls itself.
        vendor_name: String,
        /// The person's DID in it.
        did: String,
        /// Whether a session is open now.
        connected: bool,
    }
);

view!(
    /// One entry of the audit log.
    AuditView {
        /// Its number.
        n: u64,
        /// When.
        at: String,
        /// Which vendor.
        vendor: String,
        /// Under which grant.
        grant: Option<String>,
        /// Which paths.
        paths: Vec<String>,
        /// `requested`, `declined`, `granted`, `released`, `read`, `denied`, `revoked`, `erased`, `rotated`, `message-sent`
        /// or `message-received`.
        event: String,
        /// The purpose that was named.
        purpose: Option<String>,
        /// Why it was denied.
        code: Option<String>,
        /// The type of the message, where one of a further family was sent or came.
        message: Option<String>,
    }
);

view!(
    /// The audit log, verified.
    AuditVerifyView {
        /// How many entries there are.
        entries: u64,
        /// The first that does not fit, in words.
        broken: Option<String>,
    }
);

view!(
    /// A grant that is held back.
    HeldGrantView {
        /// Its id.
        id: String,
        /// The paths that it still covers.
        paths: Vec<String>,
        /// Whether the vendor holds it; absent where the vendor's program does not tell.
        vendor_holds: Option<bool>,
    }
);

view!(
    /// A relationship that is held back: the home was restored from a backup, or is an older copy.
    ResumeView {
        /// The relationship.
        relationship: String,
        /// The vendor's DID.
        vendor: String,
        /// What the vendor calls itself.
        vendor_name: String,
        /// `suspected`: an older copy was noticed, and the vendor is not asked yet. `asked`: the vendor has not told all yet.
        /// `ready`: it has, and the relationship can be resumed.
        state: String,
        /// Messages of this side's that the vendor has and this home has not; absent before it has answered.
        missed: Option<u64>,
        /// The grants that would stand again.
        grants: Vec<HeldGrantView>,
    }
);

view!(
    /// A backup that was made, or was not needed.
    BackupView {
        /// The chain of files.
        chain: String,
        /// The file's number in it; 0 holds everything.
        number: u64,
        /// The file; absent when nothing has changed since the last one.
        file: Option<String>,
        /// Its length in bytes.
        bytes: u64,
        /// Records written to it.
        written: u64,
        /// Records that it says are gone.
        deleted: u64,
        /// Records that the vault held.
        records: u64,
        /// The age recipients that can open it beside the holder of the words.
        recipients: Vec<String>,
        /// The other chains in the folder.
        others: Vec<String>,
    }
);

view!(
    /// The node.
    InfoView {
        /// The program's version.
        version: String,
        /// How many fields the vault holds.
        fields: usize,
        /// How many relationships there are.
        relationships: usize,
    }
);

/// What is kept of one vendor's messages that could not be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct KeptOfView {
    /// The relationship.
    pub relationship: String,
    /// The vendor's DID.
    pub vendor: String,
    /// The messages, in order.
    pub messages: Vec<KeptView>,
}

/// A relationship that moves to its next key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RotateView {
    /// The relationship.
    pub relationship: String,
    /// The vendor's DID.
    pub vendor: String,
    /// The person's DID that ends.
    pub before: String,
    /// The person's DID that begins once the vendor has stored the statement.
    pub after: String,
}

/// What there is to read of one vendor's messages.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MessagesOfView {
    /// The relationship.
    pub relationship: String,
    /// The vendor's DID.
    pub vendor: String,
    /// The messages, in order.
    pub messages: Vec<MessageView>,
}
