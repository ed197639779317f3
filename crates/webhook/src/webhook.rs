//! One receiver: where it is and what its secrets are.

use std::fmt;

use freehold_outbound::{Client, FetchError};
use standardwebhooks::{HEADER_WEBHOOK_ID, HEADER_WEBHOOK_SIGNATURE, HEADER_WEBHOOK_TIMESTAMP};

use crate::delivery::{Delivery, RefusedReason};
use crate::secret::Secret;

/// Most secrets at once: the current one and, while it is being replaced, the one before.
pub const SECRETS_MAX: usize = 2;

/// Longest event id, in bytes.
const ID_BYTES_MAX: usize = 256;

/// CloudEvents 1.0, HTTP protocol binding, structured mode.
const CONTENT_TYPE: &str = "application/cloudevents+json; charset=utf-8";

/// A receiver of events.
#[derive(Clone)]
pub struct Webhook {
    url: String,
    secrets: Vec<Secret>,
    client: Client,
}

/// Why a webhook cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WebhookError {
    /// The address.
    #[error("the webhook's address cannot be used: {0}")]
    Address(#[source] FetchError),
    /// No secret, or more than [`SECRETS_MAX`].
    #[error("a webhook has one secret, or {SECRETS_MAX} while one replaces the other; got {got}")]
    Secrets {
        /// How many there are.
        got: usize,
    },
}

impl Webhook {
    /// A receiver at `url`. Events are signed with every secret, in this order: put the new one first.
    ///
    /// # Errors
    /// [`WebhookError`] when the address is malformed or the client's policy forbids it, or for the number of
    /// secrets. Nobody is contacted.
    pub fn new(url: &str, secrets: Vec<Secret>, client: Client) -> Result<Self, WebhookError> {
        client.check(url).map_err(WebhookError::Address)?;
        if secrets.is_empty() || secrets.len() > SECRETS_MAX {
            return Err(WebhookError::Secrets { got: secrets.len() });
        }
        Ok(Self { url: url.to_owned(), secrets, client })
    }

    /// Makes one attempt to deliver one event.
    ///
    /// `id` is the event's own and the same in every attempt; `timestamp_secs` is the Unix time of this attempt,
    /// which receivers compare with their clock; `body` is the CloudEvent.
    pub async fn deliver(&self, id: &str, timestamp_secs: i64, body: &[u8]) -> Delivery {
        let Some(signatures) = self.signatures(id, timestamp_secs, body) else {
            return Delivery::Refused { reason: RefusedReason::Event, status: None };
        };
        let timestamp = timestamp_secs.to_string();
        let headers = [
            ("content-type", CONTENT_TYPE),
            (HEADER_WEBHOOK_ID, id),
            (HEADER_WEBHOOK_TIMESTAMP, timestamp.as_str()),
            (HEADER_WEBHOOK_SIGNATURE, signatures.as_str()),
        ];
        Delivery::of(self.client.post(&self.url, &headers, body.to_vec()).await, timestamp_secs)
    }

    /// The signatures of every secret, "a space delimited list". `None` when the event cannot be signed: its id
    /// would be ambiguous in `id.timestamp.body`, or its body is not UTF-8.
    fn signatures(&self, id: &str, timestamp_secs: i64, body: &[u8]) -> Option<String> {
        let plain = !id.is_empty()
            && id.len() <= ID_BYTES_MAX
            && id.bytes().all(|b| b.is_ascii_graphic() && b != b'.');
        if !plain {
            return None;
        }
        let sign = |secret: &Secret| {
            standardwebhooks::Webhook::new(secret.danger_text()).ok()?.sign(id, timestamp_secs, body).ok()
        };
        let signatures: Option<Vec<String>> = self.secrets.iter().map(sign).collect();
        signatures.map(|list| list.join(" "))
    }
}

/// Shows neither secrets nor the address: many services put a token into it.
impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhook").field("secrets", &self.secrets.len()).finish_non_exhaustive()
    }
}
