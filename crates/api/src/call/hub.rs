//! The calls of a hub.

use freehold_hub::Role;
use freehold_hub::view::{
    AskView, CrmView, CustomerView, DeadLetterView, DrainView, EventView, FigureView, HubInfo,
    InvitationView, JournalView, MatchView, MessagesOfView, ReadView, ReloadView, ReplayView, ReplicaView,
    RetireView, RotationView, SentView, StatsView, UserView,
};
use serde::{Deserialize, Serialize};

use super::person::Forgotten;
use super::{base64, call};

call!(
    /// The hub.
    Info = "hub-info" -> HubInfo {}
);

call!(
    /// Makes and signs a data request; it is sent to whoever connects from now on.
    Ask = "ask" -> AskView {
        /// The request as TOML.
        toml: String,
        /// The file's name, for telling where it is wrong.
        file: Option<String>,
    }
);

call!(
    /// Puts a data request to a customer whom the hub knows already.
    AskCustomer = "ask-customer" -> AskView {
        /// The relationship's id, the pairwise DID or the vendor's reference.
        customer: String,
        /// Which data request: its id or a prefix; the newest if absent.
        ask: Option<String>,
    }
);

call!(
    /// All data requests that were made.
    Asks = "asks" -> Vec<AskView> {}
);

call!(
    /// Makes an invitation.
    Invite = "invite" -> InvitationView {
        /// The vendor's own reference of the customer.
        customer: Option<String>,
        /// Which data request: its id or a prefix; the newest if absent.
        ask: Option<String>,
        /// For how many days it holds.
        days: Option<u32>,
    }
);

call!(
    /// The relationships.
    Customers = "customers" -> Vec<CustomerView> {
        /// Only this one: its id, its pairwise DID or the vendor's reference.
        customer: Option<String>,
    }
);

call!(
    /// The countersigned grant of a customer, byte for byte what the person holds.
    Receipt = "receipt" -> ReceiptAnswer {
        /// The relationship's id, the pairwise DID or the vendor's reference.
        customer: String,
        /// The grant's id or a prefix; the newest if absent.
        grant: Option<String>,
    }
);

/// What [`Receipt`] answers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReceiptAnswer {
    /// The canonical JSON with both proofs.
    pub credential: String,
}

call!(
    /// The event log, oldest first.
    Events = "events" -> Vec<EventView> {
        /// Only those after this number.
        #[serde(default)]
        after: u64,
        /// How many at most.
        limit: Option<usize>,
        /// Waits so long for the first, in milliseconds; 30,000 at most.
        wait_ms: Option<u64>,
    }
);

call!(
    /// Reads fields from a person's node now.
    Read = "read" -> ReadView {
        /// The relationship's id, the pairwise DID or the vendor's reference.
        customer: String,
        /// The paths.
        paths: Vec<String>,
        /// For what: a purpose of the vocabulary.
        purpose: String,
    }
);

call!(
    /// Sends a customer a message of a family other than the protocol's own.
    SendMessage = "message-send" -> SentView {
        /// The relationship's id, the pairwise DID or the vendor's reference.
        customer: String,
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
    /// What there is to read of the customers' messages: those that a family filed, and those that could not be used.
    Messages = "messages" -> Vec<MessagesOfView> {
        /// Only of this customer.
        customer: Option<String>,
    }
);

call!(
    /// Erases those messages.
    ForgetMessages = "forget-messages" -> Forgotten {
        /// Only of this customer.
        customer: Option<String>,
    }
);

call!(
    /// The events that the webhook or the CRM did not take.
    DeadLetters = "dead-letters" -> Vec<DeadLetterView> {}
);

call!(
    /// Tries given-up events again.
    Retry = "retry" -> Retried {
        /// The event's number; all if absent.
        n: Option<u64>,
    }
);

/// What [`Retry`] answers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Retried {
    /// How many events are tried again.
    pub events: usize,
}

call!(
    /// Sends events again.
    Replay = "replay" -> ReplayView {
        /// From which on: an event's number, or a time in RFC 3339.
        since: String,
        /// To which sink; to all if absent.
        sink: Option<String>,
    }
);

call!(
    /// What a match would do. Nothing is written.
    PreviewMatch = "match-preview" -> Vec<MatchView> {
        /// Only for this customer: the relationship's id, the pairwise DID or the vendor's reference.
        customer: Option<String>,
    }
);

call!(
    /// Has the CRM brought to what is held.
    MatchCrm = "match" -> Matched {
        /// Only for this customer.
        customer: Option<String>,
    }
);

/// What [`MatchCrm`] answers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Matched {
    /// For how many customers it is done, in the background.
    pub customers: usize,
}

call!(
    /// How the CRM is.
    CheckCrm = "crm-check" -> CrmView {}
);

call!(
    /// Moves the vendor to its next key.
    RotateVendor = "rotate-vendor" -> RotationView {
        /// Where the hub listens under it; a port after the present ones when empty.
        #[serde(default)]
        listen: Vec<String>,
        /// Where persons reach it; where it listens when empty.
        #[serde(default)]
        announce: Vec<String>,
    }
);

call!(
    /// Stops serving the vendor's older keys.
    RetireKeys = "retire-keys" -> RetireView {
        /// Also when somebody has not moved to the newest.
        #[serde(default)]
        yes: bool,
    }
);

call!(
    /// The hub's processes, where there are several.
    Replicas = "replicas" -> Vec<ReplicaView> {}
);

call!(
    /// Takes a replica that runs no more from the list.
    ForgetReplica = "forget-replica" -> Vec<ReplicaView> {
        /// Its number.
        number: u32,
    }
);

call!(
    /// The vendor's DID document, to be published.
    DidDocument = "did-document" -> DidDocumentAnswer {}
);

/// The vendor's DID document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DidDocumentAnswer {
    /// As it is to be published.
    pub document: serde_json::Value,
}

call!(
    /// Lets everybody go and ends the process.
    Drain = "drain" -> DrainView {}
);

call!(
    /// The hub's figures.
    Stats = "stats" -> StatsView {}
);

call!(
    /// What the hub was good for.
    Value = "value" -> Vec<FigureView> {}
);

call!(
    /// The evidence of a customer's consent.
    Evidence = "evidence" -> EvidenceAnswer {
        /// The relationship's id, the pairwise DID or the vendor's reference.
        customer: String,
    }
);

/// What [`Evidence`] answers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EvidenceAnswer {
    /// The tar archive, base64 in JSON.
    #[serde(with = "base64")]
    pub archive: Vec<u8>,
}

call!(
    /// Reads the configuration again.
    Reload = "reload" -> ReloadView {}
);

call!(
    /// The staff.
    Users = "users" -> Vec<UserView> {}
);

/// Adds somebody to the staff.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AddUser {
    /// The name.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// What is kept of the password; never the password. Without one they come by the identity provider.
    #[serde(default)]
    pub password: Option<String>,
}

impl crate::Call for AddUser {
    const NAME: &'static str = "user-add";
    type Answer = Vec<UserView>;
}

impl std::fmt::Debug for AddUser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AddUser").field("name", &self.name).field("role", &self.role).finish_non_exhaustive()
    }
}

call!(
    /// Puts another password in the place of somebody's.
    ChangeUserPassword = "user-password" -> Vec<UserView> {
        /// The name.
        name: String,
        /// What is kept of the password; never the password.
        password: String,
    }
);

call!(
    /// Removes somebody from the staff.
    RemoveUser = "user-remove" -> Vec<UserView> {
        /// The name.
        name: String,
    }
);

call!(
    /// What the staff did, newest first, once the chain was checked.
    Journal = "staff-audit" -> JournalAnswer {
        /// Only those before this number.
        before: Option<u64>,
        /// How many at most.
        limit: Option<usize>,
    }
);

/// What [`Journal`] answers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct JournalAnswer {
    /// How many entries the chain has; all of them hold.
    pub verified: u64,
    /// The entries.
    pub entries: Vec<JournalView>,
}
