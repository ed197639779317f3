//! Two vendors who put together everything that they have received, to find out whether it is of one person or of two.
//!
//! A trial is a script: what two relationships have to say, at moments that have nothing to do with each other. It is played
//! once with one person who has both relationships, and once with two persons, each in a world of their own. The vendors
//! get all bytes with their microseconds, and open what is theirs to open; they do not get the network address.
//!
//! A [`Distinguisher`] gives each pair of transcripts a number that is to be higher where they are of one person.
//! [`judge`] takes the higher half for one person and counts how often that is right. If the number tells nothing, the
//! count is hypergeometric, so the chance of being at least so right or so wrong is exact.

use std::collections::{BTreeMap, BTreeSet};

use freehold_protocol::frame::{Frame, Hello};
use freehold_protocol::identity::{Did, PublicKey};
use freehold_protocol::message::{self, Message};
use freehold_store::planted::Bug;
use freehold_store::simulation::Random;

use crate::Story;
use crate::model::Value;
use crate::story::{Action, Node, Step};
use crate::world::play_watched;

/// Bytes that passed between a person and a hub.
#[derive(Debug, Clone)]
pub struct Passed {
    /// Which hub.
    pub hub: usize,
    /// Whether from the person.
    pub from_person: bool,
    /// When, in microseconds of the story.
    pub at_micros: u64,
    /// On which stream.
    pub stream: u64,
    /// Under which key.
    pub key: PublicKey,
    /// What.
    pub bytes: Vec<u8>,
}

/// All that one vendor has of one relationship.
#[derive(Debug, Default)]
pub struct Transcript {
    /// The person's keys, in the order in which they were seen.
    keys: Vec<[u8; 32]>,
    /// Every byte of the person, without the values that it was given: those may well say who it is.
    bytes: Vec<u8>,
    /// When something came, and how long the frame was.
    frames: Vec<(u64, usize)>,
    hellos: Vec<(u64, Hello)>,
    messages: Vec<(u64, Message)>,
    /// Codes of goodbyes, and how often.
    codes: BTreeMap<u16, u64>,
    /// How long the person took to answer, in microseconds.
    delays: Vec<u64>,
}

/// Says how much two transcripts look like one person's.
pub struct Distinguisher {
    /// What it looks at.
    pub name: &'static str,
    score: fn(&Transcript, &Transcript) -> f64,
}

/// What came of one distinguisher.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// What it looks at.
    pub name: &'static str,
    /// How often it was right.
    pub right: u64,
    /// Of how many.
    pub pairs: u64,
    /// How likely somebody who knows nothing is at least so far from half.
    pub chance: f64,
}

/// The fixed set.
pub const DISTINGUISHERS: [Distinguisher; 16] = [
    Distinguisher { name: "shared bytes", score: shared_bytes },
    Distinguisher { name: "likeness of keys", score: likeness_of_keys },
    Distinguisher { name: "likeness of ids", score: likeness_of_ids },
    Distinguisher { name: "order of ids", score: order_of_ids },
    Distinguisher { name: "last sequences", score: |a, b| -apart(a.last_seq(), b.last_seq()) },
    Distinguisher { name: "gaps in sequences", score: |a, b| a.gaps() + b.gaps() },
    Distinguisher { name: "sequences that go on in each other", score: sequences_that_interleave },
    Distinguisher { name: "equal dates", score: equal_dates },
    Distinguisher { name: "finest date", score: |a, b| a.finest_date().max(b.finest_date()) },
    Distinguisher { name: "clocks", score: |a, b| -apart(a.skew(), b.skew()) },
    Distinguisher { name: "arrivals within a second", score: arrivals_within_a_second },
    Distinguisher { name: "phase of arrivals", score: phase_of_arrivals },
    Distinguisher { name: "beginnings of sessions", score: beginnings_of_sessions },
    Distinguisher { name: "sizes", score: sizes },
    Distinguisher { name: "codes", score: codes },
    Distinguisher { name: "delay of answers", score: |a, b| -apart(median(&a.delays), median(&b.delays)) },
];

/// How the persons of the trials live. As long as nothing of this links them, nothing must.
#[derive(Debug, Clone, Copy, Default)]
pub struct Habits {
    /// Whether what a person does in both relationships, it does at one moment. Then it can be told, as `specs/privacy.md` says.
    pub at_one_moment: bool,
    /// How far a person's clock may be off, in seconds. Hours of it show in the dates, as `specs/privacy.md` says.
    pub clock_off_secs: u64,
    /// How many edits more than the few of a trial each relationship has: every one is a date more.
    pub more_edits: u64,
}

/// Plays so many trials, half of them with one person and half with two, and lets every distinguisher guess.
///
/// # Panics
/// Where the simulator itself is wrong.
#[must_use]
pub fn judge(pairs: u64, seed: u64, habits: Habits, bug: Option<Bug>) -> Vec<Verdict> {
    let mut random = Random::new(seed);
    let trials: Vec<(bool, Transcript, Transcript)> = (0..pairs)
        .map(|number| {
            let one_person = number % 2 == 0;
            let (first, second) = trial(&mut random, one_person, habits, bug);
            (one_person, first, second)
        })
        .collect();
    DISTINGUISHERS.iter().map(|distinguisher| distinguisher.judge(&trials, &mut random)).collect()
}

impl Distinguisher {
    fn judge(&self, trials: &[(bool, Transcript, Transcript)], random: &mut Random) -> Verdict {
        // Equal numbers are put in an order that tells nothing.
        let mut scored: Vec<(f64, u64, bool)> =
            trials.iter().map(|(one, a, b)| ((self.score)(a, b), random.number(), *one)).collect();
        scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let half = scored.len() / 2;
        let found = scored[..half].iter().filter(|(_, _, one)| *one).count() as u64;
        let pairs = 2 * half as u64;
        Verdict { name: self.name, right: 2 * found, pairs, chance: chance(pairs / 2, found) }
    }
}

/// How likely at least as far from half as `found` of `half` are among the first half of twice as many, of which one half is
/// of one person: both tails of the hypergeometric distribution.
fn chance(half: u64, found: u64) -> f64 {
    let ln_choose =
        |n: u64, k: u64| -> f64 { (0..k).map(|at| ((n - at) as f64).ln() - ((at + 1) as f64).ln()).sum() };
    let all = ln_choose(2 * half, half);
    let far = found.max(half - found);
    let tail: f64 = (far..=half).map(|k| (2.0 * ln_choose(half, k) - all).exp()).sum();
    (2.0 * tail).min(1.0)
}

/// What is done in one relationship, at which millisecond.
type Script = Vec<(u64, Action)>;

/// Length of a trial, in milliseconds.
const LENGTH_MS: u64 = 1_200_000;
/// When the first relationship begins, and how much later the second.
const BEGIN_MS: u64 = 10_000;
const LATER_MS: u64 = 100_000;

fn trial(
    random: &mut Random,
    one_person: bool,
    habits: Habits,
    bug: Option<Bug>,
) -> (Transcript, Transcript) {
    let together: Vec<u64> = (0..6).map(|_| moment(random)).collect();
    let script = |hub: usize, random: &mut Random| {
        let at = |random: &mut Random, number: usize| {
            if habits.at_one_moment && one_person { together[number] } else { moment(random) }
        };
        let fields = if hub == 0 { 0b00_0011 } else { 0b00_1100 };
        let begin = BEGIN_MS + hub as u64 * LATER_MS;
        let number = hub as u64;
        let mut script: Script = vec![
            (begin, Action::Ask { hub, required: fields, optional: 0, once: false }),
            (begin + 5_000, Action::Connect { person: 0, hub }),
            (begin + 40_000, Action::Approve { person: 0, request: 0, chosen: fields, minutes: None }),
        ];
        for edit in 0..4 + random.below(3) as usize + habits.more_edits as usize {
            script.push((at(random, edit.min(5)), Action::Set { person: 0, fields }));
        }
        if random.one_in(2) {
            let read = Action::Read { hub, customer: 0, fields, agreed_purpose: random.one_in(2) };
            script.push((moment(random), read));
        }
        if random.one_in(3) {
            script.push((moment(random), Action::Rotate { person: 0, relationship: number }));
        }
        if random.one_in(4) {
            script.push((LENGTH_MS - 60_000, Action::Revoke { person: 0, grant: number, fields: None }));
        }
        script
    };
    let scripts = [script(0, random), script(1, random)];
    let off = |random: &mut Random| {
        let most = habits.clock_off_secs;
        i64::try_from(random.below(2 * most + 1)).unwrap_or_default()
            - i64::try_from(most).unwrap_or_default()
    };
    let person = |random: &mut Random| -> Script {
        let mut script = vec![
            (0, Action::Clock { node: Node::Person(0), secs: off(random) }),
            (1, Action::Set { person: 0, fields: 0b11_1111 }),
        ];
        // What nobody is given changes too.
        for _ in 0..random.below(6) {
            script.push((moment(random), Action::Set { person: 0, fields: 0b11_0000 }));
        }
        script
    };
    if one_person {
        let own = person(random);
        let world = World::play(random, [own, scripts[0].clone(), scripts[1].clone()].concat(), bug);
        (world.transcript(0), world.transcript(1))
    } else {
        let [first, second] = scripts.map(|script| {
            let own = person(random);
            World::play(random, [own, script].concat(), bug)
        });
        (first.transcript(0), second.transcript(1))
    }
}

/// A moment at which both relationships stand.
fn moment(random: &mut Random) -> u64 {
    let begun = BEGIN_MS + LATER_MS + 60_000;
    begun + random.below(LENGTH_MS - 120_000 - begun)
}

/// A world in which one person lives.
struct World {
    passed: Vec<Passed>,
    hubs: Vec<Did>,
}

impl World {
    fn play(random: &mut Random, mut script: Script, bug: Option<Bug>) -> Self {
        script.sort_by_key(|(at, _)| *at);
        let ends: Vec<u64> = script.iter().skip(1).map(|(at, _)| *at).chain([LENGTH_MS]).collect();
        let numbered = (0..).zip(script.into_iter().zip(ends));
        let steps = numbered
            .map(|(number, ((at, action), end))| Step { number, action, pause_ms: end - at })
            .collect();
        let story = Story { seed: random.number() >> 1, persons: 1, hubs: 2, steps };
        let (ending, passed, hubs) = play_watched(&story, bug);
        if bug.is_none() {
            assert_eq!(ending.violation, None, "{}", story.text());
        }
        Self { passed, hubs }
    }

    fn transcript(&self, hub: usize) -> Transcript {
        let mut transcript = Transcript::default();
        let mut streams: BTreeMap<u64, Vec<u8>> = BTreeMap::new();
        let mut asked_at = None;
        for passed in self.passed.iter().filter(|passed| passed.hub == hub) {
            if !passed.from_person {
                asked_at = Some(passed.at_micros);
                continue;
            }
            if let Some(asked_at) = asked_at.take() {
                transcript.delays.push(passed.at_micros - asked_at);
            }
            let key = *passed.key.as_bytes();
            if !transcript.keys.contains(&key) {
                transcript.keys.push(key);
            }
            transcript.bytes.extend_from_slice(&passed.bytes);
            let stream = streams.entry(passed.stream).or_default();
            stream.extend_from_slice(&passed.bytes);
            while let Some(frame) = whole_frame(stream) {
                transcript.frames.push((passed.at_micros, frame.len()));
                match Frame::decode(&frame) {
                    Ok(Frame::Hello(hello)) => transcript.hellos.push((passed.at_micros, hello)),
                    Ok(Frame::Bye { code, .. }) => *transcript.codes.entry(code.number()).or_default() += 1,
                    Ok(Frame::Message(signed)) => {
                        if let Ok(message) = message::open(&signed, &passed.key, &self.hubs[hub]) {
                            transcript.messages.push((passed.at_micros, message));
                        }
                    }
                    _ => {}
                }
            }
        }
        blank_values(&mut transcript.bytes);
        transcript
    }
}

/// Takes a frame off the front of a stream's bytes.
fn whole_frame(stream: &mut Vec<u8>) -> Option<Vec<u8>> {
    let (length, rest) = stream.split_first_chunk()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    let frame = rest.get(..length)?.to_vec();
    stream.drain(..4 + length);
    Some(frame)
}

fn blank_values(bytes: &mut [u8]) {
    let places: Vec<usize> = (0..bytes.len().saturating_sub(Value::TEXT_BYTES - 1))
        .filter(|at| Value::parse(&bytes[*at..at + Value::TEXT_BYTES]).is_some())
        .collect();
    places.into_iter().for_each(|at| bytes[at..at + Value::TEXT_BYTES].fill(0));
}

impl Transcript {
    fn last_seq(&self) -> f64 {
        self.messages.iter().map(|(_, message)| message.seq).max().unwrap_or_default() as f64
    }

    fn seqs(&self) -> BTreeSet<u64> {
        self.messages.iter().map(|(_, message)| message.seq).collect()
    }

    /// Sequences that were left out.
    fn gaps(&self) -> f64 {
        self.last_seq() - self.seqs().len() as f64
    }

    /// How fine the dates are: the largest part of a day that divides none of them.
    fn finest_date(&self) -> f64 {
        let uneven = |unit: u64| self.messages.iter().filter(|(_, m)| m.at.millis() % unit != 0).count();
        (uneven(1_000) + uneven(60_000)) as f64
    }

    /// How far the person's clock is off, as far as its dates tell.
    fn skew(&self) -> f64 {
        let skews: Vec<u64> = self
            .messages
            .iter()
            .map(|(at, message)| (1_u64 << 40) + message.at.millis() - crate::model::EPOCH_MS - at / 1_000)
            .collect();
        median(&skews)
    }
}

fn apart(one: f64, other: f64) -> f64 {
    (one - other).abs()
}

fn median(numbers: &[u64]) -> f64 {
    let mut sorted = numbers.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied().unwrap_or_default() as f64
}

/// Runs of 12 bytes that both have: an identifier in common is many of them.
fn shared_bytes(a: &Transcript, b: &Transcript) -> f64 {
    let windows = |t: &Transcript| -> BTreeSet<[u8; 12]> {
        t.bytes.windows(12).filter_map(|window| window.try_into().ok()).collect()
    };
    windows(a).intersection(&windows(b)).count() as f64
}

/// Bits that the likest two keys have in common.
fn likeness_of_keys(a: &Transcript, b: &Transcript) -> f64 {
    likest(&a.keys, &b.keys)
}

fn likeness_of_ids(a: &Transcript, b: &Transcript) -> f64 {
    let ids =
        |t: &Transcript| -> Vec<[u8; 16]> { t.messages.iter().map(|(_, m)| *m.id.as_bytes()).collect() };
    likest(&ids(a), &ids(b))
}

fn likest<const N: usize>(a: &[[u8; N]], b: &[[u8; N]]) -> f64 {
    let alike =
        |a: &[u8; N], b: &[u8; N]| -> u32 { a.iter().zip(b).map(|(a, b)| (a ^ b).count_zeros()).sum() };
    a.iter().flat_map(|a| b.iter().map(move |b| alike(a, b))).max().unwrap_or_default().into()
}

/// How many pairs of messages have their ids in the order in which they came, as those of one counter have.
fn order_of_ids(a: &Transcript, b: &Transcript) -> f64 {
    let pairs = a.messages.iter().flat_map(|a| b.messages.iter().map(move |b| (a, b)));
    let (mut agree, mut all) = (0.0, 0.0);
    for ((at, one), (bt, other)) in pairs {
        all += 1.0;
        agree += f64::from(u8::from((at < bt) == (one.id.as_bytes() < other.id.as_bytes())));
    }
    agree / f64::max(all, 1.0)
}

/// How little the sequences of both have in common: those of one counter have nothing.
fn sequences_that_interleave(a: &Transcript, b: &Transcript) -> f64 {
    -(a.seqs().intersection(&b.seqs()).count() as f64) / f64::max(a.last_seq().min(b.last_seq()), 1.0)
}

fn equal_dates(a: &Transcript, b: &Transcript) -> f64 {
    let dates = |t: &Transcript| -> BTreeSet<u64> { t.messages.iter().map(|(_, m)| m.at.millis()).collect() };
    dates(a).intersection(&dates(b)).count() as f64
}

fn arrivals_within_a_second(a: &Transcript, b: &Transcript) -> f64 {
    let near = |at: u64| b.frames.iter().any(|(other, _)| at.abs_diff(*other) <= 1_000_000);
    a.frames.iter().filter(|(at, _)| near(*at)).count() as f64 / (a.frames.len().max(1)) as f64
}

/// Whether both come at the same time of a second, as what one timer sends does.
fn phase_of_arrivals(a: &Transcript, b: &Transcript) -> f64 {
    let phase = |t: &Transcript| -> Vec<u64> { t.frames.iter().map(|(at, _)| at % 1_000_000).collect() };
    -apart(median(&phase(a)), median(&phase(b)))
}

/// How near the nearest two beginnings after the first are.
fn beginnings_of_sessions(a: &Transcript, b: &Transcript) -> f64 {
    let later = |t: &Transcript| -> Vec<u64> { t.hellos.iter().skip(1).map(|(at, _)| *at).collect() };
    let (a, b) = (later(a), later(b));
    let nearest = a.iter().flat_map(|a| b.iter().map(move |b| a.abs_diff(*b))).min();
    -(nearest.unwrap_or(u64::MAX >> 12) as f64)
}

/// Frames of equal length, for their number.
fn sizes(a: &Transcript, b: &Transcript) -> f64 {
    let count = |t: &Transcript| {
        let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
        t.frames.iter().for_each(|(_, len)| *counts.entry(*len).or_default() += 1);
        counts
    };
    let (a, b) = (count(a), count(b));
    let both: usize =
        a.iter().map(|(len, count)| (*count).min(b.get(len).copied().unwrap_or_default())).sum();
    both as f64 / (a.values().sum::<usize>().min(b.values().sum::<usize>()).max(1)) as f64
}

fn codes(a: &Transcript, b: &Transcript) -> f64 {
    let all: BTreeSet<&u16> = a.codes.keys().chain(b.codes.keys()).collect();
    let differ = |code: &u16| {
        let of = |t: &Transcript| t.codes.get(code).copied().unwrap_or_default();
        of(a).abs_diff(of(b)) as f64
    };
    -all.into_iter().map(differ).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chance_is_that_of_drawing_blindly() {
        // Of 4, 2 are of one person: both among the first two in 1 of 6 draws, none in 1 of 6.
        assert!((chance(2, 2) - 2.0 / 6.0).abs() < 1e-12);
        assert!((chance(2, 0) - 2.0 / 6.0).abs() < 1e-12);
        assert!((chance(2, 1) - 1.0).abs() < 1e-12);
        assert!(chance(50, 50) < 1e-25);
    }

    #[test]
    fn values_are_blanked_and_nothing_else() {
        let value = Value { step: 7, path: 2, person: 0 }.text();
        let mut bytes = format!("a{value}b").into_bytes();
        blank_values(&mut bytes);
        assert_eq!(bytes, [&b"a"[..], &[0; 12], b"b"].concat());
    }
}
