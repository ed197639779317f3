//! Backups of a person's home: a folder with a chain of files, one full and then only what changed, and back again.
//!
//! Each file is an age file (age-encryption.org/v1), encrypted to a key that follows from the home's 24 words, and to the age
//! recipients that the person names besides. In it stands what the store held at one moment, as CBOR, and at its end how much
//! there was, and a seal that only the words can make. Each file names the one before it by its hash, and a small file beside
//! them says how many there are; so a changed, cut, missing, swapped or foreign file is told.
//!
//! What changed is found by comparing the stamp of every record with those of the last backup, which lie in the home: reading
//! costs as much as there is, writing as much as changed.
//!
//! What it leaves out: what a restored home may do (`freehold-person`), homes and passphrases (the program), and carrying the
//! folder to another machine.
//!
//! Reading order: [`back_up`], [`last`], [`Opener`], [`verify`], [`Backup`], [`BackupError`]. Spec: `specs/backup.md`.
//!
//! ```
//! use freehold_backup::{Backup, Choice, Opener, Wish, back_up, last, verify};
//! use freehold_keystore::Seed;
//! use freehold_protocol::time::Timestamp;
//! use freehold_store::{HomeKey, Key, Options, ReadError, Store};
//! # let scratch = tempfile::tempdir().expect("a folder");
//! # let (home, other, folder) = (scratch.path().join("home"), scratch.path().join("other"), scratch.path().join("backup"));
//! let seed = Seed::generate().expect("entropy");
//! let key = HomeKey::new(*seed.vault_key());
//! let store = Store::open(&home.join("store"), &key, Options::default()).expect("a store");
//! store.write_blocking(|txn| Ok::<_, ReadError>(txn.put_erasable(Key::new(b'x'), "value"))).expect("on disk");
//! let now = Timestamp::from_millis(1_800_000_000_000);
//! let made = back_up(&store, &seed, &home, &folder, &Wish::default(), now).expect("a backup");
//! assert_eq!(last(&home, &seed).map(|last| (last.dir, last.chain)), Some((folder.clone(), made.chain)));
//!
//! let opener = Opener::words(Seed::from_words(&seed.words()).expect("words"));
//! assert_eq!(verify(&folder, &opener).expect("whole").len(), 1);
//! let backup = Backup::open(&folder, &opener, &Choice::default()).expect("whole");
//! let restored = Store::open(&other.join("store"), &key, Options::default()).expect("a store");
//! backup.write_into(&restored, |_| Ok(())).expect("on disk");
//! assert_eq!(restored.get(&Key::new(b'x')).expect("readable"), Some(b"value".to_vec()));
//! ```

#[cfg(feature = "any-bytes")]
pub mod any_bytes;
mod chain;
mod error;
mod files;
mod folder;
mod form;
mod head;
mod index;
mod last;
mod make;
mod read;
mod restore;
mod secrets;
mod state;

pub use chain::ChainId;
pub use error::BackupError;
pub use last::Last;
pub use make::{Made, Wish, back_up, last};
pub use read::{ChainReport, PointReport, verify};
pub use restore::{Backup, Choice};
pub use secrets::{KeyTextError, Opener, Recipient};

/// The format of a backup's files that this build writes, and the only one it reads.
pub const FORMAT_VERSION: u32 = 1;
