//! Change sets: what was changed together, from where and when. They name fields and versions, never values.

use std::collections::BTreeMap;

use freehold_mailbox::record;
use freehold_protocol::id::ChangeId;
use freehold_protocol::path::Path;
use freehold_protocol::release::Version;
use freehold_protocol::time::Timestamp;
use freehold_store::{Key, ReadError, Reader, Txn};
use serde::{Deserialize, Serialize};

use crate::lookup::{LookupError, only};
use crate::parts;
use crate::tables::{CHANGE_NUMBERS, CHANGES, named};

/// Fields that changed together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeSet {
    /// Its id; never leaves the node.
    pub id: ChangeId,
    /// When, by the node's clock.
    pub at: Timestamp,
    /// What made it: `cli`, `import:vcard`.
    pub source: String,
    /// The version that each field got.
    pub versions: BTreeMap<Path, Version>,
}

/// Writes a change set as the newest.
pub(super) fn append(txn: &mut Txn, set: &ChangeSet) -> Result<(), ReadError> {
    let number = newest(txn)? + 1;
    parts::save(txn, &set_key(number), set)?;
    record::save(txn, named(txn, CHANGE_NUMBERS, set.id.as_str()), &number);
    Ok(())
}

/// A change set.
///
/// # Errors
/// The store's.
pub fn change(reader: &impl Reader, id: &ChangeId) -> Result<Option<ChangeSet>, ReadError> {
    let number: Option<u64> = record::load(reader, &named(reader, CHANGE_NUMBERS, id.as_str()))?;
    number.map_or(Ok(None), |number| parts::load(reader, &set_key(number)))
}

/// The change set that a person meant by its id or a prefix of it.
///
/// # Errors
/// [`LookupError`] unless it is exactly one.
pub fn change_meant_by(reader: &impl Reader, text: &str) -> Result<ChangeSet, LookupError> {
    if let Ok(id) = ChangeId::parse(text) {
        return only("change", change(reader, &id)?.into_iter().collect());
    }
    let mut meant: Vec<ChangeSet> = parts::list(reader, &Key::new(CHANGES))?;
    meant.retain(|set| set.id.is_meant_by(text));
    only("change", meant)
}

/// At most `limit` change sets, the newest first.
///
/// # Errors
/// The store's.
pub fn changes(reader: &impl Reader, limit: usize) -> Result<Vec<ChangeSet>, ReadError> {
    let numbers = (1..=newest(reader)?).rev().take(limit);
    numbers.map(|number| parts::load(reader, &set_key(number))?.ok_or(ReadError::Corrupt)).collect()
}

/// The number of the newest change set; 0 before the first.
fn newest(reader: &impl Reader) -> Result<u64, ReadError> {
    let Some((part, _)) = reader.last(&Key::new(CHANGES))? else { return Ok(0) };
    Key::from_bytes(parts::owner(&part).to_vec()).last_u64().ok_or(ReadError::Corrupt)
}

fn set_key(number: u64) -> Key {
    Key::new(CHANGES).with_u64(number)
}
