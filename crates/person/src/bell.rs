//! Bells: how a committed change wakes the relationships it concerns, and nobody else.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, PoisonError};

use freehold_protocol::id::RelationshipId;
use freehold_protocol::path::Path;
use freehold_protocol::release::Version;
use freehold_store::planted::{self, Bug};
use tokio::sync::Notify;

use crate::happening::Teller;
use crate::sync::{AtomicBool, Mutex, MutexGuard, Ordering};

/// One relationship's bell. What waits is bounded by the paths of its grants.
#[derive(Debug, Default)]
pub(crate) struct Bell {
    changed: Mutex<BTreeMap<Path, Version>>,
    reload: AtomicBool,
    rotated: AtomicBool,
    leak: AtomicBool,
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

    /// The relationship, or its vendor, has moved to its next key: the session under the old one is over.
    pub(crate) fn ring_rotated(&self) {
        self.rotated.store(true, Ordering::Release);
        self.ring();
    }

    pub(crate) fn take_rotated(&self) -> bool {
        self.rotated.swap(false, Ordering::AcqRel)
    }

    /// For a planted fault: something changed that is none of this vendor's business.
    fn ring_leak(&self) {
        self.leak.store(true, Ordering::Release);
        self.ring();
    }

    pub(crate) fn take_leak(&self) -> bool {
        self.leak.swap(false, Ordering::AcqRel)
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
    listeners: Mutex<Listeners>,
    /// Rung when a message of any vendor was taken in.
    pub(crate) arrivals: Notify,
    /// Tells what has happened to whoever listens.
    pub(crate) teller: Teller,
}

/// Who hears of which path, from both sides, so that one relationship's change touches its own paths alone.
#[derive(Debug, Default)]
struct Listeners {
    of_path: HashMap<Path, BTreeSet<RelationshipId>>,
    of_relationship: HashMap<RelationshipId, BTreeSet<Path>>,
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
        let Listeners { of_path, of_relationship } = &mut *listeners;
        let before = match paths.is_empty() {
            true => of_relationship.remove(relationship),
            false => of_relationship.insert(relationship.clone(), paths.clone()),
        };
        for path in before.iter().flatten().filter(|path| !paths.contains(*path)) {
            if let Some(who) = of_path.get_mut(path) {
                who.remove(relationship);
                if who.is_empty() {
                    of_path.remove(path);
                }
            }
        }
        for path in paths {
            of_path.entry(path.clone()).or_default().insert(relationship.clone());
        }
    }

    /// Rings for a committed change set. Gives how many relationships it concerns.
    pub(crate) fn changed(&self, versions: &BTreeMap<Path, Version>) -> usize {
        let mut concerned: BTreeMap<RelationshipId, BTreeMap<Path, Version>> = BTreeMap::new();
        {
            let listeners = lock(&self.listeners);
            for (path, version) in versions {
                for relationship in listeners.of_path.get(path).into_iter().flatten() {
                    concerned.entry(relationship.clone()).or_default().insert(path.clone(), *version);
                }
            }
        }
        if planted::is_on(Bug::HiddenEditLeaked) {
            lock(&self.bells).values().for_each(|bell| bell.ring_leak());
        }
        for (relationship, paths) in &concerned {
            let bell = self.of(relationship);
            if planted::is_on(Bug::RungBeforeNoted) {
                bell.ring();
            }
            lock(&bell.changed).extend(paths.clone());
            if !planted::is_on(Bug::RungBeforeNoted) {
                bell.ring();
            }
        }
        concerned.len()
    }
}

/// A lock whose data is whole after any panic: every change under it is one step.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(texts: &[&str]) -> BTreeSet<Path> {
        texts.iter().map(|text| Path::parse(text).unwrap()).collect()
    }

    fn heard(bells: &Bells, path: &str) -> usize {
        bells.changed(&BTreeMap::from([(Path::parse(path).unwrap(), 1)]))
    }

    #[test]
    fn a_relationship_hears_of_exactly_what_it_listens_to_last() {
        let bells = Bells::default();
        let (one, two) = (RelationshipId::from_entropy([1; 16]), RelationshipId::from_entropy([2; 16]));
        bells.listen(&one, &paths(&["phone.mobile", "email.personal"]));
        bells.listen(&two, &paths(&["phone.mobile"]));
        assert_eq!((heard(&bells, "phone.mobile"), heard(&bells, "email.personal")), (2, 1));
        bells.listen(&one, &paths(&["email.personal", "email.work"]));
        assert_eq!((heard(&bells, "phone.mobile"), heard(&bells, "email.work")), (1, 1));
        bells.remove(&one);
        bells.remove(&two);
        assert_eq!((heard(&bells, "phone.mobile"), heard(&bells, "email.work")), (0, 0));
        assert!(lock(&bells.listeners).of_path.is_empty());
    }
}
