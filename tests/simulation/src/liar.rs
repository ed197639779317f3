//! Peers that lie: strangers and customers who speak to hubs, and a vendor whom persons have followed an invitation of.
//! They speak the protocol well enough to be listened to, and then whatever they like.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use freehold_protocol::data::{Carried, GRANT, OUTCOME, RECEIPT, REQUEST, REVOCATION, UPDATE};
use freehold_protocol::frame::{Frame, Hello, VERSIONS};
use freehold_protocol::id::MessageId;
use freehold_protocol::identity::{Did, SigningKey};
use freehold_protocol::invitation::Invitation;
use freehold_protocol::message::{Message, MessageType, SignedMessage};
use freehold_protocol::path::Path;
use freehold_protocol::read::ReadRequest;
use freehold_protocol::time::Timestamp;
use freehold_store::simulation::Random;
use freehold_transport::simulation::Machine;
use freehold_transport::{Address, Connection, Endpoint, FrameSender, Limits, dial};
use tokio::time::{sleep, timeout};

use crate::model::Model;
use crate::story::PATHS;

/// Longest wait for a word of the other side.
const WORD_MAX: Duration = Duration::from_secs(2);
/// How long a lying vendor listens.
const LISTENS: Duration = Duration::from_secs(90);
/// A purpose of the vocabulary.
const PURPOSE: &str = "https://w3id.org/dpv#ServiceProvision";

/// One liar.
pub(crate) struct Liar {
    pub(crate) random: Random,
    /// What others have said on the network, which a liar may have overheard and says again.
    pub(crate) model: Arc<Mutex<Model>>,
}

impl Liar {
    /// Dials a hub, with a good invitation or with none, and lies to it.
    pub(crate) async fn lie_to_hub(
        mut self,
        machine: Machine,
        hub: Did,
        addresses: Vec<Address>,
        token: Option<[u8; 16]>,
    ) {
        let (key, limits) = (self.key(), Limits { machine: Some(machine), ..Limits::default() });
        let Some(expected) = hub.key() else { return };
        let Ok(connection) = dial(&key, &addresses, &[expected], limits).await else { return };
        let Ok(frames) = connection.open_session().await else { return };
        let (sender, mut receiver) = frames.split();
        let hello = self.hello(token);
        if sender.send(Frame::Hello(hello).encode()).await.is_err() {
            return;
        }
        let _ = timeout(WORD_MAX, receiver.recv()).await;
        self.lie(&connection, &sender, &key, &hub).await;
        let _ = timeout(WORD_MAX, receiver.recv()).await;
    }

    /// Listens as a vendor for a while; gives the link to it.
    pub(crate) async fn listen(
        mut self,
        address: Address,
        now: Timestamp,
    ) -> Option<(String, impl Future<Output = ()> + Send)> {
        let key = self.key();
        let listening = Endpoint::listen(&key, std::slice::from_ref(&address), Limits::default()).await;
        let (endpoint, mut incoming) = listening.ok()?;
        let (did, addresses) = (key.public().did(), vec![address.to_string()]);
        let expires = Timestamp::from_millis(now.millis() + 3_600_000);
        let link = Invitation { v: 1, did, addresses, token: [7; 16], expires }.to_link();
        let lying = async move {
            let taking = async {
                while let Some(connection) = incoming.recv().await {
                    self.lie_to_person(&connection, &key).await;
                }
            };
            let _ = timeout(LISTENS, taking).await;
            drop(endpoint);
        };
        Some((link, lying))
    }

    async fn lie_to_person(&mut self, connection: &Connection, key: &SigningKey) {
        let Ok(Some(frames)) = timeout(WORD_MAX, connection.accept_session()).await else { return };
        let (sender, mut receiver) = frames.split();
        let _ = timeout(WORD_MAX, receiver.recv()).await;
        let hello = self.hello(None);
        let person = connection.peer().did();
        if sender.send(Frame::Hello(hello).encode()).await.is_err() {
            return;
        }
        self.lie(connection, &sender, key, &person).await;
        self.ask(connection, key, person).await;
        let _ = timeout(WORD_MAX, receiver.recv()).await;
    }

    /// Says a few things.
    async fn lie(&mut self, connection: &Connection, sender: &FrameSender, key: &SigningKey, to: &Did) {
        for _ in 0..1 + self.random.below(6) {
            let frame = match self.random.below(8) {
                0 => Frame::Ack { stored: self.random.below(3).wrapping_mul(self.random.number()) }.encode(),
                1 => (0..1 + self.random.below(200)).map(|_| self.random.number() as u8).collect(),
                2 => Frame::Hello(self.hello(None)).encode(),
                3 | 4 => self.overheard(),
                _ => self.message(key, to),
            };
            let said = match self.random.below(12) {
                0 => sender.danger_send_unframed(frame).await,
                1 => return connection.abort(),
                _ if frame.is_empty() => Ok(()),
                _ => sender.send(frame).await,
            };
            if said.is_err() {
                return;
            }
            sleep(Duration::from_millis(self.random.below(200))).await;
        }
    }

    /// Asks for everything there is, live.
    async fn ask(&mut self, connection: &Connection, key: &SigningKey, to: Did) {
        let Ok(frames) = connection.open_read().await else { return };
        let paths: BTreeSet<Path> = PATHS.iter().filter_map(|path| Path::parse(path).ok()).collect();
        let id = MessageId::from_entropy(self.bytes());
        let request = ReadRequest { id, to, paths, purpose: PURPOSE.to_owned() };
        let (sender, mut receiver) = frames.split();
        let _ = sender.send(request.sign(key)).await;
        let _ = timeout(WORD_MAX, receiver.recv()).await;
    }

    fn hello(&mut self, token: Option<[u8; 16]>) -> Hello {
        let stored = if self.random.one_in(3) { self.random.number() } else { 0 };
        Hello {
            versions: VERSIONS.to_vec(),
            families: vec!["connect/1".to_owned(), "data/1".to_owned()],
            stored,
            invitation: token.map(|token| token.to_vec().into()),
            check_in_secs: self.random.one_in(4).then_some(1),
            last: None,
            restored: self.random.one_in(4),
            mailbox: None,
        }
    }

    /// A message under the liar's own signature, with a body that is somebody else's, or nonsense.
    fn message(&mut self, key: &SigningKey, to: &Did) -> Vec<u8> {
        let kinds = [GRANT, UPDATE, REVOCATION, REQUEST, RECEIPT, OUTCOME, "later/9/thing"];
        let kind = kinds[self.random.below(kinds.len() as u64) as usize];
        let body = match self.random.below(3) {
            0 => Carried::body(&self.overheard()),
            1 => self.overheard(),
            _ => vec![0xa0],
        };
        let message = Message {
            seq: 1 + self.random.below(4),
            id: MessageId::from_entropy(self.bytes()),
            kind: MessageType::parse(kind).expect("a type"),
            thread: None,
            at: Timestamp::from_millis(self.random.number() >> 20),
            to: to.clone(),
            body,
            crit: Vec::new(),
        };
        Frame::Message(SignedMessage::sign(&message, key).into_bytes()).encode()
    }

    /// What some person has said to some hub.
    fn overheard(&mut self) -> Vec<u8> {
        let model = self.model.lock().unwrap_or_else(PoisonError::into_inner);
        let count = model.overheard.len() as u64;
        model.overheard.get(self.random.below(count) as usize).cloned().unwrap_or_default()
    }

    fn key(&mut self) -> SigningKey {
        let (first, second) = (self.bytes(), self.bytes());
        let mut seed = [0; 32];
        seed[..16].copy_from_slice(&first);
        seed[16..].copy_from_slice(&second);
        SigningKey::from_seed(&seed)
    }

    fn bytes(&mut self) -> [u8; 16] {
        (u128::from(self.random.number()) << 64 | u128::from(self.random.number())).to_le_bytes()
    }
}
