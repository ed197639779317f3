//! The transport on loopback: two well-behaved peers, and peers that are not.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails, in its helpers too")]

#[path = "network/connections.rs"]
mod connections;
#[path = "network/hostile.rs"]
mod hostile;
#[path = "network/pair.rs"]
mod pair;
#[path = "network/streams.rs"]
mod streams;
