//! The file of record secrets: 32-byte slots, written once and zeroed once. Slot 0 is the header.
//!
//! A store in a database has no such file: each secret is a row of the database's, and is given with its record.

use std::io;

use zeroize::Zeroizing;

use crate::error::{OpenError, ReadError};
use crate::place::{Place, PlaceFile};
use crate::seal::Slot;

/// Bytes of a slot.
pub(crate) const SLOT_BYTES: usize = 32;
/// Name of the file.
pub(crate) const RECORD_KEYS_FILE: &str = "record-keys";
const HEADER: [u8; SLOT_BYTES] = *b"freehold record keys, format 1\n\n";
const ZERO: [u8; SLOT_BYTES] = [0; SLOT_BYTES];

/// The key file, where there is one.
pub(crate) struct RecordKeys {
    file: Option<PlaceFile>,
}

impl RecordKeys {
    /// Opens the file, and makes it if the store is new.
    pub(crate) fn open(place: &Place, new: bool) -> Result<Self, OpenError> {
        let file = place.file(RECORD_KEYS_FILE, new)?;
        let file = file.ok_or(OpenError::Corrupt("its key file is missing"))?;
        let mut header = ZERO;
        if file.len()? < SLOT_BYTES as u64 {
            if !new {
                return Err(OpenError::Corrupt("its key file is cut short"));
            }
            file.write_all_at(&HEADER, 0)?;
            file.sync()?;
        }
        file.read_exact_at(&mut header, 0)?;
        if header != HEADER {
            return Err(OpenError::Corrupt("its key file has no header"));
        }
        Ok(Self { file: Some(file) })
    }

    /// No file: secrets are stored beside their records.
    pub(crate) fn beside() -> Self {
        Self { file: None }
    }

    fn file(&self) -> io::Result<&PlaceFile> {
        self.file.as_ref().ok_or_else(|| io::ErrorKind::Unsupported.into())
    }

    /// Another descriptor of the same file, to sync it.
    pub(crate) fn descriptor(&self) -> io::Result<PlaceFile> {
        self.file()?.try_clone()
    }

    /// Slots in the file, the header included: the first number past its end.
    pub(crate) fn end(&self) -> io::Result<Slot> {
        Ok(self.file()?.len()? / SLOT_BYTES as u64)
    }

    /// A slot's secret; `None` once it was destroyed.
    pub(crate) fn secret(&self, slot: Slot) -> Result<Option<Zeroizing<[u8; SLOT_BYTES]>>, ReadError> {
        let Some(file) = &self.file else { return Ok(None) };
        let mut secret = Zeroizing::new(ZERO);
        match file.read_exact_at(&mut *secret, offset(slot).ok_or(ReadError::Corrupt)?) {
            Ok(()) if *secret == ZERO => Ok(None),
            Ok(()) => Ok(Some(secret)),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(ReadError::Corrupt),
            Err(error) => Err(error.into()),
        }
    }

    /// Fills slots with fresh secrets, over whatever they held. Not durable before a sync.
    pub(crate) fn fill(&self, slots: std::ops::Range<Slot>) -> io::Result<()> {
        /// Slots per write: one page of 4 KiB.
        const CHUNK: u64 = 128;
        let mut from = slots.start;
        while from < slots.end {
            let count = CHUNK.min(slots.end - from);
            let mut secrets = Zeroizing::new(vec![0; SLOT_BYTES * count as usize]);
            crate::entropy::fill(&mut secrets)?;
            self.file()?.write_all_at(&secrets, offset(from).ok_or(io::ErrorKind::FileTooLarge)?)?;
            from += count;
        }
        Ok(())
    }

    /// Destroys secrets. Not durable before a sync.
    pub(crate) fn zero(&self, slots: &[Slot]) -> io::Result<()> {
        let end = self.end()?;
        for &slot in slots.iter().filter(|slot| **slot != 0 && **slot < end) {
            self.file()?.write_all_at(&ZERO, offset(slot).ok_or(io::ErrorKind::FileTooLarge)?)?;
        }
        Ok(())
    }
}

fn offset(slot: Slot) -> Option<u64> {
    slot.checked_mul(SLOT_BYTES as u64).filter(|offset| *offset <= i64::MAX as u64)
}
