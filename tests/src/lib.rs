//! What the tests across crates share: verifiers and vectors that others made.
//!
//! The tests themselves are in `tests/tests/`; what they prove about one crate alone is in that crate.

pub mod engines;
pub mod program;
pub mod vectors;
pub mod vendor_peer;
pub mod verifiers;
pub mod wire;
