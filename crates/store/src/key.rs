//! Keys: a tag byte and what follows it.

use std::fmt;

/// A key of the store: bytes, ordered bytewise. Build it from parts of fixed length, so that no two differ only in
/// where one part ends.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(Vec<u8>);

impl Key {
    /// A key of one tag byte: the table that a record belongs to.
    #[must_use]
    pub fn new(tag: u8) -> Self {
        Self(vec![tag])
    }

    /// A key from its bytes.
    #[must_use]
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// Appends bytes: a hidden name, or any part of fixed length.
    #[must_use]
    pub fn with(mut self, part: &[u8]) -> Self {
        self.0.extend_from_slice(part);
        self
    }

    /// Appends a number, big-endian, so that keys sort by it.
    #[must_use]
    pub fn with_u64(self, number: u64) -> Self {
        self.with(&number.to_be_bytes())
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// What follows `prefix`, if the key starts with it.
    #[must_use]
    pub fn after(&self, prefix: &Self) -> Option<&[u8]> {
        self.0.strip_prefix(prefix.0.as_slice())
    }

    /// The number in the last 8 bytes, as [`Key::with_u64`] appended it; `None` if the key is shorter.
    #[must_use]
    pub fn last_u64(&self) -> Option<u64> {
        self.0.last_chunk().map(|bytes| u64::from_be_bytes(*bytes))
    }

    /// The bytes, without a copy.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

impl AsRef<[u8]> for Key {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(")?;
        for byte in &self.0 {
            write!(f, "{byte:02x}")?;
        }
        f.write_str(")")
    }
}
