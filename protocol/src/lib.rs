//! The Freehold protocol: no network, no clock, no entropy, no storage; time and randomness are arguments.
//!
//! What it leaves out: sockets (`freehold-transport`), disks (`freehold-store`), DID resolution
//! (`freehold-resolver`) and every decision a person or vendor makes (`freehold-person`, `freehold-hub`).
//!
//! Reading order:
//! - who and what: [`identity`], [`id`], [`time`], [`path`], [`vocabulary`];
//! - bytes: [`cbor`], [`json`], [`cose`], [`proof`], [`frame`], [`message`];
//! - agreements: [`invitation`], [`document`], [`disclosure`], [`audit`];
//! - machines and checks: [`session`], [`release`], [`intake`], [`vendor`];
//! - families: [`family`], [`connect`], [`data`], [`read`].
//!
//! The specification is in `specs/`; [`code`] and [`limits`] are its registries.
//!
//! ```
//! use freehold_protocol::identity::{Did, SigningKey};
//! let key = SigningKey::from_seed(&[7; 32]);
//! let did = key.public().did();
//! assert_eq!(Did::parse(did.as_str()).unwrap().key(), Some(key.public()));
//! ```

pub mod audit;
pub mod cbor;
pub mod code;
pub mod connect;
pub mod cose;
pub mod data;
pub mod disclosure;
pub mod document;
pub mod family;
pub mod frame;
pub mod id;
pub mod identity;
pub mod intake;
pub mod invitation;
pub mod json;
pub mod limits;
pub mod mailbox;
pub mod message;
mod optional;
pub mod path;
pub mod proof;
pub mod read;
pub mod release;
pub mod session;
pub mod time;
pub mod vendor;
pub mod vocabulary;
