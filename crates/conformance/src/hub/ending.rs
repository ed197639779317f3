//! How a hub obeys a revocation.

use std::collections::BTreeSet;
use std::time::Duration;

use freehold_protocol::code::Code;
use freehold_protocol::data;
use freehold_protocol::document::{Document, ErasureSubject};
use freehold_protocol::identity::SigningKey;
use freehold_protocol::message::Message;
use freehold_protocol::path::Path;

use super::{Subject, document};
use crate::rule::{Rule, Tried, ensure, ensure_code, rule};
use crate::sample::{seed, stranger, value};

/// How long a vendor's systems may take to erase.
const ERASURE_MAX: Duration = Duration::from_secs(20);

pub(super) fn rules() -> Vec<Rule<Subject>> {
    vec![
        rule!("data", "21", "a revocation by somebody else: 201", foreign),
        rule!("data", "21", "a revocation of a grant that was never given: 400", no_grant),
        rule!("data", "21", "a revocation of a path outside the grant: 401", extra_path),
        rule!("data", "21", "a revocation is answered with a signed erasure of exactly its paths", erasure),
        rule!("data", "13", "an update of a path that was revoked: 404", revoked),
    ]
}

async fn foreign(subject: &mut Subject) -> Tried {
    let (person, receipt) = subject.agreed().await?;
    let path = receipt.subject().scope[0].path.clone();
    let forged = person.revocation(&receipt, &[path], &SigningKey::from_seed(&seed()))?;
    let said = person.send(data::REVOCATION, None, forged.bytes()).await?;
    ensure_code(person.peer.problem(&said).await?, &[Code::WrongSigner])
}

async fn no_grant(subject: &mut Subject) -> Tried {
    let (person, receipt) = subject.agreed().await?;
    let unknown = person.grant(|_| {}).await?;
    let path = receipt.subject().scope[0].path.clone();
    let stray = person.revocation(&unknown, &[path], &person.peer.key)?;
    let said = person.send(data::REVOCATION, None, stray.bytes()).await?;
    ensure_code(person.peer.problem(&said).await?, &[Code::NoGrant])
}

async fn extra_path(subject: &mut Subject) -> Tried {
    let (person, receipt) = subject.agreed().await?;
    let wide = person.revocation(&receipt, &[stranger()], &person.peer.key)?;
    let said = person.send(data::REVOCATION, None, wide.bytes()).await?;
    ensure_code(person.peer.problem(&said).await?, &[Code::NotInScope])
}

/// Revokes the first path of the grant.
async fn erasure(subject: &mut Subject) -> Tried {
    let (person, receipt) = subject.agreed().await?;
    let path = receipt.subject().scope[0].path.clone();
    let revocation = person.revocation(&receipt, std::slice::from_ref(&path), &person.peer.key)?;
    let said = person.send(data::REVOCATION, None, revocation.bytes()).await?;
    let answers = |m: &Message| m.thread == Some(said.id);
    let message = person.peer.hear_where("erasure receipt", ERASURE_MAX, answers).await?;
    ensure(message.kind.as_str() == data::ERASURE, || format!("it answered with a {}", message.kind))?;
    let erasure: Document<ErasureSubject> = document(&message)?;
    let vendor = &person.invitation.did;
    ensure(erasure.issuer() == vendor, || format!("its issuer is {}", erasure.issuer()))?;
    ensure(vendor.key().is_none_or(|own| own == erasure.signer_key()), || "another key signed it".into())?;
    ensure(erasure.subject().id == person.peer.own, || "it is about another person".into())?;
    ensure(erasure.subject().revocation == revocation.reference(), || {
        "it answers another revocation".into()
    })?;
    let named: BTreeSet<&Path> = erasure.subject().results.iter().map(|line| &line.path).collect();
    ensure(named == BTreeSet::from([&path]), || "its paths are not those of the revocation".into())
}

async fn revoked(subject: &mut Subject) -> Tried {
    let (person, receipt) = subject.agreed().await?;
    let path = receipt.subject().scope[0].path.clone();
    // Whether or not the rule before was tried.
    let stop = person.revocation(&receipt, std::slice::from_ref(&path), &person.peer.key)?;
    person.send(data::REVOCATION, None, stop.bytes()).await?;
    person.peer.acknowledged().await?;
    let sample = value(&path);
    let said = person.update(receipt.id(), &[(path, sample)]).await?;
    ensure_code(person.peer.problem(&said).await?, &[Code::Revoked])
}
