//! A store against a `BTreeMap`, with reopens in between.

use std::collections::BTreeMap;

use freehold_store::{Key, ReadError};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use crate::behaviour::Home;

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

/// Plays so many sequences of transactions, each on a store that is new.
pub(crate) fn transactions_behave_like_a_map<H: Home>(cases: u32, new_home: impl Fn() -> H) {
    let mut runner =
        TestRunner::new(ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() });
    let played = runner.run(&(prop::collection::vec(step(), 1..16), bytes()), |(steps, prefix)| {
        play(&new_home(), steps, prefix)
    });
    played.unwrap();
}

fn play(home: &impl Home, steps: Vec<Step>, prefix: Vec<u8>) -> Result<(), TestCaseError> {
    let mut store = Some(home.open());
    let mut model = Model::new();
    for step in steps {
        match step {
            Step::Reopen => {
                drop(store.take());
                store = Some(home.open());
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
                            Op::ErasePrefix(k) => {
                                txn.erase_prefix(&key(k)).unwrap();
                            }
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
    Ok(())
}
