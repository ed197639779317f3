//! What both servers share: one route per call, one form of error, an end without cut answers.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::DefaultBodyLimit;
use axum::http::{StatusCode, header};
use axum::response::Response;
use axum::routing::post;
use http_body_util::{BodyExt, Limited};
use serde::Serialize;
use tokio::sync::watch;

use crate::client::too_large;
use crate::error::Envelope;
use crate::{ApiError, BODY_BYTES_MAX, Call, Socket};

pub(crate) mod hub;
pub(crate) mod person;

/// How long calls that are under way may take when the server ends: what a service manager grants is more.
const DRAIN_WAIT: Duration = Duration::from_secs(3);

/// Why the server ended.
#[derive(Debug, thiserror::Error)]
#[error("the local interface failed ({0}): start the process again")]
pub struct ServeError(#[from] io::Error);

/// The calls of one engine.
pub(crate) struct Calls<E> {
    engine: Arc<E>,
    router: Router,
}

impl<E: Send + Sync + 'static> Calls<E> {
    /// `elsewhere` is the answer to a call that this engine does not have.
    pub(crate) fn new(engine: Arc<E>, elsewhere: &'static str) -> Self {
        let router = Router::new()
            .fallback(move || async move { refused(&ApiError::new("unknown-call", elsewhere)) })
            .layer(DefaultBodyLimit::disable());
        Self { engine, router }
    }

    /// Adds a call.
    pub(crate) fn on<C, F, Fut>(self, run: F) -> Self
    where
        C: Call,
        F: Fn(Arc<E>, C) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Result<C::Answer, ApiError>> + Send + 'static,
    {
        let engine = self.engine.clone();
        let handler = move |body: Body| async move {
            let call = match parse::<C>(body).await {
                Ok(call) => call,
                Err(error) => return refused(&error),
            };
            // A task of its own: a command that is interrupted does not cut a change in two.
            match tokio::spawn(run(engine, call)).await {
                Ok(Ok(answer)) => respond(StatusCode::OK, &answer),
                Ok(Err(error)) => {
                    tracing::debug!(call = C::NAME, code = error.code, "refused");
                    refused(&error)
                }
                Err(_) => refused(&ApiError::new("internal", "the call failed inside: look at the log")),
            }
        };
        Self { router: self.router.route(&format!("/v1/{}", C::NAME), post(handler)), ..self }
    }

    /// Serves until `stop` is done, lets calls under way end, and removes the socket.
    pub(crate) async fn serve(
        self,
        socket: Socket,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), ServeError> {
        let (stopping, mut stopped) = watch::channel(false);
        let signal = async move {
            stop.await;
            stopping.send_replace(true);
        };
        let Socket { listener, file } = socket;
        let serving = axum::serve(listener, self.router).with_graceful_shutdown(signal);
        let result = tokio::select! {
            result = async { serving.await } => result,
            () = async {
                if stopped.wait_for(|stopped| *stopped).await.is_err() {
                    std::future::pending::<()>().await;
                }
                tokio::time::sleep(DRAIN_WAIT).await;
            } => Ok(()),
        };
        drop(file);
        Ok(result?)
    }
}

async fn parse<C: Call>(body: Body) -> Result<C, ApiError> {
    let bytes = Limited::new(body, BODY_BYTES_MAX).collect().await.map_err(|_| too_large())?.to_bytes();
    let bytes: &[u8] = if bytes.is_empty() { b"{}" } else { &bytes };
    serde_json::from_slice(bytes).map_err(|error| {
        // Only the place: serde's own text may quote a value.
        let (line, column) = (error.line(), error.column());
        ApiError::new(
            "bad-request",
            format!(
                "the parameters of `{}` are wrong at line {line}, column {column}: see its type",
                C::NAME
            ),
        )
    })
}

fn refused(error: &ApiError) -> Response {
    let status = StatusCode::from_u16(error.http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    respond(status, &Envelope { error: error.clone() })
}

fn respond(status: StatusCode, answer: &impl Serialize) -> Response {
    let (status, body) = match serde_json::to_vec(answer) {
        Ok(body) => (status, body),
        Err(_) => (StatusCode::INTERNAL_SERVER_ERROR, Vec::new()),
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    response
}

#[cfg(test)]
mod tests;
