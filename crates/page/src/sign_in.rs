//! Signing in, with the passphrase or with the link that the program prints; and out.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{FromRequestParts, Path, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use freehold_keystore::Passphrase;
use freehold_web::{Cookie, Peer, layout};
use maud::html;
use zeroize::Zeroizing;

use crate::Page;
use crate::frame::{self, Look, trouble};
use crate::keeper::Stage;
use crate::page::PERSON;
use crate::refusal::Refusal;
use crate::visit::{Asked, Fields, escaped, own};

pub(crate) fn routes() -> Router<Arc<Page>> {
    Router::new()
        .route("/sign-in", get(form).post(by_passphrase))
        .route("/sign-in/{token}", get(link).post(by_link))
        .route("/sign-out", post(sign_out))
}

/// How a page looks to whoever asks, signed in or not.
pub(crate) fn look(page: &Page, headers: &HeaderMap) -> Look {
    match page.keeper.stage() {
        Stage::Open(person) => Look::of(&person, headers),
        Stage::New | Stage::Locked => Look::stranger(headers),
    }
}

async fn form(State(page): State<Arc<Page>>, headers: HeaderMap) -> Response {
    if page.session(&headers).is_some() && matches!(page.keeper.stage(), Stage::Open(_)) {
        return Redirect::to("/").into_response();
    }
    ask(&page, &headers, StatusCode::OK, None)
}

fn ask(page: &Page, headers: &HeaderMap, status: StatusCode, said: Option<&str>) -> Response {
    let look = look(page, headers);
    let t = look.tongue;
    let (title, lead) = match page.keeper.stage() {
        Stage::New => (say!(t, "sign-in"), say!(t, "sign-in-new")),
        Stage::Locked => (say!(t, "unlock"), say!(t, "unlock-lead")),
        Stage::Open(_) => (say!(t, "sign-in"), say!(t, "sign-in-lead")),
    };
    let body = html! {
        h1 { (title) }
        p.lead { (lead) }
        (trouble(said))
        @if !matches!(page.keeper.stage(), Stage::New) {
            form.card method="post" action="/sign-in" {
                div.field {
                    label for="passphrase" { (say!(t, "passphrase")) }
                    input #passphrase name="passphrase" type="password" autocomplete="current-password" required maxlength="1024" autofocus;
                }
                button type="submit" { (title) }
            }
            p.note { (say!(t, "sign-in-other")) " " code { "freehold sign-in" } }
        }
    };
    let mut response = frame::bare(&look, &title, &body);
    *response.status_mut() = status;
    response
}

async fn by_passphrase(State(page): State<Arc<Page>>, from: From, request: Request) -> Response {
    let headers = request.headers().clone();
    let fields = match Fields::read(request).await {
        Ok(fields) => fields,
        Err(refusal) => return refusal.shown(&look(&page, &headers)),
    };
    let t = look(&page, &headers).tongue;
    if matches!(page.keeper.stage(), Stage::New) {
        return ask(&page, &headers, StatusCode::CONFLICT, None);
    }
    if let Err(refused) = page.attempts.begin(PERSON, from.0, Instant::now()) {
        let secs = refused.wait.as_secs().max(1);
        let said = say!(t, "too-many-attempts", count = secs);
        let mut response = ask(&page, &headers, StatusCode::TOO_MANY_REQUESTS, Some(&said));
        response.headers_mut().insert(header::RETRY_AFTER, secs.into());
        return response;
    }
    let given = Passphrase::attempt(Zeroizing::new(fields.one("passphrase").to_owned()));
    let Ok(given) = given else {
        return ask(&page, &headers, StatusCode::UNAUTHORIZED, Some(&say!(t, "wrong-passphrase")));
    };
    match page.keeper.open(given).await {
        Ok(_) => {
            page.attempts.right(PERSON, from.0);
            let_in(&page, "/")
        }
        Err(error) if error.code == "wrong-passphrase" => {
            ask(&page, &headers, StatusCode::UNAUTHORIZED, Some(&say!(t, "wrong-passphrase")))
        }
        Err(error) => {
            let refusal = Refusal::from(error);
            let look = look(&page, &headers);
            ask(&page, &headers, StatusCode::INTERNAL_SERVER_ERROR, Some(&refusal.sentence(&look)))
        }
    }
}

/// A page with one button: whoever only looks at an address for somebody, such as a mail program, does not use it up.
async fn link(
    State(page): State<Arc<Page>>,
    headers: HeaderMap,
    Path(token): Path<String>,
    asked: Asked,
) -> Response {
    let invitation = asked.some("link");
    if page.session(&headers).is_some() {
        return Redirect::to(&onward(invitation)).into_response();
    }
    let look = look(&page, &headers);
    let t = look.tongue;
    let body = html! {
        h1 { (say!(t, "welcome")) }
        p.lead { (say!(t, "link-lead")) }
        form.card method="post" action={ "/sign-in/" (escaped(&token)) } {
            @if let Some(invitation) = invitation { input type="hidden" name="link" value=(invitation); }
            p { (say!(t, "link-home")) " " code { (page.home.display()) } }
            button type="submit" autofocus { (say!(t, "link-go")) }
        }
    };
    frame::bare(&look, &say!(t, "welcome"), &body)
}

async fn by_link(
    State(page): State<Arc<Page>>,
    from: From,
    Path(token): Path<String>,
    request: Request,
) -> Response {
    let headers = request.headers().clone();
    let t = look(&page, &headers).tongue;
    let fields = Fields::read(request).await.unwrap_or_default();
    if let Err(refused) = page.attempts.begin(PERSON, from.0, Instant::now()) {
        let said = say!(t, "too-many-attempts", count = refused.wait.as_secs().max(1));
        return ask(&page, &headers, StatusCode::TOO_MANY_REQUESTS, Some(&said));
    }
    if !page.take_link(&token) {
        return ask(&page, &headers, StatusCode::UNAUTHORIZED, Some(&say!(t, "link-used")));
    }
    page.attempts.right(PERSON, from.0);
    let_in(&page, &onward(fields.some("link").as_deref()))
}

/// Where a link leads: to the form for an invitation, if there is one with it.
fn onward(invitation: Option<&str>) -> String {
    invitation.map_or_else(|| "/".to_owned(), |link| format!("/connect?link={}", escaped(link)))
}

/// Begins a session, and goes on from there.
fn let_in(page: &Page, to: &str) -> Response {
    match page.begin() {
        Ok(token) => {
            let cookie = [(header::SET_COOKIE, Cookie::Session.set(&page.site, &token))];
            (cookie, Redirect::to(to)).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "there is no entropy for a session");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

async fn sign_out(State(page): State<Arc<Page>>, request: Request) -> Response {
    let headers = request.headers().clone();
    let Some(session) = page.session(&headers) else { return Redirect::to("/sign-in").into_response() };
    let fields = Fields::read(request).await;
    let fields = match fields.and_then(|fields| own(&session, &fields).map(|()| fields)) {
        Ok(fields) => fields,
        Err(refusal) => return refusal.shown(&look(&page, &headers)),
    };
    if fields.one("everywhere") == "yes" {
        page.sessions.end_all(PERSON);
    } else {
        page.sessions.end(&session);
    }
    let mut headers = HeaderMap::new();
    headers.insert(header::SET_COOKIE, Cookie::Session.removed(&page.site));
    (headers, Redirect::to("/sign-in")).into_response()
}

/// Where a request comes from: behind the proxy of the page's public name, where the proxy says.
pub(crate) struct From(std::net::IpAddr);

impl FromRequestParts<Arc<Page>> for From {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, page: &Arc<Page>) -> Result<Self, StatusCode> {
        let peer = parts.extensions.get::<Peer>().ok_or(StatusCode::BAD_REQUEST)?;
        Ok(Self(page.site.asker(peer.0.ip(), &parts.headers)))
    }
}

/// The hidden field of a session's forms.
pub(crate) fn form_token(session: &freehold_web::Session) -> maud::Markup {
    layout::form_token(session.form_token.danger_text())
}
