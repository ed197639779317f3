//! Tests that need the hub's inside: its tables, its sinks, a store that takes nothing.

use std::path::Path;
use std::sync::Arc;

use freehold_keystore::Seed;
use freehold_mailbox::record::save;
use freehold_protocol::id::RelationshipId;
use freehold_protocol::identity::SigningKey;
use freehold_protocol::time::Timestamp;
use freehold_store::{HomeKey, Options, ReadError, Store, Txn};

use crate::config::DidChoice;
use crate::init::Keys;
use crate::relationship::Relationship;
use crate::shared::{Answers, Shared};
use crate::tables::{self, Counters};

/// When everything happens.
pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

/// A hub's inside over the store of a folder, without sessions.
pub(crate) fn hub(dir: &Path, answers: Answers, jsonl: bool) -> Arc<Shared> {
    on(dir, Options::default(), answers, jsonl)
}

fn on(dir: &Path, options: Options, answers: Answers, jsonl: bool) -> Arc<Shared> {
    let store = Store::open(&dir.join("store"), &HomeKey::new([7; 32]), options).unwrap();
    let keys = Keys::of(&Seed::generate().unwrap(), &DidChoice::Key).unwrap();
    let last = Counters::load(&store).unwrap().events;
    let clock = Arc::new(|| NOW);
    Arc::new(Shared::new(store, "Acme".into(), keys, clock, (answers, jsonl), Vec::new(), last))
}

/// Writes to a hub's store.
pub(crate) fn write<T: Send + 'static>(
    shared: &Shared,
    closure: impl FnOnce(&mut Txn) -> Result<T, ReadError> + Send + 'static,
) -> T {
    shared.store.write_blocking(closure).unwrap().into_inner()
}

/// A relationship whose id begins with these bytes.
pub(crate) fn relationship(shared: &Shared, begin: &[u8], key: u8) -> Relationship {
    let mut id = [key; 16];
    let key = SigningKey::from_seed(&[key; 32]).public();
    id[..begin.len()].copy_from_slice(begin);
    let known = Relationship {
        id: RelationshipId::from_entropy(id),
        peer: key.did(),
        customer: None,
        since: NOW,
        requests: Vec::new(),
        next_key: None,
    };
    let saved = known.clone();
    write(shared, move |txn| {
        saved.save(txn);
        let by_key = tables::by_key(txn, &key);
        save(txn, by_key, &saved.id);
        Ok(())
    });
    known
}
