//! A person's node.

use std::future::Future;

use freehold_cards::ImportOptions;
use freehold_person::{Person, PersonError};

use super::{Calls, ServeError};
use crate::call::person::{
    Approve, Audit, AuditVerify, BackUp, Connect, Credential, CredentialAnswer, Decline, Erase, Export,
    ExportAnswer, ForgetKept, ForgetMessages, Forgotten, Get, Grant, Grants, HeldBack, History, Import, Info,
    Kept, Messages, Relationships, Request, Requests, Resume, Revoke, Rotate, SendMessage, Set, Status,
};
use crate::{ApiError, Socket};

/// How many audit entries are shown when nobody says: a screenful or two.
const AUDIT_SHOWN: usize = 50;

/// Serves a person's node until `stop` is done; calls under way are let through, then the socket is removed. The
/// engine goes on: stop it afterwards.
///
/// # Errors
/// [`ServeError`] if the socket fails.
pub async fn serve_person(
    person: Person,
    socket: Socket,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServeError> {
    calls().serve(person, socket, stop).await
}

/// Everything a person's node can be called for.
pub(crate) fn calls() -> Calls<Person> {
    let elsewhere =
        "a person's node has no such call: is this a command for a hub (--home), or of a newer version?";
    Calls::<Person>::new(elsewhere)
        .open(|p, c: Set| async move {
            let changes = c.changes.into_iter().map(|change| (change.path, change.value)).collect();
            Ok(p.set(changes, c.source.as_deref().unwrap_or("cli")).await?)
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
        .open(|p, c: Decline| async move { Ok(p.decline(&c.id, None).await?) })
        .open(|p, _: Grants| async move { Ok(p.grants()?) })
        .open(|p, c: Grant| async move { Ok(p.grant(&c.id)?) })
        .open(|p, c: Credential| async move { Ok(CredentialAnswer { credential: p.credential(&c.id)? }) })
        .open(|p, c: Revoke| async move { Ok(p.revoke(&c.id, c.paths).await?) })
        .open(|p, c: Status| async move { Ok(p.status(c.change.as_deref())?) })
        .open(|p, _: Relationships| async move { Ok(p.relationships()?) })
        .open(|p, c: Audit| async move { Ok(p.audit(c.from, c.limit.unwrap_or(AUDIT_SHOWN))?) })
        .open(|p, c: Rotate| async move { Ok(p.rotate(c.relationship.as_deref()).await?) })
        .open(|p, c: BackUp| async move {
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
