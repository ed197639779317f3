//! Who asks, and what they may.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use axum::Form;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use freehold_hub::{Deed, Role, Who};
use freehold_web::{Cookie, Peer, Session, TokenDigest, layout};

use crate::Desk;
use crate::refusal::Refusal;

/// Somebody of the staff, or one of its programs.
#[derive(Debug, Clone)]
pub(crate) struct Visitor {
    pub(crate) who: Who,
    pub(crate) role: Role,
}

/// Somebody at the page.
#[derive(Debug, Clone)]
pub(crate) struct AtPage {
    pub(crate) visitor: Visitor,
    pub(crate) session: Session,
}

/// A form that somebody at the page has sent, from a page of their own session.
#[derive(Debug)]
pub(crate) struct Sent {
    pub(crate) at_page: AtPage,
    pub(crate) fields: Fields,
}

/// A program with a token.
#[derive(Debug, Clone)]
pub(crate) struct Program(pub(crate) Visitor);

/// What a form said.
#[derive(Debug, Default)]
pub(crate) struct Fields(Vec<(String, String)>);

impl Visitor {
    /// Refuses whoever has less than this role.
    pub(crate) fn may(&self, role: Role) -> Result<(), Refusal> {
        if self.role >= role { Ok(()) } else { Err(Refusal::forbidden(role.name())) }
    }

    /// A deed of theirs.
    pub(crate) fn did(&self, what: &str) -> Deed {
        Deed::of(&self.who, what)
    }
}

impl Fields {
    pub(crate) fn new(fields: Vec<(String, String)>) -> Self {
        Self(fields)
    }

    /// The first value of a field; empty where there is none.
    pub(crate) fn one(&self, name: &str) -> &str {
        self.0.iter().find(|(field, _)| field == name).map_or("", |(_, value)| value.as_str())
    }

    /// Every value of a field.
    pub(crate) fn all(&self, name: &str) -> Vec<String> {
        self.0.iter().filter(|(field, _)| field == name).map(|(_, value)| value.clone()).collect()
    }
}

impl FromRequestParts<Arc<Desk>> for AtPage {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, desk: &Arc<Desk>) -> Result<Self, Response> {
        let token = Cookie::Session.read(&desk.site, &parts.headers);
        let session = token.and_then(|token| desk.sessions.find(&token, Instant::now()));
        let to_sign_in = || Redirect::to("/sign-in").into_response();
        let session = session.ok_or_else(to_sign_in)?;
        // Asked each time: whoever was removed, or has another role, is so at once.
        let Some(user) = desk.hub.staff_user(&session.user) else {
            desk.sessions.end_all(&session.user);
            return Err(to_sign_in());
        };
        Ok(Self { visitor: Visitor { who: Who::at_page(&user.name), role: user.role }, session })
    }
}

impl FromRequest<Arc<Desk>> for Sent {
    type Rejection = Response;

    async fn from_request(request: Request, desk: &Arc<Desk>) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let at_page = AtPage::from_request_parts(&mut parts, desk).await?;
        let form = Form::<Vec<(String, String)>>::from_request(Request::from_parts(parts, body), &()).await;
        let fields = Fields(form.map_err(|_| Refusal::bad("the form cannot be read").as_page())?.0);
        if !at_page.session.form_token.is(fields.one(layout::FORM_TOKEN)) {
            let detail = "the form is of another session: go back, reload the page, and try again";
            return Err(Refusal::new(StatusCode::FORBIDDEN, "form-token", detail).as_page());
        }
        Ok(Self { at_page, fields })
    }
}

impl FromRequestParts<Arc<Desk>> for Program {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, desk: &Arc<Desk>) -> Result<Self, Refusal> {
        let bearer = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = bearer.and_then(|value| value.strip_prefix("Bearer "));
        let known = token.and_then(|token| desk.hub.api_token(TokenDigest::of(token).as_bytes()));
        let detail = "name a token: Authorization: Bearer TOKEN; an administrator makes one under Users";
        let known = known.ok_or_else(|| Refusal::new(StatusCode::UNAUTHORIZED, "no-token", detail))?;
        Ok(Self(Visitor { who: Who::by_token(&known.name), role: known.role }))
    }
}

/// Where a request comes from: behind the proxy of the page's public name, where the proxy says.
pub(crate) struct Source(pub(crate) IpAddr);

impl FromRequestParts<Arc<Desk>> for Source {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, desk: &Arc<Desk>) -> Result<Self, Refusal> {
        let peer = parts.extensions.get::<Peer>().map(|peer| peer.0.ip());
        let peer = peer.ok_or_else(|| Refusal::bad("the connection has no other end"))?;
        Ok(Self(desk.site.asker(peer, &parts.headers)))
    }
}
