//! A company's invitation: pasted, opened, photographed, or held before the camera.

use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use maud::html;
use serde_json::json;

use crate::Page;
use crate::frame::{Place, shown, trouble};
use crate::pages::{OrShown as _, Shown};
use crate::refusal::Refusal;
use crate::sign_in::form_token;
use crate::visit::{Asked, Sent, Visit};

/// Longest picture, in bytes: a telephone's photograph.
const PICTURE_BYTES_MAX: usize = 12 * 1024 * 1024;

/// What an invitation begins with.
const SCHEME: &str = "freehold:";

pub(crate) fn routes() -> Router<Arc<Page>> {
    Router::new()
        .route("/connect", get(page).post(follow))
        .route("/connect/frame", post(frame))
        .layer(DefaultBodyLimit::max(PICTURE_BYTES_MAX))
}

async fn page(visit: Visit, asked: Asked) -> Shown {
    Ok(asking(&visit, asked.some("link").unwrap_or_default(), None))
}

fn asking(visit: &Visit, link: &str, said: Option<&str>) -> Response {
    let t = visit.tongue();
    let title = say!(t, "connect");
    let body = html! {
        p.crumb { a href="/companies" { "← " (say!(t, "companies")) } }
        h1 { (title) }
        p.lead { (say!(t, "connect-lead")) }
        (trouble(said))
        form.card method="post" action="/connect" enctype="multipart/form-data" {
            (form_token(&visit.session))
            div.field {
                label for="link" { (say!(t, "connect-link")) }
                textarea #link name="link" rows="3" spellcheck="false" autocapitalize="none" autocomplete="off" maxlength="4096" placeholder="freehold:connect:…" { (link) }
            }
            div.field {
                label for="picture" { (say!(t, "connect-picture")) }
                input #picture name="picture" type="file" accept="image/png,image/jpeg" capture="environment" aria-describedby="picture-note";
                p.note #picture-note { (say!(t, "connect-picture-note")) }
            }
            div.field hidden data-camera="/connect/frame" data-camera-failed=(say!(t, "camera-failed")) data-camera-found=(say!(t, "camera-found")) {
                button.second type="button" { (say!(t, "camera-start")) }
                video hidden playsinline muted aria-label=(say!(t, "camera-view")) {}
                p.note role="status" {}
            }
            button type="submit" { (say!(t, "connect-go")) }
        }
        p.note { (say!(t, "connect-note")) }
    };
    shown(visit, &title, Place::Companies, &body)
}

async fn follow(sent: Sent) -> Shown {
    let visit = &sent.visit;
    let t = visit.tongue();
    let mut link = sent.fields.one("link").trim().to_owned();
    if let Some(picture) = sent.fields.file("picture").filter(|_| link.is_empty()) {
        let picture = picture.to_vec();
        let read = tokio::task::spawn_blocking(move || freehold_qr::read(&picture)).await;
        link = match read.unwrap_or(Err(freehold_qr::QrError::NotAPicture)) {
            Ok(texts) => match texts.into_iter().find(|text| text.starts_with(SCHEME)) {
                Some(found) => found,
                None => return Ok(asking(visit, "", Some(&say!(t, "picture-no-code")))),
            },
            Err(error) => {
                tracing::debug!(%error, "a picture was not read");
                return Ok(asking(visit, "", Some(&say!(t, "picture-unreadable"))));
            }
        };
    }
    if link.is_empty() {
        return Ok(asking(visit, "", Some(&say!(t, "connect-empty"))));
    }
    match visit.person.connect(&link).await {
        Ok(connected) => Ok(Redirect::to(&match connected.request {
            Some(request) => format!("/requests/{}?told=connected", request.id),
            None => format!("/companies/{}?told=connected", connected.relationship),
        })
        .into_response()),
        Err(error) => {
            let said = Refusal::from(error).sentence(&visit.look);
            Ok(asking(visit, &link, Some(&said)))
        }
    }
}

/// One frame of the camera: width, height and the brightness of each point.
async fn frame(sent: Sent) -> Shown {
    let number = |name: &str| sent.fields.one(name).parse::<u32>().ok();
    let (Some(width), Some(height), Some(luma)) =
        (number("width"), number("height"), sent.fields.file("luma"))
    else {
        return Err(Refusal::new(
            StatusCode::BAD_REQUEST,
            "bad-request",
            "a frame has a width, a height and points",
        ))
        .or_shown(&sent.visit.look);
    };
    let luma = luma.to_vec();
    let found = tokio::task::spawn_blocking(move || freehold_qr::read_luma(width, height, &luma)).await;
    let link =
        found.ok().and_then(Result::ok).unwrap_or_default().into_iter().find(|text| text.starts_with(SCHEME));
    Ok(Json(json!({ "link": link })).into_response())
}
