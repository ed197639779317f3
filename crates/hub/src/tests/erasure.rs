//! What an erasure does to events that are still on their way.

use super::{hub, record, relationship, update, write};
use crate::log::{Hook, scrub};
use crate::shared::Answers;
use crate::tests::{grant, paths};

#[test]
fn an_update_of_which_nothing_is_left_is_settled_and_others_stay_due() {
    let dir = tempfile::tempdir().unwrap();
    let shared = hub(dir.path(), Answers::Webhook("crm.example".into()), false);
    let known = relationship(&shared, &[], 1);
    let (phone, both) = (&["phone.mobile"][..], &["phone.mobile", "email.personal"][..]);
    let emptied = update(&shared, &known, 1, phone);
    let narrowed = update(&shared, &known, 2, both);
    let emptied_in_two_steps = update(&shared, &known, 3, both);
    let dead = update(&shared, &known, 4, phone);
    let hook = Hook::Dead { attempts: 1, reason: String::new(), at: Default::default() };
    let given_up = hook.clone();
    write(&shared, move |txn| {
        let mut record = crate::log::Record::load(txn, dead)?.unwrap();
        record.webhook = given_up;
        record.save(txn);
        let mut record = crate::log::Record::load(txn, emptied_in_two_steps)?.unwrap();
        record.withdraw(txn, &paths(&["email.personal"]), "superseded")
    });

    let id = known.id.clone();
    write(&shared, move |txn| scrub(txn, &id, &grant(), &paths(phone)));
    assert_eq!(record(&shared, emptied).webhook, Hook::Done);
    assert_eq!(record(&shared, emptied_in_two_steps).webhook, Hook::Done);
    assert!(record(&shared, narrowed).webhook.is_due());
    assert_eq!(record(&shared, narrowed).paths, paths(&["email.personal"]));
    // The vendor still sees that it never took this one.
    assert_eq!(record(&shared, dead).webhook, hook);
}
