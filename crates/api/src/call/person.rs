//! The calls of a person's node.

use freehold_person::view::{
    AttentionView, AuditCountView, AuditPage, AuditVerifyView, AuditView, BackupView, ChangeView, CheckView,
    ConnectView, FacetView, FieldView, FieldsPage, GrantView, ImportView, InfoView, KeptOfView,
    LastBackupView, MessagesOfView, RelationshipDetailView, RelationshipView, RequestView, ResumeView,
    RevokeView, RotateView, SentView, SettingsView, SharingView, StatusView, TimelineView, TokenView,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{base64, call, object, objects};
use crate::Scope;

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
        /// Where they come from; `cli` if absent. Of a program it is always its token.
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
        /// Why, for the vendor: one line of plain text.
        reason: Option<String>,
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
    /// The folder, from the root. A program can name only the one of the schedule or of the last backup.
    pub dir: String,
    /// Age recipients beside the words; those of the last backup there if none are named. A program
    /// can name none.
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

call!(
    /// The groups of fields that hold values.
    Facets = "facets" [Read] -> Vec<FacetView> {}
);

call!(
    /// Some of the fields that hold a value, by path.
    Fields = "fields" [Read] -> FieldsPage {
        /// Those that begin so, in whole names: `address.home`; all if absent.
        prefix: Option<String>,
        /// Those that come after this path: what `next` of the page before said.
        after: Option<String>,
        /// How many at most.
        limit: Option<usize>,
    }
);

call!(
    /// Who can see a field now.
    Sharing = "sharing" [Read] -> SharingView {
        /// Its path.
        path: String,
    }
);

call!(
    /// Checks a value that a field could take, and writes nothing.
    Check = "check" [Write] -> CheckView {
        /// The field's path.
        path: String,
        /// The value.
        value: String,
    }
);

call!(
    /// Gives a field the value again that it had in an earlier version.
    Undo = "undo" [Write] -> ChangeView {
        /// Its path.
        path: String,
        /// That version.
        version: u64,
    }
);

call!(
    /// Some of the audit log's entries, newest first: those for which all that is asked holds.
    FindAudit = "find-audit" [Read] -> AuditPage {
        /// Of this vendor: its DID, or the relationship's id or the beginning of it.
        vendor: Option<String>,
        /// That name this field.
        path: Option<String>,
        /// A live read for this purpose: its name or its IRI.
        purpose: Option<String>,
        /// What happened, as an entry's `event` says it.
        event: Option<String>,
        /// Not before: a date or RFC 3339 time.
        since: Option<String>,
        /// Not after.
        until: Option<String>,
        /// With a lower number: what `next` of the page before said.
        before: Option<u64>,
        /// How many at most.
        limit: Option<usize>,
    }
);

call!(
    /// How often each vendor got, read and was denied something, day by day.
    AuditCounts = "audit-counts" [Read] -> Vec<AuditCountView> {
        /// From this day on: a date or RFC 3339 time.
        since: Option<String>,
        /// To this day.
        until: Option<String>,
    }
);

call!(
    /// One relationship with what was asked and given in it.
    Relationship = "relationship" [Read] -> RelationshipDetailView {
        /// Its id or the vendor's DID.
        id: String,
    }
);

call!(
    /// The story of one relationship, newest first.
    Timeline = "timeline" [Read] -> Vec<TimelineView> {
        /// Its id or the vendor's DID.
        id: String,
        /// Only what the audit log has before this number.
        before: Option<u64>,
        /// How many at most.
        limit: Option<usize>,
    }
);

call!(
    /// What needs the person now.
    Attention = "attention" [Read] -> AttentionView {}
);

call!(
    /// What the person has chosen for the node.
    Settings = "settings" [Read] -> SettingsView {}
);

/// When a backup is made by itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BackupSchedule {
    /// The folder, from the root.
    pub dir: String,
    /// After how many hours the next one is made.
    pub every_hours: u32,
    /// The age recipients that can open it beside the holder of the words.
    #[serde(default)]
    pub recipients: Vec<String>,
}

call!(
    /// Chooses all of the settings anew; what is absent is not chosen any more.
    SetSettings = "set-settings" [Admin] -> SettingsView {
        /// What the person calls the node.
        name: Option<String>,
        /// `en` or `de`.
        language: Option<String>,
        /// `auto`, `light` or `dark`; `auto` if absent.
        appearance: Option<String>,
        /// When backups are made by themselves. A program cannot change that.
        #[serde(default, deserialize_with = "object")]
        backup: Option<BackupSchedule>,
    }
);

call!(
    /// The last backup that was made; nothing if there is none.
    LastBackup = "last-backup" [Read] -> Option<LastBackupView> {}
);

call!(
    /// A link that lets its first visitor in to the page. On the socket alone: no program signs anybody in.
    SignIn = "sign-in" [Admin] -> SignInAnswer {}
);

/// What [`SignIn`] answers.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SignInAnswer {
    /// The link, good once and for an hour.
    pub link: String,
}

impl std::fmt::Debug for SignInAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SignInAnswer(…)")
    }
}

call!(
    /// Makes a token for a program.
    TokenCreate = "token-create" [Admin] -> TokenMade {
        /// What the person calls it.
        name: String,
        /// What it allows. A program cannot give more than it has.
        scopes: Vec<Scope>,
        /// When it ends by itself: a date or RFC 3339 time.
        until: Option<String>,
    }
);

/// What [`TokenCreate`] answers.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TokenMade {
    /// What the person calls it.
    pub name: String,
    /// What it allows.
    pub scopes: Vec<String>,
    /// When it ends by itself.
    pub until: Option<String>,
    /// The token. It is told this once, and is kept nowhere.
    pub token: String,
}

impl std::fmt::Debug for TokenMade {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenMade").field("name", &self.name).finish_non_exhaustive()
    }
}

call!(
    /// The tokens there are.
    Tokens = "tokens" [Admin] -> Vec<TokenView> {}
);

call!(
    /// Removes a token: whoever has it is let in no more.
    TokenRemove = "token-remove" [Admin] -> Vec<TokenView> {
        /// Its name.
        name: String,
    }
);
