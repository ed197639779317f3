use std::cell::Cell;

use freehold_protocol::identity::SigningKey;
use freehold_protocol::time::Timestamp;
use freehold_store::Entries;

use super::*;
use crate::fields::{Change, apply, erase, list};
use crate::scratch::{Scratch, path};

fn key() -> SigningKey {
    SigningKey::from_seed(&[1; 32])
}

fn write(scratch: &Scratch, names: impl IntoIterator<Item = String>, value: Option<&str>) {
    let change = |name: String| Change { path: path(&name), value: value.map(str::to_owned) };
    let changes: Vec<Change> = names.into_iter().map(change).collect();
    scratch.write(move |txn| apply(txn, &changes, "cli", Timestamp::from_millis(1), &key()));
}

fn set(scratch: &Scratch, names: impl IntoIterator<Item = String>) {
    write(scratch, names, Some("a value"));
}

fn names(reader: &impl Reader, prefix: Option<&str>, after: Option<&str>, limit: usize) -> Vec<String> {
    let (prefix, after) = (prefix.map(|text| Prefix::parse(text).unwrap()), after.map(path));
    let found = page(reader, prefix.as_ref(), after.as_ref(), limit).unwrap();
    found.into_iter().map(|field| field.path.to_string()).collect()
}

/// All pages, one after the other.
fn walk(reader: &impl Reader, prefix: Option<&str>, limit: usize) -> Vec<String> {
    let (mut all, mut after): (Vec<String>, Option<String>) = (Vec::new(), None);
    loop {
        let found = names(reader, prefix, after.as_deref(), limit);
        assert!(found.len() <= limit);
        let Some(last) = found.last() else { return all };
        after = Some(last.clone());
        all.extend(found);
    }
}

fn counts(reader: &impl Reader) -> Vec<(String, u64)> {
    facets(reader).unwrap().into_iter().map(|facet| (facet.name, facet.fields)).collect()
}

/// A store that counts what is read of it.
struct Counting<'a> {
    scratch: &'a Scratch,
    reads: Cell<usize>,
}

impl<'a> Counting<'a> {
    fn new(scratch: &'a Scratch) -> Self {
        Self { scratch, reads: Cell::new(0) }
    }

    fn count(&self) {
        self.reads.set(self.reads.get() + 1);
    }
}

impl Reader for Counting<'_> {
    fn get(&self, key: &Key) -> Result<Option<Vec<u8>>, ReadError> {
        self.count();
        self.scratch.store.get(key)
    }

    fn last(&self, prefix: &Key) -> Result<Option<(Key, Vec<u8>)>, ReadError> {
        self.count();
        self.scratch.store.last(prefix)
    }

    fn scan(&self, prefix: &Key) -> Entries<'_> {
        Box::new(self.scratch.store.scan(prefix).inspect(|_| self.count()))
    }

    fn hidden(&self, label: &[u8]) -> [u8; 16] {
        self.scratch.store.hidden(label)
    }
}

/// 1. Two thousand fields are set, in several change sets and in no order. 2. Pages walk through all of them in order. 3. Any page
///    of 50 reads its own fields, their leaves and the directory, wherever it lies.
#[test]
fn a_page_reads_what_it_shows_and_not_the_vault() {
    let scratch = Scratch::new();
    let all: Vec<String> = (0..2_000).map(|n| format!("x.bench.f{:04}", n * 7_919 % 2_000)).collect();
    for some in all.chunks(300) {
        set(&scratch, some.iter().cloned());
    }
    let mut sorted = all.clone();
    sorted.sort();
    assert_eq!(walk(&scratch.store, None, 50), sorted);
    for after in [None, Some("x.bench.f0999"), Some("x.bench.f1900")] {
        let counting = Counting::new(&scratch);
        assert_eq!(names(&counting, None, after, 50).len(), 50);
        // Two records of each field, one directory in one part, and two or three leaves.
        assert!(counting.reads.get() <= 2 * 50 + 5, "{} reads", counting.reads.get());
    }
    let counting = Counting::new(&scratch);
    assert_eq!(counts(&counting), [("x".to_owned(), 2_000)]);
    assert!(counting.reads.get() <= 2, "{} reads", counting.reads.get());
}

#[test]
fn a_page_of_a_prefix_holds_whole_names_only_and_goes_on_where_it_ended() {
    let scratch = Scratch::new();
    let known = ["address.home.street", "address.home.locality", "name.given", "phone.mobile"];
    for name in ["x.a", "x.a-b.c", "x.a.b", "x.a.c", "x.ab.c"].map(|tail| format!("{tail}.z")) {
        set(&scratch, [name]);
    }
    for (name, value) in known.iter().zip(["Hafenstr. 1", "Hamburg", "Ada", "+491701234567"]) {
        write(&scratch, [(*name).to_owned()], Some(value));
    }
    let free = ["x.a-b.c.z", "x.a.b.z", "x.a.c.z", "x.a.z", "x.ab.c.z"];
    let all: Vec<&str> = ["address.home.locality", "address.home.street", "name.given", "phone.mobile"]
        .into_iter()
        .chain(free)
        .collect();
    for limit in 1..=10 {
        assert_eq!(walk(&scratch.store, None, limit), all, "{limit}");
        assert_eq!(walk(&scratch.store, Some("x.a"), limit), ["x.a.b.z", "x.a.c.z", "x.a.z"], "{limit}");
        assert_eq!(walk(&scratch.store, Some("address.home"), limit), all[..2], "{limit}");
        assert_eq!(walk(&scratch.store, Some("address.home.street"), limit), all[1..2], "{limit}");
        assert!(walk(&scratch.store, Some("email"), limit).is_empty());
    }
    assert_eq!(names(&scratch.store, Some("x"), Some("address.home.street"), 9), free);
    assert!(names(&scratch.store, Some("address"), Some("x.a.z"), 9).is_empty());
}

/// 1. Fields are set, unset, set again and erased, more than one leaf holds. 2. After each step the order has what the fields
///    have, and in the end nothing of it is left.
#[test]
fn the_order_holds_exactly_the_fields_that_hold_a_value() {
    let scratch = Scratch::new();
    let before = scratch.store.scan(&Key::from_bytes(vec![])).count();
    let name = |n: usize| format!("x.f{n:04}");
    let check = || {
        let listed: Vec<String> =
            list(&scratch.store, None).unwrap().into_iter().map(|field| field.path.to_string()).collect();
        assert_eq!(walk(&scratch.store, None, 100), listed);
        let counted: u64 = counts(&scratch.store).iter().map(|(_, fields)| fields).sum();
        assert_eq!(counted, listed.len() as u64);
    };
    set(&scratch, (0..700).map(name));
    check();
    write(&scratch, (100..650).map(name), None);
    check();
    set(&scratch, (300..305).rev().map(name));
    check();
    let leave: Vec<Path> = (0..700).map(|n| path(&name(n))).collect();
    scratch.write(move |txn| leave.iter().try_for_each(|path| erase(txn, path).map(drop)));
    check();
    assert!(counts(&scratch.store).is_empty());
    let order = [FACETS, LEAVES].map(|tag| scratch.store.scan(&Key::new(tag)).count());
    assert_eq!((before, order), (0, [0, 0]));
}

/// The fields of a vault from before there was an order get their places, in several transactions.
#[test]
fn the_step_puts_every_field_in_order() {
    let scratch = Scratch::new();
    let many = STEP_FIELDS + 500;
    for first in (0..many).step_by(1_000) {
        set(&scratch, (first..many.min(first + 1_000)).map(|n| format!("x.f{n:05}")));
    }
    write(&scratch, ["x.f00007".to_owned()], None);
    let wanted = walk(&scratch.store, None, 1_000);
    assert_eq!(wanted.len(), many - 1);
    scratch.write(|txn| {
        [FACETS, LEAVES].into_iter().try_for_each(|tag| txn.erase_prefix(&Key::new(tag)).map(drop))
    });
    assert!(walk(&scratch.store, None, 1_000).is_empty());
    let mut place: Option<Vec<u8>> = None;
    let mut transactions = 0;
    loop {
        let from = place.take();
        transactions += 1;
        match scratch.write(move |txn| fill(txn, from.as_deref())) {
            Progress::Done => break,
            Progress::Again(next) => place = Some(next),
        }
    }
    assert_eq!(transactions, 3);
    assert_eq!(walk(&scratch.store, None, 1_000), wanted);
}
