//! A receiver's worker: in order for each customer, several customers at once, retried, then given up.

pub(crate) mod attempt;
mod queues;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use freehold_crm::Connector;
use freehold_mailbox::record::{decode, save};
use freehold_protocol::id::RelationshipId;
use freehold_store::ReadError;
use freehold_webhook::{RetryPolicy, Webhook};
use tokio::task::JoinSet;

use crate::lease::Lease;
use crate::log::{self, Hook, Record};
use crate::shared::Shared;
use crate::sinks::worker::attempt::{Landing, attempt};
use crate::sinks::worker::queues::{Flight, Queues};
use crate::sinks::{Receiver, batch, pause};
use crate::stop::Stopping;
use crate::tables;

/// Deliveries at once to a webhook: enough to hide a receiver's round trip, few enough not to flood it.
const WEBHOOK_FLIGHTS_MAX: usize = 16;

/// Deliveries at once to a CRM: they share its batches, of which the largest hold 200.
const CRM_FLIGHTS_MAX: usize = 256;

/// Events in hand; further ones wait in the log. A number and a place each.
const IN_HAND_MAX: usize = 10_000;

/// Settled events after which the cursor is written down: a restart looks at so many again and skips them.
const CURSOR_EVERY: u64 = 256;

/// How often to look for events whose announcement was lost with its session.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Who takes the events.
#[derive(Clone)]
pub(crate) enum Target {
    Webhook(Webhook),
    Crm(Connector),
}

impl Target {
    pub(crate) fn receiver(&self) -> Receiver {
        match self {
            Self::Webhook(_) => Receiver::Webhook,
            Self::Crm(_) => Receiver::Crm,
        }
    }

    fn flights_max(&self) -> usize {
        match self {
            Self::Webhook(_) => WEBHOOK_FLIGHTS_MAX,
            Self::Crm(_) => CRM_FLIGHTS_MAX,
        }
    }
}

/// One receiver and what waits for it.
pub(crate) struct Worker {
    shared: Arc<Shared>,
    target: Target,
    receiver: Receiver,
    policy: RetryPolicy,
    queues: Queues,
    /// The last event that was read from the log.
    loaded: u64,
    /// Where to read on in the index of dead letters that are due again; none when it was read to its end.
    revived_after: Option<u64>,
    /// How many of them were not read yet.
    revived_left: u64,
    /// The cursor on disk.
    written: u64,
    flights: JoinSet<(RelationshipId, u64, Landing)>,
}

impl Worker {
    pub(crate) fn new(shared: Arc<Shared>, target: Target, policy: RetryPolicy) -> Self {
        Self {
            shared,
            receiver: target.receiver(),
            target,
            policy,
            queues: Queues::default(),
            loaded: 0,
            revived_after: None,
            revived_left: 0,
            written: 0,
            flights: JoinSet::new(),
        }
    }

    /// Delivers while this process may, until the hub stops.
    pub(crate) async fn run(self, stop: Stopping) {
        let lease = self.shared.lease(self.receiver.name());
        let Self { shared, target, policy, receiver, .. } = self;
        while lease.gained(&stop).await {
            tracing::debug!(sink = receiver.name(), "this process delivers");
            Self::new(Arc::clone(&shared), target.clone(), policy).run_under(&lease, &stop).await;
        }
    }

    async fn run_under(mut self, lease: &Lease, stop: &Stopping) {
        let shared = Arc::clone(&self.shared);
        let mut events = shared.last_event.subscribe();
        let Some(waiting) = shared.sinks().receivers.get(&self.receiver).cloned() else { return };
        let sink = self.receiver.name();
        while let Err(error) = self.begin() {
            tracing::error!(sink, %error, "the cursor cannot be read: it is tried again");
            tokio::select! {
                () = stop.given() => return,
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
        while lease.is_held() {
            if let Err(error) = self.fill() {
                tracing::error!(sink, %error, "events cannot be read");
            }
            self.take_off(Instant::now());
            waiting.pending.store(self.pending(), Ordering::Relaxed);
            let due = self.queues.next_due().filter(|_| self.flights.len() < self.target.flights_max());
            let wake = due.unwrap_or_else(|| Instant::now() + LOOK_EVERY).min(Instant::now() + LOOK_EVERY);
            tokio::select! {
                () = stop.given() => break,
                Some(landed) = self.flights.join_next() => match landed {
                    Ok((relationship, n, landing)) => self.land(relationship, n, landing).await,
                    Err(error) => tracing::error!(sink, %error, "a delivery broke off"),
                },
                () = waiting.revived.notified() => self.recall(),
                _ = events.changed() => {}
                () = tokio::time::sleep_until(wake.into()) => {}
            }
        }
        self.flights.abort_all();
        self.write_cursor().await;
        waiting.pending.store(0, Ordering::Relaxed);
    }

    /// Begins where the last run has ended.
    fn begin(&mut self) -> Result<(), ReadError> {
        self.loaded = self.receiver.cursor(&self.shared.store)?.unwrap_or_default();
        self.written = self.loaded;
        self.recall();
        Ok(())
    }

    /// Reads the index of dead letters that are due again from its beginning. Those are behind the cursor.
    fn recall(&mut self) {
        self.revived_after = Some(0);
        self.revived_left = self.shared.store.scan(&tables::revived(self.receiver)).count() as u64;
    }

    /// Reads on in the index and the log, as far as there is room.
    fn fill(&mut self) -> Result<(), ReadError> {
        self.fill_revived()?;
        while self.queues.in_hand() < IN_HAND_MAX {
            let records = batch(&self.shared, self.loaded)?;
            if records.is_empty() {
                return Ok(());
            }
            for record in records {
                self.loaded = record.n;
                self.push(&record);
                if record.kind == log::ERASE {
                    self.skip(&record.relationship)?;
                }
            }
        }
        Ok(())
    }

    fn fill_revived(&mut self) -> Result<(), ReadError> {
        let Some(after) = self.revived_after else { return Ok(()) };
        let index = tables::revived(self.receiver);
        for entry in self.shared.store.scan_after(&index, &index.clone().with_u64(after)) {
            let n = decode(&entry?.1)?;
            // What the log has not given yet comes by itself, in its order.
            if n <= self.loaded && !self.queues.holds(n) {
                if self.queues.in_hand() >= IN_HAND_MAX {
                    return Ok(());
                }
                if let Some(record) = Record::load(&self.shared.store, n)? {
                    self.push(&record);
                }
            }
            self.revived_after = Some(n);
            self.revived_left = self.revived_left.saturating_sub(1);
        }
        (self.revived_after, self.revived_left) = (None, 0);
        Ok(())
    }

    /// Queues an event if it is due.
    fn push(&mut self, record: &Record) {
        if let Hook::Due { not_before, .. } = *record.hook(self.receiver) {
            let wait = not_before.millis().saturating_sub(self.shared.now().millis());
            let at = Instant::now() + Duration::from_millis(wait);
            self.queues.push(record.relationship.clone(), record.n, at);
        }
    }

    /// Passes over what waits at the front of a queue and is not due any more, since an erasure has emptied it.
    fn skip(&mut self, relationship: &RelationshipId) -> Result<(), ReadError> {
        while let Some(n) = self.queues.waiting_first(relationship) {
            if Record::load(&self.shared.store, n)?.is_some_and(|record| record.hook(self.receiver).is_due())
            {
                break;
            }
            self.queues.settled(relationship, n, Instant::now());
        }
        Ok(())
    }

    /// Starts what is due.
    fn take_off(&mut self, now: Instant) {
        while self.flights.len() < self.target.flights_max() {
            let Some(Flight { relationship, n, answered }) = self.queues.take_off(now) else { return };
            let (shared, target, policy) = (Arc::clone(&self.shared), self.target.clone(), self.policy);
            self.flights.spawn(async move {
                let landing = attempt(&shared, &target, policy, n, answered).await;
                (relationship, n, landing)
            });
        }
    }

    async fn land(&mut self, relationship: RelationshipId, n: u64, landing: Landing) {
        match landing {
            Landing::Again(wait) => {
                self.queues.again(&relationship, Instant::now() + wait);
                // An erasure that was read from the log while this was under way has found nothing at the front.
                if let Err(error) = self.skip(&relationship) {
                    tracing::error!(sink = self.receiver.name(), event = n, %error, "an event cannot be read");
                }
            }
            Landing::Unsettled(answered) => {
                let at = Instant::now() + pause(answered.failures);
                self.queues.unsettled(&relationship, answered, at);
            }
            Landing::Settled => {
                self.queues.settled(&relationship, n, Instant::now());
                if self.settled() >= self.written + CURSOR_EVERY {
                    self.write_cursor().await;
                }
            }
        }
    }

    /// Everything up to this number is settled, or in the index of dead letters that are due again.
    fn settled(&self) -> u64 {
        self.queues.first_after(self.written).map_or(self.loaded, |first| first - 1)
    }

    fn pending(&self) -> u64 {
        let unread = self.shared.last_event.borrow().saturating_sub(self.loaded);
        self.queues.in_hand() as u64 + self.revived_left + unread
    }

    async fn write_cursor(&mut self) {
        let settled = self.settled();
        if settled > self.written {
            self.written = settled;
            let receiver = self.receiver;
            let written = self.shared.store.write(move |txn| {
                save(txn, tables::cursor(receiver.name()), &settled);
                Ok::<_, ReadError>(())
            });
            if let Err(error) = written.await {
                tracing::warn!(sink = receiver.name(), %error, "the cursor was not written");
            }
        }
    }
}

#[cfg(test)]
mod tests;
