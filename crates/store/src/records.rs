//! Reading: the tree, the sealer and the record keys together.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crate::error::ReadError;
use crate::record_keys::RecordKeys;
use crate::seal::{Sealer, Slot, slot_of};
use crate::tree::{Raw, Secret, Tree};

/// First byte of the store's own keys.
pub(crate) const SPACE_OWN: u8 = 0;
/// First byte of the caller's keys.
pub(crate) const SPACE_RECORDS: u8 = 1;

/// Is told how long each durability step took.
pub(crate) type Observer = Box<dyn Fn(Duration) + Send + Sync>;

/// Everything a reader needs.
pub(crate) struct Records {
    pub(crate) tree: Tree,
    pub(crate) sealer: Arc<Sealer>,
    pub(crate) keys: RecordKeys,
    /// For figures alone: nothing here depends on it.
    pub(crate) observer: Arc<OnceLock<Observer>>,
    /// Held for as long as sled has its files open; declared last, so it is let go last.
    pub(crate) _lock: Option<std::fs::File>,
}

impl Records {
    /// The stored bytes under a stored key.
    pub(crate) fn raw(&self, stored_key: &[u8]) -> Result<Option<Raw>, ReadError> {
        self.tree.get(stored_key)
    }

    /// The value under a stored key.
    pub(crate) fn get(&self, stored_key: &[u8]) -> Result<Option<Vec<u8>>, ReadError> {
        match self.raw(stored_key)? {
            Some(raw) => self.open(stored_key, raw),
            None => Ok(None),
        }
    }

    /// The values under some stored keys, in their order.
    pub(crate) fn get_all(&self, stored_keys: &[Vec<u8>]) -> Result<Vec<Option<Vec<u8>>>, ReadError> {
        let raws = self.tree.get_all(stored_keys)?;
        let opened = stored_keys.iter().zip(raws).map(|(key, raw)| match raw {
            Some(raw) => self.open(key, raw),
            None => Ok(None),
        });
        opened.collect()
    }

    /// Opens stored bytes; `None` if the record's key was destroyed. A reader may hold bytes that were
    /// replaced meanwhile and whose key is gone: then the newer ones are opened instead.
    pub(crate) fn open(&self, stored_key: &[u8], mut raw: Raw) -> Result<Option<Vec<u8>>, ReadError> {
        loop {
            let slot = slot_of(&raw).map_err(|_| ReadError::Corrupt)?;
            if slot == 0 {
                return self.sealer.open(stored_key, &raw).map(Some).map_err(|_| ReadError::Corrupt);
            }
            let opened = self.open_slot(slot, stored_key, &raw)?;
            if let Some(Ok(value)) = opened {
                return Ok(Some(value));
            }
            match self.raw(stored_key)? {
                Some(newer) if newer != raw => raw = newer,
                None => return Ok(None),
                // The key may have been zeroed between our two reads: look once more before calling it damage.
                Some(_) if opened.is_none() || self.keys.secret(slot)?.is_none() => return Ok(None),
                Some(_) => return Err(ReadError::Corrupt),
            }
        }
    }

    fn open_slot(
        &self,
        slot: Slot,
        stored_key: &[u8],
        raw: &Raw,
    ) -> Result<Option<Result<Vec<u8>, crate::seal::Unsealable>>, ReadError> {
        let secret = self.secret(slot, raw)?;
        Ok(secret.map(|secret| self.sealer.open_erasable(slot, &secret, stored_key, raw)))
    }

    /// The secret of an erasable record; `None` once it was destroyed.
    pub(crate) fn secret(&self, slot: Slot, raw: &Raw) -> Result<Option<Secret>, ReadError> {
        match &raw.secret {
            Some(secret) => Ok(Some(secret.clone())),
            None => self.keys.secret(slot),
        }
    }
}

/// The stored form of a caller's key.
pub(crate) fn stored(key: &[u8]) -> Vec<u8> {
    let mut stored = Vec::with_capacity(key.len() + 1);
    stored.push(SPACE_RECORDS);
    stored.extend_from_slice(key);
    stored
}

/// Runs a call into sled. It may panic where its files are damaged, which must stay a wrong result.
pub(crate) fn contain<T>(call: impl FnOnce() -> sled::Result<T>) -> Result<T, ReadError> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(sled::Error::Io(error))) => Err(error.into()),
        Ok(Err(_)) | Err(_) => Err(ReadError::Corrupt),
    }
}
