//! Signing in by the vendor's identity provider.
//!
//! The way there is a link, and the way back an address: neither changes anything here. What is remembered of an attempt is bound to
//! the browser by a cookie of its own, which comes along from the provider's page; the session's cookie does not, so the answer sends
//! the browser on from a page of this site.

mod attempts;

use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use freehold_hub::{OidcConfig, Standing, Vouched};
use freehold_oidc::{Answer, OidcError, Person, Provider, Settings};
use freehold_outbound::{Client, Policy, Reach};
use freehold_web::layout::{self, Frame};
use freehold_web::{Cookie, Problem, Token};
use maud::html;
use zeroize::{Zeroize as _, Zeroizing};

use crate::access::Source;
use crate::refusal::Refusal;
use crate::{Desk, DeskError};
use attempts::Attempts;

/// Where an attempt begins.
pub(crate) const BEGIN: &str = "/sign-in/provider";
/// Where the browser comes back to: registered at the provider.
const ANSWER: &str = "/sign-in/provider/answer";

/// The provider that is configured.
pub(crate) struct SignIn {
    provider: Provider,
    config: OidcConfig,
    attempts: Attempts,
}

impl SignIn {
    /// What its files hold is read once.
    pub(crate) fn new(config: &OidcConfig) -> Result<Self, DeskError> {
        let read = |setting: &'static str, path: &Path| {
            std::fs::read(path).map_err(|error| DeskError::Oidc(format!("{setting}: {error}")))
        };
        let secret = config.client_secret_file.as_deref().map(|path| read("client_secret_file", path));
        let secret = secret.transpose()?.map(|bytes| {
            let bytes = Zeroizing::new(bytes);
            Zeroizing::new(String::from_utf8_lossy(&bytes).trim().to_owned())
        });
        let roots = config.ca_file.as_deref().map(|path| read("ca_file", path)).transpose()?;
        let policy = Policy {
            reach: if config.inward { Reach::Anywhere } else { Reach::PublicOnly },
            extra_roots: roots.into_iter().collect(),
            allow_http: config.allow_http,
            ..Policy::public()
        };
        let settings = Settings {
            issuer: config.issuer.clone(),
            client_id: config.client_id.clone(),
            client_secret: secret,
            scopes: config.scopes(),
            name_claim: config.name_claim().to_owned(),
            role_claim: config.role_claim.clone(),
        };
        let client = Client::new(policy).map_err(|error| DeskError::Oidc(error.to_string()))?;
        let provider = Provider::new(settings, client).map_err(|error| DeskError::Oidc(error.to_string()))?;
        Ok(Self { provider, config: config.clone(), attempts: Attempts::default() })
    }

    /// What the page calls the provider.
    pub(crate) fn label(&self) -> &str {
        self.config.label()
    }

    fn vouched(&self, person: Person) -> Vouched {
        let standing = match self.config.role_claim {
            Some(_) => Standing::Claimed(self.config.role(&person.roles)),
            None => Standing::Listed,
        };
        let Person { issuer, subject, name, .. } = person;
        Vouched { issuer, subject, name, standing }
    }
}

pub(crate) fn routes() -> Router<Arc<Desk>> {
    Router::new().route(BEGIN, get(begin)).route(ANSWER, get(answer))
}

async fn begin(State(desk): State<Arc<Desk>>, from: Source, headers: HeaderMap) -> Response {
    let begun = async {
        let sign_in = configured(&desk)?;
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        let begun = sign_in.provider.begin(&format!("{}{ANSWER}", desk.site.origin(host))).await?;
        let token = Token::generate().map_err(|_| OidcError::Entropy)?;
        sign_in.attempts.remember(token.digest(), from.0, begun.pending, Instant::now());
        Ok::<_, Refusal>((
            [(header::SET_COOKIE, Cookie::SignIn.set(&desk.site, &token))],
            Redirect::to(&begun.url),
        ))
    };
    begun.await.map_or_else(|refusal| refusal.as_page(), IntoResponse::into_response)
}

async fn answer(
    State(desk): State<Arc<Desk>>,
    from: Source,
    headers: HeaderMap,
    Query(fields): Query<Vec<(String, String)>>,
) -> Response {
    let mut response = match finish(&desk, from.0, &headers, fields).await {
        Ok(token) => {
            let mut response = onward(&desk);
            response.headers_mut().append(header::SET_COOKIE, Cookie::Session.set(&desk.site, &token));
            response
        }
        Err(refusal) => refusal.as_page(),
    };
    response.headers_mut().append(header::SET_COOKIE, Cookie::SignIn.removed(&desk.site));
    response
}

/// Gives the token of a session.
async fn finish(
    desk: &Desk,
    from: IpAddr,
    headers: &HeaderMap,
    fields: Vec<(String, String)>,
) -> Result<Token, Refusal> {
    let sign_in = configured(desk)?;
    let now = Instant::now();
    let pending =
        Cookie::SignIn.read(&desk.site, headers).and_then(|token| sign_in.attempts.take(&token, now));
    let answer = read(fields);
    let pending = pending.filter(|pending| pending.is_of(&answer)).ok_or(OidcError::State)?;
    // Each costs the provider a question; whoever fails without end waits, as with passwords.
    let who = format!("provider {from}");
    desk.attempts.begin(&who, from, now).map_err(|refused| {
        let detail = format!(
            "too many sign-ins from here have failed: try again in {} s",
            refused.wait.as_secs().max(1)
        );
        Refusal(Problem::new(StatusCode::TOO_MANY_REQUESTS, "too-many", detail).until(refused.wait))
    })?;
    let now_secs = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let person = sign_in.provider.finish(pending, &answer, now_secs).await;
    let person = person
        .inspect_err(|error| tracing::warn!(%error, "nobody was signed in by the identity provider"))?;
    let known = desk.hub.vouched_for(sign_in.vouched(person)).await?;
    desk.attempts.right(&who, from);
    let internal = |error| Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", error);
    desk.sessions.begin(&known.name, now).map_err(internal)
}

fn read(fields: Vec<(String, String)>) -> Answer {
    let mut answer = Answer::default();
    for (name, mut value) in fields {
        match name.as_str() {
            "state" => answer.state = value,
            "code" => answer.code = Some(Zeroizing::new(value)),
            "error" => answer.error = Some(value),
            "iss" => answer.issuer = Some(value),
            _ => value.zeroize(),
        }
    }
    answer
}

/// A page of this site, from which the browser goes on by itself: it brings the session's cookie then.
fn onward(desk: &Desk) -> Response {
    let owner = desk.hub.info().name;
    let frame = Frame { title: "Signed in", owner: &owner, ..Frame::default() };
    let body = html! {
        h1 { "Signed in" }
        p.lead { a href="/" { "Go on to the overview" } }
    };
    let mut response = layout::answer(layout::page(&frame, &body));
    response.headers_mut().insert(header::REFRESH, header::HeaderValue::from_static("0; url=/"));
    response
}

fn configured(desk: &Desk) -> Result<&SignIn, Refusal> {
    desk.provider.as_ref().ok_or_else(|| Refusal::not_found("way to sign in here"))
}

impl From<OidcError> for Refusal {
    fn from(error: OidcError) -> Self {
        let (status, code) = match &error {
            OidcError::Away(_) | OidcError::Document { .. } => (StatusCode::BAD_GATEWAY, "provider-failed"),
            OidcError::State => (StatusCode::BAD_REQUEST, "sign-in-state"),
            OidcError::OtherIssuer => (StatusCode::BAD_REQUEST, "sign-in-issuer"),
            OidcError::Denied(_) => (StatusCode::FORBIDDEN, "sign-in-denied"),
            OidcError::Code(_) => (StatusCode::FORBIDDEN, "sign-in-code"),
            OidcError::Token(_) => (StatusCode::FORBIDDEN, "sign-in-token"),
            OidcError::Entropy => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
        };
        Self::new(status, code, error)
    }
}
