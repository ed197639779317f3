//! A peer whose every byte the test writes: it has no machine and no mailbox, so it can speak as one of tomorrow would.
//!
//! [`Wire`] is one end of a session, in either role; it lives on through several connections. [`ScriptedVendor`] is what
//! a person's engine dials.

use std::time::Duration;

use freehold_protocol::cbor;
use freehold_protocol::code::Code;
use freehold_protocol::cose::{self, Kind};
use freehold_protocol::document::{Document, Issue, Subject};
use freehold_protocol::frame::{Frame, Hello};
use freehold_protocol::id::MessageId;
use freehold_protocol::identity::{Did, SigningKey};
use freehold_protocol::invitation::Invitation;
use freehold_protocol::message::{self, Message};
use freehold_protocol::proof;
use freehold_protocol::time::Timestamp;
use freehold_transport::{Address, Connection, Endpoint, FrameReceiver, FrameSender, Frames, Limits, dial};
use multibase::Base;
use serde_json::{Map, Value, json};
use tokio::sync::mpsc;

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(30);

/// Bytes as a member of a frame or body.
#[must_use]
pub fn bytes(bytes: &[u8]) -> Value {
    json!({ "/": { "bytes": Base::Base64.encode(bytes) } })
}

/// The CBOR of a frame or body.
///
/// # Panics
/// When JSON holds what CBOR of this protocol does not.
#[must_use]
pub fn cbor_of(value: &Value) -> Vec<u8> {
    cbor::from_plain(value).expect("texts, whole numbers, lists and maps")
}

/// A document as a later version would make it: with more in its subject.
///
/// # Panics
/// When the document is none.
#[must_use]
pub fn issue_with<S: Subject>(issue: Issue<S>, key: &SigningKey, more: &Value) -> Vec<u8> {
    let issuer = issue.issuer.clone();
    let plain = Document::issue(issue, key).expect("a good document");
    resign(plain.bytes(), key, &issuer, |document| {
        let subject = document["credentialSubject"].as_object_mut().expect("a subject");
        subject.extend(more.as_object().cloned().unwrap_or_default());
    })
}

/// A document whose content is changed and which is signed again.
///
/// # Panics
/// When the document is none.
#[must_use]
pub fn resign(
    document: &[u8],
    key: &SigningKey,
    did: &Did,
    change: impl FnOnce(&mut Map<String, Value>),
) -> Vec<u8> {
    let mut map: Map<String, Value> = serde_json::from_slice(document).expect("a document");
    map.remove("proof");
    change(&mut map);
    let signed = proof::sign(map, key, did, Timestamp::default());
    freehold_protocol::json::canonical(&Value::Object(signed)).into_bytes()
}

/// One side of a relationship, written by hand.
pub struct Wire {
    /// The key it signs and is known by.
    pub key: SigningKey,
    /// What the other side has acknowledged.
    pub acked: u64,
    /// How many of the other side's messages have come in order; all are acknowledged.
    pub stored: u64,
    /// The other side's last hello.
    pub hello: Option<Hello>,
    to: Did,
    said: Vec<Vec<u8>>,
    unread: Vec<Message>,
    line: Option<Line>,
}

struct Line {
    connection: Connection,
    sender: FrameSender,
    receiver: FrameReceiver,
}

impl Wire {
    /// A side that nobody is connected to.
    #[must_use]
    pub fn new(key: SigningKey, to: Did) -> Self {
        let (said, unread) = (Vec::new(), Vec::new());
        Self { key, acked: 0, stored: 0, hello: None, to, said, unread, line: None }
    }

    /// Goes on over a new connection.
    pub fn attach(&mut self, connection: Connection, frames: Frames) {
        let (sender, receiver) = frames.split();
        (self.hello, self.line) = (None, Some(Line { connection, sender, receiver }));
    }

    /// Dials the hub of a link as a person's node does.
    ///
    /// # Panics
    /// When nobody answers.
    pub async fn dial(&mut self, link: &Invitation) {
        let addresses: Vec<Address> = link.addresses.iter().filter_map(|a| Address::parse(a).ok()).collect();
        let expected = [link.did.key().expect("a did:key")];
        let connection =
            dial(&self.key, &addresses, &expected, Limits::default()).await.expect("the hub answers");
        let frames = connection.open_session().await.expect("the hub takes a session");
        self.attach(connection, frames);
    }

    /// Hangs up without a word.
    pub fn hang_up(&mut self) {
        if let Some(line) = self.line.take() {
            line.connection.abort();
        }
    }

    /// Writes one frame. A peer that has hung up is found out by what is read.
    pub async fn write(&mut self, frame: &Value) {
        if let Some(line) = &self.line {
            let _ = line.sender.send(cbor_of(frame)).await;
        }
    }

    /// Says hello: version 1, `connect/1` and `data/1`, with other members on top.
    pub async fn greet(&mut self, more: Value) {
        let mut hello = json!({"versions": [1], "families": ["connect/1", "data/1"], "stored": self.stored});
        merge(&mut hello, more);
        self.write(&json!({ "hello": hello })).await;
    }

    /// Reads the other side's hello, and says again what it has not stored.
    ///
    /// # Errors
    /// The code of its goodbye.
    pub async fn greeted(&mut self) -> Result<Hello, Option<Code>> {
        while self.hello.is_none() {
            self.step().await?;
        }
        let hello = self.hello.clone().ok_or(None)?;
        self.acked = hello.stored;
        let again = usize::try_from(hello.stored).unwrap_or(usize::MAX).min(self.said.len());
        for at in again..self.said.len() {
            let frame = json!({ "message": bytes(&self.said[at]) });
            self.write(&frame).await;
        }
        Ok(hello)
    }

    /// Says a message, with other members on top; gives its place and id.
    pub async fn say(&mut self, kind: &str, body: &Value, more: Value) -> (u64, MessageId) {
        self.say_bytes(kind, &cbor_of(body), more).await
    }

    /// Says a message that carries a document.
    pub async fn say_document(&mut self, kind: &str, document: &[u8]) -> (u64, MessageId) {
        self.say(kind, &json!({ "document": bytes(document) }), json!({})).await
    }

    async fn say_bytes(&mut self, kind: &str, body: &[u8], more: Value) -> (u64, MessageId) {
        let seq = self.said.len() as u64 + 1;
        let id = [seq as u8; 16];
        let mut message = json!({
            "seq": seq, "id": bytes(&id), "type": kind, "at": 0, "to": self.to, "body": bytes(body),
        });
        merge(&mut message, more);
        let signed = cose::sign(Kind::Message, &self.key, cbor_of(&message));
        self.write(&json!({ "message": bytes(&signed) })).await;
        self.said.push(signed);
        (seq, MessageId::from_entropy(id))
    }

    /// Takes back what was said last: it is not said again in the next session.
    pub fn unsay(&mut self) {
        self.said.pop();
    }

    /// Waits until the other side has stored a message.
    ///
    /// # Panics
    /// When it ends the session instead.
    pub async fn stored_there(&mut self, seq: u64) {
        while self.acked < seq {
            self.step().await.unwrap_or_else(|code| panic!("the session has ended before {seq}: {code:?}"));
        }
    }

    /// The next message of a type; others wait until they are asked for.
    ///
    /// # Panics
    /// When the session ends before it comes.
    pub async fn hear(&mut self, kind: &str) -> Message {
        loop {
            if let Some(at) = self.unread.iter().position(|message| message.kind.as_str() == kind) {
                return self.unread.remove(at);
            }
            self.step().await.unwrap_or_else(|code| panic!("the session has ended before {kind}: {code:?}"));
        }
    }

    /// The document of the next message of a type.
    ///
    /// # Panics
    /// When it carries none.
    pub async fn hear_document(&mut self, kind: &str) -> Vec<u8> {
        let message = self.hear(kind).await;
        freehold_protocol::data::decode::<freehold_protocol::data::Carried>(&message.body)
            .expect("a document")
            .document
    }

    /// The code and the place of the next problem.
    ///
    /// # Panics
    /// When its body is none.
    pub async fn problem(&mut self) -> (Code, u64) {
        let message = self.hear(freehold_protocol::connect::PROBLEM).await;
        let problem: freehold_protocol::connect::Problem = cbor::decode(&message.body).expect("a problem");
        (problem.code, problem.about)
    }

    /// Waits for the end of the session: the code of the other side's goodbye, or `None` without one.
    pub async fn ended(&mut self) -> Option<Code> {
        loop {
            if let Err(code) = self.step().await {
                return code;
            }
        }
    }

    /// Reads one frame, and acknowledges a message.
    async fn step(&mut self) -> Result<(), Option<Code>> {
        let line = self.line.as_mut().ok_or(None)?;
        let frame =
            tokio::time::timeout(PATIENCE, line.receiver.recv()).await.expect("something comes in 30 s");
        let frame = Frame::decode(&frame.ok_or(None)?.map_err(|_| None)?).expect("a frame of today");
        match frame {
            Frame::Hello(hello) => self.hello = Some(hello),
            Frame::Ack { stored } => self.acked = stored,
            Frame::Bye { code, .. } => {
                self.hang_up();
                return Err(Some(code));
            }
            Frame::Message(signed) => {
                let peer = line.connection.peer();
                let message =
                    message::open(&signed, &peer, &self.key.public().did()).expect("a message of today");
                if message.seq == self.stored + 1 {
                    self.stored = message.seq;
                    self.unread.push(message);
                }
                // An acknowledgement of tomorrow says more.
                self.write(&json!({"ack": {"stored": self.stored, "room": 7}})).await;
            }
        }
        Ok(())
    }
}

fn merge(value: &mut Value, more: Value) {
    if let (Value::Object(map), Value::Object(more)) = (value, more) {
        map.extend(more);
    }
}

/// A vendor whose hub is a script.
pub struct ScriptedVendor {
    /// Its key: its DID and its transport's.
    pub key: SigningKey,
    /// What a person follows.
    pub link: String,
    incoming: mpsc::Receiver<Connection>,
    _endpoint: Endpoint,
}

impl ScriptedVendor {
    /// Listens on this machine.
    ///
    /// # Panics
    /// When it cannot.
    pub async fn listen() -> Self {
        let key = SigningKey::from_seed(&[77; 32]);
        let any = Address::parse("/ip4/127.0.0.1/udp/0/quic-v1").expect("an address");
        let (endpoint, incoming) =
            Endpoint::listen(&key, &[any], Limits::default()).await.expect("a free port");
        let link = Invitation {
            v: 1,
            did: key.public().did(),
            addresses: endpoint.addresses().iter().map(|address| address.as_str().to_owned()).collect(),
            token: [5; 16],
            expires: Timestamp::from_millis(u64::MAX >> 12),
        };
        Self { key, link: link.to_link(), incoming, _endpoint: endpoint }
    }

    /// Waits for the person's next session.
    ///
    /// # Panics
    /// When none comes in 30 s.
    pub async fn accept(&mut self, wire: Option<Wire>) -> Wire {
        let session = async {
            loop {
                let connection = self.incoming.recv().await.expect("the endpoint lives");
                connection.welcome();
                if let Some(frames) = connection.accept_session().await {
                    return (connection, frames);
                }
            }
        };
        let (connection, frames) = tokio::time::timeout(PATIENCE, session).await.expect("the person dials");
        let mut wire = wire.unwrap_or_else(|| Wire::new(self.key.clone(), connection.peer().did()));
        wire.attach(connection, frames);
        wire
    }
}
