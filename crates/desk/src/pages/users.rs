//! Who the staff is, and the tokens of its programs. For administrators.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use freehold_hub::Role;
use freehold_web::layout::form_token;
use freehold_web::{Token, password};
use maud::{Markup, html};

use crate::Desk;
use crate::access::{AtPage, Sent};
use crate::pages::{Shown, Told, shown, told};
use crate::refusal::Refusal;
use crate::sign_in::stretched;
use crate::words::moment;

pub(crate) fn routes() -> Router<Arc<Desk>> {
    Router::new()
        .route("/users", get(page).post(add))
        .route("/users/remove", post(remove))
        .route("/tokens", post(add_token))
        .route("/tokens/remove", post(remove_token))
}

async fn page(State(desk): State<Arc<Desk>>, at_page: AtPage, said: Told) -> Shown {
    at_page.visitor.may(Role::Admin)?;
    Ok(rendered(&desk, &at_page, told(said.0.as_deref())))
}

fn rendered(desk: &Desk, at_page: &AtPage, top: Markup) -> Response {
    let token = at_page.session.form_token.danger_text();
    let (users, tokens) = (desk.hub.staff(), desk.hub.api_tokens());
    let body = html! {
        h1 { "Users" }
        p.lead { "A viewer sees everything that is held. An agent also asks, reads live and sends again. An administrator also says who the staff is." }
        (top)
        section.card aria-labelledby="people-title" {
            h2 #people-title { "People" }
            table.stack {
                thead { tr { th scope="col" { "Name" } th scope="col" { "Role" } th scope="col" { "Signs in by" } th scope="col" { "Since" } th scope="col" { "Remove" } } }
                tbody {
                    @for user in &users {
                        tr {
                            td { strong { (user.name) } }
                            td { (user.role.name()) }
                            td data-label="Signs in by" { @if user.has_password { "password" } @else { "identity provider" } }
                            td data-label="Since" { (moment(&user.since)) }
                            td { (remove_form("/users/remove", &user.name, token)) }
                        }
                    }
                }
            }
            h3 { "Add somebody" }
            form method="post" action="/users" autocomplete="off" {
                (form_token(token))
                div.row {
                    div { label for="user-name" { "Name" } input #user-name name="name" required maxlength="64" autocapitalize="none" spellcheck="false"; }
                    div { label for="user-role" { "Role" } (roles("user-role")) }
                    div { label for="user-password" { "First password, " (password::CHARS_MIN) " characters or more" } input #user-password name="password" type="password" required[desk.provider.is_none()] minlength=(password::CHARS_MIN) autocomplete="new-password"; }
                    button type="submit" { "Add" }
                }
                @if let Some(provider) = &desk.provider {
                    p.note { "Without a password they come by " (provider.label()) ", under this name." }
                }
            }
        }
        section.card aria-labelledby="tokens-title" {
            h2 #tokens-title { "Tokens of programs" }
            p.note { "For " code { "/api/v1" } ", described by " a href="/api/v1/openapi.json" { "openapi.json" } "." }
            @if tokens.is_empty() { p.empty { "There is none." } }
            @else {
                table.stack {
                    thead { tr { th scope="col" { "Name" } th scope="col" { "Role" } th scope="col" { "Made by" } th scope="col" { "Since" } th scope="col" { "Remove" } } }
                    tbody {
                        @for one in &tokens {
                            tr {
                                td { strong { (one.name) } }
                                td { (one.role.name()) }
                                td data-label="Made by" { (one.by) }
                                td data-label="Since" { (moment(&one.since)) }
                                td { (remove_form("/tokens/remove", &one.name, token)) }
                            }
                        }
                    }
                }
            }
            h3 { "Make a token" }
            form method="post" action="/tokens" {
                (form_token(token))
                div.row {
                    div { label for="token-name" { "For which program" } input #token-name name="name" required maxlength="64" autocapitalize="none" spellcheck="false"; }
                    div { label for="token-role" { "Role" } (roles("token-role")) }
                    button type="submit" { "Make it" }
                }
            }
        }
    };
    shown(desk, at_page, "Users", "/users", &body)
}

fn roles(id: &str) -> Markup {
    html! { select id=(id) name="role" { @for role in Role::ALL { option value=(role.name()) { (role.name()) } } } }
}

fn remove_form(action: &str, name: &str, token: &str) -> Markup {
    html! {
        form method="post" action=(action) {
            (form_token(token))
            input type="hidden" name="name" value=(name);
            button.danger.small type="submit" aria-label={ "Remove " (name) } { "Remove" }
        }
    }
}

fn role(sent: &Sent) -> Result<Role, Refusal> {
    sent.fields.one("role").parse().map_err(Refusal::bad)
}

async fn add(State(desk): State<Arc<Desk>>, sent: Sent) -> Shown {
    let visitor = &sent.at_page.visitor;
    visitor.may(Role::Admin)?;
    let (name, role) = (sent.fields.one("name"), role(&sent)?);
    let record = match sent.fields.one("password") {
        "" if desk.provider.is_some() => None,
        password => Some(stretched(password).await?),
    };
    desk.hub.add_staff(&visitor.who, name, role, record).await?;
    Ok(Redirect::to("/users?told=user-added").into_response())
}

async fn remove(State(desk): State<Arc<Desk>>, sent: Sent) -> Shown {
    let visitor = &sent.at_page.visitor;
    visitor.may(Role::Admin)?;
    let name = sent.fields.one("name");
    desk.hub.remove_staff(&visitor.who, name).await?;
    desk.sessions.end_all(name);
    Ok(Redirect::to("/users?told=user-removed").into_response())
}

async fn add_token(State(desk): State<Arc<Desk>>, sent: Sent) -> Shown {
    let visitor = &sent.at_page.visitor;
    visitor.may(Role::Admin)?;
    let made = Token::generate().map_err(|error| Refusal::bad(error.to_string()))?;
    let (name, role) = (sent.fields.one("name"), role(&sent)?);
    desk.hub.add_api_token(&visitor.who, name, role, *made.digest().as_bytes()).await?;
    // Shown by this answer alone: nothing here could show it again.
    let top = html! {
        div.told.good role="status" {
            p { "The token of " strong { (name) } ". Copy it now: it is not shown again." }
            p.secret #token { code { (made.danger_text()) } }
        }
    };
    Ok(rendered(&desk, &sent.at_page, top))
}

async fn remove_token(State(desk): State<Arc<Desk>>, sent: Sent) -> Shown {
    let visitor = &sent.at_page.visitor;
    visitor.may(Role::Admin)?;
    desk.hub.remove_api_token(&visitor.who, sent.fields.one("name")).await?;
    Ok(Redirect::to("/users?told=token-removed").into_response())
}
