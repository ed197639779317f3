//! Releases: from the gate to a message, with the audit entry in the same transaction.

use std::collections::{BTreeMap, BTreeSet};

use freehold_mailbox::{Desk, Mailbox};
use freehold_protocol::audit::{AuditEvent, AuditRecord};
use freehold_protocol::code::Code;
use freehold_protocol::data;
use freehold_protocol::disclosure::{Ask, Disclosure, Permit, authorize};
use freehold_protocol::document::Mode;
use freehold_protocol::id::{GrantId, RelationshipId};
use freehold_protocol::identity::Did;
use freehold_protocol::limits::{PATHS_MAX, UPDATE_BYTES_MAX};
use freehold_protocol::mailbox::{Entry, EntryBody};
use freehold_protocol::message::{Message, MessageType};
use freehold_protocol::path::Path;
use freehold_protocol::release::{Line, Mark, Version};
use freehold_protocol::time::Timestamp;
use freehold_store::Txn;
use freehold_store::planted::{self, Bug};
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
    let grant = stored.read().map_err(storage)?;
    let effective = stored.state.effective(&grant);
    let paths = fitting(txn, due.intersection(&effective))?;
    if paths.is_empty() {
        return Ok(None);
    }
    let permit = authorize(&grant, &stored.state, Ask::Update, &paths, now)?;
    let kind = MessageType::parse(data::UPDATE)?;
    let reference = EntryBody::Composed(grant_id.as_str().as_bytes().to_vec());
    let entry = Mailbox::new(relationship).queue(txn, &kind, None, reference, now).map_err(storage)?;
    let versions = newest(txn, paths)?;
    let disclosure = fill(txn, vendor, &mut stored, permit, &versions, entry.seq, now)?;
    let message = entry.into_message(vendor.clone(), data::update_body(disclosure));
    Ok(Some(Released { message, versions, epoch: stored.state.epoch }))
}

/// A planted fault: as [`release`], and nothing of it is written down.
pub(crate) fn unwritten(
    txn: &mut Txn,
    relationship: &RelationshipId,
    vendor: &Did,
    grant_id: &GrantId,
    due: &BTreeSet<Path>,
    now: Timestamp,
) -> Result<Option<Released>, Code> {
    let mut released = Ok(None);
    let _ = txn.attempt(|txn| {
        released = release(txn, relationship, vendor, grant_id, due, now);
        Err::<(), ()>(())
    });
    released
}

/// A planted fault: an update of whatever a vendor lacks, which may be nothing.
pub(crate) fn leak(
    txn: &mut Txn,
    relationship: &RelationshipId,
    grant_id: &GrantId,
    now: Timestamp,
) -> Result<(), Code> {
    let kind = MessageType::parse(data::UPDATE)?;
    let reference = EntryBody::Composed(grant_id.as_str().as_bytes().to_vec());
    Mailbox::new(relationship).queue(txn, &kind, None, reference, now).map(drop).map_err(storage)
}

/// Composes an update again that the vendor did not get: with what it lacks now, or with nothing when the grant
/// has ended. A vendor may only say that it did not get it, so under [`Mode::Once`] it gets the same versions again
/// and never newer ones. What is left out this time is due again.
pub(crate) fn compose_again(desk: &mut Desk<'_>, entry: &Entry, _: &[u8]) -> Result<Vec<u8>, Code> {
    let grant_id = reference_of(entry)?;
    let Some(mut stored) = agreements::grant(&*desk.txn, &grant_id).map_err(storage)? else {
        return Ok(data::update_body(Disclosure::void(grant_id)));
    };
    let grant = stored.read().map_err(storage)?;
    let known: BTreeMap<Path, Line> = lines::of_grant(&*desk.txn, &grant_id)
        .map_err(storage)?
        .into_iter()
        .map(|line| (line.path.clone(), line))
        .collect();
    let effective = stored.state.effective(&grant);
    let wanted = match grant.subject().mode {
        Mode::Once => sent_in(desk.txn, entry.seq, &known, &effective)?,
        Mode::Continuous => {
            let mut lacking = newest(desk.txn, effective)?;
            lacking.retain(|path, version| {
                known.get(path).map_or(*version > 0, |line| line.lacks(Mode::Continuous, *version))
            });
            lacking
        }
    };
    let paths = fitting(desk.txn, wanted.keys())?;
    let permit = authorize(&grant, &stored.state, Ask::Update, &paths, desk.now).ok();
    for (path, mut line) in known {
        let left_out = permit.as_ref().is_none_or(|permit| !permit.paths().contains(&path));
        if left_out && line.mark_left_out(entry.seq) {
            lines::save(desk.txn, &grant_id, &line).map_err(storage)?;
        }
    }
    let disclosure = match permit {
        None => Disclosure::void(grant_id),
        Some(permit) => fill(desk.txn, desk.peer, &mut stored, permit, &wanted, entry.seq, desk.now)?,
    };
    Ok(data::update_body(disclosure))
}

/// The fields that an update carried, in the versions that it carried, less what was erased or may no longer leave.
fn sent_in(
    txn: &Txn,
    seq: u64,
    known: &BTreeMap<Path, Line>,
    effective: &BTreeSet<Path>,
) -> Result<BTreeMap<Path, Version>, Code> {
    let mut sent = BTreeMap::new();
    for (path, line) in known.iter().filter(|(path, _)| effective.contains(*path)) {
        let Some(mark) = line.sent.filter(|mark| mark.seq == seq) else { continue };
        if fields::at(txn, path, mark.version).map_err(storage)?.is_some() {
            sent.insert(path.clone(), mark.version);
        }
    }
    Ok(sent)
}

/// The present version of each field.
fn newest(txn: &Txn, paths: BTreeSet<Path>) -> Result<BTreeMap<Path, Version>, Code> {
    let version = |path: Path| fields::version(txn, &path).map(|version| (path, version)).map_err(storage);
    paths.into_iter().map(version).collect()
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

/// Fills a permit with the values of these versions and writes down what is about to leave: the lines and the audit
/// entry.
fn fill(
    txn: &mut Txn,
    vendor: &Did,
    stored: &mut StoredGrant,
    permit: Permit,
    versions: &BTreeMap<Path, Version>,
    seq: u64,
    now: Timestamp,
) -> Result<Disclosure, Code> {
    let grant_id = stored.id().map_err(storage)?;
    let paths = permit.paths().clone();
    let disclosure = permit.fill(|path| {
        let mut version = versions.get(path).copied().unwrap_or_default();
        if planted::is_on(Bug::StaleComposedAgain)
            && let Some(sent) = lines::line(txn, &grant_id, path).map_err(storage)?.and_then(|line| line.sent)
            && sent.seq == seq
        {
            version = sent.version;
        }
        let held = fields::at(txn, path, version).map_err(storage)?;
        Ok::<_, Code>(held.and_then(|version| version.value))
    })?;
    for path in &paths {
        let version = versions.get(path).copied().unwrap_or_default();
        let line = lines::line(txn, &grant_id, path).map_err(storage)?;
        let mut line = line.unwrap_or_else(|| Line::new(path.clone()));
        line.mark_sent(Mark { version, seq, at: now });
        lines::save(txn, &grant_id, &line).map_err(storage)?;
    }
    stored.last_release = seq;
    agreements::put_released(txn, stored).map_err(storage)?;
    let event = AuditEvent::Released { update: seq };
    let record = AuditRecord { at: now, vendor: vendor.clone(), grant: Some(grant_id), paths, event };
    audit::append(txn, record).map_err(storage)?;
    Ok(disclosure)
}

#[cfg(test)]
mod tests;
