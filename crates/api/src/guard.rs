//! The calls over TCP: whoever comes needs a token.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::IntoResponse;
use freehold_person::Person;
use freehold_web::{Attempts, Peer, Problem, Site, TokenDigest};

use crate::ApiError;
use crate::caller::Caller;
use crate::server::{DESCRIPTION, person, refused};

/// How long an answer may take over TCP: less than a page gives any request.
const ANSWER_WAIT: Duration = Duration::from_secs(25);

/// What stands before the calls over TCP, whatever becomes of the engine behind them: it counts wrong tokens.
pub struct Guard {
    site: Arc<Site>,
    attempts: Attempts,
}

impl Guard {
    /// The guard of a site, which knows where requests come from.
    #[must_use]
    pub fn new(site: Arc<Site>) -> Self {
        Self { site, attempts: Attempts::default() }
    }

    /// Who calls with these headers.
    fn admit(&self, person: &Person, from: IpAddr, headers: &HeaderMap) -> Result<Caller, Problem> {
        let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let Some((scheme, token)) = bearer.and_then(|value| value.split_once(' ')) else {
            return Err(unauthorized(
                "name a token: Authorization: Bearer TOKEN; `freehold token create` makes one",
            ));
        };
        let known = match scheme.eq_ignore_ascii_case("bearer") {
            true => Caller::of_token(person, &TokenDigest::of(token.trim())),
            false => Ok(None),
        };
        match known {
            Ok(Some(caller)) => Ok(caller),
            // A right token is let in however many wrong ones came before it: nobody guesses 256 bits, and another program on
            // this machine shall not be shut out by one that was set up wrong.
            Ok(None) => match self.attempts.wrong_token(from, Instant::now()) {
                Ok(()) => Err(unauthorized(
                    "this is no token of this node, or its time is over: make one with `freehold token create`",
                )),
                Err(refused) => {
                    let text = format!(
                        "there were too many wrong tokens: try again in {} s, with the right one",
                        refused.wait.as_secs().max(1)
                    );
                    Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, "too-many-attempts", text)
                        .until(refused.wait))
                }
            },
            Err(error) => Err(Problem::from(&error)),
        }
    }
}

fn unauthorized(text: &str) -> Problem {
    Problem::from(&ApiError::new("no-token", text))
}

/// A person's calls for programs that have a token, to be mounted at [`crate::ADDRESS`] of a page that
/// [`freehold_web::serve`] serves and [`freehold_web::guarded`] guards. The description, `openapi.json`, is for everybody.
///
/// What takes longer than 25 seconds goes on by itself, and is answered with 504.
pub fn person_routes(person: Person, guard: Arc<Guard>) -> Router {
    let engine = Arc::new(person);
    let routes = person::calls().routes(&engine);
    let admitted = move |mut request: Request, next: Next| {
        let (guard, engine) = (Arc::clone(&guard), Arc::clone(&engine));
        async move {
            if request.uri().path() == DESCRIPTION {
                return next.run(request).await;
            }
            let peer = request.extensions().get::<Peer>().map(|peer| peer.0.ip());
            let Some(peer) = peer else {
                return refused(&ApiError::new("bad-request", "the connection has no other end"));
            };
            let from = guard.site.asker(peer, request.headers());
            match guard.admit(&engine, from, request.headers()) {
                Ok(caller) => {
                    request.extensions_mut().insert(caller);
                    match tokio::time::timeout(ANSWER_WAIT, next.run(request)).await {
                        Ok(response) => response,
                        Err(_) => refused(&ApiError::new(
                            "no-answer",
                            "it takes longer and goes on: look at the node before you try again",
                        )),
                    }
                }
                Err(problem) => {
                    let is_unauthorized = problem.status() == StatusCode::UNAUTHORIZED;
                    let mut response = problem.into_response();
                    if is_unauthorized {
                        let challenge = HeaderValue::from_static("Bearer");
                        response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
                    }
                    response
                }
            }
        }
    };
    routes.layer(from_fn(admitted))
}
