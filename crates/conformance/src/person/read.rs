//! How a node answers live reads.

use std::collections::BTreeSet;
use std::time::Duration;

use freehold_protocol::code::Code;
use freehold_protocol::disclosure::Grant;
use freehold_protocol::id::MessageId;
use freehold_protocol::identity::SigningKey;
use freehold_protocol::path::Path;
use freehold_protocol::read::{ReadAnswer, ReadRequest, open_answer};
use freehold_protocol::vocabulary::Vocabulary;

use super::{FIELDS, Subject, Vendor};
use crate::rule::{Fault, Rule, Tried, broken, ensure, ensure_code, rule, skipped};
use crate::sample::{entropy, seed, stranger};

/// How long an answer may take, and a moment more.
const ANSWER_MAX: Duration = Duration::from_secs(11);

pub(super) fn rules() -> Vec<Rule<Subject>> {
    vec![
        rule!("data", "16", "a live read within the grant is answered with exactly the asked paths", within),
        rule!("data", "16", "a live read for another purpose: 402", other_purpose),
        rule!("data", "16", "a live read of another path: 401", other_path),
        rule!("data", "17", "a live read by another key gets no answer", other_signer),
        rule!("data", "17", "a live read to somebody else gets no answer", other_audience),
    ]
}

/// A request for the first field under the grant's own purpose.
pub(super) fn question(vendor: &Vendor, receipt: &Grant) -> Tried<ReadRequest> {
    let path = Path::parse(FIELDS[0]).map_err(|error| Fault::Skipped(error.to_string()))?;
    let purpose = receipt.subject().scope.iter().find(|item| item.path == path);
    let Some(purpose) = purpose.and_then(|item| item.purposes.first().cloned()) else {
        return skipped("the grant does not cover the first field");
    };
    let id = MessageId::from_entropy(entropy());
    Ok(ReadRequest { id, to: vendor.peer.theirs.clone(), paths: BTreeSet::from([path]), purpose })
}

/// What comes back on the stream of a read; nothing when it is reset.
async fn answered(vendor: &mut Vendor, signed: Vec<u8>) -> Tried<Option<Vec<u8>>> {
    let frames = vendor.peer.line()?.connection().open_read().await;
    let frames = frames.map_err(|error| Fault::Broken(format!("it takes no read: {error}")))?;
    let (sender, mut receiver) = frames.split();
    sender.send(signed).await.map_err(|_| Fault::Broken("it closed the stream".into()))?;
    match tokio::time::timeout(ANSWER_MAX, receiver.recv()).await {
        Ok(Some(Ok(answer))) => Ok(Some(answer)),
        Ok(Some(Err(_)) | None) => Ok(None),
        Err(_) => broken("it neither answered nor ended the stream"),
    }
}

async fn ask(vendor: &mut Vendor, request: &ReadRequest) -> Tried<ReadAnswer> {
    let signed = request.sign(&vendor.peer.key);
    let Some(answer) = answered(vendor, signed).await? else { return broken("it reset the stream") };
    open_answer(&answer, &vendor.peer.their_key, &vendor.peer.own, request)
        .map_err(|code| Fault::Broken(format!("its answer is not acceptable: {code}")))
}

/// A read that must be denied.
pub(super) async fn denied(vendor: &mut Vendor, request: &ReadRequest, code: Code) -> Tried {
    match ask(vendor, request).await?.denied {
        Some(got) => ensure_code(got, &[code]),
        None => broken("it gave the values"),
    }
}

async fn within(subject: &mut Subject) -> Tried {
    let (vendor, receipt) = subject.agreed().await?;
    let request = question(vendor, &receipt)?;
    let answer = ask(vendor, &request).await?;
    if let Some(code) = answer.denied {
        return broken(format!("it said {code}"));
    }
    // That the paths are exactly those asked is checked where an answer is opened.
    let values = answer.fields.unwrap_or_default();
    ensure(values.values().all(Option::is_some), || "the field is empty".into())
}

async fn other_purpose(subject: &mut Subject) -> Tried {
    let (vendor, receipt) = subject.agreed().await?;
    let asked = question(vendor, &receipt)?;
    let other = Vocabulary::standard().purposes().iter().map(|purpose| purpose.iri.clone());
    let Some(purpose) = other.into_iter().find(|purpose| *purpose != asked.purpose) else { return Ok(()) };
    denied(vendor, &ReadRequest { purpose, ..asked }, Code::WrongPurpose).await
}

async fn other_path(subject: &mut Subject) -> Tried {
    let (vendor, receipt) = subject.agreed().await?;
    let asked = question(vendor, &receipt)?;
    let mut paths = asked.paths.clone();
    paths.insert(stranger());
    denied(vendor, &ReadRequest { paths, ..asked }, Code::NotInScope).await
}

async fn other_signer(subject: &mut Subject) -> Tried {
    let (vendor, receipt) = subject.agreed().await?;
    let request = question(vendor, &receipt)?;
    let signed = request.sign(&SigningKey::from_seed(&seed()));
    let answer = answered(vendor, signed).await?;
    ensure(answer.is_none(), || "it answered".into())
}

async fn other_audience(subject: &mut Subject) -> Tried {
    let (vendor, receipt) = subject.agreed().await?;
    let to = SigningKey::from_seed(&seed()).public().did();
    let signed = ReadRequest { to, ..question(vendor, &receipt)? }.sign(&vendor.peer.key);
    let answer = answered(vendor, signed).await?;
    ensure(answer.is_none(), || "it answered".into())
}
