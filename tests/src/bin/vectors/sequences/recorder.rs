//! The wire between the ends, and what happened.

use std::collections::{BTreeMap, VecDeque};

use freehold_protocol::connect::{self, commitment};
use freehold_protocol::data::{self, Carried};
use freehold_tests::replay::End;
use serde_json::{Value, json};

use super::ends::{Agreement, Disk, Side, id};
use crate::craft::{MADE, NEXT, NOW, PERSON, VENDOR, did, key, key_hex, seed_hex, time};
use crate::vector::hex;
use Side::{Hub, Person};

/// The recorder. Frames lie on the wire until they are delivered.
pub(super) struct Recorder {
    ends: BTreeMap<Side, End>,
    disks: BTreeMap<Side, Disk>,
    wires: BTreeMap<Side, VecDeque<String>>,
    steps: Vec<Value>,
    at: u64,
    /// What the ends know besides messages: the request that was made, and the grant that was given.
    agreement: Agreement,
    /// The grant that stands.
    standing: Option<String>,
    /// The seed of the person's key in the hub's eyes, and of the key that was committed to.
    known: u8,
    committed: u8,
}

impl Recorder {
    pub(super) fn new() -> Self {
        let end = |own: u8, peer: u8| End::new(key(own), key(peer).public());
        Self {
            ends: [(Person, end(PERSON, VENDOR)), (Hub, end(VENDOR, PERSON))].into(),
            disks: Side::BOTH.map(|side| (side, Disk::default())).into(),
            wires: Side::BOTH.map(|side| (side, VecDeque::new())).into(),
            steps: Vec::new(),
            at: 0,
            agreement: Agreement::default(),
            standing: None,
            known: PERSON,
            committed: NEXT,
        }
    }

    /// The hub holds the commitment to this key.
    pub(super) fn commit_to(&mut self, seed: u8) {
        self.committed = seed;
    }

    /// The person uses this key from the next session on.
    pub(super) fn rekey(&mut self, seed: u8) {
        self.step(Person, "rekey", json!({"seed": seed_hex(seed)}));
    }

    /// The person dials, and the hub answers with a goodbye.
    pub(super) fn turned_away(&mut self, code: u16) {
        self.knock(None);
        let frame = self.wires.get_mut(&Hub).and_then(VecDeque::pop_front).expect("the person's hello");
        self.step(Hub, "turnAway", json!({"frame": frame, "code": code}));
        self.settle();
        self.lose();
    }

    /// A side has learnt that the other holds its message, though no acknowledgement came.
    pub(super) fn took(&mut self, side: Side, seq: u64) {
        self.disk(side).delivered = seq;
    }

    /// What both ends know from now on.
    pub(super) fn agree_on(&mut self, agreement: Agreement) {
        self.agreement = agreement;
    }

    pub(super) fn finish(self) -> Value {
        let keys = |own: u8, peer: u8| json!({"seed": seed_hex(own), "peer": key_hex(peer), "did": did(own)});
        json!({"keys": {"person": keys(PERSON, VENDOR), "hub": keys(VENDOR, PERSON)}, "steps": self.steps})
    }

    /// Time passes.
    pub(super) fn wait(&mut self, millis: u64) {
        self.at += millis;
    }

    /// One step: recorded with what came out; frames go on the wire.
    pub(super) fn step(&mut self, by: Side, what: &str, arguments: Value) -> Vec<Value> {
        let mut step = arguments;
        step["by"] = by.name().into();
        step["do"] = what.into();
        step["at"] = self.at.into();
        let outcome = self.ends.get_mut(&by).expect("an end").apply(&step);
        let outputs = outcome["outputs"].as_array().expect("outputs").clone();
        let frames = outputs.iter().filter_map(|output| output["transmit"].as_str().map(str::to_owned));
        self.wires.get_mut(&by.other()).expect("a wire").extend(frames);
        step["outputs"] = outcome["outputs"].clone();
        step["timeout"] = outcome["timeout"].clone();
        if what == "stand" && outputs[0].get("refused").is_none() {
            let offered: Value = serde_json::from_str(&self.agreement.offered).expect("a grant");
            self.standing = offered["id"].as_str().map(str::to_owned);
        }
        self.steps.push(step);
        outputs
    }

    /// Steps that begin with nothing but what a rule says.
    pub(super) fn now(&mut self, by: Side, what: &str, mut arguments: Value) -> Vec<Value> {
        arguments["now"] = NOW.into();
        self.step(by, what, arguments)
    }

    fn disk(&mut self, side: Side) -> &mut Disk {
        self.disks.get_mut(&side).expect("a disk")
    }

    fn cursors(&mut self, side: Side) -> Value {
        let disk = self.disk(side);
        json!({"queued": disk.queued, "delivered": disk.delivered, "stored": disk.stored})
    }

    /// The last messages of both sides, as if a session had carried them before: the mailboxes go on from there.
    pub(super) fn earlier(&mut self, person: u64, hub: u64) {
        *self.disk(Person) = Disk { queued: person, delivered: person, stored: hub, ..Disk::default() };
        *self.disk(Hub) = Disk { queued: hub, delivered: hub, stored: person, ..Disk::default() };
    }

    /// The sequence of the next message of a side.
    pub(super) fn next(&self, side: Side) -> u64 {
        self.disks[&side].queued + 1
    }

    /// A message of a side, addressed and dated.
    pub(super) fn message(
        &self,
        side: Side,
        seq: u64,
        kind: &str,
        thread: Option<u64>,
        body: &[u8],
    ) -> Value {
        let to = did(if side == Person { VENDOR } else { self.known });
        let mut message = json!({
            "seq": seq, "id": id(side, seq), "type": kind, "at": time(MADE).millis(), "to": to, "body": hex(body),
        });
        if let Some(answered) = thread {
            message["thread"] = id(side.other(), answered).into();
        }
        message
    }

    /// Queues a message whose body is fixed. It is sent when the session asks for it.
    pub(super) fn queue(&mut self, side: Side, kind: &str, thread: Option<u64>, body: &[u8]) -> u64 {
        let seq = self.next(side);
        let message = self.message(side, seq, kind, thread, body);
        self.disk(side).outgoing.insert(seq, json!({"do": "send", "message": message}));
        self.disk(side).queued = seq;
        if self.steps.iter().any(|step| step["by"] == side.name()) && self.open(side) {
            let outputs = self.step(side, "queued", json!({"seq": seq}));
            self.follow(side, &outputs);
        }
        seq
    }

    /// Queues an update that was sent already, so that the session may ask for it again; `again` says with what.
    pub(super) fn sent_update(&mut self, seq: u64, again: Value) {
        self.disk(Person).queued = seq;
        self.disk(Person).outgoing.insert(seq, again);
    }

    /// Says with what the update of a place is composed when the session asks for it again.
    pub(super) fn compose_with(&mut self, seq: u64, again: Value) {
        self.disk(Person).outgoing.insert(seq, again);
    }

    fn open(&self, side: Side) -> bool {
        let last = self.steps.iter().rev().find(|step| {
            let session =
                ["dial", "accept", "lose", "close"].contains(&step["do"].as_str().unwrap_or_default());
            session && step["by"] == side.name()
        });
        last.is_some_and(|step| step["do"] == "dial" || step["do"] == "accept")
    }

    /// The person dials.
    fn knock(&mut self, invitation: Option<&str>) {
        let mut hello = hello();
        if let Some(token) = invitation {
            hello["invitation"] = token.into();
        }
        let cursors = self.cursors(Person);
        self.step(Person, "dial", json!({"cursors": cursors, "hello": hello}));
        self.wait(5);
    }

    /// The person dials, the hub answers.
    pub(super) fn dial(&mut self, invitation: Option<&str>) {
        self.knock(invitation);
        let frame = self.wires.get_mut(&Hub).and_then(VecDeque::pop_front).expect("the person's hello");
        let cursors = self.cursors(Hub);
        let hello = hello();
        let outputs = self.step(Hub, "accept", json!({"cursors": cursors, "hello": hello, "frame": frame}));
        self.follow(Hub, &outputs);
    }

    /// Delivers one frame, and does what it asks for: sends what is to be composed, stores what is received.
    pub(super) fn deliver(&mut self, to: Side) -> bool {
        let Some(frame) = self.wires.get_mut(&to).and_then(VecDeque::pop_front) else { return false };
        self.wait(1);
        let outputs = self.step(to, "frame", json!({"frame": frame}));
        self.follow(to, &outputs);
        true
    }

    fn follow(&mut self, side: Side, outputs: &[Value]) {
        for output in outputs {
            if let Some(seq) = output["compose"].as_u64() {
                let mut asked = self.disk(side).outgoing.get(&seq).cloned().expect("an entry that is queued");
                let what = asked.as_object_mut().and_then(|a| a.remove("do")).expect("what is to be done");
                let outputs = self.step(side, what.as_str().unwrap_or_default(), asked);
                self.follow(side, &outputs);
            } else if let Some(seq) = output["delivered"].as_u64() {
                self.disk(side).delivered = seq;
                if let Some(grant) = self.standing.clone().filter(|_| side == Person) {
                    self.now(Person, "delivered", json!({"grant": grant, "seq": seq}));
                }
            } else if let Some(message) = output.get("received") {
                let seq = message["seq"].as_u64().expect("a sequence");
                self.take(side, message);
                self.disk(side).stored = seq;
                let outputs = self.step(side, "committed", json!({"seq": seq}));
                self.follow(side, &outputs);
            }
        }
    }

    /// What a message changes: in the transaction that stores it, so before it is acknowledged.
    fn take(&mut self, side: Side, message: &Value) {
        let body = json!({"seq": message["seq"], "body": message["body"]});
        let document = || {
            let body = freehold_tests::replay::hex(message, "body");
            let carried: Carried = data::decode(&body).expect("a body that carries a document");
            String::from_utf8(carried.document).expect("a document is text")
        };
        let Agreement { request, offered, versions } = &self.agreement;
        let (what, arguments) = match (side, message["type"].as_str().unwrap_or_default()) {
            (Hub, data::UPDATE) => ("update", body),
            (Hub, data::GRANT) => ("grant", json!({"document": document(), "request": request})),
            (Hub, data::REVOCATION) => ("revocation", json!({"document": document()})),
            (Hub, connect::ROTATION) => {
                let committed = hex(&commitment(&key(self.committed).public()));
                let known =
                    json!({"document": document(), "person": did(self.known), "committed": committed});
                if self.step(side, "rotation", known)[0].get("rotated").is_some() {
                    self.known = self.committed;
                }
                return;
            }
            (Person, data::RECEIPT) => {
                ("stand", json!({"offered": offered, "receipt": document(), "versions": versions}))
            }
            (Person, data::OUTCOME) => ("outcome", body),
            _ => return,
        };
        self.now(side, what, arguments);
    }

    /// Delivers until the wire is empty.
    pub(super) fn settle(&mut self) {
        while self.deliver(Hub) | self.deliver(Person) {}
    }

    /// The last output of this name.
    pub(super) fn said(&self, name: &str) -> Value {
        let outputs =
            self.steps.iter().rev().flat_map(|step| step["outputs"].as_array().into_iter().flatten());
        outputs.filter_map(|output| output.get(name)).next().cloned().unwrap_or_else(|| panic!("no {name}"))
    }

    /// The frame that carried the person's message of this sequence.
    pub(super) fn sent_frame(&self, seq: u64) -> Value {
        let step = self.steps.iter().find(|step| step["message"]["seq"] == seq && step["by"] == "person");
        let outputs = step.and_then(|step| step["outputs"].as_array()).expect("a step that sent it");
        outputs.iter().find_map(|output| output.get("transmit")).cloned().expect("a frame")
    }

    /// The connection is cut: what is on the wire is gone.
    pub(super) fn lose(&mut self) {
        for side in Side::BOTH {
            self.step(side, "lose", json!({}));
            self.wires.insert(side, VecDeque::new());
        }
        self.wait(1_000);
    }

    /// A side says goodbye; the other hears it.
    pub(super) fn close(&mut self, side: Side, code: u16) {
        self.step(side, "close", json!({"code": code}));
        self.settle();
        self.lose();
    }
}

/// What both ends say of themselves.
fn hello() -> Value {
    json!({"versions": [1], "families": ["connect/1", "data/1"]})
}
