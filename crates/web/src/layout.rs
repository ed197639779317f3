//! How a page looks: one frame and one stylesheet. It reads well without it, and without any script.

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

/// What the frame itself says, in the reader's language.
#[derive(Debug, Clone, Copy)]
pub struct Words<'a> {
    /// The language's tag (BCP 47).
    pub language: &'a str,
    /// Skip to the content.
    pub skip: &'a str,
    /// What the ways to other pages are called together.
    pub pages: &'a str,
    /// Sign out.
    pub sign_out: &'a str,
    /// Sign out on every machine.
    pub everywhere: &'a str,
}

impl Words<'static> {
    /// The frame in English.
    pub const ENGLISH: Self = Self {
        language: "en",
        skip: "Skip to the content",
        pages: "Pages",
        sign_out: "Sign out",
        everywhere: "Sign out everywhere",
    };
}

/// What a page has beside the frame's own looks.
#[derive(Debug, Clone, Copy, Default)]
pub struct Look<'a> {
    /// `light` or `dark`; what the browser prefers, if absent.
    pub scheme: Option<&'a str>,
    /// The address of a further stylesheet.
    pub style: Option<&'a str>,
    /// The address of a script; a site with one says so to [`guarded`](crate::guarded).
    pub script: Option<&'a str>,
}

/// The frame around what a page shows.
pub struct Frame<'a> {
    /// What the frame says.
    pub words: Words<'a>,
    /// What it has beside the common looks.
    pub look: Look<'a>,
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

impl Default for Frame<'_> {
    /// In English, with the common looks and nothing in it.
    fn default() -> Self {
        let words = Words::ENGLISH;
        Self { words, look: Look::default(), title: "", owner: "Freehold", nav: &[], here: "", account: None }
    }
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
        html lang=(frame.words.language) data-look=[frame.look.scheme] {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (frame.title) " · " (frame.owner) }
                link rel="icon" href=(ICON_PATH);
                link rel="stylesheet" href=(STYLE_PATH);
                @if let Some(style) = frame.look.style { link rel="stylesheet" href=(style); }
                @if let Some(script) = frame.look.script { script src=(script) defer {} }
            }
            body.bare[frame.account.is_none()] {
                a.skip href="#main" { (frame.words.skip) }
                @if let Some(account) = &frame.account {
                    header.side {
                        p.owner { (frame.owner) }
                        nav aria-label=(frame.words.pages) {
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
                                button.quiet type="submit" { (frame.words.sign_out) }
                                button.quiet type="submit" name="everywhere" value="yes" { (frame.words.everywhere) }
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

/// The answer that carries a file of a page.
#[must_use]
pub fn with_type(body: Body, kind: &'static str) -> Response {
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
            ..Frame::default()
        };
        let text = page(&frame, &html! { h1 { "Overview" } }).into_string();
        for forbidden in ["<script", "style=", "onclick", "http://", "https://", "<b>ada"] {
            assert!(!text.contains(forbidden), "{forbidden}");
        }
        assert!(text.contains("aria-current=\"page\"") && text.contains("lang=\"en\""));
        assert!(!include_str!("style.css").contains("url("));
    }
}
