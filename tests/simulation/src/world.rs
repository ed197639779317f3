//! The world of a story: engines, disks, the network and the clocks, all of one thread and one seed.

mod act;
mod check;
mod panics;
mod restore;
mod settle;

use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use freehold_hub::simulation::SimulatedSink;
use freehold_hub::{Hub, HubConfig};
use freehold_keystore::Seed;
use freehold_link::Clock;
use freehold_outbound::{Client, Policy};
use freehold_person::{Person, PersonConfig};
use freehold_protocol::family::Families;
use freehold_protocol::identity::Did;
use freehold_protocol::time::Timestamp;
use freehold_resolver::{CachePolicy, Resolver};
use freehold_store::Options;
use freehold_store::planted::{self, Bug};
use freehold_store::simulation::disk::{Crash, Fault, Image, SimulatedDisk};
use freehold_store::simulation::{Random, seed_entropy};
use freehold_transport::simulation::Network;
use freehold_transport::{Address, Limits};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::collusion::Passed;
use crate::eye::Eye;
use crate::model::{EPOCH_MS, Model, Violation};
use crate::story::{Node, Story};

/// Where the first hub is on the network; persons are at 0 and up.
const HUB_PLACE: u32 = 100;

/// What became of a story.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    /// What broke a rule, and the number of the step after which it was seen.
    pub violation: Option<(u32, Violation)>,
    /// The hash of everything that happened.
    pub trace: [u8; 32],
    /// The hash of every byte that left a machine, with its time.
    pub wire: [u8; 32],
    /// What happened, where it was asked for.
    pub lines: Vec<String>,
    /// How many things happened.
    pub events: u64,
    /// How long it took in the story.
    pub took: Duration,
    /// How often a machine went off.
    pub crashes: u64,
    /// How often everything came to rest as it must.
    pub settled: u64,
}

/// Where liars are. They are at one place: the network does not tell them apart, and nobody is to believe them.
pub(crate) const LIAR_PLACE: u32 = 200;

/// Where a lying vendor listens.
const LIAR_ADDRESS: &str = "/ip4/10.0.0.200/udp/4101/quic-v1";
/// Keys that a vendor may take in a story, with the first; each has a port of its own.
const VENDOR_KEYS: u16 = 4;
/// The name of a vendor's file.
const SINK: &str = "events.jsonl";

/// Plays a story, with a planted fault if one is named.
///
/// # Panics
/// Where the simulator itself is wrong.
#[must_use]
pub fn play(story: &Story, bug: Option<Bug>, keep_lines: bool) -> Ending {
    play_in(story, bug, keep_lines, false).0
}

/// Plays a story, and gives all that passed on the network and the hubs' DIDs beside what became of it.
pub(crate) fn play_watched(story: &Story, bug: Option<Bug>) -> (Ending, Vec<Passed>, Vec<Did>) {
    play_in(story, bug, false, true)
}

fn play_in(
    story: &Story,
    bug: Option<Bug>,
    keep_lines: bool,
    keep_passed: bool,
) -> (Ending, Vec<Passed>, Vec<Did>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let runtime = runtime.expect("a runtime");
    let mut seeds = Random::new(story.seed ^ 0x5eed);
    seed_entropy(Some(seeds.number()));
    turn_on(bug);
    panics::listen();
    let ending = runtime.block_on(async {
        let mut world = World::new(story, &mut seeds, keep_lines);
        world.model().keep_passed(keep_passed);
        let ending = world.play(story).await;
        let passed = world.model().take_passed();
        (ending, passed, world.hub_dids.iter().map(|dids| dids[0].clone()).collect())
    });
    drop(runtime);
    turn_on(None);
    seed_entropy(None);
    SimulatedDisk::unmount_all();
    SimulatedSink::unmount_all();
    Network::enter(None);
    ending
}

#[cfg(feature = "planted-bugs")]
fn turn_on(bug: Option<Bug>) {
    planted::turn_on(bug);
}

#[cfg(not(feature = "planted-bugs"))]
fn turn_on(bug: Option<Bug>) {
    assert!(!bug.is_some_and(planted::is_on) && bug.is_none(), "built without planted bugs");
}

/// The hub at a place.
pub(crate) fn hub_at(place: u32) -> Option<usize> {
    place.checked_sub(HUB_PLACE).map(|hub| hub as usize)
}

impl Node {
    fn place(self) -> u32 {
        match self {
            Self::Person(number) => number as u32,
            Self::Hub(number) => HUB_PLACE + number as u32,
        }
    }
}

/// A computer of the story, whatever runs on it.
struct Computer<E> {
    node: Node,
    words: String,
    home: PathBuf,
    disk: SimulatedDisk,
    /// How far its clock is off, in milliseconds.
    offset_ms: Arc<AtomicI64>,
    engine: Option<E>,
    /// What its user waits for.
    calls: JoinSet<()>,
    /// One change at a time.
    turn: Arc<tokio::sync::Mutex<()>>,
    /// Its disk has failed since the last start, or was told to.
    dirty: bool,
}

pub(crate) struct World {
    model: Arc<Mutex<Model>>,
    network: Network,
    client: Client,
    began: Instant,
    persons: Vec<Computer<Person>>,
    hubs: Vec<Computer<Hub>>,
    /// The vendors' DIDs, one for each key that they may take.
    hub_dids: Vec<Vec<Did>>,
    /// The vendors' files; every other hub has one.
    sinks: Vec<SimulatedSink>,
    /// What was seen of each file.
    told: Vec<check::Told>,
    /// What was seen of each hub's events since it started.
    seen: Vec<check::Seen>,
    /// Which hubs have a file: the even ones or the odd ones.
    with_sink: usize,
    /// What each person's log said when everything was at rest.
    logs: Vec<Vec<String>>,
    /// The latest backup of each person's home, and what its log said.
    backups: Vec<Option<(Image, Vec<String>)>>,
    /// How many homes were put back.
    restores: u64,
    /// How many things had happened when it was looked last.
    checked: u64,
    /// What liars do meanwhile.
    liars: JoinSet<()>,
    /// How many there were.
    lies: u64,
    clocks_jumped: bool,
    crashes: u64,
    settled: u64,
    step: u32,
}

impl World {
    fn new(story: &Story, seeds: &mut Random, keep_lines: bool) -> Self {
        let model = Arc::new(Mutex::new(Model::new(story, keep_lines)));
        let persons: Vec<Computer<Person>> =
            (0..story.persons).map(|number| Computer::new(Node::Person(number), seeds)).collect();
        let hubs: Vec<Computer<Hub>> =
            (0..story.hubs).map(|number| Computer::new(Node::Hub(number), seeds)).collect();
        let dids = |hub: &Computer<Hub>| {
            let seed = hub.seed();
            (0..VENDOR_KEYS).map(|key| seed.vendor_key(key.into()).public().did()).collect()
        };
        let hub_dids: Vec<Vec<Did>> = hubs.iter().map(dids).collect();
        let names = |dids: &Vec<Did>| dids.iter().map(Did::to_string).collect();
        model.lock().unwrap_or_else(PoisonError::into_inner).hubs = hub_dids.iter().map(names).collect();
        let sinks: Vec<SimulatedSink> = hubs.iter().map(|_| SimulatedSink::default()).collect();
        for (hub, sink) in hubs.iter().zip(&sinks) {
            sink.mount(&hub.home.join(SINK));
        }
        let mut eye = Eye::new(Arc::clone(&model), hub_dids.clone());
        let mut random = Random::new(seeds.number());
        let network = Network::new(move |below| random.below(below), move |passage| eye.see(&passage));
        for hub in &hubs {
            for address in (0..VENDOR_KEYS).flat_map(|key| listen_under(hub.node, key)) {
                network.locate(Address::parse(&address).expect("an address"), hub.node.place());
            }
        }
        network.locate(Address::parse(LIAR_ADDRESS).expect("an address"), LIAR_PLACE);
        Network::enter(Some(network.clone()));
        Self {
            model,
            network,
            client: Client::new(Policy::public()).expect("a client"),
            began: Instant::now(),
            seen: vec![check::Seen::default(); hubs.len()],
            told: vec![check::Told::default(); hubs.len()],
            sinks,
            persons,
            hubs,
            hub_dids,
            with_sink: (story.seed % 2) as usize,
            logs: vec![Vec::new(); story.persons],
            backups: vec![None; story.persons],
            restores: 0,
            checked: 0,
            liars: JoinSet::new(),
            lies: 0,
            clocks_jumped: false,
            crashes: 0,
            settled: 0,
            step: 0,
        }
    }

    async fn play(&mut self, story: &Story) -> Ending {
        for node in self.nodes() {
            self.start(node).await;
        }
        let mut violation = None;
        for step in &story.steps {
            self.step = step.number;
            self.note(&format!("{}. {}", step.number, step.action));
            self.act(step).await;
            // Time passes in pieces, so that what goes wrong is seen near the moment.
            let mut left = Duration::from_millis(step.pause_ms);
            loop {
                let piece = left.min(Duration::from_secs(20));
                sleep(piece).await;
                self.notice_power_cuts();
                if let Some(panic) = panics::heard() {
                    self.model().break_rule("invariant_nothing_panics", panic);
                }
                self.check();
                left -= piece;
                if left.is_zero() || self.model().violation.is_some() {
                    break;
                }
            }
            if let Some(found) = self.model().violation.clone() {
                violation = Some((step.number, found));
                break;
            }
        }
        let took = self.began.elapsed();
        let (crashes, settled) = (self.crashes, self.settled);
        let mut model = self.model();
        let (trace, wire) = (model.trace_hash(), model.wire_hash());
        let (events, lines) = (model.events, model.take_lines());
        Ending { violation, trace, wire, lines, events, took, crashes, settled }
    }

    fn nodes(&self) -> Vec<Node> {
        let persons = (0..self.persons.len()).map(Node::Person);
        persons.chain((0..self.hubs.len()).map(Node::Hub)).collect()
    }

    fn model(&self) -> MutexGuard<'_, Model> {
        self.model.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, what: &str) {
        self.model().trace(self.began.elapsed().as_micros(), what);
    }

    /// What a node's clock shows, in milliseconds.
    fn clock_ms(&self, node: Node) -> u64 {
        let offset = match node {
            Node::Person(number) => &self.persons[number].offset_ms,
            Node::Hub(number) => &self.hubs[number].offset_ms,
        };
        clock_ms(self.began, offset)
    }

    fn clock(&self, offset: &Arc<AtomicI64>) -> Clock {
        let (began, offset) = (self.began, Arc::clone(offset));
        Arc::new(move || Timestamp::from_millis(clock_ms(began, &offset)))
    }

    /// Starts a node that does not run. One that cannot start stays off.
    async fn start(&mut self, node: Node) {
        if self.runs(node) {
            return;
        }
        let machine = self.network.start(node.place());
        match node {
            Node::Person(number) => {
                let computer = &self.persons[number];
                let resolver = Resolver::new(self.client.clone(), CachePolicy::default());
                let limits = Limits { machine: Some(machine), ..Limits::default() };
                let (store, families) = (Options::default(), Families::new());
                let config = PersonConfig { resolver, limits, store, families };
                let clock = self.clock(&computer.offset_ms);
                let started = Person::start(&computer.home, computer.seed(), config, clock).await;
                self.note_start(node, started.as_ref().err().map(ToString::to_string));
                self.persons[number].engine = started.ok();
                self.after_person_start(number);
            }
            Node::Hub(number) => {
                let computer = &self.hubs[number];
                let mut config = HubConfig::new("Acme");
                config.listen = listen(node);
                config.sinks.jsonl = self.has_sink(number).then(|| SINK.into());
                let clock = self.clock(&computer.offset_ms);
                let started = Hub::start(&computer.home, &computer.seed(), config, clock).await;
                self.note_start(node, started.as_ref().err().map(ToString::to_string));
                self.hubs[number].engine = started.ok();
                self.after_hub_start(number);
            }
        }
    }

    /// Whether a hub hands its events on to a file; otherwise it keeps them itself.
    fn has_sink(&self, hub: usize) -> bool {
        hub % 2 == self.with_sink
    }

    fn runs(&self, node: Node) -> bool {
        match node {
            Node::Person(number) => self.persons[number].engine.is_some(),
            Node::Hub(number) => self.hubs[number].engine.is_some(),
        }
    }

    fn note_start(&mut self, node: Node, error: Option<String>) {
        let dirty = match node {
            Node::Person(number) => self.persons[number].dirty,
            Node::Hub(number) => self.hubs[number].dirty,
        };
        match error {
            None => self.note(&format!("{node} runs")),
            Some(error) if dirty => self.note(&format!("{node} does not start: {error}")),
            Some(error) => {
                self.model().break_rule("invariant_a_store_opens_again", format!("{node}: {error}"));
            }
        }
    }

    /// A node goes off, whatever it is doing.
    fn crash(&mut self, node: Node, crash: Crash, peers_told: bool) {
        let ran = match node {
            Node::Person(number) => self.persons[number].go_off(crash),
            Node::Hub(number) => {
                self.sinks[number].restart();
                self.hubs[number].go_off(crash)
            }
        };
        self.network.turn_off(node.place(), peers_told);
        self.crashes += u64::from(ran);
    }

    /// Whose power went at an operation of its disk.
    fn notice_power_cuts(&mut self) {
        for node in self.nodes() {
            let off = match node {
                Node::Person(number) => self.persons[number].disk.is_off(),
                Node::Hub(number) => self.hubs[number].disk.is_off(),
            };
            if off {
                self.note(&format!("{node} has lost its power"));
                self.crash(node, Crash::PowerCut, false);
            }
        }
    }
}

impl<E> Computer<E> {
    fn new(node: Node, seeds: &mut Random) -> Self {
        let disk = SimulatedDisk::new(seeds.number());
        let home = PathBuf::from(format!("/simulated/{}", node.place()));
        disk.mount(&home.join("store"));
        Self {
            node,
            words: words(seeds),
            home,
            disk,
            offset_ms: Arc::default(),
            engine: None,
            calls: JoinSet::new(),
            turn: Arc::default(),
            dirty: false,
        }
    }

    fn seed(&self) -> Seed {
        Seed::from_words(&self.words).expect("its own words")
    }

    fn plan(&mut self, ahead: u64, fault: Fault) {
        self.disk.plan(ahead, fault);
        self.dirty = true;
    }

    /// Gives whether it ran.
    fn go_off(&mut self, crash: Crash) -> bool {
        let ran = self.engine.take().is_some();
        self.calls = JoinSet::new();
        self.turn = Arc::default();
        self.disk.restart(crash);
        self.dirty = false;
        ran
    }
}

fn clock_ms(began: Instant, offset_ms: &AtomicI64) -> u64 {
    let passed = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    EPOCH_MS.saturating_add(passed).saturating_add_signed(offset_ms.load(Ordering::Relaxed))
}

/// The 24 words of a seed.
fn words(seeds: &mut Random) -> String {
    let bytes: Vec<u8> = (0..4).flat_map(|_| seeds.number().to_le_bytes()).collect();
    bip39::Mnemonic::from_entropy(&bytes).expect("32 bytes make 24 words").to_string()
}

fn listen(node: Node) -> Vec<String> {
    listen_under(node, 0)
}

/// Where a hub listens under one of its vendor's keys: each a port after the one before.
fn listen_under(node: Node, key: u16) -> Vec<String> {
    let (host, port) = (node.place(), 4101 + key);
    vec![format!("/ip4/10.0.0.{host}/udp/{port}/quic-v1"), format!("/ip4/10.0.0.{host}/tcp/{port}")]
}
