//! The client: one checked exchange at a time.

use std::error::Error as StdError;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION, RETRY_AFTER};

use crate::address::is_inward;
use crate::error::{ClientError, FetchError};
use crate::lookup::{Gate, GateError, Lookup, SystemLookup};
use crate::policy::{Policy, Reach};
use crate::traced;

/// What the client calls itself: the same everywhere, so that it tells nobody apart.
const USER_AGENT: &str = "freehold";

/// Most headers taken in an answer; servers send about twenty.
const HEADERS_MAX: usize = 64;

/// How long an unused connection is kept: a hub that delivers a burst of events uses it again at once.
const IDLE_TIMEOUT: Duration = Duration::from_secs(20);

/// Most unused connections kept to one host.
const IDLE_CONNECTIONS_MAX: usize = 4;

/// A request method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// `GET`.
    Get,
    /// `POST`.
    Post,
    /// `PUT`.
    Put,
    /// `PATCH`.
    Patch,
    /// `DELETE`.
    Delete,
    /// `PROPFIND` of WebDAV (RFC 4918).
    Propfind,
    /// `REPORT` of WebDAV (RFC 3253).
    Report,
}

/// An answer, its body complete.
#[derive(Clone, PartialEq, Eq)]
pub struct Response {
    /// The HTTP status. A redirect is an answer like any other: it is not followed.
    pub status: u16,
    /// The `Content-Type` header, when it is text.
    pub content_type: Option<String>,
    /// The `Retry-After` header as sent: seconds or an HTTP date (RFC 9110 section 10.2.3).
    pub retry_after: Option<String>,
    /// The `Location` header as sent: where a redirect leads.
    pub location: Option<String>,
    /// The body, at most as large as the policy allows.
    pub body: Vec<u8>,
}

impl std::fmt::Debug for Response {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status)
            .field("content_type", &self.content_type)
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// The outbound client. Cheap to clone; clones share connections.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    gate: Gate,
    policy: Arc<Policy>,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("policy", &self.policy).finish_non_exhaustive()
    }
}

impl Client {
    /// Which addresses it may connect to.
    #[must_use]
    pub fn reach(&self) -> Reach {
        self.policy.reach
    }

    /// A client under this policy.
    ///
    /// # Errors
    /// [`ClientError`] when an extra root is unusable.
    pub fn new(policy: Policy) -> Result<Self, ClientError> {
        let is_refused = match policy.reach {
            Reach::PublicOnly => is_inward,
            Reach::Anywhere => |_| false,
        };
        Self::with_gate(policy, Arc::new(SystemLookup), is_refused)
    }

    pub(crate) fn with_gate(
        policy: Policy,
        lookup: Arc<dyn Lookup>,
        is_refused: fn(IpAddr) -> bool,
    ) -> Result<Self, ClientError> {
        let mut roots = Vec::new();
        for (index, pem) in policy.extra_roots.iter().enumerate() {
            let number = index + 1;
            let found =
                reqwest::Certificate::from_pem_bundle(pem).map_err(|_| ClientError::Root { number })?;
            if found.is_empty() {
                return Err(ClientError::Root { number });
            }
            roots.extend(found);
        }
        let gate = Gate { lookup, is_refused };
        let http = match builder(&gate).tls_certs_merge(roots.clone()).build() {
            Ok(http) => http,
            Err(_) => {
                // A bare machine has no system roots: then the extra ones alone count, and without any every
                // https host is refused for its certificate.
                tracing::warn!("this machine's root certificates cannot be read: install ca-certificates");
                builder(&gate).tls_certs_only(roots).build().map_err(|_| ClientError::Tls)?
            }
        };
        Ok(Self { http, gate, policy: Arc::new(policy) })
    }

    /// Whether a URL could be used at all, without contacting anybody: for checking a configuration. A name is not
    /// looked up, so [`FetchError::Inward`] is found here for literal addresses alone.
    ///
    /// # Errors
    /// [`FetchError`], as [`Client::send`] would give it.
    pub fn check(&self, url: &str) -> Result<(), FetchError> {
        self.checked(url).map(|_| ())
    }

    /// Fetches a document. `accept` is the `Accept` header.
    ///
    /// # Errors
    /// [`FetchError`]; a status of any class is no error.
    pub async fn get(&self, url: &str, accept: &str) -> Result<Response, FetchError> {
        self.send(Method::Get, url, &[("accept", accept)], Vec::new()).await
    }

    /// Posts a body; its `content-type` is among the headers.
    ///
    /// # Errors
    /// [`FetchError`]; a status of any class is no error.
    pub async fn post(
        &self,
        url: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Result<Response, FetchError> {
        self.send(Method::Post, url, headers, body).await
    }

    /// One exchange: name looked up, address checked, request sent, body read, all within the policy's timeout.
    ///
    /// # Errors
    /// [`FetchError`]; a status of any class is no error.
    pub async fn send(
        &self,
        method: Method,
        url: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Result<Response, FetchError> {
        let (url, host) = self.checked(url)?;
        let mut headers = header_map(headers)?;
        let trace = traced::present();
        if let Some(value) = trace.as_ref().and_then(|trace| HeaderValue::try_from(trace).ok()) {
            headers.insert(traced::TRACEPARENT, value);
        }
        let after = self.policy.timeout;
        let outcome =
            match tokio::time::timeout(after, self.exchange(method, url, &host, headers, body)).await {
                Ok(outcome) => outcome,
                Err(_) => Err(FetchError::TimedOut { host: host.clone(), after }),
            };
        match &outcome {
            Ok(response) => tracing::debug!(trace, host, status = response.status, "outbound exchange"),
            Err(error) => tracing::debug!(trace, %error, "outbound exchange failed"),
        }
        outcome
    }

    /// The URL and its host, once scheme, user info and a literal address have been looked at. `Url` has turned
    /// octal, hexadecimal and one-number spellings of IPv4 addresses into the usual one.
    fn checked(&self, url: &str) -> Result<(Url, String), FetchError> {
        let url = Url::parse(url).map_err(|_| FetchError::Url)?;
        let host = url.host_str().ok_or(FetchError::Url)?.to_owned();
        match url.scheme() {
            "https" => {}
            "http" if self.policy.allow_http => {}
            "http" => return Err(FetchError::Plain { host }),
            _ => return Err(FetchError::Url),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(FetchError::Userinfo { host });
        }
        // A literal address is connected to without any lookup, so it meets the gate here.
        let literal = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        if literal.is_ok_and(|address| (self.gate.is_refused)(address)) {
            return Err(FetchError::Inward { host });
        }
        Ok((url, host))
    }

    async fn exchange(
        &self,
        method: Method,
        url: Url,
        host: &str,
        headers: HeaderMap,
        body: Vec<u8>,
    ) -> Result<Response, FetchError> {
        let method = match method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
            Method::Put => reqwest::Method::PUT,
            Method::Patch => reqwest::Method::PATCH,
            Method::Delete => reqwest::Method::DELETE,
            Method::Propfind => extension("PROPFIND")?,
            Method::Report => extension("REPORT")?,
        };
        let mut request = self.http.request(method, url).headers(headers);
        if !body.is_empty() {
            request = request.body(body);
        }
        let mut answer = request.send().await.map_err(|error| fetch_error(&error, host))?;
        let status = answer.status().as_u16();
        let bytes_max = self.policy.body_bytes_max;
        let too_large = || FetchError::TooLarge { host: host.to_owned(), status, bytes_max };
        if answer.content_length().is_some_and(|length| length > bytes_max as u64) {
            return Err(too_large());
        }
        let text =
            |name| answer.headers().get(name).and_then(|v: &HeaderValue| v.to_str().ok()).map(str::to_owned);
        let (content_type, retry_after, location) = (text(CONTENT_TYPE), text(RETRY_AFTER), text(LOCATION));
        let mut body = Vec::new();
        let interrupted = |_| FetchError::Interrupted { host: host.to_owned() };
        while let Some(chunk) = answer.chunk().await.map_err(interrupted)? {
            if body.len() + chunk.len() > bytes_max {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Response { status, content_type, retry_after, location, body })
    }
}

/// The one place where an HTTP client is made.
#[expect(clippy::disallowed_methods, reason = "this is the crate that the ban points to")]
fn builder(gate: &Gate) -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .dns_resolver(gate.clone())
        .user_agent(USER_AGENT)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .no_proxy()
        .referer(false)
        .no_gzip()
        .no_brotli()
        .no_zstd()
        .no_deflate()
        .http1_only()
        .http1_max_headers(HEADERS_MAX)
        .pool_idle_timeout(IDLE_TIMEOUT)
        .pool_max_idle_per_host(IDLE_CONNECTIONS_MAX)
}

/// A method that HTTP's own library has no constant for.
fn extension(name: &str) -> Result<reqwest::Method, FetchError> {
    reqwest::Method::from_bytes(name.as_bytes()).map_err(|_| FetchError::Header)
}

fn header_map(headers: &[(&str, &str)]) -> Result<HeaderMap, FetchError> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let name = HeaderName::try_from(*name).map_err(|_| FetchError::Header)?;
        let mut value = HeaderValue::try_from(*value).map_err(|_| FetchError::Header)?;
        value.set_sensitive(name != ACCEPT && name != CONTENT_TYPE);
        map.append(name, value);
    }
    Ok(map)
}

/// Sorts a failure by what the chain of its causes says.
fn fetch_error(error: &reqwest::Error, host: &str) -> FetchError {
    let host = host.to_owned();
    let mut cause: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(current) = cause {
        match current.downcast_ref::<GateError>() {
            Some(GateError::Inward) => return FetchError::Inward { host },
            Some(GateError::NotResolved) => return FetchError::NotResolved { host },
            None => {}
        }
        // The TLS connector wraps what it refuses as invalid data.
        let io = current.downcast_ref::<std::io::Error>();
        if error.is_connect() && io.is_some_and(|io| io.kind() == std::io::ErrorKind::InvalidData) {
            return FetchError::Certificate { host };
        }
        // An I/O error shows the causes of what it wraps, not the wrapped error itself.
        cause = match io.and_then(std::io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => current.source(),
        };
    }
    if error.is_connect() { FetchError::Unreachable { host } } else { FetchError::Interrupted { host } }
}

#[cfg(test)]
mod tests;
