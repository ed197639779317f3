//! One relationship's task: it dials, keeps the session, and owns everything that is sent.
//!
//! Release, revocation and live reads of a relationship all pass through here one after the other, so what was
//! authorised cannot be sent after it was revoked.

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::{Arc, Weak};
use std::time::Duration;

use freehold_link::Pace;
use freehold_protocol::code::Code;
use freehold_protocol::frame::{Hello, VERSIONS};
use freehold_protocol::id::{GrantId, RelationshipId};
use freehold_protocol::limits::{BUSY_MAX, REDIAL_FIRST, REDIAL_MAX};
use freehold_protocol::path::Path;
use freehold_vault::relationships::{self, Relationship};
use serde_bytes::ByteBuf;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;

use crate::bell::Bell;
use crate::error::PersonError;
use crate::happening::What;
use crate::person::Inner;
use crate::revoke::{self, Revoked};
use crate::sync::Ordering;

mod allowance;
mod gate;
mod hollow;
mod session;

use allowance::ReadAllowance;
use gate::Gates;
use hollow::Hollow;

/// Commands that may wait for a task: revocations that a person types.
const COMMANDS: usize = 8;

/// A wait that a vendor has named to many at once is lengthened by up to this part of it.
const SPREAD: u32 = 4;

/// How far the connection has come.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum Contact {
    /// Nothing was tried yet.
    #[default]
    Trying,
    /// A session is open over this transport.
    Open(&'static str),
    /// The last attempt reached nobody: nothing but a handshake was sent.
    Unreached(String),
    /// The last session was lost, perhaps before the vendor's first word came.
    Lost(String),
    /// The vendor refuses this peer; trying again is useless.
    Refused(Code),
    /// The vendor has more of this home than the home itself: it is an old copy.
    Outdated(Code),
}

pub(crate) enum Command {
    Revoke { grant: GrantId, paths: Option<BTreeSet<Path>>, reply: Reply },
}

type Reply = oneshot::Sender<Result<Revoked, PersonError>>;

/// The way to a task.
#[derive(Clone)]
pub(crate) struct TaskHandle {
    commands: mpsc::Sender<Command>,
    stop: watch::Sender<bool>,
    contact: watch::Receiver<Contact>,
}

impl TaskHandle {
    /// Revokes: when this returns, it is on disk and nothing more of it is sent.
    pub(crate) async fn revoke(
        &self,
        grant: GrantId,
        paths: Option<BTreeSet<Path>>,
    ) -> Result<Revoked, PersonError> {
        let (reply, answer) = oneshot::channel();
        self.commands
            .send(Command::Revoke { grant, paths, reply })
            .await
            .map_err(|_| PersonError::Stopping)?;
        answer.await.map_err(|_| PersonError::Stopping)?
    }

    pub(crate) fn contact(&self) -> watch::Receiver<Contact> {
        self.contact.clone()
    }

    pub(crate) fn stop(&self) {
        self.stop.send_replace(true);
    }

    /// Resolves when the task has ended, with all that it owned.
    pub(crate) async fn stopped(mut self) {
        while self.contact.changed().await.is_ok() {}
    }
}

/// Starts the task of a relationship.
pub(crate) fn start(inner: &Arc<Inner>, relationship: &Relationship) -> TaskHandle {
    let (commands, inbox) = mpsc::channel(COMMANDS);
    let (stop, stopping) = watch::channel(false);
    let (contact, contacted) = watch::channel(Contact::default());
    let task = Task {
        bell: inner.bells.of(&relationship.id),
        inner: Arc::downgrade(inner),
        id: relationship.id.clone(),
        gates: Gates::default(),
        try_next_key: false,
        failures: 0,
        hollow: Hollow::default(),
        reads: ReadAllowance::default(),
        read_pace: Pace::new(Instant::now()),
        contact,
        stopping,
        inbox,
    };
    tokio::spawn(task.run());
    TaskHandle { commands, stop, contact: contacted }
}

struct Task {
    /// Weak, so that the engine's end ends its tasks.
    inner: Weak<Inner>,
    id: RelationshipId,
    bell: Arc<Bell>,
    gates: Gates,
    /// Whether to dial next under the key that a waiting statement moves to, as though it were acknowledged.
    try_next_key: bool,
    failures: u32,
    hollow: Hollow,
    reads: ReadAllowance,
    read_pace: Pace,
    contact: watch::Sender<Contact>,
    stopping: watch::Receiver<bool>,
    inbox: mpsc::Receiver<Command>,
}

/// How long to wait before the next attempt.
enum Pause {
    /// So long, whatever happens: after a failure.
    Whole(Duration),
    /// So long, or until there is something to send: between check-ins, and for a vendor that hangs up at once.
    OrRung(Duration),
}

/// What a wait ended with.
enum Waited<T> {
    Done(T),
    Stop,
}

impl Task {
    async fn run(mut self) {
        if let Some(inner) = self.inner.upgrade()
            && let Err(error) = self.gates.load(&inner.store, &inner.bells, &self.id)
        {
            tracing::error!(relationship = %self.id, %error, "the grants cannot be read");
        }
        loop {
            let Some(inner) = self.inner.upgrade() else { return };
            if *self.stopping.borrow() {
                return;
            }
            let Ok(Some(relationship)) = relationships::get(&inner.store, &self.id) else { return };
            let pause = self.contact_once(&inner, relationship).await;
            if self.bell.connected.swap(false, Ordering::AcqRel) {
                self.tell(&inner, &[What::Delivery]);
            }
            drop(inner);
            match pause {
                Some(pause) => {
                    if self.pause(pause).await {
                        return;
                    }
                }
                None => return,
            }
        }
    }

    /// One attempt and the session it gives. Gives how long to wait before the next; `None` to end.
    async fn contact_once(&mut self, inner: &Arc<Inner>, mut relationship: Relationship) -> Option<Pause> {
        if relationship.restored.as_ref().is_some_and(|restored| !restored.asked) {
            // Another copy of the home may be in use: it is for the person to say which one goes on.
            return Some(Pause::OrRung(REDIAL_MAX * 2));
        }
        let index = relationship.index;
        let key = |generation| inner.seed.relationship_key(index, generation);
        if std::mem::take(&mut self.try_next_key) {
            relationship.rotate(key(relationship.generation + 1).public().did());
        }
        let key = key(relationship.generation);
        let dialling = crate::connect::dial(inner, &relationship, key.clone());
        let connection = match self.wait_for(inner, dialling).await {
            Waited::Stop => return None,
            Waited::Done(Ok(connection)) => connection,
            Waited::Done(Err(error)) => {
                tracing::info!(relationship = %self.id, %error, "the vendor cannot be reached; trying again");
                return Some(Pause::Whole(self.failed(inner, Contact::Unreached(error.to_string())).await));
            }
        };
        let frames = match self.wait_for(inner, connection.open_session()).await {
            Waited::Stop => return None,
            Waited::Done(Ok(frames)) => frames,
            Waited::Done(Err(error)) => {
                return Some(Pause::Whole(self.failed(inner, Contact::Unreached(error.to_string())).await));
            }
        };
        let end = self.session(inner, &relationship, key, connection, frames).await;
        let unwanted = matches!(end, session::End::Lost(_) | session::End::Broken(_));
        self.hollow.handle_ended(unwanted, Instant::now());
        let wait = match end {
            session::End::Stop => return None,
            session::End::CheckIn(wait) => {
                self.failures = 0;
                // Persons who were all told the same interval at once, after an outage, are not all back at once.
                return Some(Pause::OrRung(wait + random_up_to(wait / SPREAD)));
            }
            session::End::BrokenOff | session::End::Rotated | session::End::Realigned => Duration::ZERO,
            session::End::Outdated(code) => {
                self.hold_back(inner).await;
                self.failed(inner, Contact::Outdated(code)).await
            }
            session::End::Broken(code) => {
                let why = format!("the vendor broke the protocol: {code}");
                self.failed(inner, Contact::Lost(why)).await
            }
            session::End::Lost(why) => self.failed(inner, Contact::Lost(why)).await,
            session::End::Busy(wait) => {
                let wait = wait.min(BUSY_MAX);
                let why = format!("the vendor has too much to do, and asks to wait for {} s", wait.as_secs());
                let backoff = self.failed(inner, Contact::Lost(why)).await;
                return Some(Pause::Whole(backoff.max(wait + random_up_to(wait / SPREAD))));
            }
            session::End::Refused(Code::UnknownPeer) if self.go_back(inner).await => Duration::ZERO,
            session::End::Refused(code) => {
                self.failed(inner, Contact::Refused(code)).await.max(REDIAL_MAX / 10)
            }
        };
        Some(if self.hollow.is_long() { Pause::OrRung(wait) } else { Pause::Whole(wait) })
    }

    /// The vendor does not know the key. Where it is a new one that the vendor never answered to, it has refused the
    /// rotation, and the one before goes on. Gives whether there was one.
    async fn go_back(&self, inner: &Arc<Inner>) -> bool {
        let id = self.id.clone();
        let written = inner.store.write(move |txn| {
            let Some(mut relationship) = relationships::get(txn, &id)? else { return Ok(false) };
            let went_back = relationship.go_back();
            if went_back {
                relationships::save(txn, &relationship)?;
            }
            Ok::<_, freehold_store::ReadError>(went_back)
        });
        let went_back = written.await.is_ok_and(freehold_store::Durable::into_inner);
        if went_back {
            self.tell(inner, &[What::Relationships]);
        }
        went_back
    }

    fn tell(&self, inner: &Inner, what: &[What]) {
        inner.bells.teller.tell(what, Some(&self.id));
    }

    /// Releases nothing more until the person says that this copy of the home is the one to go on with.
    async fn hold_back(&self, inner: &Arc<Inner>) {
        let (id, now) = (self.id.clone(), inner.now());
        let held = inner.store.write(move |txn| {
            let Some(mut relationship) = relationships::get(txn, &id)? else { return Ok(()) };
            freehold_vault::hold::hold_back(txn, &mut relationship, false, now)
        });
        if let Err(error) = held.await {
            tracing::error!(relationship = %self.id, %error, "an old copy could not be held back");
        }
        self.tell(inner, &[What::Relationships, What::Grants, What::Audit]);
    }

    /// Notes a failure and gives the wait before the next attempt: exponential, with full jitter.
    async fn failed(&mut self, inner: &Arc<Inner>, contact: Contact) -> Duration {
        let why = match &contact {
            Contact::Refused(code) => format!("the vendor refuses: {code}"),
            Contact::Outdated(code) => format!(
                "the vendor has more of this home than it has itself ({code}): another copy may be in use; to go on with this one, `freehold resume`"
            ),
            Contact::Unreached(why) | Contact::Lost(why) => why.clone(),
            Contact::Trying | Contact::Open(_) => String::new(),
        };
        self.contact.send_replace(contact);
        let (id, now) = (self.id.clone(), inner.now());
        let noted = inner.store.write(move |txn| {
            if let Some(mut relationship) = relationships::get(txn, &id)? {
                relationship.last_error = Some((now, why));
                relationships::save(txn, &relationship)?;
            }
            Ok::<_, freehold_store::ReadError>(())
        });
        if let Err(error) = noted.await {
            tracing::error!(relationship = %self.id, %error, "the failure could not be written down");
        }
        self.tell(inner, &[What::Delivery]);
        let ceiling = REDIAL_FIRST
            .saturating_mul(1 << self.failures.min(16))
            .min(REDIAL_MAX)
            .max(self.hollow.ceiling());
        self.failures = self.failures.saturating_add(1);
        Duration::from_millis(20) + random_up_to(ceiling)
    }

    /// Waits between sessions; commands are served meanwhile. Gives whether to end.
    async fn pause(&mut self, pause: Pause) -> bool {
        let Some(inner) = self.inner.upgrade() else { return true };
        let bell = self.bell.clone();
        let (wait, or_rung) = match pause {
            Pause::Whole(wait) => (wait, false),
            Pause::OrRung(wait) => (wait, true),
        };
        let sleep = async move {
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = bell.rung(), if or_rung => {}
            }
        };
        matches!(self.wait_for(&inner, sleep).await, Waited::Stop)
    }

    /// Waits for something while serving commands.
    async fn wait_for<T>(&mut self, inner: &Arc<Inner>, what: impl Future<Output = T>) -> Waited<T> {
        tokio::pin!(what);
        loop {
            tokio::select! {
                biased;
                () = stop_asked(&mut self.stopping) => return Waited::Stop,
                command = self.inbox.recv() => match command {
                    Some(Command::Revoke { grant, paths, reply }) => {
                        let _ = reply.send(self.revoke(inner, grant, paths).await);
                    }
                    None => return Waited::Stop,
                },
                done = &mut what => return Waited::Done(done),
            }
        }
    }

    /// Writes a revocation down. What an open session has handed to the transport is its caller's to stop.
    async fn revoke(
        &mut self,
        inner: &Arc<Inner>,
        grant: GrantId,
        paths: Option<BTreeSet<Path>>,
    ) -> Result<Revoked, PersonError> {
        let id = self.id.clone();
        let relationship = relationships::get(&inner.store, &id)?.ok_or(PersonError::Stopping)?;
        let key = inner.seed.relationship_key(relationship.index, relationship.generation);
        let now = inner.now();
        let grant_id = grant.clone();
        let revoked = inner
            .store
            .write_urgent(move |txn| revoke::revoke(txn, &relationship, &key, &grant_id, paths.as_ref(), now))
            .await
            .map_err(PersonError::from)?
            .into_inner();
        self.tell(inner, &[What::Grants, What::Audit]);
        self.gates.load(&inner.store, &inner.bells, &self.id)?;
        Ok(revoked)
    }
}

/// A random time below this.
fn random_up_to(ceiling: Duration) -> Duration {
    let random = u64::from_le_bytes(freehold_mailbox::entropy()[..8].try_into().unwrap_or_default());
    let ceiling_ms = u64::try_from(ceiling.as_millis()).unwrap_or(u64::MAX).max(1);
    Duration::from_millis(random % ceiling_ms)
}

/// Resolves when the task is to end.
async fn stop_asked(stopping: &mut watch::Receiver<bool>) {
    // An error means that the handle is gone, which asks for the same.
    let _ = stopping.wait_for(|stop| *stop).await;
}

fn hello(inner: &Inner, relationship: &Relationship) -> Hello {
    Hello {
        versions: VERSIONS.to_vec(),
        families: inner.families.names(),
        stored: 0,
        invitation: relationship.invitation.map(|token| ByteBuf::from(token.to_vec())),
        check_in_secs: None,
        last: None,
        restored: relationship.restored.as_ref().is_some_and(|restored| restored.answer.is_none()),
        mailbox: None,
    }
}
