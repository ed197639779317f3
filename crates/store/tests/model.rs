//! The store against a `BTreeMap`, with reopens in between.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic as tests do")]

use std::collections::BTreeMap;
use std::convert::Infallible;

use freehold_store::{HomeKey, Key, Options, ReadError, Store};
use proptest::prelude::*;

#[derive(Debug, Clone)]
enum Op {
    Put(Vec<u8>, Vec<u8>),
    PutErasable(Vec<u8>, Vec<u8>),
    Delete(Vec<u8>),
    Erase(Vec<u8>),
    ErasePrefix(Vec<u8>),
}

#[derive(Debug, Clone)]
enum Step {
    Write { ops: Vec<Op>, accept: bool },
    Reopen,
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(prop::sample::select(vec![0, 1, 7, 255]), 0..4)
}

fn op() -> impl Strategy<Value = Op> {
    let value = || prop::collection::vec(any::<u8>(), 0..40);
    prop_oneof![
        4 => (bytes(), value()).prop_map(|(key, value)| Op::Put(key, value)),
        4 => (bytes(), value()).prop_map(|(key, value)| Op::PutErasable(key, value)),
        2 => bytes().prop_map(Op::Delete),
        1 => bytes().prop_map(Op::Erase),
        1 => bytes().prop_map(Op::ErasePrefix),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (prop::collection::vec(op(), 0..8), prop::bool::weighted(0.8))
            .prop_map(|(ops, accept)| Step::Write { ops, accept }),
        1 => Just(Step::Reopen),
    ]
}

type Model = BTreeMap<Vec<u8>, Vec<u8>>;
type Entry = Result<(Key, Vec<u8>), ReadError>;

fn listed(entries: impl Iterator<Item = Entry>) -> Vec<(Vec<u8>, Vec<u8>)> {
    entries.map(|entry| entry.map(|(key, value)| (key.into_bytes(), value)).unwrap()).collect()
}

/// Takes entries from both ends in turn and puts them in order again.
fn zigzag(mut entries: impl DoubleEndedIterator<Item = Entry>) -> Vec<(Vec<u8>, Vec<u8>)> {
    let (mut front, mut back) = (Vec::new(), Vec::new());
    while let Some(entry) = entries.next() {
        front.push(entry);
        let Some(entry) = entries.next_back() else { break };
        back.push(entry);
    }
    listed(front.into_iter().chain(back.into_iter().rev()))
}

fn expected(model: &Model, prefix: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
    model.iter().filter(|(key, _)| key.starts_with(prefix)).map(|(k, v)| (k.clone(), v.clone())).collect()
}

fn apply(model: &mut Model, op: &Op) {
    match op {
        Op::Put(key, value) | Op::PutErasable(key, value) => {
            model.insert(key.clone(), value.clone());
        }
        Op::Delete(key) | Op::Erase(key) => {
            model.remove(key);
        }
        Op::ErasePrefix(prefix) => model.retain(|key, _| !key.starts_with(prefix)),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn transactions_behave_like_a_map(steps in prop::collection::vec(step(), 1..16), prefix in bytes()) {
        let dir = tempfile::tempdir().unwrap();
        let open = || Store::open(dir.path(), &HomeKey::new([1; 32]), Options::default()).unwrap();
        let mut store = Some(open());
        let mut model = Model::new();
        for step in steps {
            match step {
                Step::Reopen => {
                    drop(store.take());
                    store = Some(open());
                }
                Step::Write { ops, accept } => {
                    let mut inside = model.clone();
                    let within = prefix.clone();
                    let written = store.as_ref().unwrap().write_blocking(move |txn| {
                        for op in ops {
                            apply(&mut inside, &op);
                            let key = |bytes: Vec<u8>| Key::from_bytes(bytes);
                            match op {
                                Op::Put(k, v) => txn.put(key(k), v),
                                Op::PutErasable(k, v) => txn.put_erasable(key(k), v),
                                Op::Delete(k) => txn.delete(&key(k)),
                                Op::Erase(k) => txn.erase(&key(k)),
                                Op::ErasePrefix(k) => { txn.erase_prefix(&key(k)).unwrap(); }
                            }
                            let within = Key::from_bytes(within.clone());
                            let want = expected(&inside, within.as_bytes());
                            assert_eq!(listed(txn.scan(&within)), want);
                            assert_eq!(zigzag(txn.scan(&within)), want);
                            assert_eq!(txn.get(&within).unwrap().as_ref(), inside.get(within.as_bytes()));
                            let last = txn.last(&within).unwrap().map(|(key, value)| (key.into_bytes(), value));
                            assert_eq!(last.as_ref(), want.last());
                            let after = key([within.as_bytes(), &[7]].concat());
                            let want_after: Vec<_> =
                                want.into_iter().filter(|(key, _)| key.as_slice() > after.as_bytes()).collect();
                            assert_eq!(listed(txn.scan_after(&within, &after)), want_after);
                        }
                        if accept { Ok::<_, ()>(inside) } else { Err(()) }
                    });
                    match written {
                        Ok(after) => model = after.into_inner(),
                        Err(error) => prop_assert!(!accept, "{error:?}"),
                    }
                }
            }
            let store = store.as_ref().unwrap();
            prop_assert_eq!(listed(store.scan(&Key::from_bytes(Vec::new()))), expected(&model, &[]));
            prop_assert_eq!(zigzag(store.scan(&Key::from_bytes(prefix.clone()))), expected(&model, &prefix));
        }
    }
}

#[test]
fn a_value_is_never_given_to_two_keys() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), &HomeKey::new([1; 32]), Options::default()).unwrap();
    let key = |number| Key::new(1).with_u64(number);
    let written = store.write_blocking(move |txn| {
        (0..64).for_each(|number| txn.put_erasable(key(number), number.to_string()));
        Ok::<_, Infallible>(())
    });
    written.unwrap();
    for number in 0..64 {
        assert_eq!(store.get(&key(number)).unwrap(), Some(number.to_string().into_bytes()));
    }
}
