//! What every request passes, and what every answer carries.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::IntoResponse;

use crate::{BODY_BYTES_MAX, Problem, Site};

/// How long an answer may take: a live read waits for a person's node.
pub const REQUEST_WAIT: Duration = Duration::from_secs(30);

/// Whether a site's pages run scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scripts {
    /// None at all.
    None,
    /// Files of its own, which may ask the site, and the camera if the reader allows it.
    Own,
}

impl Scripts {
    /// Nothing from elsewhere, nothing written into a page, in no frame.
    fn content_security_policy(self) -> &'static str {
        match self {
            Self::None => {
                "default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'; form-action 'self'; \
                 base-uri 'none'; frame-ancestors 'none'"
            }
            Self::Own => {
                "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self'; \
                 font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; \
                 require-trusted-types-for 'script'; trusted-types 'none'"
            }
        }
    }

    fn permissions_policy(self) -> &'static str {
        match self {
            Self::None => "camera=(), geolocation=(), microphone=()",
            Self::Own => "camera=(self), geolocation=(), microphone=()",
        }
    }
}

/// What a browser is told with every answer.
const HEADERS: [(HeaderName, &str); 5] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// A year over https alone, once a browser has seen it.
const TRANSPORT_SECURITY: &str = "max-age=31536000";

/// Puts the checks and the headers of a site around its routes.
pub fn guarded(site: Arc<Site>, scripts: Scripts, routes: Router) -> Router {
    let checks = move |request: Request, next: Next| {
        let site = Arc::clone(&site);
        async move {
            let mut response = match refused(&site, &request) {
                Some(problem) => problem.into_response(),
                None => match tokio::time::timeout(REQUEST_WAIT, next.run(request)).await {
                    Ok(response) => response,
                    Err(_) => {
                        let detail = "it took too long: try again";
                        Problem::new(StatusCode::GATEWAY_TIMEOUT, "timeout", detail).into_response()
                    }
                },
            };
            told(&site, scripts, response.headers_mut());
            response
        }
    };
    routes.layer(DefaultBodyLimit::max(BODY_BYTES_MAX)).layer(from_fn(checks))
}

fn refused(site: &Site, request: &Request) -> Option<Problem> {
    let host = host(request);
    if !host.is_some_and(|host| site.is_own_host(&host)) {
        let detail = "this address is not the page's own: use the one it was set up with";
        return Some(Problem::new(StatusCode::MISDIRECTED_REQUEST, "foreign-host", detail));
    }
    if !site.is_own_request(request.method(), request.headers()) {
        let detail = "the request comes from another site's page";
        return Some(Problem::new(StatusCode::FORBIDDEN, "foreign-origin", detail));
    }
    None
}

/// The host a request names: of its target if that is absolute, else of its one `Host` header.
fn host(request: &Request) -> Option<String> {
    if let Some(authority) = request.uri().authority() {
        return Some(authority.as_str().to_owned());
    }
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let host = hosts.next()?.to_str().ok()?.to_owned();
    hosts.next().is_none().then_some(host)
}

fn told(site: &Site, scripts: Scripts, headers: &mut HeaderMap) {
    let policies = [
        (header::CONTENT_SECURITY_POLICY, scripts.content_security_policy()),
        (HeaderName::from_static("permissions-policy"), scripts.permissions_policy()),
    ];
    for (name, value) in HEADERS.into_iter().chain(policies) {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // What is personal stays in no cache; a stylesheet says otherwise.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    if site.is_secure() {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(TRANSPORT_SECURITY));
    }
}
