//! A small system with a REST interface: customers as JSON, and moods that real systems have.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// What is in it, and how it behaves.
#[derive(Default)]
pub(crate) struct State {
    pub(crate) customers: BTreeMap<u64, Value>,
    last: u64,
    /// Method and path of every request.
    pub(crate) seen: Vec<String>,
    /// The token that it takes.
    pub(crate) token: String,
    /// The next request gets this status, with a `Retry-After`.
    pub(crate) busy: Option<(u16, &'static str)>,
    /// It answers every search with everything.
    pub(crate) ignores_filters: bool,
    /// It never deletes.
    pub(crate) keeps: bool,
    /// It writes this in place of any city.
    pub(crate) corrects_city: Option<&'static str>,
    /// A member that it does not take.
    pub(crate) refuses: Option<&'static str>,
}

/// The system.
pub(crate) struct Server {
    pub(crate) url: String,
    state: Arc<Mutex<State>>,
}

impl Server {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has free ports");
        let url = format!("http://{}/api", listener.local_addr().expect("it has an address"));
        let state = Arc::new(Mutex::new(State { token: "good".to_owned(), ..State::default() }));
        let serving = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&serving)));
            }
        });
        Self { url, state }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no test panics in here")
    }

    /// Adds a customer that was there before.
    pub(crate) fn add(&self, customer: Value) -> u64 {
        self.state().add(customer)
    }

    /// How many requests began like this.
    pub(crate) fn seen(&self, beginning: &str) -> usize {
        self.state().seen.iter().filter(|line| line.starts_with(beginning)).count()
    }
}

impl State {
    fn add(&mut self, mut customer: Value) -> u64 {
        self.last += 1;
        customer["id"] = json!(self.last);
        self.customers.insert(self.last, customer);
        self.last
    }
}

async fn serve(mut stream: TcpStream, state: Arc<Mutex<State>>) {
    let mut bytes = Vec::new();
    loop {
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
            let mut chunk = [0; 4096];
            match stream.read(&mut chunk).await {
                Ok(0) | Err(_) => return,
                Ok(n) => bytes.extend_from_slice(&chunk[..n]),
            }
            continue;
        };
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let header = |name: &str| {
            head.lines().filter_map(|line| line.split_once(':')).find(|(n, _)| n.eq_ignore_ascii_case(name))
        };
        let length: usize = header("content-length").and_then(|(_, v)| v.trim().parse().ok()).unwrap_or(0);
        while bytes.len() < end + 4 + length {
            let mut chunk = [0; 4096];
            match stream.read(&mut chunk).await {
                Ok(0) | Err(_) => return,
                Ok(n) => bytes.extend_from_slice(&chunk[..n]),
            }
        }
        let body = serde_json::from_slice(&bytes[end + 4..end + 4 + length]).unwrap_or(Value::Null);
        let raw = String::from_utf8_lossy(&bytes[end + 4..end + 4 + length]).into_owned();
        bytes.drain(..end + 4 + length);
        let token = header("authorization").map(|(_, value)| value.trim().to_owned()).unwrap_or_default();
        let line = head.lines().next().unwrap_or_default();
        let mut words = line.split(' ');
        let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let (status, more, answer) =
            answer(&mut state.lock().expect("as above"), method, path, &token, &body, &raw);
        let text = if answer.is_null() { String::new() } else { answer.to_string() };
        let out = format!(
            "HTTP/1.1 {status} x\r\ncontent-type: application/json\r\ncontent-length: {}\r\n{more}\r\n{text}",
            text.len()
        );
        if stream.write_all(out.as_bytes()).await.is_err() {
            return;
        }
    }
}

fn answer(
    state: &mut State,
    method: &str,
    path: &str,
    token: &str,
    body: &Value,
    raw: &str,
) -> (u16, String, Value) {
    let plain = |status: u16, body: Value| (status, String::new(), body);
    state.seen.push(format!("{method} {path}"));
    if path == "/token" {
        let is_right = raw.contains("grant_type=refresh_token") && raw.contains("refresh_token=r%2F1");
        return if is_right {
            state.token = "fresh".to_owned();
            plain(200, json!({"access_token": "fresh", "token_type": "Bearer"}))
        } else {
            plain(400, json!({"error": "invalid_grant"}))
        };
    }
    if let Some((status, wait)) = state.busy.take() {
        return (status, format!("retry-after: {wait}\r\n"), Value::Null);
    }
    if token != format!("Bearer {}", state.token) {
        return plain(401, Value::Null);
    }
    let path = path.strip_prefix("/api/customers").unwrap_or_default();
    if method == "GET" && path.starts_with('?') {
        let (field, value) = path[1..].split_once('=').unwrap_or_default();
        let value = value.replace("%3A", ":").replace("%40", "@").replace("%2B", "+");
        let holds = |customer: &&Value| {
            let text = customer.to_string();
            let at = customer.get(field).map_or(text, Value::to_string);
            state.ignores_filters || at.contains(&format!("\"{value}\""))
        };
        let items: Vec<&Value> = state.customers.values().filter(holds).collect();
        return plain(200, json!({ "items": items }));
    }
    let mut body = body.clone();
    if state.refuses.is_some_and(|member| body.get(member).is_some_and(|value| !value.is_null())) {
        return plain(422, json!({"error": "no"}));
    }
    if let (Some(city), true) = (state.corrects_city, body["address"]["city"].is_string()) {
        body["address"]["city"] = json!(city);
    }
    if method == "POST" {
        let id = state.add(body);
        return plain(201, state.customers[&id].clone());
    }
    let id: u64 = path.trim_start_matches('/').parse().unwrap_or_default();
    match (method, state.customers.get_mut(&id)) {
        (_, None) => plain(404, Value::Null),
        ("GET", Some(customer)) => plain(200, customer.clone()),
        ("PATCH", Some(customer)) => {
            merge(customer, &body);
            plain(200, customer.clone())
        }
        ("DELETE", Some(_)) if state.keeps => plain(405, Value::Null),
        ("DELETE", Some(_)) => {
            state.customers.remove(&id);
            plain(204, Value::Null)
        }
        _ => plain(405, Value::Null),
    }
}

/// JSON Merge Patch (RFC 7396).
fn merge(target: &mut Value, patch: &Value) {
    let (Value::Object(into), Value::Object(patch)) = (&mut *target, patch) else {
        *target = patch.clone();
        return;
    };
    for (name, value) in patch {
        if value.is_null() {
            into.remove(name);
        } else {
            merge(into.entry(name.clone()).or_insert(Value::Null), value);
        }
    }
}
