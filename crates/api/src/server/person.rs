//! A person's node.

use std::future::Future;
use std::sync::Arc;

use freehold_cards::ImportOptions;
use freehold_person::view::{
    AuditAsk, AuditCountsAsk, BackupScheduleView, FieldsAsk, SettingsView, TokenView,
};
use freehold_person::{Person, PersonError};
use freehold_protocol::time::Timestamp;
use freehold_web::Token;

use super::{Calls, ServeError};
use crate::call::person::{
    Approve, Attention, Audit, AuditCounts, AuditVerify, BackUp, Check, Connect, Credential,
    CredentialAnswer, Decline, Erase, Export, ExportAnswer, Facets, Fields, FindAudit, ForgetKept,
    ForgetMessages, Forgotten, Get, Grant, Grants, HeldBack, History, Import, Info, Kept, LastBackup,
    Messages, Relationship, Relationships, Request, Requests, Resume, Revoke, Rotate, SendMessage, Set,
    SetSettings, Settings, Sharing, SignIn, SignInAnswer, Status, Timeline, TokenCreate, TokenMade,
    TokenRemove, Tokens, Undo,
};
use crate::caller::Caller;
use crate::{ApiError, OPENAPI, Socket};

/// How many of anything else are shown when nobody says.
const SHOWN: usize = 100;

/// How many audit entries are shown when nobody says: a screenful or two.
const AUDIT_SHOWN: usize = 50;

/// Makes links that let their first visitor in to the person's page.
pub type Links = Arc<dyn Fn() -> Result<String, ApiError> + Send + Sync>;

/// Serves a person's node until `stop` is done; calls under way are let through, then the socket is removed. The
/// engine goes on: stop it afterwards. `links` is of its page, where it has one.
///
/// # Errors
/// [`ServeError`] if the socket fails.
pub async fn serve_person(
    person: Person,
    links: Option<Links>,
    socket: Socket,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServeError> {
    let sign_in = move |_: Arc<Person>, _: SignIn| {
        let links = links.clone();
        async move {
            let none = || {
                ApiError::new("not-possible-now", "this node runs without a page: start it without --no-page")
            };
            Ok(SignInAnswer { link: links.ok_or_else(none)?()? })
        }
    };
    calls().on(sign_in).serve(person, socket, stop).await
}

/// Everything a person's node can be called for.
pub(crate) fn calls() -> Calls<Person> {
    let elsewhere =
        "a person's node has no such call: is this a command for a hub (--home), or of a newer version?";
    Calls::<Person>::new(elsewhere)
        .described(OPENAPI)
        .open_by(|p, caller, c: Set| async move {
            let changes = c.changes.into_iter().map(|change| (change.path, change.value)).collect();
            Ok(p.set(changes, &caller.source(c.source)).await?)
        })
        .open(|p, c: Erase| async move { Ok(p.erase(c.paths).await?) })
        .open(|p, c: Get| async move { Ok(p.get(c.path.as_deref(), c.prefix.as_deref(), c.verify)?) })
        .open(|p, c: History| async move { Ok(p.history(&c.path)?) })
        .open(|p, c: Import| async move {
            let options = ImportOptions { default_country: c.default_country, card: c.index };
            Ok(p.import(&c.card, &options, c.dry_run).await?)
        })
        .open(|p, c: Export| async move { Ok(ExportAnswer { card: p.export(&c.format)? }) })
        .open(|p, c: Connect| async move { Ok(p.connect(&c.link).await?) })
        .open(|p, _: Requests| async move { Ok(p.requests()?) })
        .open(|p, c: Request| async move { Ok(p.request(&c.id)?) })
        .open(|p, c: Approve| async move { Ok(p.approve(&c.id, c.only, c.until).await?) })
        .open(|p, c: Decline| async move { Ok(p.decline(&c.id, c.reason.as_deref()).await?) })
        .open(|p, _: Grants| async move { Ok(p.grants()?) })
        .open(|p, c: Grant| async move { Ok(p.grant(&c.id)?) })
        .open(|p, c: Credential| async move { Ok(CredentialAnswer { credential: p.credential(&c.id)? }) })
        .open(|p, c: Revoke| async move { Ok(p.revoke(&c.id, c.paths).await?) })
        .open(|p, c: Status| async move { Ok(p.status(c.change.as_deref())?) })
        .open(|p, _: Relationships| async move { Ok(p.relationships()?) })
        .open(|p, c: Audit| async move { Ok(p.audit(c.from, c.limit.unwrap_or(AUDIT_SHOWN))?) })
        .open(|p, c: Rotate| async move { Ok(p.rotate(c.relationship.as_deref()).await?) })
        .open_by(|p, caller, c: BackUp| async move {
            may_back_up(&p, &caller, &c)?;
            Ok(p.back_up(std::path::Path::new(&c.dir), &c.recipients, c.full).await?)
        })
        .open(|p, _: HeldBack| async move { Ok(p.held_back()?) })
        .open(|p, c: Resume| async move { Ok(p.resume(c.relationship.as_deref()).await?) })
        .open(|p, _: Kept| async move { Ok(p.kept()?) })
        .open(|p, _: ForgetKept| async move { Ok(Forgotten { messages: p.forget_kept().await? }) })
        .open(|p, c: SendMessage| async move {
            Ok(p.send_message(&c.vendor, &c.kind, c.thread.as_deref(), c.body).await?)
        })
        .open(|p, c: Messages| async move { Ok(p.messages(c.vendor.as_deref())?) })
        .open(|p, c: ForgetMessages| async move {
            Ok(Forgotten { messages: p.forget_messages(c.vendor.as_deref()).await? })
        })
        .open(|p, _: AuditVerify| async move { Ok(p.audit_verify()?) })
        .open(|p, _: Info| async move { Ok(p.info()?) })
        .open(|p, _: Facets| async move { Ok(p.facets()?) })
        .open(|p, c: Fields| async move {
            let limit = c.limit.unwrap_or(SHOWN);
            Ok(p.fields(&FieldsAsk { prefix: c.prefix, after: c.after, limit })?)
        })
        .open(|p, c: Sharing| async move {
            // One path, one answer.
            let mut sharing = p.sharing(&[c.path])?;
            sharing
                .pop()
                .ok_or_else(|| ApiError::new("internal", "the field was not looked at: look at the log"))
        })
        .open(|p, c: Check| async move { Ok(p.check(&c.path, &c.value)?) })
        .open(|p, c: Undo| async move { Ok(p.undo(&c.path, c.version).await?) })
        .open(|p, c: FindAudit| async move {
            let FindAudit { vendor, path, purpose, event, since, until, before, limit } = c;
            let limit = limit.unwrap_or(SHOWN);
            Ok(p.find_audit(&AuditAsk { vendor, path, purpose, event, since, until, before, limit })?)
        })
        .open(|p, c: AuditCounts| async move {
            Ok(p.audit_counts(&AuditCountsAsk { since: c.since, until: c.until })?)
        })
        .open(|p, c: Relationship| async move { Ok(p.relationship(&c.id)?) })
        .open(|p, c: Timeline| async move { Ok(p.timeline(&c.id, c.before, c.limit.unwrap_or(SHOWN))?) })
        .open(|p, _: Attention| async move { Ok(p.attention()?) })
        .open(|p, _: Settings| async move { Ok(p.settings()?) })
        .open_by(|p, caller, c: SetSettings| async move {
            let held = p.settings()?;
            let wanted = wanted(c, held.words_confirmed);
            if caller != Caller::Owner && wanted.backup != held.backup {
                return Err(ApiError::new(
                    "denied",
                    "a program cannot change where backups go: do that yourself",
                ));
            }
            p.set_settings(wanted).await?;
            Ok(p.settings()?)
        })
        .open(|p, _: LastBackup| async move { Ok(p.last_backup()) })
        .open_by(|p, caller, c: TokenCreate| async move {
            let until = c.until.as_deref().map(Timestamp::parse).transpose().map_err(PersonError::from)?;
            caller.may_give(&c.scopes, until)?;
            let token = Token::generate().map_err(|error| {
                ApiError::new("internal", format!("the system gives no random bytes ({error}): try again"))
            })?;
            let scopes = c.scopes.iter().map(ToString::to_string).collect();
            let made = p.add_token(&c.name, *token.digest().as_bytes(), scopes, until).await?;
            let TokenView { name, scopes, until, .. } = made;
            Ok(TokenMade { name, scopes, until, token: token.danger_text().to_owned() })
        })
        .open(|p, _: Tokens| async move { Ok(p.tokens()?) })
        .open(|p, c: TokenRemove| async move {
            p.remove_token(&c.name).await?;
            Ok(p.tokens()?)
        })
}

/// A program has backups made only where the person has them made, and for nobody else: a folder that it names could be
/// anybody's, and a recipient that it names could read the vault.
fn may_back_up(person: &Person, caller: &Caller, call: &BackUp) -> Result<(), ApiError> {
    if *caller == Caller::Owner {
        return Ok(());
    }
    let scheduled = person.settings()?.backup.map(|backup| backup.dir);
    let last = person.last_backup().map(|last| last.dir);
    if !call.recipients.is_empty() || !scheduled.into_iter().chain(last).any(|dir| dir == call.dir) {
        let text = "a program backs up only to the folder of the schedule or of the last backup, and names no recipients: \
                    make the first one yourself with `freehold backup`";
        return Err(ApiError::new("denied", text));
    }
    Ok(())
}

/// Whether the words are on paper is the page's to say.
fn wanted(call: SetSettings, words_confirmed: bool) -> SettingsView {
    let backup = call.backup.map(|it| BackupScheduleView {
        dir: it.dir,
        every_hours: it.every_hours,
        recipients: it.recipients,
    });
    let appearance = call.appearance.unwrap_or_else(|| SettingsView::default().appearance);
    SettingsView { name: call.name, language: call.language, appearance, backup, words_confirmed }
}

impl From<PersonError> for ApiError {
    fn from(error: PersonError) -> Self {
        let told = Self::new(error.code(), &error);
        match error {
            PersonError::MissingFields { paths } => told.with_paths(paths),
            _ => told,
        }
    }
}
