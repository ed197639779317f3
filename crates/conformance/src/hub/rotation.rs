//! How a hub follows a person to their next key.

use freehold_protocol::code::Code;
use freehold_protocol::connect::ROTATION;
use freehold_protocol::data::OUTCOME;
use freehold_protocol::document::Rotation;
use freehold_protocol::frame::Frame;
use freehold_protocol::id::RotationId;
use freehold_protocol::identity::{Did, SigningKey};

use super::intake::everything;
use super::{Person, Subject};
use crate::peer::{Came, PATIENCE, now, told};
use crate::rule::{Rule, Subject as _, Tried, broken, ensure, ensure_code, rule, skipped};
use crate::sample::{entropy, seed};

pub(super) fn rules() -> Vec<Rule<Subject>> {
    vec![
        rule!("identity", "10", "a rotation by somebody else: 201", by_another),
        rule!("identity", "10", "a rotation that the new key has not signed: 201", one_proof),
        rule!("identity", "10", "a rotation for another vendor: 202", other_vendor),
        rule!("identity", "10", "a rotation to a key that was not committed to: 208", not_committed),
        rule!("identity", "16", "after a refused rotation the old key goes on", refused),
        rule!("identity", "13", "after a rotation: 207 to the old key, and a hello to the new one", rotated),
        rule!("identity", "14", "after a rotation the grant goes on, and answers go to the new DID", goes_on),
    ]
}

/// A statement from one key to another, which commits to a key that is never used.
fn state(vendor: &Did, [old, new]: [&SigningKey; 2]) -> Tried<(Rotation, SigningKey)> {
    let after = SigningKey::from_seed(&seed());
    let id = RotationId::from_entropy(entropy());
    let statement = Rotation::state(id, vendor.clone(), [old, new], &after.public(), now());
    match statement {
        Ok(statement) => Ok((statement, after)),
        Err(code) => skipped(format!("the runner cannot make the document: {code}")),
    }
}

async fn answered(person: &mut Person, statement: &[u8], code: Code) -> Tried {
    let said = person.send(ROTATION, None, statement).await?;
    ensure_code(person.peer.problem(&said).await?, &[code])
}

/// A key of nobody.
fn nobody() -> SigningKey {
    SigningKey::from_seed(&seed())
}

async fn by_another(subject: &mut Subject) -> Tried {
    let person = subject.met().await?;
    let (statement, _) = state(&person.peer.theirs, [&nobody(), &person.peer.next])?;
    answered(person, statement.bytes(), Code::WrongSigner).await
}

async fn one_proof(subject: &mut Subject) -> Tried {
    let person = subject.met().await?;
    let (statement, _) = state(&person.peer.theirs, [&person.peer.key, &person.peer.next])?;
    let Ok(once) = statement.without_countersignature() else { return skipped("there is one proof") };
    answered(person, &once, Code::WrongSigner).await
}

async fn other_vendor(subject: &mut Subject) -> Tried {
    let person = subject.met().await?;
    let (statement, _) = state(&nobody().public().did(), [&person.peer.key, &person.peer.next])?;
    answered(person, statement.bytes(), Code::WrongAudience).await
}

async fn not_committed(subject: &mut Subject) -> Tried {
    let person = subject.met().await?;
    let (statement, _) = state(&person.peer.theirs, [&person.peer.key, &nobody()])?;
    answered(person, statement.bytes(), Code::NotCommitted).await
}

async fn refused(subject: &mut Subject) -> Tried {
    if let Err(fault) = not_committed(subject).await {
        // Nobody knows what key the hub has for this person now.
        subject.discard();
        return Err(fault.on_the_way());
    }
    let person = subject.met().await?;
    person.peer.hang_up();
    person.again().await.map(drop)
}

async fn rotated(subject: &mut Subject) -> Tried {
    subject.agreed().await?;
    let person = subject.met().await?;
    let next = person.peer.next.clone();
    let (statement, after) = state(&person.peer.theirs, [&person.peer.key, &next])?;
    person.send(ROTATION, None, statement.bytes()).await?;
    person.peer.acknowledged().await?;
    person.peer.hang_up();
    // The old key is turned away.
    let mut line = person.dial().await?;
    line.send(&Frame::Hello(person.peer.hello(None))).await?;
    match line.next(PATIENCE).await {
        Came::Frame(Frame::Bye { code, .. }) => ensure_code(code, &[Code::Rotated])?,
        other => return broken(format!("it answered the old key with {}", told(&other))),
    }
    drop(line);
    // The new one is known, and everything else goes on.
    (person.peer.own, person.peer.key, person.peer.next) = (next.public().did(), next, after);
    let said = person.again().await?;
    let queued = person.peer.queued;
    ensure(said.stored == queued, || format!("it has stored {}, acknowledged was {queued}", said.stored))
}

async fn goes_on(subject: &mut Subject) -> Tried {
    let (person, receipt) = subject.agreed().await?;
    if receipt.issuer() == &person.peer.own {
        return skipped("there was no rotation");
    }
    let said = person.update(receipt.id(), &everything(&receipt)).await?;
    person.peer.acknowledged().await?;
    // A message to the old DID would not be taken.
    let answer = person.peer.hear_where("outcome", PATIENCE, |m| m.thread == Some(said.id)).await?;
    ensure(answer.kind.as_str() == OUTCOME, || format!("it answered with a {}", answer.kind))
}
