//! What becomes of dead letters beside being delivered.

use super::{NOW, alone, grant, hub, paths, record, relationship, update, webhook, write};
use crate::held::{HeldValue, save_value};
use crate::log::{Hook, Record, forget};
use crate::relationship::Relationship;
use crate::shared::Shared;
use crate::sinks::{Receiver, dead, retry};
use crate::tables;

/// An update that the webhook did not take.
fn letter(shared: &Shared, known: &Relationship, fields: &[&str]) -> u64 {
    let n = update(shared, known, 1, fields);
    write(shared, move |txn| {
        let hook = Hook::Dead { attempts: 10, reason: "down".into(), at: NOW };
        Record::load(txn, n)?.unwrap().settle(txn, Receiver::Webhook, hook);
        Ok(())
    });
    n
}

#[tokio::test]
async fn a_dead_letter_whose_values_were_all_replaced_is_not_sent_again() {
    let dir = tempfile::tempdir().unwrap();
    let shared = hub(dir.path(), webhook());
    let known = relationship(&shared, &[], 1);
    let stale = letter(&shared, &known, &["phone.mobile"]);
    let (id, path) = (known.id.clone(), paths(&["phone.mobile"]).pop_first().unwrap());
    write(&shared, move |txn| {
        save_value(txn, &id, &grant(), &HeldValue { path, value: None, seq: 2, at: NOW });
        Ok(())
    });
    assert_eq!(retry(&shared, None).await.unwrap(), 1);
    assert_eq!(*record(&shared, stale).hook(Receiver::Webhook), Hook::Done);
    assert!(dead(&shared.store, Receiver::Webhook).unwrap().is_empty());
    assert_eq!(shared.store.scan(&tables::revived(Receiver::Webhook)).count(), 0);
}

#[test]
fn a_dead_letter_that_is_forgotten_is_not_counted_any_more() {
    let dir = tempfile::tempdir().unwrap();
    let shared = hub(dir.path(), alone());
    let known = relationship(&shared, &[], 1);
    let old = letter(&shared, &known, &["phone.mobile"]);
    write(&shared, move |txn| {
        let record = Record::load(txn, old)?.unwrap();
        forget(txn, &record)
    });
    assert!(dead(&shared.store, Receiver::Webhook).unwrap().is_empty());
}
