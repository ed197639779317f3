//! A hub.

use std::future::Future;
use std::time::Duration;

use freehold_hub::{
    AskCustomerError, AskError, EvidenceError, ForgetReplicaError, Hub, InviteError, JournalBroken,
    MatchError, MessageError, NoSuchAsk, ReadError, ReloadError, ReplayError, RetryError, RotateError,
    StaffError, Who,
};
use freehold_protocol::code::Code;

use super::{Calls, ServeError};
use crate::call::hub::{
    AddUser, Ask, AskCustomer, Asks, ChangeUserPassword, CheckCrm, Customers, DeadLetters, DidDocument,
    DidDocumentAnswer, Drain, Events, Evidence, EvidenceAnswer, ForgetMessages, ForgetReplica, Info, Invite,
    Journal, JournalAnswer, MatchCrm, Matched, Messages, PreviewMatch, Read, Receipt, ReceiptAnswer, Reload,
    RemoveUser, Replay, Replicas, RetireKeys, Retried, Retry, RotateVendor, SendMessage, Stats, Users, Value,
};
use crate::call::person::Forgotten;
use crate::{ApiError, Socket, exit};

/// For how many days an invitation holds when nobody says: a letter and a holiday.
const INVITATION_DAYS: u32 = 30;
/// How many events are shown when nobody says.
const EVENTS_SHOWN: usize = 1_000;
/// Longest wait for an event in one call; the client calls again.
const EVENTS_WAIT_MAX: Duration = Duration::from_secs(30);

/// Serves a hub until `stop` is done; calls under way are let through, then the socket is removed. The engine goes
/// on: stop it afterwards.
///
/// # Errors
/// [`ServeError`] if the socket fails.
pub async fn serve_hub(
    hub: Hub,
    socket: Socket,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServeError> {
    let elsewhere =
        "a hub has no such call: is this a command for a person's node (--home), or of a newer version?";
    Calls::<Hub>::new(elsewhere)
        .on(|h, _: Info| async move { Ok(h.info()) })
        .on(|h, c: Ask| async move { Ok(h.ask(&c.toml, c.file.as_deref().unwrap_or("the request")).await?) })
        .on(|h, c: AskCustomer| async move { Ok(h.ask_customer(&c.customer, c.ask.as_deref()).await?) })
        .on(|h, _: Asks| async move { Ok(h.asks()) })
        .on(|h, c: Invite| async move {
            let seconds = u64::from(c.days.unwrap_or(INVITATION_DAYS)) * 24 * 60 * 60;
            Ok(h.invite(c.customer, c.ask, Duration::from_secs(seconds)).await?)
        })
        .on(|h, c: Customers| async move {
            match c.customer {
                None => Ok(h.customers()),
                Some(text) => Ok(vec![h.customer(&text).ok_or(ReadError::CustomerUnknown)?]),
            }
        })
        .on(|h, c: Receipt| async move {
            let credential = h.credential(&c.customer, c.grant.as_deref());
            let none = "there is no such grant: `freehold hub customers CUSTOMER` lists them";
            Ok(ReceiptAnswer { credential: credential.ok_or_else(|| ApiError::new("not-found", none))? })
        })
        .on(|h, c: Events| async move {
            let limit = c.limit.unwrap_or(EVENTS_SHOWN);
            Ok(match c.wait_ms {
                None => h.events(c.after, limit),
                Some(wait) => {
                    let wait = Duration::from_millis(wait).min(EVENTS_WAIT_MAX);
                    let mut events = h.wait_events(c.after, wait).await;
                    events.truncate(limit);
                    events
                }
            })
        })
        .on(|h, c: Read| async move { Ok(h.read(&c.customer, &c.paths, &c.purpose).await?) })
        .on(|h, c: SendMessage| async move {
            Ok(h.send_message(&c.customer, &c.kind, c.thread.as_deref(), c.body).await?)
        })
        .on(|h, c: Messages| async move { Ok(h.messages(c.customer.as_deref())?) })
        .on(|h, c: ForgetMessages| async move {
            Ok(Forgotten { messages: h.forget_messages(c.customer.as_deref()).await? })
        })
        .on(|h, _: DeadLetters| async move { Ok(h.dead_letters()) })
        .on(|h, c: Retry| async move { Ok(Retried { events: h.retry_dead_letter(c.n).await? }) })
        .on(|h, c: Replay| async move { Ok(h.replay(&c.since, c.sink.as_deref()).await?) })
        .on(|h, c: PreviewMatch| async move { Ok(h.preview_match(c.customer.as_deref()).await?) })
        .on(|h, c: MatchCrm| async move {
            Ok(Matched { customers: h.match_crm(c.customer.as_deref()).await? })
        })
        .on(|h, _: CheckCrm| async move { Ok(h.check_crm().await?) })
        .on(|h, c: RotateVendor| async move { Ok(h.rotate(c.listen, c.announce).await?) })
        .on(|h, c: RetireKeys| async move { Ok(h.retire(c.yes).await?) })
        .on(|h, _: Replicas| async move { Ok(h.replicas()) })
        .on(|h, c: ForgetReplica| async move {
            h.forget_replica(c.number).await?;
            Ok(h.replicas())
        })
        .on(|h, _: DidDocument| async move { Ok(DidDocumentAnswer { document: h.document() }) })
        .on(|h, _: Drain| async move { Ok(h.drain().await) })
        .on(|h, _: Stats| async move { Ok(h.stats()) })
        .on(|h, _: Value| async move { Ok(h.value()) })
        .on(|h, c: Evidence| async move { Ok(EvidenceAnswer { archive: h.evidence(&c.customer)? }) })
        .on(|h, _: Reload| async move { Ok(h.reload().await?) })
        .on(|h, _: Users| async move { Ok(h.staff()) })
        .on(|h, c: AddUser| async move {
            h.add_staff(&Who::local(), &c.name, c.role, c.password).await?;
            Ok(h.staff())
        })
        .on(|h, c: ChangeUserPassword| async move {
            h.change_staff_password(&Who::local(), &c.name, c.password).await?;
            Ok(h.staff())
        })
        .on(|h, c: RemoveUser| async move {
            h.remove_staff(&Who::local(), &c.name).await?;
            Ok(h.staff())
        })
        .on(|h, c: Journal| async move {
            let limit = c.limit.unwrap_or(EVENTS_SHOWN).min(EVENTS_SHOWN);
            Ok(JournalAnswer { verified: h.verify_journal()?, entries: h.journal(c.before, limit) })
        })
        .serve(hub, socket, stop)
        .await
}

impl From<AskError> for ApiError {
    fn from(error: AskError) -> Self {
        let code = match &error {
            AskError::File { .. } | AskError::TooLarge { .. } => "bad-ask",
            AskError::TooMany => "not-possible-now",
            AskError::Store(_) => "store-failed",
        };
        Self::new(code, error)
    }
}

impl From<AskCustomerError> for ApiError {
    fn from(error: AskCustomerError) -> Self {
        let code = match &error {
            AskCustomerError::CustomerUnknown => "not-found",
            AskCustomerError::Ask(none) => no_such_ask(none),
            AskCustomerError::Asked | AskCustomerError::TooOften => "not-possible-now",
            AskCustomerError::Store(_) => "store-failed",
        };
        Self::new(code, error)
    }
}

fn no_such_ask(error: &NoSuchAsk) -> &'static str {
    match error {
        NoSuchAsk::None => "not-possible-now",
        NoSuchAsk::Unknown(_) => "not-found",
    }
}

impl From<InviteError> for ApiError {
    fn from(error: InviteError) -> Self {
        let code = match &error {
            InviteError::Ask(none) => no_such_ask(none),
            InviteError::Customer | InviteError::Validity => "bad-value",
            InviteError::Store(_) => "store-failed",
        };
        Self::new(code, error)
    }
}

impl From<ReadError> for ApiError {
    fn from(error: ReadError) -> Self {
        let code = match &error {
            ReadError::CustomerUnknown => "not-found",
            ReadError::Path(_) | ReadError::Paths | ReadError::Purpose(_) => "bad-value",
            ReadError::NotConnected | ReadError::Elsewhere(_) | ReadError::Timeout => "not-connected",
            ReadError::Answer(_) => "bad-signature",
            ReadError::Store(_) => "store-failed",
            // The node's own code, so that a script can tell a wrong purpose from a revocation.
            ReadError::Denied(code) => {
                return Self { exit: exit::DENIED, ..Self::new(Code::slug(*code), &error) };
            }
        };
        Self::new(code, error)
    }
}

impl From<ForgetReplicaError> for ApiError {
    fn from(error: ForgetReplicaError) -> Self {
        let code = match &error {
            ForgetReplicaError::Unknown(_) => "not-found",
            ForgetReplicaError::Runs(_) => "not-possible-now",
            ForgetReplicaError::Store(_) => "store-failed",
        };
        Self::new(code, error)
    }
}

impl From<MessageError> for ApiError {
    fn from(error: MessageError) -> Self {
        let code = match &error {
            MessageError::CustomerUnknown => "not-found",
            MessageError::Draft(draft) => draft.code(),
            MessageError::Store(_) => "store-failed",
        };
        Self::new(code, error)
    }
}

impl From<RotateError> for ApiError {
    fn from(error: RotateError) -> Self {
        let code = match &error {
            RotateError::Address { .. } | RotateError::Addresses => "bad-value",
            RotateError::Web
            | RotateError::Listen
            | RotateError::Announce
            | RotateError::Endpoint(_)
            | RotateError::Nothing
            | RotateError::Left { .. } => "not-possible-now",
            RotateError::Store(_) => "store-failed",
        };
        Self::new(code, error)
    }
}

impl From<MatchError> for ApiError {
    fn from(error: MatchError) -> Self {
        let code = match &error {
            MatchError::NoCrm => "not-possible-now",
            MatchError::CustomerUnknown => "not-found",
            MatchError::Crm(_) => "not-connected",
            MatchError::Store(_) => "store-failed",
        };
        Self::new(code, error)
    }
}

impl From<ReplayError> for ApiError {
    fn from(error: ReplayError) -> Self {
        let code = match &error {
            ReplayError::Since => "bad-value",
            ReplayError::Unknown { .. } => "not-found",
            ReplayError::NoSink => "not-possible-now",
            ReplayError::Store(_) => "store-failed",
        };
        Self::new(code, error)
    }
}

impl From<RetryError> for ApiError {
    fn from(error: RetryError) -> Self {
        let code = match &error {
            RetryError::Unknown(_) => "not-found",
            RetryError::NoReceiver => "not-possible-now",
            RetryError::Store(_) => "store-failed",
        };
        Self::new(code, error)
    }
}

impl From<StaffError> for ApiError {
    fn from(error: StaffError) -> Self {
        let code = match &error {
            StaffError::Name | StaffError::Nameless => "bad-value",
            StaffError::Unknown(_) | StaffError::Unlisted(_) => "not-found",
            StaffError::Exists(_)
            | StaffError::LastAdmin(_)
            | StaffError::TooMany
            | StaffError::Taken(_)
            | StaffError::NoRole(_) => "not-possible-now",
            StaffError::Store(_) => "store-failed",
        };
        Self::new(code, error)
    }
}

impl From<EvidenceError> for ApiError {
    fn from(error: EvidenceError) -> Self {
        let code = match &error {
            EvidenceError::CustomerUnknown => "not-found",
            EvidenceError::Document(_) => "internal",
            EvidenceError::Store(_) => "store-failed",
        };
        Self::new(code, error)
    }
}

impl From<ReloadError> for ApiError {
    fn from(error: ReloadError) -> Self {
        let code = match &error {
            ReloadError::NoFile => "not-possible-now",
            ReloadError::Config(_) => "usage",
            ReloadError::Sinks(_) => "store-failed",
        };
        Self::new(code, error)
    }
}

impl From<JournalBroken> for ApiError {
    fn from(error: JournalBroken) -> Self {
        let code = match &error {
            JournalBroken::Store(_) => "store-failed",
            JournalBroken::At(_) | JournalBroken::End { .. } => "audit-broken",
        };
        Self::new(code, error)
    }
}
