//! The worker step by step, without a receiver.

use std::time::{Duration, Instant};

use freehold_outbound::{Client, Policy};
use freehold_protocol::time::Timestamp;
use freehold_webhook::{RetryPolicy, Secret, Webhook};

use super::*;
use crate::log::{Hook, Record};
use crate::shared::Answers;
use crate::sinks::{dead, retry};
use crate::tests::{NOW, erase, hub, relationship, update, write};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn worker(shared: &Arc<Shared>, url: &str) -> Worker {
    let client = Client::new(Policy::configured()).unwrap();
    let webhook = Webhook::new(url, vec![Secret::generate().unwrap()], client).unwrap();
    let mut worker = Worker::new(Arc::clone(shared), webhook, RetryPolicy::default());
    worker.begin().unwrap();
    worker.fill().unwrap();
    worker
}

fn settle(shared: &Shared, n: u64, hook: Hook) {
    write(shared, move |txn| {
        Record::load(txn, n)?.unwrap().settle(txn, hook);
        Ok(())
    });
}

fn dead_hook() -> Hook {
    Hook::Dead { attempts: 10, reason: "down".into(), at: NOW }
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
    assert_eq!(worker.queues.take_off(Instant::now()), Some((known.id.clone(), first)));
    // It fails, which is written down; before the worker hears of it, the person says stop.
    put_off(&shared, first);
    let erasure = erase(&shared, &known, 2, &["phone.mobile"]);
    worker.fill().unwrap();
    worker.land(known.id.clone(), first, Landing::Again(DAY)).await;
    assert_eq!(worker.queues.take_off(Instant::now()), Some((known.id, erasure)));
}

/// 1. Of three events one is dead and the others are delivered; the cursor is behind them. 2. The dead letter is due
///    again, fails once, and the hub starts again. 3. It is delivered, after another start nothing is due.
#[tokio::test]
async fn a_dead_letter_that_is_due_again_outlives_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let shared = hub(dir.path(), crm(), false);
    let known = relationship(&shared, &[], 1);
    let numbers: Vec<u64> = (1..=3).map(|seq| update(&shared, &known, seq, &["phone.mobile"])).collect();
    settle(&shared, numbers[0], Hook::Done);
    settle(&shared, numbers[1], dead_hook());
    settle(&shared, numbers[2], Hook::Done);
    let mut first = worker(&shared, "https://crm.example/");
    first.write_cursor().await;
    assert_eq!((first.pending(), dead(&shared.store).unwrap()), (0, vec![numbers[1]]));

    assert_eq!(retry(&shared, None).await.unwrap(), 1);
    first.recall();
    first.fill().unwrap();
    assert_eq!((first.pending(), dead(&shared.store).unwrap()), (1, vec![]));
    put_off(&shared, numbers[1]);
    let mut second = worker(&shared, "https://crm.example/");
    assert_eq!((second.pending(), second.queues.take_off(Instant::now())), (1, None));
    assert_eq!(second.queues.take_off(Instant::now() + DAY), Some((known.id.clone(), numbers[1])));

    settle(&shared, numbers[1], Hook::Done);
    assert_eq!(worker(&shared, "https://crm.example/").pending(), 0);
    // Dead again, and retried again.
    settle(&shared, numbers[1], dead_hook());
    assert_eq!(worker(&shared, "https://crm.example/").pending(), 0);
    assert_eq!(dead(&shared.store).unwrap(), [numbers[1]]);
    retry(&shared, Some(numbers[1])).await.unwrap();
    assert_eq!(worker(&shared, "https://crm.example/").pending(), 1);
}

#[tokio::test]
async fn a_dead_letter_that_is_due_again_does_not_hold_the_cursor() {
    let dir = tempfile::tempdir().unwrap();
    let shared = hub(dir.path(), crm(), false);
    let known = relationship(&shared, &[], 1);
    let dead = update(&shared, &known, 1, &["phone.mobile"]);
    settle(&shared, dead, dead_hook());
    worker(&shared, "https://crm.example/").write_cursor().await;
    retry(&shared, None).await.unwrap();
    let mut worker = worker(&shared, "https://crm.example/");
    let later = update(&shared, &known, 2, &["email.personal"]);
    settle(&shared, later, Hook::Done);
    worker.fill().unwrap();
    worker.write_cursor().await;
    assert_eq!((cursor(&shared.store, WEBHOOK).unwrap(), worker.pending()), (later, 1));
}
