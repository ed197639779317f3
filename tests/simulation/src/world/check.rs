//! What must hold after every step, and when an engine has started again.

use std::collections::{BTreeMap, BTreeSet};

use freehold_protocol::time::Timestamp;
use serde_json::Value as Json;

use super::World;
use crate::model::{Fate, Model, Value};
use crate::story::{Fields, Node, PATHS};

/// How many events are looked at at once.
const EVENTS: usize = 1_000;

/// What was seen of a hub's log of events.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen {
    last: u64,
    ids: BTreeSet<String>,
    /// The step of the newest value of each path under each grant.
    newest: BTreeMap<(String, usize), u32>,
}

/// What was seen of a vendor's file.
#[derive(Debug, Clone, Default)]
pub(super) struct Told {
    lines: usize,
    /// What each grant's erasures named.
    erased: BTreeMap<String, Fields>,
}

impl World {
    /// What must hold at any moment.
    pub(super) fn check(&mut self) {
        let happened = self.model().events;
        if std::mem::replace(&mut self.checked, happened) == happened {
            return;
        }
        for hub in 0..self.hubs.len() {
            self.invariant_hubs_hold_only_what_was_given(hub);
            self.invariant_updates_come_once_and_in_order(hub);
            self.read_file(hub);
        }
        for person in 0..self.persons.len() {
            self.invariant_receipts_come_after_the_erasure(person);
        }
        // Looking is no event.
        let looked = self.model().events;
        self.checked = looked;
    }

    /// Rule 1, at the vendor: whatever it holds was given to it at some time by its owner.
    fn invariant_hubs_hold_only_what_was_given(&self, hub: usize) {
        let Some(engine) = &self.hubs[hub].engine else { return };
        for customer in engine.customers() {
            for (path, text) in &customer.fields {
                let Some(text) = text else { continue };
                let found = Value::parse(text.as_bytes()).filter(|value| PATHS[value.path] == path);
                let mut model = self.model();
                let given = found.is_some_and(|value| model.persons[value.person].ever_gave(hub, value.path));
                if !given {
                    model.break_rule(
                        "invariant_hubs_hold_only_what_was_given",
                        format!("hub {hub} holds {text} as {path}"),
                    );
                }
            }
        }
    }

    /// Rule 4, at the vendor: an event is there once, values only get newer, and none comes under a grant that had ended
    /// by the hub's own clock.
    fn invariant_updates_come_once_and_in_order(&mut self, hub: usize) {
        let Some(engine) = self.hubs[hub].engine.clone() else { return };
        loop {
            let events = engine.events(self.seen[hub].last, EVENTS);
            let count = events.len();
            for event in events {
                self.look_at_event(hub, event.n, &event.cloudevent);
            }
            if count < EVENTS {
                return;
            }
        }
    }

    /// Reads on in a vendor's file.
    fn read_file(&mut self, hub: usize) {
        let lines = self.sinks[hub].lines(self.told[hub].lines);
        self.told[hub].lines += lines.len();
        for line in lines {
            let event: Json = serde_json::from_str(&line).unwrap_or_default();
            if event["type"] != "dev.freehold.erase" {
                continue;
            }
            let grant = event["data"]["grant"].as_str().unwrap_or_default().to_owned();
            let paths = event["data"]["paths"].as_array().into_iter().flatten().filter_map(Json::as_str);
            *self.told[hub].erased.entry(grant).or_default() |= Model::fields(paths);
        }
    }

    /// A person has a receipt of an erasure only once the vendor's file has been told to erase.
    fn invariant_receipts_come_after_the_erasure(&self, person: usize) {
        let Some(engine) = &self.persons[person].engine else { return };
        for grant in engine.grants().unwrap_or_default() {
            let hub =
                self.hub_dids.iter().position(|dids| dids.iter().any(|did| did.as_str() == grant.vendor));
            let Some(hub) = hub.filter(|hub| self.has_sink(*hub)) else { continue };
            for revocation in grant.revocations.iter().filter(|revocation| revocation.erasure.is_some()) {
                let paths = Model::fields(revocation.paths.iter().map(String::as_str));
                let erased = self.told[hub].erased.get(&grant.id).copied().unwrap_or_default();
                if paths & !erased != 0 {
                    let seen = format!("person {person} has a receipt for {:?}", revocation.paths);
                    self.model().break_rule("invariant_receipts_come_after_the_erasure", seen);
                }
            }
        }
    }

    fn look_at_event(&mut self, hub: usize, n: u64, event: &Json) {
        let text = |name: &str| event[name].as_str().unwrap_or_default().to_owned();
        self.note(&format!("hub {hub} has event {n}: {}", text("type")));
        let seen = &mut self.seen[hub];
        let is_next = n == seen.last + 1;
        seen.last = n;
        let is_new = seen.ids.insert(text("id"));
        if !is_next || !is_new {
            let seen = format!("event {n} of hub {hub} is out of place or twice there");
            return self.model().break_rule("invariant_updates_come_once_and_in_order", seen);
        }
        if text("type") != "dev.freehold.update" {
            return;
        }
        let grant = event["data"]["grant"].as_str().unwrap_or_default().to_owned();
        let at = Timestamp::parse(&text("time")).map_or(0, Timestamp::millis);
        for (path, value) in event["data"]["fields"].as_object().into_iter().flatten() {
            let Some(value) = value.as_str().and_then(|text| Value::parse(text.as_bytes())) else { continue };
            let until = self.model().given(value.person, &grant).and_then(|given| given.until);
            if until.is_some_and(|until| at >= until) {
                let seen = format!("hub {hub} took {value} under a grant that had ended");
                self.model().break_rule("invariant_nothing_is_taken_after_the_end", seen);
            }
            let newest = self.seen[hub].newest.entry((grant.clone(), value.path)).or_default();
            let put_back = self
                .model
                .lock()
                .is_ok_and(|model| model.persons[value.person].may_come_after(value.step, *newest));
            if value.step <= *newest && !put_back || PATHS[value.path] != path {
                let seen = format!("hub {hub} got {value} after step {newest}'s");
                return self.model().break_rule("invariant_updates_come_once_and_in_order", seen);
            }
            *newest = value.step;
        }
    }

    /// Rule 3, at the person: every acknowledged write, grant and revocation is there; nothing else is.
    pub(super) fn after_person_start(&mut self, number: usize) {
        let Some(engine) = self.persons[number].engine.clone() else { return };
        let mut model = self.model();
        for (path, name) in PATHS.iter().enumerate() {
            let held = engine.get(Some(name), None, true);
            let held = held.ok().and_then(|found| found.into_iter().next()).and_then(|view| view.value);
            let value = held.as_deref().and_then(|text| Value::parse(text.as_bytes()));
            let possible = model.persons[number].possible(path);
            if possible.contains(&value) {
                model.persons[number].settle(path, value);
            } else {
                let seen = format!("person {number} has {held:?} as {name} after a start, not {possible:?}");
                model.break_rule("invariant_acknowledged_writes_are_there", seen);
            }
        }
        let requests = engine.requests().unwrap_or_default();
        for request in &requests {
            let Some(grant) = &request.grant else { continue };
            if model.given(number, grant).is_some() {
                continue;
            }
            // An approval whose end nobody saw. Two relationships with one vendor may have the same request.
            let given = model.persons[number].given.iter_mut().filter(|given| given.id.is_none());
            if let Some(given) = given.rev().find(|given| given.request == request.id) {
                given.id = Some(grant.clone());
                given.fate = Fate::Done;
            }
        }
        let grants = engine.grants().unwrap_or_default();
        let mut lost = Vec::new();
        for given in &mut model.persons[number].given {
            let view = grants.iter().find(|view| given.id.as_deref() == Some(view.id.as_str()));
            match view {
                Some(view) => {
                    let revoked = Model::fields(view.revoked.iter().map(String::as_str));
                    if given.revoked & !revoked != 0 {
                        lost.push(format!("a revocation of person {number} is gone"));
                    }
                    if revoked & !(given.revoked | given.revoking | given.once_revoked) != 0 {
                        lost.push(format!("person {number} has revoked what nobody revoked"));
                    }
                    given.missing = false;
                    given.revoked = revoked;
                    given.revoking = if given.held { given.scope } else { revoked };
                }
                None if given.missing => {}
                None if given.fate == Fate::Done => lost.push(format!("a grant of person {number} is gone")),
                None => given.fate = Fate::Refused,
            }
        }
        for seen in lost {
            model.break_rule("invariant_acknowledged_writes_are_there", seen);
        }
        let audited = engine.audit_verify();
        let entries = audited.as_ref().map_or(0, |view| view.entries);
        if audited.is_ok_and(|view| view.broken.is_some()) || entries < model.persons[number].audited {
            let seen =
                format!("person {number} has {entries} entries, and they do not verify or some are missing");
            model.break_rule("invariant_the_log_is_whole", seen);
        }
        model.persons[number].audited = entries;
    }

    /// Rule 3, at the hub: every acknowledged request is there. Its events are looked at from the first again.
    pub(super) fn after_hub_start(&mut self, number: usize) {
        let Some(engine) = self.hubs[number].engine.clone() else { return };
        let made: BTreeSet<String> = engine.asks().into_iter().map(|ask| ask.id).collect();
        let mut model = self.model();
        let missing = model.asked.iter().find(|(id, asked)| asked.hub == number && !made.contains(*id));
        if let Some((id, _)) = missing {
            let seen = format!("hub {number} has lost its request {id}");
            model.break_rule("invariant_acknowledged_writes_are_there", seen);
        }
        drop(model);
        self.seen[number] = Seen::default();
    }

    /// Rules 1 and 7: no value stands readably on any disk.
    pub(super) fn invariant_disks_hold_no_plain_value(&self) {
        let disks = self.persons.iter().map(|person| (person.node, &person.disk));
        for (node, disk) in disks.chain(self.hubs.iter().map(|hub| (hub.node, &hub.disk))) {
            if disk.holds(|bytes| !Value::all_in(bytes).is_empty()) {
                let seen = format!("the disk of {node} shows a value");
                self.model().break_rule("invariant_disks_hold_no_plain_value", seen);
            }
        }
    }

    /// Rule 5: each update that left has its entry in the log.
    pub(super) fn invariant_every_release_is_in_the_log(&self, person: usize) {
        let Some(engine) = &self.persons[person].engine else { return };
        let mut released: BTreeMap<String, usize> = BTreeMap::new();
        let mut reads = 0;
        let mut next = 1;
        loop {
            let entries = engine.audit(Some(next), EVENTS).unwrap_or_default();
            let Some(last) = entries.last() else { break };
            next = last.n + 1;
            for entry in &entries {
                match (entry.event.as_str(), &entry.grant) {
                    ("released", Some(grant)) => *released.entry(grant.clone()).or_default() += 1,
                    ("read", _) => reads += 1,
                    _ => {}
                }
            }
        }
        let mut model = self.model();
        let mut missing = None;
        for given in &model.persons[person].given {
            let entries = given.id.as_ref().and_then(|id| released.get(id)).copied().unwrap_or_default();
            if given.sent.len() > entries {
                missing = Some(format!("{} updates left, {entries} entries tell of them", given.sent.len()));
            }
        }
        if reads < model.persons[person].reads_sent {
            missing =
                Some(format!("{} reads were answered, {reads} entries", model.persons[person].reads_sent));
        }
        if let Some(missing) = missing {
            model.break_rule("invariant_every_release_is_in_the_log", format!("person {person}: {missing}"));
        }
        let verified = engine.audit_verify();
        if verified.is_ok_and(|view| view.broken.is_some()) {
            model.break_rule("invariant_the_log_is_whole", format!("the log of person {person} is broken"));
        }
    }

    /// Whether a node's disk holds anything at all to start from.
    pub(super) fn is_dirty(&self, node: Node) -> bool {
        match node {
            Node::Person(number) => self.persons[number].dirty,
            Node::Hub(number) => self.hubs[number].dirty,
        }
    }
}
