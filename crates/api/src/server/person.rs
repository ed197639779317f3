//! A person's node.

use std::future::Future;
use std::sync::Arc;

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
    let elsewhere =
        "a person's node has no such call: is this a command for a hub (--home), or of a newer version?";
    Calls::new(Arc::new(person), elsewhere)
        .on(|p, c: Set| async move {
            let changes = c.changes.into_iter().map(|change| (change.path, change.value)).collect();
            Ok(p.set(changes, c.source.as_deref().unwrap_or("cli")).await?)
        })
        .on(|p, c: Erase| async move { Ok(p.erase(c.paths).await?) })
        .on(|p, c: Get| async move { Ok(p.get(c.path.as_deref(), c.prefix.as_deref(), c.verify)?) })
        .on(|p, c: History| async move { Ok(p.history(&c.path)?) })
        .on(|p, c: Import| async move {
            let options = ImportOptions { default_country: c.default_country, card: c.index };
            Ok(p.import(&c.card, &options, c.dry_run).await?)
        })
        .on(|p, c: Export| async move { Ok(ExportAnswer { card: p.export(&c.format)? }) })
        .on(|p, c: Connect| async move { Ok(p.connect(&c.link).await?) })
        .on(|p, _: Requests| async move { Ok(p.requests()?) })
        .on(|p, c: Request| async move { Ok(p.request(&c.id)?) })
        .on(|p, c: Approve| async move { Ok(p.approve(&c.id, c.only, c.until).await?) })
        .on(|p, c: Decline| async move { Ok(p.decline(&c.id, None).await?) })
        .on(|p, _: Grants| async move { Ok(p.grants()?) })
        .on(|p, c: Grant| async move { Ok(p.grant(&c.id)?) })
        .on(|p, c: Credential| async move { Ok(CredentialAnswer { credential: p.credential(&c.id)? }) })
        .on(|p, c: Revoke| async move { Ok(p.revoke(&c.id, c.paths).await?) })
        .on(|p, c: Status| async move { Ok(p.status(c.change.as_deref())?) })
        .on(|p, _: Relationships| async move { Ok(p.relationships()?) })
        .on(|p, c: Audit| async move { Ok(p.audit(c.from, c.limit.unwrap_or(AUDIT_SHOWN))?) })
        .on(|p, c: Rotate| async move { Ok(p.rotate(c.relationship.as_deref()).await?) })
        .on(|p, c: BackUp| async move {
            Ok(p.back_up(std::path::Path::new(&c.dir), &c.recipients, c.full).await?)
        })
        .on(|p, _: HeldBack| async move { Ok(p.held_back()?) })
        .on(|p, c: Resume| async move { Ok(p.resume(c.relationship.as_deref()).await?) })
        .on(|p, _: Kept| async move { Ok(p.kept()?) })
        .on(|p, _: ForgetKept| async move { Ok(Forgotten { messages: p.forget_kept().await? }) })
        .on(|p, c: SendMessage| async move {
            Ok(p.send_message(&c.vendor, &c.kind, c.thread.as_deref(), c.body).await?)
        })
        .on(|p, c: Messages| async move { Ok(p.messages(c.vendor.as_deref())?) })
        .on(|p, c: ForgetMessages| async move {
            Ok(Forgotten { messages: p.forget_messages(c.vendor.as_deref()).await? })
        })
        .on(|p, _: AuditVerify| async move { Ok(p.audit_verify()?) })
        .on(|p, _: Info| async move { Ok(p.info()?) })
        .serve(socket, stop)
        .await
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
