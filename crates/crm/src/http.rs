//! Requests to a CRM: signed in, paced, and their failures sorted.

mod pace;
mod token;

use std::time::{Duration, SystemTime};

use freehold_outbound::{Client, FetchError, Method};
use serde_json::Value;
use tokio::time::Instant;

use crate::adapter::Failure;
use crate::config::{CrmConfig, OpenError};
use crate::reason::Reason;

pub(crate) use pace::Pace;
use token::Token;
pub(crate) use token::escaped;

/// Longest wait that a CRM may ask for: the hub's own longest.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// Wait after a 429 that names none.
const TOO_MANY_WAIT: Duration = Duration::from_secs(10);

/// A CRM's HTTP interface.
pub(crate) struct Http {
    client: Client,
    base: String,
    /// Header name, and its value with `{token}` in it.
    auth: (String, String),
    token: Token,
    headers: Vec<(String, String)>,
    pace: Pace,
}

/// One request.
pub(crate) struct Call<'a> {
    /// What it does, for reasons: `read`, `write`, `create` or `erase`.
    pub(crate) verb: &'static str,
    /// To what.
    pub(crate) object: &'a str,
    pub(crate) method: Method,
    /// What comes after the configured address.
    pub(crate) path: String,
    pub(crate) headers: &'a [(&'a str, &'a str)],
    pub(crate) body: Option<Value>,
}

/// An answer that says something: 2xx, or a refusal that the adapter has to read.
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Null for one without a body, or whose body is no JSON.
    pub(crate) body: Value,
    verb: &'static str,
    object: String,
}

impl Answer {
    /// Whether it is a 2xx.
    pub(crate) fn is_ok(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The body of a 2xx.
    pub(crate) fn ok(self) -> Result<Value, Failure> {
        if self.is_ok() { Ok(self.body) } else { Err(self.rejected()) }
    }

    /// The whole request was refused.
    pub(crate) fn rejected(self) -> Failure {
        let Self { status, verb, object, .. } = self;
        Failure::Refused { reason: Reason::Rejected { verb, object, status } }
    }

    /// It is not what the system documents.
    pub(crate) fn strange(&self) -> Failure {
        strange(&self.object)
    }
}

/// An answer about this object is not what the system documents.
pub(crate) fn strange(object: &str) -> Failure {
    Failure::Again { reason: Reason::Answer { object: object.to_owned() }, after: None }
}

impl Http {
    /// `auth` is a header with `{token}` in its value, such as `Authorization: Bearer {token}`.
    pub(crate) fn open(
        config: &CrmConfig,
        client: Client,
        auth: &str,
        headers: Vec<(String, String)>,
        pace: Pace,
    ) -> Result<Self, OpenError> {
        client.check(&config.url).map_err(OpenError::Address)?;
        let (name, value) = auth.split_once(':').unwrap_or(("Authorization", auth));
        Ok(Self {
            client,
            base: config.url.trim_end_matches('/').to_owned(),
            auth: (name.trim().to_owned(), value.trim().to_owned()),
            token: Token::open(config)?,
            headers,
            pace,
        })
    }

    /// Makes a request. A token that is not taken is fetched anew once.
    pub(crate) async fn call(&self, call: Call<'_>) -> Result<Answer, Failure> {
        let token = self.token.current().await;
        if let Some(answer) = self.attempt(&call, &token).await? {
            return Ok(answer);
        }
        let sign_in = Failure::Again { reason: Reason::SignIn, after: None };
        let fresh = self.token.renewed(&token, &self.client).await?;
        if fresh == token {
            return Err(sign_in);
        }
        self.attempt(&call, &fresh).await?.ok_or(sign_in)
    }

    /// One exchange; nothing for a token that is not taken.
    async fn attempt(&self, call: &Call<'_>, token: &crate::Secret) -> Result<Option<Answer>, Failure> {
        self.pace.turn().await?;
        let url = format!("{}{}", self.base, call.path);
        let auth = zeroize::Zeroizing::new(self.auth.1.replace("{token}", token.danger_text()));
        let mut headers = vec![("accept", "application/json"), (self.auth.0.as_str(), auth.as_str())];
        headers.extend(self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        headers.extend(call.headers.iter().copied());
        let body = match &call.body {
            Some(body) => {
                headers.push(("content-type", "application/json"));
                serde_json::to_vec(body).unwrap_or_default()
            }
            None => Vec::new(),
        };
        let response = match self.client.send(call.method, &url, &headers, body).await {
            Ok(response) => response,
            Err(error @ (FetchError::Url | FetchError::Header | FetchError::TooLarge { .. })) => {
                return Err(Failure::Refused { reason: Reason::Fetch(error) });
            }
            Err(error) => return Err(Failure::Again { reason: Reason::Fetch(error), after: None }),
        };
        let wait = response.retry_after.as_deref().and_then(wanted_wait);
        match response.status {
            200..=299 | 404 | 409 => {}
            401 => return Ok(None),
            403 => {
                let reason = Reason::Forbidden { verb: call.verb, object: call.object.to_owned() };
                return Err(Failure::Again { reason, after: wait });
            }
            429 => {
                let wait = wait.unwrap_or(TOO_MANY_WAIT);
                self.pace.pause(Instant::now() + wait);
                return Err(Failure::Again { reason: Reason::TooMany, after: Some(wait) });
            }
            408 | 425 | 300..=399 | 500.. | ..200 => {
                if let Some(wait) = wait.filter(|_| response.status == 503) {
                    self.pace.pause(Instant::now() + wait);
                }
                return Err(Failure::Again { reason: Reason::Status(response.status), after: wait });
            }
            _ => {}
        }
        let body = serde_json::from_slice(&response.body).unwrap_or(Value::Null);
        Ok(Some(Answer { status: response.status, body, verb: call.verb, object: call.object.to_owned() }))
    }
}

/// `Retry-After`: "a number of seconds to delay ... or an HTTP-date" (RFC 9110 section 10.2.3).
fn wanted_wait(text: &str) -> Option<Duration> {
    let text = text.trim();
    let wait = if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        Duration::from_secs(text.parse().unwrap_or(u64::MAX))
    } else {
        let at = httpdate::parse_http_date(text).ok()?;
        at.duration_since(SystemTime::now()).unwrap_or_default()
    };
    Some(wait.min(RETRY_AFTER_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_takes_seconds_and_dates_within_a_day() {
        for (text, wanted) in [("7", Some(7)), ("999999", Some(86_400)), ("soon", None), ("", None)] {
            assert_eq!(wanted_wait(text), wanted.map(Duration::from_secs), "{text}");
        }
        assert_eq!(wanted_wait("Sun, 06 Nov 1994 08:49:37 GMT"), Some(Duration::ZERO));
    }
}
