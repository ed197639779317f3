//! One session of a relationship, from hello to its end.

use std::sync::Arc;
use std::time::Duration;

use freehold_link::{Context, Event, Link};
use freehold_protocol::code::Code;
use freehold_protocol::identity::SigningKey;
use freehold_protocol::limits::READ_TIMEOUT;
use freehold_protocol::read::{self, ReadRequest};
use freehold_protocol::session::{Closed, Realigned};
use freehold_store::WriteError;
use freehold_store::planted::{self, Bug};
use freehold_transport::{Connection, FrameSender, Frames};
use freehold_vault::relationships::{self, Relationship};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::{Command, Contact, Task, hello, stop_asked};
use crate::happening::What;
use crate::person::Inner;
use crate::sync::Ordering;
use crate::{live_read, outgoing, restored};

/// Live reads that may wait to be decided; a vendor that asks faster waits on its own streams.
const READS: usize = 16;

/// How long the transport may take to drop what it holds. It is the machine's own work: milliseconds.
const BREAK_OFF: Duration = Duration::from_secs(2);

/// How long a vendor has to take a goodbye and hang up.
const GOODBYE: Duration = Duration::from_secs(1);

/// How long a session without work stays open when the hub asked for check-ins.
const LINGER: Duration = Duration::from_secs(2);

/// How a session ended.
pub(super) enum End {
    Stop,
    CheckIn(Duration),
    /// A revocation has broken the connection.
    BrokenOff,
    /// The relationship or its vendor has another key now.
    Rotated,
    /// After a restore: the mailboxes go on where the vendor is.
    Realigned,
    /// The vendor has more of this home than the home itself.
    Outdated(Code),
    Lost(String),
    /// The vendor has too much to do, and asks not to be dialled for so long.
    Busy(Duration),
    /// This side has ended it for what the vendor did.
    Broken(Code),
    Refused(Code),
}

/// A read that has arrived: the request's bytes and where the answer goes.
type Read = (Vec<u8>, FrameSender);

impl Task {
    pub(super) async fn session(
        &mut self,
        inner: &Arc<Inner>,
        relationship: &Relationship,
        key: SigningKey,
        connection: Connection,
        frames: Frames,
    ) -> End {
        let context = Context {
            store: inner.store.clone(),
            families: inner.families.clone(),
            relationship: self.id.clone(),
            own: relationship.own.clone(),
            peer: relationship.vendor.clone(),
            key: key.clone(),
            clock: inner.clock.clone(),
            holder: None,
        };
        let peer = connection.peer();
        let connection = Arc::new(connection);
        let reads = accept_reads(connection.clone());
        let mut link = match Link::dial(context, frames, peer, hello(inner, relationship)).await {
            Ok(link) => link,
            Err(error) => return End::Lost(error.to_string()),
        };
        if let Err(error) = self.gates.load(&inner.store, &inner.bells, &self.id) {
            return End::Lost(error.to_string());
        }
        let end = self.drive(inner, relationship, &key, &connection, &mut link, reads).await;
        match &end {
            End::Stop | End::CheckIn(_) | End::Rotated => {
                link.close(Code::ShuttingDown);
                hang_up(&connection).await;
            }
            End::Broken(_) | End::Outdated(_) | End::Realigned => hang_up(&connection).await,
            End::BrokenOff | End::Lost(_) | End::Busy(_) | End::Refused(_) => {}
        }
        connection.abort();
        end
    }

    async fn drive(
        &mut self,
        inner: &Arc<Inner>,
        relationship: &Relationship,
        key: &SigningKey,
        connection: &Connection,
        link: &mut Link,
        mut reads: mpsc::Receiver<Read>,
    ) -> End {
        let mut check_in = None;
        loop {
            if let Some(error) = self.release_due(inner, relationship, link).await {
                return End::Lost(error);
            }
            let linger = check_in.filter(|_| link.is_idle());
            let bell = self.bell.clone();
            let read_at = self.read_pace.next(Instant::now());
            tokio::select! {
                biased;
                () = stop_asked(&mut self.stopping) => return End::Stop,
                command = self.inbox.recv() => {
                    let Some(Command::Revoke { grant, paths, reply }) = command else { return End::Stop };
                    let revoked = self.revoke(inner, grant, paths).await;
                    if revoked.is_err() {
                        let _ = reply.send(revoked);
                        continue;
                    }
                    // What the transport holds may be values of the grant, whatever the vendor says it has received: the
                    // line is broken under them, and only then is the revocation done.
                    link.abort();
                    connection.abort();
                    let _ = tokio::time::timeout(BREAK_OFF, connection.closed()).await;
                    let _ = reply.send(revoked);
                    return End::BrokenOff;
                }
                event = link.next() => match event {
                    Event::Open(theirs) => {
                        if self.opened(inner, relationship, connection).await {
                            return End::Rotated;
                        }
                        check_in = theirs.check_in_secs.map(|secs| Duration::from_secs(u64::from(secs)));
                    }
                    Event::Realigned(to) => return self.realigned(inner, relationship, to).await,
                    Event::Taken => {
                        self.hollow.handle_acknowledged();
                        inner.bells.arrivals.notify_waiters();
                        // It may be one that could not be used, and is kept.
                        self.tell(inner, &[What::Relationships]);
                        if self.bell.take_rotated() && self.has_moved(inner, relationship) {
                            return End::Rotated;
                        }
                    }
                    Event::Delivered(through) => {
                        self.hollow.handle_acknowledged();
                        let stale = self.gates.handle_delivered(through, inner.now());
                        if stale && self.gates.load(&inner.store, &inner.bells, &self.id).is_err() {
                            return End::Lost("the vault cannot be read".into());
                        }
                    }
                    Event::Closed(Closed::ByPeer(Code::Rotated)) => return self.rotated(inner, relationship).await,
                    Event::Closed(Closed::ByPeer(code @ Code::BehindAcknowledged) | Closed::ByPeer(code @ Code::Forked) | Closed::ByUs(code @ Code::Forked)) => return End::Outdated(code),
                    Event::Closed(Closed::ByUs(code @ Code::AheadOfSender)) if !self.bell.connected.load(Ordering::Acquire) => return End::Outdated(code),
                    Event::Closed(Closed::ByPeer(Code::Busy)) if link.wait().is_some() => {
                        return End::Busy(link.wait().unwrap_or_default());
                    }
                    Event::Closed(Closed::ByPeer(code)) if is_final(code) => return End::Refused(code),
                    Event::Closed(Closed::ByPeer(code)) => return End::Lost(format!("the vendor ended the session: {code}")),
                    Event::Closed(Closed::ByUs(code)) => return End::Broken(code),
                    Event::Failed(error) => return End::Lost(error.to_string()),
                },
                () = bell.rung() => {
                    if bell.take_rotated() && self.has_moved(inner, relationship) {
                        return End::Rotated;
                    }
                    if bell.take_reload() && self.gates.load(&inner.store, &inner.bells, &self.id).is_err() {
                        return End::Lost("the vault cannot be read".into());
                    }
                    self.gates.handle_changed(&bell.take_changed());
                    if bell.take_leak() {
                        self.leak(inner).await;
                    }
                    link.wake();
                }
                Some((request, answer)) = reads.recv(), if read_at.is_none() => {
                    self.read_pace.take();
                    if self.reads.take(Instant::now()) {
                        self.answer(inner, relationship, key, connection, &request, answer).await;
                    } else {
                        tracing::warn!(relationship = %self.id, "a live read beyond what a vendor may ask was dropped");
                        answer.abort();
                    }
                }
                () = tokio::time::sleep_until(read_at.unwrap_or_else(Instant::now)), if read_at.is_some() => {}
                () = tokio::time::sleep(LINGER), if linger.is_some() => {
                    return End::CheckIn(linger.unwrap_or_default());
                }
            }
        }
    }

    /// Notes that a session is open. Gives whether the vendor has another key by now: a statement of an earlier session may
    /// have been stored after this one was dialled.
    async fn opened(
        &mut self,
        inner: &Arc<Inner>,
        relationship: &Relationship,
        connection: &Connection,
    ) -> bool {
        self.failures = 0;
        self.hollow.handle_opened(Instant::now());
        self.bell.connected.store(true, Ordering::Release);
        self.contact.send_replace(Contact::Open(connection.transport().name()));
        let (id, vendor, now) = (self.id.clone(), relationship.vendor.clone(), inner.now());
        let noted = inner.store.write(move |txn| {
            let Some(mut relationship) = relationships::get(txn, &id)? else { return Ok(false) };
            relationship.last_connected = Some(now);
            relationship.last_error = None;
            relationship.invitation = None;
            relationship.unproven = false;
            relationships::save(txn, &relationship)?;
            Ok::<_, freehold_store::ReadError>(relationship.vendor != vendor)
        });
        let moved = noted.await.map(freehold_store::Durable::into_inner).unwrap_or_else(|error| {
            tracing::error!(relationship = %self.id, %error, "the session could not be written down");
            false
        });
        inner.bells.arrivals.notify_waiters();
        self.tell(inner, &[What::Delivery]);
        moved
    }

    /// Whether a side has another key by now than the one under which it was dialled; not so where it was dialled ahead of the
    /// acknowledgement.
    fn has_moved(&self, inner: &Inner, dialled: &Relationship) -> bool {
        let now = relationships::get(&inner.store, &self.id).ok().flatten();
        now.is_none_or(|now| now.own != dialled.own || now.vendor != dialled.vendor)
    }

    /// The vendor knows a later key. Where a statement waits, its acknowledgement was lost, or another copy of this home has moved
    /// the relationship: what the vendor says to the next key tells which.
    async fn rotated(&mut self, inner: &Arc<Inner>, relationship: &Relationship) -> End {
        if relationship.restored.is_some() {
            return self.next_key(inner).await;
        }
        if relationship.rotation.is_some() {
            self.try_next_key = true;
            return End::Rotated;
        }
        End::Outdated(Code::Rotated)
    }

    /// The relationship was rotated after the backup: its keys follow from the seed, one after the other.
    async fn next_key(&self, inner: &Arc<Inner>) -> End {
        let (id, seed) = (self.id.clone(), inner.seed.clone());
        let written = inner.store.write(move |txn| {
            if let Some(mut relationship) = relationships::get(txn, &id)? {
                let next = seed.relationship_key(relationship.index, relationship.generation + 1);
                relationship.rotate(next.public().did());
                relationships::save(txn, &relationship)?;
            }
            Ok::<_, freehold_store::ReadError>(())
        });
        let written = written.await;
        self.tell(inner, &[What::Relationships]);
        match written {
            Ok(_) => End::Lost("the relationship has a newer key: it is tried next".into()),
            Err(error) => End::Lost(error.to_string()),
        }
    }

    /// After a restore: goes on where the vendor says that the mailboxes are.
    async fn realigned(&self, inner: &Arc<Inner>, relationship: &Relationship, to: Realigned) -> End {
        let (families, id, vendor, now) =
            (inner.families.clone(), self.id.clone(), relationship.vendor.clone(), inner.now());
        let written =
            inner.store.write(move |txn| restored::realign(txn, &families, &id, &vendor, to, now)).await;
        match written.map(freehold_store::Durable::into_inner) {
            Ok(after) => {
                after.into_iter().for_each(|run| run());
                self.tell(inner, &[What::Relationships, What::Grants]);
                self.bell.take_rotated();
                End::Realigned
            }
            Err(error) => End::Lost(error.to_string()),
        }
    }

    /// Releases everything that is due and for which there is room. Gives an error that ends the session.
    async fn release_due(
        &mut self,
        inner: &Arc<Inner>,
        relationship: &Relationship,
        link: &mut Link,
    ) -> Option<String> {
        while link.has_room() {
            let now = inner.now();
            let (grant, due) = self.gates.poll_due(now)?;
            let (id, vendor, of) = (self.id.clone(), relationship.vendor.clone(), grant.clone());
            let write = if planted::is_on(Bug::WriteSkippedBeforeSend) {
                outgoing::unwritten
            } else {
                outgoing::release
            };
            let written = inner.store.write(move |txn| write(txn, &id, &vendor, &of, &due, now)).await;
            let written = written.map(freehold_store::Durable::into_inner);
            if matches!(written, Ok(Some(_))) {
                self.tell(inner, &[What::Delivery, What::Audit]);
            }
            match written {
                Ok(Some(released)) if self.gates.is_current(&grant, released.epoch) => {
                    self.gates.handle_sent(&grant, released.message.seq, &released.versions, now);
                    link.send(&released.message);
                }
                Ok(_) => self
                    .gates
                    .load(&inner.store, &inner.bells, &self.id)
                    .err()
                    .map_or((), |_| self.gates.shut(&grant)),
                Err(WriteError::Refused(code)) => {
                    tracing::warn!(relationship = %self.id, %code, "nothing is released under a grant");
                    self.gates.shut(&grant);
                }
                Err(error) => return Some(error.to_string()),
            }
        }
        None
    }

    /// A planted fault: an update for a change that the vendor may not see.
    async fn leak(&self, inner: &Arc<Inner>) {
        let (id, grants, now) = (self.id.clone(), self.gates.grants(), inner.now());
        let queued = inner
            .store
            .write(move |txn| grants.iter().try_for_each(|grant| outgoing::leak(txn, &id, grant, now)));
        let _ = queued.await;
    }

    async fn answer(
        &mut self,
        inner: &Arc<Inner>,
        relationship: &Relationship,
        key: &SigningKey,
        connection: &Connection,
        request: &[u8],
        sender: FrameSender,
    ) {
        let request = match ReadRequest::open(request, &connection.peer(), &relationship.own) {
            Ok(request) => request,
            Err(code) => {
                tracing::warn!(relationship = %self.id, %code, "a live read was malformed");
                sender.abort();
                return;
            }
        };
        let (id, vendor, asked, now) =
            (self.id.clone(), relationship.vendor.clone(), request.clone(), inner.now());
        let decided = inner.store.write(move |txn| live_read::decide(txn, &id, &vendor, &asked, now)).await;
        self.tell(inner, &[What::Audit]);
        let result = match decided {
            Ok(decided) => decided.into_inner(),
            Err(_) => Err(Code::StorageFailed),
        };
        let answer = read::sign_answer(request.id, &relationship.vendor, result, key);
        if sender.try_send(answer).is_ok() {
            tokio::spawn(async move {
                let _ = tokio::time::timeout(READ_TIMEOUT, sender.finish()).await;
            });
        }
    }
}

/// The goodbye is on its way: the connection stays until the vendor has hung up, or for a moment.
async fn hang_up(connection: &Connection) {
    let _ = tokio::time::timeout(GOODBYE, connection.closed()).await;
}

/// Codes after which the vendor will not know this peer however often it dials.
fn is_final(code: Code) -> bool {
    matches!(
        code,
        Code::UnknownPeer | Code::InvitationUnknown | Code::InvitationExpired | Code::InvitationUsed
    )
}

/// Reads each request off its stream away from the task, so that a slow vendor delays nobody.
fn accept_reads(connection: Arc<Connection>) -> mpsc::Receiver<Read> {
    let (queue, reads) = mpsc::channel(READS);
    tokio::spawn(async move {
        while let Some(frames) = connection.accept_read().await {
            let queue = queue.clone();
            tokio::spawn(async move {
                let (sender, mut receiver) = frames.split();
                if let Ok(Some(Ok(request))) = tokio::time::timeout(READ_TIMEOUT, receiver.recv()).await {
                    let _ = queue.send((request, sender)).await;
                }
            });
        }
    });
    reads
}
