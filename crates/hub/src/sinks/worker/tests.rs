//! The worker step by step.

use std::sync::atomic::AtomicU64;

use freehold_mailbox::Mailbox;
use freehold_outbound::{Client, Policy};
use freehold_protocol::data::{ERASURE, Outcome, OutcomeKind};
use freehold_protocol::mailbox::EntryBody;
use freehold_protocol::time::Timestamp;
use freehold_webhook::Secret;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;
use crate::relationship::Relationship;
use crate::sinks::delivery::{Delivery, Said};
use crate::sinks::feed::Feed;
use crate::sinks::jsonl::Lines;
use crate::sinks::worker::attempt::settle as settle_delivery;
use crate::sinks::{Sinks, Stream, dead, retry};
use crate::tests::{NOW, erase, full_hub, hub, record, relationship, told, update, webhook, write};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn worker(shared: &Arc<Shared>, url: &str) -> Worker {
    let client = Client::new(Policy::configured()).unwrap();
    let webhook = Webhook::new(url, vec![Secret::generate().unwrap()], client).unwrap();
    let mut worker = Worker::new(Arc::clone(shared), Target::Webhook(webhook), RetryPolicy::default());
    worker.begin().unwrap();
    worker.fill().unwrap();
    worker
}

/// An event that has not been delivered.
fn fresh(known: &Relationship, n: u64) -> Option<Flight> {
    Some(Flight { relationship: known.id.clone(), n, answered: None })
}

fn settle(shared: &Shared, n: u64, hook: Hook) {
    write(shared, move |txn| {
        Record::load(txn, n)?.unwrap().settle(txn, Receiver::Webhook, hook);
        Ok(())
    });
}

fn dead_hook() -> Hook {
    Hook::Dead { attempts: 10, reason: "down".into(), at: NOW }
}

/// A webhook and the file.
fn both() -> Sinks {
    Sinks::new(&[Stream::Jsonl], Some("crm.example".into()), None)
}

/// An attempt has failed, and the next one is a day away.
fn put_off(shared: &Shared, n: u64) {
    write(shared, move |txn| {
        let mut record = Record::load(txn, n)?.unwrap();
        let not_before = Timestamp::from_millis(NOW.millis() + DAY.as_millis() as u64);
        record.hang(Receiver::Webhook, Hook::Due { attempts: 9, not_before });
        record.save(txn);
        Ok(())
    });
}

/// Starts what is due by then, and takes what becomes of it.
async fn fly(worker: &mut Worker, now: Instant) {
    worker.fill().unwrap();
    worker.take_off(now);
    while let Some(landed) = worker.flights.join_next().await {
        let (relationship, n, landing) = landed.unwrap();
        worker.land(relationship, n, landing).await;
    }
}

/// A receiver that answers everything with the same outcome; gives its address and how often it was asked.
async fn receiver() -> (String, Arc<AtomicU64>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let asked = Arc::new(AtomicU64::new(0));
    let counting = Arc::clone(&asked);
    tokio::spawn(async move {
        let body = r#"{"outcomes":[{"path":"phone.mobile","outcome":"conflict","system":"crm"}]}"#;
        let head =
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: ";
        while let Ok((mut stream, _)) = listener.accept().await {
            counting.fetch_add(1, Ordering::SeqCst);
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                request.push(stream.read_u8().await.unwrap());
            }
            let request = String::from_utf8(request).unwrap().to_lowercase();
            let length = request.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
            stream.read_exact(&mut vec![0; length.parse().unwrap()]).await.unwrap();
            stream.write_all(format!("{head}{}\r\n\r\n{body}", body.len()).as_bytes()).await.unwrap();
            stream.shutdown().await.unwrap();
        }
    });
    (url, asked)
}

/// 1. An event is in the log, and the disk is full for the store. 2. The webhook gets it once, however often settling
///    fails. 3. There is room again: what the webhook answered then is what the person is told.
#[tokio::test]
async fn a_store_that_takes_nothing_has_nothing_delivered_twice() {
    let dir = tempfile::tempdir().unwrap();
    let (url, asked) = receiver().await;
    let shared = hub(dir.path(), webhook());
    let known = relationship(&shared, &[], 1);
    let n = update(&shared, &known, 1, &["phone.mobile"]);
    shared.store.clone().close().await.unwrap();
    drop(shared);

    let full = full_hub(dir.path(), webhook());
    let mut worker = worker(&full, &url);
    for failures in 1..=3 {
        let now = Instant::now();
        fly(&mut worker, now + DAY).await;
        assert_eq!((asked.load(Ordering::SeqCst), worker.pending()), (1, 1));
        assert!(worker.queues.next_due().unwrap() >= now + pause(failures), "it waits longer each time");
    }
    full.store.clone().close().await.unwrap();
    drop(full);
    drop(worker.shared);
    let mut worker = Worker { shared: hub(dir.path(), webhook()), ..worker };

    fly(&mut worker, Instant::now() + DAY).await;
    assert_eq!((asked.load(Ordering::SeqCst), worker.pending()), (1, 0));
    assert_eq!(*record(&worker.shared, n).hook(Receiver::Webhook), Hook::Done);
    let waiting = Mailbox::new(&known.id).waiting(&worker.shared.store).unwrap();
    let EntryBody::Fixed(body) = &waiting[0].body else { panic!("{waiting:?}") };
    let told = Outcome::decode(body).unwrap();
    assert_eq!(told.results[0].outcome, OutcomeKind::Conflict);
}

#[test]
fn an_erasure_does_not_wait_behind_updates_that_it_emptied() {
    let dir = tempfile::tempdir().unwrap();
    let shared = hub(dir.path(), webhook());
    let known = relationship(&shared, &[], 1);
    let first = update(&shared, &known, 1, &["phone.mobile"]);
    update(&shared, &known, 2, &["phone.mobile"]);
    put_off(&shared, first);
    let mut worker = worker(&shared, "https://crm.example/");
    assert_eq!(worker.queues.take_off(Instant::now()), None);

    let erasure = erase(&shared, &known, 3, &["phone.mobile"]);
    worker.fill().unwrap();
    assert_eq!(worker.queues.take_off(Instant::now()), fresh(&known, erasure));
    assert_eq!(worker.queues.in_hand(), 1);
}

#[tokio::test]
async fn an_erasure_does_not_wait_behind_an_update_that_was_under_way() {
    let dir = tempfile::tempdir().unwrap();
    let shared = hub(dir.path(), webhook());
    let known = relationship(&shared, &[], 1);
    let first = update(&shared, &known, 1, &["phone.mobile"]);
    let mut worker = worker(&shared, "https://crm.example/");
    assert_eq!(worker.queues.take_off(Instant::now()), fresh(&known, first));
    // It fails, which is written down; before the worker hears of it, the person says stop.
    put_off(&shared, first);
    let erasure = erase(&shared, &known, 2, &["phone.mobile"]);
    worker.fill().unwrap();
    worker.land(known.id.clone(), first, Landing::Again(DAY)).await;
    assert_eq!(worker.queues.take_off(Instant::now()), fresh(&known, erasure));
}

/// 1. Of three events one is dead and the others are delivered; the cursor is behind them. 2. The dead letter is due
///    again, fails once, and the hub starts again. 3. It is delivered, after another start nothing is due.
#[tokio::test]
async fn a_dead_letter_that_is_due_again_outlives_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let shared = hub(dir.path(), webhook());
    let known = relationship(&shared, &[], 1);
    let numbers: Vec<u64> = (1..=3).map(|seq| update(&shared, &known, seq, &["phone.mobile"])).collect();
    settle(&shared, numbers[0], Hook::Done);
    settle(&shared, numbers[1], dead_hook());
    settle(&shared, numbers[2], Hook::Done);
    let mut first = worker(&shared, "https://crm.example/");
    first.write_cursor().await;
    assert_eq!((first.pending(), dead(&shared.store, Receiver::Webhook).unwrap()), (0, vec![numbers[1]]));

    assert_eq!(retry(&shared, None).await.unwrap(), 1);
    first.recall();
    first.fill().unwrap();
    assert_eq!((first.pending(), dead(&shared.store, Receiver::Webhook).unwrap()), (1, vec![]));
    put_off(&shared, numbers[1]);
    let mut second = worker(&shared, "https://crm.example/");
    assert_eq!((second.pending(), second.queues.take_off(Instant::now())), (1, None));
    assert_eq!(second.queues.take_off(Instant::now() + DAY), fresh(&known, numbers[1]));

    settle(&shared, numbers[1], Hook::Done);
    assert_eq!(worker(&shared, "https://crm.example/").pending(), 0);
    // Dead again, and retried again.
    settle(&shared, numbers[1], dead_hook());
    assert_eq!(worker(&shared, "https://crm.example/").pending(), 0);
    assert_eq!(dead(&shared.store, Receiver::Webhook).unwrap(), [numbers[1]]);
    retry(&shared, Some(numbers[1])).await.unwrap();
    assert_eq!(worker(&shared, "https://crm.example/").pending(), 1);
}

#[tokio::test]
async fn a_dead_letter_that_is_due_again_does_not_hold_the_cursor() {
    let dir = tempfile::tempdir().unwrap();
    let shared = hub(dir.path(), webhook());
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
    assert_eq!((Receiver::Webhook.cursor(&shared.store).unwrap().unwrap(), worker.pending()), (later, 1));
}

/// The webhook has answered; gives the types of the messages that wait for the person then.
async fn answered(shared: &Arc<Shared>, known: &Relationship, n: u64, delivery: Delivery) -> Vec<String> {
    settle_delivery(shared, Receiver::Webhook, RetryPolicy::default(), n, delivery).await.unwrap();
    told(shared, known)
}

fn accepted() -> Delivery {
    Delivery::Taken(Said::default())
}

/// 1. The webhook does not take an erasure, again and again, and at last refuses it: the person hears nothing. 2. It is
///    sent again, and taken: the person gets their receipt, once.
#[tokio::test]
async fn an_erasure_is_receipted_once_the_webhook_has_taken_it() {
    let dir = tempfile::tempdir().unwrap();
    let shared = hub(dir.path(), webhook());
    let known = relationship(&shared, &[], 1);
    let n = erase(&shared, &known, 1, &["phone.mobile"]);
    let down = Delivery::Again { reason: "status 503".into(), after: None };
    let refused = Delivery::Refused { reason: "status 400".into() };
    for delivery in [down.clone(), down, refused] {
        assert!(answered(&shared, &known, n, delivery).await.is_empty());
    }
    assert_eq!(dead(&shared.store, Receiver::Webhook).unwrap(), [n]);
    retry(&shared, None).await.unwrap();
    assert!(told(&shared, &known).is_empty());
    assert_eq!(answered(&shared, &known, n, accepted()).await, [ERASURE]);

    // A receipt is given once, also when the vendor sends the event a third time.
    settle(&shared, n, dead_hook());
    retry(&shared, None).await.unwrap();
    assert_eq!(answered(&shared, &known, n, accepted()).await, [ERASURE]);
}

#[tokio::test]
async fn an_erasure_that_two_sinks_get_is_receipted_by_the_last_one() {
    for webhook_first in [true, false] {
        let dir = tempfile::tempdir().unwrap();
        let shared = hub(dir.path(), both());
        let known = relationship(&shared, &[], 1);
        let n = erase(&shared, &known, 1, &["phone.mobile"]);
        let mut lines = Feed::new(Lines::new(dir.path().join("events.jsonl")));
        if webhook_first {
            assert!(answered(&shared, &known, n, accepted()).await.is_empty());
            while lines.step(&shared).await.unwrap() {}
        } else {
            while lines.step(&shared).await.unwrap() {}
            assert!(told(&shared, &known).is_empty());
            answered(&shared, &known, n, accepted()).await;
        }
        assert_eq!(told(&shared, &known), [ERASURE], "{webhook_first}");
    }
}

#[tokio::test]
async fn with_a_webhook_the_file_tells_nobody_what_became_of_an_update() {
    let dir = tempfile::tempdir().unwrap();
    let shared = hub(dir.path(), both());
    let known = relationship(&shared, &[], 1);
    update(&shared, &known, 1, &["phone.mobile"]);
    let mut lines = Feed::new(Lines::new(dir.path().join("events.jsonl")));
    while lines.step(&shared).await.unwrap() {}
    assert!(told(&shared, &known).is_empty());
}
