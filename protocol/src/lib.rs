//! The Freehold protocol: no network, no clock, no entropy, no storage; time and randomness are arguments.
//!
//! Reading order: [`identity`] (keys and DIDs), [`path`] and [`vocabulary`] (what a datum is called and what
//! values it takes).

pub mod identity;
pub mod path;
pub mod vocabulary;
