//! The hub as a person's node meets it: real connections on loopback, real stores, a scripted person.
#![allow(clippy::unwrap_used, reason = "helpers of tests may panic as tests do")]

mod agreement;
mod delivery;
mod invitations;
#[allow(dead_code, reason = "each test uses a part of it")]
#[path = "../../../store/tests/shared/memory.rs"]
mod memory;
mod person;
mod reading;
mod receiver;
mod reload;
mod replicas;
mod rotation;
mod vendor;
