//! A person's node with one relationship, and the vendor at its other end.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::Path as FilePath;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};

use freehold_keystore::Seed;
use freehold_outbound::{Client, Policy};
use freehold_person::{Person, PersonConfig};
use freehold_protocol::data::{self, Carried, ReceivedUpdate};
use freehold_protocol::disclosure::{Grant, GrantState, GrantStatus};
use freehold_protocol::document::{
    AskedField, DataRequest, Document, GrantSubject, Issue, Mode, RequestSubject, Retention,
};
use freehold_protocol::family::Families;
use freehold_protocol::frame::{Frame, Hello, VERSIONS};
use freehold_protocol::id::{GrantId, MessageId, RelationshipId, RequestId};
use freehold_protocol::identity::SigningKey;
use freehold_protocol::message::{self, Message, MessageType, SignedMessage};
use freehold_protocol::path::Path;
use freehold_protocol::time::Timestamp;
use freehold_protocol::vocabulary::Vocabulary;
use freehold_resolver::{CachePolicy, Resolver};
use freehold_store::simulation::disk::SimulatedDisk;
use freehold_store::simulation::seed_entropy;
use freehold_store::{HomeKey, Options, Store};
use freehold_transport::{Connection, Endpoint};
use freehold_vault::agreements::{self, StoredGrant};
use freehold_vault::fields::{self, Change};
use freehold_vault::relationships::{self, Relationship};
use shuttle::future::{JoinHandle, spawn, yield_now};
use shuttle::rand::{RngCore as _, thread_rng};
use shuttle_tokio as tokio;
use tokio::sync::watch;

use crate::frames::{address, leave, listen, network};

const HOME: &str = "/schedules/person";
const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);
/// The words of the person's seed.
const WORDS: &str = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon \
                     abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon art";
/// The field that is granted.
pub(crate) const FIELD: &str = "x.note.a";
/// How every value of it begins, so that it can be told from all else on the wire.
pub(crate) const VALUE: &str = "a-value-of-the-field";

/// Steps that something may begin later than what goes on beside it; a session takes about so many to its first update.
const LATER_MAX: u64 = 100;

thread_local! {
    /// A disk with a grant that is offered, and one with a grant that stands and a value to release.
    static PREPARED: RefCell<Option<[SimulatedDisk; 2]>> = const { RefCell::new(None) };
}

static CLIENT: LazyLock<Client> = LazyLock::new(|| Client::new(Policy::public()).expect("a client"));
static SEED: LazyLock<Seed> = LazyLock::new(|| Seed::from_words(WORDS).expect("the words of a seed"));
static GRANT: LazyLock<Grant> = LazyLock::new(offer);

/// Which grant the home begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Home {
    /// Offered: the vendor's receipt comes in the first session.
    Offered,
    /// Standing.
    Standing,
}

/// Makes the disks that every order begins with. Inside of a schedule, since the store's locks are shuttle's.
pub(crate) fn prepare() {
    seed_entropy(Some(1));
    let disks = [GrantStatus::Offered, GrantStatus::Standing].map(|status| {
        let disk = SimulatedDisk::new(1);
        mount(&disk);
        let store = open();
        store.write_blocking(move |txn| relationships::save(txn, &relationship())).expect("written");
        store.write_blocking(move |txn| agreements::put_grant(txn, &stored(status))).expect("written");
        // Under a grant that is still offered the field is empty: a value would be released whatever is heard.
        if status == GrantStatus::Standing {
            let changes = [Change { path: field(), value: Some(format!("{VALUE} 0")) }];
            let key = SEED.vault_signing_key();
            let set = store.write_blocking(move |txn| fields::apply(txn, &changes, "test", NOW, &key));
            set.expect("written");
        }
        store.close_blocking().expect("closed");
        disk
    });
    PREPARED.set(Some(disks));
}

/// The node and its vendor, in an order of their own.
pub(crate) struct Node {
    pub(crate) person: Person,
    pub(crate) disk: SimulatedDisk,
    pub(crate) wire: Arc<Wire>,
    /// Whether the vendor has greeted the node, and sent its receipt.
    pub(crate) greeted: watch::Receiver<bool>,
    /// The last value that the vendor received.
    pub(crate) received: watch::Receiver<Option<String>>,
    vendor: JoinHandle<()>,
    endpoint: Endpoint,
}

/// What left the node.
#[derive(Default)]
pub(crate) struct Wire {
    bytes: AtomicUsize,
    values: AtomicUsize,
}

impl Wire {
    /// Bytes so far.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    /// How often bytes with a value of the field left so far.
    pub(crate) fn values(&self) -> usize {
        self.values.load(Ordering::Relaxed)
    }

    fn see(&self, bytes: &[u8]) {
        self.bytes.fetch_add(bytes.len(), Ordering::Relaxed);
        if bytes.windows(VALUE.len()).any(|window| window == VALUE.as_bytes()) {
            self.values.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Node {
    /// Starts both.
    pub(crate) async fn start(home: Home) -> Self {
        let disk = PREPARED.with_borrow(|prepared| {
            let disks = prepared.as_ref().expect("prepared before");
            disks[usize::from(home == Home::Standing)].copy(1)
        });
        seed_entropy(Some(2));
        mount(&disk);
        let wire = Arc::new(Wire::default());
        let seen = Arc::clone(&wire);
        let (_, limits) = network(move |bytes| seen.see(bytes));
        let (endpoint, mut incoming) = listen(&vendor()).await;
        let (told, received) = watch::channel(None);
        let (greets, greeted) = watch::channel(false);
        let vendor = Arc::new(Vendor { home, stored: AtomicU64::new(0), told, greets });
        let vendor = spawn(async move {
            while let Some(connection) = incoming.recv().await {
                let vendor = Arc::clone(&vendor);
                spawn(async move { vendor.serve(connection).await });
            }
        });
        let resolver = Resolver::new(CLIENT.clone(), CachePolicy::default());
        let config = PersonConfig { resolver, limits, store: Options::default(), families: Families::new() };
        let clock = Arc::new(|| NOW);
        let person = Person::start(FilePath::new(HOME), SEED.clone(), config, clock).await;
        let person = person.expect("the engine starts");
        Self { person, disk, wire, greeted, received, vendor, endpoint }
    }

    /// Changes the field, at once or somewhat later. Gives whether that is acknowledged.
    pub(crate) fn set(&self, number: u32) -> JoinHandle<bool> {
        let person = self.person.clone();
        let change = (FIELD.to_owned(), Some(format!("{VALUE} {number}")));
        spawn(async move {
            somewhat_later().await;
            person.set(vec![change], "test").await.is_ok()
        })
    }

    /// Ends what is left.
    pub(crate) async fn end(self) {
        self.person.stop().await;
        drop(self.person);
        leave(self.endpoint).await;
        self.vendor.await.expect("the vendor ends");
    }
}

/// Lets others go on for a while, so that beginnings meet each moment of what goes on beside them.
pub(crate) async fn somewhat_later() {
    for _ in 0..thread_rng().next_u64() % LATER_MAX {
        yield_now().await;
    }
}

/// The store of the node, by itself.
pub(crate) fn open() -> Store {
    let home = HomeKey::new(*SEED.vault_key());
    Store::open(&FilePath::new(HOME).join("store"), &home, Options::default()).expect("the store opens")
}

pub(crate) fn grant_id() -> GrantId {
    GRANT.id().clone()
}

pub(crate) fn field() -> Path {
    Path::parse(FIELD).expect("a path")
}

fn mount(disk: &SimulatedDisk) {
    SimulatedDisk::unmount_all();
    disk.mount(&FilePath::new(HOME).join("store"));
}

fn vendor() -> SigningKey {
    SigningKey::from_seed(&[1; 32])
}

fn own() -> SigningKey {
    SEED.relationship_key(0, 0)
}

/// A vendor that takes everything in, and countersigns what was offered.
struct Vendor {
    home: Home,
    stored: AtomicU64,
    told: watch::Sender<Option<String>>,
    greets: watch::Sender<bool>,
}

impl Vendor {
    async fn serve(&self, connection: Connection) {
        let Some(frames) = connection.accept_session().await else { return };
        let (sender, mut receiver) = frames.split();
        while let Some(Ok(bytes)) = receiver.recv().await {
            let answers = match Frame::decode(&bytes).expect("a frame") {
                Frame::Hello(hello) => self.greet(&hello),
                Frame::Message(bytes) => vec![self.take(&bytes)],
                Frame::Ack { .. } => Vec::new(),
                Frame::Bye { .. } => return,
            };
            for answer in answers {
                if sender.send(answer.encode()).await.is_err() {
                    return;
                }
            }
            self.greets.send_replace(true);
        }
    }

    fn greet(&self, theirs: &Hello) -> Vec<Frame> {
        let hello = Frame::Hello(Hello {
            versions: VERSIONS.to_vec(),
            families: theirs.families.clone(),
            stored: self.stored.load(Ordering::Relaxed),
            invitation: None,
            check_in_secs: None,
            last: None,
            restored: false,
            mailbox: None,
        });
        if self.home == Home::Standing || theirs.stored > 0 {
            return vec![hello];
        }
        let receipt = GRANT.countersign(&vendor(), &vendor().public().did(), NOW).expect("a receipt");
        let message = Message {
            seq: 1,
            id: MessageId::from_entropy([5; 16]),
            kind: MessageType::parse(data::RECEIPT).expect("a type"),
            thread: None,
            at: NOW,
            to: own().public().did(),
            body: Carried::body(receipt.bytes()),
            crit: Vec::new(),
        };
        vec![hello, Frame::Message(SignedMessage::sign(&message, &vendor()).into_bytes())]
    }

    fn take(&self, bytes: &[u8]) -> Frame {
        let message = message::open(bytes, &own().public(), &vendor().public().did()).expect("a message");
        let stored = self.stored.fetch_max(message.seq, Ordering::Relaxed).max(message.seq);
        if message.kind.as_str() == data::UPDATE {
            let update = ReceivedUpdate::decode(&message.body).expect("an update");
            if let Some(value) = update.fields.get(&field()) {
                self.told.send_replace(value.clone());
            }
        }
        Frame::Ack { stored }
    }
}

fn relationship() -> Relationship {
    Relationship {
        id: RelationshipId::from_entropy([3; 16]),
        index: 0,
        generation: 0,
        own: own().public().did(),
        earlier: Vec::new(),
        earlier_vendors: Vec::new(),
        rotation: None,
        unproven: false,
        vendor: vendor().public().did(),
        vendor_name: None,
        invitation: None,
        addresses: vec![address().to_string()],
        assertion_keys: vec![*vendor().public().as_bytes()],
        vendor_next_key: None,
        check_in_secs: None,
        created: NOW,
        last_connected: None,
        last_error: None,
        fetched: None,
        restored: None,
    }
}

fn stored(status: GrantStatus) -> StoredGrant {
    let standing = status == GrantStatus::Standing;
    let receipt = || GRANT.countersign(&vendor(), &vendor().public().did(), NOW).expect("a receipt");
    StoredGrant {
        document: if standing { receipt().bytes().to_vec() } else { GRANT.bytes().to_vec() },
        relationship: relationship().id,
        state: GrantState { status, ..GrantState::offered() },
        given: NOW,
        standing_since: standing.then_some(NOW),
        revocations: Vec::new(),
        offered_message: MessageId::from_entropy([4; 16]),
        last_release: 0,
    }
}

fn offer() -> Grant {
    let vocabulary = Vocabulary::standard();
    let purpose = vocabulary.purpose("serviceProvision").expect("a purpose").iri.clone();
    let asked =
        AskedField { path: field(), required: true, reason: "to deliver".into(), purposes: [purpose].into() };
    let subject = RequestSubject {
        name: "Acme".into(),
        title: "Service".into(),
        fields: vec![asked],
        legal_basis: vocabulary.legal_basis("contract").expect("a basis").iri.clone(),
        mode: Mode::Continuous,
        retention: Retention { duration: "P2Y".into(), after: "end of contract".into() },
        recipients: Vec::new(),
        policy: None,
    };
    let issue = Issue {
        id: RequestId::from_entropy([1; 16]),
        issuer: vendor().public().did(),
        valid_from: NOW,
        valid_until: None,
        subject,
    };
    let request: DataRequest = Document::issue(issue, &vendor()).expect("a request");
    let issue = Issue {
        id: GrantId::from_entropy([2; 16]),
        issuer: own().public().did(),
        valid_from: NOW,
        valid_until: None,
        subject: GrantSubject::answering(&request, &BTreeSet::new()),
    };
    Document::issue(issue, &own()).expect("a grant")
}
