//! What both servers share: one route per call, one form of error, an end without cut answers.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Extension, Query};
use axum::http::{Request, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use axum::{Router, http};
use freehold_web::Problem;
use http_body_util::{BodyExt, Limited};
use schemars::JsonSchema;
use serde::Serialize;
use tokio::sync::watch;

use crate::caller::Caller;
use crate::client::too_large;
use crate::openapi::{Forms, Shape};
use crate::{ADDRESS, ApiError, BODY_BYTES_MAX, Call, Scope, Socket};

pub(crate) mod hub;
pub(crate) mod person;

/// How long calls that are under way may take when the server ends: what a service manager grants is more.
const DRAIN_WAIT: Duration = Duration::from_secs(3);

/// Where the description is, below [`ADDRESS`].
pub(crate) const DESCRIPTION: &str = "/openapi.json";

/// Why the server ended.
#[derive(Debug, thiserror::Error)]
#[error("the local interface failed ({0}): start the process again")]
pub struct ServeError(#[from] io::Error);

/// The calls of one engine.
pub(crate) struct Calls<E> {
    /// The answer to a call that this engine does not have.
    elsewhere: &'static str,
    /// What describes them, where something does.
    description: Option<&'static str>,
    calls: Vec<Served<E>>,
}

/// One call: where it is, and what runs it.
pub(crate) struct Served<E> {
    pub(crate) name: &'static str,
    pub(crate) scope: Scope,
    /// Its forms, where it is described.
    pub(crate) shape: Option<fn(&mut Forms) -> Shape>,
    route: Box<dyn FnOnce(Arc<E>) -> MethodRouter + Send>,
}

impl<E> Served<E> {
    /// Whether it is answered to `GET` as well.
    pub(crate) fn only_reads(&self) -> bool {
        self.scope == Scope::Read
    }
}

impl<E> Calls<E> {
    /// What is served.
    pub(crate) fn served(&self) -> &[Served<E>] {
        &self.calls
    }
}

impl<E: Send + Sync + 'static> Calls<E> {
    pub(crate) fn new(elsewhere: &'static str) -> Self {
        Self { elsewhere, description: None, calls: Vec::new() }
    }

    /// Has a description served beside them.
    pub(crate) fn described(self, description: &'static str) -> Self {
        Self { description: Some(description), ..self }
    }

    /// Adds a call.
    pub(crate) fn on<C, F, Fut>(self, run: F) -> Self
    where
        C: Call,
        F: Fn(Arc<E>, C) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Result<C::Answer, ApiError>> + Send + 'static,
    {
        self.on_by(move |engine, _, call| run(engine, call))
    }

    /// Adds a call to which it matters who calls.
    pub(crate) fn on_by<C, F, Fut>(mut self, run: F) -> Self
    where
        C: Call,
        F: Fn(Arc<E>, Caller, C) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Result<C::Answer, ApiError>> + Send + 'static,
    {
        let route = move |engine: Arc<E>| {
            let handler = move |request: Request<Body>| answer(engine, run, request);
            match C::SCOPE {
                Scope::Read => get(handler.clone()).post(handler),
                _ => post(handler),
            }
        };
        self.calls.push(Served { name: C::NAME, scope: C::SCOPE, shape: None, route: Box::new(route) });
        self
    }

    /// Adds a call that the OpenAPI document describes.
    pub(crate) fn open<C, F, Fut>(self, run: F) -> Self
    where
        C: Call<Answer: JsonSchema> + JsonSchema,
        F: Fn(Arc<E>, C) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Result<C::Answer, ApiError>> + Send + 'static,
    {
        self.open_by(move |engine, _, call| run(engine, call))
    }

    /// Adds a call that the OpenAPI document describes, to which it matters who calls.
    pub(crate) fn open_by<C, F, Fut>(self, run: F) -> Self
    where
        C: Call<Answer: JsonSchema> + JsonSchema,
        F: Fn(Arc<E>, Caller, C) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Result<C::Answer, ApiError>> + Send + 'static,
    {
        let mut calls = self.on_by(run);
        if let Some(served) = calls.calls.last_mut() {
            served.shape = Some(Forms::shape::<C>);
        }
        calls
    }

    /// Their routes, below [`ADDRESS`]. Each looks for a [`Caller`] in the request's extensions, and without one does
    /// nothing.
    pub(crate) fn routes(self, engine: &Arc<E>) -> Router {
        let Self { elsewhere, description, calls } = self;
        let routes = calls.into_iter().fold(Router::new(), |routes, Served { name, route, .. }| {
            routes.route(&format!("/{name}"), route(Arc::clone(engine)))
        });
        let routes = match description {
            Some(text) => routes.route(DESCRIPTION, get(move || async move { json(Body::from(text)) })),
            None => routes,
        };
        routes.fallback(move || unknown(elsewhere)).method_not_allowed_fallback(|| async {
            let text = "call it with POST; what only reads answers GET as well";
            refused(&ApiError::new("wrong-method", text))
        })
    }

    /// Serves its owner until `stop` is done, lets calls under way end, and removes the socket.
    pub(crate) async fn serve(
        self,
        engine: E,
        socket: Socket,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), ServeError> {
        let (stopping, mut stopped) = watch::channel(false);
        let signal = async move {
            stop.await;
            stopping.send_replace(true);
        };
        let elsewhere = self.elsewhere;
        let routes = Router::new()
            .nest(ADDRESS, self.routes(&Arc::new(engine)))
            .fallback(move || unknown(elsewhere))
            .layer(Extension(Caller::Owner));
        let Socket { listener, file } = socket;
        let serving = axum::serve(listener, routes).with_graceful_shutdown(signal);
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

async fn unknown(elsewhere: &'static str) -> Response {
    refused(&ApiError::new("unknown-call", elsewhere))
}

/// Runs one call for whoever may make it.
async fn answer<E, C, F, Fut>(engine: Arc<E>, run: F, request: Request<Body>) -> Response
where
    C: Call,
    F: Fn(Arc<E>, Caller, C) -> Fut,
    Fut: Future<Output = Result<C::Answer, ApiError>> + Send + 'static,
{
    let caller = match request.extensions().get::<Caller>() {
        Some(caller) => caller.clone(),
        None => return refused(&ApiError::new("no-token", "nobody is known to have made this call")),
    };
    let call = match caller.may(C::SCOPE) {
        Ok(()) => parse::<C>(request).await,
        Err(error) => Err(error),
    };
    let call = match call {
        Ok(call) => call,
        Err(error) => return refused(&error),
    };
    // A task of its own: a command that is interrupted does not cut a change in two.
    match tokio::spawn(run(engine, caller, call)).await {
        Ok(Ok(answer)) => respond(&answer),
        Ok(Err(error)) => {
            tracing::debug!(call = C::NAME, code = error.code, "refused");
            refused(&error)
        }
        Err(_) => refused(&ApiError::new("internal", "the call failed inside: look at the log")),
    }
}

async fn parse<C: Call>(request: Request<Body>) -> Result<C, ApiError> {
    if request.method() != http::Method::POST {
        let query = Query::<C>::try_from_uri(request.uri());
        // Not its text: it may quote a value.
        return query.map(|Query(call)| call).map_err(|_| wrong_parameters::<C>(""));
    }
    if request.uri().query().is_some_and(|query| !query.is_empty()) {
        return Err(wrong_parameters::<C>(": with POST they are in the body alone"));
    }
    let bytes = Limited::new(request.into_body(), BODY_BYTES_MAX)
        .collect()
        .await
        .map_err(|_| too_large())?
        .to_bytes();
    let bytes: &[u8] = if bytes.is_empty() { b"{}" } else { &bytes };
    if bytes.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
        // serde takes a list for a type with fields.
        return Err(wrong_parameters::<C>(": they are an object"));
    }
    serde_json::from_slice(bytes).map_err(|error| {
        // Only the place: serde's own text may quote a value.
        wrong_parameters::<C>(&format!(" at line {}, column {}", error.line(), error.column()))
    })
}

fn wrong_parameters<C: Call>(how: &str) -> ApiError {
    let text =
        format!("the parameters of `{}` are wrong{how}: `{ADDRESS}/openapi.json` describes them", C::NAME);
    ApiError::new("bad-request", text)
}

pub(crate) fn refused(error: &ApiError) -> Response {
    Problem::from(error).into_response()
}

fn respond(answer: &impl Serialize) -> Response {
    let Ok(body) = serde_json::to_vec(answer) else {
        return refused(&ApiError::new("internal", "the answer cannot be written: look at the log"));
    };
    json(Body::from(body))
}

fn json(body: Body) -> Response {
    let mut response = Response::new(body);
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    response
}

#[cfg(test)]
mod tests;
