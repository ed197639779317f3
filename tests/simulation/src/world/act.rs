//! What each action does. Calls run beside the story, as their users' would.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use freehold_hub::Hub;
use freehold_hub::view::ReadView;
use freehold_person::{Person, PersonError};
use freehold_protocol::invitation::Invitation;
use freehold_protocol::time::Timestamp;
use freehold_store::simulation::Random;
use freehold_store::simulation::disk::{Crash, Fault};
use freehold_transport::Address;
use tokio::time::Instant;

use super::restore::resume;
use super::{LIAR_ADDRESS, LIAR_PLACE, World, listen};
use crate::liar::Liar;
use crate::model::{Asked, Fate, Given, Model, Value, Write};
use crate::story::{Action, Fields, Node, PATHS, Step, paths};

/// How long an invitation holds.
const INVITED_FOR: Duration = Duration::from_secs(86_400);
/// What a story's requests are for.
const PURPOSE: &str = "serviceProvision";
/// What they are not for.
const OTHER_PURPOSE: &str = "marketing";

/// What a call needs of the world.
#[derive(Clone)]
struct Caller {
    model: Arc<Mutex<Model>>,
    began: Instant,
}

impl Caller {
    fn model(&self) -> MutexGuard<'_, Model> {
        self.model.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, what: &str) {
        self.model().trace(self.began.elapsed().as_micros(), what);
    }
}

impl World {
    pub(super) async fn act(&mut self, step: &Step) {
        match step.action.clone() {
            Action::Set { person, fields } => self.write(person, fields, Some(step.number + 1), false),
            Action::Unset { person, fields } => self.write(person, fields, None, false),
            Action::Erase { person, fields } => self.write(person, fields, None, true),
            Action::Ask { hub, required, optional, once } => self.ask(hub, required, optional, once),
            Action::AskCustomer { hub, customer } => {
                self.hub_call(hub, move |hub, caller| async move {
                    let customers = hub.customers();
                    let Some(customer) = chosen(&customers, customer) else { return };
                    let asked = hub.ask_customer(&customer.id, None).await;
                    caller.note(&format!("asked: {}", ending(&asked.err())));
                });
            }
            Action::Connect { person, hub } => self.connect(person, hub),
            Action::Approve { person, request, chosen, minutes } => {
                self.approve(person, request, chosen, minutes);
            }
            Action::Decline { person, request } => {
                self.person_call(person, move |person, caller, _| async move {
                    let Some(id) = open_request(&person, request) else { return };
                    let declined = person.decline(&meant(&person, &id), None).await;
                    caller.note(&format!("declined: {}", ending(&declined.err())));
                });
            }
            Action::Revoke { person, grant, fields } => self.revoke(person, grant, fields),
            Action::Rotate { person, relationship } => {
                self.person_call(person, move |person, caller, _| async move {
                    let all = person.relationships().unwrap_or_default();
                    let Some(one) = chosen(&all, relationship) else { return };
                    let rotated = person.rotate(Some(&one.id)).await;
                    caller.note(&format!("rotated: {}", ending(&rotated.err())));
                });
            }
            Action::RotateVendor { hub } => {
                self.hub_call(hub, move |hub, caller| async move {
                    let rotated = hub.rotate(Vec::new(), Vec::new()).await;
                    caller.note(&format!("took the next key: {}", ending(&rotated.err())));
                });
            }
            Action::Backup { person } => self.back_up(person, step.number).await,
            Action::Restore { person, told } => self.restore(person, told, step.number).await,
            Action::Resume { person } => {
                self.person_call(person, move |person, caller, number| async move {
                    resume(&person, &caller.model, number).await;
                });
            }
            Action::Read { hub, customer, fields, agreed_purpose } => {
                let purpose = if agreed_purpose { PURPOSE } else { OTHER_PURPOSE };
                self.hub_call(hub, move |hub, caller| async move {
                    let customers = hub.customers();
                    let Some(customer) = chosen(&customers, customer) else { return };
                    // Mostly what the hub may read, so that it is answered.
                    let granted: Vec<&String> =
                        customer.grants.iter().flat_map(|grant| &grant.paths).collect();
                    let mut asked: Vec<String> = paths(fields).map(str::to_owned).collect();
                    if fields.count_ones() != 2 && !granted.is_empty() {
                        asked = vec![granted[usize::from(fields) % granted.len()].clone()];
                    }
                    let before: Vec<usize> = writes(&caller);
                    let read = hub.read(&customer.id, &asked, purpose).await;
                    if let Ok(view) = &read {
                        invariant_reads_are_fresh(&caller, &before, view);
                    }
                    caller.note(&format!("read: {}", ending(&read.as_ref().err())));
                    if read.is_ok() && !agreed_purpose {
                        let seen = format!("{asked:?} read for {purpose}");
                        caller.model().break_rule("invariant_reads_keep_to_their_purpose", seen);
                    }
                });
            }
            Action::Crash { node, power_cut, peers_told } => {
                let crash = if power_cut { Crash::PowerCut } else { Crash::Killed };
                self.crash(node, crash, peers_told);
            }
            Action::Stop { node } => self.stop(node).await,
            Action::Start { node } => self.start(node).await,
            Action::Fault { node, ahead, power_cut } => {
                let fault = if power_cut { Fault::PowerCut } else { Fault::Failure };
                match node {
                    Node::Person(number) => self.persons[number].plan(ahead, fault),
                    Node::Hub(number) => self.hubs[number].plan(ahead, fault),
                }
            }
            Action::Fill { node, full } => self.fill(node, full),
            Action::Sink { hub, fails } => self.sinks[hub].fail(fails),
            Action::Block { person, hub, there, back } => {
                let (person, hub) = (Node::Person(person).place(), Node::Hub(hub).place());
                self.network.block(person, hub, there);
                self.network.block(hub, person, back);
            }
            Action::Heal => self.heal(),
            Action::Cut { which, both_notice } => self.network.cut(which, both_notice),
            Action::Delay { millis } => self.network.delay_up_to(Duration::from_millis(millis)),
            Action::Clock { node, secs } => {
                let offset = match node {
                    Node::Person(number) => &self.persons[number].offset_ms,
                    Node::Hub(number) => &self.hubs[number].offset_ms,
                };
                let before = offset.fetch_add(secs * 1_000, Ordering::Relaxed);
                self.clocks_jumped = true;
                if let Node::Person(person) = node {
                    let passed_ms = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
                    self.model().persons[person].clock_offset = (before + secs * 1_000, before, passed_ms);
                }
            }
            Action::LieToHub { hub, invited } => self.lie_to_hub(hub, invited, step.number),
            Action::LieToPerson { person } => self.lie_to_person(person, step.number).await,
            Action::Settle => self.settle().await,
        }
    }

    fn liar(&mut self, number: u32) -> Liar {
        self.lies += 1;
        Liar { random: Random::new(u64::from(number) ^ 0x11e5), model: Arc::clone(&self.model) }
    }

    /// Somebody dials a hub and lies to it, as a stranger or as a customer.
    fn lie_to_hub(&mut self, hub: usize, invited: bool, number: u32) {
        let liar = self.liar(number);
        let Some(vendor) = self.hubs[hub].engine.clone() else { return };
        let machine = self.network.start(LIAR_PLACE);
        let addresses = listen(Node::Hub(hub)).iter().filter_map(|text| Address::parse(text).ok()).collect();
        let did = self.hub_dids[hub][0].clone();
        self.liars.spawn(async move {
            let link = if invited { vendor.invite(None, None, INVITED_FOR).await.ok() } else { None };
            drop(vendor);
            let token =
                link.and_then(|view| Invitation::parse(&view.link).ok()).map(|invitation| invitation.token);
            liar.lie_to_hub(machine, did, addresses, token).await;
        });
    }

    /// A person follows the invitation of a vendor that lies.
    async fn lie_to_person(&mut self, person: usize, number: u32) {
        let liar = self.liar(number);
        self.network.start(LIAR_PLACE);
        let address = Address::parse(LIAR_ADDRESS).expect("an address");
        let now = Timestamp::from_millis(self.clock_ms(Node::Person(person)));
        let Some((link, lying)) = liar.listen(address, now).await else { return };
        self.liars.spawn(lying);
        let computer = &mut self.persons[person];
        let Some(engine) = computer.engine.clone() else { return };
        computer.calls.spawn(async move {
            let _ = engine.connect(&link).await;
        });
    }

    pub(super) fn heal(&mut self) {
        for person in 0..self.persons.len() {
            for hub in 0..self.hubs.len() {
                let (person, hub) = (Node::Person(person).place(), Node::Hub(hub).place());
                self.network.block(person, hub, false);
                self.network.block(hub, person, false);
            }
        }
    }

    pub(super) fn fill(&self, node: Node, full: bool) {
        match node {
            Node::Person(number) => self.persons[number].disk.fill(full),
            Node::Hub(number) => self.hubs[number].disk.fill(full),
        }
    }

    pub(super) async fn stop(&mut self, node: Node) {
        match node {
            Node::Person(number) => {
                if let Some(engine) = self.persons[number].engine.clone() {
                    engine.stop().await;
                }
            }
            Node::Hub(number) => {
                if let Some(engine) = self.hubs[number].engine.clone() {
                    engine.stop().await;
                }
            }
        }
        // Whatever a user of it still waits for goes with the process.
        self.crash(node, Crash::Killed, true);
    }

    /// Runs a call of a person's user after the calls before it.
    fn person_call<F>(
        &mut self,
        person: usize,
        call: impl FnOnce(Person, Caller, usize) -> F + Send + 'static,
    ) where
        F: Future<Output = ()> + Send,
    {
        let caller = self.caller();
        let computer = &mut self.persons[person];
        let Some(engine) = computer.engine.clone() else { return };
        let turn = Arc::clone(&computer.turn);
        computer.calls.spawn(async move {
            let _turn = turn.lock().await;
            call(engine, caller, person).await;
        });
    }

    fn hub_call<F>(&mut self, hub: usize, call: impl FnOnce(Hub, Caller) -> F + Send + 'static)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let caller = self.caller();
        let computer = &mut self.hubs[hub];
        let Some(engine) = computer.engine.clone() else { return };
        computer.calls.spawn(call(engine, caller));
    }

    fn caller(&self) -> Caller {
        Caller { model: Arc::clone(&self.model), began: self.began }
    }

    fn write(&mut self, person: usize, fields: Fields, step: Option<u32>, erase: bool) {
        self.person_call(person, move |engine, caller, person| async move {
            let mut places = Vec::new();
            let mut changes = Vec::new();
            {
                let mut model = caller.model();
                let model = &mut model.persons[person];
                model.note_edit(fields);
                for path in (0..PATHS.len()).filter(|path| fields & (1 << path) != 0) {
                    let value = step.map(|step| Value { step, path, person });
                    places.push((path, model.fields[path].len()));
                    model.fields[path].push(Write { value, fate: Fate::Unknown });
                    changes.push((PATHS[path].to_owned(), value.map(Value::text)));
                }
            }
            let done = if erase {
                engine.erase(changes.into_iter().map(|(path, _)| path).collect()).await
            } else {
                engine.set(changes, "simulation").await
            };
            let fate = fate(&done);
            caller.note(&format!("written: {}", ending(&done.err())));
            let mut model = caller.model();
            for (path, place) in places {
                model.persons[person].fields[path][place].fate = fate;
            }
        });
    }

    fn ask(&mut self, hub: usize, required: Fields, optional: Fields, once: bool) {
        let text = ask_file(required, optional, once);
        self.hub_call(hub, move |engine, caller| async move {
            let made = engine.ask(&text, "ask.toml").await;
            caller.note(&format!("made a request: {}", ending(&made.as_ref().err())));
            if let Ok(view) = made {
                caller.model().asked.insert(view.id, Asked { hub, required, optional, once });
            }
        });
    }

    fn connect(&mut self, person: usize, hub: usize) {
        let Some(vendor) = self.hubs[hub].engine.clone() else { return };
        let caller = self.caller();
        let computer = &mut self.persons[person];
        let Some(engine) = computer.engine.clone() else { return };
        // It may take long, and nothing else waits for it.
        computer.calls.spawn(async move {
            let invited = vendor.invite(None, None, INVITED_FOR).await;
            drop(vendor);
            let Ok(invited) = invited else { return };
            let connected = engine.connect(&invited.link).await;
            caller.note(&format!("connected: {}", ending(&connected.err())));
        });
    }

    fn approve(&mut self, person: usize, request: u64, wanted: Fields, minutes: Option<u64>) {
        let now_ms = self.clock_ms(Node::Person(person));
        self.person_call(person, move |engine, caller, person| async move {
            let Some(id) = open_request(&engine, request) else { return };
            let Some(asked) = caller.model().asked.get(&id).cloned() else { return };
            let mut chosen = wanted & asked.optional;
            if asked.required | chosen == 0 {
                // To agree to nothing is to decline.
                chosen = asked.optional & asked.optional.wrapping_neg();
            }
            // Dates in grants are whole minutes.
            let until = minutes.map(|minutes| (now_ms / 60_000 + 1 + minutes) * 60_000);
            let place = {
                let given = &mut caller.model().persons[person].given;
                given.push(Given {
                    hub: asked.hub,
                    request: id.clone(),
                    scope: asked.required | chosen,
                    once: asked.once,
                    until,
                    id: None,
                    fate: Fate::Unknown,
                    revoked: 0,
                    revoking: 0,
                    once_revoked: 0,
                    ended: 0,
                    held: false,
                    missing: false,
                    updates_max: 1,
                    updates: BTreeMap::new(),
                    emptied: BTreeSet::new(),
                    sent: BTreeSet::new(),
                });
                given.len() - 1
            };
            let only = paths(chosen).map(str::to_owned).collect();
            let until = until.map(|until| Timestamp::from_millis(until).rfc3339());
            let approved = engine.approve(&meant(&engine, &id), Some(only), until).await;
            let mut model = caller.model();
            let given = &mut model.persons[person].given[place];
            given.fate = fate(&approved);
            given.id = approved.as_ref().ok().map(|view| view.id.clone());
            drop(model);
            caller.note(&format!("approved: {}", ending(&approved.err())));
        });
    }

    fn revoke(&mut self, person: usize, grant: u64, fields: Option<Fields>) {
        self.person_call(person, move |engine, caller, person| async move {
            let Ok(grants) = engine.grants() else { return };
            let Some(grant) = chosen(&grants, grant) else { return };
            let Some(given) = caller.model().given(person, &grant.id).cloned() else { return };
            let left = given.scope & !given.revoked;
            let meant = fields.map_or(left, |fields| fields & left);
            let named = fields.map(|_| paths(meant).map(str::to_owned).collect());
            if let Some(given) = caller.model().given(person, &grant.id) {
                given.revoking |= meant;
            }
            let revoked = engine.revoke(&grant.id, named).await;
            if let (Ok(view), Some(given)) = (&revoked, caller.model().given(person, &grant.id)) {
                given.revoked |= Model::fields(view.paths.iter().map(String::as_str));
            }
            caller.note(&format!("revoked: {}", ending(&revoked.err())));
        });
    }
}

/// How many writes of each field of each person there are.
fn writes(caller: &Caller) -> Vec<usize> {
    let model = caller.model();
    model.persons.iter().flat_map(|person| &person.fields).map(Vec::len).collect()
}

/// Rule 4, for a live read: it gives what was there when it was asked, or anything later.
fn invariant_reads_are_fresh(caller: &Caller, before: &[usize], view: &ReadView) {
    let mut model = caller.model();
    for value in view.fields.values().flatten().filter_map(|text| Value::parse(text.as_bytes())) {
        let written = &model.persons[value.person].fields[value.path];
        let count = before[value.person * PATHS.len() + value.path];
        let last = written[..count].iter().rposition(|write| write.fate == Fate::Done).unwrap_or_default();
        if !written[last..].iter().any(|write| write.value == Some(value)) {
            model.break_rule("invariant_reads_are_fresh", format!("a read gives {value}, which is old"));
        }
    }
}

/// What a person's user can say of a call that has ended.
fn fate<T>(done: &Result<T, PersonError>) -> Fate {
    match done {
        Ok(_) => Fate::Done,
        Err(PersonError::Store(_) | PersonError::Stopping) => Fate::Unknown,
        Err(_) => Fate::Refused,
    }
}

fn ending<E: std::fmt::Display>(error: &Option<E>) -> String {
    error.as_ref().map_or_else(|| "done".to_owned(), ToString::to_string)
}

fn chosen<T>(all: &[T], which: u64) -> Option<&T> {
    all.get(usize::try_from(which % (all.len().max(1) as u64)).ok()?)
}

fn open_request(person: &Person, which: u64) -> Option<String> {
    let mut requests = person.requests().ok()?;
    requests.retain(|request| request.state == "open");
    chosen(&requests, which).map(|request| request.id.clone())
}

/// How a person names a request: with its relationship where two of them brought the same one.
fn meant(person: &Person, id: &str) -> String {
    match person.request(id) {
        Err(PersonError::Lookup(_)) => {
            let all = person.relationships().unwrap_or_default();
            let named = all.iter().map(|relationship| format!("{id}@{}", relationship.id));
            named.into_iter().find(|named| person.request(named).is_ok_and(|view| view.state == "open"))
        }
        _ => None,
    }
    .unwrap_or_else(|| id.to_owned())
}

fn ask_file(required: Fields, optional: Fields, once: bool) -> String {
    let mode = if once { "once" } else { "continuous" };
    let mut text = format!(
        "title = \"Repairs\"\nlegal_basis = \"contract\"\nmode = \"{mode}\"\n\
         retention = {{ duration = \"P2Y\", after = \"end of contract\" }}\n"
    );
    for (fields, required) in [(required, true), (optional, false)] {
        for path in paths(fields) {
            text += &format!(
                "[[field]]\npath = \"{path}\"\nrequired = {required}\nreason = \"to know you\"\npurposes = [\"{PURPOSE}\"]\n"
            );
        }
    }
    text
}
