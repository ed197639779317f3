//! Stories: what happens, as data that follows from a seed.
//!
//! A story can be played with steps left out, so what a step does never depends on the number of steps before it: it
//! names requests, grants and customers by a number that is taken modulo those there are.

use std::fmt;

use freehold_store::simulation::Random;
use serde::{Deserialize, Serialize};

/// The fields that persons fill. All are free text, so that every value can be told from every other.
pub const PATHS: [&str; 6] = [
    "name.full",
    "name.nick",
    "birth.place",
    "gender.pronouns",
    "address.home.locality",
    "address.home.extra",
];

/// Some of [`PATHS`], a bit each.
pub type Fields = u8;

/// A party of the story.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Node {
    /// A person's node.
    Person(usize),
    /// A vendor's hub.
    Hub(usize),
}

/// One thing that happens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the fields say it, and `Display` says it as a sentence")]
pub enum Action {
    Set { person: usize, fields: Fields },
    Unset { person: usize, fields: Fields },
    Erase { person: usize, fields: Fields },
    Ask { hub: usize, required: Fields, optional: Fields, once: bool },
    AskCustomer { hub: usize, customer: u64 },
    Connect { person: usize, hub: usize },
    Approve { person: usize, request: u64, chosen: Fields, minutes: Option<u64> },
    Decline { person: usize, request: u64 },
    Revoke { person: usize, grant: u64, fields: Option<Fields> },
    Rotate { person: usize, relationship: u64 },
    RotateVendor { hub: usize },
    Backup { person: usize },
    Restore { person: usize, told: bool },
    Resume { person: usize },
    Read { hub: usize, customer: u64, fields: Fields, agreed_purpose: bool },
    Crash { node: Node, power_cut: bool, peers_told: bool },
    Stop { node: Node },
    Start { node: Node },
    Fault { node: Node, ahead: u64, power_cut: bool },
    Fill { node: Node, full: bool },
    Sink { hub: usize, fails: bool },
    Block { person: usize, hub: usize, there: bool, back: bool },
    Heal,
    Cut { which: u64, both_notice: bool },
    Delay { millis: u64 },
    Clock { node: Node, secs: i64 },
    LieToHub { hub: usize, invited: bool },
    LieToPerson { person: usize },
    Settle,
}

/// An action, its number in the whole story, and how long nothing else is begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Values are made from it, so that they are the same in a shortened story.
    pub number: u32,
    /// What happens.
    pub action: Action,
    /// Milliseconds until the next step.
    pub pause_ms: u64,
}

/// What happens, in order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Story {
    /// Everything that is not in the steps follows from it: delays, torn writes, keys.
    pub seed: u64,
    /// How many persons.
    pub persons: usize,
    /// How many hubs.
    pub hubs: usize,
    /// The steps.
    pub steps: Vec<Step>,
}

/// Fewest steps of a story.
const STEPS_MIN: u64 = 30;
/// Steps beyond them.
const STEPS_MORE: u64 = 90;

impl Story {
    /// The story of a seed.
    #[must_use]
    pub fn of(seed: u64) -> Self {
        let mut teller = Teller {
            random: Random::new(seed),
            persons: 1,
            hubs: 1,
            calm: false,
            clocks: false,
            restores: false,
            tempo: 0,
            vendor_keys_left: [3; 2],
            repairs: Vec::new(),
        };
        teller.persons += usize::from(teller.random.one_in(2));
        teller.hubs += usize::from(!teller.random.one_in(3));
        teller.calm = teller.random.one_in(4);
        teller.clocks = teller.random.one_in(2);
        teller.tempo = teller.random.below(3);
        teller.restores = teller.random.one_in(3);
        let (persons, hubs) = (teller.persons, teller.hubs);
        let mut actions = teller.opening();
        for _ in 0..STEPS_MIN + teller.random.below(STEPS_MORE) {
            let action = teller.action();
            teller.plan_repair(&action);
            actions.push(action);
            actions.extend(teller.repairs_due());
        }
        actions.push(Action::Settle);
        let mut steps = Vec::with_capacity(actions.len());
        for (number, action) in (0..).zip(actions) {
            steps.push(Step { number, action, pause_ms: teller.pause() });
        }
        Self { seed, persons, hubs, steps }
    }
}

/// Text of stories that are kept.
impl Story {
    /// A story that was kept.
    ///
    /// # Errors
    /// When the text is none.
    pub fn read(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// The story as text, a line for each step.
    #[must_use]
    pub fn text(&self) -> String {
        let Self { seed, persons, hubs, steps } = self;
        let json = |step| serde_json::to_string(step).expect("a step is plain data");
        let steps: Vec<String> = steps.iter().map(json).collect();
        format!(
            "{{\"seed\": {seed}, \"persons\": {persons}, \"hubs\": {hubs}, \"steps\": [\n{}\n]}}\n",
            steps.join(",\n")
        )
    }
}

/// Makes a story up.
struct Teller {
    random: Random,
    persons: usize,
    hubs: usize,
    /// No crashes and no faults of disks: then nothing may go wrong at all.
    calm: bool,
    /// Whether clocks jump.
    clocks: bool,
    /// Whether homes are put back from backups.
    restores: bool,
    /// How fast things follow each other: 0 as it comes, 1 within a round trip, 2 within a write of the disk.
    tempo: u64,
    /// How many keys each vendor may still take: a story has places to listen for four.
    vendor_keys_left: [u64; 2],
    /// What is to be put right again, and after how many steps.
    repairs: Vec<(u64, Action)>,
}

impl Teller {
    /// Something to talk about: values, requests, relationships.
    fn opening(&mut self) -> Vec<Action> {
        let mut actions = Vec::new();
        for person in 0..self.persons {
            actions.push(Action::Set { person, fields: 0b11_1111 });
        }
        for hub in 0..self.hubs {
            actions.push(self.ask(hub));
            for person in 0..self.persons {
                actions.push(Action::Connect { person, hub });
            }
        }
        for person in 0..self.persons {
            for _ in 0..self.hubs {
                actions.push(self.approve(person));
            }
        }
        actions
    }

    fn action(&mut self) -> Action {
        let (person, hub) = (self.person(), self.hub());
        let any = self.random.number();
        if self.restores && self.random.one_in(8) {
            return match self.random.below(4) {
                0 => Action::Backup { person },
                1 => Action::Restore { person, told: !self.random.one_in(3) },
                _ => Action::Resume { person },
            };
        }
        match self.random.below(100) {
            0..=24 => Action::Set { person, fields: self.fields() },
            25..=28 => Action::Unset { person, fields: self.fields() },
            29 => Action::Erase { person, fields: self.fields() },
            30..=32 => self.ask(hub),
            33..=36 => Action::AskCustomer { hub, customer: any },
            37..=38 => Action::Connect { person, hub },
            39..=47 => self.approve(person),
            48 => Action::Decline { person, request: any },
            49..=52 => {
                let fields = self.random.one_in(2).then(|| self.fields());
                Action::Revoke { person, grant: any, fields }
            }
            53..=54 => Action::Rotate { person, relationship: any },
            55..=61 => {
                let agreed_purpose = !self.random.one_in(4);
                Action::Read { hub, customer: any, fields: self.fields(), agreed_purpose }
            }
            62..=69 if !self.calm => {
                let (power_cut, peers_told) = (self.random.one_in(2), self.random.one_in(2));
                Action::Crash { node: self.node(), power_cut, peers_told }
            }
            70..=71 if !self.calm => Action::Stop { node: self.node() },
            72 => Action::Sink { hub, fails: true },
            73..=74 => Action::Start { node: self.node() },
            75..=76 if self.vendor_keys_left[hub] > 0 => {
                self.vendor_keys_left[hub] -= 1;
                Action::RotateVendor { hub }
            }
            80..=83 if !self.calm => {
                let (ahead, power_cut) = (self.random.below(30), !self.random.one_in(3));
                Action::Fault { node: self.node(), ahead, power_cut }
            }
            84..=85 if !self.calm => Action::Fill { node: self.node(), full: self.random.one_in(2) },
            86..=88 => {
                let (there, back) = [(true, true), (true, false), (false, true)][any as usize % 3];
                Action::Block { person, hub, there, back }
            }
            89..=91 => Action::Heal,
            92..=94 => Action::Cut { which: any, both_notice: self.random.one_in(2) },
            95..=96 => Action::Delay { millis: [1, 20, 300, 3_000][any as usize % 4] },
            97..=98 if self.clocks => {
                let secs = [-86_400, -3_600, -400, -60, 60, 400, 3_600, 86_400][any as usize % 8];
                Action::Clock { node: self.node(), secs }
            }
            99 if self.random.one_in(2) => Action::Settle,
            97..=99 => match any % 3 {
                0 => Action::LieToPerson { person },
                _ => Action::LieToHub { hub, invited: any % 3 == 1 },
            },
            _ => Action::Set { person, fields: self.fields() },
        }
    }

    /// Most things that go wrong are put right soon: a story in which everything is off tells little.
    fn plan_repair(&mut self, action: &Action) {
        let repair = match action {
            Action::Crash { node, .. } | Action::Stop { node } | Action::Fault { node, .. } => {
                Action::Start { node: *node }
            }
            Action::Fill { node, full: true } => Action::Fill { node: *node, full: false },
            Action::Sink { hub, fails: true } => Action::Sink { hub: *hub, fails: false },
            Action::Block { .. } => Action::Heal,
            _ => return,
        };
        if !self.random.one_in(8) {
            let after = self.random.below(5);
            self.repairs.push((after, repair));
        }
    }

    fn repairs_due(&mut self) -> Vec<Action> {
        let (due, later) = std::mem::take(&mut self.repairs).into_iter().partition(|(after, _)| *after == 0);
        let due: Vec<(u64, Action)> = due;
        self.repairs = later;
        self.repairs.iter_mut().for_each(|(after, _)| *after -= 1);
        due.into_iter().map(|(_, repair)| repair).collect()
    }

    fn ask(&mut self, hub: usize) -> Action {
        let (required, optional) = (self.fields() & self.fields(), self.fields());
        let optional = if required | optional == 0 { 1 } else { optional & !required };
        Action::Ask { hub, required, optional, once: self.random.one_in(4) }
    }

    fn approve(&mut self, person: usize) -> Action {
        let ends = self.random.one_in(if self.clocks { 2 } else { 4 });
        let minutes = ends.then(|| 1 + self.random.below(30));
        Action::Approve { person, request: self.random.number(), chosen: self.fields(), minutes }
    }

    fn pause(&mut self) -> u64 {
        let hurried = [0, 9, 9][self.tempo as usize];
        if self.random.below(10) < hurried {
            return self.random.below([0, 120, 6][self.tempo as usize]);
        }
        match self.random.below(10) {
            0..=2 => self.random.below(5),
            3..=5 => self.random.below(200),
            6..=7 => self.random.below(3_000),
            8 => self.random.below(30_000),
            _ => self.random.below(200_000),
        }
    }

    fn fields(&mut self) -> Fields {
        let fields = (self.random.number() & self.random.number() & 0b11_1111) as Fields;
        if fields == 0 { 1 << self.random.below(PATHS.len() as u64) } else { fields }
    }

    fn person(&mut self) -> usize {
        self.random.below(self.persons as u64) as usize
    }

    fn hub(&mut self) -> usize {
        self.random.below(self.hubs as u64) as usize
    }

    fn node(&mut self) -> Node {
        if self.random.one_in(2) { Node::Person(self.person()) } else { Node::Hub(self.hub()) }
    }
}

/// The paths of some fields.
pub fn paths(fields: Fields) -> impl Iterator<Item = &'static str> {
    (0..PATHS.len()).filter(move |index| fields & (1 << index) != 0).map(|index| PATHS[index])
}

/// The bit of a path; none for a path that no story uses.
#[must_use]
pub fn field(path: &str) -> Fields {
    PATHS.iter().position(|known| *known == path).map_or(0, |index| 1 << index)
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person(number) => write!(f, "person {number}"),
            Self::Hub(number) => write!(f, "hub {number}"),
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |fields: Fields| paths(fields).collect::<Vec<_>>().join(" ");
        match self {
            Self::Set { person, fields } => write!(f, "person {person} sets {}", list(*fields)),
            Self::Unset { person, fields } => write!(f, "person {person} unsets {}", list(*fields)),
            Self::Erase { person, fields } => write!(f, "person {person} erases {}", list(*fields)),
            Self::Ask { hub, required, optional, once } => {
                let mode = if *once { "once" } else { "for as long as agreed" };
                write!(f, "hub {hub} asks for {} and perhaps {}, {mode}", list(*required), list(*optional))
            }
            Self::AskCustomer { hub, .. } => write!(f, "hub {hub} puts its newest request to a customer"),
            Self::Connect { person, hub } => write!(f, "person {person} follows an invitation of hub {hub}"),
            Self::Approve { person, chosen, minutes, .. } => {
                write!(f, "person {person} approves a request with {}", list(*chosen))?;
                minutes.map_or(Ok(()), |minutes| write!(f, ", for {minutes} minutes"))
            }
            Self::Decline { person, .. } => write!(f, "person {person} declines a request"),
            Self::Revoke { person, fields, .. } => match fields {
                None => write!(f, "person {person} revokes a grant"),
                Some(fields) => write!(f, "person {person} revokes {} of a grant", list(*fields)),
            },
            Self::Rotate { person, .. } => write!(f, "person {person} rotates the key of a relationship"),
            Self::RotateVendor { hub } => write!(f, "the vendor of hub {hub} takes its next key"),
            Self::Backup { person } => write!(f, "person {person}'s home is backed up"),
            Self::Restore { person, told: true } => {
                write!(f, "person {person}'s home is restored from its backup")
            }
            Self::Restore { person, .. } => {
                write!(f, "person {person}'s home is put back, and nobody tells it")
            }
            Self::Resume { person } => write!(f, "person {person} resumes all relationships that can be"),
            Self::Read { hub, fields, agreed_purpose, .. } => {
                let purpose = if *agreed_purpose { "an agreed" } else { "another" };
                write!(f, "hub {hub} reads {} of a customer for {purpose} purpose", list(*fields))
            }
            Self::Crash { node, power_cut: true, .. } => write!(f, "{node} loses its power"),
            Self::Crash { node, .. } => write!(f, "{node} is killed"),
            Self::Stop { node } => write!(f, "{node} stops in good order"),
            Self::Start { node } => write!(f, "{node} starts, if it does not run"),
            Self::Fault { node, ahead, power_cut } => {
                let what = if *power_cut { "loses its power" } else { "fails to write" };
                write!(f, "{node} {what} {ahead} operations of its disk later")
            }
            Self::Fill { node, full: true } => write!(f, "the disk of {node} is full"),
            Self::Fill { node, .. } => write!(f, "the disk of {node} has room"),
            Self::Sink { hub, fails: true } => write!(f, "the file of hub {hub} takes nothing"),
            Self::Sink { hub, .. } => write!(f, "the file of hub {hub} takes everything"),
            Self::Block { person, hub, there, back } => {
                let way = match (there, back) {
                    (true, true) => "between",
                    (true, false) => "on the way there, between",
                    _ => "on the way back, between",
                };
                write!(f, "nothing passes {way} person {person} and hub {hub}")
            }
            Self::Heal => f.write_str("the network is whole"),
            Self::Cut { both_notice: true, .. } => f.write_str("a connection breaks"),
            Self::Cut { .. } => f.write_str("a connection breaks, and one side notices"),
            Self::Delay { millis } => write!(f, "a byte takes up to {millis} ms"),
            Self::Clock { node, secs } => write!(f, "the clock of {node} jumps by {secs} s"),
            Self::LieToHub { hub, invited: true } => write!(f, "a customer lies to hub {hub}"),
            Self::LieToHub { hub, .. } => write!(f, "a stranger lies to hub {hub}"),
            Self::LieToPerson { person } => write!(f, "person {person} follows a liar's invitation"),
            Self::Settle => f.write_str("everything heals and comes to rest"),
        }
    }
}
