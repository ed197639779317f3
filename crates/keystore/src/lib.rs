//! The seed of a person or a vendor, the keys derived from it, and its file at rest.
//!
//! One 32-byte [`Seed`] is everything: it is shown once as 24 BIP-39 words, and every key follows from it, so the
//! words and a backup restore a home. The file holds the seed under a passphrase: Argon2id (RFC 9106) and
//! XChaCha20-Poly1305.
//!
//! What it leaves out: a list of keys (the caller keeps indexes and generations), and locking memory against
//! the swap, which is the whole process's to do.
//!
//! # Derivation
//!
//! HKDF-SHA256 (RFC 5869) with the seed as input key material, no salt, and these info strings; 32 bytes each.
//! An Ed25519 key takes its 32 bytes as RFC 8032 seed. Numbers are decimal. A string never changes its meaning: what
//! changes gets a new version in its second part.
//!
//! | info | use |
//! |---|---|
//! | `freehold/1/relationship/{index}/{generation}` | the person's key in one relationship, [`Seed::relationship_key`] |
//! | `freehold/1/vault` | the home key of the vault's store, [`Seed::vault_key`] |
//! | `freehold/1/vault-signing` | signs the vault's versions and audit log, [`Seed::vault_signing_key`] |
//! | `freehold/1/backup` | opens the home's backups, [`Seed::backup_key`] |
//! | `freehold/1/backup-seal` | authenticates them, [`Seed::backup_seal_key`] |
//! | `freehold/1/vendor/{generation}` | the vendor's DID, [`Seed::vendor_key`] |
//! | `freehold/1/replica/{index}` | transport key of one replica of a hub, [`Seed::replica_key`] |
//!
//! ```
//! use freehold_keystore::{Cost, Passphrase, Seed, create, open};
//! # let dir = tempfile::tempdir().expect("a directory");
//! # let path = dir.path().join("seed.json");
//! let seed = Seed::generate().expect("entropy");
//! let passphrase = Passphrase::new("correct horse battery".to_owned()).expect("long enough");
//! create(&path, &seed, &passphrase, Cost::danger_fast_for_tests()).expect("a new file");
//! let again = open(&path, &passphrase).expect("the same seed");
//! assert_eq!(again.relationship_key(0, 0).public(), seed.relationship_key(0, 0).public());
//! ```

mod attempts;
mod confirm;
mod cost;
mod file;
mod passphrase;
mod seed;
mod strength;

pub use attempts::{FREE_ATTEMPTS, WAIT_MAX, Wait, open_counted};
pub use confirm::Confirmation;
pub use cost::Cost;
pub use file::{
    ChangeError, CreateError, OldFile, OpenError, change_passphrase, cost, create, open, remove_unfinished,
};
pub use passphrase::{PASSPHRASE_CHARS_MIN, Passphrase, PassphraseError};
pub use seed::{EntropyError, Seed, WordsError};
pub use strength::Strength;
