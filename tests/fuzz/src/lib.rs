//! What a fuzzer feeds with any bytes: every wire type, every parser of somebody else's text, and the session machine.
//!
//! A target takes bytes and returns; whatever it finds is a panic. It does not only look for crashes: what was accepted
//! must come back the same when it is written and read again, and what a machine says must keep its rules.
//!
//! Two programs drive the targets: the test of this crate, which mutates the specification's own vectors a bounded number
//! of times, and libFuzzer in `libfuzzer/`, which follows the coverage for as long as it is told (`cargo xtask fuzz`).
//!
//! Reading order: [`Target`], [`TARGETS`], [`seeds`], [`mutate`].

mod mutation;
mod seed;
mod targets;

pub use mutation::{Random, mutate};
pub use seed::seeds;
pub use targets::TARGETS;

/// Something that is fed.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name on the command line.
    pub name: &'static str,
    /// Which vectors of the specification it begins with, by their `check`.
    pub checks: &'static [&'static str],
    /// Takes one input.
    pub run: fn(&[u8]),
}

/// The target of a name.
#[must_use]
pub fn target(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}
