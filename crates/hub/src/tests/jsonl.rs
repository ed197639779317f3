//! The file of JSON lines over a store that fails.

use freehold_protocol::data::OUTCOME;

use super::{full_hub, hub, jsonl, relationship, told, update};
use crate::sinks::feed::Feed;
use crate::sinks::jsonl::Lines;

/// 1. Two events are in the log, and the disk is full for the store. 2. The file gets their lines once, however often
///    settling fails. 3. A third event comes once there is room: everything is settled, and its line is added.
#[tokio::test]
async fn a_store_that_takes_nothing_gets_no_line_written_twice() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("events.jsonl");
    let written = || std::fs::read_to_string(&path).unwrap().lines().count();
    let shared = hub(dir.path(), jsonl());
    let known = relationship(&shared, &[], 1);
    update(&shared, &known, 1, &["phone.mobile"]);
    update(&shared, &known, 2, &["phone.mobile"]);
    shared.store.clone().close().await.unwrap();
    drop(shared);

    let mut lines = Feed::new(Lines::new(path.clone()));
    let full = full_hub(dir.path(), jsonl());
    for _ in 0..3 {
        lines.step(&full).await.unwrap_err();
        assert_eq!(written(), 2);
    }
    assert!(told(&full, &known).is_empty());
    full.store.clone().close().await.unwrap();
    drop(full);

    let shared = hub(dir.path(), jsonl());
    update(&shared, &known, 3, &["phone.mobile"]);
    while lines.step(&shared).await.unwrap() {}
    assert_eq!(written(), 3);
    assert_eq!(told(&shared, &known), [OUTCOME; 3]);
}
