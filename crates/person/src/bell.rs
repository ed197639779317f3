//! Bells: how a committed change wakes the relationships it concerns, and nobody else.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use freehold_protocol::id::RelationshipId;
use freehold_protocol::path::Path;
use freehold_protocol::release::Version;
use tokio::sync::Notify;

/// One relationship's bell. What waits is bounded by the paths of its grants.
#[derive(Debug, Default)]
pub(crate) struct Bell {
    changed: Mutex<BTreeMap<Path, Version>>,
    reload: AtomicBool,
    pub(crate) connected: AtomicBool,
    notify: Notify,
}

impl Bell {
    /// Messages were queued.
    pub(crate) fn ring(&self) {
        self.notify.notify_one();
    }

    /// Grants changed: read them again.
    pub(crate) fn ring_reload(&self) {
        self.reload.store(true, Ordering::Release);
        self.ring();
    }

    pub(crate) fn take_reload(&self) -> bool {
        self.reload.swap(false, Ordering::AcqRel)
    }

    pub(crate) fn take_changed(&self) -> BTreeMap<Path, Version> {
        std::mem::take(&mut *lock(&self.changed))
    }

    pub(crate) async fn rung(&self) {
        self.notify.notified().await;
    }
}

/// All bells, and which paths ring which.
#[derive(Debug, Default)]
pub(crate) struct Bells {
    bells: Mutex<HashMap<RelationshipId, Arc<Bell>>>,
    listeners: Mutex<HashMap<Path, BTreeSet<RelationshipId>>>,
    /// Rung when a message of any vendor was taken in.
    pub(crate) arrivals: Notify,
}

impl Bells {
    pub(crate) fn of(&self, relationship: &RelationshipId) -> Arc<Bell> {
        lock(&self.bells).entry(relationship.clone()).or_default().clone()
    }

    pub(crate) fn remove(&self, relationship: &RelationshipId) {
        lock(&self.bells).remove(relationship);
        self.listen(relationship, &BTreeSet::new());
    }

    pub(crate) fn is_connected(&self, relationship: &RelationshipId) -> bool {
        self.of(relationship).connected.load(Ordering::Acquire)
    }

    /// The relationship is to hear of exactly these paths.
    pub(crate) fn listen(&self, relationship: &RelationshipId, paths: &BTreeSet<Path>) {
        let mut listeners = lock(&self.listeners);
        listeners.retain(|path, who| {
            if !paths.contains(path) {
                who.remove(relationship);
            }
            !who.is_empty()
        });
        for path in paths {
            listeners.entry(path.clone()).or_default().insert(relationship.clone());
        }
    }

    /// Rings for a committed change set. Gives how many relationships it concerns.
    pub(crate) fn changed(&self, versions: &BTreeMap<Path, Version>) -> usize {
        let mut concerned: BTreeMap<RelationshipId, BTreeMap<Path, Version>> = BTreeMap::new();
        {
            let listeners = lock(&self.listeners);
            for (path, version) in versions {
                for relationship in listeners.get(path).into_iter().flatten() {
                    concerned.entry(relationship.clone()).or_default().insert(path.clone(), *version);
                }
            }
        }
        for (relationship, paths) in &concerned {
            let bell = self.of(relationship);
            lock(&bell.changed).extend(paths.clone());
            bell.ring();
        }
        concerned.len()
    }
}

/// A lock whose data is whole after any panic: every change under it is one step.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
