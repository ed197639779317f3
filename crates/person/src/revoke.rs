//! Revocation: written down, queued and audited in one transaction.

use std::collections::BTreeSet;

use freehold_mailbox::Mailbox;
use freehold_protocol::audit::{AuditEvent, AuditRecord};
use freehold_protocol::data::{self, Carried};
use freehold_protocol::disclosure::GrantStatus;
use freehold_protocol::document::{Document, Issue, RevocationSubject};
use freehold_protocol::id::{GrantId, RevocationId};
use freehold_protocol::identity::SigningKey;
use freehold_protocol::mailbox::EntryBody;
use freehold_protocol::message::MessageType;
use freehold_protocol::path::Path;
use freehold_protocol::time::{Lag, Timestamp};
use freehold_store::Txn;
use freehold_store::planted::{self, Bug};
use freehold_vault::LookupError;
use freehold_vault::agreements::{self, StoredRevocation};
use freehold_vault::audit;
use freehold_vault::relationships::Relationship;

use crate::error::PersonError;

/// A revocation that is written down.
#[derive(Debug, Clone)]
pub(crate) struct Revoked {
    pub(crate) revocation: RevocationId,
    pub(crate) paths: BTreeSet<Path>,
    pub(crate) last_sequence: u64,
}

/// Revokes paths of a grant, or all that is left of it.
pub(crate) fn revoke(
    txn: &mut Txn,
    relationship: &Relationship,
    key: &SigningKey,
    grant_id: &GrantId,
    paths: Option<&BTreeSet<Path>>,
    now: Timestamp,
) -> Result<Revoked, PersonError> {
    let missing = || PersonError::Lookup(LookupError::Unknown { what: "grant" });
    let mut stored = agreements::grant(txn, grant_id)?.ok_or_else(missing)?;
    let grant = stored.read()?;
    match stored.state.status {
        GrantStatus::Revoked => return Err(PersonError::State("the grant is revoked already".into())),
        GrantStatus::Refused => {
            return Err(PersonError::State(
                "the vendor refused the grant: there is nothing to revoke".into(),
            ));
        }
        GrantStatus::Offered | GrantStatus::Standing | GrantStatus::Used | GrantStatus::Held => {}
    }
    let left: BTreeSet<Path> = grant
        .subject()
        .scope
        .iter()
        .map(|item| item.path.clone())
        .filter(|path| !stored.state.revoked.contains(path))
        .collect();
    let paths = paths.cloned().unwrap_or_else(|| left.clone());
    if paths.is_empty() || !paths.is_subset(&left) {
        let known = left.iter().map(Path::to_string).collect::<Vec<_>>().join(", ");
        return Err(PersonError::State(format!("name paths that the grant still covers: {known}")));
    }
    let before = stored.state.clone();
    stored.state.revoke(&grant, &paths);
    let subject = RevocationSubject {
        // The vendor as the grant names it, which may have had another DID then.
        id: grant.subject().id.clone(),
        grant: grant.reference(),
        paths: paths.iter().cloned().collect(),
        whole: stored.state.status == GrantStatus::Revoked,
        last_sequence: stored.last_release,
    };
    let issue = Issue {
        id: RevocationId::from_entropy(freehold_mailbox::entropy()),
        issuer: relationship.own.clone(),
        valid_from: now.told(Lag::of(&relationship.id)),
        valid_until: None,
        subject,
    };
    let document = Document::issue(issue, key)?;
    let mailbox = Mailbox::new(&relationship.id);
    let kind = MessageType::parse(data::REVOCATION)?;
    let body = EntryBody::Fixed(Carried::body(document.bytes()));
    let entry = mailbox.queue(txn, &kind, None, body, now)?;
    stored.revocations.push(StoredRevocation {
        document: document.bytes().to_vec(),
        at: now,
        seq: entry.seq,
        erasure: None,
    });
    if planted::is_on(Bug::ReleasedAfterRevoke) {
        stored.state = before;
    }
    agreements::put_grant(txn, &stored)?;
    audit::append(
        txn,
        AuditRecord {
            at: now,
            vendor: relationship.vendor.clone(),
            grant: Some(grant_id.clone()),
            paths: paths.clone(),
            event: AuditEvent::Revoked,
        },
    )?;
    let last_sequence = stored.last_release;
    Ok(Revoked { revocation: document.id().clone(), paths, last_sequence })
}
