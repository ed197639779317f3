//! One attempt to deliver one event, and what becomes of the event by it.

use std::sync::Arc;
use std::time::Duration;

use freehold_mailbox::entropy;
use freehold_protocol::time::Timestamp;
use freehold_store::{ReadError, WriteError};
use freehold_webhook::RetryPolicy;

use crate::log::{Hook, Record};
use crate::shared::Shared;
use crate::sinks::delivery::Delivery;
use crate::sinks::worker::Target;
use crate::sinks::{Receiver, announce_outcomes, answer, crm, webhook};

/// Wait after an event could not be read; nothing has left then.
const PAUSE: Duration = Duration::from_secs(5);

/// What the receiver answered, kept in memory while the store does not take note of it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answered {
    pub(super) delivery: Delivery,
    /// How often the store refused.
    pub(super) failures: u32,
}

/// What became of an attempt.
pub(crate) enum Landing {
    /// The event needs nothing more.
    Settled,
    /// It is delivered again after this.
    Again(Duration),
    /// It was delivered, and the store does not know: only that is tried again.
    Unsettled(Answered),
}

/// One attempt to deliver one event, written down; of one that the receiver has answered already, the writing alone.
pub(super) async fn attempt(
    shared: &Arc<Shared>,
    target: &Target,
    policy: RetryPolicy,
    n: u64,
    answered: Option<Answered>,
) -> Landing {
    let sink = target.receiver().name();
    let Answered { delivery, failures } = match answered {
        Some(answered) => answered,
        None => match deliver(shared, target, n).await {
            Ok(Some(delivery)) => Answered { delivery, failures: 0 },
            Ok(None) => return Landing::Settled,
            Err(error) => {
                tracing::error!(sink, event = n, %error, "an event cannot be read");
                return Landing::Again(PAUSE);
            }
        },
    };
    match settle(shared, target.receiver(), policy, n, delivery.clone()).await {
        Ok(landing) => landing,
        Err(error) => {
            tracing::error!(sink, event = n, %error, "a delivery could not be written down: only that is tried again");
            Landing::Unsettled(Answered { delivery, failures: failures.saturating_add(1) })
        }
    }
}

/// Delivers an event; `None` when there is nothing to deliver any more.
async fn deliver(shared: &Arc<Shared>, target: &Target, n: u64) -> Result<Option<Delivery>, ReadError> {
    let Some(record) = Record::load(&shared.store, n)? else { return Ok(None) };
    if !record.hook(target.receiver()).is_due() {
        return Ok(None);
    }
    let delivering = async {
        match target {
            Target::Webhook(target) => webhook::deliver(shared, target, &record).await,
            Target::Crm(target) => crm::deliver(shared, target, &record).await,
        }
    };
    let began = shared.begin();
    let delivered = freehold_outbound::traced(record.trace().parent(), delivering).await;
    let failed = !matches!(delivered, Ok(Delivery::Taken(_)));
    shared.done(&record, "deliver", began, Some(target.receiver().name()), failed);
    delivered.map(Some)
}

/// Writes down what became of a delivery, and tells the person.
pub(crate) async fn settle(
    shared: &Arc<Shared>,
    receiver: Receiver,
    policy: RetryPolicy,
    n: u64,
    delivery: Delivery,
) -> Result<Landing, WriteError<ReadError>> {
    let (writing, now) = (Arc::clone(shared), shared.now());
    let random = u64::from_be_bytes(*entropy().first_chunk().expect("16 bytes hold 8"));
    let landed = shared.store.write(move |txn| {
        let Some(mut record) = Record::load(txn, n)? else { return Ok((Landing::Settled, None)) };
        let attempts = match record.hook(receiver) {
            Hook::Due { attempts, .. } => attempts + 1,
            _ => return Ok((Landing::Settled, None)),
        };
        let (reason, after, final_refusal) = match delivery {
            Delivery::Taken(said) => {
                record.not_erased.extend(said.not_erased);
                if let Some(memory) = said.memory {
                    crm::remember(txn, &record.relationship, &memory);
                }
                record.settle(txn, receiver, Hook::Done);
                writing.delivered(&record, receiver.name());
                let answers = writing.sinks().is_answer(receiver);
                let told = answer::taken(txn, &writing, answers, &mut record, &said.outcomes, now)?;
                return Ok((Landing::Settled, told.then_some(record.relationship)));
            }
            Delivery::Again { reason, after } => (reason, after, false),
            Delivery::Refused { reason } => (reason, None, true),
        };
        let wait = policy.wait(attempts, random, after).filter(|_| !final_refusal);
        if let Some(wait) = wait {
            let millis = now.millis().saturating_add(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
            let not_before = Timestamp::from_millis(millis);
            record.hang(receiver, Hook::Due { attempts, not_before });
            record.save(txn);
            return Ok((Landing::Again(wait), None));
        }
        let sink = receiver.name();
        tracing::warn!(
            trace = %record.trace(),
            id = record.id,
            sink,
            event = n,
            attempts,
            reason,
            "an event went to the dead letters"
        );
        record.settle(txn, receiver, Hook::Dead { attempts, reason, at: now });
        let told = writing.sinks().is_answer(receiver) && answer::given_up(txn, &writing, &mut record, now)?;
        Ok::<_, ReadError>((Landing::Settled, told.then_some(record.relationship)))
    });
    let (landing, told) = landed.await?.into_inner();
    if let Some(relationship) = told {
        shared.wake(&relationship);
        announce_outcomes(shared)?;
    }
    Ok(landing)
}
