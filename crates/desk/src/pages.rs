//! The pages.

mod audit;
pub(crate) mod customer;
mod customers;
mod dead_letters;
mod events;
mod overview;
mod sinks;
mod users;
mod value;

use std::sync::Arc;

use axum::Router;
use axum::extract::{FromRequestParts, Query};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use freehold_hub::Role;
use freehold_web::layout::{self, Account, Frame};
use maud::{Markup, html};

use crate::Desk;
use crate::access::AtPage;
use crate::refusal::Refusal;

pub(crate) fn routes() -> Router<Arc<Desk>> {
    Router::new()
        .merge(overview::routes())
        .merge(customers::routes())
        .merge(customer::routes())
        .merge(events::routes())
        .merge(dead_letters::routes())
        .merge(sinks::routes())
        .merge(value::routes())
        .merge(users::routes())
        .merge(audit::routes())
}

/// The ways there are for everybody.
const NAV: [(&str, &str); 6] = [
    ("/", "Overview"),
    ("/customers", "Customers"),
    ("/events", "Events"),
    ("/dead-letters", "Dead letters"),
    ("/sinks", "Connectors"),
    ("/account", "Account"),
];

/// The ways there are for administrators besides.
const NAV_ADMIN: [(&str, &str); 2] = [("/users", "Users"), ("/audit", "Audit")];

/// A page for somebody who is signed in.
pub(crate) fn shown(desk: &Desk, at_page: &AtPage, title: &str, here: &str, body: &Markup) -> Response {
    let owner = desk.hub.info().name;
    let mut nav = NAV.to_vec();
    if at_page.visitor.role >= Role::Admin {
        nav.extend(NAV_ADMIN);
    }
    let account = Account {
        name: &at_page.visitor.who.name,
        role: at_page.visitor.role.name(),
        form_token: at_page.session.form_token.danger_text(),
    };
    let frame = Frame { title, owner: &owner, nav: &nav, here, account: Some(account), ..Frame::default() };
    layout::answer(layout::page(&frame, body))
}

/// A page, or why there is none.
pub(crate) type Shown = Result<Response, PageRefusal>;

/// A refusal that people read.
pub(crate) struct PageRefusal(Refusal);

impl<E: Into<Refusal>> From<E> for PageRefusal {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for PageRefusal {
    fn into_response(self) -> Response {
        self.0.as_page()
    }
}

/// What the last form has brought about: `?told=…` with one of a few words, so that no address can put words into a page.
pub(crate) struct Told(pub(crate) Option<String>);

impl<S: Sync> FromRequestParts<S> for Told {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Response> {
        let query = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri);
        let fields = query.map(|query| query.0).unwrap_or_default();
        Ok(Self(fields.into_iter().find(|(name, _)| name == "told").map(|(_, value)| value)))
    }
}

/// The sentence for it.
pub(crate) fn told(said: Option<&str>) -> Markup {
    let text = match said {
        Some("asked") => "The request is on its way: the customer is asked once they are connected.",
        Some("retried") => "It is sent again now.",
        Some("retried-none") => "There was nothing to send again.",
        Some("user-added") => "The user is added.",
        Some("user-removed") => "The user is removed, and signed out everywhere.",
        Some("token-removed") => "The token is removed: programs that have it are refused from now on.",
        Some("password-changed") => "The password is changed, and your other sessions have ended.",
        _ => return html! {},
    };
    html! { p.told.good role="status" { (text) } }
}

/// The way to a further page of a list.
pub(crate) fn pager(first: Option<&str>, next: Option<&str>) -> Markup {
    html! {
        @if first.is_some() || next.is_some() {
            nav.pager aria-label="Further pages" {
                @if let Some(first) = first { a href=(first) { "← Back to the beginning" } }
                @if let Some(next) = next { a href=(next) { "Further →" } }
            }
        }
    }
}

pub(crate) async fn not_found() -> Response {
    Refusal::new(StatusCode::NOT_FOUND, "not-found", "there is nothing at this address").as_page()
}
