//! One field: who can see it and for what, every value it had, and the way back to one.

use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect};
use axum::routing::{get, post};
use maud::html;

use crate::Page;
use crate::frame::{Place, shown, told};
use crate::pages::data::{group_of, shown_value};
use crate::pages::{OrShown as _, Shown, refused};
use crate::refusal::Refusal;
use crate::say::{company, day, list, moment};
use crate::sign_in::form_token;
use crate::visit::{Asked, Sent, Visit, escaped};

pub(crate) fn routes() -> Router<Arc<Page>> {
    Router::new()
        .route("/data/field/{path}", get(page))
        .route("/data/field/{path}/undo", post(undo))
        .route("/data/field/{path}/erase", get(ask_erase).post(erase))
}

async fn page(visit: Visit, asked: Asked, Path(path): Path<String>) -> Shown {
    let t = visit.tongue();
    let history = visit.person.history(&path).or_shown(&visit.look)?;
    let sharing = visit.person.sharing(std::slice::from_ref(&path)).or_shown(&visit.look)?;
    let with: Vec<_> = sharing.into_iter().flat_map(|one| one.with).collect();
    let title = t.field(&path);
    let address = format!("/data/field/{}", escaped(&path));
    let body = html! {
        p.crumb { a href="/data" { "← " (say!(t, "data")) } }
        h1 { (title) }
        p.lead { code { (path) } }
        (told(&visit, &asked))
        section.card {
            h2 { (say!(t, "field-now")) }
            p.big { @match history.first().and_then(|version| version.value.as_deref()) {
                Some(value) => (shown_value(t, &path, value)),
                None => em { (say!(t, "field-empty")) },
            } }
            p { a.button href={ "/data/edit/" (escaped(group_of(&path))) } { (say!(t, "edit")) } }
        }
        section.card #seen data-live="grants" {
            h2 { (say!(t, "field-who")) }
            @if with.is_empty() { p.empty { (say!(t, "seen-by-nobody")) } }
            @else {
                ul { @for one in &with { li {
                    a href={ "/companies/" (one.relationship) } { (company(&one.vendor_name, &one.vendor)) }
                    ": " (list(one.purposes.iter().map(|purpose| t.purpose(purpose))))
                    @if let Some(until) = &one.until { ", " (say!(t, "until")) " " (day(until)) }
                } } }
            }
        }
        section.card #history data-live="fields" {
            h2 { (say!(t, "field-history")) }
            @if history.is_empty() { p.empty { (say!(t, "field-no-history")) } }
            @else {
                table.stack {
                    thead { tr { th scope="col" { (say!(t, "value")) } th scope="col" { (say!(t, "since")) } th scope="col" { (say!(t, "source")) } th scope="col" { (say!(t, "undo")) } } }
                    tbody { @for (at, version) in history.iter().enumerate() {
                        tr {
                            td { @match &version.value { Some(value) => (shown_value(t, &path, value)), None => em { (say!(t, "removed")) } } }
                            td data-label=(say!(t, "since")) { (moment(&version.at)) }
                            td data-label=(say!(t, "source")) { (t.word("source", version.source.split(':').next().unwrap_or_default())) }
                            td { @if at > 0 {
                                form method="post" action={ (address) "/undo" } {
                                    (form_token(&visit.session))
                                    input type="hidden" name="version" value=(version.version);
                                    button.quiet type="submit" aria-label=(say!(t, "undo-to", number = version.version)) { (say!(t, "undo-this")) }
                                }
                            } @else { (say!(t, "current")) } }
                        }
                    } }
                }
            }
            @if !history.is_empty() { p { a href={ (address) "/erase" } { (say!(t, "field-erase")) } } }
        }
    };
    Ok(shown(&visit, &title, Place::Data, &body))
}

async fn undo(Path(path): Path<String>, sent: Sent) -> Shown {
    let visit = &sent.visit;
    let version: u64 =
        sent.fields.one("version").parse().map_err(|_| refused(visit, &Refusal::not_found()))?;
    let written = visit.person.undo(&path, version).await.or_shown(&visit.look)?;
    let to = if written.vendors == 0 || written.change.is_empty() {
        format!("/data/field/{}?told=saved", escaped(&path))
    } else {
        format!("/changes/{}?told=saved", written.change)
    };
    Ok(Redirect::to(&to).into_response())
}

async fn ask_erase(visit: Visit, Path(path): Path<String>) -> Shown {
    let t = visit.tongue();
    let title = say!(t, "erase-title", field = t.field(&path));
    let body = html! {
        h1 { (title) }
        p.lead { (say!(t, "erase-lead")) }
        form.card method="post" action={ "/data/field/" (escaped(&path)) "/erase" } {
            (form_token(&visit.session))
            button.danger type="submit" { (say!(t, "erase-go")) }
            " " a.button.second href={ "/data/field/" (escaped(&path)) } { (say!(t, "cancel")) }
        }
    };
    Ok(shown(&visit, &title, Place::Data, &body))
}

async fn erase(Path(path): Path<String>, sent: Sent) -> Shown {
    sent.visit.person.erase(vec![path]).await.or_shown(&sent.visit.look)?;
    Ok(Redirect::to("/data?told=erased").into_response())
}
