//! How a node answers a request, and takes a receipt.

use freehold_protocol::code::Code;
use freehold_protocol::data::{self, Carried};
use freehold_protocol::document::{Document, Issue, Mode};
use freehold_protocol::identity::SigningKey;

use super::{GRANT_MAX, Subject, Vendor, carried, request, scope};
use crate::hub::issued;
use crate::peer::{PATIENCE, QUIET, now};
use crate::rule::{Fault, Rule, Tried, ensure, ensure_code, rule};
use crate::sample::seed;

pub(super) fn rules() -> Vec<Rule<Subject>> {
    vec![
        rule!(
            "data",
            "2",
            "the grant answers the request exactly, by the pairwise DID, in its thread",
            grant
        ),
        rule!("data", "5", "nothing is released before the receipt", nothing_before),
        rule!(
            "data",
            "5",
            "a receipt that somebody else signed: problem 407, and nothing is released",
            other_signer
        ),
        rule!("data", "5", "a receipt with other bytes: problem 407, and nothing is released", other_bytes),
        rule!("data", "6", "after the receipt the snapshot has exactly the granted paths", snapshot),
        rule!("data", "1", "a request by another issuer: problem 201", other_issuer),
        rule!("data", "1", "a request whose id is known: problem 405", known_request),
    ]
}

async fn grant(subject: &mut Subject) -> Tried {
    // Waits as long as a person may need; what is wrong with the grant is this rule's matter.
    if let Err(fault) = subject.granted().await {
        let nothing = subject.shared.as_ref().is_none_or(|vendor| vendor.grant.is_none());
        return Err(if nothing { fault } else { Fault::Broken(fault.to_string()) });
    }
    let vendor = subject.met().await?;
    let (message, grant) = vendor.granted(GRANT_MAX).await?;
    let Some((asked, request)) = vendor.request.clone() else { return Ok(()) };
    ensure(message.thread == Some(asked.id), || "its thread is not the request's message".into())?;
    ensure(grant.issuer() == &vendor.peer.theirs, || format!("its issuer is {}", grant.issuer()))?;
    ensure(grant.signers().len() == 1, || "it has two proofs".into())?;
    ensure(grant.signer_key() == vendor.peer.their_key, || "another key signed it".into())?;
    ensure(grant.subject().matches(&request).is_ok(), || {
        "it gives what was not asked, lacks what is required, or says something else than the request".into()
    })?;
    grant.check_time(now()).map_err(|code| Fault::Broken(format!("it does not hold now: {code}")))
}

async fn nothing_before(subject: &mut Subject) -> Tried {
    let (vendor, _) = subject.granted().await?;
    vendor.peer.listen(QUIET).await?;
    vendor.ensure_no_values()
}

/// Sends a receipt that must be refused.
async fn refused(vendor: &mut Vendor, receipt: &[u8], allowed: &[Code]) -> Tried {
    // What came before it is the matter of another rule.
    vendor.peer.listen(QUIET).await.map_err(Fault::on_the_way)?;
    vendor.peer.forget();
    let thread = vendor.grant.as_ref().map(|(message, _)| message.id);
    let said = vendor.peer.say(data::RECEIPT, thread, Carried::body(receipt)).await?;
    ensure_code(vendor.peer.problem(&said).await?, allowed)?;
    vendor.peer.listen(QUIET).await?;
    vendor.ensure_no_values()
}

async fn other_signer(subject: &mut Subject) -> Tried {
    let (vendor, grant) = subject.granted().await?;
    let other = SigningKey::from_seed(&seed());
    let forged = grant.countersign(&other, &other.public().did(), now());
    let forged = forged.map_err(|code| Fault::Skipped(code.to_string()))?;
    refused(vendor, forged.bytes(), &[Code::ReceiptMismatch, Code::WrongSigner]).await
}

/// A grant of the same id that the vendor made itself: both proofs verify, and it is not what the person gave.
async fn other_bytes(subject: &mut Subject) -> Tried {
    let (vendor, grant) = subject.granted().await?;
    let (key, did) = (vendor.peer.key.clone(), vendor.peer.own.clone());
    let issue = Issue {
        id: grant.id().clone(),
        issuer: did.clone(),
        valid_from: now(),
        valid_until: None,
        subject: grant.subject().clone(),
    };
    let forged = issued(issue, &key)?.countersign(&key, &did, now());
    let forged: Document<_> = forged.map_err(|code| Fault::Skipped(code.to_string()))?;
    refused(vendor, forged.bytes(), &[Code::ReceiptMismatch, Code::WrongSigner]).await
}

async fn snapshot(subject: &mut Subject) -> Tried {
    let (vendor, grant) = subject.granted().await?;
    vendor.peer.listen(QUIET).await.map_err(Fault::on_the_way)?;
    // What came too early is the matter of the rules above.
    vendor.peer.forget();
    vendor.countersign().await?;
    let (_, fields) = vendor.update(PATIENCE).await?;
    let (got, granted) = (fields.keys().cloned().collect(), scope(&grant));
    ensure(granted == got, || format!("it has {got:?}, granted were {granted:?}"))?;
    ensure(fields.values().all(Option::is_some), || {
        "a field is empty: the node must hold all that is asked".into()
    })
}

async fn other_issuer(subject: &mut Subject) -> Tried {
    let vendor = subject.met().await?;
    let other = SigningKey::from_seed(&seed());
    let forged = request(&other, Mode::Continuous)?;
    let said = vendor.peer.say(data::REQUEST, None, carried(&forged)).await?;
    ensure_code(vendor.peer.problem(&said).await?, &[Code::WrongSigner])
}

async fn known_request(subject: &mut Subject) -> Tried {
    let vendor = subject.met().await?;
    let Some((_, known)) = vendor.request.clone() else { return Ok(()) };
    let said = vendor.peer.say(data::REQUEST, None, carried(&known)).await?;
    ensure_code(vendor.peer.problem(&said).await?, &[Code::RequestUnknown])
}
