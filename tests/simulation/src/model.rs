//! Who may know what: an independent account of the story, which knows the actions and nothing of how the engines work.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;

use sha2::{Digest as _, Sha256};

use crate::collusion::Passed;
use crate::story::{Fields, PATHS, Story, field};

/// What every clock shows when a story begins, in milliseconds.
pub const EPOCH_MS: u64 = 1_800_000_000_000;

/// How much later than a grant's end its values may pass: what was released just before is on its way to the network.
const EXPIRY_SLACK_MS: u64 = 10_000;

/// What a rule forbids, and that it happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The invariant, by its function's name.
    pub invariant: &'static str,
    /// What was seen.
    pub seen: String,
}

/// A value of a story: which step wrote it into which field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Value {
    /// The step's number, from 1; later values have greater ones.
    pub step: u32,
    /// The field, as its place in [`PATHS`].
    pub path: usize,
    /// Whose it is.
    pub person: usize,
}

/// What became of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It was acknowledged.
    Done,
    /// It was refused and has changed nothing.
    Refused,
    /// Nobody knows: the node went away, or its disk failed.
    Unknown,
}

/// One write of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    /// `None` empties the field.
    pub value: Option<Value>,
    /// What became of it.
    pub fate: Fate,
}

/// What a hub asked for.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Which hub.
    pub hub: usize,
    /// What it must have.
    pub required: Fields,
    /// What it would like to have.
    pub optional: Fields,
    /// Whether for once.
    pub once: bool,
}

/// What a person gave.
#[derive(Debug, Clone)]
pub struct Given {
    /// To which hub.
    pub hub: usize,
    /// In answer to which request.
    pub request: String,
    /// Which fields.
    pub scope: Fields,
    /// Whether for once.
    pub once: bool,
    /// Until when, by the person's clock, in milliseconds.
    pub until: Option<u64>,
    /// Its id, once it is known.
    pub id: Option<String>,
    /// What became of the approval.
    pub fate: Fate,
    /// What was revoked, acknowledged.
    pub revoked: Fields,
    /// What may have been revoked.
    pub revoking: Fields,
    /// What was revoked before the home was put back: its vendor may tell that again.
    pub once_revoked: Fields,
    /// What the hub had taken as ended when the person's home was put back.
    pub ended: Fields,
    /// Nothing may leave under it until the person resumes.
    pub held: bool,
    /// Given after the backup from which the home was put back, and not found in it since.
    pub missing: bool,
    /// How many updates there may be: the first, and one for each edit of its fields.
    pub updates_max: usize,
    /// The sequences of the updates that were sent, and whether with anything in them.
    pub updates: BTreeMap<u64, bool>,
    /// Those that were sent again with nothing in them: what they carried goes with another one.
    pub emptied: BTreeSet<u64>,
    /// The different updates that were sent, each of which the log must name.
    pub sent: BTreeSet<[u8; 32]>,
}

/// What a person wrote and gave.
#[derive(Debug, Clone, Default)]
pub struct PersonModel {
    /// The writes of each field, oldest first.
    pub fields: [Vec<Write>; PATHS.len()],
    /// The grants, oldest first.
    pub given: Vec<Given>,
    /// How many entries of the log were acknowledged.
    pub audited: u64,
    /// How many live reads gave values to somebody.
    pub reads_sent: u64,
    /// What the home was when it was last backed up.
    pub backup: Option<Backup>,
    /// The steps of each backup that was put back, and at which steps that was.
    pub put_back: Vec<(u32, u32)>,
    /// How far the clock is off, how far it was before, and how long into the story that changed, in milliseconds.
    pub clock_offset: (i64, i64, u64),
}

/// What a person's home was when it was backed up.
#[derive(Debug, Clone)]
pub struct Backup {
    /// At which step.
    pub step: u32,
    /// What each field held.
    pub fields: [Option<Value>; PATHS.len()],
    /// The grants.
    pub given: Vec<Given>,
    /// How many entries the log had.
    pub audited: u64,
    /// How many live reads had been answered.
    pub reads_sent: u64,
}

/// The account.
pub struct Model {
    /// The persons.
    pub persons: Vec<PersonModel>,
    /// The requests, by id.
    pub asked: BTreeMap<String, Asked>,
    /// The hubs' DIDs, one for each key that their vendors may take.
    pub hubs: Vec<Vec<String>>,
    /// The first thing that broke a rule.
    pub violation: Option<Violation>,
    /// To which person and hub each key of a person belongs.
    pub keys: BTreeMap<String, (usize, usize)>,
    /// What persons said to hubs lately, frame by frame, for liars to say again.
    pub overheard: VecDeque<Vec<u8>>,
    trace: Sha256,
    wire: Sha256,
    lines: Option<Vec<String>>,
    passed: Option<Vec<Passed>>,
    /// How many things happened.
    pub events: u64,
}

impl Value {
    /// The text that stands for it, found in any bytes.
    #[must_use]
    pub fn text(self) -> String {
        format!("zq{}{}{:06}qz", self.person, self.path, self.step)
    }

    /// The value that a text stands for.
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<Self> {
        let digits = text.strip_prefix(b"zq")?.strip_suffix(b"qz")?;
        if digits.len() != 8 || !digits.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let number = |digits: &[u8]| digits.iter().fold(0, |n, digit| n * 10 + u32::from(digit - b'0'));
        let path = number(&digits[1..2]) as usize;
        let person = number(&digits[..1]) as usize;
        (path < PATHS.len()).then(|| Self { step: number(&digits[2..]), path, person })
    }

    /// Every value in some bytes.
    #[must_use]
    pub fn all_in(bytes: &[u8]) -> Vec<Self> {
        bytes.windows(Self::TEXT_BYTES).filter_map(Self::parse).collect()
    }

    /// Length of the text.
    pub const TEXT_BYTES: usize = 12;
}

impl PersonModel {
    /// What a field may hold now: what was written last and acknowledged, or anything of unknown fate since.
    #[must_use]
    pub fn possible(&self, path: usize) -> Vec<Option<Value>> {
        let writes = &self.fields[path];
        let last = writes.iter().rposition(|write| write.fate == Fate::Done);
        let since = &writes[last.unwrap_or_default()..];
        let mut possible: Vec<Option<Value>> =
            since.iter().filter(|write| write.fate != Fate::Refused).map(|write| write.value).collect();
        if last.is_none() {
            possible.push(None);
        }
        possible
    }

    /// The field was looked at and holds this, for good.
    pub fn settle(&mut self, path: usize, value: Option<Value>) {
        self.fields[path].push(Write { value, fate: Fate::Done });
    }

    /// Whether a hub may be sent a field now.
    #[must_use]
    pub fn may_send(&self, hub: usize, path: usize, passed_ms: u64) -> bool {
        let (offset, before, since) = self.clock_offset;
        let fresh = passed_ms < since + EXPIRY_SLACK_MS;
        let clock_ms =
            (EPOCH_MS + passed_ms).saturating_add_signed(if fresh { offset.min(before) } else { offset });
        self.given.iter().any(|given| {
            given.hub == hub
                && given.fate != Fate::Refused
                && !given.held
                && given.scope & !given.revoked & !given.ended & (1 << path) != 0
                && given.until.is_none_or(|until| clock_ms < until + EXPIRY_SLACK_MS)
        })
    }

    /// Whether a hub was ever given a field.
    #[must_use]
    pub fn ever_gave(&self, hub: usize, path: usize) -> bool {
        self.given
            .iter()
            .any(|given| given.hub == hub && given.fate != Fate::Refused && given.scope & (1 << path) != 0)
    }

    /// The home is backed up.
    pub fn back_up(&mut self, step: u32) {
        let fields = std::array::from_fn(|path| self.possible(path).first().copied().flatten());
        let (given, audited, reads_sent) = (self.given.clone(), self.audited, self.reads_sent);
        self.backup = Some(Backup { step, fields, given, audited, reads_sent });
    }

    /// The home is put back to its backup. What the hubs have taken as ended meanwhile is `ended`, grant by grant.
    pub fn put_back(&mut self, step: u32, told: bool, ended: impl Fn(&Given) -> Fields) {
        let Some(backup) = self.backup.clone() else { return };
        for (path, value) in backup.fields.into_iter().enumerate() {
            self.settle(path, value);
        }
        for (place, given) in self.given.iter_mut().enumerate() {
            let before = backup.given.get(place);
            given.missing = before.is_none_or(|before| before.missing);
            given.ended |= ended(given);
            given.once_revoked |= given.revoked | given.revoking;
            given.revoking = given.scope;
            given.revoked = before.map_or(0, |before| before.revoked);
            given.sent = before.map(|before| before.sent.clone()).unwrap_or_default();
            given.held = told;
            // All of it is due again, and an update that was under way has its place.
            given.updates_max += 2;
            if let Some(before) = before {
                given.fate = before.fate;
                given.id = before.id.clone();
            }
        }
        (self.audited, self.reads_sent) = (backup.audited, backup.reads_sent);
        self.put_back.push((backup.step, step));
    }

    /// Whether a hub may come to hold this value after one of a later step: the home was put back to before.
    #[must_use]
    pub fn may_come_after(&self, value: u32, newest: u32) -> bool {
        self.put_back.iter().any(|(backup, at)| value <= *backup + 1 && newest <= *at + 1)
    }

    /// An edit of these fields is tried: it may cause one update of each grant that covers one of them.
    pub fn note_edit(&mut self, fields: Fields) {
        for given in self.given.iter_mut().filter(|given| given.scope & fields != 0) {
            given.updates_max += 1;
        }
    }
}

impl Model {
    /// Nothing has happened.
    #[must_use]
    pub fn new(story: &Story, keep_lines: bool) -> Self {
        Self {
            persons: vec![PersonModel::default(); story.persons],
            asked: BTreeMap::new(),
            hubs: Vec::new(),
            violation: None,
            keys: BTreeMap::new(),
            overheard: VecDeque::new(),
            trace: Sha256::new(),
            wire: Sha256::new(),
            lines: keep_lines.then(Vec::new),
            passed: None,
            events: 0,
        }
    }

    /// Something happened at a moment of the story.
    pub fn trace(&mut self, at_micros: u128, what: &str) {
        self.events += 1;
        self.trace.update(at_micros.to_be_bytes());
        self.trace.update((what.len() as u64).to_be_bytes());
        self.trace.update(what);
        if let Some(lines) = &mut self.lines {
            lines.push(format!("{:>12.6} {what}", at_micros as f64 / 1e6));
        }
    }

    /// Bytes have left a machine.
    pub fn passed(&mut self, at_micros: u128, stream: u64, bytes: &[u8]) {
        self.wire.update(at_micros.to_be_bytes());
        self.wire.update(stream.to_be_bytes());
        self.wire.update((bytes.len() as u64).to_be_bytes());
        self.wire.update(bytes);
    }

    /// What all that has left a machine amounts to, with its times.
    #[must_use]
    pub fn wire_hash(&self) -> [u8; 32] {
        self.wire.clone().finalize().into()
    }

    /// What the trace amounts to.
    #[must_use]
    pub fn trace_hash(&self) -> [u8; 32] {
        self.trace.clone().finalize().into()
    }

    /// The trace, where it was kept.
    pub fn take_lines(&mut self) -> Vec<String> {
        self.lines.take().unwrap_or_default()
    }

    /// What passes between persons and hubs is kept from now on, or not.
    pub fn keep_passed(&mut self, keep: bool) {
        self.passed = keep.then(Vec::new);
    }

    /// Something passed between a person and a hub.
    pub fn note_passed(&mut self, passed: impl FnOnce() -> Passed) {
        if let Some(kept) = &mut self.passed {
            kept.push(passed());
        }
    }

    /// All that passed, where it was kept.
    pub fn take_passed(&mut self) -> Vec<Passed> {
        self.passed.take().unwrap_or_default()
    }

    /// A rule was broken; the first time counts.
    pub fn break_rule(&mut self, invariant: &'static str, seen: impl fmt::Display) {
        self.violation.get_or_insert_with(|| Violation { invariant, seen: seen.to_string() });
    }

    /// A frame passed.
    pub fn overhear(&mut self, frame: &[u8]) {
        /// Frames that are remembered: the latest of a few sessions.
        const OVERHEARD_MAX: usize = 40;
        if self.overheard.len() == OVERHEARD_MAX {
            self.overheard.pop_front();
        }
        self.overheard.push_back(frame.to_vec());
    }

    /// A person's grant by its id.
    pub fn given(&mut self, person: usize, id: &str) -> Option<&mut Given> {
        self.persons[person].given.iter_mut().find(|given| given.id.as_deref() == Some(id))
    }

    /// The bits of some paths.
    #[must_use]
    pub fn fields<'p>(paths: impl IntoIterator<Item = &'p str>) -> Fields {
        paths.into_iter().fold(0, |fields, path| fields | field(path))
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "person {}'s {} of step {}", self.person, PATHS[self.path], self.step)
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.invariant, self.seen)
    }
}
