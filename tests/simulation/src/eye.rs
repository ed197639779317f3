//! Whoever watches the network: every byte that leaves a machine is judged at that moment.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use freehold_protocol::data::{ReceivedUpdate, UPDATE, decode};
use freehold_protocol::frame::Frame;
use freehold_protocol::identity::{Did, PublicKey};
use freehold_protocol::message;
use freehold_transport::simulation::Passage;
use sha2::{Digest as _, Sha256};
use tokio::time::Instant;

use crate::collusion::Passed;
use crate::model::{Model, Value};
use crate::world::{LIAR_PLACE, hub_at};

/// What is watched.
pub(crate) struct Eye {
    model: Arc<Mutex<Model>>,
    /// The vendors' DIDs, one for each key that they may take.
    hubs: Vec<Vec<Did>>,
    began: Instant,
    streams: BTreeMap<u64, VecDeque<u8>>,
    tails: BTreeMap<u64, Vec<u8>>,
}

impl Eye {
    pub(crate) fn new(model: Arc<Mutex<Model>>, hubs: Vec<Vec<Did>>) -> Self {
        Self { model, hubs, began: Instant::now(), streams: BTreeMap::new(), tails: BTreeMap::new() }
    }

    pub(crate) fn see(&mut self, passage: &Passage<'_>) {
        let model = Arc::clone(&self.model);
        let mut model = model.lock().unwrap_or_else(PoisonError::into_inner);
        let what =
            format!("{} to {}, stream {}: {}", passage.from, passage.to, passage.stream, passage.bytes.len());
        model.trace(self.began.elapsed().as_micros(), &what);
        model.passed(self.began.elapsed().as_micros(), passage.stream, passage.bytes);
        let passed_ms = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let tail = self.tails.entry(passage.stream).or_default();
        tail.extend_from_slice(passage.bytes);
        let values = Value::all_in(tail);
        let kept = tail.len().min(Value::TEXT_BYTES - 1);
        tail.drain(..tail.len() - kept);
        if passage.from == LIAR_PLACE {
            // Whatever a liar says, it is none of ours.
            return;
        }
        let from_person = hub_at(passage.from).is_none();
        if let Some(hub) = hub_at(if from_person { passage.to } else { passage.from }) {
            model.note_passed(|| Passed {
                hub,
                from_person,
                at_micros: u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX),
                stream: passage.stream,
                key: passage.key,
                bytes: passage.bytes.to_vec(),
            });
        }
        match (hub_at(passage.from), hub_at(passage.to)) {
            (None, Some(hub)) => {
                let person = passage.from as usize;
                for value in &values {
                    invariant_only_what_is_granted_leaves(&mut model, person, hub, *value, passed_ms);
                }
                invariant_no_key_is_shared(&mut model, person, hub, &passage.key);
                for frame in self.frames(passage) {
                    model.overhear(&frame);
                    self.look(&mut model, person, hub, passage.key, &frame);
                }
            }
            _ => {
                if let Some(value) = values.first() {
                    model.break_rule("invariant_hubs_send_no_values", value);
                }
            }
        }
    }

    /// The frames that are whole now.
    fn frames(&mut self, passage: &Passage<'_>) -> Vec<Vec<u8>> {
        let bytes = self.streams.entry(passage.stream).or_default();
        bytes.extend(passage.bytes);
        let mut frames = Vec::new();
        while bytes.len() >= 4 {
            let len = (0..4).fold(0, |len, at| len << 8 | bytes[at] as usize);
            if bytes.len() < 4 + len {
                break;
            }
            frames.push(bytes.drain(..4 + len).skip(4).collect());
        }
        frames
    }

    fn look(&self, model: &mut Model, person: usize, hub: usize, key: PublicKey, frame: &[u8]) {
        let Ok(frame) = Frame::decode(frame) else {
            // What is no frame of a session is the answer to a live read.
            model.persons[person].reads_sent += u64::from(!Value::all_in(frame).is_empty());
            return;
        };
        let Frame::Message(signed) = frame else { return };
        // Nothing that is said to a liar concerns a grant.
        let Some(own) = self.hubs.get(hub) else { return };
        let Some(message) = own.iter().find_map(|own| message::open(&signed, &key, own).ok()) else { return };
        model.trace(self.began.elapsed().as_micros(), &format!("person {person} to hub {hub}: {message:?}"));
        if message.kind.as_str() != UPDATE {
            return;
        }
        let Ok(update) = decode::<ReceivedUpdate>(&message.body) else {
            return model.break_rule("invariant_messages_can_be_read", "an update of our own cannot be");
        };
        let digest: [u8; 32] = Sha256::digest(&message.body).into();
        let void = update.fields.is_empty();
        let passed_ms = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        for path in update.fields.keys() {
            let index = crate::story::PATHS.iter().position(|known| *known == path.as_str());
            let allowed = index.is_some_and(|index| model.persons[person].may_send(hub, index, passed_ms));
            if !allowed {
                model.break_rule(
                    "invariant_only_what_is_granted_leaves",
                    format!("an update names {path} to hub {hub}"),
                );
            }
        }
        let id = update.grant.to_string();
        if model.given(person, &id).is_none() {
            return model
                .break_rule("invariant_updates_name_a_grant", format!("hub {hub} gets one under {id}"));
        }
        let Some(given) = model.given(person, &id) else { return };
        let filled = given.updates.entry(message.seq).or_insert(!void);
        if void && *filled {
            given.emptied.insert(message.seq);
        }
        *filled |= !void;
        if !void {
            given.sent.insert(digest);
        }
        let (count, most) = (given.updates.len(), given.updates_max + given.emptied.len());
        if count > most {
            model.break_rule(
                "invariant_hidden_edits_move_no_sequence",
                format!("{count} updates to hub {hub} under a grant whose fields changed for {most} at most"),
            );
        }
    }
}

fn invariant_only_what_is_granted_leaves(
    model: &mut Model,
    person: usize,
    hub: usize,
    value: Value,
    passed_ms: u64,
) {
    if value.person != person {
        model.break_rule("invariant_only_what_is_granted_leaves", format!("person {person} sends {value}"));
    } else if !model.persons[person].may_send(hub, value.path, passed_ms) {
        model.break_rule("invariant_only_what_is_granted_leaves", format!("hub {hub} is sent {value}"));
    }
}

fn invariant_no_key_is_shared(model: &mut Model, person: usize, hub: usize, key: &PublicKey) {
    let owner = *model.keys.entry(key.did().to_string()).or_insert((person, hub));
    if owner != (person, hub) {
        model.break_rule(
            "invariant_no_key_is_shared",
            format!("person {person} has with hub {hub} the key of person {} with hub {}", owner.0, owner.1),
        );
    }
}
