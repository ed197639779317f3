//! The vendor's signed answer to a revocation.

use freehold_mailbox::{Mailbox, entropy};
use freehold_protocol::code::Code;
use freehold_protocol::data::{Carried, ERASURE};
use freehold_protocol::document::{Document, ErasureLine, ErasureResult, ErasureSubject, Issue, Reference};
use freehold_protocol::id::{ErasureId, RevocationId};
use freehold_protocol::identity::Did;
use freehold_protocol::mailbox::EntryBody;
use freehold_protocol::message::MessageType;
use freehold_protocol::path::Path;
use freehold_protocol::time::Timestamp;
use freehold_store::{ReadError, Txn};

use crate::keys::Identity;
use crate::log::{Owed, Record};
use crate::relationship::Relationship;
use crate::shared::Shared;
use crate::tables;

/// Signs, keeps and queues the receipt of an erasure that the vendor's systems have taken; says whether it could be signed.
pub(crate) fn queue(
    txn: &mut Txn,
    shared: &Shared,
    record: &Record,
    owed: &Owed,
    revocation: &Reference<RevocationId>,
    now: Timestamp,
) -> Result<bool, ReadError> {
    let known = Relationship::load(txn, &record.relationship)?.ok_or(ReadError::Corrupt)?;
    let identity = shared.keys.at(known.generation);
    let receipt = match receipt(&identity, known.peer, revocation, record, now) {
        Ok(receipt) => receipt,
        // Trying again changes nothing, and the events behind it need not suffer.
        Err(code) => {
            tracing::error!(event = record.n, %code, "an erasure receipt could not be signed: the person gets none");
            return Ok(false);
        }
    };
    txn.put(tables::erasure(txn, &record.relationship, record.n), receipt.bytes());
    let kind = MessageType::parse(ERASURE).expect("the protocol's own types parse");
    let body = EntryBody::Fixed(Carried::body(receipt.bytes()));
    Mailbox::new(&record.relationship).queue(txn, &kind, Some(owed.message), body, now)?;
    Ok(true)
}

/// Every path that was erased, and what a sink says of those that were not. It is shorter than the grant, which names the same
/// paths with their purposes.
fn receipt(
    identity: &Identity,
    person: Did,
    revocation: &Reference<RevocationId>,
    record: &Record,
    now: Timestamp,
) -> Result<Document<ErasureSubject>, Code> {
    let result = |path: &Path| {
        let said = record.not_erased.iter().find(|line| line.path == *path).cloned();
        let erased = || {
            let (result, exception, until) = (ErasureResult::Erased, None, None);
            ErasureLine { path: path.clone(), result, exception, until }
        };
        said.unwrap_or_else(erased)
    };
    let issue = Issue {
        id: ErasureId::from_entropy(entropy()),
        issuer: identity.did.clone(),
        valid_from: now,
        valid_until: None,
        subject: ErasureSubject {
            id: person,
            revocation: revocation.clone(),
            results: record.paths.iter().map(result).collect(),
        },
    };
    Document::issue(issue, &identity.vendor)
}
