//! What an erasure does to events that are still on their way, and when the person is told of it.

use std::collections::BTreeSet;

use freehold_mailbox::Mailbox;
use freehold_protocol::data::{self, Carried, ERASURE};
use freehold_protocol::document::{Document, ErasureResult, ErasureSubject};
use freehold_protocol::mailbox::EntryBody;

use super::{erase, full_hub, grant, hub, jsonl, paths, record, relationship, told, update, webhook, write};
use crate::log::{AnsweredBy, Hook, Record, scrub};
use crate::sinks::Receiver;
use crate::sinks::feed::Feed;
use crate::sinks::jsonl::Lines;

#[test]
fn an_update_of_which_nothing_is_left_is_settled_and_others_stay_due() {
    let dir = tempfile::tempdir().unwrap();
    let shared = hub(dir.path(), webhook());
    let known = relationship(&shared, &[], 1);
    let (phone, both) = (&["phone.mobile"][..], &["phone.mobile", "email.personal"][..]);
    let emptied = update(&shared, &known, 1, phone);
    let narrowed = update(&shared, &known, 2, both);
    let emptied_in_two_steps = update(&shared, &known, 3, both);
    let dead = update(&shared, &known, 4, phone);
    let hook = Hook::Dead { attempts: 1, reason: String::new(), at: Default::default() };
    let given_up = hook.clone();
    write(&shared, move |txn| {
        let mut record = Record::load(txn, dead)?.unwrap();
        record.hang(Receiver::Webhook, given_up);
        record.save(txn);
        let mut record = Record::load(txn, emptied_in_two_steps)?.unwrap();
        record.withdraw(txn, &paths(&["email.personal"]), "superseded")
    });

    let id = known.id.clone();
    write(&shared, move |txn| scrub(txn, &id, &grant(), &paths(phone)));
    assert_eq!(*record(&shared, emptied).hook(Receiver::Webhook), Hook::Done);
    assert_eq!(*record(&shared, emptied_in_two_steps).hook(Receiver::Webhook), Hook::Done);
    assert!(record(&shared, narrowed).hook(Receiver::Webhook).is_due());
    assert_eq!(record(&shared, narrowed).paths, paths(&["email.personal"]));
    // The vendor still sees that it never took this one.
    assert_eq!(*record(&shared, dead).hook(Receiver::Webhook), hook);
}

/// 1. An erasure is in the log, and the disk is full for the store. 2. Its line is on disk, and nobody is told. 3. There is
///    room: the person gets one receipt of their revocation.
#[tokio::test]
async fn an_erasure_is_receipted_once_its_line_is_on_disk_and_noted() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("events.jsonl");
    let shared = hub(dir.path(), jsonl());
    let known = relationship(&shared, &[], 1);
    let n = erase(&shared, &known, 1, &["phone.mobile", "email.personal"]);
    assert!(told(&shared, &known).is_empty());
    shared.store.clone().close().await.unwrap();
    drop(shared);
    let mut lines = Feed::new(Lines::new(path.clone()));
    let full = full_hub(dir.path(), jsonl());
    lines.step(&full).await.unwrap_err();
    assert!(std::fs::read_to_string(&path).unwrap().contains("-erase"));
    assert!(told(&full, &known).is_empty());
    full.store.clone().close().await.unwrap();
    drop(full);

    let shared = hub(dir.path(), jsonl());
    while lines.step(&shared).await.unwrap() {}
    assert_eq!(told(&shared, &known), [ERASURE]);
    let owed = record(&shared, n).owed.unwrap();
    let AnsweredBy::Erasure(revocation) = owed.by else { panic!("{owed:?}") };
    let entry = Mailbox::new(&known.id).waiting(&shared.store).unwrap().remove(0);
    assert_eq!(entry.thread, Some(owed.message));
    let EntryBody::Fixed(body) = entry.body else { panic!("{:?}", entry.body) };
    let document = data::decode::<Carried>(&body).unwrap().document;
    let receipt = Document::<ErasureSubject>::read(&document).unwrap();
    assert_eq!(receipt.subject().revocation, revocation);
    assert_eq!(receipt.subject().id, known.peer);
    let lines = receipt.subject().results.iter();
    let erased = lines.filter(|line| line.result == ErasureResult::Erased).map(|line| line.path.clone());
    assert_eq!(erased.collect::<BTreeSet<_>>(), paths(&["phone.mobile", "email.personal"]));
}
