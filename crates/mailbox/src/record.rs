//! Typed records: DAG-CBOR under a key.

use freehold_protocol::cbor;
use freehold_store::{Key, ReadError, Reader, Txn};
use serde::{Serialize, de::DeserializeOwned};

/// Reads a record.
///
/// # Errors
/// [`ReadError::Corrupt`] when it does not decode, or the store's own error.
pub fn load<T: DeserializeOwned>(reader: &impl Reader, key: &Key) -> Result<Option<T>, ReadError> {
    reader.get(key)?.map(|bytes| decode(&bytes)).transpose()
}

/// Reads every record under a prefix, in key order.
///
/// # Errors
/// As [`load`].
pub fn list<T: DeserializeOwned>(reader: &impl Reader, prefix: &Key) -> Result<Vec<T>, ReadError> {
    reader.scan(prefix).map(|entry| decode(&entry?.1)).collect()
}

/// Decodes a record's bytes.
///
/// # Errors
/// [`ReadError::Corrupt`].
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ReadError> {
    cbor::decode(bytes).map_err(|_| ReadError::Corrupt)
}

/// Writes a record under the home's key.
pub fn save<T: Serialize>(txn: &mut Txn, key: Key, value: &T) {
    txn.put(key, cbor::encode(value));
}

/// Writes a record under a key of its own, which erasing destroys.
pub fn save_erasable<T: Serialize>(txn: &mut Txn, key: Key, value: &T) {
    txn.put_erasable(key, cbor::encode(value));
}
