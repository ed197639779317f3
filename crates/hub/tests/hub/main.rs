//! The hub as a person's node meets it: real connections on loopback, real stores, a scripted person.
#![allow(clippy::unwrap_used, reason = "helpers of tests may panic as tests do")]

mod agreement;
mod delivery;
mod invitations;
mod person;
mod reading;
mod receiver;
mod rotation;
mod vendor;
