//! Delivery of one event to a vendor's own system by webhook.
//!
//! The body is a CloudEvent in structured JSON mode (CloudEvents 1.0, HTTP protocol binding section 3.2), the
//! signature is that of Standard Webhooks 1.0, made with every secret that is current, so that a secret can be
//! replaced without a gap. What the receiver answers is sorted into accepted, try again, and refused; a receiver
//! that knows what became of each field may say so in its answer, and the person sees it.
//!
//! What it leaves out: the queue, the clock and the dead-letter list, which are the hub's. Delivery is at least
//! once; the event's id is the same in every attempt, and receivers drop what they have seen.
//!
//! Reading order: [`Webhook`], [`Secret`], [`Delivery`], [`WebhookAnswer`], [`RetryPolicy`].
//!
//! ```no_run
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! use freehold_outbound::{Client, Policy};
//! use freehold_webhook::{Delivery, Secret, Webhook};
//! let client = Client::new(Policy::configured())?;
//! let webhook = Webhook::new("http://localhost:8080/freehold", vec![Secret::generate()?], client)?;
//! match webhook.deliver("evt_1", 1_767_225_600, br#"{"specversion":"1.0"}"#).await {
//!     Delivery::Accepted { .. } => {}
//!     Delivery::Retry { reason, after } => println!("{reason}, not before {after:?}"),
//!     Delivery::Refused { reason, .. } => println!("{reason}"),
//! }
//! # Ok(())
//! # }
//! ```

mod answer;
mod delivery;
mod retry;
mod secret;
mod webhook;

pub use answer::{AnswerError, Outcome, PathOutcome, WebhookAnswer};
pub use delivery::{Delivery, RefusedReason, RetryReason};
pub use retry::{ATTEMPTS_MAX, RETRY_AFTER_MAX, RETRY_BASE, RetryPolicy, retry_delay};
pub use secret::{Secret, SecretError};
pub use webhook::{SECRETS_MAX, Webhook, WebhookError};

#[cfg(test)]
mod tests;
