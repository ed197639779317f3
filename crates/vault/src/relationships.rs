//! Relationships: one vendor, under an identity that is used with nobody else.

use std::fmt;

use freehold_mailbox::record;
use freehold_protocol::id::RelationshipId;
use freehold_protocol::identity::Did;
use freehold_protocol::time::Timestamp;
use freehold_store::{Key, ReadError, Reader, Txn};
use serde::{Deserialize, Serialize};

use crate::lookup::{LookupError, only};
use crate::parts;
use crate::tables::{NEXT_INDEX, RELATIONSHIPS, named};

/// One relationship. Its `Debug` shows the id only.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Relationship {
    /// Its id; never leaves the node.
    pub id: RelationshipId,
    /// Its place in the derivation of pairwise keys; never used for another.
    pub index: u64,
    /// How often its key was renewed.
    pub generation: u32,
    /// The person's DID in it.
    pub own: Did,
    /// The vendor's DID.
    pub vendor: Did,
    /// The vendor, as it calls itself.
    pub vendor_name: Option<String>,
    /// The invitation's token, until the first session used it.
    #[serde(with = "serde_bytes")]
    pub invitation: Option<[u8; 16]>,
    /// Where the vendor's hub is dialled.
    pub addresses: Vec<String>,
    /// The keys that may sign documents for the vendor, as its DID was last resolved.
    pub assertion_keys: Vec<[u8; 32]>,
    /// The key that the vendor said it will use next.
    #[serde(with = "serde_bytes")]
    pub vendor_next_key: Option<[u8; 32]>,
    /// How many seconds may pass between connections when none is kept open.
    pub check_in_secs: Option<u32>,
    /// When it was made.
    pub created: Timestamp,
    /// When a session was last open.
    pub last_connected: Option<Timestamp>,
    /// What last went wrong, and when.
    pub last_error: Option<(Timestamp, String)>,
}

impl fmt::Debug for Relationship {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Relationship({:?})", self.id)
    }
}

/// The index for the keys of the next relationship. [`add`] takes it.
///
/// # Errors
/// The store's.
pub fn next_index(reader: &impl Reader) -> Result<u64, ReadError> {
    Ok(record::load(reader, &Key::new(NEXT_INDEX))?.unwrap_or_default())
}

/// Adds a relationship. Its index is not given out again.
///
/// # Errors
/// The store's.
pub fn add(txn: &mut Txn, relationship: &Relationship) -> Result<(), ReadError> {
    let next = next_index(txn)?.max(relationship.index.saturating_add(1));
    record::save(txn, Key::new(NEXT_INDEX), &next);
    save(txn, relationship)
}

/// Writes a relationship that changed.
///
/// # Errors
/// The store's.
pub fn save(txn: &mut Txn, relationship: &Relationship) -> Result<(), ReadError> {
    let key = named(txn, RELATIONSHIPS, relationship.id.as_str());
    parts::save(txn, &key, relationship)
}

/// Removes a relationship that never began. Its index is not given out again.
///
/// # Errors
/// The store's.
pub fn remove(txn: &mut Txn, id: &RelationshipId) -> Result<(), ReadError> {
    let key = named(txn, RELATIONSHIPS, id.as_str());
    txn.erase_prefix(&key).map(|_| ())
}

/// A relationship.
///
/// # Errors
/// The store's.
pub fn get(reader: &impl Reader, id: &RelationshipId) -> Result<Option<Relationship>, ReadError> {
    parts::load(reader, &named(reader, RELATIONSHIPS, id.as_str()))
}

/// All relationships, in the order they were made.
///
/// # Errors
/// The store's.
pub fn all(reader: &impl Reader) -> Result<Vec<Relationship>, ReadError> {
    let mut all: Vec<Relationship> = parts::list(reader, &Key::new(RELATIONSHIPS))?;
    all.sort_by_key(|relationship| relationship.index);
    Ok(all)
}

/// The relationship that a person meant by its id, a prefix of it or the vendor's DID.
///
/// # Errors
/// [`LookupError`] unless it is exactly one.
pub fn meant_by(reader: &impl Reader, text: &str) -> Result<Relationship, LookupError> {
    let mut meant = all(reader)?;
    meant.retain(|it| it.id.is_meant_by(text) || it.vendor.as_str() == text);
    only("relationship", meant)
}
