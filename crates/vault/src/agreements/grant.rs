//! Grants that the person gave, with their revocations.

use std::fmt;

use freehold_mailbox::record;
use freehold_protocol::disclosure::{Grant, GrantState};
use freehold_protocol::document::{Document, ErasureSubject, RevocationSubject};
use freehold_protocol::id::{GrantId, MessageId, RelationshipId};
use freehold_protocol::path::Path;
use freehold_protocol::time::Timestamp;
use freehold_store::{Key, ReadError, Reader, Txn};
use serde::{Deserialize, Serialize};

use super::document_id;
use crate::lookup::{LookupError, only};
use crate::parts;
use crate::tables::{GRANTS, GRANTS_OF, SHARED, UNANSWERED, named, under};

/// A grant as it is kept.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredGrant {
    /// The signed document's exact bytes: the countersigned one once it came.
    #[serde(with = "serde_bytes")]
    pub document: Vec<u8>,
    /// Which relationship it is given in.
    pub relationship: RelationshipId,
    /// What has happened to it.
    pub state: GrantState,
    /// When it was given.
    pub given: Timestamp,
    /// When its countersignature came.
    pub standing_since: Option<Timestamp>,
    /// The revocations that narrowed or ended it, in order.
    pub revocations: Vec<StoredRevocation>,
    /// The message that offered it: the thread of the receipt.
    pub offered_message: MessageId,
    /// The sequence of the last update that carried values; 0 when none did.
    pub last_release: u64,
}

/// A revocation as it is kept.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredRevocation {
    /// The signed document's exact bytes.
    #[serde(with = "serde_bytes")]
    pub document: Vec<u8>,
    /// When the person revoked.
    pub at: Timestamp,
    /// The place of its message in the mailbox.
    pub seq: u64,
    /// The vendor's erasure receipt's exact bytes, and when it came.
    #[serde(with = "receipt")]
    pub erasure: Option<(Vec<u8>, Timestamp)>,
}

impl StoredGrant {
    /// Its id, read without verifying.
    ///
    /// # Errors
    /// [`ReadError::Corrupt`] when the bytes are no document.
    pub fn id(&self) -> Result<GrantId, ReadError> {
        document_id(&self.document)
    }

    /// The document, as it was verified before it was kept.
    ///
    /// # Errors
    /// [`ReadError::Corrupt`] when the bytes are no grant.
    pub fn read(&self) -> Result<Grant, ReadError> {
        Grant::recall(&self.document).map_err(|_| ReadError::Corrupt)
    }
}

impl StoredRevocation {
    /// The document, as it was verified before it was kept.
    ///
    /// # Errors
    /// [`ReadError::Corrupt`] when the bytes are no revocation.
    pub fn read(&self) -> Result<Document<RevocationSubject>, ReadError> {
        Document::recall(&self.document).map_err(|_| ReadError::Corrupt)
    }

    /// The erasure receipt, as it was verified before it was kept; `None` while there is none.
    ///
    /// # Errors
    /// [`ReadError::Corrupt`] when the bytes are no erasure receipt.
    pub fn read_erasure(&self) -> Result<Option<Document<ErasureSubject>>, ReadError> {
        let receipt = self.erasure.as_ref().map(|(bytes, _)| Document::recall(bytes));
        receipt.transpose().map_err(|_| ReadError::Corrupt)
    }
}

impl fmt::Debug for StoredGrant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoredGrant({} bytes, {:?})", self.document.len(), self.state.status)
    }
}

impl fmt::Debug for StoredRevocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoredRevocation({} bytes at {})", self.document.len(), self.at)
    }
}

/// Writes a grant, in place of the one with its id.
///
/// # Errors
/// [`ReadError::Corrupt`] when its bytes are no document, and the store's.
pub fn put_grant(txn: &mut Txn, grant: &StoredGrant) -> Result<(), ReadError> {
    let id = grant.id()?;
    let key = named(txn, GRANTS, id.as_str());
    parts::save(txn, &key, grant)?;
    let of = under(txn, of_key(txn, &grant.relationship), GRANTS_OF, id.as_str());
    list(txn, of, &id, true)?;
    note_lists(txn, grant, &id)
}

/// Writes a grant under which values have just left: nothing but [`StoredGrant::last_release`] has changed of it.
///
/// # Errors
/// As [`put_grant`].
pub fn put_released(txn: &mut Txn, grant: &StoredGrant) -> Result<(), ReadError> {
    let key = named(txn, GRANTS, grant.id()?.as_str());
    parts::save(txn, &key, grant)
}

/// Keeps the lists of the grants that share each field, and of those with a revocation that the vendor has not answered.
fn note_lists(txn: &mut Txn, grant: &StoredGrant, id: &GrantId) -> Result<(), ReadError> {
    let document = grant.read()?;
    let shared = grant.state.effective(&document);
    for item in &document.subject().scope {
        let key = under(txn, named(txn, SHARED, item.path.as_str()), SHARED, id.as_str());
        list(txn, key, id, shared.contains(&item.path))?;
    }
    let is_unanswered = grant.revocations.iter().any(|revocation| revocation.erasure.is_none());
    list(txn, named(txn, UNANSWERED, id.as_str()), id, is_unanswered)
}

/// Has a grant on a list, or not.
fn list(txn: &mut Txn, key: Key, id: &GrantId, wanted: bool) -> Result<(), ReadError> {
    match (wanted, txn.get(&key)?.is_some()) {
        (true, false) => record::save_erasable(txn, key, id),
        (false, true) => txn.delete(&key),
        _ => {}
    }
    Ok(())
}

/// The step of the tables that brought those lists.
pub(crate) fn fill(txn: &mut Txn) -> Result<(), ReadError> {
    for grant in grants(txn)? {
        note_lists(txn, &grant, &grant.id()?)?;
    }
    Ok(())
}

/// The grants that allow a vendor to see a field now, whether it holds a value or not. A date on which one ends by itself is for
/// the caller to compare.
///
/// # Errors
/// The store's.
pub fn sharing(reader: &impl Reader, path: &Path) -> Result<Vec<GrantId>, ReadError> {
    record::list(reader, &named(reader, SHARED, path.as_str()))
}

/// The grants with a revocation that the vendor has not answered, the oldest first.
///
/// # Errors
/// The store's.
pub fn unanswered(reader: &impl Reader) -> Result<Vec<StoredGrant>, ReadError> {
    let ids: Vec<GrantId> = record::list(reader, &Key::new(UNANSWERED))?;
    let found = ids.iter().map(|id| grant(reader, id)?.ok_or(ReadError::Corrupt));
    found.collect::<Result<_, _>>().map(oldest_first)
}

/// Whether a grant is one of this relationship's.
///
/// # Errors
/// The store's.
pub fn is_of(
    reader: &impl Reader,
    relationship: &RelationshipId,
    grant: &GrantId,
) -> Result<bool, ReadError> {
    let key = under(reader, of_key(reader, relationship), GRANTS_OF, grant.as_str());
    reader.get(&key).map(|found| found.is_some())
}

/// A grant.
///
/// # Errors
/// The store's.
pub fn grant(reader: &impl Reader, id: &GrantId) -> Result<Option<StoredGrant>, ReadError> {
    parts::load(reader, &named(reader, GRANTS, id.as_str()))
}

/// All grants, the oldest first.
///
/// # Errors
/// The store's.
pub fn grants(reader: &impl Reader) -> Result<Vec<StoredGrant>, ReadError> {
    parts::list(reader, &Key::new(GRANTS)).map(oldest_first)
}

/// The grants of a relationship, the oldest first. Reads no others.
///
/// # Errors
/// The store's.
pub fn grants_of(reader: &impl Reader, relationship: &RelationshipId) -> Result<Vec<StoredGrant>, ReadError> {
    let ids: Vec<GrantId> = record::list(reader, &of_key(reader, relationship))?;
    let found = ids.iter().map(|id| grant(reader, id)?.ok_or(ReadError::Corrupt));
    found.collect::<Result<_, _>>().map(oldest_first)
}

/// The grant that a person meant by its id or a prefix of it.
///
/// # Errors
/// [`LookupError`] unless it is exactly one.
pub fn grant_meant_by(reader: &impl Reader, text: &str) -> Result<StoredGrant, LookupError> {
    let mut meant = Vec::new();
    for grant in grants(reader)? {
        if grant.id()?.is_meant_by(text) {
            meant.push(grant);
        }
    }
    only("grant", meant)
}

fn oldest_first(mut grants: Vec<StoredGrant>) -> Vec<StoredGrant> {
    grants.sort_by_key(|grant| (grant.given, grant.offered_message));
    grants
}

fn of_key(reader: &impl Reader, relationship: &RelationshipId) -> Key {
    named(reader, GRANTS_OF, relationship.as_str())
}

/// A receipt's bytes as a byte string.
mod receipt {
    use freehold_protocol::time::Timestamp;
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};
    use serde_bytes::{ByteBuf, Bytes};

    type Receipt = Option<(Vec<u8>, Timestamp)>;

    pub(super) fn serialize<S: Serializer>(receipt: &Receipt, serializer: S) -> Result<S::Ok, S::Error> {
        receipt.as_ref().map(|(bytes, at)| (Bytes::new(bytes), at)).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Receipt, D::Error> {
        let receipt = Option::<(ByteBuf, Timestamp)>::deserialize(deserializer)?;
        Ok(receipt.map(|(bytes, at)| (bytes.into_vec(), at)))
    }
}
