//! The seed, its words and its keys.

use std::fmt;

use bip39::{Language, Mnemonic};
use freehold_protocol::identity::SigningKey;
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::{Zeroize as _, ZeroizeOnDrop, Zeroizing};

/// Bytes of a seed: 256 bits of entropy.
pub(crate) const SEED_BYTES: usize = 32;
/// Words of a seed: 256 bits and an 8-bit checksum at 11 bits a word.
pub(crate) const WORDS: usize = 24;

/// The one secret of a home. Wiped when dropped; its `Debug` shows nothing.
#[derive(Clone, ZeroizeOnDrop)]
pub struct Seed(Zeroizing<[u8; SEED_BYTES]>);

/// The system gave no entropy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the system gives no random bytes: check that /dev/urandom and getrandom are allowed")]
pub struct EntropyError;

/// Why words are no seed. Never shows a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WordsError {
    /// Not 24 words.
    #[error("there are {found} words: enter all {WORDS} of them, in order")]
    Count {
        /// How many there are.
        found: usize,
    },
    /// A word that is not on the English list.
    #[error("word {position} is not on the BIP-39 English list: check its spelling")]
    Unknown {
        /// Which word, counted from 1.
        position: usize,
    },
    /// The words are all known and do not belong together.
    #[error("the words do not fit together: check their order, and each against the paper")]
    Checksum,
}

impl Seed {
    /// A new seed from the system's entropy.
    ///
    /// # Errors
    /// [`EntropyError`] if the system gives none.
    pub fn generate() -> Result<Self, EntropyError> {
        let mut seed = Zeroizing::new([0; SEED_BYTES]);
        getrandom::fill(&mut *seed).map_err(|_| EntropyError)?;
        Ok(Self(seed))
    }

    /// The seed that 24 BIP-39 English words spell; the case of letters and the space between words do not matter.
    ///
    /// # Errors
    /// [`WordsError`], telling which word is wrong where that can be told.
    pub fn from_words(words: &str) -> Result<Self, WordsError> {
        let found = words.split_whitespace().count();
        if found != WORDS {
            return Err(WordsError::Count { found });
        }
        let lower = Zeroizing::new(words.to_ascii_lowercase());
        let mnemonic =
            Mnemonic::parse_in_normalized(Language::English, &lower).map_err(|error| match error {
                bip39::Error::UnknownWord(index) => WordsError::Unknown { position: index + 1 },
                _ => WordsError::Checksum,
            })?;
        let (mut entropy, _) = mnemonic.to_entropy_array();
        let seed = entropy.first_chunk().map(|seed| Self(Zeroizing::new(*seed)));
        entropy.zeroize();
        seed.ok_or(WordsError::Checksum)
    }

    /// The 24 words, for showing once.
    #[must_use]
    pub fn words(&self) -> Zeroizing<String> {
        let mnemonic =
            Mnemonic::from_entropy_in(Language::English, &*self.0).expect("32 bytes make 24 words");
        // The longest word has 8 letters; reserved, so that no copy is left by growing.
        let mut words = Zeroizing::new(String::with_capacity(WORDS * 9));
        for word in mnemonic.words() {
            if !words.is_empty() {
                words.push(' ');
            }
            words.push_str(word);
        }
        words
    }

    /// The person's key in a relationship. Relationships are numbered by the vault; a rotation is the next generation.
    #[must_use]
    pub fn relationship_key(&self, index: u64, generation: u32) -> SigningKey {
        self.signing_key(&format!("freehold/1/relationship/{index}/{generation}"))
    }

    /// The home key of the vault's store.
    #[must_use]
    pub fn vault_key(&self) -> Zeroizing<[u8; 32]> {
        self.derive("freehold/1/vault")
    }

    /// The key that signs the vault's versions and its audit log. It never leaves the home.
    #[must_use]
    pub fn vault_signing_key(&self) -> SigningKey {
        self.signing_key("freehold/1/vault-signing")
    }

    /// The X25519 secret that opens the backups of a home.
    #[must_use]
    pub fn backup_key(&self) -> Zeroizing<[u8; 32]> {
        self.derive("freehold/1/backup")
    }

    /// The key under which a backup is authenticated, so that nobody else makes one of this home.
    #[must_use]
    pub fn backup_seal_key(&self) -> Zeroizing<[u8; 32]> {
        self.derive("freehold/1/backup-seal")
    }

    /// The key of the vendor's DID. A rotation is the next generation.
    #[must_use]
    pub fn vendor_key(&self, generation: u32) -> SigningKey {
        self.signing_key(&format!("freehold/1/vendor/{generation}"))
    }

    /// The transport key of a hub's replica.
    #[must_use]
    pub fn replica_key(&self, index: u64) -> SigningKey {
        self.signing_key(&format!("freehold/1/replica/{index}"))
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(|seed| Self(Zeroizing::new(seed)))
    }

    pub(crate) fn as_bytes(&self) -> &[u8; SEED_BYTES] {
        &self.0
    }

    fn signing_key(&self, info: &str) -> SigningKey {
        SigningKey::from_seed(&self.derive(info))
    }

    fn derive(&self, info: &str) -> Zeroizing<[u8; 32]> {
        let mut key = Zeroizing::new([0; 32]);
        let hkdf = Hkdf::<Sha256>::new(None, &*self.0);
        hkdf.expand(info.as_bytes(), &mut *key).expect("HKDF-SHA256 gives up to 8160 bytes");
        key
    }
}

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seed(…)")
    }
}
