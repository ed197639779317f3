//! What the hub holds of a person: receipts, and values under each grant.
//!
//! Values are kept per grant, so that what came under one grant is gone with it, whatever another one gives.

use std::collections::BTreeSet;
use std::sync::Arc;

use freehold_mailbox::record::{list, load, save, save_erasable};
use freehold_protocol::disclosure::Grant;
use freehold_protocol::id::{GrantId, RelationshipId};
use freehold_protocol::intake::{Intake, IntakeState};
use freehold_protocol::path::Path;
use freehold_protocol::time::Timestamp;
use freehold_store::{ReadError, Reader, Txn};
use serde::{Deserialize, Serialize};

use crate::shared::Shared;
use crate::tables;

/// What happened to a grant since it came. Its receipt is a record of its own, which never changes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Held {
    pub(crate) grant: GrantId,
    pub(crate) state: IntakeState,
    /// When it came.
    pub(crate) at: Timestamp,
}

/// One value under one grant.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct HeldValue {
    pub(crate) path: Path,
    pub(crate) value: Option<String>,
    /// The update that brought it.
    pub(crate) seq: u64,
    pub(crate) at: Timestamp,
}

/// Where an expiring grant is found.
#[derive(Serialize, Deserialize)]
pub(crate) struct End {
    pub(crate) relationship: RelationshipId,
    pub(crate) grant: GrantId,
}

/// Every grant of a relationship, oldest first.
pub(crate) fn grants(reader: &impl Reader, id: &RelationshipId) -> Result<Vec<Held>, ReadError> {
    let mut grants: Vec<Held> = list(reader, &tables::held_grants(reader, id))?;
    grants.sort_by(|a, b| (a.at, &a.grant).cmp(&(b.at, &b.grant)));
    Ok(grants)
}

/// Every value of a relationship.
pub(crate) fn values(reader: &impl Reader, id: &RelationshipId) -> Result<Vec<HeldValue>, ReadError> {
    list(reader, &tables::values(reader, id))
}

/// Every value under one grant.
pub(crate) fn values_of(
    reader: &impl Reader,
    id: &RelationshipId,
    grant: &GrantId,
) -> Result<Vec<HeldValue>, ReadError> {
    list(reader, &tables::values_under(reader, id, grant))
}

/// The receipt of a grant. What a transaction reads is not kept parsed: its group may not be committed.
pub(crate) fn receipt(
    reader: &impl Reader,
    shared: &Shared,
    id: &RelationshipId,
    grant: &GrantId,
) -> Result<Option<Arc<Grant>>, ReadError> {
    let key = tables::receipt(reader, id, grant);
    if let Some(known) = shared.grants.get(&key) {
        return Ok(Some(known));
    }
    let recall = |bytes: Vec<u8>| Grant::recall(&bytes).map(Arc::new).map_err(|_| ReadError::Corrupt);
    reader.get(&key)?.map(recall).transpose()
}

/// Keeps a receipt parsed. What it was read from has to be committed.
pub(crate) fn keep_parsed(shared: &Shared, id: &RelationshipId, receipt: Arc<Grant>) {
    shared.grants.keep(tables::receipt(&shared.store, id, receipt.id()), receipt);
}

/// A grant with its state.
pub(crate) fn load_held(
    reader: &impl Reader,
    shared: &Shared,
    id: &RelationshipId,
    grant: &GrantId,
) -> Result<Option<(Held, Arc<Grant>, Intake)>, ReadError> {
    let Some(held) = load::<Held>(reader, &tables::held_grant(reader, id, grant))? else { return Ok(None) };
    let receipt = receipt(reader, shared, id, grant)?.ok_or(ReadError::Corrupt)?;
    let intake = Intake::new(Arc::clone(&receipt), held.state.clone());
    Ok(Some((held, receipt, intake)))
}

/// Writes a grant's state.
pub(crate) fn save_held(txn: &mut Txn, id: &RelationshipId, held: &Held) {
    let key = tables::held_grant(txn, id, &held.grant);
    save(txn, key, held);
}

/// Keeps a value.
pub(crate) fn save_value(txn: &mut Txn, id: &RelationshipId, grant: &GrantId, value: &HeldValue) {
    let key = tables::value(txn, id, grant, &value.path);
    save_erasable(txn, key, value);
}

/// Destroys values.
pub(crate) fn erase_values(txn: &mut Txn, id: &RelationshipId, grant: &GrantId, paths: &BTreeSet<Path>) {
    for path in paths {
        let key = tables::value(txn, id, grant, path);
        txn.erase(&key);
    }
}
