//! The worker step by step, without a receiver.

use std::time::{Duration, Instant};

use freehold_outbound::{Client, Policy};
use freehold_protocol::time::Timestamp;
use freehold_webhook::{RetryPolicy, Secret, Webhook};

use super::*;
use crate::log::{Hook, Record};
use crate::shared::Answers;
use crate::tests::{NOW, erase, hub, relationship, update, write};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn worker(shared: &Arc<Shared>, url: &str) -> Worker {
    let client = Client::new(Policy::configured()).unwrap();
    let webhook = Webhook::new(url, vec![Secret::generate().unwrap()], client).unwrap();
    let mut worker = Worker::new(Arc::clone(shared), webhook, RetryPolicy::default());
    worker.loaded = cursor(&shared.store, WEBHOOK).unwrap();
    worker.written = worker.loaded;
    worker
}

fn crm() -> Answers {
    Answers::Webhook("crm.example".into())
}

/// An attempt has failed, and the next one is a day away.
fn put_off(shared: &Shared, n: u64) {
    write(shared, move |txn| {
        let mut record = Record::load(txn, n)?.unwrap();
        let not_before = Timestamp::from_millis(NOW.millis() + DAY.as_millis() as u64);
        record.webhook = Hook::Due { attempts: 9, not_before };
        record.save(txn);
        Ok(())
    });
}

#[test]
fn an_erasure_does_not_wait_behind_updates_that_it_emptied() {
    let dir = tempfile::tempdir().unwrap();
    let shared = hub(dir.path(), crm(), false);
    let known = relationship(&shared, &[], 1);
    let first = update(&shared, &known, 1, &["phone.mobile"]);
    update(&shared, &known, 2, &["phone.mobile"]);
    put_off(&shared, first);
    let mut worker = worker(&shared, "https://crm.example/");
    worker.fill().unwrap();
    assert_eq!(worker.queues.take_off(Instant::now()), None);

    let erasure = erase(&shared, &known, 3, &["phone.mobile"]);
    worker.fill().unwrap();
    assert_eq!(worker.queues.take_off(Instant::now()), Some((known.id, erasure)));
    assert_eq!(worker.queues.in_hand(), 1);
}

#[tokio::test]
async fn an_erasure_does_not_wait_behind_an_update_that_was_under_way() {
    let dir = tempfile::tempdir().unwrap();
    let shared = hub(dir.path(), crm(), false);
    let known = relationship(&shared, &[], 1);
    let first = update(&shared, &known, 1, &["phone.mobile"]);
    let mut worker = worker(&shared, "https://crm.example/");
    worker.fill().unwrap();
    assert_eq!(worker.queues.take_off(Instant::now()), Some((known.id.clone(), first)));
    // It fails, which is written down; before the worker hears of it, the person says stop.
    put_off(&shared, first);
    let erasure = erase(&shared, &known, 2, &["phone.mobile"]);
    worker.fill().unwrap();
    worker.land(known.id.clone(), first, Landing::Again(DAY)).await;
    assert_eq!(worker.queues.take_off(Instant::now()), Some((known.id, erasure)));
}
