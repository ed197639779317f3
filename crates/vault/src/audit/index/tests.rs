use std::cell::Cell;

use freehold_protocol::audit::AuditRecord;
use freehold_protocol::code::Code;
use freehold_protocol::identity::SigningKey;
use freehold_store::Entries;

use super::*;
use crate::audit::append;
use crate::scratch::{Scratch, path};

/// Entries of the log that most tests have: some whole blocks and a rest.
const ENTRIES: u64 = 5 * BLOCK + 77;

fn vendor(n: u64) -> Did {
    SigningKey::from_seed(&[n as u8 + 1; 32]).public().did()
}

/// One entry an hour, of three vendors in turn, of which one in fifty is a read and one in seventy a denial.
fn entry_of(n: u64) -> AuditRecord {
    let event = match n {
        n if n.is_multiple_of(50) => AuditEvent::Read { purpose: format!("purpose {}", n / 50 % 2) },
        n if n.is_multiple_of(70) => AuditEvent::Denied { purpose: "purpose 0".into(), code: Code::NoGrant },
        update => AuditEvent::Released { update },
    };
    let paths = [path("phone.mobile"), path(&format!("x.field{}", n % 10))].into();
    let at = Timestamp::from_millis(n * 60 * 60 * 1000);
    AuditRecord { at, vendor: vendor(n % 3), grant: None, paths, event }
}

fn log(entries: u64) -> Scratch {
    let scratch = Scratch::new();
    for first in (1..=entries).step_by(500) {
        let some = first..=entries.min(first + 499);
        scratch.write(move |txn| some.map(entry_of).try_for_each(|entry| append(txn, entry)));
    }
    scratch
}

fn at(n: u64) -> Option<Timestamp> {
    Some(entry_of(n).at)
}

/// The numbers of all entries for which a filter holds, a page after the other.
fn walk(reader: &impl Reader, filter: &Filter, limit: usize) -> Vec<u64> {
    let (mut all, mut filter) = (Vec::new(), filter.clone());
    loop {
        let found = find(reader, &filter, limit).unwrap();
        assert!(found.entries.len() <= limit);
        all.extend(found.entries.iter().map(|entry| entry.n));
        if !found.more {
            return all;
        }
        filter.before = all.last().copied();
    }
}

fn filters() -> Vec<Filter> {
    let none = Filter::default();
    vec![
        none.clone(),
        Filter { vendors: vec![vendor(1)], ..none.clone() },
        Filter { vendors: vec![vendor(1), vendor(2)], ..none.clone() },
        Filter { vendors: vec![vendor(9)], ..none.clone() },
        Filter { path: Some(path("x.field3")), ..none.clone() },
        Filter { path: Some(path("x.field33")), ..none.clone() },
        Filter { purpose: Some("purpose 0".into()), ..none.clone() },
        Filter { event: Some("read".into()), ..none.clone() },
        Filter {
            event: Some("read".into()),
            vendors: vec![vendor(2)],
            path: Some(path("x.field0")),
            ..none.clone()
        },
        Filter { event: Some("denied".into()), path: Some(path("x.field3")), ..none.clone() },
        Filter { since: at(300), until: at(900), ..none.clone() },
        Filter { since: at(300), until: at(310), path: Some(path("x.field5")), ..none.clone() },
        Filter { since: at(ENTRIES - 3), ..none.clone() },
        Filter { until: at(3), ..none.clone() },
        Filter { since: at(ENTRIES + 1), ..none.clone() },
        Filter { before: Some(400), event: Some("released".into()), ..none },
    ]
}

/// What each filter means, said once more: of every entry one after the other.
fn expected(filter: &Filter) -> Vec<u64> {
    let holds = |n: &u64| {
        let AuditRecord { at, vendor, grant, paths, event } = entry_of(*n);
        let entry = AuditEntry { n: *n, previous: [0; 32], at, vendor, grant, paths, event };
        filter.takes(&entry) && filter.before.is_none_or(|before| *n < before)
    };
    (1..=ENTRIES).rev().filter(holds).collect()
}

#[test]
fn every_filter_finds_what_an_entry_by_entry_search_finds() {
    let scratch = log(ENTRIES);
    for filter in filters() {
        for limit in [7, 2_000] {
            assert_eq!(walk(&scratch.store, &filter, limit), expected(&filter), "{filter:?}");
        }
    }
}

/// 1. A log from before there was an index is indexed, in several transactions. 2. It finds and counts the same; also where some of
///    it was indexed already.
#[test]
fn the_step_indexes_what_is_there() {
    let long = BLOCK * (STEP_BLOCKS + 3) + 5;
    let scratch = log(long);
    let reads = Filter { event: Some("read".into()), vendors: vec![vendor(0)], ..Filter::default() };
    let wanted = (walk(&scratch.store, &reads, 50), counts(&scratch.store, None, None).unwrap());
    for from_before in [true, false] {
        if from_before {
            scratch.write(|txn| {
                let tags = [AUDIT_TERMS, AUDIT_DAYS, AUDIT_COUNTS];
                tags.into_iter().try_for_each(|tag| txn.erase_prefix(&Key::new(tag)).map(drop))
            });
            assert!(walk(&scratch.store, &reads, 50).len() < 5);
        }
        let (mut place, mut transactions): (Option<Vec<u8>>, usize) = (None, 0);
        loop {
            let from = place.take();
            transactions += 1;
            match scratch.write(move |txn| fill(txn, from.as_deref())) {
                Progress::Done => break,
                Progress::Again(next) => place = Some(next),
            }
        }
        assert_eq!(transactions, 2);
        let found = (walk(&scratch.store, &reads, 50), counts(&scratch.store, None, None).unwrap());
        assert_eq!(found, wanted, "{from_before}");
    }
}

#[test]
fn a_day_is_counted_by_vendor_and_kind_wherever_its_entries_lie() {
    let scratch = log(ENTRIES);
    let mut wanted: BTreeMap<(u64, String, &str), u64> = BTreeMap::new();
    for entry in (1..=ENTRIES).map(entry_of) {
        let key = (day_of(entry.at), entry.vendor.to_string(), event_name(&entry.event));
        *wanted.entry(key).or_default() += 1;
    }
    let shown = |since, until| -> BTreeMap<(u64, String, String), u64> {
        let found = counts(&scratch.store, since, until).unwrap();
        found.into_iter().map(|c| ((c.day, c.vendor.to_string(), c.event), c.count)).collect()
    };
    let of_days = |first: u64, last: u64| -> BTreeMap<(u64, String, String), u64> {
        let within = wanted.iter().filter(|((day, ..), _)| (first..=last).contains(day));
        within.map(|((day, vendor, event), n)| ((*day, vendor.clone(), (*event).to_owned()), *n)).collect()
    };
    let last = day_of(entry_of(ENTRIES).at);
    assert_eq!(shown(None, None), of_days(0, last));
    assert_eq!(shown(at(24 * 7 + 5), at(24 * 9 + 1)), of_days(7, 9));
    assert_eq!(shown(at(24 * last), None), of_days(last, last));
    assert!(shown(at(24 * (last + 1)), None).is_empty());
}

/// 1. The clock is put back by a week in the middle of the log. 2. What was written of that week is found, before and after.
#[test]
fn a_clock_that_was_put_back_hides_nothing() {
    let scratch = Scratch::new();
    let hours = |n: u64| if n <= 700 { n } else { n - 24 * 7 };
    scratch.write(move |txn| {
        (1..=1_500).try_for_each(|n| append(txn, AuditRecord { at: entry_of(hours(n)).at, ..entry_of(n) }))
    });
    let wanted: Vec<u64> = (1..=1_500).rev().filter(|n| (600..=650).contains(&hours(*n))).collect();
    assert_eq!(wanted.len(), 2 * 51);
    let filter = Filter { since: at(600), until: at(650), ..Filter::default() };
    assert_eq!(walk(&scratch.store, &filter, 10), wanted);
}

/// A store that counts what is read of it.
struct Counting<'a>(&'a Scratch, Cell<usize>);

impl Counting<'_> {
    fn count(&self) {
        self.1.set(self.1.get() + 1);
    }
}

impl Reader for Counting<'_> {
    fn get(&self, key: &Key) -> Result<Option<Vec<u8>>, ReadError> {
        self.count();
        self.0.store.get(key)
    }

    fn last(&self, prefix: &Key) -> Result<Option<(Key, Vec<u8>)>, ReadError> {
        self.count();
        self.0.store.last(prefix)
    }

    fn scan(&self, prefix: &Key) -> Entries<'_> {
        Box::new(self.0.store.scan(prefix).inspect(|_| self.count()))
    }

    fn hidden(&self, label: &[u8]) -> [u8; 16] {
        self.0.store.hidden(label)
    }
}

/// 1. One entry in ten thousand is of a rare kind. 2. To find the last of them, the blocks and the unfinished one are looked at,
///    not the log.
#[test]
fn a_rare_entry_of_a_long_log_is_found_without_reading_the_log() {
    let scratch = Scratch::new();
    let long = 20_000;
    for first in (1..=long).step_by(1_000) {
        scratch.write(move |txn| {
            (first..first + 1_000).try_for_each(|n| {
                let event = if n == 40 { AuditEvent::Resumed } else { AuditEvent::Released { update: n } };
                append(txn, AuditRecord { event, ..entry_of(n) })
            })
        });
    }
    let counting = Counting(&scratch, Cell::new(0));
    let filter = Filter { event: Some("resumed".into()), ..Filter::default() };
    let found = find(&counting, &filter, 50).unwrap();
    assert_eq!(found.entries.iter().map(|entry| entry.n).collect::<Vec<_>>(), [40]);
    let rest = (long % BLOCK) as usize;
    assert!(counting.1.get() <= rest + 10, "{} reads", counting.1.get());
}
