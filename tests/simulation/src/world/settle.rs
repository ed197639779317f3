//! Coming to rest: everything works again, and after enough time everything must be as it was agreed.

use std::collections::BTreeSet;
use std::time::Duration;

use freehold_store::simulation::disk::Crash;
use tokio::time::sleep;

use super::World;
use crate::model::{Fate, Model, Value};
use crate::story::{Fields, Node, PATHS, field, paths};

/// Longest that everything may take to come to rest: a redial after the longest pause, a connection found dead, and the
/// sweep of what has ended.
const REST_MAX: Duration = Duration::from_secs(900);
/// Most entries of a log that are compared: more than any story makes.
const LOG_LOOKED_AT: usize = 10_000;
/// Pause between two looks.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// How far from its end a grant must be for both sides to agree about it, in milliseconds.
const END_MARGIN_MS: u64 = 120_000;

impl World {
    /// Heals everything and waits until what must hold then holds.
    pub(super) async fn settle(&mut self) {
        self.heal();
        self.network.delay_up_to(Duration::from_millis(50));
        self.sinks.iter().for_each(|sink| sink.fail(false));
        for node in self.nodes() {
            self.fill(node, false);
            if self.is_dirty(node) || !self.runs(node) {
                self.crash(node, Crash::Killed, true);
                self.start(node).await;
            }
        }
        let rest = tokio::time::Instant::now() + REST_MAX;
        loop {
            sleep(LOOK_EVERY).await;
            self.resume_all().await;
            self.check();
            let lacking = self.lacking();
            if self.model().violation.is_some() {
                return;
            }
            match lacking {
                None => break,
                Some(what) if tokio::time::Instant::now() >= rest => {
                    return self.model().break_rule("invariant_everything_comes_to_rest", what);
                }
                Some(_) => {}
            }
        }
        self.settled += 1;
        for person in 0..self.persons.len() {
            self.invariant_every_release_is_in_the_log(person);
            self.invariant_what_is_held_is_what_was_written(person);
            self.invariant_the_log_only_grows(person);
        }
        if !self.clocks_jumped && self.lies == 0 && self.restores == 0 {
            self.invariant_every_message_could_be_used();
        }
        self.invariant_disks_hold_no_plain_value();
    }

    /// Rule 3: between two starts, too, a field holds what was acknowledged last.
    fn invariant_what_is_held_is_what_was_written(&self, person: usize) {
        let Some(engine) = &self.persons[person].engine else { return };
        let mut model = self.model();
        for (path, name) in PATHS.iter().enumerate() {
            let held = engine.get(Some(name), None, true).ok().and_then(|found| found.into_iter().next());
            let value = held.and_then(|view| view.value).and_then(|text| Value::parse(text.as_bytes()));
            if !model.persons[person].possible(path).contains(&value) {
                let seen = format!("person {person} has {value:?} as {name}");
                model.break_rule("invariant_acknowledged_writes_are_there", seen);
            }
        }
    }

    /// Rule 5: what the log said when everything was at rest, it says for ever.
    fn invariant_the_log_only_grows(&mut self, person: usize) {
        let Some(engine) = &self.persons[person].engine else { return };
        let entries = engine.audit(Some(1), LOG_LOOKED_AT).unwrap_or_default();
        let said: Vec<String> = entries.iter().map(|entry| format!("{entry:?}")).collect();
        if !said.starts_with(&self.logs[person]) {
            let seen = format!("the log of person {person} says something else than before");
            self.model().break_rule("invariant_the_log_only_grows", seen);
        }
        self.logs[person] = said;
    }

    /// Both sides keep to the protocol, so whatever is sent can be used, unless its time was over when it came.
    fn invariant_every_message_could_be_used(&self) {
        let persons = self.persons.iter().filter_map(|person| person.engine.as_ref());
        let kept = persons.flat_map(|engine| engine.kept().unwrap_or_default());
        let kept = kept.flat_map(|of| of.messages).map(|kept| (kept.kind, kept.code));
        let hubs = self.hubs.iter().filter_map(|hub| hub.engine.as_ref());
        let messages = hubs.flat_map(|engine| engine.messages(None).unwrap_or_default());
        let messages = messages.flat_map(|of| of.messages);
        let refused = messages.filter_map(|message| message.code.map(|code| (message.kind, code)));
        // A hub that was away until the end of a grant has never had it, and says so when it is revoked.
        let ends =
            self.model().persons.iter().any(|person| person.given.iter().any(|given| given.until.is_some()));
        let found = kept
            .chain(refused)
            .find(|(_, code)| !(code.contains("expired") || ends && code.contains("no-grant")));
        if let Some((kind, code)) = found {
            let seen = format!("a {kind} was refused: {code}");
            self.model().break_rule("invariant_every_message_could_be_used", seen);
        }
    }

    /// What is not yet as it must be at rest.
    fn lacking(&self) -> Option<String> {
        for person in 0..self.persons.len() {
            if !self.persons[person].calls.is_empty() && self.persons[person].turn.try_lock().is_err() {
                return Some(format!("person {person} still waits for a call"));
            }
            for hub in 0..self.hubs.len() {
                if let Some(what) = self.lacking_between(person, hub) {
                    return Some(format!("person {person} and hub {hub}: {what}"));
                }
            }
        }
        None
    }

    /// Rules 2 and 4 for one person and one hub: what the hub holds is what stands, in its newest values, and no more.
    fn lacking_between(&self, person: usize, hub: usize) -> Option<String> {
        let (Some(engine), Some(vendor)) = (&self.persons[person].engine, &self.hubs[hub].engine) else {
            return Some("one of them does not run".to_owned());
        };
        let is_its = |vendor: &str| self.hub_dids[hub].iter().any(|did| did.as_str() == vendor);
        let present = vendor.info().did;
        let grants = engine.grants().unwrap_or_default();
        let clocks = [self.clock_ms(Node::Person(person)), self.clock_ms(Node::Hub(hub))];
        let status = engine.status(None).map(|status| status.vendors).unwrap_or_default();
        let model = self.model();
        let customers = vendor.customers();
        for relationship in engine.relationships().unwrap_or_default() {
            if !is_its(&relationship.vendor) {
                continue;
            }
            let Some(customer) = customers.iter().find(|customer| customer.did == relationship.did) else {
                // An invitation that was never taken leaves nothing behind; a rotation comes to its end.
                let met = status
                    .iter()
                    .any(|line| line.relationship == relationship.id && line.last_connected.is_some());
                if met || relationship.connected {
                    return Some("the hub knows of no such customer".to_owned());
                }
                continue;
            };
            let held = engine.held_back().unwrap_or_default();
            if let Some(held) = held.iter().find(|view| view.relationship == relationship.id) {
                let errors = status.iter().filter(|line| line.relationship == relationship.id);
                let errors: Vec<_> = errors.filter_map(|line| line.last_error.clone()).collect();
                return Some(format!("it is held back, {}; {errors:?}", held.state));
            }
            if relationship.vendor != present {
                return Some("the vendor's next key is not followed".to_owned());
            }
            let lines: Vec<_> = status.iter().filter(|line| line.relationship == relationship.id).collect();
            if !customer.connected || lines.iter().any(|line| !line.connected || line.waiting > 0) {
                return Some("they are not connected, or something waits".to_owned());
            }
            let held: BTreeSet<&str> = customer.grants.iter().map(|grant| grant.id.as_str()).collect();
            let (mut must, mut may, mut once): (Fields, Fields, Fields) = (0, 0, 0);
            for grant in grants.iter().filter(|grant| is_its(&grant.vendor)) {
                let given =
                    model.persons[person].given.iter().find(|given| given.id.as_deref() == Some(&grant.id));
                let Some(given) = given else { return Some("a grant that nobody gave".to_owned()) };
                let of_this = held.contains(grant.id.as_str());
                let near_end =
                    given.until.is_some_and(|until| clocks.iter().any(|clock| clock + END_MARGIN_MS > until));
                let of_lines = lines.iter().find(|line| line.grant.as_deref() == Some(&grant.id));
                if grant.status == "offered" && of_lines.is_some() {
                    return Some("a grant waits for its receipt".to_owned());
                }
                if !of_this {
                    continue;
                }
                let scope = given.scope & !given.revoked;
                let whole = scope & Model::fields(grant.paths.iter().map(String::as_str));
                // With clocks that disagreed, one side may have seen the end of it when the other had not.
                let disputed = given.until.is_some() && self.clocks_jumped;
                let over = matches!(grant.status.as_str(), "revoked" | "refused");
                if !over && !near_end {
                    may |= scope;
                    // One for once that was put back may have been used without a trace.
                    if grant.status == "used" && !disputed && model.persons[person].put_back.is_empty() {
                        once |= given.scope & !given.revoked;
                    }
                    if grant.status == "standing" && !given.once && !disputed {
                        must |= whole;
                        let pending = of_lines
                            .into_iter()
                            .flat_map(|line| &line.lines)
                            .find(|line| line.state != "applied" && whole & field(&line.path) != 0);
                        if let Some(line) = pending {
                            return Some(format!("{} is {}, not applied", line.path, line.state));
                        }
                    }
                }
                if near_end {
                    may |= scope;
                }
                let unanswered = grant.revocations.iter().find(|revocation| revocation.erasure.is_none());
                if let Some(revocation) = unanswered {
                    return Some(format!("a revocation of {:?} has no erasure receipt", revocation.paths));
                }
            }
            for path in paths(must) {
                let index = PATHS.iter().position(|known| *known == path).unwrap_or_default();
                let possible = model.persons[person].possible(index);
                let shown = customer.fields.get(path).cloned().flatten();
                let value = shown.as_deref().and_then(|text| Value::parse(text.as_bytes()));
                if !possible.contains(&value) {
                    return Some(format!(
                        "the hub has {shown:?} as {path}, and must have one of {possible:?}"
                    ));
                }
            }
            let there = Model::fields(customer.fields.keys().map(String::as_str));
            if once & !there != 0 {
                let lost = paths(once & !there).collect::<Vec<_>>().join(" ");
                return Some(format!("the hub lacks {lost}, which it was given for once"));
            }
            let held = Model::fields(customer.fields.keys().map(String::as_str));
            if held & !may != 0 {
                let left = paths(held & !may).collect::<Vec<_>>().join(" ");
                return Some(format!("the hub still holds {left}, which nobody grants any more"));
            }
        }
        let unknown =
            model.persons[person].given.iter().any(|given| given.fate == Fate::Unknown && !given.missing);
        unknown.then(|| "an approval has no end".to_owned())
    }
}
