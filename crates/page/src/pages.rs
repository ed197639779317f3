//! The pages.

mod activity;
pub(crate) mod address_book;
pub(crate) mod assets;
mod change;
mod companies;
mod company;
mod connect;
mod data;
mod field;
mod home;
mod import;
mod picture;
mod requests;
mod settings;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};

use crate::Page;
use crate::frame::Look;
use crate::refusal::Refusal;
use crate::sign_in::look;
use crate::visit::Visit;

pub(crate) fn routes() -> Router<Arc<Page>> {
    Router::new()
        .merge(home::routes())
        .merge(data::routes())
        .merge(field::routes())
        .merge(change::routes())
        .merge(import::routes())
        .merge(address_book::routes())
        .merge(companies::routes())
        .merge(company::routes())
        .merge(requests::routes())
        .merge(connect::routes())
        .merge(activity::routes())
        .merge(settings::routes())
        .merge(assets::routes())
}

/// A page, or why there is none.
pub(crate) type Shown = Result<Response, Unshown>;

/// A refusal that is shown to its reader.
pub(crate) struct Unshown(Box<Response>);

impl IntoResponse for Unshown {
    fn into_response(self) -> Response {
        *self.0
    }
}

/// What ends a page early, said as its reader understands it.
pub(crate) trait OrShown<T> {
    /// The value, or the refusal as a page.
    fn or_shown(self, look: &Look) -> Result<T, Unshown>;
}

impl<T, E: Into<Refusal>> OrShown<T> for Result<T, E> {
    fn or_shown(self, look: &Look) -> Result<T, Unshown> {
        self.map_err(|error| Unshown(Box::new(error.into().shown(look))))
    }
}

/// What a visit's page could not do.
pub(crate) fn refused(visit: &Visit, refusal: &Refusal) -> Unshown {
    Unshown(Box::new(refusal.shown(&visit.look)))
}

pub(crate) async fn not_found(State(page): State<Arc<Page>>, headers: HeaderMap) -> Response {
    Refusal::not_found().shown(&look(&page, &headers))
}
