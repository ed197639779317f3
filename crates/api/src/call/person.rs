//! The calls of a person's node.

use freehold_person::view::{
    AuditVerifyView, AuditView, BackupView, ChangeView, ConnectView, FieldView, GrantView, ImportView,
    InfoView, KeptOfView, MessagesOfView, RelationshipView, RequestView, ResumeView, RevokeView, RotateView,
    SentView, StatusView,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{base64, call, objects};

/// One field of a change set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Change {
    /// The path.
    pub path: String,
    /// The new value; absent to unset it.
    pub value: Option<String>,
}

call!(
    /// Writes one change set.
    Set = "set" [Write] -> ChangeView {
        /// Its fields; all are written, or none.
        #[serde(deserialize_with = "objects")]
        changes: Vec<Change>,
        /// Where they come from; `cli` if absent.
        source: Option<String>,
    }
);

call!(
    /// Destroys fields with their history.
    Erase = "erase" [Admin] -> ChangeView {
        /// Their paths.
        paths: Vec<String>,
    }
);

call!(
    /// Reads fields.
    Get = "get" [Read] -> Vec<FieldView> {
        /// One path.
        path: Option<String>,
        /// Or all under a prefix.
        prefix: Option<String>,
        /// Whether to check each version's signature.
        #[serde(default)]
        verify: bool,
    }
);

call!(
    /// Every version of a field, newest first.
    History = "history" [Read] -> Vec<FieldView> {
        /// Its path.
        path: String,
    }
);

call!(
    /// Imports a card.
    Import = "import" [Write] -> ImportView {
        /// The file's bytes, base64 in JSON.
        #[serde(with = "base64")]
        #[schemars(with = "base64::Text")]
        card: Vec<u8>,
        /// The country of phone numbers and addresses that name none (ISO 3166-1 alpha-2).
        default_country: Option<String>,
        /// Which card of the file, counted from 1.
        index: Option<usize>,
        /// Only shows what would be written.
        #[serde(default)]
        dry_run: bool,
    }
);

call!(
    /// Exports the vault as a card.
    Export = "export" [Read] -> ExportAnswer {
        /// `vcard` or `jscontact`.
        format: String,
    }
);

/// What [`Export`] answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExportAnswer {
    /// The card's text.
    pub card: String,
}

call!(
    /// Follows an invitation and waits a while for what the vendor asks.
    Connect = "connect" [Share] -> ConnectView {
        /// The link.
        link: String,
    }
);

call!(
    /// All data requests.
    Requests = "requests" [Read] -> Vec<RequestView> {}
);

call!(
    /// One data request.
    Request = "request" [Read] -> RequestView {
        /// Its id.
        id: String,
    }
);

call!(
    /// Gives what a data request asks for.
    Approve = "approve" [Share] -> GrantView {
        /// The request's id.
        id: String,
        /// The optional paths to give; all if absent.
        only: Option<Vec<String>>,
        /// When the grant ends by itself: a date or RFC 3339 time.
        until: Option<String>,
    }
);

call!(
    /// Declines a data request.
    Decline = "decline" [Share] -> RequestView {
        /// The request's id.
        id: String,
    }
);

call!(
    /// All grants.
    Grants = "grants" [Read] -> Vec<GrantView> {}
);

call!(
    /// One grant.
    Grant = "grant" [Read] -> GrantView {
        /// Its id.
        id: String,
    }
);

call!(
    /// The signed credential of a grant, byte for byte.
    Credential = "credential" [Read] -> CredentialAnswer {
        /// The grant's id.
        id: String,
    }
);

/// What [`Credential`] answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CredentialAnswer {
    /// The document's exact text.
    pub credential: String,
}

call!(
    /// Ends a grant, or some of its paths.
    Revoke = "revoke" [Share] -> RevokeView {
        /// The grant's id.
        id: String,
        /// The paths; all if absent.
        paths: Option<Vec<String>>,
    }
);

call!(
    /// Where everything stands.
    Status = "status" [Read] -> StatusView {
        /// One change set across all vendors.
        change: Option<String>,
    }
);

call!(
    /// All relationships.
    Relationships = "relationships" [Read] -> Vec<RelationshipView> {}
);

call!(
    /// Entries of the audit log, oldest first.
    Audit = "audit" [Read] -> Vec<AuditView> {
        /// From this number on; the newest `limit` entries if absent.
        from: Option<u64>,
        /// How many at most.
        limit: Option<usize>,
    }
);

call!(
    /// Moves relationships to their next keys.
    Rotate = "rotate" [Admin] -> Vec<RotateView> {
        /// The relationship's id or the vendor's DID; all of them if absent.
        relationship: Option<String>,
    }
);

/// Backs the home up into a folder.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BackUp {
    /// The folder, from the root.
    pub dir: String,
    /// Age recipients beside the words; those of the last backup there if none are named.
    #[serde(default)]
    pub recipients: Vec<String>,
    /// Whether to begin a new chain with everything.
    #[serde(default)]
    pub full: bool,
}

impl crate::Call for BackUp {
    const NAME: &'static str = "back-up";
    /// A large vault on a slow disk takes minutes.
    const WAIT_SECS: u64 = 60 * 60;
    type Answer = BackupView;
}

call!(
    /// The relationships that are held back since the home was restored.
    HeldBack = "held-back" [Read] -> Vec<ResumeView> {}
);

call!(
    /// Goes on with relationships that are held back.
    Resume = "resume" [Share] -> Vec<ResumeView> {
        /// The relationship's id or the vendor's DID; all that are ready if absent.
        relationship: Option<String>,
    }
);

call!(
    /// The vendors' messages that could not be used.
    Kept = "kept" [Read] -> Vec<KeptOfView> {}
);

call!(
    /// Erases the messages that could not be used.
    ForgetKept = "forget-kept" [Admin] -> Forgotten {}
);

/// What [`ForgetKept`] answers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Forgotten {
    /// How many messages were erased.
    pub messages: u64,
}

call!(
    /// Sends a message of a family other than the protocol's own.
    SendMessage = "message-send" [Share] -> SentView {
        /// The relationship's id or a prefix, or the vendor's DID.
        vendor: String,
        /// Its type: `family/version/name`.
        kind: String,
        /// The id of the message that it answers or continues.
        thread: Option<String>,
        /// Its body, a map of DAG-CBOR, base64 in JSON.
        #[serde(with = "base64")]
        #[schemars(with = "base64::Text")]
        body: Vec<u8>,
    }
);

call!(
    /// What there is to read of the vendors' messages: those that a family filed, and those that could not be used.
    Messages = "messages" [Read] -> Vec<MessagesOfView> {
        /// Only of this vendor.
        vendor: Option<String>,
    }
);

call!(
    /// Erases the messages that families filed.
    ForgetMessages = "forget-messages" [Admin] -> Forgotten {
        /// Only of this vendor.
        vendor: Option<String>,
    }
);

call!(
    /// Checks the audit log's chain.
    AuditVerify = "audit-verify" [Read] -> AuditVerifyView {}
);

call!(
    /// The node.
    Info = "info" [Read] -> InfoView {}
);
