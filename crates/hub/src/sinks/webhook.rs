//! The webhook as a receiver of events.

use std::sync::Arc;

use freehold_protocol::data::OutcomeKind;
use freehold_store::ReadError;
use freehold_webhook as webhook;
use freehold_webhook::{Webhook, WebhookAnswer};

use crate::log::Record;
use crate::shared::Shared;
use crate::sinks::delivery::{Delivery, FieldOutcome, Said};

/// One attempt.
pub(super) async fn deliver(
    shared: &Arc<Shared>,
    webhook: &Webhook,
    record: &Record,
) -> Result<Delivery, ReadError> {
    let event = record.cloudevent(&shared.store, shared.keys.first().did.as_str())?;
    let body = serde_json::to_vec(&event).expect("a map of texts is JSON");
    let secs = i64::try_from(shared.now().secs()).unwrap_or(i64::MAX);
    Ok(match webhook.deliver(&record.id, secs, &body).await {
        webhook::Delivery::Accepted { answer, problem } => {
            if let Some(problem) = problem {
                tracing::warn!(event = record.n, %problem, "the webhook's answer was put aside");
            }
            Delivery::Taken(answer.map(said).unwrap_or_default())
        }
        webhook::Delivery::Retry { reason, after } => Delivery::Again { reason: reason.to_string(), after },
        webhook::Delivery::Refused { reason, .. } => Delivery::Refused { reason: reason.to_string() },
    })
}

fn said(answer: WebhookAnswer) -> Said {
    let outcome = |said: webhook::PathOutcome| FieldOutcome {
        path: said.path,
        outcome: match said.outcome {
            webhook::Outcome::Applied => OutcomeKind::Applied,
            webhook::Outcome::Conflict => OutcomeKind::Conflict,
            webhook::Outcome::Duplicate => OutcomeKind::Duplicate,
            webhook::Outcome::Refused => OutcomeKind::Refused,
        },
        system: said.system,
        detail: said.detail,
    };
    Said { outcomes: answer.outcomes.into_iter().map(outcome).collect(), ..Said::default() }
}
