//! Vendors whose hubs break the rules, for a node that has followed their invitations.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use freehold_protocol::code::Code;
use freehold_protocol::data::{Carried, REQUEST};
use freehold_protocol::document::{
    AskedField, DataRequest, Document, Issue, Mode, RequestSubject, Retention,
};
use freehold_protocol::frame::Frame;
use freehold_protocol::id::{MessageId, RequestId};
use freehold_protocol::identity::{Did, SigningKey};
use freehold_protocol::invitation::Invitation;
use freehold_protocol::limits::WINDOW;
use freehold_protocol::message::{Message, MessageType, SignedMessage};
use freehold_protocol::path::Path;
use freehold_protocol::read::ReadRequest;
use freehold_protocol::time::Timestamp;
use freehold_protocol::vocabulary::Vocabulary;
use freehold_transport::{Address, Connection, Endpoint, FrameReceiver, FrameSender, Limits};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;

use crate::crowd::{framed, hello, slowly};
use crate::pace::Pace;

/// A purpose of the vocabulary.
const PURPOSE: &str = "https://w3id.org/dpv#ServiceProvision";
/// How long a vendor goes on in one session.
const HOLD: Duration = Duration::from_secs(60);

/// What a vendor does when a node calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manners {
    /// Says nothing.
    Silent,
    /// Says hello and hangs up.
    HangsUp,
    /// Says hello at two bytes a second.
    Slow,
    /// Sends what is no frame.
    Garbage,
    /// Sends messages of a family that nobody knows, without end.
    FloodsMessages,
    /// Sends data requests without end.
    FloodsRequests,
    /// Asks for fields, live, without end.
    FloodsReads,
    /// Acknowledges what was never sent.
    Acknowledges,
}

/// All manners; of many vendors as many have each.
pub const MANNERS: [Manners; 8] = [
    Manners::Silent,
    Manners::HangsUp,
    Manners::Slow,
    Manners::Garbage,
    Manners::FloodsMessages,
    Manners::FloodsRequests,
    Manners::FloodsReads,
    Manners::Acknowledges,
];

/// Vendors who listen, until it is dropped.
pub struct Vendors {
    /// Their invitations.
    pub links: Vec<String>,
    pace: Pace,
    _runtime: Runtime,
}

struct Vendor {
    key: SigningKey,
    manners: Manners,
    ids: AtomicU64,
}

impl Vendors {
    /// So many, on a thread of their own.
    ///
    /// # Panics
    /// When the system gives no ports.
    #[must_use]
    pub fn listen(count: u64) -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let (links, pace) = runtime.block_on(async {
            let pace = Pace::new();
            let mut links = Vec::new();
            for number in 0..count {
                let manners = MANNERS[usize::try_from(number).unwrap_or_default() % MANNERS.len()];
                links.push(Vendor::new(number, manners).listen(pace.clone()).await);
            }
            (links, pace)
        });
        Self { links, pace, _runtime: runtime }
    }

    /// How often a node has called, and most calls that were open at a time.
    #[must_use]
    pub fn counts(&self) -> (u64, u64) {
        self.pace.counts()
    }
}

impl Vendor {
    fn new(number: u64, manners: Manners) -> Self {
        let mut seed = [77; 32];
        seed[..8].copy_from_slice(&number.to_le_bytes());
        Self { key: SigningKey::from_seed(&seed), manners, ids: AtomicU64::new(1) }
    }

    /// Listens, serves whoever calls, and gives an invitation.
    async fn listen(self, pace: Pace) -> String {
        let any = Address::parse("/ip4/127.0.0.1/tcp/0").expect("an address");
        let (endpoint, mut incoming) =
            Endpoint::listen(&self.key, &[any], Limits::default()).await.expect("a free port");
        let link = Invitation {
            v: 1,
            did: self.key.public().did(),
            addresses: endpoint.addresses().iter().map(|address| address.as_str().to_owned()).collect(),
            token: [7; 16],
            expires: Timestamp::from_millis(u64::MAX >> 12),
        };
        let vendor = Arc::new(self);
        tokio::spawn(async move {
            let _endpoint = endpoint;
            while let Some(connection) = incoming.recv().await {
                connection.welcome();
                let (vendor, open) = (Arc::clone(&vendor), pace.begin().await);
                tokio::spawn(async move {
                    let _ = tokio::time::timeout(HOLD, vendor.serve(&connection)).await;
                    drop(open);
                });
            }
        });
        link.to_link()
    }

    async fn serve(&self, connection: &Connection) -> Option<()> {
        let (sender, mut receiver) = connection.accept_session().await?.split();
        receiver.recv().await?.ok()?;
        match self.manners {
            Manners::Silent => connection.closed().await,
            Manners::Slow => slowly(&sender, &framed(&hello(None))).await,
            Manners::Garbage => {
                sender.danger_send_unframed(vec![0xff; 65_536]).await.ok()?;
                connection.closed().await;
            }
            Manners::HangsUp => sender.send(hello(None)).await.ok()?,
            Manners::Acknowledges => {
                sender.send(hello(None)).await.ok()?;
                sender.send(Frame::Ack { stored: u64::MAX }.encode()).await.ok()?;
                drain(&mut receiver).await;
            }
            Manners::FloodsMessages | Manners::FloodsRequests => {
                sender.send(hello(None)).await.ok()?;
                let to = connection.peer().did();
                let (acked, room) = watch::channel(0);
                let acknowledged = async {
                    while let Some(Ok(frame)) = receiver.recv().await {
                        if let Ok(Frame::Ack { stored }) = Frame::decode(&frame) {
                            acked.send_replace(stored);
                        }
                    }
                };
                tokio::select! {
                    () = self.flood(&sender, &to, room) => {}
                    () = acknowledged => {}
                }
            }
            Manners::FloodsReads => {
                sender.send(hello(None)).await.ok()?;
                self.read(connection).await;
            }
        }
        sender.send(Frame::bye(Code::ShuttingDown).encode()).await.ok()
    }

    /// Sends as much as the window lets it: more would end the session at once.
    async fn flood(&self, sender: &FrameSender, to: &Did, mut room: watch::Receiver<u64>) {
        for seq in 1.. {
            let (kind, body) = match self.manners {
                Manners::FloodsRequests => (REQUEST, Carried::body(self.request().bytes())),
                _ => ("later/9/thing", vec![0x58; 1_000]),
            };
            let message = Message {
                seq,
                id: MessageId::from_entropy(self.id()),
                kind: MessageType::parse(kind).expect("a type"),
                thread: None,
                at: Timestamp::from_millis(0),
                to: to.clone(),
                body,
                crit: Vec::new(),
            };
            let signed = SignedMessage::sign(&message, &self.key).into_bytes();
            if room.wait_for(|stored| seq <= stored + WINDOW).await.is_err()
                || sender.send(Frame::Message(signed).encode()).await.is_err()
            {
                return;
            }
        }
    }

    async fn read(&self, connection: &Connection) {
        let paths = ["phone.mobile", "address.home.street"].into_iter();
        let paths: std::collections::BTreeSet<Path> =
            paths.filter_map(|path| Path::parse(path).ok()).collect();
        loop {
            let Ok(frames) = connection.open_read().await else {
                if tokio::time::timeout(Duration::from_millis(100), connection.closed()).await.is_ok() {
                    return;
                }
                continue;
            };
            let (sender, mut receiver) = frames.split();
            let request = ReadRequest {
                id: MessageId::from_entropy(self.id()),
                to: connection.peer().did(),
                paths: paths.clone(),
                purpose: PURPOSE.to_owned(),
            };
            let _ = sender.send(request.sign(&self.key)).await;
            tokio::spawn(async move {
                let _ = tokio::time::timeout(HOLD, receiver.recv()).await;
                drop(sender);
            });
        }
    }

    fn request(&self) -> DataRequest {
        let field = AskedField {
            path: Path::parse("phone.mobile").expect("a path"),
            required: true,
            reason: "to call you".into(),
            purposes: [PURPOSE.to_owned()].into(),
        };
        let basis = Vocabulary::standard().legal_basis("contract").expect("a legal basis");
        let subject = RequestSubject {
            name: "Flood".into(),
            title: "One of many".into(),
            fields: vec![field],
            legal_basis: basis.iri.clone(),
            mode: Mode::Continuous,
            retention: Retention { duration: "P1D".into(), after: "the test".into() },
            recipients: Vec::new(),
            policy: None,
        };
        let issue = Issue {
            id: RequestId::from_entropy(self.id()),
            issuer: self.key.public().did(),
            valid_from: Timestamp::from_millis(1_700_000_000_000),
            valid_until: None,
            subject,
        };
        Document::issue(issue, &self.key).expect("a request")
    }

    fn id(&self) -> [u8; 16] {
        u128::from(self.ids.fetch_add(1, Ordering::Relaxed)).to_le_bytes()
    }
}

/// Reads whatever comes until nothing does.
async fn drain(receiver: &mut FrameReceiver) {
    while let Some(Ok(_)) = receiver.recv().await {}
}
