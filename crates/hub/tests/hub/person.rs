//! A scripted person: a real connection and a real link, whose families only write down what they are told.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use freehold_link::{Context, Event, Link, system_clock};
use freehold_mailbox::{Desk, Linked, Mailbox};
use freehold_protocol::cbor;
use freehold_protocol::code::Code;
use freehold_protocol::data::{self, Carried};
use freehold_protocol::disclosure::Grant;
use freehold_protocol::document::{
    DataRequest, Document, GrantSubject, Issue, Reference, RevocationSubject, Subject,
};
use freehold_protocol::family::{Families, Family};
use freehold_protocol::frame::{Hello, VERSIONS};
use freehold_protocol::id::{GrantId, MessageId, RelationshipId, RevocationId};
use freehold_protocol::identity::{PublicKey, SigningKey};
use freehold_protocol::invitation::Invitation;
use freehold_protocol::mailbox::{Entry, EntryBody};
use freehold_protocol::message::{Message, MessageType};
use freehold_protocol::path::Path;
use freehold_protocol::session::Closed;
use freehold_protocol::time::Timestamp;
use freehold_store::{HomeKey, Options, Store};
use freehold_transport::{Address, Connection, Limits, dial};
use serde::Serialize;

const PATIENCE: Duration = Duration::from_secs(20);

struct Recorder(&'static str, Arc<Mutex<Vec<Message>>>);

impl Family<Linked> for Recorder {
    fn name(&self) -> &'static str {
        self.0
    }

    fn receive(&self, _: &mut Desk<'_>, message: &Message) -> Result<(), Code> {
        self.1.lock().unwrap().push(message.clone());
        Ok(())
    }

    fn compose(&self, _: &mut Desk<'_>, _: &Entry, _: &[u8]) -> Result<Vec<u8>, Code> {
        Err(Code::UnknownType)
    }
}

pub(crate) struct Person {
    pub(crate) key: SigningKey,
    pub(crate) invitation: Invitation,
    /// The key that the hub has to show.
    hub: PublicKey,
    pub(crate) connection: Arc<Connection>,
    heard: Arc<Mutex<Vec<Message>>>,
    read: usize,
    context: Context,
    link: Link,
    _dir: Arc<tempfile::TempDir>,
}

/// What a person keeps between two sessions.
pub(crate) struct Offline(
    SigningKey,
    (Invitation, PublicKey),
    Context,
    Arc<Mutex<Vec<Message>>>,
    usize,
    Arc<tempfile::TempDir>,
);

pub(crate) fn path(text: &str) -> Path {
    Path::parse(text).unwrap()
}

pub(crate) fn paths(texts: &[&str]) -> BTreeSet<Path> {
    texts.iter().map(|text| path(text)).collect()
}

pub(crate) fn key(n: u8) -> SigningKey {
    SigningKey::from_seed(&[n; 32])
}

/// Tries to open a session; gives the code of the goodbye when the hub does not want one.
pub(crate) async fn connect(link: &str, key: SigningKey) -> Result<Person, Code> {
    let hub = Invitation::parse(link).unwrap().did.key().unwrap();
    connect_to(link, hub, key).await
}

/// As [`connect`], to a hub that shows this key.
pub(crate) async fn connect_to(link: &str, hub: PublicKey, key: SigningKey) -> Result<Person, Code> {
    let invitation = Invitation::parse(link).unwrap();
    let dir = Arc::new(tempfile::tempdir().unwrap());
    let heard = Arc::new(Mutex::new(Vec::new()));
    let families = Families::new()
        .with(Recorder("connect/1", Arc::clone(&heard)))
        .with(Recorder("data/1", Arc::clone(&heard)));
    let context = Context {
        store: Store::open(dir.path(), &HomeKey::new([1; 32]), Options::default()).unwrap(),
        families: Arc::new(families),
        relationship: RelationshipId::from_entropy([9; 16]),
        own: key.public().did(),
        peer: invitation.did.clone(),
        key: key.clone(),
        clock: system_clock(),
        holder: None,
    };
    Offline(key, (invitation, hub), context, heard, 0, dir).connect(true).await
}

impl Offline {
    /// Goes on as somebody else.
    pub(crate) fn danger_become(&mut self, key: SigningKey) {
        self.2.own = key.public().did();
        self.2.key = key.clone();
        self.0 = key;
    }

    /// Turns to another replica of the hub.
    pub(crate) fn turn_to(mut self, addresses: Vec<String>, hub: PublicKey) -> Self {
        self.1.0.addresses = addresses;
        self.1.1 = hub;
        self
    }

    pub(crate) async fn connect(self, with_token: bool) -> Result<Person, Code> {
        let Self(key, (invitation, hub), context, heard, read, dir) = self;
        let addresses: Vec<Address> =
            invitation.addresses.iter().map(|text| Address::parse(text).unwrap()).collect();
        let expected = [hub];
        let connection = dial(&key, &addresses, &expected, Limits::default()).await.unwrap();
        let hello = Hello {
            versions: VERSIONS.to_vec(),
            families: context.families.names(),
            stored: 0,
            invitation: with_token.then(|| invitation.token.to_vec().into()),
            check_in_secs: None,
            last: None,
            restored: false,
            mailbox: None,
        };
        let frames = connection.open_session().await.unwrap();
        let mut link = Link::dial(context.clone(), frames, expected[0], hello).await.unwrap();
        match link.next().await {
            Event::Open(_) => {}
            Event::Closed(Closed::ByPeer(code)) => return Err(code),
            other => panic!("{other:?}"),
        }
        let connection = Arc::new(connection);
        Ok(Person { key, invitation, hub, connection, heard, read, context, link, _dir: dir })
    }
}

impl Person {
    /// The same person on a second connection, while the first one is open.
    pub(crate) fn twin(&self) -> Offline {
        let (heard, dir) = (Arc::clone(&self.heard), Arc::clone(&self._dir));
        let to = (self.invitation.clone(), self.hub);
        Offline(self.key.clone(), to, self.context.clone(), heard, self.read, dir)
    }

    /// Hangs up without a word.
    pub(crate) fn vanish(self) -> Offline {
        self.connection.abort();
        Offline(self.key, (self.invitation, self.hub), self.context, self.heard, self.read, self._dir)
    }

    /// At the address of a hub that has started again.
    pub(crate) fn vanish_to(mut self, link: &str) -> Offline {
        self.invitation.addresses = Invitation::parse(link).unwrap().addresses;
        self.vanish()
    }

    /// Queues a message and waits until the hub has it on disk.
    pub(crate) async fn say(&mut self, kind: &str, body: Vec<u8>) -> (u64, MessageId) {
        self.try_say(kind, body).await.unwrap_or_else(|why| panic!("{why:?}"))
    }

    /// As [`Person::say`]; gives why the session has ended when it has instead, or `None` when the connection was simply gone.
    pub(crate) async fn try_say(
        &mut self,
        kind: &str,
        body: Vec<u8>,
    ) -> Result<(u64, MessageId), Option<Closed>> {
        let mailbox = Mailbox::new(&self.context.relationship);
        let kind = MessageType::parse(kind).unwrap();
        let queued = self
            .context
            .store
            .write(move |txn| mailbox.queue(txn, &kind, None, EntryBody::Fixed(body), Timestamp::default()));
        let entry = queued.await.unwrap().into_inner();
        self.link.wake();
        let wait = async {
            loop {
                match self.link.next().await {
                    Event::Delivered(through) if through >= entry.seq => return Ok(()),
                    Event::Closed(why) => return Err(Some(why)),
                    Event::Failed(_) => return Err(None),
                    _ => {}
                }
            }
        };
        tokio::time::timeout(PATIENCE, wait).await.expect("the hub acknowledges")?;
        Ok((entry.seq, entry.id))
    }

    /// The next message of a type.
    pub(crate) async fn hear(&mut self, kind: &str) -> Message {
        let wait = async {
            loop {
                let next = self.heard.lock().unwrap().get(self.read).cloned();
                match next {
                    Some(message) => {
                        self.read += 1;
                        if message.kind.as_str() == kind {
                            return message;
                        }
                    }
                    None => match self.link.next().await {
                        Event::Closed(why) => panic!("{why:?}"),
                        Event::Failed(error) => panic!("{error}"),
                        _ => {}
                    },
                }
            }
        };
        tokio::time::timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("no {kind} comes"))
    }

    /// Whether a message of a type has come.
    pub(crate) fn has_heard(&self, kind: &str) -> bool {
        self.heard.lock().unwrap().iter().any(|message| message.kind.as_str() == kind)
    }

    /// Waits for the end of the session: its goodbye, or `None` when the connection was simply gone.
    pub(crate) async fn ended(&mut self) -> Option<Closed> {
        let wait = async {
            loop {
                match self.link.next().await {
                    Event::Closed(why) => return Some(why),
                    Event::Failed(_) => return None,
                    _ => {}
                }
            }
        };
        tokio::time::timeout(PATIENCE, wait).await.expect("the session ends")
    }

    pub(crate) async fn request(&mut self) -> DataRequest {
        document(&self.hear(data::REQUEST).await)
    }

    /// A grant of the request.
    pub(crate) fn grant(&self, request: &DataRequest, until: Option<Timestamp>) -> Grant {
        let subject = GrantSubject::answering(request, &paths(&["email.personal"]));
        let issue = Issue {
            id: GrantId::from_entropy(freehold_mailbox::entropy()),
            issuer: self.key.public().did(),
            valid_from: Timestamp::default(),
            valid_until: until,
            subject,
        };
        Document::issue(issue, &self.key).unwrap()
    }

    /// Grants everything; gives the receipt.
    pub(crate) async fn agree(&mut self, until: Option<Timestamp>) -> Grant {
        let request = self.request().await;
        let grant = self.grant(&request, until);
        let (_, sent) = self.say(data::GRANT, Carried::body(grant.bytes())).await;
        let message = self.hear(data::RECEIPT).await;
        assert_eq!(message.thread, Some(sent));
        let receipt: Grant = document(&message);
        assert_eq!(receipt.without_countersignature().unwrap(), grant.bytes());
        assert_eq!(receipt.signers()[1].method.did, self.invitation.did);
        receipt
    }

    pub(crate) async fn update(
        &mut self,
        grant: &Grant,
        fields: &[(&str, Option<&str>)],
    ) -> (u64, MessageId) {
        self.say(data::UPDATE, update(grant.id(), fields)).await
    }

    pub(crate) async fn revoke(&mut self, receipt: &Grant, names: &[&str]) -> Reference<RevocationId> {
        let issue = Issue {
            id: RevocationId::from_entropy(freehold_mailbox::entropy()),
            issuer: self.key.public().did(),
            valid_from: receipt.valid_from(),
            valid_until: None,
            subject: RevocationSubject {
                id: self.invitation.did.clone(),
                grant: receipt.reference(),
                paths: paths(names).into_iter().collect(),
                whole: names.len() == receipt.subject().scope.len(),
                last_sequence: 1,
            },
        };
        let revocation = Document::issue(issue, &self.key).unwrap();
        self.say(data::REVOCATION, Carried::body(revocation.bytes())).await;
        revocation.reference()
    }
}

/// The document that a message carries.
pub(crate) fn document<S: Subject>(message: &Message) -> Document<S> {
    let carried: Carried = data::decode(&message.body).unwrap();
    Document::read(&carried.document).unwrap()
}

/// An update's body without the gate: a person's node may lie.
pub(crate) fn update(grant: &GrantId, fields: &[(&str, Option<&str>)]) -> Vec<u8> {
    #[derive(Serialize)]
    struct Update<'a> {
        grant: &'a GrantId,
        fields: BTreeMap<&'a str, Option<&'a str>>,
    }
    cbor::encode(&Update { grant, fields: fields.iter().copied().collect() })
}
