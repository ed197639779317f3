//! A card comes in, from a file or from an address book on a server; and the fields go out as one.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use freehold_cards::ImportOptions;
use freehold_person::view::{ImportFieldView, ImportView};
use freehold_protocol::vocabulary::countries;
use maud::{Markup, html};
use multibase::Base;

use crate::Page;
use crate::frame::{Place, shown, trouble};
use crate::pages::data::shown_value;
use crate::pages::{OrShown as _, Shown};
use crate::refusal::Refusal;
use crate::sign_in::form_token;
use crate::tongue::Tongue;
use crate::visit::{Asked, Fields, Sent, Visit};

/// Longest card, in bytes: one with a picture in it.
const CARD_BYTES_MAX: usize = 8 * 1024 * 1024;

pub(crate) fn routes() -> Router<Arc<Page>> {
    Router::new()
        .route("/data/import", get(page))
        .route("/data/import/preview", post(preview))
        .route("/data/import/write", post(write))
        .layer(DefaultBodyLimit::max(CARD_BYTES_MAX + CARD_BYTES_MAX / 2))
        .route("/data/export.vcf", get(vcard))
        .route("/data/export.json", get(jscontact))
}

async fn page(visit: Visit, asked: Asked) -> Shown {
    let first = asked.some("first").is_some();
    Ok(asking(&visit, None, first))
}

fn asking(visit: &Visit, said: Option<&str>, first: bool) -> Response {
    let t = visit.tongue();
    let title = say!(t, "import-title");
    let body = html! {
        @if first { p.note { (say!(t, "set-up-step", step = 5, of = 5)) } }
        @else { p.crumb { a href="/data" { "← " (say!(t, "data")) } } }
        h1 { (title) }
        p.lead { (say!(t, "import-lead")) }
        (trouble(said))
        form.card method="post" action="/data/import/preview" enctype="multipart/form-data" {
            (form_token(&visit.session))
            div.field.drop data-drop {
                label for="card" { (say!(t, "import-file")) }
                input #card name="card" type="file" accept=".vcf,.vcard,.json,text/vcard,text/x-vcard,application/json" required aria-describedby="card-note";
                p.note #card-note { (say!(t, "import-file-note")) }
            }
            (country_choice(t))
            button type="submit" { (say!(t, "import-look")) }
        }
        p { a href="/data/import/address-book" { (say!(t, "carddav-instead")) } }
        @if first { p { a href="/" { (say!(t, "import-skip")) } } }
    };
    shown(visit, &title, Place::Data, &body)
}

fn country_choice(t: &Tongue) -> Markup {
    html! {
        div.field {
            label for="country" { (say!(t, "import-country")) }
            select #country name="country" aria-describedby="country-note" {
                option value="" { "–" }
                @for (code, english) in countries() { option value=(code) data-country=(code) { (english) } }
            }
            p.note #country-note { (say!(t, "import-country-note")) }
        }
    }
}

fn options(fields: &Fields) -> ImportOptions {
    ImportOptions {
        default_country: fields.some("country"),
        card: fields.some("index").and_then(|index| index.parse().ok()),
    }
}

/// What a card would change. It goes back to the browser with the page, and comes again when it is agreed to: nothing of
/// it is kept meanwhile.
async fn preview(sent: Sent) -> Shown {
    let visit = &sent.visit;
    let Some(card) = sent.fields.file("card").filter(|card| card.len() <= CARD_BYTES_MAX) else {
        let said = say!(visit.tongue(), "import-no-file");
        return Ok(asking(visit, Some(&said), false));
    };
    let options = options(&sent.fields);
    match visit.person.import(card, &options, true).await {
        Ok(view) => Ok(previewed(visit, card, &options, &view)),
        Err(error) => {
            let said = Refusal::from(error).sentence(&visit.look);
            Ok(asking(visit, Some(&said), false))
        }
    }
}

pub(crate) fn previewed(visit: &Visit, card: &[u8], options: &ImportOptions, view: &ImportView) -> Response {
    let t = visit.tongue();
    let title = say!(t, "import-preview");
    let new = view.fields.iter().chain(&view.kept).filter(|field| field.action != "same").count();
    let body = html! {
        p.crumb { a href="/data/import" { "← " (say!(t, "import-title")) } }
        h1 { (title) }
        p.lead { (say!(t, "import-count", count = new)) }
        section.card {
            h2 { (say!(t, "import-fields")) }
            (rows(t, &view.fields))
        }
        @if !view.kept.is_empty() {
            section.card { h2 { (say!(t, "import-kept")) } p.note { (say!(t, "import-kept-note")) } (rows(t, &view.kept)) }
        }
        @if !view.skipped.is_empty() {
            section.card {
                h2 { (say!(t, "import-skipped")) }
                ul { @for skipped in &view.skipped { li { (skipped.what) ": " (skipped.reason) } } }
            }
        }
        form method="post" action="/data/import/write" {
            (form_token(&visit.session))
            input type="hidden" name="card" value=(Base::Base64.encode(card));
            input type="hidden" name="country" value=(options.default_country.as_deref().unwrap_or_default());
            input type="hidden" name="index" value=(options.card.map(|index| index.to_string()).unwrap_or_default());
            button type="submit" { (say!(t, "import-go")) }
            " " a.button.second href="/data/import" { (say!(t, "cancel")) }
        }
    };
    shown(visit, &title, Place::Data, &body)
}

fn rows(t: &Tongue, fields: &[ImportFieldView]) -> Markup {
    html! {
        table.stack {
            thead { tr { th scope="col" { (say!(t, "field")) } th scope="col" { (say!(t, "import-new")) } th scope="col" { (say!(t, "import-now")) } } }
            tbody { @for field in fields {
                tr {
                    td { (t.field(&field.path)) }
                    td data-label=(say!(t, "import-new")) { (shown_value(t, &field.path, &field.value)) }
                    td data-label=(say!(t, "import-now")) { @match &field.current { Some(now) if field.action != "same" => (shown_value(t, &field.path, now)), Some(_) => (say!(t, "import-same")), None => "–" } }
                }
            } }
        }
    }
}

async fn write(sent: Sent) -> Shown {
    let visit = &sent.visit;
    let Ok(card) = Base::Base64.decode(sent.fields.one("card")) else {
        let said = say!(visit.tongue(), "import-no-file");
        return Ok(asking(visit, Some(&said), false));
    };
    match visit.person.import(&card, &options(&sent.fields), false).await {
        Ok(view) => {
            let reached = view.change.filter(|change| !change.is_empty());
            let status = reached
                .as_deref()
                .map(|change| visit.person.status(Some(change)))
                .transpose()
                .or_shown(&visit.look)?;
            let to = match (reached, status) {
                (Some(change), Some(status)) if !status.vendors.is_empty() => {
                    format!("/changes/{change}?told=imported")
                }
                _ => "/data?told=imported".to_owned(),
            };
            Ok(Redirect::to(&to).into_response())
        }
        Err(error) => {
            let said = Refusal::from(error).sentence(&visit.look);
            Ok(asking(visit, Some(&said), false))
        }
    }
}

async fn vcard(visit: Visit) -> Shown {
    exported(&visit, "vcard", "text/vcard; charset=utf-8")
}

async fn jscontact(visit: Visit) -> Shown {
    exported(&visit, "jscontact", "application/jscontact+json; charset=utf-8")
}

fn exported(visit: &Visit, format: &str, kind: &'static str) -> Shown {
    let card = visit.person.export(format).or_shown(&visit.look)?;
    let mut response = card.into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    Ok(response)
}
