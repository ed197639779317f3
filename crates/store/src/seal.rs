//! Keys and ciphertext.
//!
//! A stored value is `version (1) || slot (8, big-endian; 0 for the home key) || nonce (24) || ciphertext and tag`,
//! XChaCha20-Poly1305 with the stored key as associated data. Subkeys are HMAC-SHA256 of a label under the home key.

use std::fmt;

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::snapshot::{STAMP_BYTES, Stamp};

/// Version byte of a sealed value.
const SEALED_VERSION: u8 = 1;
/// Bytes of version and slot.
const PREFIX_BYTES: usize = 9;
/// Bytes of an XChaCha20 nonce, which is what a stamp shows.
const NONCE_BYTES: usize = STAMP_BYTES;

const LABEL_RECORDS: &[u8] = b"freehold-store/1/records";
const LABEL_RECORD_KEYS: &[u8] = b"freehold-store/1/record-keys";
const LABEL_HIDDEN: &[u8] = b"freehold-store/1/hidden";
const LABEL_CHECK: &[u8] = b"freehold-store/1/check";

/// The key of a home: everything in the store is sealed under subkeys of it. Wiped when dropped.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct HomeKey([u8; 32]);

impl HomeKey {
    /// Takes 32 uniformly random or derived bytes.
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl fmt::Debug for HomeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HomeKey(…)")
    }
}

/// Number of a record's secret in the key file; 0 is no slot.
pub(crate) type Slot = u64;

/// The value is not what was sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unsealable;

/// The subkeys of a home. Wiped when dropped.
#[derive(ZeroizeOnDrop)]
pub(crate) struct Sealer {
    records: XChaCha20Poly1305,
    record_keys: Zeroizing<[u8; 32]>,
    hidden: Zeroizing<[u8; 32]>,
    check: Zeroizing<[u8; 32]>,
}

impl Sealer {
    pub(crate) fn new(home: &HomeKey) -> Self {
        let subkey = |label: &[u8]| hmac(&home.0, &[label]);
        Self {
            records: XChaCha20Poly1305::new((&*subkey(LABEL_RECORDS)).into()),
            record_keys: subkey(LABEL_RECORD_KEYS),
            hidden: subkey(LABEL_HIDDEN),
            check: subkey(LABEL_CHECK),
        }
    }

    /// What proves the home key without telling it.
    pub(crate) fn check_value(&self) -> &[u8; 32] {
        &self.check
    }

    /// A name, hidden: equal names give equal bytes, under this home key alone.
    pub(crate) fn hidden(&self, label: &[u8]) -> [u8; 16] {
        let mut short = [0; 16];
        short.copy_from_slice(&hmac(&self.hidden, &[label])[..16]);
        short
    }

    pub(crate) fn seal(&self, key: &[u8], value: &[u8]) -> std::io::Result<Vec<u8>> {
        seal_under(&self.records, 0, key, value)
    }

    pub(crate) fn seal_erasable(
        &self,
        slot: Slot,
        secret: &[u8; 32],
        key: &[u8],
        value: &[u8],
    ) -> std::io::Result<Vec<u8>> {
        seal_under(&self.record_cipher(slot, secret), slot, key, value)
    }

    pub(crate) fn open(&self, key: &[u8], raw: &[u8]) -> Result<Vec<u8>, Unsealable> {
        open_under(&self.records, key, raw)
    }

    pub(crate) fn open_erasable(
        &self,
        slot: Slot,
        secret: &[u8; 32],
        key: &[u8],
        raw: &[u8],
    ) -> Result<Vec<u8>, Unsealable> {
        open_under(&self.record_cipher(slot, secret), key, raw)
    }

    fn record_cipher(&self, slot: Slot, secret: &[u8; 32]) -> XChaCha20Poly1305 {
        let key = hmac(&self.record_keys, &[&slot.to_be_bytes(), secret]);
        XChaCha20Poly1305::new((&*key).into())
    }
}

/// The slot that a stored value names.
pub(crate) fn slot_of(raw: &[u8]) -> Result<Slot, Unsealable> {
    match raw.split_first() {
        Some((&SEALED_VERSION, rest)) => {
            rest.first_chunk().map(|slot| Slot::from_be_bytes(*slot)).ok_or(Unsealable)
        }
        _ => Err(Unsealable),
    }
}

/// What tells a stored value from any other that was ever stored: its nonce.
pub(crate) fn stamp_of(raw: &[u8]) -> Result<Stamp, Unsealable> {
    slot_of(raw)?;
    raw[PREFIX_BYTES..].first_chunk::<STAMP_BYTES>().map(|nonce| Stamp::new(*nonce)).ok_or(Unsealable)
}

fn seal_under(cipher: &XChaCha20Poly1305, slot: Slot, key: &[u8], value: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut nonce = [0; NONCE_BYTES];
    crate::entropy::fill(&mut nonce)?;
    let text = cipher
        .encrypt(&XNonce::from(nonce), Payload { msg: value, aad: key })
        .expect("a value within the limits is far below the cipher's own");
    let mut raw = Vec::with_capacity(PREFIX_BYTES + NONCE_BYTES + text.len());
    raw.push(SEALED_VERSION);
    raw.extend_from_slice(&slot.to_be_bytes());
    raw.extend_from_slice(&nonce);
    raw.extend_from_slice(&text);
    Ok(raw)
}

fn open_under(cipher: &XChaCha20Poly1305, key: &[u8], raw: &[u8]) -> Result<Vec<u8>, Unsealable> {
    slot_of(raw)?;
    let (nonce, text) = raw[PREFIX_BYTES..].split_first_chunk::<NONCE_BYTES>().ok_or(Unsealable)?;
    cipher.decrypt(&XNonce::from(*nonce), Payload { msg: text, aad: key }).map_err(|_| Unsealable)
}

fn hmac(key: &[u8; 32], parts: &[&[u8]]) -> Zeroizing<[u8; 32]> {
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key).expect("HMAC takes keys of any length");
    for part in parts {
        mac.update(part);
    }
    Zeroizing::new(mac.finalize().into_bytes().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a key is held in may only be a type that wipes it: a field that does not would stop this from compiling.
    fn is_wiped<T: ZeroizeOnDrop>() {}

    #[test]
    fn a_home_key_is_not_shown() {
        assert_eq!(format!("{:?}", HomeKey::new([7; 32])), "HomeKey(…)");
    }

    /// What the witness and every hidden name rest on.
    #[test]
    fn a_name_is_hidden_alike_under_one_home_key_and_otherwise_under_another() {
        let [one, two] = [7, 8].map(|byte| Sealer::new(&HomeKey::new([byte; 32])));
        assert_eq!(one.hidden(b"phone"), Sealer::new(&HomeKey::new([7; 32])).hidden(b"phone"));
        assert_ne!(one.hidden(b"phone"), one.hidden(b"email"));
        assert_ne!(one.hidden(b"phone"), two.hidden(b"phone"));
        assert_ne!(one.check_value(), two.check_value());
    }

    #[test]
    fn whatever_holds_a_key_of_the_store_wipes_it_when_it_is_dropped() {
        is_wiped::<HomeKey>();
        is_wiped::<Sealer>();
        is_wiped::<XChaCha20Poly1305>();
        // A record's secret, as the key file gives it.
        is_wiped::<Zeroizing<[u8; crate::record_keys::SLOT_BYTES]>>();
    }
}
