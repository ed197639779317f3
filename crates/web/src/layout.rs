//! How a page looks: one frame, one stylesheet, no script. It reads well without either.

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use maud::{DOCTYPE, Markup, html};

/// Where [`style`] is to be served.
pub const STYLE_PATH: &str = "/style.css";

/// Where [`icon`] is to be served.
pub const ICON_PATH: &str = "/icon.svg";

/// The hidden field of every form that changes something.
pub const FORM_TOKEN: &str = "formToken";

/// The frame around what a page shows.
pub struct Frame<'a> {
    /// What the page is called.
    pub title: &'a str,
    /// Whose pages these are.
    pub owner: &'a str,
    /// The ways to other pages: address and name.
    pub nav: &'a [(&'a str, &'a str)],
    /// The address of the one that is shown, or of the one it belongs to.
    pub here: &'a str,
    /// Who is signed in, as the account's line shows it; with the token of the forms.
    pub account: Option<Account<'a>>,
}

/// Who is signed in.
pub struct Account<'a> {
    /// The user's name.
    pub name: &'a str,
    /// What they may do.
    pub role: &'a str,
    /// The session's form token.
    pub form_token: &'a str,
}

/// A whole page.
#[must_use]
pub fn page(frame: &Frame<'_>, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (frame.title) " · " (frame.owner) }
                link rel="icon" href=(ICON_PATH);
                link rel="stylesheet" href=(STYLE_PATH);
            }
            body.bare[frame.account.is_none()] {
                a.skip href="#main" { "Skip to the content" }
                @if let Some(account) = &frame.account {
                    header.side {
                        p.owner { (frame.owner) }
                        nav aria-label="Pages" {
                            ul {
                                @for (address, name) in frame.nav {
                                    li { a href=(address) aria-current=[(*address == frame.here).then_some("page")] { (name) } }
                                }
                            }
                        }
                        div.account {
                            p { span.who { (account.name) } " " span.role { (account.role) } }
                            form method="post" action="/sign-out" {
                                (form_token(account.form_token))
                                button.quiet type="submit" { "Sign out" }
                                button.quiet type="submit" name="everywhere" value="yes" { "Sign out everywhere" }
                            }
                        }
                    }
                }
                main #main tabindex="-1" { (body) }
            }
        }
    }
}

/// The hidden field that binds a form to the session it was made for.
#[must_use]
pub fn form_token(token: &str) -> Markup {
    html! { input type="hidden" name=(FORM_TOKEN) value=(token); }
}

/// The answer that carries a page.
#[must_use]
pub fn answer(markup: Markup) -> Response {
    with_type(markup.into_string().into(), "text/html; charset=utf-8")
}

/// The stylesheet.
#[must_use]
pub fn style() -> Response {
    let mut response = with_type(Body::from(include_str!("style.css")), "text/css; charset=utf-8");
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    response
}

/// The mark of a page in a browser's tabs.
#[must_use]
pub fn icon() -> Response {
    let mut response = with_type(Body::from(include_str!("icon.svg")), "image/svg+xml");
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=86400"));
    response
}

fn with_type(body: Body, kind: &'static str) -> Response {
    let mut response = Response::new(body);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_no_script_and_no_style_of_its_own_and_escapes_what_it_shows() {
        let account = Account { name: "<b>ada", role: "viewer", form_token: "t" };
        let frame = Frame {
            title: "Overview",
            owner: "Acme \"&\" Co",
            nav: &[("/", "Overview")],
            here: "/",
            account: Some(account),
        };
        let text = page(&frame, &html! { h1 { "Overview" } }).into_string();
        for forbidden in ["<script", "style=", "onclick", "http://", "https://", "<b>ada"] {
            assert!(!text.contains(forbidden), "{forbidden}");
        }
        assert!(text.contains("aria-current=\"page\"") && text.contains("lang=\"en\""));
        assert!(!include_str!("style.css").contains("url("));
    }
}
