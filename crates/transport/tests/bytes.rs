//! Raw bytes of the kinds that crashed or bloated earlier versions of what lies below: Yamux, Noise, multistream-select, QUIC.
//!
//! `SECURITY.md` names the advisories. After each the same endpoint serves a known peer on the connection that it has, takes a
//! new one, and the process is no larger than stated.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails, in its helpers too")]

#[path = "network/pair.rs"]
mod pair;

mod bytes {
    mod peer;
    mod quic;
    mod upgrade;
    mod yamux;
}
