//! What waits for a receiver: a queue for each customer. No store and no clock: instants are arguments.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::time::Instant;

use freehold_protocol::id::RelationshipId;

use crate::sinks::worker::attempt::Answered;

/// Most answers kept for a store that does not take note of them: at 64 KiB each, 4 MiB. With so many, nothing more is
/// delivered.
const UNSETTLED_MAX: usize = 64;

/// The events in hand.
#[derive(Default)]
pub(super) struct Queues {
    queues: HashMap<RelationshipId, Queue>,
    /// The queues whose first event is not under way, by when it is due.
    due: BTreeSet<(Instant, RelationshipId)>,
    in_hand: BTreeSet<u64>,
    /// The queues whose first event the receiver has answered, and the store does not know.
    unsettled: HashSet<RelationshipId>,
}

#[derive(Default)]
struct Queue {
    events: VecDeque<u64>,
    /// When the first is due; none while it is under way.
    due: Option<Instant>,
    /// What the receiver answered for the first.
    answered: Option<Answered>,
}

/// An event under way.
#[derive(Debug, PartialEq)]
pub(super) struct Flight {
    pub(super) relationship: RelationshipId,
    pub(super) n: u64,
    /// The answer, if only writing it down is left to do.
    pub(super) answered: Option<Answered>,
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

    /// When the next event may start.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.next().map(|(at, _)| *at)
    }

    fn next(&self) -> Option<&(Instant, RelationshipId)> {
        let room = self.unsettled.len() < UNSETTLED_MAX;
        self.due.iter().find(|(_, relationship)| room || self.unsettled.contains(relationship))
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

    /// Takes the event that is due, as one under way: it comes back by [`Queues::again`], [`Queues::unsettled`] or
    /// [`Queues::settled`].
    pub(super) fn take_off(&mut self, now: Instant) -> Option<Flight> {
        let next = self.next().filter(|(at, _)| *at <= now)?.clone();
        self.due.remove(&next);
        let (_, relationship) = next;
        let queue = self.queues.get_mut(&relationship)?;
        queue.due = None;
        let (n, answered) = (*queue.events.front()?, queue.answered.take());
        Some(Flight { relationship, n, answered })
    }

    /// The first event of a queue is delivered again then.
    pub(super) fn again(&mut self, relationship: &RelationshipId, at: Instant) {
        self.unsettled.remove(relationship);
        self.put(relationship, None, at);
    }

    /// The first event of a queue was answered, and that is to be written down then.
    pub(super) fn unsettled(&mut self, relationship: &RelationshipId, answered: Answered, at: Instant) {
        self.unsettled.insert(relationship.clone());
        self.put(relationship, Some(answered), at);
    }

    fn put(&mut self, relationship: &RelationshipId, answered: Option<Answered>, at: Instant) {
        let Some(queue) = self.queues.get_mut(relationship) else { return };
        queue.answered = answered;
        if let Some(before) = queue.due.replace(at) {
            self.due.remove(&(before, relationship.clone()));
        }
        self.due.insert((at, relationship.clone()));
    }

    /// The first event of a queue needs nothing more; the next one is due.
    pub(super) fn settled(&mut self, relationship: &RelationshipId, n: u64, now: Instant) {
        self.in_hand.remove(&n);
        self.unsettled.remove(relationship);
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
    use crate::sinks::delivery::{Delivery, Said};

    fn customer(n: u8) -> RelationshipId {
        RelationshipId::from_entropy([n; 16])
    }

    /// An event that has not been delivered.
    fn fresh(relationship: u8, n: u64) -> Option<Flight> {
        Some(Flight { relationship: customer(relationship), n, answered: None })
    }

    #[test]
    fn a_customers_events_take_off_one_by_one_and_others_are_not_held_up() {
        let (mut queues, now) = (Queues::default(), Instant::now());
        for (relationship, n) in [(1, 1), (1, 2), (2, 3), (1, 2)] {
            queues.push(customer(relationship), n, now);
        }
        assert_eq!((queues.in_hand(), queues.first_after(1)), (3, Some(2)));
        assert_eq!(queues.waiting_first(&customer(1)), Some(1));
        assert_eq!(queues.take_off(now), fresh(1, 1));
        assert_eq!(queues.waiting_first(&customer(1)), None);
        assert_eq!(queues.take_off(now), fresh(2, 3));
        assert_eq!(queues.take_off(now), None);

        let later = now + Duration::from_secs(5);
        queues.again(&customer(1), later);
        queues.settled(&customer(2), 3, now);
        assert_eq!((queues.take_off(now), queues.next_due()), (None, Some(later)));
        assert_eq!(queues.take_off(later), fresh(1, 1));
        queues.settled(&customer(1), 1, later);
        assert_eq!(queues.take_off(later), fresh(1, 2));
        queues.again(&customer(1), later + Duration::from_secs(5));
        queues.settled(&customer(1), 2, later);
        assert_eq!((queues.in_hand(), queues.next_due()), (0, None));
    }

    #[test]
    fn answers_that_the_store_does_not_know_hold_up_new_deliveries_when_they_are_many() {
        let (mut queues, now) = (Queues::default(), Instant::now());
        let answered = Answered { delivery: Delivery::Taken(Said::default()), failures: 1 };
        let (few, later) = (u8::try_from(UNSETTLED_MAX).unwrap(), now + Duration::from_secs(1));
        for i in 1..=few + 1 {
            queues.push(customer(i), u64::from(i), now);
        }
        for i in 1..=few {
            assert_eq!(queues.take_off(now), fresh(i, u64::from(i)));
            queues.unsettled(&customer(i), answered.clone(), later);
        }
        // The last one has not been delivered and must wait; an answer is written down.
        assert_eq!((queues.take_off(now), queues.next_due()), (None, Some(later)));
        let flight = queues.take_off(later).unwrap();
        assert_eq!(flight, Flight { relationship: customer(1), n: 1, answered: Some(answered) });
        assert_eq!(queues.take_off(now), None);
        queues.settled(&customer(1), 1, later);
        assert_eq!(queues.take_off(now), fresh(few + 1, u64::from(few) + 1));
    }
}
