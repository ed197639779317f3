//! The first page: what needs the person now, and what happened lately.

use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use freehold_person::view::{AttentionView, AuditAsk, AuditView};
use maud::{Markup, html};

use crate::Page;
use crate::frame::{Place, shown, told};
use crate::pages::{OrShown as _, Shown};
use crate::say::{Names, company, list, moment};
use crate::tongue::Tongue;
use crate::visit::{Asked, Visit};

/// Lines of the log on the page.
const LINES: usize = 12;

/// A backup that is older is worth a word: a week.
const BACKUP_OLD_SECS: u64 = 7 * 24 * 60 * 60;

pub(crate) fn routes() -> Router<Arc<Page>> {
    Router::new().route("/", get(page))
}

async fn page(visit: Visit, asked: Asked) -> Shown {
    let t = visit.tongue();
    let attention = visit.person.attention().or_shown(&visit.look)?;
    let settings = visit.person.settings().or_shown(&visit.look)?;
    let ask = AuditAsk { limit: LINES, ..AuditAsk::default() };
    let recent = visit.person.find_audit(&ask).or_shown(&visit.look)?.entries;
    let names = Names::of(&visit.person).or_shown(&visit.look)?;
    let facets = visit.person.facets().or_shown(&visit.look)?;
    let fields = facets.iter().map(|facet| facet.fields).sum();
    let title = say!(t, "home");
    let body = html! {
        h1 { (visit.look.name) }
        (told(&visit, &asked))
        section #attention data-live="requests grants delivery relationships settings fields" aria-labelledby="now" {
            h2 #now { (say!(t, "needs-you")) }
            (needs(t, &attention, settings.words_confirmed, fields))
        }
        section.card #recent data-live="audit" aria-labelledby="lately" {
            h2 #lately { (say!(t, "lately")) }
            @if recent.is_empty() { p.empty { (say!(t, "lately-nothing")) } }
            @else { (lines(t, &names, &recent)) p { a href="/activity" { (say!(t, "all-activity")) } } }
        }
    };
    Ok(shown(&visit, &title, Place::Home, &body))
}

fn needs(t: &Tongue, attention: &AttentionView, words_confirmed: bool, fields: u64) -> Markup {
    let backup_age = attention.backup_age_secs;
    let backup = match (&attention.last_backup_error, backup_age) {
        (Some(_), _) => Some(say!(t, "need-backup-failed")),
        (None, None) if fields > 0 => Some(say!(t, "need-backup-none")),
        (None, Some(secs)) if secs > BACKUP_OLD_SECS && attention.changes_since_backup => {
            Some(say!(t, "need-backup-old", age = t.ago(secs)))
        }
        _ => None,
    };
    let nothing = attention.requests.is_empty()
        && attention.silent.is_empty()
        && attention.failed.is_empty()
        && attention.held_back.is_empty()
        && attention.kept.is_empty()
        && backup.is_none()
        && words_confirmed
        && fields > 0;
    html! {
        @if nothing { p.told.good { (say!(t, "needs-nothing")) } }
        ul.needs {
            @if fields == 0 {
                li.card { p { strong { (say!(t, "need-data")) } } p { (say!(t, "need-data-why")) }
                    p { a.button href="/data/import" { (say!(t, "import")) } " " a.button.second href="/data" { (say!(t, "write-yourself")) } } }
            }
            @if !words_confirmed {
                li.card { p { strong { (say!(t, "need-words")) } } p { (say!(t, "need-words-why")) } p { a.button href="/settings/words" { (say!(t, "settings-words")) } } }
            }
            @for request in &attention.requests {
                li.card {
                    p { strong { (say!(t, "need-request", company = company(&request.vendor_name, &request.vendor))) } }
                    p { (request.title) " · " (moment(&request.received)) }
                    p { a.button href={ "/requests/" (request.id) } { (say!(t, "answer")) } }
                }
            }
            @for silent in &attention.silent {
                li.card {
                    p { strong { (say!(t, "need-silent", company = company(&silent.vendor_name, &silent.vendor), span = t.ago(silent.silent_for_secs))) } }
                    p { (say!(t, "need-silent-why")) }
                    p { a.button.second href={ "/companies/" (silent.relationship) } { (say!(t, "look")) } }
                }
            }
            @for failed in &attention.failed {
                li.card {
                    p { strong { (say!(t, "need-failed", company = company(&failed.vendor_name, &failed.vendor))) } }
                    p { @match &failed.path {
                        Some(path) => { (t.field(path)) " · " (t.word("state", &failed.state)) @if let Some(system) = &failed.system { " · " (system) } },
                        None => (say!(t, "need-unreached")),
                    } }
                    @if let Some(detail) = &failed.detail { p.note { q { (detail) } } }
                    p { a.button.second href={ "/companies/" (failed.relationship) } { (say!(t, "look")) } }
                }
            }
            @for held in &attention.held_back {
                li.card {
                    p { strong { (say!(t, "need-held", company = company(&held.vendor_name, &held.vendor))) } }
                    p { (say!(t, "need-held-why")) }
                    p { a.button href={ "/companies/" (held.relationship) } { (say!(t, "look")) } }
                }
            }
            @for kept in &attention.kept {
                li.card {
                    p { strong { (say!(t, "need-kept", company = company(&kept.vendor_name, &kept.vendor), count = kept.messages)) } }
                    p { a.button.second href={ "/companies/" (kept.relationship) } { (say!(t, "look")) } }
                }
            }
            @if let Some(backup) = backup {
                li.card { p { strong { (backup) } } p { (say!(t, "need-backup-why")) } p { a.button href="/settings/backup" { (say!(t, "settings-backup")) } } }
            }
        }
    }
}

/// Lines of the log, in plain words.
pub(crate) fn lines(t: &Tongue, names: &Names, entries: &[AuditView]) -> Markup {
    html! {
        ul.lines {
            @for entry in entries { li { (moment(&entry.at)) " " span { (told_of(t, names, entry)) } } }
        }
    }
}

/// What one line says.
pub(crate) fn told_of(t: &Tongue, names: &Names, entry: &AuditView) -> String {
    let fields = list(entry.paths.iter().take(6).map(|path| t.field(path)));
    let fields = if entry.paths.len() > 6 { format!("{fields}, …") } else { fields };
    let purpose = entry.purpose.as_deref().map(|purpose| t.purpose(purpose)).unwrap_or_default();
    let mut args = fluent_bundle::FluentArgs::new();
    args.set("company", names.name(&entry.vendor).to_owned());
    args.set("fields", fields);
    args.set("purpose", purpose);
    args.set("code", entry.code.clone().unwrap_or_default());
    args.set("message", entry.message.clone().unwrap_or_default());
    t.find(&format!("event-{}", entry.event), Some(&args)).unwrap_or_else(|| entry.event.clone())
}
