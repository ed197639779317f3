//! Who asks, and what they sent.

use std::sync::Arc;

use axum::Form;
use axum::extract::{FromRequest, FromRequestParts, Multipart, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Redirect, Response};
use freehold_person::Person;
use freehold_web::{Session, layout};

use crate::Page;
use crate::frame::Look;
use crate::keeper::Stage;
use crate::refusal::Refusal;
use crate::tongue::Tongue;

/// The person, at a page of an open home.
pub(crate) struct Visit {
    pub(crate) page: Arc<Page>,
    pub(crate) person: Person,
    pub(crate) session: Session,
    pub(crate) look: Look,
}

impl Visit {
    /// The language.
    pub(crate) fn tongue(&self) -> &'static Tongue {
        self.look.tongue
    }

    /// The token of the session's forms.
    pub(crate) fn form_token(&self) -> &str {
        self.session.form_token.danger_text()
    }
}

impl FromRequestParts<Arc<Page>> for Visit {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, page: &Arc<Page>) -> Result<Self, Response> {
        let person = match page.keeper.stage() {
            Stage::Open(person) => person,
            Stage::Locked => return Err(Redirect::to("/sign-in").into_response()),
            Stage::New => return Err(Redirect::to("/set-up").into_response()),
        };
        let session = page.session(&parts.headers);
        let session = session.ok_or_else(|| Redirect::to("/sign-in").into_response())?;
        let look = Look::of(&person, &parts.headers);
        Ok(Self { page: Arc::clone(page), person, session, look })
    }
}

/// A form that the person has sent, from a page of their own session.
pub(crate) struct Sent {
    pub(crate) visit: Visit,
    pub(crate) fields: Fields,
}

impl FromRequest<Arc<Page>> for Sent {
    type Rejection = Response;

    async fn from_request(request: Request, page: &Arc<Page>) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let visit = Visit::from_request_parts(&mut parts, page).await?;
        let fields = Fields::read(Request::from_parts(parts, body))
            .await
            .map_err(|refusal| refusal.shown(&visit.look))?;
        own(&visit.session, &fields).map_err(|refusal| refusal.shown(&visit.look))?;
        Ok(Self { visit, fields })
    }
}

/// Refuses a form that was made for another session.
pub(crate) fn own(session: &Session, fields: &Fields) -> Result<(), Refusal> {
    if session.form_token.is(fields.one(layout::FORM_TOKEN)) {
        return Ok(());
    }
    let detail = "the form is of another session: go back, reload the page, and try again";
    Err(Refusal::new(StatusCode::FORBIDDEN, "form-token", detail))
}

/// What a form said, and the files with it.
#[derive(Default)]
pub(crate) struct Fields {
    texts: Vec<(String, String)>,
    files: Vec<(String, Vec<u8>)>,
}

impl Fields {
    /// Reads a form of either encoding.
    pub(crate) async fn read(request: Request) -> Result<Self, Refusal> {
        let bad = || {
            Refusal::new(
                StatusCode::BAD_REQUEST,
                "bad-request",
                "the form cannot be read: it is too long, or was cut off",
            )
        };
        let kind =
            request.headers().get(axum::http::header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        if !kind.is_some_and(|kind| kind.starts_with("multipart/form-data")) {
            let form = Form::<Vec<(String, String)>>::from_request(request, &()).await.map_err(|_| bad())?;
            return Ok(Self { texts: form.0, files: Vec::new() });
        }
        let mut parts = Multipart::from_request(request, &()).await.map_err(|_| bad())?;
        let mut fields = Self::default();
        while let Some(part) = parts.next_field().await.map_err(|_| bad())? {
            let name = part.name().unwrap_or_default().to_owned();
            if part.file_name().is_some() {
                let bytes = part.bytes().await.map_err(|_| bad())?;
                if !bytes.is_empty() {
                    fields.files.push((name, bytes.to_vec()));
                }
            } else {
                fields.texts.push((name, part.text().await.map_err(|_| bad())?));
            }
        }
        Ok(fields)
    }

    /// The first value of a field; empty where there is none.
    pub(crate) fn one(&self, name: &str) -> &str {
        self.texts.iter().find(|(field, _)| field == name).map_or("", |(_, value)| value.as_str())
    }

    /// The first value of a field, if it says anything.
    pub(crate) fn some(&self, name: &str) -> Option<String> {
        Some(self.one(name).trim()).filter(|value| !value.is_empty()).map(str::to_owned)
    }

    /// Every value of a field.
    pub(crate) fn all(&self, name: &str) -> Vec<String> {
        self.texts.iter().filter(|(field, _)| field == name).map(|(_, value)| value.clone()).collect()
    }

    /// The fields whose names begin so, with the rest of their names.
    pub(crate) fn under(&self, prefix: &str) -> impl Iterator<Item = (&str, &str)> {
        self.texts.iter().filter_map(move |(name, value)| Some((name.strip_prefix(prefix)?, value.as_str())))
    }

    /// A file.
    pub(crate) fn file(&self, name: &str) -> Option<&[u8]> {
        self.files.iter().find(|(field, _)| field == name).map(|(_, bytes)| bytes.as_slice())
    }
}

/// What stands behind the question mark of an address.
#[derive(Default)]
pub(crate) struct Asked(Vec<(String, String)>);

impl Asked {
    /// A value, if it says anything.
    pub(crate) fn some(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(field, _)| field == name)
            .map(|(_, value)| value.trim())
            .filter(|value| !value.is_empty())
    }

    /// Every value of a name.
    pub(crate) fn all(&self, name: &str) -> Vec<String> {
        self.0.iter().filter(|(field, _)| field == name).map(|(_, value)| value.clone()).collect()
    }

    /// The same again with one value changed, as an address behind `path`.
    pub(crate) fn with(&self, path: &str, name: &str, value: &str) -> String {
        let kept =
            self.0.iter().filter(|(field, value)| field != name && field != "told" && !value.is_empty());
        let pairs = kept.map(|(field, value)| (field.as_str(), value.as_str())).chain([(name, value)]);
        let text: Vec<String> =
            pairs.map(|(name, value)| format!("{}={}", escaped(name), escaped(value))).collect();
        format!("{path}?{}", text.join("&"))
    }
}

impl<S: Sync> FromRequestParts<S> for Asked {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let query = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(&parts.uri);
        Ok(Self(query.map(|query| query.0).unwrap_or_default()))
    }
}

/// A text as it stands in an address (RFC 3986, section 2).
#[must_use]
pub fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                escaped.push(char::from(byte))
            }
            _ => escaped.push_str(&format!("%{byte:02X}")),
        }
    }
    escaped
}
