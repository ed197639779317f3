//! Versions of a field. The record of one is what the person signed; nothing of it is stored twice.

use std::collections::BTreeMap;
use std::fmt;

use freehold_mailbox::record;
use freehold_protocol::cbor;
use freehold_protocol::code::Code;
use freehold_protocol::cose::{self, Kind};
use freehold_protocol::id::ChangeId;
use freehold_protocol::identity::{PublicKey, SigningKey};
use freehold_protocol::path::{Path, Prefix};
use freehold_protocol::release::Version;
use freehold_protocol::time::Timestamp;
use freehold_store::{Key, ReadError, Reader, Txn};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use super::order::{self, Place};
use crate::tables::{TIPS, VERSIONS, named};

/// One version of a field. Its `Debug` shows no value.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldVersion {
    /// Which field.
    pub path: Path,
    /// Which version, from 1.
    pub version: Version,
    /// The normalised value; `None` when the field was unset.
    pub value: Option<String>,
    /// The change set that made it.
    pub change: ChangeId,
    /// What made it: `cli`, `import:vcard`.
    pub source: String,
    /// When, by the node's clock.
    pub at: Timestamp,
}

impl fmt::Debug for FieldVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = if self.value.is_some() { "set" } else { "unset" };
        write!(f, "FieldVersion({} version {}, {value})", self.path, self.version)
    }
}

/// Where a field's versions end.
#[derive(Serialize, Deserialize)]
pub(super) struct Tip {
    /// The oldest version that is kept.
    first: Version,
    /// The newest version.
    version: Version,
    /// The field, unless its newest version is that it was erased: then nothing but the count is left.
    pub(super) path: Option<Path>,
}

/// The newest version of a field. `None` when it was never set or was erased.
///
/// # Errors
/// The store's.
pub fn current(reader: &impl Reader, path: &Path) -> Result<Option<FieldVersion>, ReadError> {
    let tip: Option<Tip> = record::load(reader, &tip_key(reader, path))?;
    tip.map_or(Ok(None), |tip| tip.current(reader))
}

impl Tip {
    fn current(self, reader: &impl Reader) -> Result<Option<FieldVersion>, ReadError> {
        let Some(path) = self.path else { return Ok(None) };
        let key = versions_key(reader, &path).with_u64(self.version);
        reader.get(&key)?.ok_or(ReadError::Corrupt).and_then(|bytes| decode(&bytes)).map(Some)
    }
}

/// One version of a field; `None` when there is no such version or it was erased.
///
/// # Errors
/// The store's.
pub fn at(reader: &impl Reader, path: &Path, version: Version) -> Result<Option<FieldVersion>, ReadError> {
    reader.get(&versions_key(reader, path).with_u64(version))?.map(|bytes| decode(&bytes)).transpose()
}

/// How often a field changed: set, unset or erased; 0 when never.
///
/// # Errors
/// The store's.
pub fn version(reader: &impl Reader, path: &Path) -> Result<Version, ReadError> {
    let tip: Option<Tip> = record::load(reader, &tip_key(reader, path))?;
    Ok(tip.map_or(0, |tip| tip.version))
}

/// All versions of a field since it was last erased, the newest first.
///
/// # Errors
/// The store's.
pub fn history(reader: &impl Reader, path: &Path) -> Result<Vec<FieldVersion>, ReadError> {
    reader.scan(&versions_key(reader, path)).rev().map(|entry| decode(&entry?.1)).collect()
}

/// The fields that have a value, of those that begin with `prefix`, by path. Reads no history.
///
/// # Errors
/// The store's.
pub fn list(reader: &impl Reader, prefix: Option<&Prefix>) -> Result<Vec<FieldVersion>, ReadError> {
    let mut fields = BTreeMap::new();
    for tip in record::list::<Tip>(reader, &Key::new(TIPS))? {
        let wanted = |path: &Path| prefix.is_none_or(|prefix| path.starts_with(prefix));
        if tip.path.as_ref().is_some_and(wanted)
            && let Some(field) = tip.current(reader)?.filter(|field| field.value.is_some())
        {
            fields.insert(field.path.clone(), field);
        }
    }
    Ok(fields.into_values().collect())
}

/// Signs and writes the next version of a field.
pub(super) fn save(txn: &mut Txn, version: &FieldVersion, key: &SigningKey) -> Result<(), ReadError> {
    let path = &version.path;
    let before: Option<Tip> = record::load(txn, &tip_key(txn, path))?;
    let first = before.filter(|tip| tip.path.is_some()).map_or(version.version, |tip| tip.first);
    let signed = cose::sign(Kind::FieldVersion, key, cbor::encode(version));
    txn.put_erasable(versions_key(txn, path).with_u64(version.version), signed);
    let tip = Tip { first, version: version.version, path: Some(path.clone()) };
    record::save_erasable(txn, tip_key(txn, path), &tip);
    Ok(())
}

/// Destroys every version of a field, before the write is acknowledged, and gives how many there were. A field that
/// had a value then is at one version more, without one: a copy that a vendor has is out of date and will be cleared.
/// Change sets keep the field's name and version numbers.
///
/// # Errors
/// The store's.
pub fn erase(txn: &mut Txn, path: &Path) -> Result<u64, ReadError> {
    let last = version(txn, path)?;
    // A field that is empty already changes nothing for those who may see it, and its count stays.
    let is_set = current(txn, path)?.is_some_and(|field| field.value.is_some());
    let after = last + u64::from(is_set);
    if is_set {
        order::note(txn, [(path.clone(), Place::Left)])?;
    }
    let versions = versions_key(txn, path);
    let erased = txn.erase_prefix(&versions)?;
    if erased > 0 {
        let tip = Tip { first: after, version: after, path: None };
        record::save_erasable(txn, tip_key(txn, path), &tip);
    }
    Ok(erased)
}

/// Checks that the person signed every stored version of a field and that none is missing since it was last erased.
///
/// # Errors
/// [`Code::SequenceGap`] when one is missing, [`Code::StorageFailed`] when the store cannot be read, and the codes of
/// [`verify_version`].
pub fn verify(reader: &impl Reader, path: &Path, key: &PublicKey) -> Result<(), Code> {
    let failed = |_: ReadError| Code::StorageFailed;
    let tip: Option<Tip> = record::load(reader, &tip_key(reader, path)).map_err(failed)?;
    let mut expected = tip.filter(|tip| tip.path.is_some()).map_or(0..0, |tip| tip.first..tip.version + 1);
    for entry in reader.scan(&versions_key(reader, path)) {
        let (at, bytes) = entry.map_err(failed)?;
        let number = at.last_u64().ok_or(Code::Malformed)?;
        if expected.next() != Some(number) {
            return Err(Code::SequenceGap);
        }
        check(&bytes, path, number, key)?;
    }
    if expected.is_empty() { Ok(()) } else { Err(Code::SequenceGap) }
}

/// Checks that the person signed one stored version.
///
/// # Errors
/// [`Code::SequenceGap`] when there is no such version, [`Code::StorageFailed`] when it cannot be read,
/// [`Code::Malformed`] when it is another field's or another version, and the codes of
/// [`cose::verify`](freehold_protocol::cose::verify).
pub fn verify_version(
    reader: &impl Reader,
    path: &Path,
    version: Version,
    key: &PublicKey,
) -> Result<(), Code> {
    let at = versions_key(reader, path).with_u64(version);
    let bytes = reader.get(&at).map_err(|_| Code::StorageFailed)?.ok_or(Code::SequenceGap)?;
    check(&bytes, path, version, key)
}

fn check(bytes: &[u8], path: &Path, version: Version, key: &PublicKey) -> Result<(), Code> {
    let payload = cose::verify(Kind::FieldVersion, key, bytes)?;
    let signed: FieldVersion = cbor::decode(&payload).map_err(|_| Code::Malformed)?;
    if signed.path == *path && signed.version == version { Ok(()) } else { Err(Code::Malformed) }
}

/// What a record says, unverified: the store has authenticated its bytes.
fn decode(signed: &[u8]) -> Result<FieldVersion, ReadError> {
    let (_header, _unprotected, payload, _signature): (
        ByteBuf,
        BTreeMap<String, IgnoredAny>,
        ByteBuf,
        ByteBuf,
    ) = record::decode(signed)?;
    record::decode(&payload)
}

fn versions_key(reader: &impl Reader, path: &Path) -> Key {
    named(reader, VERSIONS, path.as_str())
}

fn tip_key(reader: &impl Reader, path: &Path) -> Key {
    named(reader, TIPS, path.as_str())
}

#[cfg(test)]
mod tests;
