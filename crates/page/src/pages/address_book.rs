//! A card from an address book at a CardDAV server: found with the server's password, and chosen from a list.

use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use freehold_carddav::{CardDavError, CardEntry};
use freehold_cards::ImportOptions;
use maud::html;
use zeroize::Zeroizing;

use crate::Page;
use crate::frame::{Place, shown, trouble};
use crate::pages::{Shown, import};
use crate::refusal::{Refusal, sentence};
use crate::sign_in::form_token;
use crate::visit::{Sent, Visit};

/// How long cards that were read may be chosen from.
const KEPT: Duration = Duration::from_secs(10 * 60);

/// Cards that were read, in memory alone, until one is chosen.
pub(crate) struct Fetched {
    since: Instant,
    cards: Vec<CardEntry>,
}

pub(crate) fn routes() -> Router<Arc<Page>> {
    Router::new()
        .route("/data/import/address-book", get(page).post(fetch))
        .route("/data/import/address-book/card", post(choose))
}

async fn page(visit: Visit) -> Response {
    asking(&visit, "", "", None)
}

fn asking(visit: &Visit, url: &str, user: &str, said: Option<&str>) -> Response {
    let t = visit.tongue();
    let title = say!(t, "carddav-title");
    let body = html! {
        p.crumb { a href="/data/import" { "← " (say!(t, "import-title")) } }
        h1 { (title) }
        p.lead { (say!(t, "carddav-lead")) }
        (trouble(said))
        form.card method="post" action="/data/import/address-book" {
            (form_token(&visit.session))
            div.field {
                label for="url" { (say!(t, "carddav-url")) }
                input #url name="url" type="url" required maxlength="2048" value=(url) placeholder="https://cloud.example" spellcheck="false" autocomplete="off";
            }
            div.field {
                label for="user" { (say!(t, "carddav-user")) }
                input #user name="user" required maxlength="256" value=(user) autocapitalize="none" spellcheck="false" autocomplete="off";
            }
            div.field {
                label for="password" { (say!(t, "carddav-password")) }
                input #password name="password" type="password" required maxlength="1024" autocomplete="off" aria-describedby="password-note";
                p.note #password-note { (say!(t, "carddav-password-note")) }
            }
            button type="submit" { (say!(t, "carddav-go")) }
        }
    };
    shown(visit, &title, Place::Data, &body)
}

async fn fetch(sent: Sent) -> Shown {
    let visit = &sent.visit;
    let (url, user) = (sent.fields.one("url").trim(), sent.fields.one("user").trim());
    let password = Zeroizing::new(sent.fields.one("password").to_owned());
    match cards(url, user, &password).await {
        Ok(cards) if cards.is_empty() => {
            Ok(asking(visit, url, user, Some(&say!(visit.tongue(), "carddav-empty"))))
        }
        Ok(cards) => {
            let page = choosing(visit, &cards);
            *visit.page.fetched() = Some(Fetched { since: Instant::now(), cards });
            Ok(page)
        }
        Err(error) => Ok(asking(visit, url, user, Some(&sentence(&error)))),
    }
}

/// Every card of an account, by name; or why there is none, in a sentence.
async fn cards(url: &str, user: &str, password: &str) -> Result<Vec<CardEntry>, String> {
    let failed = |error: CardDavError| error.to_string();
    let client = freehold_carddav::client(Vec::new()).map_err(|error| error.to_string())?;
    let mut cards = Vec::new();
    for book in freehold_carddav::list(&client, url, user, password).await.map_err(failed)? {
        cards.extend(book.cards().await.map_err(failed)?);
    }
    cards.sort_by_cached_key(|card| card.name.to_lowercase());
    Ok(cards)
}

fn choosing(visit: &Visit, cards: &[CardEntry]) -> Response {
    let t = visit.tongue();
    let title = say!(t, "carddav-choose");
    let body = html! {
        p.crumb { a href="/data/import/address-book" { "← " (say!(t, "carddav-title")) } }
        h1 { (title) }
        p.lead { (say!(t, "carddav-count", count = cards.len())) }
        form.card method="post" action="/data/import/address-book/card" {
            (form_token(&visit.session))
            div.field {
                label for="card" { (say!(t, "carddav-yours")) }
                select #card name="card" required {
                    @for (index, card) in cards.iter().enumerate() { option value=(index) { (card.name) } }
                }
            }
            button type="submit" { (say!(t, "import-look")) }
        }
    };
    shown(visit, &title, Place::Data, &body)
}

async fn choose(sent: Sent) -> Shown {
    let visit = &sent.visit;
    let index = sent.fields.one("card").parse::<usize>().ok();
    let card = index.and_then(|index| Some(visit.page.fetched().as_ref()?.cards.get(index)?.vcard.clone()));
    let Some(card) = card else { return Ok(Redirect::to("/data/import/address-book").into_response()) };
    let options = ImportOptions { default_country: None, card: None };
    match visit.person.import(&card, &options, true).await {
        Ok(view) => {
            *visit.page.fetched() = None;
            Ok(import::previewed(visit, &card, &options, &view))
        }
        Err(error) => Ok(asking(visit, "", "", Some(&Refusal::from(error).sentence(&visit.look)))),
    }
}

impl Page {
    /// What was read last, while it may be chosen from.
    fn fetched(&self) -> MutexGuard<'_, Option<Fetched>> {
        let mut fetched = self.fetched.lock().unwrap_or_else(PoisonError::into_inner);
        if fetched.as_ref().is_some_and(|fetched| fetched.since.elapsed() > KEPT) {
            *fetched = None;
        }
        fetched
    }
}
