//! Stories of many seeds: they repeat, they break no rule, and each planted fault is found.

use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use freehold_simulation::story::{Action, Fields, Node, Step};
use freehold_simulation::{Story, play, shorten};
use freehold_store::planted::{BUGS, Bug};

/// How long new seeds are played.
const NEW_SEEDS: Duration = Duration::from_secs(30);
/// As many when minutes are allowed.
const NEW_SEEDS_LONG: Duration = Duration::from_secs(600);

fn check(seed: u64) {
    let story = Story::of(seed);
    if play(&story, None, false).violation.is_none() {
        return;
    }
    let (short, ending) = shorten(&story, None);
    let steps: Vec<String> =
        short.steps.iter().map(|step| format!("{}. {}", step.number, step.action)).collect();
    let violation = ending.violation.map(|(step, violation)| format!("step {step}: {violation}"));
    panic!(
        "seed {seed} breaks a rule, {}\n{}\nagain: cargo xtask simulate --seed {seed}",
        violation.unwrap_or_default(),
        steps.join("\n")
    );
}

#[test]
fn the_same_seed_gives_the_same_story_to_the_last_byte_and_microsecond() {
    for seed in 1..=12 {
        let story = Story::of(seed);
        let (once, again) = (play(&story, None, false), play(&story, None, false));
        assert!(once.events > 20, "seed {seed} tells nothing");
        assert_eq!(once, again, "seed {seed}");
    }
    assert_ne!(play(&Story::of(1), None, false).trace, play(&Story::of(2), None, false).trace);
}

/// Each file of `saved/` is a story that once broke a rule, named after what was wrong.
#[test]
fn saved_stories_break_no_rule() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/saved");
    let mut played = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let story = Story::read(&std::fs::read_to_string(&path).unwrap()).unwrap();
        assert_eq!(play(&story, None, false).violation, None, "{}", path.display());
        played += 1;
    }
    assert!(played >= 2, "the saved stories are not where they were");
}

#[test]
fn new_seeds_break_no_rule() {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let long = std::env::var_os("FREEHOLD_LONG").is_some();
    let end = Instant::now() + if long { NEW_SEEDS_LONG } else { NEW_SEEDS };
    let mut seed = since.as_secs() * 1_000;
    while Instant::now() < end {
        check(seed);
        seed += 1;
    }
}

/// Seeds within which every planted fault must be found; the rarest needs 100.
const SEEDS: u64 = 400;

/// Plays the first seeds until a rule breaks, which must be soon.
fn check_planted(bug: Bug) {
    let found = (1..=SEEDS).any(|seed| play(&Story::of(seed), Some(bug), false).violation.is_some());
    assert!(found, "{bug:?} was not found in {SEEDS} seeds");
}

macro_rules! planted {
    ($($name:ident: $bug:ident,)*) => {
        $(#[test]
        fn $name() {
            check_planted(Bug::$bug);
        })*

        #[test]
        fn no_planted_fault_is_left_out() {
            assert_eq!(BUGS, [$(Bug::$bug),*]);
        }
    };
}

planted! {
    a_skipped_sync_is_found: SyncSkipped,
    an_acknowledgement_before_the_commit_is_found: AckBeforeCommit,
    a_forgotten_cursor_is_found: CursorForgotten,
    a_skipped_write_before_the_send_is_found: WriteSkippedBeforeSend,
    a_read_without_its_audit_entry_is_found: ReadNotAudited,
    a_read_served_after_the_revocation_is_found: ServedAfterRevoke,
    a_release_after_the_revocation_is_found: ReleasedAfterRevoke,
    a_hidden_edit_that_moves_a_sequence_is_found: HiddenEditLeaked,
    an_ignored_choice_of_fields_is_found: SubsetIgnored,
    a_stale_value_that_counts_as_the_newest_is_found: StaleComposedAgain,
    an_end_judged_by_the_peers_date_is_found: ExpiryByPeerDate,
    values_kept_after_the_revocation_are_found: ValuesKeptAfterRevoke,
    an_erasure_receipt_before_the_erasure_is_found: ErasureAnsweredEarly,
    a_key_shared_by_two_relationships_is_found: KeyShared,
}

#[test]
fn a_story_that_breaks_a_rule_is_shortened_to_what_it_takes() {
    let (bug, story) = (Some(Bug::SubsetIgnored), Story::of(1));
    let (short, ending) = shorten(&story, bug);
    assert!(short.steps.len() <= 6, "{:?}", short.steps);
    assert!(ending.violation.is_some());
    assert_eq!(play(&short, bug, false), ending);
}

/// 1. The person rotates its key. 2. The hub's disk takes the statement's batch and fails to sync it. 3. The person dials
///    again, with the key it has. 4. The hub starts again and knows nothing of the statement. Had it said "rotated" in 3,
///    the person would have moved to a key that nobody knows, and the statement would be lost.
#[test]
fn a_rotation_that_did_not_reach_the_disk_is_not_acknowledged() {
    let actions = [
        Action::Ask { hub: 0, required: 0, optional: 1, once: false },
        Action::Connect { person: 0, hub: 0 },
        Action::Set { person: 0, fields: 0b11_0000 },
        Action::Approve { person: 0, request: 0, chosen: 1, minutes: None },
        // The third operation of the next write is the sync of its batch.
        Action::Fault { node: Node::Hub(0), ahead: 2, power_cut: false },
        Action::Rotate { person: 0, relationship: 0 },
        Action::Settle,
    ];
    for seed in 0..20 {
        let steps = (0..).zip(actions.clone());
        let steps = steps.map(|(number, action)| Step { number, action, pause_ms: 10_000 }).collect();
        let ending = play(&Story { seed, persons: 1, hubs: 1, steps }, None, false);
        assert_eq!(ending.violation, None, "seed {seed}");
        assert_eq!(ending.settled, 1);
    }
}

/// Stories in which vendors take their next keys.
fn rotations() -> u64 {
    if std::env::var_os("FREEHOLD_LONG").is_some() { 2_000 } else { 25 }
}

/// The story of a seed in which each vendor takes its next key now and then, and every other time its hub loses its power
/// in the middle of it.
fn story_with_vendors_that_rotate(seed: u64) -> Story {
    let mut story = Story::of(seed);
    let (hubs, mut steps) = (story.hubs, Vec::new());
    for (place, step) in story.steps.into_iter().enumerate() {
        let number = step.number;
        steps.push(step);
        if place % 12 != 6 {
            continue;
        }
        let hub = place / 12 % hubs;
        let crash =
            Action::Crash { node: Node::Hub(hub), power_cut: seed.is_multiple_of(2), peers_told: true };
        let mut push = |action, pause_ms| steps.push(Step { number, action, pause_ms });
        if place % 24 == 6 {
            push(Action::RotateVendor { hub }, seed * 7 % 40);
            push(crash, 1_000);
            push(Action::Start { node: Node::Hub(hub) }, 1_000);
        } else {
            push(Action::RotateVendor { hub }, 2_000);
        }
    }
    story.steps = steps;
    story
}

/// Whatever else happens, every person comes to the newest key of every vendor, and no rule is broken on the way.
#[test]
fn vendors_take_their_next_keys_in_any_story_and_everybody_follows() {
    let mut moved = 0;
    for seed in 1..=rotations() {
        let ending = play(&story_with_vendors_that_rotate(seed), None, true);
        assert_eq!(ending.violation, None, "seed {seed}");
        moved += ending.lines.iter().filter(|line| line.contains("took the next key: done")).count();
    }
    assert!(moved > 10, "vendors have moved {moved} times only");
}

/// Fields that nobody asks for in the paired stories.
const HIDDEN: Fields = 0b11_0000;

/// Pairs of stories.
fn pairs() -> u64 {
    if std::env::var_os("FREEHOLD_LONG").is_some() { 2_000 } else { 40 }
}

/// The story of a seed in which nobody asks for some fields; what is written into `changed` are other values of the same
/// length.
fn story_with(seed: u64, changed: Fields) -> Story {
    /// Values are made from the number of their step: these are of no other.
    const OTHER: u32 = 100_000;
    let mut story = Story::of(seed);
    let mut steps = Vec::new();
    for step in story.steps {
        match step.action {
            Action::Ask { hub, required, optional, once } => {
                let required = if (required | optional) & !HIDDEN == 0 { 1 } else { required & !HIDDEN };
                let action = Action::Ask { hub, required, optional: optional & !HIDDEN & !required, once };
                steps.push(Step { action, ..step });
            }
            Action::Set { person, fields } => {
                // Apart from each other in every story, so that both of a pair have the same writes.
                let parts = [fields & !HIDDEN, fields & HIDDEN];
                for fields in parts.into_iter().filter(|fields| *fields != 0) {
                    let number = step.number + if fields & changed == 0 { 0 } else { OTHER };
                    let action = Action::Set { person, fields };
                    steps.push(Step { number, action, pause_ms: step.pause_ms });
                }
            }
            action => steps.push(Step { action, ..step }),
        }
    }
    story.steps = steps;
    story
}

/// What was not granted shows in nothing that leaves a machine: no byte, no length, no moment.
#[test]
fn values_outside_every_grant_change_no_byte_and_no_moment_on_the_wire() {
    let play_with = |seed, changed| play(&story_with(seed, changed), None, false);
    for seed in 1..=pairs() {
        let (one, other) = (play_with(seed, 0), play_with(seed, HIDDEN));
        assert_eq!((one.violation, other.violation), (None, None), "seed {seed}");
        assert!(one.wire == other.wire, "seed {seed}: what nobody was granted shows");
    }
    // And what was granted does.
    let differ =
        (1..=5).filter(|seed| play_with(*seed, 0).wire != play_with(*seed, !HIDDEN & 0b11_1111).wire);
    assert!(differ.count() >= 4);
}
