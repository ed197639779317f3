//! Releases: from the gate to a message, with the audit entry in the same transaction.

use std::collections::{BTreeMap, BTreeSet};

use freehold_mailbox::{Desk, Mailbox};
use freehold_protocol::audit::{AuditEvent, AuditRecord};
use freehold_protocol::code::Code;
use freehold_protocol::data;
use freehold_protocol::disclosure::{Ask, Disclosure, Grant, Permit, authorize};
use freehold_protocol::id::{GrantId, RelationshipId};
use freehold_protocol::identity::Did;
use freehold_protocol::limits::{PATHS_MAX, UPDATE_BYTES_MAX};
use freehold_protocol::mailbox::{Entry, EntryBody};
use freehold_protocol::message::{Message, MessageType};
use freehold_protocol::path::Path;
use freehold_protocol::release::{Line, Mark, Version};
use freehold_protocol::time::Timestamp;
use freehold_store::Txn;
use freehold_vault::agreements::{self, StoredGrant};
use freehold_vault::{audit, fields, lines};

/// Bytes that a field of an update takes besides its path and value: two CBOR heads.
const FIELD_OVERHEAD: usize = 10;

/// An update that is written down and may be sent.
pub(crate) struct Released {
    pub(crate) message: Message,
    pub(crate) versions: BTreeMap<Path, Version>,
    pub(crate) epoch: u32,
}

fn storage<E>(_: E) -> Code {
    Code::StorageFailed
}

/// The grant an update's entry belongs to.
pub(crate) fn reference_of(entry: &Entry) -> Result<GrantId, Code> {
    match &entry.body {
        EntryBody::Composed(reference) => {
            let text = std::str::from_utf8(reference).map_err(|_| Code::StorageFailed)?;
            GrantId::parse(text).map_err(|_| Code::StorageFailed)
        }
        EntryBody::Fixed(_) => Err(Code::StorageFailed),
    }
}

/// Queues and composes a fresh update of the fields that are due.
pub(crate) fn release(
    txn: &mut Txn,
    relationship: &RelationshipId,
    vendor: &Did,
    grant_id: &GrantId,
    due: &BTreeSet<Path>,
    now: Timestamp,
) -> Result<Option<Released>, Code> {
    let mut stored = agreements::grant(txn, grant_id).map_err(storage)?.ok_or(Code::NoGrant)?;
    let grant = Grant::read(&stored.document)?;
    let effective = stored.state.effective(&grant);
    let paths = fitting(txn, due.intersection(&effective))?;
    if paths.is_empty() {
        return Ok(None);
    }
    let permit = authorize(&grant, &stored.state, Ask::Update, &paths, now)?;
    let kind = MessageType::parse(data::UPDATE)?;
    let reference = EntryBody::Composed(grant_id.as_str().as_bytes().to_vec());
    let entry = Mailbox::new(relationship).queue(txn, &kind, None, reference, now).map_err(storage)?;
    let (disclosure, versions) = fill(txn, vendor, &mut stored, permit, entry.seq, now)?;
    let message = entry.into_message(vendor.clone(), data::update_body(disclosure));
    Ok(Some(Released { message, versions, epoch: stored.state.epoch }))
}

/// Composes an update again that the vendor did not get: with what it lacks now, or with nothing when the grant
/// has ended.
pub(crate) fn compose_again(desk: &mut Desk<'_>, entry: &Entry, _: &[u8]) -> Result<Vec<u8>, Code> {
    let grant_id = reference_of(entry)?;
    let Some(mut stored) = agreements::grant(&*desk.txn, &grant_id).map_err(storage)? else {
        return Ok(data::update_body(Disclosure::void(grant_id)));
    };
    let grant = Grant::read(&stored.document)?;
    let mut lacking = BTreeSet::new();
    let known: BTreeMap<Path, Line> = lines::of_grant(&*desk.txn, &grant_id)
        .map_err(storage)?
        .into_iter()
        .map(|line| (line.path.clone(), line))
        .collect();
    for path in stored.state.effective(&grant) {
        let version = fields::version(&*desk.txn, &path).map_err(storage)?;
        if version > known.get(&path).and_then(|line| line.stored).map_or(0, |mark| mark.version) {
            lacking.insert(path);
        }
    }
    let lacking = fitting(&*desk.txn, lacking.iter())?;
    let Ok(permit) = authorize(&grant, &stored.state, Ask::Update, &lacking, desk.now) else {
        return Ok(data::update_body(Disclosure::void(grant_id)));
    };
    let (disclosure, _) = fill(desk.txn, desk.peer, &mut stored, permit, entry.seq, desk.now)?;
    Ok(data::update_body(disclosure))
}

/// As many of these paths as one update can carry; the others stay due.
fn fitting<'a>(txn: &Txn, paths: impl Iterator<Item = &'a Path>) -> Result<BTreeSet<Path>, Code> {
    let (mut taken, mut bytes) = (BTreeSet::new(), 0);
    for path in paths {
        let value = fields::current(txn, path).map_err(storage)?.and_then(|version| version.value);
        bytes += path.as_str().len() + value.map_or(0, |value| value.len()) + FIELD_OVERHEAD;
        if bytes > UPDATE_BYTES_MAX || taken.len() == PATHS_MAX {
            break;
        }
        taken.insert(path.clone());
    }
    Ok(taken)
}

/// Fills a permit with current values and writes down what is about to leave: the lines and the audit entry.
fn fill(
    txn: &mut Txn,
    vendor: &Did,
    stored: &mut StoredGrant,
    permit: Permit,
    seq: u64,
    now: Timestamp,
) -> Result<(Disclosure, BTreeMap<Path, Version>), Code> {
    let grant_id = stored.id().map_err(storage)?;
    let paths = permit.paths().clone();
    let mut versions = BTreeMap::new();
    let disclosure = permit.fill(|path| {
        let current = fields::current(txn, path).map_err(storage)?;
        versions.insert(path.clone(), fields::version(txn, path).map_err(storage)?);
        Ok::<_, Code>(current.and_then(|version| version.value))
    })?;
    let known = lines::of_grant(txn, &grant_id).map_err(storage)?;
    for (path, version) in &versions {
        let mut line =
            known.iter().find(|line| line.path == *path).cloned().unwrap_or_else(|| Line::new(path.clone()));
        line.mark_sent(Mark { version: *version, seq, at: now });
        lines::save(txn, &grant_id, &line);
    }
    stored.last_release = seq;
    agreements::put_grant(txn, stored).map_err(storage)?;
    let event = AuditEvent::Released { update: seq };
    let record = AuditRecord { at: now, vendor: vendor.clone(), grant: Some(grant_id), paths, event };
    audit::append(txn, record).map_err(storage)?;
    Ok((disclosure, versions))
}
