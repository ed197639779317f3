//! How a node stops.

use std::collections::BTreeSet;

use freehold_protocol::code::Code;
use freehold_protocol::connect::PROBLEM;
use freehold_protocol::data;
use freehold_protocol::document::{Document, ErasureLine, ErasureResult, ErasureSubject, Issue};
use freehold_protocol::id::{ErasureId, RevocationId};
use freehold_protocol::identity::SigningKey;
use freehold_protocol::path::Path;

use super::read::{denied, question};
use super::{Subject, Vendor, carried, scope};
use crate::hub::issued;
use crate::peer::{QUIET, now};
use crate::rule::{Fault, Rule, Tried, ensure, ensure_code, rule, skipped};
use crate::sample::{entropy, seed};

pub(super) fn rules() -> Vec<Rule<Subject>> {
    vec![
        rule!(
            "data",
            "19",
            "a revocation breaks the open connection, and the next session carries it",
            broken_off
        ),
        rule!(
            "data",
            "20",
            "the revocation names the receipt, its paths and the last release, signed",
            revocation
        ),
        rule!("data", "6", "after the revocation no change is released", nothing_after),
        rule!("data", "16", "after the revocation a live read is denied: 404", read_after),
        rule!("data", "22", "an erasure receipt by somebody else: problem 201", foreign_erasure),
        rule!(
            "data",
            "22",
            "an erasure receipt of a revocation that was never sent: problem 407",
            stray_erasure
        ),
        rule!("data", "22", "the erasure receipt is taken without a word", erasure),
    ]
}

async fn broken_off(subject: &mut Subject) -> Tried {
    let is_broken = subject.revoke().await?;
    ensure(is_broken, || "the connection was still open when the revocation was called done".into())
}

async fn revocation(subject: &mut Subject) -> Tried {
    let (vendor, message, revocation) = subject.revoked().await?;
    let Some(receipt) = vendor.receipt.clone() else { return skipped("there is no receipt") };
    let said = revocation.subject();
    ensure(message.thread.is_none(), || "it continues a thread".into())?;
    ensure(revocation.issuer() == &vendor.peer.theirs, || format!("its issuer is {}", revocation.issuer()))?;
    ensure(revocation.signers().len() == 1, || "it has two proofs".into())?;
    ensure(revocation.signer_key() == vendor.peer.their_key, || "another key signed it".into())?;
    ensure(said.id == vendor.peer.own, || "it is to another vendor".into())?;
    ensure(said.grant == receipt.reference(), || "it refers to something else than the receipt".into())?;
    let named: BTreeSet<Path> = said.paths.iter().cloned().collect();
    ensure(said.whole && named == scope(&receipt), || "it does not end the whole of the grant".into())?;
    let last = vendor.last_update;
    ensure(said.last_sequence == last, || {
        format!("its last sequence is {}, the last update was {last}", said.last_sequence)
    })
}

async fn nothing_after(subject: &mut Subject) -> Tried {
    subject.can_change()?;
    subject.revoked().await?;
    subject.change().await?;
    let (vendor, ..) = subject.revoked().await?;
    vendor.peer.listen(QUIET).await?;
    vendor.ensure_no_values()
}

async fn read_after(subject: &mut Subject) -> Tried {
    let (vendor, ..) = subject.revoked().await?;
    let Some(receipt) = vendor.receipt.clone() else { return skipped("there is no receipt") };
    let request = question(vendor, &receipt)?;
    denied(vendor, &request, Code::Revoked).await
}

/// An erasure receipt of a revocation, by a key.
async fn receipt(
    subject: &mut Subject,
    key: Option<SigningKey>,
    of: Option<RevocationId>,
) -> Tried<(&mut Vendor, Document<ErasureSubject>)> {
    let (vendor, _, revocation) = subject.revoked().await?;
    let key = key.unwrap_or_else(|| vendor.peer.key.clone());
    let mut reference = revocation.reference();
    reference.id = of.unwrap_or(reference.id);
    let line = |path: &Path| ErasureLine {
        path: path.clone(),
        result: ErasureResult::Erased,
        exception: None,
        until: None,
    };
    let issue = Issue {
        id: ErasureId::from_entropy(entropy()),
        issuer: key.public().did(),
        valid_from: now(),
        valid_until: None,
        subject: ErasureSubject {
            id: vendor.peer.theirs.clone(),
            revocation: reference,
            results: revocation.subject().paths.iter().map(line).collect(),
        },
    };
    let document = issued(issue, &key)?;
    Ok((vendor, document))
}

async fn foreign_erasure(subject: &mut Subject) -> Tried {
    let (vendor, forged) = receipt(subject, Some(SigningKey::from_seed(&seed())), None).await?;
    let said = vendor.peer.say(data::ERASURE, None, carried(&forged)).await?;
    ensure_code(vendor.peer.problem(&said).await?, &[Code::WrongSigner])
}

async fn stray_erasure(subject: &mut Subject) -> Tried {
    let (vendor, stray) = receipt(subject, None, Some(RevocationId::from_entropy(entropy()))).await?;
    let said = vendor.peer.say(data::ERASURE, None, carried(&stray)).await?;
    ensure_code(vendor.peer.problem(&said).await?, &[Code::ReceiptMismatch])
}

async fn erasure(subject: &mut Subject) -> Tried {
    let (vendor, erasure) = receipt(subject, None, None).await?;
    let thread = vendor.stop.as_ref().map(|(message, _)| message.id);
    let said = vendor.peer.say(data::ERASURE, thread, carried(&erasure)).await?;
    vendor.peer.acknowledged().await?;
    vendor.peer.listen(QUIET).await.map_err(Fault::on_the_way)?;
    let answered =
        vendor.peer.unread().iter().any(|m| m.kind.as_str() == PROBLEM && m.thread == Some(said.id));
    ensure(!answered, || "it was answered with a problem".into())
}
