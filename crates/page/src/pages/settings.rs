//! Settings: how the page looks and speaks, backups, the words, keys, who is signed in, and about.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use freehold_keystore::Passphrase;
use freehold_person::view::{BackupScheduleView, SettingsView};
use maud::{Markup, html};
use zeroize::Zeroizing;

use crate::Page;
use crate::frame::{Place, shown, told, trouble};
use crate::page::PERSON;
use crate::pages::{OrShown as _, Shown, Unshown};
use crate::refusal::Refusal;
use crate::say::moment;
use crate::set_up::{language_choice, word_list};
use crate::sign_in::form_token;
use crate::visit::{Asked, Sent, Visit};

/// How often a backup can be made by itself, in hours.
const EVERY: [u32; 4] = [1, 6, 24, 168];

pub(crate) fn routes() -> Router<Arc<Page>> {
    Router::new()
        .route("/settings", get(page).post(save))
        .route("/settings/backup", get(backup).post(schedule))
        .route("/settings/backup/now", post(back_up))
        .route("/settings/words", get(words).post(show_words))
        .route("/settings/rotate", post(rotate))
        .route("/settings/sessions/end", post(end_session))
}

fn held(visit: &Visit) -> Result<SettingsView, Unshown> {
    visit.person.settings().or_shown(&visit.look)
}

async fn page(visit: Visit, asked: Asked) -> Shown {
    let t = visit.tongue();
    let settings = held(&visit)?;
    let info = visit.person.info().or_shown(&visit.look)?;
    let title = say!(t, "settings");
    let body = html! {
        h1 { (title) }
        (told(&visit, &asked))
        form.card method="post" action="/settings" {
            (form_token(&visit.session))
            h2 { (say!(t, "settings-look")) }
            div.field { label for="name" { (say!(t, "name-label")) } input #name name="name" maxlength="64" autocomplete="off" value=(settings.name.as_deref().unwrap_or_default()); }
            (language_choice(t, settings.language.as_deref()))
            div.field {
                label for="appearance" { (say!(t, "appearance")) }
                select #appearance name="appearance" {
                    @for one in ["auto", "light", "dark"] { option value=(one) selected[settings.appearance == one] { (t.word("appearance", one)) } }
                }
            }
            button type="submit" { (say!(t, "save")) }
        }
        section.card { h2 { (say!(t, "settings-backup")) } p { (say!(t, "settings-backup-why")) } p { a.button.second href="/settings/backup" { (say!(t, "settings-backup")) } } }
        section.card { h2 { (say!(t, "settings-words")) } p { (say!(t, "settings-words-why")) } p { a.button.second href="/settings/words" { (say!(t, "settings-words")) } } }
        section.card {
            h2 { (say!(t, "settings-keys")) }
            p { (say!(t, "settings-keys-why")) }
            form method="post" action="/settings/rotate" { (form_token(&visit.session)) button.second type="submit" { (say!(t, "rotate-all")) } }
        }
        (sessions(&visit))
        section.card {
            h2 { (say!(t, "about")) }
            p { (say!(t, "about-text")) }
            dl {
                dt { (say!(t, "about-version")) } dd { "Freehold " (info.version) }
                dt { (say!(t, "about-home")) } dd { code { (visit.page.home.display()) } }
                dt { (say!(t, "about-holds")) } dd { (say!(t, "about-count", fields = info.fields, companies = info.relationships)) }
            }
            p.note { (say!(t, "about-address")) }
        }
    };
    Ok(shown(&visit, &title, Place::Settings, &body))
}

fn sessions(visit: &Visit) -> Markup {
    let t = visit.tongue();
    let now = Instant::now();
    html! {
        section.card {
            h2 { (say!(t, "settings-sessions")) }
            p { (say!(t, "settings-sessions-why")) }
            table.stack {
                thead { tr { th scope="col" { (say!(t, "session-begun")) } th scope="col" { (say!(t, "session-seen")) } th scope="col" { (say!(t, "sign-out")) } } }
                tbody { @for one in visit.page.sessions.of(PERSON, now) {
                    tr {
                        td data-label=(say!(t, "session-begun")) { (say!(t, "ago", span = t.ago(one.age.as_secs()))) }
                        td data-label=(say!(t, "session-seen")) { (say!(t, "ago", span = t.ago(one.idle.as_secs()))) }
                        td { @if one.is(&visit.session) { (say!(t, "session-this")) } @else {
                            form method="post" action="/settings/sessions/end" {
                                (form_token(&visit.session))
                                input type="hidden" name="session" value=(one.name());
                                button.quiet type="submit" { (say!(t, "session-end")) }
                            }
                        } }
                    }
                } }
            }
        }
    }
}

async fn save(sent: Sent) -> Shown {
    let visit = &sent.visit;
    let settings = SettingsView {
        name: sent.fields.some("name"),
        language: sent.fields.some("language"),
        appearance: sent.fields.some("appearance").unwrap_or_else(|| "auto".to_owned()),
        ..held(visit)?
    };
    visit.person.set_settings(settings).await.or_shown(&visit.look)?;
    Ok(to("/settings?told=saved"))
}

fn to(address: &str) -> Response {
    Redirect::to(address).into_response()
}

async fn backup(visit: Visit, asked: Asked) -> Shown {
    backing_up(&visit, told(&visit, &asked))
}

fn backing_up(visit: &Visit, top: Markup) -> Shown {
    let t = visit.tongue();
    let settings = held(visit)?;
    let last = visit.person.last_backup();
    let attention = visit.person.attention().or_shown(&visit.look)?;
    let dir = settings
        .backup
        .as_ref()
        .map(|schedule| schedule.dir.as_str())
        .or(last.as_ref().map(|last| last.dir.as_str()));
    let every = settings.backup.as_ref().map(|schedule| schedule.every_hours);
    let title = say!(t, "settings-backup");
    let body = html! {
        p.crumb { a href="/settings" { "← " (say!(t, "settings")) } }
        h1 { (title) }
        p.lead { (say!(t, "settings-backup-why")) }
        (top)
        section.card #last data-live="settings" {
            h2 { (say!(t, "backup-last")) }
            @match &last {
                Some(last) => p { (moment(&last.at)) " · " code { (last.dir) } @if !attention.changes_since_backup { " · " (say!(t, "backup-current")) } },
                None => p.empty { (say!(t, "backup-none")) },
            }
            @if let Some(error) = &attention.last_backup_error { p.told.bad { (say!(t, "need-backup-failed")) " " (error) } }
        }
        form.card method="post" action="/settings/backup/now" {
            (form_token(&visit.session))
            h2 { (say!(t, "backup-now")) }
            div.field {
                label for="dir" { (say!(t, "backup-folder")) }
                input #dir name="dir" required value=(dir.unwrap_or_default()) placeholder="/media/backup/freehold" spellcheck="false" autocomplete="off" aria-describedby="dir-note";
                p.note #dir-note { (say!(t, "backup-folder-note")) }
            }
            button type="submit" { (say!(t, "backup-go")) }
        }
        form.card method="post" action="/settings/backup" {
            (form_token(&visit.session))
            h2 { (say!(t, "backup-schedule")) }
            div.field { label for="folder" { (say!(t, "backup-folder")) } input #folder name="dir" value=(dir.unwrap_or_default()) spellcheck="false" autocomplete="off"; }
            div.field {
                label for="every" { (say!(t, "backup-every")) }
                select #every name="every" {
                    option value="" selected[every.is_none()] { (say!(t, "backup-never")) }
                    @for hours in EVERY { option value=(hours) selected[every == Some(hours)] { (t.word("every", &hours.to_string())) } }
                }
            }
            button type="submit" { (say!(t, "save")) }
        }
    };
    Ok(shown(visit, &title, Place::Settings, &body))
}

async fn back_up(sent: Sent) -> Shown {
    let visit = &sent.visit;
    match visit.person.back_up(std::path::Path::new(sent.fields.one("dir").trim()), &[], false).await {
        Ok(_) => Ok(to("/settings/backup?told=backed-up")),
        Err(error) => {
            let said = Refusal::from(error).sentence(&visit.look);
            backing_up(visit, trouble(Some(&said)))
        }
    }
}

async fn schedule(sent: Sent) -> Shown {
    let visit = &sent.visit;
    let mut settings = held(visit)?;
    let recipients = settings.backup.take().map(|schedule| schedule.recipients).unwrap_or_default();
    let every: Option<u32> = sent.fields.some("every").and_then(|hours| hours.parse().ok());
    settings.backup = every.map(|every_hours| BackupScheduleView {
        dir: sent.fields.one("dir").trim().to_owned(),
        every_hours,
        recipients,
    });
    match visit.person.set_settings(settings).await {
        Ok(_) => Ok(to("/settings/backup?told=saved")),
        Err(error) => {
            let said = Refusal::from(error).sentence(&visit.look);
            backing_up(visit, trouble(Some(&said)))
        }
    }
}

async fn words(visit: Visit) -> Shown {
    Ok(asking_words(&visit, None))
}

fn asking_words(visit: &Visit, said: Option<&str>) -> Response {
    let t = visit.tongue();
    let title = say!(t, "settings-words");
    let body = html! {
        p.crumb { a href="/settings" { "← " (say!(t, "settings")) } }
        h1 { (title) }
        p.lead { (say!(t, "settings-words-why")) }
        (trouble(said))
        form.card method="post" action="/settings/words" {
            (form_token(&visit.session))
            div.field { label for="passphrase" { (say!(t, "passphrase")) } input #passphrase name="passphrase" type="password" autocomplete="current-password" required maxlength="1024"; }
            button type="submit" { (say!(t, "words-show")) }
        }
    };
    shown(visit, &title, Place::Settings, &body)
}

async fn show_words(sent: Sent) -> Shown {
    let visit = &sent.visit;
    let t = visit.tongue();
    let given = Passphrase::attempt(Zeroizing::new(sent.fields.one("passphrase").to_owned()));
    let Ok(given) = given else { return Ok(asking_words(visit, Some(&say!(t, "wrong-passphrase")))) };
    match visit.page.keeper.words(given).await {
        Ok(words) => {
            let mut settings = held(visit)?;
            if !settings.words_confirmed {
                settings.words_confirmed = true;
                visit.person.set_settings(settings).await.or_shown(&visit.look)?;
            }
            let title = say!(t, "settings-words");
            let body = html! {
                p.crumb { a href="/settings" { "← " (say!(t, "settings")) } }
                h1 { (title) }
                p.lead { (say!(t, "words-lead")) }
                (word_list(&words))
                ul { li { (say!(t, "words-paper")) } li { (say!(t, "words-nobody")) } li { (say!(t, "words-lost")) } }
            };
            Ok(shown(visit, &title, Place::Settings, &body))
        }
        Err(error) => {
            let said = Refusal::from(error).sentence(&visit.look);
            Ok(asking_words(visit, Some(&said)))
        }
    }
}

async fn rotate(sent: Sent) -> Shown {
    sent.visit.person.rotate(None).await.or_shown(&sent.visit.look)?;
    Ok(to("/settings?told=rotated"))
}

async fn end_session(sent: Sent) -> Shown {
    sent.visit.page.sessions.end_named(PERSON, sent.fields.one("session"));
    Ok(to("/settings?told=session-ended"))
}
