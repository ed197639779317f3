//! What waits for the webhook: a queue for each customer. No store and no clock: instants are arguments.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::time::Instant;

use freehold_protocol::id::RelationshipId;

/// The events in hand.
#[derive(Default)]
pub(super) struct Queues {
    queues: HashMap<RelationshipId, Queue>,
    /// The queues whose first event is not under way, by when it is due.
    due: BTreeSet<(Instant, RelationshipId)>,
    in_hand: BTreeSet<u64>,
}

#[derive(Default)]
struct Queue {
    events: VecDeque<u64>,
    /// When the first is due; none while it is under way.
    due: Option<Instant>,
}

impl Queues {
    /// How many events.
    pub(super) fn in_hand(&self) -> usize {
        self.in_hand.len()
    }

    /// Whether an event is among them.
    pub(super) fn holds(&self, n: u64) -> bool {
        self.in_hand.contains(&n)
    }

    /// The lowest number after this one.
    pub(super) fn first_after(&self, n: u64) -> Option<u64> {
        self.in_hand.range(n + 1..).next().copied()
    }

    /// When the next event is due, of those that are not under way.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.due.first().map(|(at, _)| *at)
    }

    /// The first event of a queue, unless it is under way.
    pub(super) fn waiting_first(&self, relationship: &RelationshipId) -> Option<u64> {
        let queue = self.queues.get(relationship).filter(|queue| queue.due.is_some())?;
        queue.events.front().copied()
    }

    /// Adds an event behind the others of its relationship; one that is in hand already stays where it is. `at` counts
    /// when it is the only one.
    pub(super) fn push(&mut self, relationship: RelationshipId, n: u64, at: Instant) {
        if !self.in_hand.insert(n) {
            return;
        }
        let queue = self.queues.entry(relationship.clone()).or_default();
        queue.events.push_back(n);
        if queue.events.len() == 1 {
            self.again(&relationship, at);
        }
    }

    /// Takes the event that is due, as one under way: it comes back by [`Queues::again`] or [`Queues::settled`].
    pub(super) fn take_off(&mut self, now: Instant) -> Option<(RelationshipId, u64)> {
        self.due.first().filter(|(at, _)| *at <= now)?;
        let (_, relationship) = self.due.pop_first()?;
        let queue = self.queues.get_mut(&relationship)?;
        queue.due = None;
        let first = *queue.events.front()?;
        Some((relationship, first))
    }

    /// The first event of a queue is due then.
    pub(super) fn again(&mut self, relationship: &RelationshipId, at: Instant) {
        let Some(queue) = self.queues.get_mut(relationship) else { return };
        if let Some(before) = queue.due.replace(at) {
            self.due.remove(&(before, relationship.clone()));
        }
        self.due.insert((at, relationship.clone()));
    }

    /// The first event of a queue needs nothing more; the next one is due.
    pub(super) fn settled(&mut self, relationship: &RelationshipId, n: u64, now: Instant) {
        self.in_hand.remove(&n);
        let Some(queue) = self.queues.get_mut(relationship) else { return };
        queue.events.pop_front();
        if !queue.events.is_empty() {
            return self.again(relationship, now);
        }
        if let Some(before) = queue.due {
            self.due.remove(&(before, relationship.clone()));
        }
        self.queues.remove(relationship);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn customer(n: u8) -> RelationshipId {
        RelationshipId::from_entropy([n; 16])
    }

    #[test]
    fn a_customers_events_take_off_one_by_one_and_others_are_not_held_up() {
        let (mut queues, now) = (Queues::default(), Instant::now());
        for (relationship, n) in [(1, 1), (1, 2), (2, 3), (1, 2)] {
            queues.push(customer(relationship), n, now);
        }
        assert_eq!((queues.in_hand(), queues.first_after(1)), (3, Some(2)));
        assert_eq!(queues.waiting_first(&customer(1)), Some(1));
        assert_eq!(queues.take_off(now), Some((customer(1), 1)));
        assert_eq!(queues.waiting_first(&customer(1)), None);
        assert_eq!(queues.take_off(now), Some((customer(2), 3)));
        assert_eq!(queues.take_off(now), None);

        let later = now + Duration::from_secs(5);
        queues.again(&customer(1), later);
        queues.settled(&customer(2), 3, now);
        assert_eq!((queues.take_off(now), queues.next_due()), (None, Some(later)));
        assert_eq!(queues.take_off(later), Some((customer(1), 1)));
        queues.settled(&customer(1), 1, later);
        assert_eq!(queues.take_off(later), Some((customer(1), 2)));
        queues.again(&customer(1), later + Duration::from_secs(5));
        queues.settled(&customer(1), 2, later);
        assert_eq!((queues.in_hand(), queues.next_due()), (0, None));
    }
}
