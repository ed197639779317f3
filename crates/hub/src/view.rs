//! What the hub shows of itself: plain values for a command line and a local API, `camelCase` in JSON.

use std::collections::BTreeMap;

pub use freehold_mailbox::{MessageView, SentView};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use crate::sinks::Receiver;
use crate::staff::Role;

/// What [`init`](crate::init) made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InitView {
    /// The vendor's DID.
    pub did: String,
    /// For a `did:web`, the document to publish at its address.
    pub document: Option<Value>,
}

/// The running hub.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HubInfo {
    /// The vendor's DID.
    pub did: String,
    /// What the vendor calls itself.
    pub name: String,
    /// Multiaddrs where persons reach it.
    pub addresses: Vec<String>,
    /// How many relationships it has.
    pub customers: usize,
}

/// One data request that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AskView {
    /// The request's id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// The paths it asks for, required ones first.
    pub fields: Vec<String>,
    /// When it was made (RFC 3339).
    pub created: String,
}

/// A link that begins a relationship. It is a bearer secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InvitationView {
    /// `freehold:connect:…`.
    pub link: String,
    /// When it ends (RFC 3339).
    pub expires: String,
    /// The vendor's own reference of the customer.
    pub customer: Option<String>,
}

/// One relationship.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CustomerView {
    /// The hub's own id of the relationship.
    pub id: String,
    /// The person's pairwise DID.
    pub did: String,
    /// The vendor's DID by which they know the hub.
    pub vendor: String,
    /// Whether that is the newest: they have opened a session under the vendor's present key.
    pub moved: bool,
    /// The vendor's own reference, as the invitation named it.
    pub customer: Option<String>,
    /// Whether a session is open.
    pub connected: bool,
    /// When it began (RFC 3339).
    pub since: String,
    /// The grants held, oldest first.
    pub grants: Vec<HeldGrantView>,
    /// The values held; `None` means the person has none.
    pub fields: BTreeMap<String, Option<String>>,
    /// When the last update came (RFC 3339).
    pub last_update: Option<String>,
}

/// One grant as the hub holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HeldGrantView {
    /// The grant's id.
    pub id: String,
    /// `standing`, `narrowed`, `revoked` or `expired`.
    pub status: String,
    /// The paths it covers now.
    pub paths: Vec<String>,
}

/// One event of the hub's log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EventView {
    /// Its number in this hub's log, from 1.
    pub n: u64,
    /// The `CloudEvents` 1.0 JSON form.
    pub cloudevent: Value,
    /// Whether every sink has it.
    pub delivered: bool,
    /// Whether a receiver did not take it; see the dead letters.
    pub dead: bool,
}

/// What a live read gave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReadView {
    /// The values now; `None` means the person has none.
    pub fields: BTreeMap<String, Option<String>>,
}

/// What there is to read of one customer's messages.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MessagesOfView {
    /// The hub's own id of the relationship.
    pub relationship: String,
    /// The vendor's own reference.
    pub customer: Option<String>,
    /// The person's pairwise DID.
    pub did: String,
    /// The messages, in order.
    pub messages: Vec<MessageView>,
}

/// What a match does with one customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum MatchPlan {
    /// The CRM has no record of theirs: one is made.
    Create,
    /// The record with the vendor's own number becomes theirs.
    Link,
    /// Their record is brought up to date.
    Update,
    /// Their record has it all.
    Same,
    /// Several records might be theirs: nothing is written.
    Duplicate,
    /// The CRM has no record of theirs, and the mapping makes none.
    NoRecord,
}

/// What a match does with one customer, in the CRM.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MatchView {
    /// The vendor's own reference.
    pub customer: Option<String>,
    /// The person's pairwise DID.
    pub did: String,
    /// What is done.
    pub plan: MatchPlan,
    /// The numbers of the records there.
    pub records: Vec<String>,
    /// The paths that are written.
    pub paths: Vec<String>,
    /// The paths where the CRM keeps a value of its own.
    pub conflicts: Vec<String>,
    /// The paths that have no place there.
    pub unmapped: Vec<String>,
    /// Why several records might be theirs.
    pub why: Option<String>,
}

/// How the CRM is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CrmView {
    /// What persons are told as its name.
    pub system: String,
    /// What it says it is.
    pub version: Option<String>,
    /// Places of the mapping that it does not have: what belongs there is refused.
    pub missing: Vec<String>,
}

/// One event that a receiver did not take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeadLetterView {
    /// The event's number.
    pub n: u64,
    /// Who did not take it.
    pub sink: Receiver,
    /// The event's id.
    pub id: String,
    /// The event's type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The customer it is about: the vendor's reference or the pairwise DID.
    pub subject: String,
    /// Why it was given up.
    pub reason: String,
    /// How often it was tried.
    pub attempts: u32,
    /// When it was given up (RFC 3339).
    pub at: String,
}

/// The hub's figures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StatsView {
    /// Relationships.
    pub customers: usize,
    /// Open sessions.
    pub connected: usize,
    /// Updates taken in since the hub was made.
    pub updates: u64,
    /// Updates a second since this process started.
    pub updates_per_sec: f64,
    /// Events that some sink does not have yet.
    pub events_pending: u64,
    /// Events that a receiver did not take.
    pub dead_letters: usize,
    /// Relationships that have not moved to the vendor's newest key yet.
    pub not_moved: usize,
}

/// Events are sent again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReplayView {
    /// The number of the first event.
    pub from: u64,
    /// How many events there are from it on.
    pub events: u64,
    /// To whom.
    pub sinks: Vec<String>,
}

/// The vendor has moved to its next key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RotationView {
    /// The vendor's DID so far, which the hub serves until it is retired.
    pub before: String,
    /// The vendor's DID from now on.
    pub after: String,
    /// Multiaddrs where persons reach the hub under it.
    pub addresses: Vec<String>,
    /// How many relationships are to move when they next connect.
    pub customers: usize,
}

/// Older keys that the hub serves no more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RetireView {
    /// The vendor's DIDs of them.
    pub retired: Vec<String>,
    /// Relationships that had not moved: they cannot reach the hub any more.
    pub customers: usize,
    /// Links that lead to one of these keys and were not used: they are void.
    pub links: usize,
}

/// What reading the configuration again has changed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReloadView {
    /// The settings that hold now.
    pub changed: Vec<String>,
    /// Those that hold once the hub is started again.
    pub at_next_start: Vec<String>,
}

/// Somebody of the vendor's staff.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserView {
    /// The name.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Since when (RFC 3339).
    pub since: String,
    /// Whether they have a password here; without one they come by the identity provider.
    pub has_password: bool,
}

/// A token of one of the staff's programs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApiTokenView {
    /// Its name.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// Who has made it.
    pub by: String,
    /// When (RFC 3339).
    pub since: String,
}

/// One entry of the log of what the staff did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct JournalView {
    /// Its number, from 1 without a gap.
    pub n: u64,
    /// When (RFC 3339).
    pub at: String,
    /// Who.
    pub who: String,
    /// How they came: `page`, `api` or `local`.
    pub by: String,
    /// What they did.
    pub what: String,
    /// With which customer: the relationship's id at this hub.
    pub customer: Option<String>,
    /// Which fields, event, user or purpose. Never a value.
    pub detail: Option<String>,
}

/// Some of the relationships, in an order of the hub's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CustomersPageView {
    /// The customers, without their values.
    pub customers: Vec<CustomerRowView>,
    /// After which id the next page begins; `None` at the end.
    pub next: Option<String>,
}

/// One relationship in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CustomerRowView {
    /// The hub's own id of the relationship.
    pub id: String,
    /// The vendor's own reference.
    pub customer: Option<String>,
    /// The person's pairwise DID.
    pub did: String,
    /// Whether a session is open.
    pub connected: bool,
    /// When it began (RFC 3339).
    pub since: String,
    /// How many values are held.
    pub fields: usize,
    /// How many grants stand, at least in part.
    pub grants: usize,
    /// When the last value came (RFC 3339).
    pub last_update: Option<String>,
}

/// Everything that the hub has of one relationship.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CustomerDetailView {
    /// The hub's own id of the relationship.
    pub id: String,
    /// The vendor's own reference.
    pub customer: Option<String>,
    /// The person's pairwise DID.
    pub did: String,
    /// The pairwise DIDs before it, oldest first.
    pub earlier: Vec<String>,
    /// The vendor's DID by which they know the hub.
    pub vendor: String,
    /// Whether a session is open.
    pub connected: bool,
    /// When it began (RFC 3339).
    pub since: String,
    /// The values held, each with what it is held under.
    pub fields: Vec<FieldView>,
    /// The grants, newest first.
    pub grants: Vec<GrantView>,
    /// What was asked and what came of it, newest first.
    pub requests: Vec<RequestAnswerView>,
}

/// One value with its freshness and purpose.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FieldView {
    /// Its path.
    pub path: String,
    /// The value; `None` means the person has none.
    pub value: Option<String>,
    /// When it came (RFC 3339).
    pub at: String,
    /// The grant it came under.
    pub grant: String,
    /// For what it may be used, as IRIs.
    pub purposes: Vec<String>,
}

/// One grant with what it says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GrantView {
    /// Its id.
    pub id: String,
    /// `standing`, `narrowed`, `revoked` or `expired`.
    pub status: String,
    /// The paths it covers now.
    pub paths: Vec<String>,
    /// When it came (RFC 3339).
    pub since: String,
    /// When it ends by itself (RFC 3339).
    pub until: Option<String>,
    /// The request it answers.
    pub request: String,
    /// For what the values may be used, as IRIs.
    pub purposes: Vec<String>,
    /// On which legal basis, as an IRI.
    pub legal_basis: String,
    /// How long the values may be kept, as an ISO 8601 duration.
    pub retention: String,
}

/// One request that was put to a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestAnswerView {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// The paths it asks for.
    pub fields: Vec<String>,
    /// `pending`, `granted` or `declined`.
    pub answer: String,
}

/// One figure of what the hub was good for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FigureView {
    /// Its name, for programs.
    pub id: String,
    /// Its name, for people.
    pub name: String,
    /// The amount, as it is to be shown.
    pub amount: String,
    /// `measured` or `estimated`.
    pub how: String,
    /// How it comes about, in a sentence.
    pub note: String,
    /// The kinds of receipts it is counted from.
    pub receipts: Vec<String>,
}

/// One receipt of a figure: an event that was counted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WorthView {
    /// The event's number.
    pub event: u64,
    /// The hub's own id of the relationship.
    pub customer: String,
    /// When it was counted (RFC 3339).
    pub at: String,
    /// How many it counts for.
    pub pieces: u64,
    /// How long it took, in seconds, where it took time.
    pub seconds: Option<f64>,
}

/// One place where events go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SinkView {
    /// Its name.
    pub name: String,
    /// What it is, in a few words; no address, since many carry a token.
    pub what: String,
    /// `working`, `waiting` or `stuck`.
    pub state: String,
    /// Events it does not have yet.
    pub pending: u64,
    /// Since when the oldest of them waits (RFC 3339).
    pub waiting_since: Option<String>,
    /// When it last took something since the hub was started (RFC 3339).
    pub last_delivered: Option<String>,
}

/// Whether the hub can do its work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReadyView {
    /// Whether everything below is so.
    pub ready: bool,
    /// Whether the store takes writes.
    pub store: bool,
    /// Whether it listens for persons.
    pub listening: bool,
    /// Whether no sink is stuck.
    pub sinks: bool,
    /// Whether the hub takes no new sessions, since it is about to stop.
    pub draining: bool,
}

/// One of a hub's processes over one database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReplicaView {
    /// Its number.
    pub number: u32,
    /// Whether it runs.
    pub runs: bool,
    /// Whether it is the one that answers.
    pub this: bool,
    /// When it was last started (RFC 3339).
    pub since: String,
    /// Multiaddrs where persons reach it.
    pub addresses: Vec<String>,
}

/// A hub has let everybody go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DrainView {
    /// How many sessions it has ended.
    pub sessions: usize,
    /// How many have not ended when it gave up waiting.
    pub left: usize,
}

/// Shows no value.
impl std::fmt::Debug for FieldView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FieldView").field("path", &self.path).field("at", &self.at).finish_non_exhaustive()
    }
}
