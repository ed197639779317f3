//! What became of one attempt.

use std::time::Duration;

use freehold_outbound::{FetchError, Response};

use crate::answer::{AnswerError, WebhookAnswer};
use crate::retry::RETRY_AFTER_MAX;

/// What became of one attempt to deliver an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// The receiver has it (2xx). Do not send it again.
    Accepted {
        /// What the receiver says about each field, when it says anything.
        answer: Option<WebhookAnswer>,
        /// Why an answer that the receiver did give was put aside: for the operator's log.
        problem: Option<AnswerError>,
    },
    /// Not now: send it again later, with the same id.
    Retry {
        /// Why.
        reason: RetryReason,
        /// The receiver wants no attempt before this long.
        after: Option<Duration>,
    },
    /// The receiver does not take this event: put it on the dead-letter list.
    Refused {
        /// Why.
        reason: RefusedReason,
        /// The HTTP status, when the receiver gave one.
        status: Option<u16>,
    },
}

/// Why an event is to be sent again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RetryReason {
    /// 5xx, 408, 425 or a status that HTTP does not define.
    #[error("the webhook answered {0}: it is tried again")]
    Status(u16),
    /// 429.
    #[error("the webhook asks for fewer requests: it is tried again later")]
    TooMany,
    /// 3xx. Redirects are not followed: the new address might be anybody's.
    #[error("the webhook answered {0}, a redirect, which is not followed: configure the address it leads to")]
    Redirect(u16),
    /// No answer.
    #[error("{0}")]
    Fetch(FetchError),
}

/// Why an event is not to be sent again by itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RefusedReason {
    /// 410: the receiver has switched this webhook off.
    #[error("the webhook answered 410 and takes no more events: remove it or configure its new address")]
    Gone,
    /// Another 4xx.
    #[error(
        "the webhook refused the event with {0}: correct the receiver, then send the event again from the dead letters"
    )]
    Status(u16),
    /// The event cannot be sent: its id cannot stand in a header, or its body is not UTF-8 as the signature needs.
    #[error("the event has an id or a body that a webhook cannot carry: use another sink for it")]
    Event,
}

impl Delivery {
    /// Sorts an exchange. `now_secs` is the time of the attempt, for a `Retry-After` with a date.
    pub(crate) fn of(exchange: Result<Response, FetchError>, now_secs: i64) -> Self {
        match exchange {
            Ok(Response { status, content_type, retry_after, body, .. }) => {
                let after = retry_after.as_deref().and_then(|text| wanted_wait(text, now_secs));
                Self::of_status(status, after, || WebhookAnswer::parse(content_type.as_deref(), &body))
            }
            // The status counts, however much the receiver wrote after it.
            Err(FetchError::TooLarge { status, .. }) => Self::of_status(status, None, || Ok(None)),
            Err(FetchError::Header) => Self::Refused { reason: RefusedReason::Event, status: None },
            // Also a wrong certificate or an inward address: events outlast a mistake in a name server.
            Err(error) => Self::Retry { reason: RetryReason::Fetch(error), after: None },
        }
    }

    fn of_status(
        status: u16,
        after: Option<Duration>,
        answer: impl FnOnce() -> Result<Option<WebhookAnswer>, AnswerError>,
    ) -> Self {
        match status {
            200..=299 => match answer() {
                Ok(answer) => Self::Accepted { answer, problem: None },
                Err(problem) => Self::Accepted { answer: None, problem: Some(problem) },
            },
            300..=399 => Self::Retry { reason: RetryReason::Redirect(status), after },
            429 => Self::Retry { reason: RetryReason::TooMany, after },
            408 | 425 => Self::Retry { reason: RetryReason::Status(status), after },
            410 => Self::Refused { reason: RefusedReason::Gone, status: Some(status) },
            400..=499 => Self::Refused { reason: RefusedReason::Status(status), status: Some(status) },
            _ => Self::Retry { reason: RetryReason::Status(status), after },
        }
    }
}

/// `Retry-After`: "a number of seconds to delay ... or an HTTP-date" (RFC 9110 section 10.2.3).
fn wanted_wait(text: &str, now_secs: i64) -> Option<Duration> {
    let text = text.trim();
    let wait = if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        // More digits than fit are for ever.
        Duration::from_secs(text.parse().unwrap_or(u64::MAX))
    } else {
        let at = httpdate::parse_http_date(text).ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
        at.saturating_sub(Duration::from_secs(u64::try_from(now_secs).ok()?))
    };
    Some(wait.min(RETRY_AFTER_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_takes_seconds_and_dates_within_a_day() {
        // 1994-11-06 08:49:37 UTC is 784111777.
        for (text, wanted) in [
            ("120", Some(120)),
            (" 7 ", Some(7)),
            ("0", Some(0)),
            ("99999999999999999999999", Some(86_400)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(37)),
            ("Sun, 06 Nov 1994 08:40:00 GMT", Some(0)),
            ("Sun, 06 Nov 2044 08:49:37 GMT", Some(86_400)),
            ("-1", None),
            ("soon", None),
            ("", None),
        ] {
            assert_eq!(wanted_wait(text, 784_111_740), wanted.map(Duration::from_secs), "{text}");
        }
    }
}
