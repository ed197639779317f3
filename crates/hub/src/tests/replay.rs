//! Events that are sent again.

use freehold_protocol::data::OUTCOME;
use freehold_protocol::path::Path;

use super::{NOW, grant, hub, jsonl, record, relationship, told, update, webhook, write};
use crate::held::{self, HeldValue};
use crate::log::{Hook, Record};
use crate::sinks::Receiver;
use crate::sinks::feed::Feed;
use crate::sinks::jsonl::Lines;
use crate::sinks::replay::{ReplayError, replay};

/// 1. A file has two events. 2. The second is asked for again, and a third happens. 3. The file gets both, in order, with their ids;
///    persons are told once.
#[tokio::test]
async fn a_stream_that_is_replayed_goes_on_to_the_present_and_persons_are_not_told_again() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("events.jsonl");
    let shared = hub(dir.path(), jsonl());
    let known = relationship(&shared, &[], 1);
    update(&shared, &known, 1, &["phone.mobile"]);
    update(&shared, &known, 2, &["phone.mobile"]);
    let mut lines = Feed::new(Lines::new(path.clone()));
    while lines.step(&shared).await.unwrap() {}

    let replayed = replay(&shared, "2", Some("jsonl")).await.unwrap();
    assert_eq!((replayed.from, replayed.events), (2, 1));
    update(&shared, &known, 3, &["phone.mobile"]);
    while lines.step(&shared).await.unwrap() {}
    let text = std::fs::read_to_string(&path).unwrap();
    let events = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let ids: Vec<String> = events.map(|event| event["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids, [1, 2, 2, 3].map(|seq| format!("{}-{seq}", known.uuid())));
    assert_eq!(told(&shared, &known), [OUTCOME; 3]);
}

#[tokio::test]
async fn a_receiver_gets_again_what_it_has_taken_less_what_was_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let shared = hub(dir.path(), webhook());
    let known = relationship(&shared, &[], 1);
    for seq in [1, 2] {
        let n = update(&shared, &known, seq, &["phone.mobile"]);
        write(&shared, move |txn| {
            let mut record = Record::load(txn, n)?.unwrap();
            record.settle(txn, Receiver::Webhook, Hook::Done);
            Ok(())
        });
    }
    let id = known.id.clone();
    write(&shared, move |txn| {
        let path = Path::parse("phone.mobile").unwrap();
        held::save_value(txn, &id, &grant(), &HeldValue { path, value: None, seq: 2, at: NOW });
        Ok(())
    });
    replay(&shared, "1", None).await.unwrap();
    let due = |n: u64| record(&shared, n).hook(Receiver::Webhook).is_due();
    assert_eq!((due(1), due(2)), (false, true));
}

#[tokio::test]
async fn a_time_begins_with_its_first_event_and_nonsense_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let shared = hub(dir.path(), jsonl());
    let known = relationship(&shared, &[], 1);
    update(&shared, &known, 1, &["phone.mobile"]);
    update(&shared, &known, 2, &["phone.mobile"]);
    for (since, from) in [("0", 1), ("2", 2), ("2026-01-01T00:00:00Z", 1), ("2028-01-01T00:00:00Z", 3)] {
        let replayed = replay(&shared, since, None).await.unwrap();
        assert_eq!((replayed.from, replayed.events), (from, 3 - from), "{since}");
    }
    assert!(matches!(replay(&shared, "yesterday", None).await, Err(ReplayError::Since)));
    assert!(matches!(replay(&shared, "1", Some("nats")).await, Err(ReplayError::Unknown { .. })));
}
