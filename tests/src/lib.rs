//! What the tests across crates share: verifiers, vectors, and an interpreter that replays conversations.
//!
//! The tests themselves are in `tests/tests/`; what they prove about one crate alone is in that crate.

pub mod bench;
pub mod collector;
pub mod crm;
pub mod described;
pub mod domain;
pub mod engines;
pub mod identity_provider;
pub mod own_vectors;
#[path = "../../crates/postgres/tests/postgres/server.rs"]
pub mod postgres;
pub mod program;
pub mod replay;
pub mod tryton;
pub mod vectors;
pub mod vendor;
pub mod vendor_peer;
pub mod verifiers;
pub mod wire;
