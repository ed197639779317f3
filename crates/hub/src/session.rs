//! Persons' connections: one task each, and a register of those that are open.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use freehold_link::{Context, Event, Link, LinkError, first_hello};
use freehold_mailbox::Linked;
use freehold_protocol::code::Code;
use freehold_protocol::connect::Introduction;
use freehold_protocol::family::Families;
use freehold_protocol::frame::{Frame, Hello, VERSIONS};
use freehold_protocol::id::RelationshipId;
use freehold_protocol::identity::PublicKey;
use freehold_protocol::limits::HELLO_TIMEOUT;
use freehold_store::database::Bell;
use freehold_store::{Durable, ReadError, WriteError};
use freehold_transport::{Connection, FrameReceiver, FrameSender};
use tokio::sync::{Notify, SemaphorePermit, watch};
use tokio::time::Instant;

use crate::keys::Identity;
use crate::load::Load;
use crate::relationship::{Relationship, admit, invited, of_bell, uuid};
use crate::restored;
use crate::shared::Shared;
use crate::stop::Stopping;

/// How long a peer has to take a goodbye and hang up.
const GOODBYE: Duration = Duration::from_secs(2);

/// How long a newer session waits for the older one of the same person to be gone.
const REPLACE: Duration = Duration::from_secs(5);

/// Most sessions at once: as many connections as the transport accepts.
const SESSIONS_MAX: usize = 10_000;

/// The open sessions, one per relationship at most.
#[derive(Default)]
pub(crate) struct Sessions {
    open: Mutex<HashMap<RelationshipId, Handle>>,
    serial: AtomicU64,
    pub(crate) load: Arc<Load>,
}

/// What others need of an open session.
struct Handle {
    serial: u64,
    wake: Arc<Notify>,
    /// As `wake`, where it was another replica that has queued something or has the session now.
    rung: Arc<Notify>,
    close: watch::Sender<Option<Code>>,
    /// Resolves when the session's task is gone.
    gone: watch::Receiver<()>,
    connection: Arc<Connection>,
    identity: Arc<Identity>,
    greeted: Arc<AtomicBool>,
}

/// A session's place in the register; dropping it gives the place back.
struct Place<'s> {
    sessions: &'s Sessions,
    relationship: RelationshipId,
    serial: u64,
    wake: Arc<Notify>,
    rung: Arc<Notify>,
    close: watch::Receiver<Option<Code>>,
    greeted: Arc<AtomicBool>,
    _alive: watch::Sender<()>,
}

impl Sessions {
    /// Takes the place of a relationship, once an older session of it is gone.
    async fn enter(
        &self,
        relationship: &RelationshipId,
        connection: &Arc<Connection>,
        identity: &Arc<Identity>,
    ) -> Result<Place<'_>, Code> {
        let serial = self.serial.fetch_add(1, Ordering::Relaxed);
        let (close, closing) = watch::channel(None);
        let (alive, gone) = watch::channel(());
        let (wake, greeted) = (Arc::new(Notify::new()), Arc::new(AtomicBool::new(false)));
        let rung = Arc::new(Notify::new());
        let handle = Handle {
            serial,
            wake: Arc::clone(&wake),
            rung: Arc::clone(&rung),
            close,
            gone,
            connection: Arc::clone(connection),
            identity: Arc::clone(identity),
            greeted: Arc::clone(&greeted),
        };
        let older = {
            let mut open = self.lock();
            if open.len() >= SESSIONS_MAX && !open.contains_key(relationship) {
                return Err(Code::Busy);
            }
            open.insert(relationship.clone(), handle)
        };
        let relationship = relationship.clone();
        let place = Place {
            sessions: self,
            relationship,
            serial,
            wake,
            rung,
            close: closing,
            greeted,
            _alive: alive,
        };
        if let Some(mut older) = older {
            older.close.send_replace(Some(Code::Replaced));
            let gone = async { while older.gone.changed().await.is_ok() {} };
            let _ = tokio::time::timeout(REPLACE, gone).await;
        }
        Ok(place)
    }

    /// Tells a session that something is queued for its person.
    pub(crate) fn wake(&self, relationship: &RelationshipId) {
        if let Some(handle) = self.lock().get(relationship) {
            handle.wake.notify_one();
        }
    }

    /// Tells a session that another replica has rung its bell.
    pub(crate) fn ring(&self, bell: &Bell) {
        if let Some(id) = of_bell(bell)
            && let Some(handle) = self.lock().get(&id)
        {
            handle.rung.notify_one();
        }
    }

    /// Tells every session that its bell may have been rung.
    pub(crate) fn ring_all(&self) {
        self.lock().values().for_each(|handle| handle.rung.notify_one());
    }

    /// Ends some sessions that were not told to end before; gives how many.
    pub(crate) fn close_some(&self, most: usize, code: Code) -> usize {
        let open = self.lock();
        let going_on: Vec<&Handle> =
            open.values().filter(|handle| handle.close.borrow().is_none()).take(most).collect();
        going_on.iter().for_each(|handle| {
            handle.close.send_replace(Some(code));
        });
        going_on.len()
    }

    /// Whether there is no session, open or about to be.
    pub(crate) fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    /// Whether a relationship's session is open.
    pub(crate) fn is_open(&self, relationship: &RelationshipId) -> bool {
        self.speaking(relationship).is_some()
    }

    /// The connection of a relationship whose session is open, and the key of the hub that it was dialled by.
    pub(crate) fn speaking(&self, relationship: &RelationshipId) -> Option<(Arc<Connection>, Arc<Identity>)> {
        let open = self.lock();
        let handle = open.get(relationship).filter(|handle| handle.greeted.load(Ordering::Acquire))?;
        Some((Arc::clone(&handle.connection), Arc::clone(&handle.identity)))
    }

    /// How many are open.
    pub(crate) fn count(&self) -> usize {
        self.lock().values().filter(|handle| handle.greeted.load(Ordering::Acquire)).count()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<RelationshipId, Handle>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut open = self.sessions.lock();
        if open.get(&self.relationship).is_some_and(|handle| handle.serial == self.serial) {
            open.remove(&self.relationship);
        }
    }
}

/// The seconds between check-ins, which may change while the hub runs.
#[derive(Debug, Clone, Default)]
pub(crate) struct CheckIn(Arc<AtomicU64>);

impl CheckIn {
    pub(crate) fn new(secs: Option<u32>) -> Self {
        let check_in = Self::default();
        check_in.set(secs);
        check_in
    }

    pub(crate) fn set(&self, secs: Option<u32>) {
        // One more than the seconds, so that none is 0.
        self.0.store(secs.map_or(0, |secs| u64::from(secs) + 1), Ordering::Relaxed);
    }

    fn get(&self) -> Option<u32> {
        self.0.load(Ordering::Relaxed).checked_sub(1).and_then(|secs| u32::try_from(secs).ok())
    }
}

/// What every session's task needs.
#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) shared: Arc<Shared>,
    /// The key of the hub that was dialled.
    pub(crate) identity: Arc<Identity>,
    pub(crate) families: Arc<Families<Linked>>,
    pub(crate) check_in_secs: CheckIn,
    pub(crate) stop: Stopping,
}

impl Server {
    /// Serves one connection until it ends.
    pub(crate) async fn serve(self, connection: Connection) {
        let until = Instant::now() + HELLO_TIMEOUT;
        let frames = tokio::select! {
            biased;
            () = self.stop.given() => return,
            frames = tokio::time::timeout_at(until, connection.accept_session()) => frames,
        };
        let Ok(Some(frames)) = frames else { return };
        let (sender, mut receiver) = frames.split();
        let hello = match first_hello(&mut receiver, until).await {
            Ok(hello) => hello,
            Err(Some(code)) => return bye(&connection, sender, receiver, Frame::bye(code)).await,
            Err(None) => return,
        };
        if self.shared.draining.load(Ordering::Acquire) {
            return bye(&connection, sender, receiver, Frame::bye(Code::ShuttingDown)).await;
        }
        let load = Arc::clone(&self.shared.sessions.load);
        let Some(turn) = load.turn().await else {
            return self.send_away(&connection, sender, receiver).await;
        };
        let known = match self.admit(&connection, &hello).await {
            Ok(known) => known,
            Err(code) => {
                self.shared.metrics.turned_away(code);
                tracing::info!(%code, "a connection was turned away");
                return bye(&connection, sender, receiver, Frame::bye(code)).await;
            }
        };
        connection.welcome();
        let connection = Arc::new(connection);
        let place = match self.shared.sessions.enter(&known.id, &connection, &self.identity).await {
            Ok(place) => place,
            Err(Code::Busy) => return self.send_away(&connection, sender, receiver).await,
            Err(code) => return bye(&connection, sender, receiver, Frame::bye(code)).await,
        };
        self.run(&connection, known, (place, turn), (sender, receiver), hello).await;
        connection.abort();
    }

    /// "A hub with too much to do answers a hello with `bye` `busy` (501), and MAY say in `waitSecs` for how long it wants not
    /// to be dialled".
    async fn send_away(&self, connection: &Connection, sender: FrameSender, receiver: FrameReceiver) {
        let wait_secs = Some(self.shared.sessions.load.wait_secs());
        bye(connection, sender, receiver, Frame::Bye { code: Code::Busy, wait_secs }).await;
    }

    /// Finds or begins the relationship of a peer.
    async fn admit(&self, connection: &Connection, hello: &Hello) -> Result<Relationship, Code> {
        let (shared, key) = (Arc::clone(&self.shared), connection.peer());
        let known = Relationship::of_key(&shared.store, &key).map_err(|_| Code::StorageFailed)?;
        if let Some(known) = known {
            return match known.by(&key) {
                Err(Code::Rotated) => self.known_on_disk(key).await?.ok_or(Code::UnknownPeer)?.by(&key),
                known => known,
            };
        }
        if hello.stored > 0 {
            // The relationship would begin with a claim to hold what was never sent; the invitation stays unused.
            return Err(Code::AheadOfSender);
        }
        let token = hello.invitation.as_ref().map(|token| token.to_vec()).ok_or(Code::UnknownPeer)?;
        let now = shared.now();
        // Strangers with tokens that are worth nothing are not to keep the writer from its work.
        invited(&shared.store, &shared, &self.identity, &token, now)?;
        let (writing, identity) = (Arc::clone(&shared), Arc::clone(&self.identity));
        let admitted =
            shared.store.write(move |txn| admit(txn, &writing, &identity, &key, &token, now)).await;
        match admitted {
            Ok(known) => Ok(known.into_inner()),
            Err(WriteError::Refused(code)) => Err(code),
            Err(error) => {
                tracing::error!(%error, "a new relationship was not stored");
                Err(Code::StorageFailed)
            }
        }
    }

    /// The relationship of a key as it is on disk. "Rotated" acknowledges the statement, so it may not rest on a batch that
    /// no sync has reached yet.
    async fn known_on_disk(&self, key: PublicKey) -> Result<Option<Relationship>, Code> {
        let read = self.shared.store.write(move |txn| Relationship::of_key(txn, &key)).await;
        read.map(Durable::into_inner).map_err(|_| Code::StorageFailed)
    }

    /// As [`Server::known_on_disk`], noting that the person has found this key of the vendor.
    async fn found_on_disk(&self, key: PublicKey) -> Result<Option<Relationship>, Code> {
        let generation = self.identity.generation;
        let found = self.shared.store.write(move |txn| {
            let Some(mut known) = Relationship::of_key(txn, &key)? else { return Ok(None) };
            if known.peer.key() == Some(key) && generation > known.generation {
                known.generation = generation;
                known.save(txn);
            }
            Ok::<_, ReadError>(Some(known))
        });
        found.await.map(Durable::into_inner).map_err(|_| Code::StorageFailed)
    }

    async fn run(
        &self,
        connection: &Connection,
        known: Relationship,
        (mut place, turn): (Place<'_>, SemaphorePermit<'_>),
        (sender, receiver): (FrameSender, FrameReceiver),
        theirs: Hello,
    ) {
        let shared = &self.shared;
        let context = Context {
            store: shared.store.clone(),
            families: Arc::clone(&self.families),
            relationship: known.id.clone(),
            own: self.identity.did.clone(),
            peer: known.peer.clone(),
            key: self.identity.transport.clone(),
            clock: Arc::clone(&shared.clock),
            holder: shared.replica.as_ref().map(|replica| replica.run),
        };
        let hello = Hello {
            versions: VERSIONS.to_vec(),
            families: self.families.names(),
            stored: 0,
            invitation: None,
            check_in_secs: self.check_in_secs.get(),
            last: None,
            restored: false,
            mailbox: None,
        };
        if theirs.restored {
            let (id, from, now) = (known.id.clone(), self.identity.generation, shared.now());
            let introduction = Introduction::new(Some(shared.name.clone()), &self.identity.next);
            let told =
                shared.store.write(move |txn| restored::tell(txn, &id, from, &introduction, now)).await;
            if let Err(error) = told {
                tracing::error!(relationship = uuid(&known.id), %error, "a restored person cannot be told what is held");
                return bye(connection, sender, receiver, Frame::bye(Code::StorageFailed)).await;
            }
        }
        let link = Link::accept(context, sender, receiver, connection.peer(), hello, theirs).await;
        let mut link = match link {
            Ok(link) => link,
            Err(error) => return tracing::error!(%error, "a session cannot begin"),
        };
        // What takes long is over.
        drop(turn);
        let mut closing = false;
        // An older session may have taken a rotation since this peer was let in; the link has waited for it.
        match self.found_on_disk(connection.peer()).await {
            Ok(Some(now)) if now.peer == known.peer => {}
            now => {
                closing = true;
                link.close(now.err().unwrap_or(Code::Rotated));
            }
        }
        loop {
            tokio::select! {
                biased;
                () = self.stop.given(), if !closing => {
                    closing = true;
                    link.close(Code::ShuttingDown);
                }
                code = closed(&mut place.close), if !closing => {
                    closing = true;
                    link.close(code);
                }
                event = link.next() => match event {
                    Event::Open(_) => {
                        place.greeted.store(true, Ordering::Release);
                        tracing::info!(relationship = uuid(&known.id), "a session is open");
                    }
                    // A hub never says that it was restored.
                    Event::Taken | Event::Delivered(_) | Event::Realigned(_) => {}
                    Event::Closed(why) => {
                        tracing::info!(relationship = uuid(&known.id), ?why, "a session has ended");
                        break;
                    }
                    Event::Failed(LinkError::Store(error)) => {
                        tracing::error!(relationship = uuid(&known.id), error, "a session could not store");
                        break;
                    }
                    Event::Failed(error) => {
                        tracing::info!(relationship = uuid(&known.id), %error, "a session was lost");
                        // A newer session need not wait.
                        drop(place);
                        return link.leave().await;
                    }
                },
                () = place.wake.notified() => link.wake(),
                () = place.rung.notified(), if !closing => link.wake_or_yield(),
            }
        }
        // The goodbye is on its way: the connection stays until the peer has hung up. A newer session need not wait.
        drop(place);
        link.leave().await;
        let _ = tokio::time::timeout(GOODBYE, connection.closed()).await;
    }
}

/// When others want the session to end, why.
async fn closed(close: &mut watch::Receiver<Option<Code>>) -> Code {
    match close.wait_for(Option::is_some).await {
        Ok(code) => (*code).unwrap_or(Code::ShuttingDown),
        // The register has lost the session to a newer one, which has said so already.
        Err(_) => Code::Replaced,
    }
}

/// Says why not, and hangs up.
async fn bye(connection: &Connection, sender: FrameSender, receiver: FrameReceiver, bye: Frame) {
    let said = async {
        sender.send(bye.encode()).await.ok()?;
        sender.finish().await.ok()?;
        connection.closed().await;
        Some(())
    };
    let _ = tokio::time::timeout(GOODBYE, said).await;
    drop(receiver);
}
