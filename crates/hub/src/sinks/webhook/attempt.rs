//! One attempt to deliver one event, and what becomes of the event by it.

use std::sync::Arc;
use std::time::Duration;

use freehold_mailbox::entropy;
use freehold_store::{ReadError, Store, WriteError};
use freehold_webhook::{Delivery, RetryPolicy, Webhook};

use crate::log::{Hook, Record};
use crate::shared::Shared;
use crate::sinks::answer;

/// Wait after an event could not be read; nothing has left then.
const PAUSE: Duration = Duration::from_secs(5);

/// What the webhook answered, kept in memory while the store does not take note of it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Answered {
    pub(super) delivery: Delivery,
    /// How often the store refused.
    pub(super) failures: u32,
}

/// What became of an attempt.
pub(super) enum Landing {
    /// The event needs nothing more.
    Settled,
    /// It is delivered again after this.
    Again(Duration),
    /// It was delivered, and the store does not know: only that is tried again.
    Unsettled(Answered),
}

/// One attempt to deliver one event, written down; of one that the webhook has answered already, the writing alone.
pub(super) async fn attempt(
    shared: &Arc<Shared>,
    webhook: &Webhook,
    policy: RetryPolicy,
    n: u64,
    answered: Option<Answered>,
) -> Landing {
    let Answered { delivery, failures } = match answered {
        Some(answered) => answered,
        None => match deliver(shared, webhook, n).await {
            Ok(Some(delivery)) => Answered { delivery, failures: 0 },
            Ok(None) => return Landing::Settled,
            Err(error) => {
                tracing::error!(event = n, %error, "an event cannot be read for the webhook");
                return Landing::Again(PAUSE);
            }
        },
    };
    match settle(shared, policy, n, delivery.clone()).await {
        Ok(landing) => landing,
        Err(error) => {
            tracing::error!(event = n, %error, "a delivery could not be written down: only that is tried again");
            Landing::Unsettled(Answered { delivery, failures: failures.saturating_add(1) })
        }
    }
}

/// Delivers an event; `None` when there is nothing to deliver any more.
async fn deliver(shared: &Arc<Shared>, webhook: &Webhook, n: u64) -> Result<Option<Delivery>, ReadError> {
    let Some((id, body)) = event(&shared.store, shared.keys.first().did.as_str(), n)? else {
        return Ok(None);
    };
    let secs = i64::try_from(shared.now().secs()).unwrap_or(i64::MAX);
    let delivery = webhook.deliver(&id, secs, &body).await;
    if let Delivery::Accepted { problem: Some(problem), .. } = &delivery {
        tracing::warn!(event = n, %problem, "the webhook's answer was put aside");
    }
    Ok(Some(delivery))
}

/// Writes down what became of a delivery, and tells the person.
pub(super) async fn settle(
    shared: &Arc<Shared>,
    policy: RetryPolicy,
    n: u64,
    delivery: Delivery,
) -> Result<Landing, WriteError<ReadError>> {
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
                record.settle(txn, Hook::Done);
                let (by, said) = (&writing.answers, answer.as_ref());
                let told = answer::taken(txn, &writing, by, &mut record, said, now)?;
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
        record.settle(txn, Hook::Dead { attempts, reason, at: now });
        let told = answer::given_up(txn, &writing, &mut record, now)?;
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
    if !record.webhook.is_due() {
        return Ok(None);
    }
    let event = record.cloudevent(store, source)?;
    let bytes = serde_json::to_vec(&event).expect("a map of texts is JSON");
    Ok(Some((record.id, bytes)))
}
