//! The first time: a passphrase, the 24 words, a name; or a home that comes back from its words and a backup.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use freehold_keystore::{Confirmation, Passphrase, Seed, Strength};
use freehold_web::Session;
use maud::{Markup, html};
use zeroize::Zeroizing;

use crate::Page;
use crate::frame::{self, Look, trouble};
use crate::keeper::{Restore, Stage};
use crate::refusal::{Refusal, sentence};
use crate::sign_in::{form_token, look};
use crate::tongue::Tongue;
use crate::visit::{Fields, Sent, Visit, own};

/// What a passphrase must be worth: what is guessed with patience by one machine is not taken.
const SCORE_MIN: u8 = 2;

/// How long the words of a new home are shown again without the passphrase.
const WORDS_SHOWN: Duration = Duration::from_secs(60 * 60);

/// The words of a home that was just made.
pub(crate) struct Unconfirmed {
    seed: Seed,
    check: Confirmation,
    since: Instant,
}

pub(crate) fn routes() -> Router<Arc<Page>> {
    Router::new()
        .route("/set-up", get(begin).post(create))
        .route("/set-up/strength", post(weigh))
        .route("/set-up/words", get(words))
        .route("/set-up/confirm", get(confirm).post(confirmed))
        .route("/set-up/name", get(name).post(named))
        .route("/set-up/restore", get(restore).post(restored))
}

/// Whoever came by the link of the program, while there is no home.
struct Newcomer {
    page: Arc<Page>,
    session: Session,
    look: Look,
}

impl FromRequestParts<Arc<Page>> for Newcomer {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, page: &Arc<Page>) -> Result<Self, Response> {
        let session = page.session(&parts.headers).ok_or_else(|| Redirect::to("/sign-in").into_response())?;
        if !matches!(page.keeper.stage(), Stage::New) {
            return Err(Redirect::to("/").into_response());
        }
        Ok(Self { page: Arc::clone(page), session, look: look(page, &parts.headers) })
    }
}

/// A form of theirs.
struct NewcomerSent {
    newcomer: Newcomer,
    fields: Fields,
}

impl FromRequest<Arc<Page>> for NewcomerSent {
    type Rejection = Response;

    async fn from_request(request: Request, page: &Arc<Page>) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let newcomer = Newcomer::from_request_parts(&mut parts, page).await?;
        let fields = Fields::read(Request::from_parts(parts, body)).await;
        let fields = fields.and_then(|fields| own(&newcomer.session, &fields).map(|()| fields));
        let fields = fields.map_err(|refusal| refusal.shown(&newcomer.look))?;
        Ok(Self { newcomer, fields })
    }
}

async fn begin(newcomer: Newcomer) -> Response {
    beginning(&newcomer, None)
}

fn beginning(newcomer: &Newcomer, said: Option<&str>) -> Response {
    let t = newcomer.look.tongue;
    let title = say!(t, "set-up-title");
    let body = html! {
        (steps(t, 1))
        h1 { (title) }
        p.lead { (say!(t, "set-up-lead")) }
        (trouble(said))
        form.card method="post" action="/set-up" {
            (form_token(&newcomer.session))
            (new_passphrase(t))
            button type="submit" { (say!(t, "set-up-make")) }
        }
        p { a href="/set-up/restore" { (say!(t, "set-up-have-words")) } }
    };
    shown(newcomer, &title, &body)
}

/// The two fields of a new passphrase, with what it is worth.
pub(crate) fn new_passphrase(t: &Tongue) -> Markup {
    html! {
        div.field {
            label for="passphrase" { (say!(t, "passphrase-new")) }
            input #passphrase name="passphrase" type="password" autocomplete="new-password" required minlength="8" maxlength="1024" data-strength="/set-up/strength" aria-describedby="strength passphrase-note";
            p.note #strength aria-live="polite" {}
            p.note #passphrase-note { (say!(t, "passphrase-note")) }
        }
        div.field {
            label for="again" { (say!(t, "passphrase-again")) }
            input #again name="again" type="password" autocomplete="new-password" required minlength="8" maxlength="1024";
        }
    }
}

/// What a passphrase is worth, in sentences.
fn weighed(t: &Tongue, strength: &Strength) -> String {
    let (time, count) = strength.time_message();
    let mut args = fluent_bundle::FluentArgs::new();
    args.set("count", count);
    let said = [strength.score_message(), time]
        .into_iter()
        .chain(strength.warning)
        .chain(strength.advice.iter().copied());
    said.map(|key| sentence(&t.text(key, Some(&args)))).collect::<Vec<_>>().join(" ")
}

/// While it is typed. It goes to this program alone, over this machine's own wire.
async fn weigh(sent: NewcomerSent) -> Response {
    let passphrase = Zeroizing::new(sent.fields.one("value").to_owned());
    weighed(sent.newcomer.look.tongue, &Strength::of(&passphrase, &[])).into_response()
}

/// The new passphrase of a form, or what is wrong with it.
pub(crate) fn chosen(t: &Tongue, fields: &Fields) -> Result<Passphrase, String> {
    let given = Zeroizing::new(fields.one("passphrase").to_owned());
    if *given != *fields.one("again") {
        return Err(say!(t, "passphrases-differ"));
    }
    let strength = Strength::of(&given, &[]);
    if strength.score < SCORE_MIN {
        return Err(weighed(t, &strength));
    }
    Passphrase::new(given).map_err(|error| sentence(&error.to_string()))
}

async fn create(sent: NewcomerSent) -> Response {
    let newcomer = sent.newcomer;
    let passphrase = match chosen(newcomer.look.tongue, &sent.fields) {
        Ok(passphrase) => passphrase,
        Err(said) => return beginning(&newcomer, Some(&said)),
    };
    let made = newcomer.page.keeper.create(passphrase).await.map_err(Refusal::from);
    let unconfirmed = made.and_then(|made| {
        let failed = |error: &dyn std::fmt::Display| {
            Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", error)
        };
        let seed = Seed::from_words(&made.words).map_err(|error| failed(&error))?;
        let check = Confirmation::choose().map_err(|error| failed(&error))?;
        Ok(Unconfirmed { seed, check, since: Instant::now() })
    });
    match unconfirmed {
        Ok(unconfirmed) => {
            *newcomer.page.unconfirmed() = Some(unconfirmed);
            Redirect::to("/set-up/words").into_response()
        }
        Err(refusal) => beginning(&newcomer, Some(&refusal.sentence(&newcomer.look))),
    }
}

async fn words(visit: Visit) -> Response {
    let words = visit.page.unconfirmed().as_ref().map(|unconfirmed| unconfirmed.seed.words());
    let Some(words) = words else { return Redirect::to("/").into_response() };
    let t = visit.tongue();
    let title = say!(t, "words-title");
    let body = html! {
        (steps(t, 2))
        h1 { (title) }
        p.lead { (say!(t, "words-lead")) }
        (word_list(&words))
        ul { li { (say!(t, "words-paper")) } li { (say!(t, "words-nobody")) } li { (say!(t, "words-lost")) } }
        p { a.button href="/set-up/confirm" { (say!(t, "words-written")) } }
    };
    frame::bare(&visit.look, &title, &body)
}

/// The words, numbered.
pub(crate) fn word_list(words: &str) -> Markup {
    html! { ol.words { @for word in words.split(' ') { li { code { (word) } } } } }
}

async fn confirm(visit: Visit) -> Response {
    confirming(&visit, None)
}

fn confirming(visit: &Visit, said: Option<&str>) -> Response {
    let positions = visit.page.unconfirmed().as_ref().map(|unconfirmed| unconfirmed.check.positions());
    let Some(positions) = positions else { return Redirect::to("/").into_response() };
    let t = visit.tongue();
    let title = say!(t, "confirm-title");
    let body = html! {
        (steps(t, 3))
        h1 { (title) }
        p.lead { (say!(t, "confirm-lead")) }
        (trouble(said))
        form.card method="post" action="/set-up/confirm" autocomplete="off" {
            (form_token(&visit.session))
            @for position in positions {
                div.field {
                    label for={ "word-" (position) } { (say!(t, "confirm-word", number = position)) }
                    input id={ "word-" (position) } name="word" autocapitalize="none" spellcheck="false" autocomplete="off" required maxlength="16";
                }
            }
            button type="submit" { (say!(t, "continue")) }
        }
        p { a href="/set-up/words" { (say!(t, "confirm-again")) } }
    };
    frame::bare(&visit.look, &title, &body)
}

async fn confirmed(sent: Sent) -> Response {
    let visit = sent.visit;
    let given = sent.fields.all("word");
    let right = visit.page.unconfirmed().as_ref().is_some_and(|unconfirmed| {
        let given: Result<[&str; 3], _> = given.iter().map(String::as_str).collect::<Vec<_>>().try_into();
        given.is_ok_and(|given| unconfirmed.check.is_answered(&unconfirmed.seed, given))
    });
    if !right {
        let said = say!(visit.tongue(), "confirm-wrong");
        return confirming(&visit, Some(&said));
    }
    *visit.page.unconfirmed() = None;
    let mut settings = match visit.person.settings() {
        Ok(settings) => settings,
        Err(error) => return Refusal::from(error).shown(&visit.look),
    };
    settings.words_confirmed = true;
    match visit.person.set_settings(settings).await {
        Ok(_) => Redirect::to("/set-up/name").into_response(),
        Err(error) => Refusal::from(error).shown(&visit.look),
    }
}

async fn name(visit: Visit) -> Response {
    naming(&visit, None)
}

fn naming(visit: &Visit, said: Option<&str>) -> Response {
    let t = visit.tongue();
    let title = say!(t, "name-title");
    let body = html! {
        (steps(t, 4))
        h1 { (title) }
        p.lead { (say!(t, "name-lead")) }
        (trouble(said))
        form.card method="post" action="/set-up/name" {
            (form_token(&visit.session))
            div.field {
                label for="name" { (say!(t, "name-label")) }
                input #name name="name" maxlength="64" autocomplete="off" placeholder=(say!(t, "name-example"));
            }
            (language_choice(t, Some(t.tag)))
            button type="submit" { (say!(t, "continue")) }
        }
    };
    frame::bare(&visit.look, &title, &body)
}

/// The languages to choose from.
pub(crate) fn language_choice(t: &Tongue, chosen: Option<&str>) -> Markup {
    html! {
        div.field {
            label for="language" { (say!(t, "language")) }
            select #language name="language" {
                option value="" selected[chosen.is_none()] { (say!(t, "language-browser")) }
                @for tongue in Tongue::all() {
                    option value=(tongue.tag) lang=(tongue.tag) selected[chosen == Some(tongue.tag)] { (tongue.name) }
                }
            }
        }
    }
}

async fn named(sent: Sent) -> Response {
    let visit = sent.visit;
    let changed = match visit.person.settings() {
        Ok(mut settings) => {
            settings.name = sent.fields.some("name");
            settings.language = sent.fields.some("language");
            visit.person.set_settings(settings).await
        }
        Err(error) => Err(error),
    };
    match changed.map_err(Refusal::from) {
        Ok(_) => Redirect::to("/data/import?first=yes").into_response(),
        Err(refusal) => naming(&visit, Some(&refusal.sentence(&visit.look))),
    }
}

async fn restore(newcomer: Newcomer) -> Response {
    restoring(&newcomer, None)
}

fn restoring(newcomer: &Newcomer, said: Option<&str>) -> Response {
    let t = newcomer.look.tongue;
    let title = say!(t, "restore-title");
    let body = html! {
        h1 { (title) }
        p.lead { (say!(t, "restore-lead")) }
        (trouble(said))
        form.card method="post" action="/set-up/restore" autocomplete="off" {
            (form_token(&newcomer.session))
            div.field {
                label for="words" { (say!(t, "restore-words")) }
                textarea #words name="words" rows="4" required autocapitalize="none" spellcheck="false" autocomplete="off" maxlength="400" {}
            }
            div.field {
                label for="folder" { (say!(t, "restore-folder")) }
                input #folder name="folder" autocomplete="off" spellcheck="false" placeholder="/media/backup/freehold" aria-describedby="folder-note";
                p.note #folder-note { (say!(t, "restore-folder-note")) }
            }
            (new_passphrase(t))
            button type="submit" { (say!(t, "restore-go")) }
        }
        p { a href="/set-up" { (say!(t, "restore-back")) } }
    };
    shown(newcomer, &title, &body)
}

async fn restored(sent: NewcomerSent) -> Response {
    let newcomer = sent.newcomer;
    let passphrase = match chosen(newcomer.look.tongue, &sent.fields) {
        Ok(passphrase) => passphrase,
        Err(said) => return restoring(&newcomer, Some(&said)),
    };
    let words = sent.fields.one("words").split_whitespace().map(str::to_ascii_lowercase);
    let words = Zeroizing::new(words.collect::<Vec<_>>().join(" "));
    let from = Restore { words, folder: sent.fields.some("folder"), passphrase };
    match newcomer.page.keeper.restore(from).await.map_err(Refusal::from) {
        Ok(_) => Redirect::to("/?told=restored").into_response(),
        Err(refusal) => restoring(&newcomer, Some(&refusal.sentence(&newcomer.look))),
    }
}

fn shown(newcomer: &Newcomer, title: &str, body: &Markup) -> Response {
    frame::bare(&newcomer.look, title, body)
}

/// How far one has come.
fn steps(t: &Tongue, step: u32) -> Markup {
    html! { p.note { (say!(t, "set-up-step", step = step, of = 5)) } }
}

impl Page {
    /// The words of a home that was just made, while they may still be shown.
    pub(crate) fn unconfirmed(&self) -> std::sync::MutexGuard<'_, Option<Unconfirmed>> {
        let mut unconfirmed = self.unconfirmed.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if unconfirmed.as_ref().is_some_and(|unconfirmed| unconfirmed.since.elapsed() > WORDS_SHOWN) {
            *unconfirmed = None;
        }
        unconfirmed
    }
}
