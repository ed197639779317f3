//! What a sink holds, against the log of the hub that filled it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::sinks::cluster::Cluster;
use crate::sinks::crowd::Crowd;
use crate::sinks::database::Database;

/// The ids of a list of events by relationship, in order.
fn by_customer<'a>(ids: impl Iterator<Item = &'a str>) -> BTreeMap<String, Vec<String>> {
    let mut of: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for id in ids {
        // A UUID has 36 characters, and stands first.
        of.entry(id[..36].to_owned()).or_default().push(id.to_owned());
    }
    of
}

fn id(event: &Value) -> &str {
    event["id"].as_str().expect("every event has an id")
}

/// A stream holds the hub's log: every id once, each customer's in order, without what was erased. Gives how many messages it has.
///
/// # Panics
/// When it does not.
#[must_use]
pub fn compare_stream(crowd: &Crowd, cluster: &Cluster, stream: &str) -> usize {
    let (mut log, stored) = (crowd.events(), cluster.messages(stream));
    // Updates of which the erasure has left nothing are deleted from the stream.
    log.retain(|event| event["data"]["fields"].as_object().is_none_or(|fields| !fields.is_empty()));
    let duplicates = stored.len() - stored.iter().map(|message| &message.id).collect::<BTreeSet<_>>().len();
    assert_eq!(duplicates, 0, "of {}", stored.len());
    assert_eq!(
        by_customer(stored.iter().map(|message| message.id.as_str())),
        by_customer(log.iter().map(id))
    );
    for message in &stored {
        let event = log.iter().find(|event| id(event) == message.id).expect("it was compared");
        let kind = event["type"].as_str().and_then(|kind| kind.rsplit('.').next()).unwrap_or_default();
        assert_eq!(message.subject, format!("freehold.{}.{kind}", &message.id[..36]));
        assert_eq!((id(&message.body), &message.body["type"]), (id(event), &event["type"]));
    }
    log.len()
}

/// Tables hold the hub's log, each event once, and the values that the hub holds, and no other.
///
/// # Panics
/// When they do not.
pub fn compare_tables(crowd: &Crowd, database: &Database) {
    let log = crowd.events();
    let told = database.rows("select id from freehold.event_log order by n");
    assert_eq!(told, log.iter().map(id).collect::<Vec<_>>());
    let place = format!("{}", log.len());
    assert_eq!(database.rows("select n from freehold.hub_progress"), [place]);

    let held: BTreeSet<String> = crowd
        .held()
        .into_iter()
        .flat_map(|(customer, fields)| {
            fields
                .into_iter()
                .map(move |(path, value)| format!("{customer}|{path}|{}", value.unwrap_or_default()))
        })
        .collect();
    let values = database.rows("select relationship, path, value from freehold.field_current");
    assert_eq!(values.into_iter().collect::<BTreeSet<_>>(), held);
    assert_eq!(database.rows("select count(*) from freehold_tables.fields"), [held.len().to_string()]);

    let unanswered = "select id from freehold.event_log e where type = 'dev.freehold.update' and not exists
        (select from freehold.outcome_log o where o.event = e.id and outcome = 'applied' and system = 'postgres')";
    assert_eq!(database.rows(unanswered), Vec::<String>::new());
    // An event's values are in no table but that of fields.
    let listed = "select count(*) from freehold_tables.events e where e::text ~ 'Lindenweg|Hauptstr'";
    assert_eq!(database.rows(listed), ["0"]);
}
