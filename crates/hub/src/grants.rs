//! Receipts of grants that were parsed and are in use.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use freehold_protocol::disclosure::Grant;
use freehold_store::Key;

/// Most receipts in one of the two generations.
const GENERATION_MAX: usize = 2_048;

/// Receipts by their keys. A receipt never changes, so that what is here is what is stored, if anything is.
///
/// There are two generations: what was asked for is in the younger one, which becomes the older one when it is full. So at most
/// twice [`GENERATION_MAX`] are kept, and what is in use is not lost to what is not.
#[derive(Default)]
pub(crate) struct Grants(Mutex<Generations>);

#[derive(Default)]
struct Generations {
    younger: HashMap<Key, Arc<Grant>>,
    older: HashMap<Key, Arc<Grant>>,
}

impl Grants {
    /// A receipt, if it is kept.
    pub(crate) fn get(&self, key: &Key) -> Option<Arc<Grant>> {
        let mut generations = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(grant) = generations.younger.get(key) {
            return Some(Arc::clone(grant));
        }
        let (key, grant) = generations.older.remove_entry(key)?;
        generations.put(key, Arc::clone(&grant));
        Some(grant)
    }

    /// Keeps a receipt that is committed.
    pub(crate) fn keep(&self, key: Key, grant: Arc<Grant>) {
        let mut generations = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        generations.older.remove(&key);
        generations.put(key, grant);
    }
}

impl Generations {
    fn put(&mut self, key: Key, grant: Arc<Grant>) {
        if self.younger.len() >= GENERATION_MAX && !self.younger.contains_key(&key) {
            self.older = std::mem::take(&mut self.younger);
        }
        self.younger.insert(key, grant);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::held::{self, Held};
    use crate::tables;
    use crate::tests::{NOW, alone, grant, hub, receipt, relationship, write};
    use freehold_protocol::intake::IntakeState;
    use freehold_store::ReadError;

    #[test]
    fn at_most_two_generations_are_kept_and_what_is_in_use_stays() {
        let (grants, receipt) = (Grants::default(), Arc::new(receipt()));
        let key = |number: usize| Key::new(b'G').with_u64(number as u64);
        let in_use = key(0);
        grants.keep(in_use.clone(), Arc::clone(&receipt));
        for number in 1..10 * GENERATION_MAX {
            grants.keep(key(number), Arc::clone(&receipt));
            if number % 1_000 == 0 {
                assert!(grants.get(&in_use).is_some(), "after {number}");
            }
        }
        let held = (0..10 * GENERATION_MAX).filter(|number| grants.get(&key(*number)).is_some()).count();
        assert!((GENERATION_MAX..=2 * GENERATION_MAX).contains(&held), "{held}");
        assert!(grants.get(&key(1)).is_none());
    }

    /// Reads of a transaction see what it has written, and that may never be committed.
    #[test]
    fn a_receipt_that_was_not_committed_is_not_kept() {
        let dir = tempfile::tempdir().unwrap();
        let shared = hub(dir.path(), alone());
        let id = relationship(&shared, &[1], 1).id;
        let put = |txn: &mut freehold_store::Txn, id: &freehold_protocol::id::RelationshipId| {
            let key = tables::receipt(txn, id, &grant());
            txn.put(key, receipt().bytes());
            held::save_held(txn, id, &Held { grant: grant(), state: IntakeState::default(), at: NOW });
        };
        let (writing, of) = (Arc::clone(&shared), id.clone());
        let refused = shared.store.write_blocking(move |txn| {
            put(txn, &of);
            assert!(held::load_held(txn, &writing, &of, &grant())?.is_some());
            Err::<(), _>(ReadError::Corrupt)
        });
        assert!(refused.is_err());
        assert!(held::receipt(&shared.store, &shared, &id, &grant()).unwrap().is_none());
        let of = id.clone();
        write(&shared, move |txn| {
            put(txn, &of);
            Ok(())
        });
        assert_eq!(*held::receipt(&shared.store, &shared, &id, &grant()).unwrap().unwrap(), receipt());
    }
}
