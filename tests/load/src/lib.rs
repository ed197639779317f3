//! A hub under load: many nodes with real signatures over real sessions, against the real engine in a process of its own.
//!
//! Nodes ([`node::Node`]) are the protocol's own machines without a store and without the engine above it, so that a machine holds
//! very many of them: the hub cannot tell them from persons' nodes. What they send is signed before it is measured. Reading
//! order: [`plan`], [`run`], [`crowd`], [`session`], [`drive`], [`stampede`]; then what stands beside the figures, [`limits`].

pub mod applied;
pub mod crowd;
pub mod drive;
pub mod figures;
pub mod hub;
pub mod limits;
pub mod nats;
pub mod networks;
pub mod node;
pub mod outlet;
pub mod plan;
pub mod processes;
pub mod report;
pub mod run;
pub mod session;
pub mod setting;
pub mod stampede;
