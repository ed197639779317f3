//! Three processes of a hub over one PostgreSQL, which are killed, drained, restarted and stopped while persons change what they have
//! granted: nothing acknowledged is lost, nothing is taken twice, and nobody has to do anything.

#![expect(clippy::print_stderr, reason = "figures for whoever reads the run")]

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use freehold_api::hub;
use freehold_crash::fleet::{Fleet, REPLICAS};
use freehold_crash::peer::signal;
use freehold_crash::{Random, rounds, seed, skipped, wait_until};
use rustix::process::Signal;
use serde_json::Value;

const PERSONS: usize = 5;
/// Longest that everybody works between two kills.
const WORK_MS_MAX: u64 = 1_500;
/// Longest that a process stays dead.
const DEAD_MS_MAX: u64 = 1_500;

fn pause(random: &mut Random, ms_max: u64) {
    std::thread::park_timeout(Duration::from_millis(random.below(ms_max)));
}

fn id(event: &Value) -> &str {
    event["id"].as_str().expect("every event has an id")
}

/// The persons' own values are those that the hub holds, and each message of theirs was taken once and in its order; the tables have
/// every event, and the files of all replicas together have none that is not in the log.
fn compare(fleet: &Fleet, lines: &[String]) -> usize {
    assert_eq!(fleet.held(), fleet.crowd.own());
    let log = fleet.crowd.events();
    let mut last: BTreeMap<&str, u64> = BTreeMap::new();
    for event in log.iter().filter(|event| event["type"] == "dev.freehold.update") {
        // A UUID has 36 characters, and stands first; the sequence of the message is behind it.
        let (relationship, sequence) = (&id(event)[..36], id(event)[37..].parse().expect("a sequence"));
        let before = last.insert(relationship, sequence);
        assert!(before.is_none_or(|before| before < sequence), "{before:?} before {}", id(event));
    }
    let told = fleet.database.rows("select id from freehold.event_log order by n");
    assert_eq!(told, log.iter().map(id).collect::<Vec<_>>());
    // What persons were told of an update is for the tables alone.
    let listed = log.iter().filter(|event| event["type"] != "dev.freehold.outcome").map(id);
    let listed: BTreeSet<String> = listed.map(str::to_owned).collect();
    let parsed = lines.iter().map(|line| serde_json::from_str::<Value>(line).expect("a whole line"));
    let written: BTreeSet<String> = parsed.map(|event| id(&event).to_owned()).collect();
    assert_eq!(written, listed);
    listed.len()
}

/// The lines of all replicas.
fn lines(fleet: &mut Fleet) -> Vec<String> {
    let homes: Vec<_> =
        (0..REPLICAS).map(|number| fleet.replica(number).home().join("events.jsonl")).collect();
    let texts = homes.iter().map(|path| std::fs::read_to_string(path).unwrap_or_default());
    texts.flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>()).collect()
}

/// 1. Persons change their fields all the time. 2. Again and again a replica is killed, or PostgreSQL. 3. Nobody does anything but start
///    it again: at the end everything is there, once.
#[test]
fn nothing_is_lost_or_taken_twice_whichever_replica_is_killed() {
    let (dir, seed) = (tempfile::tempdir().expect("a folder"), seed("kills of replicas"));
    let mut fleet = match Fleet::meet(dir.path(), PERSONS) {
        Ok(fleet) => fleet,
        Err(why) => return skipped("kills of replicas", &why),
    };
    fleet.crowd.work(seed);
    let mut random = Random::part(seed, 1);
    let mut killed: BTreeMap<String, u32> = BTreeMap::new();
    for round in 0..rounds(8, 80) {
        pause(&mut random, WORK_MS_MAX);
        if round % 4 == 3 {
            *killed.entry("PostgreSQL".to_owned()).or_default() += 1;
            fleet.database.kill();
            pause(&mut random, DEAD_MS_MAX);
            fleet.database.run();
            continue;
        }
        let number = random.below(REPLICAS as u64) as usize;
        *killed.entry(format!("replica {number}")).or_default() += 1;
        fleet.replica(number).kill();
        pause(&mut random, DEAD_MS_MAX);
        fleet.replica(number).start();
    }
    let changes = fleet.crowd.rest();
    fleet.settle();
    let (sessions, lines) = (fleet.sessions(), lines(&mut fleet));
    let events = compare(&fleet, &lines);
    let twice = lines.len() - events;
    eprintln!(
        "{changes} changes, {events} events, {twice} lines twice, sessions {sessions:?}, killed: {killed:?}"
    );
    fleet.crowd.part();
}

/// 1. Persons change their fields all the time. 2. Each replica in its turn is drained, ends by itself with 0, and is started again. 3.
///    Everything is there, and no line is written twice: whoever drains has finished what it began.
#[test]
fn a_rolling_restart_loses_nothing_and_nothing_is_delivered_twice() {
    let (dir, seed) = (tempfile::tempdir().expect("a folder"), seed("a rolling restart"));
    let mut fleet = match Fleet::meet(dir.path(), PERSONS) {
        Ok(fleet) => fleet,
        Err(why) => return skipped("a rolling restart", &why),
    };
    fleet.crowd.work(seed);
    let mut random = Random::part(seed, 1);
    let mut let_go = 0;
    for round in 0..rounds(1, 10) {
        for number in 0..REPLICAS {
            pause(&mut random, WORK_MS_MAX);
            let replica = fleet.replica(number);
            let drained = replica.must(&hub::Drain {});
            assert_eq!(drained.left, 0, "round {round}");
            let_go += drained.sessions;
            assert!(replica.ended().success());
            replica.start();
        }
    }
    let changes = fleet.crowd.rest();
    fleet.settle();
    let lines = lines(&mut fleet);
    let events = compare(&fleet, &lines);
    assert_eq!(lines.len(), events, "lines were written twice");
    eprintln!("{changes} changes, {events} events, {let_go} sessions let go");
    fleet.crowd.part();
}

/// 1. A replica with sessions is stopped in the middle of its work, as by a machine that hangs. 2. Its persons go on at the others, and what
///    it delivered others deliver. 3. It goes on, and believes that it still has all of that: what persons had sent it before is not
///    taken any more, and nothing is lost or twice.
#[test]
fn a_replica_that_hangs_and_comes_back_takes_and_gives_nothing_that_is_anothers() {
    let (dir, seed) = (tempfile::tempdir().expect("a folder"), seed("a replica that hangs"));
    let mut fleet = match Fleet::meet(dir.path(), PERSONS) {
        Ok(fleet) => fleet,
        Err(why) => return skipped("a replica that hangs", &why),
    };
    let mut hung = 0;
    for _ in 0..rounds(1, 10) {
        fleet.crowd.work(seed.wrapping_add(hung));
        let sessions = fleet.sessions();
        let (number, most) = sessions.iter().enumerate().max_by_key(|(_, count)| **count).expect("three");
        assert!(*most > 0, "{sessions:?}");
        let stopped = fleet.replica(number).id();
        signal(stopped, Signal::STOP);
        hung += 1;
        // Whoever was there has noticed it, and is with another one.
        let others: Vec<usize> = (0..REPLICAS).filter(|other| *other != number).collect();
        wait_until("everybody is with another replica", || {
            others.iter().map(|other| fleet.replica(*other).must(&hub::Stats {}).connected).sum::<usize>()
                == PERSONS
        });
        signal(stopped, Signal::CONT);
        fleet.crowd.rest();
        fleet.settle();
        wait_until("nobody is at two replicas", || fleet.sessions().iter().sum::<usize>() == PERSONS);
    }
    let lines = lines(&mut fleet);
    let events = compare(&fleet, &lines);
    eprintln!("{events} events, {hung} times a replica was stopped with sessions");
    fleet.crowd.part();
}
