//! What the four servers share: one exchange at a time, a list of the calls, and faults on command.

use std::collections::VecDeque;
use std::future::IntoFuture;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, Method, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::cut::Cuttable;
use super::query;

/// One request, as far as a system looks at it.
pub struct Request {
    /// `GET`, `POST` and so on.
    pub method: String,
    /// The path, still percent-encoded.
    pub path: String,
    /// The query, decoded.
    pub query: Vec<(String, String)>,
    /// How many bytes path and query have on the wire.
    pub uri_bytes: usize,
    /// The body as text.
    pub body: String,
    headers: HeaderMap,
}

impl Request {
    /// A header, when it is there and text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The first value of a name in the query.
    #[must_use]
    pub fn asked(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// The body, when it is labelled as JSON and is.
    #[must_use]
    pub fn json(&self) -> Option<Value> {
        let labelled = self.header("content-type")?.starts_with("application/json");
        labelled.then(|| serde_json::from_str(&self.body).ok()).flatten()
    }

    /// The path's segments, decoded.
    #[must_use]
    pub fn segments(&self) -> Vec<String> {
        self.path.split('/').filter(|s| !s.is_empty()).map(query::decoded).collect()
    }
}

/// One answer.
pub struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

impl Answer {
    /// JSON with this status.
    #[must_use]
    pub fn json(status: u16, body: &Value) -> Self {
        Self::text(status, "application/json;charset=utf-8", &body.to_string())
    }

    /// Any text with this status.
    #[must_use]
    pub fn text(status: u16, content_type: &str, body: &str) -> Self {
        Self { status, headers: vec![("content-type", content_type.to_owned())], body: body.into() }
    }

    /// A status alone.
    #[must_use]
    pub fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new() }
    }

    /// The same with one header more.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.headers.push((name, value.to_string()));
        self
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let mut response = Response::builder().status(self.status);
        for (name, value) in self.headers {
            response = response.header(name, value);
        }
        response.body(self.body.into()).unwrap_or_else(|_| Response::new(axum::body::Body::empty()))
    }
}

/// A system's records and rules.
pub trait System: Send + 'static {
    /// Answers one request.
    fn answer(&mut self, request: &Request) -> Answer;

    /// Whether a request changes records.
    fn is_write(&self, request: &Request) -> bool;

    /// What it says to one request too many; `after` is the wait in seconds that it names, when it names one.
    fn limited(&self, after: Option<u64>) -> Answer;

    /// What it says when it fails by itself.
    fn failed(&self) -> Answer;

    /// The access token or key that was good until now is no longer.
    fn expire(&mut self);
}

/// What goes wrong, once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The request is one too many, and so is every one within this time. `named` is whether the answer says so.
    Limit {
        /// The wait in seconds.
        after: u64,
        /// Whether `Retry-After` stands in the answer.
        named: bool,
    },
    /// The token expires just before the request.
    Expire,
    /// The system fails and does nothing.
    Fail,
    /// The request is answered this much later.
    Slow(Duration),
    /// The request is done, and the connection is cut before the answer.
    CutAfter,
    /// The connection is cut, and nothing was done.
    CutBefore,
}

/// One request that came.
#[derive(Debug, Clone)]
pub struct Call {
    /// Method and path, without the query.
    pub name: String,
    /// Whether it changes records.
    pub write: bool,
    /// When it came.
    pub at: Instant,
}

struct State<S> {
    system: S,
    calls: Vec<Call>,
    faults: VecDeque<(bool, Fault)>,
    /// Nothing is answered before this moment; whether the wait is named.
    limited_until: Option<(Instant, bool)>,
    early: usize,
}

/// A running server. It ends when it is dropped.
pub struct Server<S> {
    state: Arc<Mutex<State<S>>>,
    url: String,
    task: JoinHandle<()>,
}

impl<S: System> Server<S> {
    /// Listens on loopback.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start(system: S) -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let state =
            State { system, calls: Vec::new(), faults: VecDeque::new(), limited_until: None, early: 0 };
        let state = Arc::new(Mutex::new(state));
        let cut = Arc::new(AtomicBool::new(false));
        let shared = (Arc::clone(&state), Arc::clone(&cut));
        let router =
            Router::new().fallback(move |method: Method, uri: Uri, headers: HeaderMap, body: Bytes| {
                let (state, cut) = shared.clone();
                async move { exchange(&state, &cut, &method, &uri, headers, &body).await }
            });
        let serving = axum::serve(Cuttable { listener, cut }, router).into_future();
        let task = tokio::spawn(async move {
            let _ended = serving.await;
        });
        Ok(Self { state, url, task })
    }

    /// Where it is, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Lets the next request meet a fault. Several are met one after the other.
    pub fn inject(&self, fault: Fault) {
        lock(&self.state).faults.push_back((false, fault));
    }

    /// Lets the next request that changes records meet a fault.
    pub fn inject_on_write(&self, fault: Fault) {
        lock(&self.state).faults.push_back((true, fault));
    }

    /// Looks at the system or changes it behind its interface's back.
    pub fn with<T>(&self, look: impl FnOnce(&mut S) -> T) -> T {
        look(&mut lock(&self.state).system)
    }

    /// All calls so far.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        lock(&self.state).calls.clone()
    }

    /// How many calls would change records, those that met a fault included.
    #[must_use]
    pub fn writes(&self) -> usize {
        lock(&self.state).calls.iter().filter(|call| call.write).count()
    }

    /// How many calls came earlier than a limit allowed.
    #[must_use]
    pub fn early(&self) -> usize {
        lock(&self.state).early
    }
}

impl<S> Drop for Server<S> {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn lock<S>(state: &Mutex<State<S>>) -> MutexGuard<'_, State<S>> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn exchange<S: System>(
    state: &Mutex<State<S>>,
    cut: &AtomicBool,
    method: &Method,
    uri: &Uri,
    headers: HeaderMap,
    body: &[u8],
) -> Answer {
    let request = Request {
        method: method.as_str().to_owned(),
        path: uri.path().to_owned(),
        query: query::pairs(uri.query().unwrap_or_default()),
        uri_bytes: uri.path().len() + uri.query().map_or(0, |q| q.len() + 1),
        body: String::from_utf8_lossy(body).into_owned(),
        headers,
    };
    let (fault, limited) = lock(state).meet(&request);
    if let Some(answer) = limited {
        return answer;
    }
    if let Some(Fault::Slow(wait)) = fault {
        tokio::time::sleep(wait).await;
    }
    let mut state = lock(state);
    match fault {
        Some(Fault::Fail) => return state.system.failed(),
        Some(Fault::CutBefore) => {
            cut.store(true, Ordering::SeqCst);
            return state.system.failed();
        }
        Some(Fault::Expire) => state.system.expire(),
        _ => {}
    }
    let answer = state.system.answer(&request);
    if fault == Some(Fault::CutAfter) {
        cut.store(true, Ordering::SeqCst);
    }
    answer
}

impl<S: System> State<S> {
    /// Notes the call; says which fault it meets, and the answer when it is one too many.
    fn meet(&mut self, request: &Request) -> (Option<Fault>, Option<Answer>) {
        let write = self.system.is_write(request);
        let now = Instant::now();
        self.calls.push(Call { name: format!("{} {}", request.method, request.path), write, at: now });
        if let Some((until, named)) = self.limited_until {
            if now < until {
                self.early += 1;
                let left = (until - now).as_secs() + 1;
                return (None, Some(self.system.limited(named.then_some(left))));
            }
            self.limited_until = None;
        }
        let found = self.faults.iter().position(|(only_writes, _)| write || !only_writes);
        let fault = found.and_then(|index| self.faults.remove(index)).map(|(_, fault)| fault);
        let Some(Fault::Limit { after, named }) = fault else { return (fault, None) };
        self.limited_until = Some((now + Duration::from_secs(after), named));
        (fault, Some(self.system.limited(named.then_some(after))))
    }
}
