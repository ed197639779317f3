//! What was resolved lately. The clock is an argument.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use freehold_protocol::identity::Did;

use crate::error::ResolveError;
use crate::read::ResolvedDid;

/// How long answers are kept, and how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CachePolicy {
    /// How long a document is used before it is fetched again: a key taken out of it is trusted that much longer.
    pub ttl: Duration,
    /// How long a failure is repeated without asking again, so that a broken host is not hammered.
    pub negative_ttl: Duration,
    /// Most answers kept; the one that would end first makes room.
    pub entries_max: usize,
}

impl Default for CachePolicy {
    /// Ten minutes, fifteen seconds, a thousand answers (a document of a few keys takes about 1 KiB).
    fn default() -> Self {
        Self { ttl: Duration::from_secs(600), negative_ttl: Duration::from_secs(15), entries_max: 1_000 }
    }
}

pub(crate) type Answer = Result<Arc<ResolvedDid>, ResolveError>;

pub(crate) struct Cache {
    policy: CachePolicy,
    entries: HashMap<Did, (Instant, Answer)>,
}

impl Cache {
    pub(crate) fn new(policy: CachePolicy) -> Self {
        Self { policy, entries: HashMap::new() }
    }

    /// The answer, unless its time is over.
    pub(crate) fn find(&self, did: &Did, now: Instant) -> Option<Answer> {
        self.entries.get(did).filter(|(until, _)| now < *until).map(|(_, answer)| answer.clone())
    }

    pub(crate) fn insert(&mut self, did: Did, answer: Answer, now: Instant) {
        if self.policy.entries_max == 0 {
            return;
        }
        if self.entries.len() >= self.policy.entries_max && !self.entries.contains_key(&did) {
            self.entries.retain(|_, (until, _)| now < *until);
        }
        while self.entries.len() >= self.policy.entries_max && !self.entries.contains_key(&did) {
            let first = self.entries.iter().min_by_key(|(_, (until, _))| *until).map(|(did, _)| did.clone());
            first.and_then(|did| self.entries.remove(&did));
        }
        let ttl = if answer.is_ok() { self.policy.ttl } else { self.policy.negative_ttl };
        self.entries.insert(did, (now + ttl, answer));
    }

    pub(crate) fn remove(&mut self, did: &Did) {
        self.entries.remove(did);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn did(n: usize) -> Did {
        Did::parse(&format!("did:web:host{n}.example")).unwrap()
    }

    fn failed(n: usize) -> Answer {
        Err(ResolveError::NotFound { did: did(n) })
    }

    fn document(n: usize) -> Answer {
        let (did, assertion_keys) = (did(n), Vec::new());
        Ok(Arc::new(ResolvedDid {
            did,
            assertion_keys,
            transport_keys: Vec::new(),
            addresses: Vec::new(),
            name: None,
            read: freehold_protocol::time::Timestamp::default(),
        }))
    }

    #[test]
    fn answers_end_when_their_time_is_over() {
        let policy = CachePolicy::default();
        let mut cache = Cache::new(policy);
        let start = Instant::now();
        cache.insert(did(1), document(1), start);
        cache.insert(did(2), failed(2), start);
        let found = |n, after| cache.find(&did(n), start + after).is_some();
        let tick = Duration::from_nanos(1);
        assert!(found(1, policy.ttl - tick) && !found(1, policy.ttl));
        assert!(found(2, policy.negative_ttl - tick) && !found(2, policy.negative_ttl));
    }

    #[test]
    fn the_answer_that_ends_first_makes_room() {
        let mut cache = Cache::new(CachePolicy { entries_max: 2, ..CachePolicy::default() });
        let start = Instant::now();
        let found =
            |cache: &Cache| (1..=4).filter(|n| cache.find(&did(*n), start).is_some()).collect::<Vec<_>>();
        cache.insert(did(1), document(1), start);
        cache.insert(did(2), failed(2), start);
        cache.insert(did(3), document(3), start);
        assert_eq!(found(&cache), [1, 3]);
        cache.insert(did(3), document(3), start);
        assert_eq!(found(&cache), [1, 3]);
        cache.remove(&did(3));
        assert_eq!(found(&cache), [1]);
        let mut none = Cache::new(CachePolicy { entries_max: 0, ..CachePolicy::default() });
        none.insert(did(1), document(1), start);
        assert!(none.find(&did(1), start).is_none());
    }

    #[test]
    fn every_answer_whose_time_is_over_makes_room() {
        let policy = CachePolicy { entries_max: 2, ..CachePolicy::default() };
        let mut cache = Cache::new(policy);
        let start = Instant::now();
        cache.insert(did(1), document(1), start);
        cache.insert(did(2), document(2), start);
        cache.insert(did(3), document(3), start + policy.ttl);
        assert_eq!(cache.entries.len(), 1);
    }
}
