//! A node's link and a hub's on loopback, for the tests of this folder.

use std::sync::Arc;
use std::time::Duration;

use freehold_link::{Context, Event, Link, first_hello};
use freehold_mailbox::{Desk, Linked, Mailbox, take};
use freehold_protocol::code::Code;
use freehold_protocol::family::{Families, Family};
use freehold_protocol::frame::{Hello, VERSIONS};
use freehold_protocol::id::RelationshipId;
use freehold_protocol::identity::SigningKey;
use freehold_protocol::mailbox::{Entry, EntryBody};
use freehold_protocol::message::{Message, MessageType};
use freehold_protocol::session::Closed;
use freehold_protocol::time::Timestamp;
use freehold_store::{HomeKey, Options, ReadError, Store};
use freehold_transport::{Address, Connection, Endpoint, FrameReceiver, Frames, Limits, dial};
use tempfile::TempDir;
use tokio::time::Instant;

/// The seeds of the two sides' keys.
pub(crate) const HUB: u8 = 1;
pub(crate) const NODE: u8 = 2;

const NOW: Timestamp = Timestamp::from_millis(1_800_000_090_000);

/// Long enough for a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&[seed; 32])
}

/// Fails the test where something does not happen at all.
pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.expect("this should have happened long ago")
}

/// The first hello, for which there is time enough.
pub(crate) async fn first(receiver: &mut FrameReceiver) -> Result<Hello, Option<Code>> {
    first_hello(receiver, Instant::now() + PATIENCE).await
}

pub(crate) fn hello() -> Hello {
    Hello {
        versions: VERSIONS.to_vec(),
        families: vec!["note/1".to_owned()],
        stored: 0,
        invitation: None,
        check_in_secs: None,
        last: None,
        restored: false,
        mailbox: None,
    }
}

/// A family that files `note/1/note`, refuses any other, and makes the body of no entry.
struct Notes;

impl Family<Linked> for Notes {
    fn name(&self) -> &'static str {
        "note/1"
    }

    fn receive(&self, desk: &mut Desk<'_>, message: &Message) -> Result<(), Code> {
        if message.kind.name() == "note" { desk.file(message) } else { Err(Code::Malformed) }
    }

    fn compose(&self, _: &mut Desk<'_>, _: &Entry, _: &[u8]) -> Result<Vec<u8>, Code> {
        Err(Code::NotInScope)
    }
}

/// One side: its store and what its link needs.
pub(crate) struct Side {
    pub(crate) context: Context,
    pub(crate) mailbox: Mailbox,
    _dir: TempDir,
}

impl Side {
    /// The side of a key; its peer is the other one.
    pub(crate) fn new(own: u8) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let relationship = RelationshipId::from_entropy([own; 16]);
        let mailbox = Mailbox::new(&relationship);
        let context = Context {
            store: Store::open(dir.path(), &HomeKey::new([7; 32]), Options::default()).unwrap(),
            families: Arc::new(Families::new().with(Notes)),
            relationship,
            own: key(own).public().did(),
            peer: key(HUB + NODE - own).public().did(),
            key: key(own),
            clock: Arc::new(|| NOW),
            holder: None,
        };
        Self { context, mailbox, _dir: dir }
    }

    /// Queues so many notes, in one transaction.
    pub(crate) async fn queue(&self, count: usize) -> Vec<Entry> {
        self.queue_as("note/1/note", EntryBody::Fixed(vec![0xa0]), count).await
    }

    pub(crate) async fn queue_as(&self, kind: &str, body: EntryBody, count: usize) -> Vec<Entry> {
        let (mailbox, kind) = (self.mailbox.clone(), MessageType::parse(kind).unwrap());
        let queued = self.context.store.write(move |txn| {
            let entries = (0..count).map(|_| mailbox.queue(txn, &kind, None, body.clone(), NOW));
            entries.collect::<Result<Vec<Entry>, ReadError>>()
        });
        queued.await.unwrap().into_inner()
    }

    /// Takes in what the other side has queued, as in a session whose acknowledgement was lost.
    pub(crate) async fn takes(&self, from: &Self, entries: Vec<Entry>) {
        let to = from.context.peer.clone();
        let Context { store, families, relationship, peer, .. } = self.context.clone();
        let taken = store.write(move |txn| {
            entries.into_iter().try_for_each(|entry| {
                let message = entry.into_message(to.clone(), vec![0xa0]);
                let taken = take(txn, &families, &relationship, &peer, message, NOW);
                taken.map(drop).map_err(|_| ReadError::Corrupt)
            })
        });
        taken.await.unwrap();
    }

    /// The sequences of the messages that were filed.
    pub(crate) fn filed(&self) -> Vec<u64> {
        let filed = self.mailbox.filed(&self.context.store).unwrap();
        filed.iter().map(|filed| filed.message.seq).collect()
    }

    /// The sequences that the other side does not have yet.
    pub(crate) fn waiting(&self) -> Vec<u64> {
        self.mailbox.waiting(&self.context.store).unwrap().iter().map(|entry| entry.seq).collect()
    }
}

/// What keeps a connection alive.
pub(crate) struct Held {
    _endpoint: Endpoint,
    _connections: [Connection; 2],
}

/// A session's stream, with its node's end and its hub's.
pub(crate) async fn connected() -> (Held, Frames, Frames) {
    let any = Address::parse("/ip4/127.0.0.1/tcp/0").unwrap();
    let (endpoint, mut incoming) = Endpoint::listen(&key(HUB), &[any], Limits::default()).await.unwrap();
    let node =
        dial(&key(NODE), &endpoint.addresses(), &[key(HUB).public()], Limits::default()).await.unwrap();
    let hub = soon(incoming.recv()).await.unwrap();
    hub.welcome();
    let opened = node.open_session().await.unwrap();
    let accepted = soon(hub.accept_session()).await.unwrap();
    (Held { _endpoint: endpoint, _connections: [node, hub] }, opened, accepted)
}

/// Whose event it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    Node,
    Hub,
}

/// Two links, with their sides.
pub(crate) struct Pair {
    pub(crate) node: Link,
    pub(crate) hub: Link,
    pub(crate) node_side: Side,
    pub(crate) hub_side: Side,
    _held: Held,
}

impl Pair {
    /// The two meet: the node has said hello, and the hub has heard it.
    pub(crate) async fn meet(node_side: Side, hub_side: Side, hello: Hello) -> Self {
        let (held, opened, accepted) = connected().await;
        let mut node = Link::dial(node_side.context.clone(), opened, key(HUB).public(), hello).await.unwrap();
        node.wake();
        let (sender, mut receiver) = accepted.split();
        let theirs = soon(first(&mut receiver)).await.unwrap();
        let (context, own) = (hub_side.context.clone(), self::hello());
        let hub = Link::accept(context, sender, receiver, key(NODE).public(), own, theirs).await.unwrap();
        Self { node, hub, node_side, hub_side, _held: held }
    }

    /// The two meet, and both sides' sessions are open.
    pub(crate) async fn open(node_side: Side, hub_side: Side) -> Self {
        let mut pair = Self::meet(node_side, hub_side, hello()).await;
        let mut open = [false; 2];
        pair.until(|who, event| {
            open[usize::from(who == Who::Hub)] |= matches!(event, Event::Open(_));
            open == [true; 2]
        })
        .await;
        pair
    }

    /// Lets both run until one of them tells what is waited for.
    pub(crate) async fn until(&mut self, mut wanted: impl FnMut(Who, &Event) -> bool) -> Event {
        soon(async {
            loop {
                let (who, event) = tokio::select! {
                    event = self.node.next() => (Who::Node, event),
                    event = self.hub.next() => (Who::Hub, event),
                };
                if wanted(who, &event) {
                    return event;
                }
            }
        })
        .await
    }

    /// How the session ends for the node and for the hub.
    pub(crate) async fn ends(&mut self) -> (Closed, Closed) {
        let (mut node, mut hub) = (None, None);
        self.until(|who, event| {
            if let Event::Closed(why) = event {
                let end = if who == Who::Node { &mut node } else { &mut hub };
                *end = end.or(Some(*why));
            }
            node.is_some() && hub.is_some()
        })
        .await;
        (node.unwrap(), hub.unwrap())
    }
}
