//! Two vendors who put together what they have: none of the fixed distinguishers tells one person from two.
#![allow(clippy::print_stdout, reason = "the figures are for whoever looks at them")]

use freehold_simulation::collusion::{Habits, Verdict, judge};
use freehold_store::planted::Bug;

/// Where the trials begin; the same in every run.
const SEED: u64 = 0x0c01_1ade;

/// How likely a run is in which any of the distinguishers seems to tell something though none does.
const ERROR_MAX: f64 = 0.01;

/// Pairs of transcripts.
fn pairs() -> u64 {
    if std::env::var_os("FREEHOLD_LONG").is_some() { 4_000 } else { 120 }
}

fn told(verdicts: &[Verdict]) -> Vec<&Verdict> {
    // As many chances to be wrong as there are distinguishers.
    verdicts.iter().filter(|verdict| verdict.chance < ERROR_MAX / verdicts.len() as f64).collect()
}

fn assert_nothing_is_told(habits: Habits, pairs: u64) {
    let verdicts = judge(pairs, SEED, habits, None);
    for Verdict { name, right, pairs, chance } in &verdicts {
        println!("{name}: {right} of {pairs} right, as far from half by chance: {chance:.3}");
    }
    assert!(told(&verdicts).is_empty(), "{habits:?}: {:?}", told(&verdicts));
}

#[test]
fn no_distinguisher_tells_one_person_from_two() {
    assert_nothing_is_told(Habits::default(), pairs());
}

/// Clocks that are kept by hand are off by less than a minute or two.
#[test]
fn a_clock_that_is_off_tells_nothing() {
    assert_nothing_is_told(Habits { clock_off_secs: 30, ..Habits::default() }, pairs());
}

/// However many dates there are, they say no more than a few.
#[test]
fn a_clock_that_is_off_tells_nothing_by_many_dates() {
    let pairs = pairs() / 2;
    assert_nothing_is_told(Habits { clock_off_secs: 120, more_edits: 30, ..Habits::default() }, pairs);
}

/// A person with one key for all is told, so the distinguishers can tell something.
#[test]
fn a_key_that_two_relationships_share_is_told() {
    let verdicts = judge(40, SEED, Habits::default(), Some(Bug::KeyShared));
    let told: Vec<&str> = told(&verdicts).into_iter().map(|verdict| verdict.name).collect();
    assert!(told.contains(&"likeness of keys") && told.contains(&"shared bytes"), "{told:?}");
}

/// What the privacy page leaves open: who changes what two vendors hold at one moment is told by that moment.
#[test]
fn what_happens_in_two_relationships_at_one_moment_is_told() {
    let verdicts = judge(40, SEED, Habits { at_one_moment: true, ..Habits::default() }, None);
    let told: Vec<&str> = told(&verdicts).into_iter().map(|verdict| verdict.name).collect();
    assert!(told.contains(&"arrivals within a second"), "{told:?}");
}

/// What the privacy page leaves open: a clock that is off by hours dates everything wrong, for one vendor as for the other.
#[test]
fn a_clock_that_is_off_by_hours_is_told() {
    let verdicts = judge(40, SEED, Habits { clock_off_secs: 20_000, ..Habits::default() }, None);
    let told: Vec<&str> = told(&verdicts).into_iter().map(|verdict| verdict.name).collect();
    assert!(told.contains(&"clocks"), "{told:?}");
}
