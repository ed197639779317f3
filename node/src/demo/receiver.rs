//! The vendor's own system: takes webhooks, checks their signature with a library that others wrote, and keeps them.

use std::io;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use serde_json::Value;
use tokio::net::TcpListener;

/// A running receiver; it ends with the demo.
#[derive(Clone)]
pub(super) struct Receiver {
    state: Arc<State>,
    port: u16,
}

#[derive(Default)]
struct State {
    secret: OnceLock<String>,
    events: Mutex<Vec<Value>>,
    refused: Mutex<u32>,
}

impl Receiver {
    /// Listens on loopback, on a port that is free.
    pub(super) async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let port = listener.local_addr()?.port();
        let state = Arc::new(State::default());
        let taking = Arc::clone(&state);
        let router = Router::new().route(
            "/hook",
            post(move |headers: HeaderMap, body: Bytes| async move { taking.take(&headers, &body) }),
        );
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { state, port })
    }

    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/hook", self.port)
    }

    /// The secret that the hub shares with it.
    pub(super) fn share(&self, secret: &str) {
        let _ = self.state.secret.set(secret.to_owned());
    }

    /// The events taken so far of a type; each once, though it may have come several times.
    pub(super) fn events(&self, kind: &str) -> Vec<Value> {
        let events = lock(&self.state.events);
        events.iter().filter(|event| event.get("type").is_some_and(|t| t == kind)).cloned().collect()
    }

    /// How many calls had no good signature.
    pub(super) fn refused(&self) -> u32 {
        *lock(&self.state.refused)
    }
}

impl State {
    fn take(&self, headers: &HeaderMap, body: &[u8]) -> StatusCode {
        let verified = self.secret.get().and_then(|secret| {
            let verifier = standardwebhooks::Webhook::new(secret).ok()?;
            verifier.verify(body, headers).ok()?;
            serde_json::from_slice::<Value>(body).ok()
        });
        let Some(event) = verified else {
            *lock(&self.refused) += 1;
            return StatusCode::UNAUTHORIZED;
        };
        let mut events = lock(&self.events);
        if !events.iter().any(|known| known.get("id") == event.get("id")) {
            events.push(event);
        }
        StatusCode::NO_CONTENT
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
