use freehold_mailbox::record::save_erasable;
use freehold_protocol::data::OutcomeKind;

use super::*;
use crate::shared::Shared;
use crate::sinks::answer;
use crate::tests::{NOW, alone, grant, hub, jsonl, record, relationship, update, write};

fn count(shared: &Shared, what: What) -> (u64, u64) {
    let sum = sum(&shared.store, what).unwrap();
    (sum.entries, sum.pieces)
}

#[test]
fn an_address_is_corrected_when_another_one_takes_its_place() {
    let dir = tempfile::tempdir().unwrap();
    let shared = hub(dir.path(), alone());
    let known = relationship(&shared, &[1], 1);
    let id = known.id.clone();
    write(&shared, move |txn| {
        for (path, value) in [
            ("address.home.street", Some("Old Road 1")),
            ("address.home.locality", Some("Oldtown")),
            ("address.work.street", None),
            ("phone.mobile", Some("+15550100")),
        ] {
            let path = Path::parse(path).unwrap();
            let key = tables::value(txn, &id, &grant(), &path);
            save_erasable(txn, key, &HeldValue { path, value: value.map(str::to_owned), seq: 1, at: NOW });
        }
        Ok(())
    });
    let check = |fields: &[(&str, Option<&str>)], expected: u64| {
        let fields: BTreeMap<Path, Option<String>> = fields
            .iter()
            .map(|(path, value)| (Path::parse(path).unwrap(), value.map(str::to_owned)))
            .collect();
        let found = addresses_corrected(&shared.store, &known.id, &grant(), &fields).unwrap();
        assert_eq!(found, expected, "{fields:?}");
    };
    check(&[("address.home.street", Some("New Road 2"))], 1);
    check(&[("address.home.street", Some("New Road 2")), ("address.home.locality", Some("Newtown"))], 1);
    check(&[("address.home.street", Some("Old Road 1"))], 0);
    check(&[("address.home.street", None)], 0);
    check(&[("address.work.street", Some("New Road 2"))], 0);
    check(&[("address.billing.street", Some("New Road 2"))], 0);
    check(&[("phone.mobile", Some("+15550199"))], 0);
}

#[test]
fn what_a_system_says_is_counted_apart_from_what_it_merely_took_and_once() {
    let dir = tempfile::tempdir().unwrap();
    let shared = hub(dir.path(), jsonl());
    let known = relationship(&shared, &[1], 1);
    let told = |seq: u64, kind: OutcomeKind, said: bool| {
        let n = update(&shared, &known, seq, &["phone.mobile"]);
        let record = record(&shared, n);
        let line = OutcomeLine {
            path: Path::parse("phone.mobile").unwrap(),
            outcome: kind,
            system: "crm".into(),
            detail: None,
        };
        for _ in 0..2 {
            let (record, line) = (record.clone(), line.clone());
            let now = Timestamp::from_millis(NOW.millis() + 1_500);
            let shared_by = std::sync::Arc::clone(&shared);
            write(&shared, move |txn| answered(txn, &shared_by, &record, &[line], said, now));
        }
    };
    told(1, OutcomeKind::Applied, true);
    told(2, OutcomeKind::Applied, false);
    told(3, OutcomeKind::Duplicate, true);
    told(4, OutcomeKind::Refused, true);
    assert_eq!(count(&shared, What::Confirmed), (1, 1));
    assert_eq!(count(&shared, What::Taken), (1, 1));
    assert_eq!(count(&shared, What::DuplicateAvoided), (1, 1));
    assert_eq!(count(&shared, What::NotApplied), (2, 2));
    assert_eq!(latest(&shared.store, What::Confirmed, 9).unwrap()[0].millis, Some(1_500));
}

#[test]
fn the_answer_of_a_sink_is_counted_in_the_transaction_that_notes_it() {
    let dir = tempfile::tempdir().unwrap();
    let shared = hub(dir.path(), jsonl());
    let known = relationship(&shared, &[1], 1);
    let n = update(&shared, &known, 1, &["phone.mobile"]);
    let by = std::sync::Arc::clone(&shared);
    let mut taken = record(&shared, n);
    write(&shared, move |txn| answer::taken(txn, &by, true, &mut taken, &[], NOW));
    assert_eq!(count(&shared, What::Taken), (1, 1));
}

/// Adds receipts of events with these numbers.
fn add_all(shared: &std::sync::Arc<Shared>, what: What, numbers: std::ops::RangeInclusive<u64>) {
    let id = freehold_protocol::id::RelationshipId::from_entropy([1; 16]);
    let numbers: Vec<u64> = numbers.collect();
    for numbers in numbers.chunks(1_000) {
        let (numbers, id) = (numbers.to_vec(), id.clone());
        write(shared, move |txn| numbers.iter().try_for_each(|n| add(txn, what, &Entry::new(*n, &id, NOW))));
    }
}

fn kept(shared: &Shared, what: What) -> Vec<u64> {
    latest(&shared.store, what, usize::MAX).unwrap().iter().rev().map(|entry| entry.n).collect()
}

#[test]
fn receipts_are_bounded_the_oldest_go_first_and_the_sum_counts_all() {
    let dir = tempfile::tempdir().unwrap();
    let shared = hub(dir.path(), alone());
    let most = KEPT_MAX + FORGOTTEN_AT_ONCE;
    add_all(&shared, What::Taken, 1..=most);
    assert_eq!(kept(&shared, What::Taken).len() as u64, most);
    add_all(&shared, What::Taken, most + 1..=most + 1);
    let left: Vec<u64> = (FORGOTTEN_AT_ONCE + 1..=most + 1).collect();
    assert_eq!(kept(&shared, What::Taken), left);
    add_all(&shared, What::Taken, most + 2..=3 * most);
    let left = kept(&shared, What::Taken);
    assert!((KEPT_MAX..=most).contains(&(left.len() as u64)), "{}", left.len());
    assert!(left.windows(2).all(|pair| pair[1] == pair[0] + 1) && left.last() == Some(&(3 * most)));
    assert_eq!(count(&shared, What::Taken), (3 * most, 3 * most));
    assert_eq!(sum(&shared.store, What::Taken).unwrap().kept, left.len() as u64);
}

#[test]
fn an_event_is_counted_once_in_whatever_order_and_after_an_older_hub() {
    #[derive(Serialize)]
    struct Older {
        entries: u64,
        pieces: u64,
        millis: u64,
        kept: u64,
    }
    let dir = tempfile::tempdir().unwrap();
    let shared = hub(dir.path(), alone());
    add_all(&shared, What::Confirmed, 5..=7);
    // As that one has left it.
    write(&shared, |txn| {
        let older = Older { entries: 3, pieces: 3, millis: 0, kept: 3 };
        save(txn, tables::worth_sum(What::Confirmed as u8), &older);
        Ok(())
    });
    for numbers in [6..=6, 9..=9, 7..=9, 8..=8, 3..=5, 3..=9] {
        add_all(&shared, What::Confirmed, numbers);
    }
    assert_eq!(kept(&shared, What::Confirmed), [3, 4, 5, 6, 7, 8, 9]);
    assert_eq!(count(&shared, What::Confirmed), (7, 7));
}
