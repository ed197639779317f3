//! The lines between a hub and its vendor's machines are cut while persons work: nothing is lost, nothing is there twice, and nobody
//! has to put anything right.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]
#![expect(clippy::print_stderr, reason = "figures for whoever reads the run")]

use std::collections::BTreeSet;
use std::time::Duration;

use freehold_api::hub;
use freehold_crash::peer::{ASK, Peer};
use freehold_crash::relay::Relay;
use freehold_crash::sinks::cluster::Cluster;
use freehold_crash::sinks::compare::{compare_stream, compare_tables};
use freehold_crash::sinks::crowd::Crowd;
use freehold_crash::sinks::database::{self, Database};
use freehold_crash::{Random, rounds, seed, skipped, wait_until};
use freehold_mailbox::Linked;
use freehold_person::Person;
use freehold_protocol::family::Families;
use freehold_tests::engines::{ASK as ASK_PHONE, EngineHome, until};
use freehold_tests::tryton::Tryton;
use serde_json::json;

const STREAM: &str = "FREEHOLD";
const PERSONS: usize = 4;
/// Longest that everybody works between two cuts.
const WORK_MS_MAX: u64 = 1_200;
/// Longest that a line stays cut: short beside what the hub waits for an answer, and longer.
const CUT_MS_MAX: [u64; 3] = [50, 800, 7_000];

fn pause(random: &mut Random, ms_max: u64) {
    std::thread::park_timeout(Duration::from_millis(random.below(ms_max)));
}

/// Cuts some of the lines over and over, at any moment of the work; gives how many connections were broken.
fn cut(relays: &[Relay], seed: u64) -> u64 {
    let mut random = Random::part(seed, 1);
    for round in 0..rounds(9, 200) {
        pause(&mut random, WORK_MS_MAX);
        let meant: Vec<&Relay> = relays.iter().filter(|_| round % 3 == 0 || random.below(2) == 0).collect();
        meant.iter().for_each(|relay| relay.cut());
        pause(&mut random, CUT_MS_MAX[(round % 3) as usize]);
        meant.iter().for_each(|relay| relay.mend());
    }
    let broken = relays.iter().map(Relay::broken).sum();
    assert!(broken > 0, "no line was in use when it was cut");
    broken
}

/// 1. The lines to all servers of a stream are cut, together and one by one. 2. Once they are mended, the stream holds the hub's log:
///    every id once, each customer's in order. 3. Nobody who revokes meanwhile has a receipt before the stream is reached.
#[test]
fn a_stream_behind_lines_that_are_cut_holds_every_event_once_and_in_order() {
    let (dir, seed) = (tempfile::tempdir().unwrap(), seed("cut lines to NATS"));
    let cluster = match Cluster::start(dir.path()) {
        Ok(cluster) => cluster,
        Err(why) => return skipped("cut lines to NATS", &why),
    };
    let relays: Vec<Relay> = cluster.ports().iter().map(|port| Relay::to(*port)).collect();
    let ports: Vec<u16> = relays.iter().map(Relay::port).collect();
    let mut crowd = Crowd::meet(dir.path(), &Cluster::section_of(&ports), PERSONS);
    crowd.work(seed);
    let broken = cut(&relays, seed);
    let changes = crowd.rest();
    crowd.settle();

    relays.iter().for_each(Relay::cut);
    crowd.revoke();
    std::thread::park_timeout(Duration::from_secs(1));
    assert!(!crowd.has_receipt(), "a receipt for what NATS does not have");
    relays.iter().for_each(Relay::mend);
    wait_until("the receipt comes", || crowd.has_receipt());
    crowd.settle();
    let kept = compare_stream(&crowd, &cluster, STREAM);
    eprintln!("{changes} changes, {kept} events, {broken} connections broken");
    crowd.part();
}

/// As with a stream, and the tables hold each event once and the values that the hub holds.
#[test]
fn tables_behind_a_line_that_is_cut_hold_every_event_once_and_the_present_values() {
    let (dir, seed) = (tempfile::tempdir().unwrap(), seed("cut lines to tables"));
    let database = match Database::start(dir.path()) {
        Ok(database) => database,
        Err(why) => return skipped("cut lines to tables", &why),
    };
    let relays = [Relay::to(database.port())];
    let mut crowd = Crowd::meet(dir.path(), &Database::section_of(relays[0].port()), PERSONS);
    crowd.work(seed);
    let broken = cut(&relays, seed);
    let changes = crowd.rest();
    crowd.settle();
    compare_tables(&crowd, &database);
    eprintln!("{changes} changes, {} events, {broken} connections broken", crowd.events().len());
    crowd.part();
}

/// 1. The line to the database with the hub's own store is cut, in the middle of commits. 2. Once it is mended, every person hears
///    what became of their last change, and the hub holds exactly what they have. 3. So it does after a restart.
#[test]
fn a_hub_whose_store_is_behind_a_line_that_is_cut_loses_nothing() {
    let (dir, seed) = (tempfile::tempdir().unwrap(), seed("cut lines to the store"));
    let database = match Database::start(dir.path()) {
        Ok(database) => database,
        Err(why) => return skipped("cut lines to the store", &why),
    };
    let relays = [Relay::to(database.port())];
    let hub = Peer::hub_with_store(&dir.path().join("hub"), dir.path(), &database::url(relays[0].port()));
    let mut crowd = Crowd::meet_hub(hub, PERSONS);
    crowd.work(seed);
    let broken = cut(&relays, seed);
    let changes = crowd.rest();
    crowd.settle();
    assert_eq!(crowd.held(), crowd.given());
    crowd.hub.kill();
    crowd.hub.start();
    crowd.settle();
    assert_eq!(crowd.held(), crowd.given());
    // It takes orders as before.
    crowd.hub.must(&hub::Ask { toml: ASK.to_owned(), file: None });
    eprintln!("{changes} changes, {broken} connections broken");
    crowd.part();
}

async fn call(person: &Person, number: u64) {
    let phone = format!("+4179{number:07}");
    person.set(vec![("phone.mobile".into(), Some(phone))], "test").await.unwrap();
}

/// What Tryton has of every party: its one telephone number.
async fn phones(tryton: &Tryton) -> Vec<String> {
    let parties = tryton.records("party.party", json!([]), &["contact_mechanisms.value"]).await;
    let mut phones: Vec<String> = Vec::new();
    for party in &parties {
        let of = party["contact_mechanisms."].as_array().unwrap();
        let values: Vec<&str> = of.iter().filter_map(|one| one["value"].as_str()).collect();
        phones.push(values.join(" and ").replace(' ', ""));
    }
    phones
}

/// 1. Persons change their numbers while the line to the vendor's CRM is cut in the middle of calls: the CRM has carried out what the
///    hub has no answer to. 2. Once it is mended, each person has one party with their last number, and their node says applied.
#[tokio::test(flavor = "multi_thread")]
async fn a_crm_behind_a_line_that_is_cut_has_every_person_once_with_their_last_number() {
    let seed = seed("cut lines to a CRM");
    let tryton = Tryton::start().await;
    let port = tryton.url().rsplit(':').next().and_then(|rest| rest.split('/').next()?.parse().ok()).unwrap();
    let relay = Relay::to(port);
    let hub_home = EngineHome::new();
    let hub = hub_home
        .hub_with(|config| {
            let mut crm = tryton.config();
            crm.url = crm.url.replace(&port.to_string(), &relay.port().to_string());
            config.crm = Some(crm);
            config.sinks.retry_base_ms = Some(100);
        })
        .await;
    hub.ask(ASK_PHONE, "ask.toml").await.unwrap();
    let mut persons = Vec::new();
    for number in 0..3 {
        let home = EngineHome::new();
        let person = home.person(Families::<Linked>::new).await;
        call(&person, number).await;
        let link =
            hub.invite(Some(format!("C-{number}")), None, Duration::from_secs(600)).await.unwrap().link;
        let request = person.connect(&link).await.unwrap().request.unwrap();
        person.approve(&request.id, None, None).await.unwrap();
        persons.push((home, person));
    }
    let mut random = Random::new(seed);
    let mut last = BTreeSet::new();
    let all = rounds(12, 200);
    for round in 1..=all {
        for (number, (_, person)) in persons.iter().enumerate() {
            let number = round * 10 + number as u64;
            call(person, number).await;
            if round == all {
                last.insert(format!("+4179{number:07}"));
            }
        }
        tokio::time::sleep(Duration::from_millis(random.below(400))).await;
        relay.cut();
        tokio::time::sleep(Duration::from_millis(random.below(600))).await;
        relay.mend();
    }
    assert!(relay.broken() > 0, "no line was in use when it was cut");
    for (_, person) in &persons {
        until("the last number to be applied", || {
            let vendors = person.status(None).unwrap().vendors;
            vendors.iter().flat_map(|vendor| &vendor.lines).all(|line| line.state == "applied").then_some(())
        })
        .await;
    }
    let phones = phones(&tryton).await;
    assert_eq!(phones.len(), 3, "{phones:?}");
    assert_eq!(phones.into_iter().collect::<BTreeSet<_>>(), last);
    assert!(hub.dead_letters().is_empty());
    eprintln!("{all} changes of each, {} connections broken", relay.broken());
    for (_, person) in persons {
        person.stop().await;
    }
    hub.stop().await;
}
