//! The frame around every page: the ways to the others, and what the last form has brought about.

use axum::http::HeaderMap;
use axum::response::Response;
use freehold_person::Person;
use freehold_web::layout::{self, Account, Frame, Words};
use maud::{Markup, html};

use crate::pages::assets;
use crate::tongue::Tongue;
use crate::visit::{Asked, Visit};

/// How pages look to a reader.
#[derive(Clone)]
pub(crate) struct Look {
    pub(crate) tongue: &'static Tongue,
    /// `light` or `dark`; what the browser prefers, if absent.
    scheme: Option<&'static str>,
    /// What the person calls the node.
    pub(crate) name: String,
}

impl Look {
    /// Before anybody is known.
    pub(crate) fn stranger(headers: &HeaderMap) -> Self {
        Self { tongue: Tongue::preferred(headers), scheme: None, name: "Freehold".to_owned() }
    }

    /// As the person has set it.
    pub(crate) fn of(person: &Person, headers: &HeaderMap) -> Self {
        let set = person.settings().unwrap_or_default();
        let scheme = match set.appearance.as_str() {
            "light" => Some("light"),
            "dark" => Some("dark"),
            _ => None,
        };
        Self {
            tongue: set
                .language
                .as_deref()
                .and_then(Tongue::of)
                .unwrap_or_else(|| Tongue::preferred(headers)),
            scheme,
            name: set.name.filter(|name| !name.is_empty()).unwrap_or_else(|| "Freehold".to_owned()),
        }
    }

    fn frame<'a>(&'a self, said: &'a Said, title: &'a str) -> Frame<'a> {
        Frame {
            words: Words {
                language: self.tongue.tag,
                skip: &said.skip,
                pages: &said.pages,
                sign_out: &said.sign_out,
                everywhere: &said.everywhere,
            },
            look: layout::Look {
                scheme: self.scheme,
                style: Some(assets::STYLE_PATH),
                script: Some(assets::SCRIPT_PATH),
            },
            title,
            owner: &self.name,
            ..Frame::default()
        }
    }
}

/// What the frame says.
struct Said {
    skip: String,
    pages: String,
    sign_out: String,
    everywhere: String,
}

impl Said {
    fn new(t: &Tongue) -> Self {
        Self {
            skip: say!(t, "skip"),
            pages: say!(t, "pages"),
            sign_out: say!(t, "sign-out"),
            everywhere: say!(t, "sign-out-everywhere"),
        }
    }
}

/// A page for somebody who is not signed in.
pub(crate) fn bare(look: &Look, title: &str, body: &Markup) -> Response {
    let said = Said::new(look.tongue);
    layout::answer(layout::page(&look.frame(&said, title), body))
}

/// Where a page belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Home,
    Data,
    Companies,
    Requests,
    Activity,
    Settings,
}

impl Place {
    fn path(self) -> &'static str {
        match self {
            Self::Home => "/",
            Self::Data => "/data",
            Self::Companies => "/companies",
            Self::Requests => "/requests",
            Self::Activity => "/activity",
            Self::Settings => "/settings",
        }
    }
}

/// A page for the person.
pub(crate) fn shown(visit: &Visit, title: &str, place: Place, body: &Markup) -> Response {
    let t = visit.tongue();
    let said = Said::new(t);
    let names = [
        (Place::Home, say!(t, "home")),
        (Place::Data, say!(t, "data")),
        (Place::Companies, say!(t, "companies")),
        (Place::Requests, say!(t, "requests")),
        (Place::Activity, say!(t, "activity")),
        (Place::Settings, say!(t, "settings")),
    ];
    let nav: Vec<(&str, &str)> = names.iter().map(|(place, name)| (place.path(), name.as_str())).collect();
    let note = say!(t, "signed-in");
    let account = Account { name: "", role: &note, form_token: visit.form_token() };
    let frame =
        Frame { nav: &nav, here: place.path(), account: Some(account), ..visit.look.frame(&said, title) };
    layout::answer(layout::page(&frame, body))
}

/// What the last form has brought about: `?told=…` with one of the words that `told-…` messages have, so that no address
/// can put words into a page.
pub(crate) fn told(visit: &Visit, asked: &Asked) -> Markup {
    let text = asked
        .some("told")
        .filter(|word| word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'))
        .and_then(|word| visit.tongue().find(&format!("told-{word}"), None));
    html! { @if let Some(text) = text { p.told.good role="status" { (text) } } }
}

/// What could not be done, above the form that asked for it.
pub(crate) fn trouble(said: Option<&str>) -> Markup {
    html! { @if let Some(said) = said { p.told.bad role="alert" #trouble { (said) } } }
}
