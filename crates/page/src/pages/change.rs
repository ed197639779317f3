//! One change: whom it will reach, and how far it has come with each of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect};
use axum::routing::{get, post};
use freehold_person::view::{LineView, VendorStatusView};
use maud::{Markup, html};

use crate::Page;
use crate::frame::{Place, shown, told};
use crate::pages::data::{self, shown_value};
use crate::pages::{OrShown as _, Shown};
use crate::say::{company, list, moment, state};
use crate::sign_in::form_token;
use crate::tongue::Tongue;
use crate::visit::{Asked, Sent, Visit};

pub(crate) fn routes() -> Router<Arc<Page>> {
    Router::new()
        .route("/changes/preview", post(preview))
        .route("/changes", post(save))
        .route("/changes/{id}", get(page))
}

/// Before a change is written: who will get it. What reaches nobody is written at once.
async fn preview(sent: Sent) -> Shown {
    let (visit, group) = (&sent.visit, sent.fields.one("group"));
    let t = visit.tongue();
    let (changes, draft) = data::changes(visit, &sent.fields)?;
    if !draft.wrong.is_empty() {
        return data::form(visit, group, &draft, Some(&say!(t, "form-wrong")));
    }
    if changes.is_empty() {
        return Ok(Redirect::to("/data?told=unchanged").into_response());
    }
    let paths: Vec<String> = changes.iter().map(|(path, _)| path.clone()).collect();
    let sharing = visit.person.sharing(&paths).or_shown(&visit.look)?;
    let mut reached: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for one in &sharing {
        for with in &one.with {
            let fields = reached.entry(company(&with.vendor_name, &with.vendor)).or_default();
            let label = t.field(&one.path);
            if !fields.contains(&label) {
                fields.push(label);
            }
        }
    }
    if reached.is_empty() {
        return write(visit, changes).await;
    }
    let title = say!(t, "preview-title");
    let body = html! {
        h1 { (title) }
        p.lead { (say!(t, "preview-lead", count = reached.len())) }
        section.card {
            h2 { (say!(t, "preview-new")) }
            dl.fields {
                @for (path, value) in &changes {
                    dt { (t.field(path)) }
                    dd { @match value { Some(value) => span.value { (shown_value(t, path, value)) }, None => em { (say!(t, "removed")) } } }
                }
            }
        }
        section.card {
            h2 { (say!(t, "preview-who")) }
            ul { @for (name, fields) in &reached { li { strong { (name) } ": " (list(fields)) } } }
        }
        form method="post" action="/changes" {
            (form_token(&visit.session))
            @for (path, value) in &changes { input type="hidden" name={ "value:" (path) } value=(value.as_deref().unwrap_or_default()); }
            button type="submit" { (say!(t, "preview-go", count = reached.len())) }
            " " a.button.second href="/data" { (say!(t, "cancel")) }
        }
    };
    Ok(shown(visit, &title, Place::Data, &body))
}

async fn save(sent: Sent) -> Shown {
    let (changes, draft) = data::changes(&sent.visit, &sent.fields)?;
    if let Some(path) = draft.wrong.keys().next() {
        let said = say!(sent.visit.tongue(), "form-wrong");
        return data::form(&sent.visit, data::group_of(path), &draft, Some(&said));
    }
    write(&sent.visit, changes).await
}

async fn write(visit: &Visit, changes: Vec<data::Change>) -> Shown {
    let written = visit.person.set(changes, "page").await.or_shown(&visit.look)?;
    let to = match (written.change.as_str(), written.vendors) {
        ("", _) => "/data?told=unchanged".to_owned(),
        (_, 0) => "/data?told=saved".to_owned(),
        (change, _) => format!("/changes/{change}?told=saved"),
    };
    Ok(Redirect::to(&to).into_response())
}

async fn page(visit: Visit, asked: Asked, Path(id): Path<String>) -> Shown {
    let t = visit.tongue();
    let status = visit.person.status(Some(&id)).or_shown(&visit.look)?;
    let lines = |vendor: &VendorStatusView| vendor.lines.len();
    let done =
        status.vendors.iter().flat_map(|vendor| &vendor.lines).filter(|line| line.state == "applied").count();
    let all: usize = status.vendors.iter().map(lines).sum();
    let title = say!(t, "change-title");
    let body = html! {
        p.crumb { a href="/data" { "← " (say!(t, "data")) } }
        h1 { (title) }
        (told(&visit, &asked))
        div #fanout data-live="delivery grants" {
            p.lead role="status" { (say!(t, "change-done", done = done, all = all)) }
            progress max=(all.max(1)) value=(done) aria-label=(say!(t, "change-progress")) {}
            @if status.vendors.is_empty() { p.empty { (say!(t, "change-nobody")) } }
            @for vendor in &status.vendors { (reached(t, vendor)) }
        }
        p.note { (say!(t, "change-note")) }
    };
    Ok(shown(&visit, &title, Place::Data, &body))
}

fn reached(t: &Tongue, vendor: &VendorStatusView) -> Markup {
    html! {
        section.card aria-label=(company(&vendor.vendor_name, &vendor.vendor)) {
            h2 { a href={ "/companies/" (vendor.relationship) } { (company(&vendor.vendor_name, &vendor.vendor)) } }
            p.note {
                @if vendor.connected { (say!(t, "company-connected")) }
                @else { (say!(t, "company-away")) @if let Some(error) = &vendor.last_error { " " q { (error) } } }
                @if vendor.held_back { " " (say!(t, "need-held-why")) }
            }
            (delivery(t, &vendor.lines))
        }
    }
}

/// How far each field has come.
pub(crate) fn delivery(t: &Tongue, lines: &[LineView]) -> Markup {
    html! {
        table.stack {
            thead { tr { th scope="col" { (say!(t, "field")) } th scope="col" { (say!(t, "stands")) } th scope="col" { (say!(t, "since")) } th scope="col" { (say!(t, "where")) } } }
            tbody {
                @for line in lines {
                    tr {
                        td { (t.field(&line.path)) }
                        td data-label=(say!(t, "stands")) { (state(t, &line.state)) }
                        td data-label=(say!(t, "since")) { @if let Some(at) = line.outcome_at.as_deref().or(line.stored_at.as_deref()).or(line.sent_at.as_deref()) { (moment(at)) } @else { "–" } }
                        td data-label=(say!(t, "where")) { (line.system.as_deref().unwrap_or("–")) @if let Some(detail) = &line.detail { " " q { (detail) } } }
                    }
                }
            }
        }
    }
}
