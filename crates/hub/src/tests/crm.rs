//! A CRM as a receiver beside others: who answers, what the receipt says, and where it begins.

use freehold_mailbox::Mailbox;
use freehold_protocol::data::{self, Carried, ERASURE, OUTCOME, Outcome, OutcomeKind};
use freehold_protocol::document::{Document, ErasureLine, ErasureResult, ErasureSubject};
use freehold_protocol::mailbox::EntryBody;
use freehold_webhook::RetryPolicy;

use super::*;
use crate::log::Hook;
use crate::sinks::delivery::{Delivery, FieldOutcome, Said};
use crate::sinks::worker::attempt::settle;
use crate::sinks::{Receiver, crm};

/// A webhook and a CRM.
fn both() -> Sinks {
    Sinks::new(&[], Some("crm.example".into()), Some("tryton".into()))
}

async fn take(shared: &Arc<Shared>, receiver: Receiver, n: u64, said: Said) {
    settle(shared, receiver, RetryPolicy::default(), n, Delivery::Taken(said)).await.unwrap();
}

fn waiting(shared: &Shared, known: &Relationship) -> Vec<u8> {
    let entry = Mailbox::new(&known.id).waiting(&shared.store).unwrap().remove(0);
    let EntryBody::Fixed(body) = entry.body else { panic!("{:?}", entry.body) };
    body
}

#[tokio::test]
async fn the_crm_tells_what_became_of_an_update_and_the_webhook_does_not() {
    let dir = tempfile::tempdir().unwrap();
    let shared = hub(dir.path(), both());
    let known = relationship(&shared, &[], 1);
    let n = update(&shared, &known, 1, &["phone.mobile", "email.personal"]);
    take(&shared, Receiver::Webhook, n, Said::default()).await;
    assert!(told(&shared, &known).is_empty());
    assert!(record(&shared, n).hook(Receiver::Crm).is_due());

    let conflict = FieldOutcome {
        path: "phone.mobile".into(),
        outcome: OutcomeKind::Conflict,
        system: None,
        detail: Some("contact 4711".into()),
    };
    take(&shared, Receiver::Crm, n, Said { outcomes: vec![conflict], ..Said::default() }).await;
    assert_eq!(told(&shared, &known), [OUTCOME]);
    let outcome = Outcome::decode(&waiting(&shared, &known)).unwrap();
    let lines = outcome.results.iter().map(|line| (line.path.as_str(), line.outcome, &*line.system));
    assert_eq!(
        lines.collect::<Vec<_>>(),
        [
            ("email.personal", OutcomeKind::Applied, "tryton"),
            ("phone.mobile", OutcomeKind::Conflict, "tryton"),
        ]
    );
}

/// 1. The CRM has erased one path and keeps the other; the webhook has not answered yet. 2. It answers: the receipt says so.
#[tokio::test]
async fn what_the_crm_keeps_stands_in_the_receipt_whoever_is_last() {
    for crm_first in [true, false] {
        let dir = tempfile::tempdir().unwrap();
        let shared = hub(dir.path(), both());
        let known = relationship(&shared, &[], 1);
        let n = erase(&shared, &known, 1, &["phone.mobile", "email.personal"]);
        let kept = ErasureLine {
            path: paths(&["phone.mobile"]).pop_first().unwrap(),
            result: ErasureResult::Kept,
            exception: Some("https://w3id.org/dpv/legal/eu/gdpr#JustificationA17LegallyRequired".into()),
            until: None,
        };
        let said = Said { not_erased: vec![kept.clone()], ..Said::default() };
        if crm_first {
            take(&shared, Receiver::Crm, n, said).await;
            assert!(told(&shared, &known).is_empty());
            take(&shared, Receiver::Webhook, n, Said::default()).await;
        } else {
            take(&shared, Receiver::Webhook, n, Said::default()).await;
            assert!(told(&shared, &known).is_empty());
            take(&shared, Receiver::Crm, n, said).await;
        }
        assert_eq!(told(&shared, &known), [ERASURE], "{crm_first}");
        let document = data::decode::<Carried>(&waiting(&shared, &known)).unwrap().document;
        let receipt = Document::<ErasureSubject>::read(&document).unwrap();
        let results = &receipt.subject().results;
        assert!(results.contains(&kept), "{results:?}");
        assert_eq!(results.iter().filter(|line| line.result == ErasureResult::Erased).count(), 1);
    }
}

#[tokio::test]
async fn a_crm_that_is_new_begins_with_what_happens_from_now_on() {
    let dir = tempfile::tempdir().unwrap();
    let shared = hub(dir.path(), webhook());
    let known = relationship(&shared, &[], 1);
    let before = update(&shared, &known, 1, &["phone.mobile"]);
    shared.store.clone().close().await.unwrap();
    drop(shared);

    let shared = hub(dir.path(), both());
    crm::begin(&shared).await.unwrap();
    assert_eq!(*record(&shared, before).hook(Receiver::Crm), Hook::Done);
    assert!(record(&shared, before).hook(Receiver::Webhook).is_due());
    assert_eq!(Receiver::Crm.cursor(&shared.store).unwrap(), Some(before));
    let after = update(&shared, &known, 2, &["phone.mobile"]);
    // A later start changes nothing.
    crm::begin(&shared).await.unwrap();
    assert!(record(&shared, after).hook(Receiver::Crm).is_due());
}

#[tokio::test]
async fn a_dead_letter_of_one_receiver_is_not_one_of_the_other() {
    let dir = tempfile::tempdir().unwrap();
    let shared = hub(dir.path(), both());
    let known = relationship(&shared, &[], 1);
    let n = update(&shared, &known, 1, &["phone.mobile"]);
    let refused = Delivery::Refused { reason: "the CRM does not take it".into() };
    settle(&shared, Receiver::Crm, RetryPolicy::default(), n, refused).await.unwrap();
    take(&shared, Receiver::Webhook, n, Said::default()).await;
    let letters = shared.dead_letters().unwrap();
    assert_eq!(
        letters.iter().map(|letter| (letter.n, letter.sink)).collect::<Vec<_>>(),
        [(n, Receiver::Crm)]
    );
    // The person was told so, and is told again once it is taken.
    assert_eq!(told(&shared, &known), [OUTCOME]);
    assert_eq!(crate::sinks::retry(&shared, Some(n)).await.unwrap(), 1);
    assert!(shared.dead_letters().unwrap().is_empty());
    take(&shared, Receiver::Crm, n, Said::default()).await;
    assert_eq!(told(&shared, &known), [OUTCOME, OUTCOME]);
}
