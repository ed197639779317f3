//! The durable, encrypted key-value store under the person's vault and the vendor's hub.
//!
//! One writer thread runs closures in order; each becomes one atomic batch, and the closures that wait together
//! share one durability step: sled's `flush()`, which does not fsync, and then our own `fdatasync`. Only after
//! it does a caller hold a [`Durable`], and nothing else may be acknowledged to anybody. After a failed step
//! the store is poisoned: reads go on, every write fails until the store is opened again.
//!
//! Every value is ciphertext under a subkey of the [`HomeKey`], bound to its key's bytes. Keys are stored as they
//! are given: hide names with [`Store::hidden`]. A record written with [`Txn::put_erasable`] has a key of its
//! own; deleting or overwriting it destroys that key, because a log-structured file keeps the old bytes.
//! A file system or drive that copies on write may still hold the destroyed 32 bytes for a while.
//!
//! A store says which format it has, and its caller's tables say which version they are ([`Schema`]). Earlier ones are brought
//! up when they are opened, in steps of one transaction each; later ones are refused.
//!
//! The records may be in a [`database`] instead of files: then that makes batches atomic and durable, and the closures, the
//! ciphertext and the promises are the same.
//!
//! What it leaves out: values over [`VALUE_BYTES_MAX`] and several trees. A [`Scan`] taken from the [`Store`] may see a
//! batch that is applied while it runs; a [`Txn`] and a [`Snapshot`] see one state.
//!
//! Reading order: [`Store`], [`Key`], [`Txn`], [`Durable`], [`WriteError`], [`OpenError`].
//!
//! ```
//! use freehold_store::{HomeKey, Key, Options, ReadError, Store};
//! # let dir = tempfile::tempdir().expect("a directory");
//! let store = Store::open(dir.path(), &HomeKey::new([7; 32]), Options::default()).expect("a store");
//! let key = Key::new(b'f').with(&store.hidden(b"phone.mobile"));
//! let put = key.clone();
//! let done = store.write_blocking(move |txn| {
//!     txn.put_erasable(put, b"+15550100".to_vec());
//!     Ok::<_, ReadError>("written")
//! });
//! assert_eq!(*done.expect("on disk"), "written");
//! assert_eq!(store.get(&key).expect("readable"), Some(b"+15550100".to_vec()));
//! ```
//!
//! # Files of a store that is not in a database
//!
//! | file | holds |
//! |---|---|
//! | `db`, `conf`, `blobs/`, `snap.*` | sled's log; `blobs/` stays empty |
//! | `record-keys` | 32-byte slots: the header, then one secret per erasable record, zeroed when destroyed |
//! | `format` | the format version, that of all these files, and a check value of the home key |
//! | `format.N` | that file as it was before the store was brought up from format N |
//! | `witness` | the last commit that was durable: a store that knows only older commits was damaged |
//! | `lock` | held while a process has the store open |

/// Under this feature `tokio` is shuttle's, whose tasks and queues take their steps in every order that is tried.
#[cfg(feature = "schedules")]
extern crate shuttle_tokio as tokio;

pub mod database;
mod disk;
pub mod entropy;
mod error;
mod format;
mod key;
mod migration;
mod open;
mod place;
pub mod planted;
mod reader;
mod record_keys;
mod records;
mod scan;
mod schema;
mod seal;
#[cfg(feature = "simulation")]
pub mod simulation;
mod snapshot;
mod store;
mod sync;
mod tree;
mod txn;
mod unfinished;
mod witness;
mod writer;

pub use error::{CloseError, OpenError, ReadError, WriteError};
pub use key::Key;
pub use reader::{Entries, Reader};
pub use scan::Scan;
pub use schema::{Progress, Schema, Step};
pub use seal::HomeKey;
pub use snapshot::{Entry, Opened, STAMP_BYTES, Snapshot, Stamp};
pub use store::{Durable, Options, Store};
pub use txn::{Txn, TxnScan};

/// Longest value in bytes. A leaf of sled's tree holds up to 17 values and is written as one message; at 64 KiB
/// each it stays under a quarter segment (2 MiB), above which sled writes to files that it never syncs.
pub const VALUE_BYTES_MAX: usize = 64 * 1024;

/// Longest key in bytes: a tag, a few 16-byte hidden names and numbers take under 100.
pub const KEY_BYTES_MAX: usize = 1024;

/// Most bytes of keys and values that one closure may stage: it is held in memory twice until it is applied.
pub const TXN_BYTES_MAX: usize = 64 * 1024 * 1024;

#[cfg(test)]
mod tests;
