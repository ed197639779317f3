//! The hub's sinks with real servers behind them, which are killed with it: no event is lost, none is invented, and a customer's
//! order stays.

#![expect(clippy::print_stderr, reason = "figures for whoever reads the run")]

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use freehold_api::hub;
use freehold_crash::peer::ASK;
use freehold_crash::sinks::cluster::Cluster;
use freehold_crash::sinks::compare::{compare_stream, compare_tables};
use freehold_crash::sinks::crowd::{Crowd, member};
use freehold_crash::sinks::database::Database;
use freehold_crash::{Random, rounds, seed, skipped, wait_until};
use freehold_hub::{Hub, HubConfig, TablesConfig};
use freehold_keystore::Seed;
use freehold_protocol::time::Timestamp;

const STREAM: &str = "FREEHOLD";
const PERSONS: usize = 4;
/// Longest that everybody works between two kills.
const WORK_MS_MAX: u64 = 1_500;
/// Longest that a server stays dead.
const DEAD_MS_MAX: u64 = 800;
/// How long a receipt that must not come is waited for.
const SILENCE: Duration = Duration::from_secs(2);

fn pause(random: &mut Random, ms_max: u64) {
    std::thread::park_timeout(Duration::from_millis(random.below(ms_max)));
}

fn again(crowd: &mut Crowd) {
    crowd.hub.kill();
    crowd.hub.start();
}

/// 1. Four persons change their fields all the time. 2. Again and again the leader of the stream, all three servers or the hub are
///    killed. 3. While all servers are dead one of them revokes, and hears nothing. 4. Once everything runs, the stream holds the
///    hub's log: every id once, each customer's in order.
#[test]
fn a_nats_stream_holds_every_event_once_and_in_order_whoever_is_killed() {
    let (dir, seed) = (tempfile::tempdir().unwrap(), seed("kills around NATS"));
    let mut cluster = match Cluster::start(dir.path()) {
        Ok(cluster) => cluster,
        Err(why) => return skipped("kills around NATS", &why),
    };
    let mut crowd = Crowd::meet(dir.path(), &cluster.section(), PERSONS);
    wait_until("the stream has a leader", || cluster.leader(STREAM).is_some());
    assert_eq!(cluster.setting(STREAM, "num_replicas"), Some(3));
    crowd.work(seed);

    let mut random = Random::part(seed, 1);
    let mut killed = BTreeMap::new();
    for round in 0..rounds(6, 60) {
        pause(&mut random, WORK_MS_MAX);
        let whom = ["leader", "all servers", "hub"][(round % 3) as usize];
        *killed.entry(whom).or_insert(0) += 1;
        match whom {
            "leader" => {
                let mut leader = None;
                wait_until("the stream has a leader", || {
                    leader = cluster.leader(STREAM);
                    leader.is_some()
                });
                cluster.kill(leader.unwrap_or_default());
            }
            "all servers" => cluster.kill_all(),
            _ => again(&mut crowd),
        }
        pause(&mut random, DEAD_MS_MAX);
        cluster.run_all();
    }
    let changes = crowd.rest();
    crowd.settle();

    cluster.kill_all();
    crowd.revoke();
    std::thread::park_timeout(SILENCE);
    assert!(!crowd.has_receipt(), "a receipt for what NATS does not have");
    again(&mut crowd);
    cluster.run_all();
    wait_until("the receipt comes", || crowd.has_receipt());
    crowd.settle();

    let all = crowd.events().len();
    let kept = compare_stream(&crowd, &cluster, STREAM);
    assert!(kept < all, "nothing was erased");

    // What the stream has is dropped by its id; a stream that was lost is made again, and filled by a replay.
    let again = hub::Replay { since: "1".to_owned(), sink: Some("nats".to_owned()) };
    assert_eq!(crowd.hub.must(&again).events, all as u64);
    crowd.settle();
    assert_eq!(cluster.messages(STREAM).len(), kept);
    cluster.forget(STREAM);
    crowd.hub.must(&again);
    wait_until("the stream is there again", || cluster.messages(STREAM).len() == kept);
    crowd.settle();
    eprintln!("{changes} changes, {kept} events, killed: {killed:?}");
    crowd.part();
}

/// 1. Four persons change their fields all the time. 2. Again and again PostgreSQL, the hub or both are killed. 3. While PostgreSQL is
///    dead one of them revokes, and hears nothing. 4. Once everything runs, the tables hold the hub's log, each event once; the values
///    that the hub holds, and no other.
#[test]
fn tables_of_postgresql_hold_every_event_once_and_the_present_values_whoever_is_killed() {
    let (dir, seed) = (tempfile::tempdir().unwrap(), seed("kills around PostgreSQL"));
    let mut database = match Database::start(dir.path()) {
        Ok(database) => database,
        Err(why) => return skipped("kills around PostgreSQL", &why),
    };
    let mut crowd = Crowd::meet(dir.path(), &database.section(), PERSONS);
    crowd.work(seed);
    let mut random = Random::part(seed, 1);
    let mut killed = BTreeMap::new();
    for round in 0..rounds(9, 90) {
        pause(&mut random, WORK_MS_MAX);
        let whom = ["PostgreSQL", "hub", "both"][(round % 3) as usize];
        *killed.entry(whom).or_insert(0) += 1;
        if whom != "hub" {
            database.kill();
        }
        if whom != "PostgreSQL" {
            again(&mut crowd);
        }
        pause(&mut random, DEAD_MS_MAX);
        database.run();
    }
    let changes = crowd.rest();
    crowd.settle();
    compare_tables(&crowd, &database);

    database.kill();
    crowd.revoke();
    std::thread::park_timeout(SILENCE);
    assert!(!crowd.has_receipt(), "a receipt for what PostgreSQL does not have");
    again(&mut crowd);
    database.run();
    wait_until("the receipt comes", || crowd.has_receipt());
    crowd.settle();
    compare_tables(&crowd, &database);
    let erased = "select count(*) from freehold.grant_history where ended_by = 'revoked'";
    assert_eq!(database.rows(erased), ["1"]);

    // Whatever is sent again changes nothing, and brings no value back.
    let before = database.rows(EVERYTHING);
    crowd.hub.must(&hub::Replay { since: "2020-01-01T00:00:00Z".to_owned(), sink: None });
    crowd.settle();
    assert_eq!(database.rows(EVERYTHING), before);
    describe(&database);
    eprintln!("{changes} changes, {} events, killed: {killed:?}", crowd.events().len());
    crowd.part();
}

/// A digest of all that analysts see.
const EVERYTHING: &str =
    "select md5(string_agg(v::text, '' order by v::text)) from freehold.customer_current v
    union all select md5(string_agg(v::text, '' order by v::text)) from freehold.grant_current v
    union all select md5(string_agg(v::text, '' order by v::text)) from freehold.event_log v
    union all select md5(string_agg(v::text, '' order by v::text)) from freehold.outcome_log v";

/// Everything that analysts see has a comment, and every table is keyed by the relationship first.
fn describe(database: &Database) {
    let bare = "select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where nspname in ('freehold', 'freehold_tables') and relkind in ('r', 'v') and obj_description(c.oid) is null";
    assert_eq!(database.rows(bare), Vec::<String>::new());
    let bare = "select c.relname || '.' || a.attname from pg_class c join pg_namespace n on n.oid = c.relnamespace
        join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 where nspname = 'freehold_tables' and relkind = 'r'
        and col_description(c.oid, a.attnum) is null";
    assert_eq!(database.rows(bare), Vec::<String>::new());
    let first = "select distinct a.attname from pg_index i join pg_class c on c.oid = i.indrelid
        join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid and a.attnum = i.indkey[0]
        where nspname = 'freehold_tables' and indisprimary and c.relname not in ('cursor', 'version')";
    assert_eq!(database.rows(first), ["relationship"]);
}

/// A database that begins long after the hub gets what is held; one that was put back gets what it lacks.
#[test]
fn tables_that_begin_later_or_are_put_back_get_what_they_lack() {
    let (dir, seed) = (tempfile::tempdir().unwrap(), seed("tables that begin later"));
    let database = match Database::start(dir.path()) {
        Ok(database) => database,
        Err(why) => return skipped("tables that begin later", &why),
    };
    let mut crowd = Crowd::meet(dir.path(), &database.section(), 2);
    crowd.work(seed);
    pause(&mut Random::new(seed), WORK_MS_MAX);
    crowd.rest();
    crowd.settle();
    compare_tables(&crowd, &database);
    // As if the tables were those of some events before.
    forget(
        &database,
        "update freehold_tables.cursor set n = 3; delete from freehold_tables.events where n > 3",
    );
    forget(&database, "update freehold_tables.fields set value = 'old', n = 3");
    wait_until("what is lacking comes", || {
        let place = database.rows("select n from freehold.hub_progress");
        place == [crowd.events().len().to_string()]
    });
    crowd.settle();
    compare_tables(&crowd, &database);
    crowd.part();
}

/// 1. A hub has a file alone. 2. Forty days later its events are forgotten. 3. It is given tables: they get what is held, with what
///    it may be used for.
#[test]
fn tables_that_begin_after_events_were_forgotten_get_what_is_held() {
    let dir = tempfile::tempdir().unwrap();
    let database = match Database::start(dir.path()) {
        Ok(database) => database,
        Err(why) => return skipped("tables that begin late", &why),
    };
    let home = dir.path().join("hub");
    std::fs::create_dir(&home).unwrap();
    let key = Seed::generate().unwrap();
    let listening = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut config = HubConfig::new("Acme");
    config.listen = vec![format!("/ip4/127.0.0.1/tcp/{listening}")];
    config.sinks.jsonl = Some("events.jsonl".into());
    let days_later = |days: u64| {
        let now =
            move || SystemTime::UNIX_EPOCH.elapsed().unwrap() + Duration::from_secs(days * 24 * 60 * 60);
        Arc::new(move || Timestamp::from_millis(u64::try_from(now().as_millis()).unwrap()))
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let eventually = |what: &str, holds: &mut dyn FnMut() -> bool| {
        wait_until(what, || runtime.block_on(async { holds() }))
    };

    let hub = runtime.block_on(Hub::start(&home, &key, config.clone(), days_later(0))).unwrap();
    let link = runtime.block_on(async {
        hub.ask(ASK, "ask.toml").await.unwrap();
        hub.invite(Some("C-0".into()), None, Duration::from_secs(600)).await.unwrap().link
    });
    let met = runtime.block_on(member(&link, 7));
    eventually("the value is delivered", &mut || hub.stats().updates > 0 && hub.stats().events_pending == 0);
    runtime.block_on(met.person.stop());
    runtime.block_on(hub.stop());

    let hub = runtime.block_on(Hub::start(&home, &key, config.clone(), days_later(40))).unwrap();
    eventually("events are forgotten", &mut || hub.events(0, 10).is_empty());
    runtime.block_on(hub.stop());

    config.sinks.postgres = Some(TablesConfig::new(&database.url()));
    let hub = runtime.block_on(Hub::start(&home, &key, config, days_later(40))).unwrap();
    wait_until("the tables have what is held", || {
        let rows = database
            .query("select customer, path, value, array_length(purposes, 1) from freehold.field_current order by path");
        rows == Ok(vec!["C-0|address.home.street|Hauptstr. 7|1".to_owned(), "C-0|x.counter|0|1".to_owned()])
    });
    assert_eq!(
        database.rows("select path from freehold.grant_current order by 1"),
        ["address.home.street", "x.counter"]
    );
    runtime.block_on(hub.stop());
}

fn forget(database: &Database, sql: &str) {
    let _ = database.rows(sql);
}
