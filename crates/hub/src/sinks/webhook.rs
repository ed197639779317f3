//! The webhook's worker: in order for each customer, several customers at once, retried, then given up.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use freehold_mailbox::entropy;
use freehold_mailbox::record::save;
use freehold_protocol::data::{OutcomeKind, OutcomeLine};
use freehold_protocol::id::RelationshipId;
use freehold_store::{ReadError, Store, WriteError};
use freehold_webhook::{Delivery, Outcome, RetryPolicy, Webhook, WebhookAnswer};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use crate::log::{Hook, Record};
use crate::shared::{Answers, Shared, stopping};
use crate::sinks::{WEBHOOK, batch, cursor, outcome};
use crate::tables;

/// Deliveries at once: enough to hide a receiver's round trip, few enough not to flood it.
const FLIGHTS_MAX: usize = 16;

/// Events in hand; further ones wait in the log. A number and a place each.
const IN_HAND_MAX: usize = 10_000;

/// Settled events after which the cursor is written down: a restart looks at so many again and skips them.
const CURSOR_EVERY: u64 = 256;

/// How often to look for events whose announcement was lost with its session.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Wait after the store failed.
const PAUSE: Duration = Duration::from_secs(5);

/// One webhook and what waits for it.
pub(crate) struct Worker {
    shared: Arc<Shared>,
    webhook: Webhook,
    policy: RetryPolicy,
    queues: HashMap<RelationshipId, VecDeque<u64>>,
    /// When each queue's first event is due; those under way are not in it.
    due: BTreeSet<(Instant, RelationshipId)>,
    in_hand: BTreeSet<u64>,
    /// The last event that was read from the log.
    loaded: u64,
    /// The cursor on disk.
    written: u64,
    flights: JoinSet<(RelationshipId, u64, Landing)>,
}

/// What became of an attempt.
enum Landing {
    Settled,
    Again(Duration),
}

impl Worker {
    pub(crate) fn new(shared: Arc<Shared>, webhook: Webhook, policy: RetryPolicy) -> Self {
        let (queues, due, in_hand) = Default::default();
        let flights = JoinSet::new();
        Self { shared, webhook, policy, queues, due, in_hand, loaded: 0, written: 0, flights }
    }

    /// Delivers until the hub stops. `revived` brings dead letters that are due again.
    pub(crate) async fn run(mut self, mut revived: mpsc::Receiver<u64>, mut stop: watch::Receiver<bool>) {
        let mut events = self.shared.last_event.subscribe();
        match cursor(&self.shared.store, WEBHOOK) {
            Ok(cursor) => (self.loaded, self.written) = (cursor, cursor),
            Err(error) => return tracing::error!(%error, "the webhook's cursor cannot be read"),
        }
        loop {
            if let Err(error) = self.fill() {
                tracing::error!(%error, "events cannot be read for the webhook");
            }
            self.take_off();
            self.shared.webhook_pending.store(self.pending(), Ordering::Relaxed);
            let due = self.due.first().map(|(at, _)| *at).filter(|_| self.flights.len() < FLIGHTS_MAX);
            let wake = due.unwrap_or_else(|| Instant::now() + LOOK_EVERY).min(Instant::now() + LOOK_EVERY);
            tokio::select! {
                () = stopping(&mut stop) => break,
                Some(landed) = self.flights.join_next() => match landed {
                    Ok((relationship, n, landing)) => self.land(relationship, n, landing).await,
                    Err(error) => tracing::error!(%error, "a delivery broke off"),
                },
                Some(n) = revived.recv() => self.take_in(n),
                _ = events.changed() => {}
                () = tokio::time::sleep_until(wake.into()) => {}
            }
        }
        self.flights.abort_all();
        self.write_cursor().await;
    }

    /// Reads the log on, as far as there is room.
    fn fill(&mut self) -> Result<(), ReadError> {
        while self.in_hand.len() < IN_HAND_MAX {
            let records = batch(&self.shared, self.loaded)?;
            if records.is_empty() {
                return Ok(());
            }
            for record in records {
                self.loaded = record.n;
                if let Hook::Due { not_before, .. } = record.webhook {
                    let wait = not_before.millis().saturating_sub(self.shared.now().millis());
                    self.queue(record.relationship, record.n, Duration::from_millis(wait));
                }
            }
        }
        Ok(())
    }

    fn queue(&mut self, relationship: RelationshipId, n: u64, wait: Duration) {
        if !self.in_hand.insert(n) {
            return;
        }
        let queue = self.queues.entry(relationship.clone()).or_default();
        queue.push_back(n);
        if queue.len() == 1 {
            self.due.insert((Instant::now() + wait, relationship));
        }
    }

    /// Takes a dead letter that is due again; what the log has not given yet comes by itself.
    fn take_in(&mut self, n: u64) {
        if n <= self.loaded
            && let Ok(Some(record)) = Record::load(&self.shared.store, n)
        {
            self.queue(record.relationship, n, Duration::ZERO);
        }
    }

    /// Starts what is due.
    fn take_off(&mut self) {
        while self.flights.len() < FLIGHTS_MAX {
            match self.due.first() {
                Some((at, _)) if *at <= Instant::now() => {}
                _ => return,
            }
            let Some((_, relationship)) = self.due.pop_first() else { return };
            let Some(n) = self.queues.get(&relationship).and_then(|queue| queue.front().copied()) else {
                continue;
            };
            let (shared, webhook, policy) = (Arc::clone(&self.shared), self.webhook.clone(), self.policy);
            self.flights.spawn(async move {
                let landing = match attempt(&shared, &webhook, policy, n).await {
                    Ok(landing) => landing,
                    Err(error) => {
                        tracing::error!(event = n, %error, "a delivery could not be written down");
                        Landing::Again(PAUSE)
                    }
                };
                (relationship, n, landing)
            });
        }
    }

    async fn land(&mut self, relationship: RelationshipId, n: u64, landing: Landing) {
        match landing {
            Landing::Again(wait) => {
                self.due.insert((Instant::now() + wait, relationship));
            }
            Landing::Settled => {
                self.in_hand.remove(&n);
                let queue = self.queues.entry(relationship.clone()).or_default();
                queue.pop_front();
                if queue.is_empty() {
                    self.queues.remove(&relationship);
                } else {
                    self.due.insert((Instant::now(), relationship));
                }
                if self.settled() >= self.written + CURSOR_EVERY {
                    self.write_cursor().await;
                }
            }
        }
    }

    /// Everything up to this number is settled.
    fn settled(&self) -> u64 {
        self.in_hand.first().map_or(self.loaded, |first| first - 1)
    }

    fn pending(&self) -> u64 {
        self.in_hand.len() as u64 + self.shared.last_event.borrow().saturating_sub(self.loaded)
    }

    async fn write_cursor(&mut self) {
        let settled = self.settled();
        if settled > self.written {
            self.written = settled;
            let written = self.shared.store.write(move |txn| {
                save(txn, tables::cursor(WEBHOOK), &settled);
                Ok::<_, ReadError>(())
            });
            if let Err(error) = written.await {
                tracing::warn!(%error, "the webhook's cursor was not written");
            }
        }
    }
}

/// One attempt to deliver one event, written down.
async fn attempt(
    shared: &Arc<Shared>,
    webhook: &Webhook,
    policy: RetryPolicy,
    n: u64,
) -> Result<Landing, WriteError<ReadError>> {
    let Some((id, body)) = event(&shared.store, shared.keys.did.as_str(), n)? else {
        return Ok(Landing::Settled);
    };
    let secs = i64::try_from(shared.now().secs()).unwrap_or(i64::MAX);
    let delivery = webhook.deliver(&id, secs, &body).await;
    if let Delivery::Accepted { problem: Some(problem), .. } = &delivery {
        tracing::warn!(event = n, %problem, "the webhook's answer was put aside");
    }
    let (writing, now) = (Arc::clone(shared), shared.now());
    let random = u64::from_be_bytes(*entropy().first_chunk().expect("16 bytes hold 8"));
    let landed = shared.store.write(move |txn| {
        let Some(mut record) = Record::load(txn, n)? else { return Ok((Landing::Settled, None)) };
        let attempts = match record.webhook {
            Hook::Due { attempts, .. } => attempts + 1,
            _ => return Ok((Landing::Settled, None)),
        };
        let (reason, after, final_refusal) = match delivery {
            Delivery::Accepted { answer, .. } => {
                record.webhook = Hook::Done;
                let lines = results(&writing, &record, answer.as_ref());
                let told = outcome::answer(txn, &mut record, lines, now)?;
                record.save(txn);
                return Ok((Landing::Settled, told.then_some(record.relationship)));
            }
            Delivery::Retry { reason, after } => (reason.to_string(), after, false),
            Delivery::Refused { reason, .. } => (reason.to_string(), None, true),
        };
        let wait = policy.wait(attempts, random, after).filter(|_| !final_refusal);
        if let Some(wait) = wait {
            let millis = now.millis().saturating_add(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
            let not_before = freehold_protocol::time::Timestamp::from_millis(millis);
            record.webhook = Hook::Due { attempts, not_before };
            record.save(txn);
            return Ok((Landing::Again(wait), None));
        }
        tracing::warn!(event = n, attempts, reason, "an event went to the dead letters");
        record.webhook = Hook::Dead { attempts, reason, at: now };
        save(txn, tables::dead_letters().with_u64(n), &n);
        let (_, system) = writing.applied_in();
        let detail = "the vendor's system did not take it";
        let lines = outcome::lines(&record.paths, OutcomeKind::Refused, system, Some(detail));
        let told = outcome::answer(txn, &mut record, lines, now)?;
        record.save(txn);
        Ok::<_, ReadError>((Landing::Settled, told.then_some(record.relationship)))
    });
    let (landing, told) = landed.await?.into_inner();
    if let Some(relationship) = told {
        shared.wake(&relationship);
    }
    Ok(landing)
}

/// The id and the bytes of an event; `None` when it is gone or settled.
fn event(store: &Store, source: &str, n: u64) -> Result<Option<(String, Vec<u8>)>, ReadError> {
    let Some(record) = Record::load(store, n)? else { return Ok(None) };
    if !matches!(record.webhook, Hook::Due { .. }) {
        return Ok(None);
    }
    let event = record.cloudevent(store, source)?;
    let bytes = serde_json::to_vec(&event).expect("a map of texts is JSON");
    Ok(Some((record.id, bytes)))
}

/// What the receiver says of each field; of those it does not speak of, that they are applied.
fn results(shared: &Shared, record: &Record, answer: Option<&WebhookAnswer>) -> Vec<OutcomeLine> {
    let Answers::Webhook(host) = &shared.answers else { return Vec::new() };
    let mut lines = outcome::lines(&record.paths, OutcomeKind::Applied, host, None);
    for said in answer.iter().flat_map(|answer| &answer.outcomes) {
        if let Some(line) = lines.iter_mut().find(|line| line.path.as_str() == said.path) {
            line.outcome = match said.outcome {
                Outcome::Applied => OutcomeKind::Applied,
                Outcome::Conflict => OutcomeKind::Conflict,
                Outcome::Duplicate => OutcomeKind::Duplicate,
                Outcome::Refused => OutcomeKind::Refused,
            };
            line.system = said.system.clone().unwrap_or_else(|| host.clone());
            line.detail.clone_from(&said.detail);
        }
    }
    lines
}
