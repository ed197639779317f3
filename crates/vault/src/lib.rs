//! The person's tables over the store: fields with their history, relationships, agreements, lines, the audit log, and what
//! the person has chosen for the node.
//!
//! Every function takes a [`Reader`](freehold_store::Reader) to read or a [`Txn`](freehold_store::Txn) to write, so
//! a use case composes them in one transaction. What it leaves out: what may be done when (`freehold-person`), the
//! queues (`freehold-mailbox`), and everything that leaves the node.
//!
//! Names stand in keys only hidden under the home key, and values only in records whose own key is destroyed with
//! them. Every table has one tag byte, all listed in `tables.rs`.
//!
//! Reading order: [`fields`], [`relationships`], [`agreements`], [`lines`], [`audit`], [`settings`], [`tokens`]. The version of the tables is [`SCHEMA`]'s.
//!
//! ```
//! use freehold_protocol::{identity::SigningKey, path::Path, time::Timestamp};
//! use freehold_store::{HomeKey, Options, Store};
//! use freehold_vault::fields::{self, Change};
//! # let dir = tempfile::tempdir().expect("a directory");
//! let store = Store::open(dir.path(), &HomeKey::new([7; 32]), Options::default()).expect("a store");
//! let path = Path::parse("phone.mobile").expect("a path");
//! let change = Change { path: path.clone(), value: Some("+49 170 1234567".into()) };
//! let key = SigningKey::from_seed(&[1; 32]);
//! let now = Timestamp::from_millis(1_800_000_000_000);
//! store.write_blocking(move |txn| fields::apply(txn, &[change], "cli", now, &key)).expect("on disk");
//! let current = fields::current(&store, &path).expect("readable").expect("set");
//! assert_eq!(current.value.as_deref(), Some("+491701234567"));
//! ```

pub mod agreements;
pub mod audit;
pub mod fields;
pub mod hold;
pub mod lines;
mod lookup;
mod parts;
pub mod relationships;
#[cfg(test)]
mod scratch;
pub mod settings;
mod tables;
pub mod tokens;

pub use lookup::LookupError;
pub use tables::SCHEMA;
