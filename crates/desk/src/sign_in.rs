//! Signing in and out, and one's own password.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Form, Router};
use freehold_hub::{Deed, StaffError, Who};
use freehold_web::layout::{self, Frame, form_token};
use freehold_web::{Cookie, password};
use maud::{Markup, html};
use zeroize::Zeroizing;

use crate::Desk;
use crate::access::{AtPage, Fields, Sent, Source};
use crate::pages::{Told, shown, told};
use crate::provider;
use crate::refusal::{Refusal, sentence};

pub(crate) fn routes() -> Router<Arc<Desk>> {
    Router::new()
        .route("/sign-in", get(form).post(sign_in))
        .route("/sign-out", post(sign_out))
        .route("/account", get(account))
        .route("/account/password", post(change_password))
}

async fn form(State(desk): State<Arc<Desk>>) -> Response {
    page(&desk, StatusCode::OK, None)
}

fn page(desk: &Desk, status: StatusCode, said: Option<&str>) -> Response {
    let owner = desk.hub.info().name;
    let frame = Frame { title: "Sign in", owner: &owner, ..Frame::default() };
    let nobody = desk.hub.staff().is_empty();
    let body = html! {
        h1 { "Sign in" }
        p.lead { "The staff's page of " (owner) "." }
        @if let Some(said) = said { p.told.bad role="alert" { (said) } }
        @if nobody {
            p.told { "Nobody can sign in yet. Add the first administrator on this machine: "
                code { "freehold hub user add NAME --role admin" } }
        }
        form.card method="post" action="/sign-in" {
            div.field {
                label for="name" { "Name" }
                input #name name="name" autocomplete="username" autocapitalize="none" spellcheck="false" required maxlength="64";
            }
            div.field {
                label for="password" { "Password" }
                input #password name="password" type="password" autocomplete="current-password" required maxlength="1024";
            }
            button type="submit" { "Sign in" }
        }
        @if let Some(provider) = &desk.provider {
            p { a href=(provider::BEGIN) { "Sign in with " (provider.label()) } }
        }
    };
    let mut response = layout::answer(layout::page(&frame, &body));
    *response.status_mut() = status;
    response
}

async fn sign_in(
    State(desk): State<Arc<Desk>>,
    from: Source,
    Form(fields): Form<Vec<(String, String)>>,
) -> Response {
    let fields = Fields::new(fields);
    let (name, given) = (fields.one("name").to_owned(), Zeroizing::new(fields.one("password").to_owned()));
    if let Err(refused) = desk.attempts.begin(&name, from.0, Instant::now()) {
        let mut response = page(&desk, StatusCode::TOO_MANY_REQUESTS, Some(&sentence(&refused.to_string())));
        response.headers_mut().insert(header::RETRY_AFTER, refused.wait.as_secs().max(1).into());
        return response;
    }
    let user = desk.hub.staff_user(&name);
    let record = user.as_ref().and_then(|user| user.password.clone());
    if !password::is_right(record, given).await {
        if let Some(user) = user {
            let noted = desk.hub.note(Deed::of(&Who::at_page(&user.name), "sign-in-failed")).await;
            if let Err(error) = noted {
                tracing::error!(%error, "a failed sign-in was not written down");
            }
        }
        return page(&desk, StatusCode::UNAUTHORIZED, Some("The name or the password is wrong."));
    }
    desk.attempts.right(&name, from.0);
    if let Err(error) = desk.hub.note(Deed::of(&Who::at_page(&name), "signed-in")).await {
        return Refusal::from(error).as_page();
    }
    match desk.sessions.begin(&name, Instant::now()) {
        Ok(token) => {
            let cookie = [(header::SET_COOKIE, Cookie::Session.set(&desk.site, &token))];
            (cookie, Redirect::to("/")).into_response()
        }
        Err(error) => Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", error).as_page(),
    }
}

async fn sign_out(State(desk): State<Arc<Desk>>, sent: Sent) -> Response {
    let everywhere = sent.fields.one("everywhere") == "yes";
    let what = if everywhere { "signed-out-everywhere" } else { "signed-out" };
    if everywhere {
        desk.sessions.end_all(&sent.at_page.session.user);
    } else {
        desk.sessions.end(&sent.at_page.session);
    }
    if let Err(error) = desk.hub.note(sent.at_page.visitor.did(what)).await {
        tracing::error!(%error, "a sign-out was not written down");
    }
    let mut headers = HeaderMap::new();
    headers.insert(header::SET_COOKIE, Cookie::Session.removed(&desk.site));
    (headers, Redirect::to("/sign-in")).into_response()
}

async fn account(State(desk): State<Arc<Desk>>, at_page: AtPage, told: Told) -> Response {
    let user = desk.hub.staff_user(&at_page.session.user);
    let has_password = user.is_some_and(|user| user.password.is_some());
    let body = account_body(&at_page, told.0.as_deref(), has_password);
    shown(&desk, &at_page, "Account", "/account", &body)
}

fn account_body(at_page: &AtPage, said: Option<&str>, has_password: bool) -> Markup {
    html! {
        h1 { "Account" }
        p.lead { "You are " strong { (at_page.visitor.who.name) } ", with the role " (at_page.visitor.role.name()) "." }
        (told(said))
        @if !has_password { p.note { "You sign in by the identity provider, and have no password here." } }
        @else { section.card aria-labelledby="password-title" {
            h2 #password-title { "Change your password" }
            p.note { "Other sessions of yours end with it." }
            form method="post" action="/account/password" {
                (form_token(at_page.session.form_token.danger_text()))
                div.field {
                    label for="old" { "Present password" }
                    input #old name="old" type="password" autocomplete="current-password" required;
                }
                div.field {
                    label for="new" { "New password, " (password::CHARS_MIN) " characters or more" }
                    input #new name="new" type="password" autocomplete="new-password" required minlength=(password::CHARS_MIN);
                }
                button type="submit" { "Change it" }
            }
        } }
    }
}

async fn change_password(State(desk): State<Arc<Desk>>, from: Source, sent: Sent) -> Response {
    let name = sent.at_page.session.user.clone();
    let old = Zeroizing::new(sent.fields.one("old").to_owned());
    let changed = async {
        desk.attempts
            .begin(&name, from.0, Instant::now())
            .map_err(|refused| Refusal::new(StatusCode::TOO_MANY_REQUESTS, "too-many", refused))?;
        let record = desk.hub.staff_user(&name).and_then(|user| user.password);
        if !password::is_right(record, old).await {
            return Err(Refusal::new(
                StatusCode::FORBIDDEN,
                "wrong-password",
                "the present password is wrong",
            ));
        }
        desk.attempts.right(&name, from.0);
        let record = stretched(sent.fields.one("new")).await?;
        desk.hub.change_staff_password(&sent.at_page.visitor.who, &name, record).await?;
        Ok::<_, Refusal>(())
    };
    if let Err(refusal) = changed.await {
        return refusal.as_page();
    }
    desk.sessions.end_all(&name);
    match desk.sessions.begin(&name, Instant::now()) {
        Ok(token) => {
            let cookie = [(header::SET_COOKIE, Cookie::Session.set(&desk.site, &token))];
            (cookie, Redirect::to("/account?told=password-changed")).into_response()
        }
        Err(_) => Redirect::to("/sign-in").into_response(),
    }
}

/// What is kept of a new password.
pub(crate) async fn stretched(text: &str) -> Result<String, Refusal> {
    let text = Zeroizing::new(text.to_owned());
    let made = tokio::task::spawn_blocking(move || password::record(&text)).await;
    match made {
        Ok(Ok(record)) => Ok(record),
        Ok(Err(error)) => Err(Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "bad-value", error)),
        Err(_) => Err(StaffError::Store("the password was not stretched".to_owned()).into()),
    }
}
