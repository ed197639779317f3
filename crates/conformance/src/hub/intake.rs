//! What a hub takes in under a grant.

use std::collections::BTreeSet;
use std::time::Duration;

use freehold_protocol::code::Code;
use freehold_protocol::data::{self, Outcome};
use freehold_protocol::disclosure::Grant;
use freehold_protocol::document::Mode;
use freehold_protocol::id::GrantId;
use freehold_protocol::message::Message;
use freehold_protocol::path::Path;
use freehold_protocol::time::Timestamp;

use super::{Person, Subject};
use crate::peer::{PATIENCE, QUIET, now};
use crate::rule::{Fault, Rule, Tried, ensure, ensure_code, rule, skipped};
use crate::sample::{entropy, stranger, value};

pub(super) fn rules() -> Vec<Rule<Subject>> {
    vec![
        rule!(
            "data",
            "14",
            "an update within the grant is acknowledged, and outcomes name each of its paths",
            update
        ),
        rule!("data", "13", "a void update is taken without a word", void),
        rule!("data", "13", "an update with one path too many is refused whole: 401", extra_path),
        rule!("data", "13", "an update under a grant that was never given: 400", no_grant),
        rule!("data", "13", "under a grant for once a field that comes again: 408", once),
        rule!(slow "data", "13", "an update under a grant whose end has come: 403", expired),
        rule!("vocabulary", "Values", "a value that is not normalised: 100", not_normalised),
    ]
}

/// Every granted field with a value in its own form.
pub(super) fn everything(receipt: &Grant) -> Vec<(Path, Option<String>)> {
    receipt.subject().scope.iter().map(|item| (item.path.clone(), value(&item.path))).collect()
}

async fn refused(person: &mut Person, said: Message, code: Code) -> Tried {
    ensure_code(person.peer.problem(&said).await?, &[code])?;
    person.peer.listen(QUIET).await?;
    let outcome =
        person.peer.unread().iter().any(|m| m.kind.as_str() == data::OUTCOME && m.thread == Some(said.id));
    ensure(!outcome, || "it sent an outcome of an update that it refused".into())
}

async fn update(subject: &mut Subject) -> Tried {
    let (person, receipt) = subject.agreed().await?;
    let fields = everything(&receipt);
    let said = person.update(receipt.id(), &fields).await?;
    person.peer.acknowledged().await?;
    let mut waiting: BTreeSet<Path> = fields.into_iter().map(|(path, _)| path).collect();
    while !waiting.is_empty() {
        let answers = |m: &Message| m.thread == Some(said.id);
        let heard = match person.peer.hear_where("outcome", PATIENCE, answers).await {
            Ok(heard) => heard,
            Err(fault) if person.peer.is_open() => {
                return skipped(format!("an outcome SHOULD come: {fault}"));
            }
            Err(fault) => return Err(fault),
        };
        ensure(heard.kind.as_str() == data::OUTCOME, || format!("it answered with a {}", heard.kind))?;
        let outcome = Outcome::decode(&heard.body)
            .map_err(|code| Fault::Broken(format!("its outcome does not read: {code}")))?;
        ensure(outcome.grant == *receipt.id() && outcome.update == said.seq, || {
            "its outcome names another grant or update".into()
        })?;
        ensure(outcome.at == outcome.at.coarse(), || {
            "the time of its outcome is finer than a minute".into()
        })?;
        for line in outcome.results {
            ensure(waiting.remove(&line.path), || format!("its outcome names {} in vain", line.path))?;
        }
    }
    Ok(())
}

async fn void(subject: &mut Subject) -> Tried {
    let (person, receipt) = subject.agreed().await?;
    let said = person.update(receipt.id(), &[]).await?;
    person.peer.acknowledged().await?;
    person.peer.listen(QUIET).await?;
    let answered = person.peer.unread().iter().find(|m| m.thread == Some(said.id));
    ensure(answered.is_none(), || "it answered a void update".into())
}

async fn extra_path(subject: &mut Subject) -> Tried {
    let (person, receipt) = subject.agreed().await?;
    let mut fields = everything(&receipt);
    fields.push((stranger(), value(&stranger())));
    let said = person.update(receipt.id(), &fields).await?;
    refused(person, said, Code::NotInScope).await
}

async fn no_grant(subject: &mut Subject) -> Tried {
    let (person, receipt) = subject.agreed().await?;
    let unknown = GrantId::from_entropy(entropy());
    let said = person.update(&unknown, &everything(&receipt)).await?;
    refused(person, said, Code::NoGrant).await
}

async fn once(subject: &mut Subject) -> Tried {
    let invitation = subject.once()?;
    let mut person = Person::meet(invitation).await.map_err(Fault::on_the_way)?;
    let (_, request) = person.asked().await.map_err(Fault::on_the_way)?;
    if request.subject().mode != Mode::Once {
        return skipped("the request of the link is not for once");
    }
    let receipt = person.agree().await.map_err(Fault::on_the_way)?;
    let fields = everything(&receipt);
    person.update(receipt.id(), &fields).await?;
    person.peer.acknowledged().await?;
    let said = person.update(receipt.id(), &fields).await?;
    refused(&mut person, said, Code::Used).await
}

/// A grant to the end of a minute, which comes.
async fn expired(subject: &mut Subject) -> Tried {
    let invitation = subject.invitation().await.map_err(Fault::on_the_way)?;
    let mut person = Person::meet(invitation).await.map_err(Fault::on_the_way)?;
    let end = Timestamp::from_millis(
        now().coarse().millis() + if seconds(now()) < 45 { MINUTE } else { 2 * MINUTE },
    );
    let grant = person.grant(|issue| issue.valid_until = Some(end)).await?;
    person.give(grant.bytes()).await?;
    person.peer.hear(data::RECEIPT).await.map_err(Fault::on_the_way)?;
    // Its clock may differ by a little.
    let wait = Duration::from_millis(end.millis().saturating_sub(now().millis())) + Duration::from_secs(2);
    person.peer.hang_up();
    tokio::time::sleep(wait).await;
    person.again().await.map_err(Fault::on_the_way)?;
    let said = person.update(grant.id(), &everything(&grant)).await?;
    refused(&mut person, said, Code::Expired).await
}

/// A minute in milliseconds: the times of documents are whole ones.
const MINUTE: u64 = 60_000;

/// Seconds into the minute.
fn seconds(at: Timestamp) -> u64 {
    at.millis() % MINUTE / 1_000
}

async fn not_normalised(subject: &mut Subject) -> Tried {
    let (person, receipt) = subject.agreed().await?;
    let path = receipt.subject().scope[0].path.clone();
    for value in ["", "a\u{202e}b"] {
        let said = person.update(receipt.id(), &[(path.clone(), Some(value.to_owned()))]).await?;
        refused(person, said, Code::Malformed).await?;
    }
    Ok(())
}
