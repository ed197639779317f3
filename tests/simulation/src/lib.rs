//! The simulator: the real engines, vaults, mailboxes and sessions over disks in memory, on virtual time and a virtual
//! network, all from one seed.
//!
//! A [`Story`] is what happens, as data that follows from a seed. [`play`] plays it; after every step what must hold is
//! checked against an independent account of who may know what ([`model`]). [`shorten`] takes out of a story that breaks
//! a rule whatever it does without. What is left out: libp2p and sled themselves, whose places the simulation takes; the
//! webhook and the file of JSON lines. [`collusion`] plays worlds for two vendors who compare what they have.
//!
//! Reading order: [`story`], [`model`], `eye` (every byte that leaves a machine is judged), `liar`, `world` (the computers;
//! `act`, `check`, `settle`), [`shorten`].

pub mod collusion;
mod eye;
mod liar;
pub mod model;
mod shrink;
pub mod story;
mod world;

pub use shrink::shorten;
pub use story::Story;
pub use world::{Ending, play};
