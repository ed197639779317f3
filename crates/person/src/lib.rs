//! The person's engine: what a person does with the vault, the relationships and the grants.
//!
//! [`Person`] is a handle that a command line or a page calls. Each relationship runs in one task of its own, which
//! owns everything that is sent in it; so a revocation and a release can never run side by side. What it leaves
//! out: files of the home and the passphrase (`freehold`), the local interface (`freehold-api`).
//!
//! Reading order: [`Person`], [`PersonError`], [`view`], [`Happening`].

/// Under this feature `tokio` is shuttle's, whose tasks and queues take their steps in every order that is tried.
#[cfg(feature = "schedules")]
extern crate shuttle_tokio as tokio;

mod activity;
mod agreements;
mod attention;
mod backup;
mod bell;
mod browse;
mod connect;
mod error;
mod families;
mod happening;
mod kept;
mod live_read;
mod messages;
mod outgoing;
#[cfg(test)]
mod paper;
mod person;
mod restored;
mod revoke;
mod rotate;
mod schedule;
mod settings;
mod show;
mod status;
mod sync;
mod task;
mod values;
pub mod view;

pub use error::PersonError;
pub use happening::{Happening, What};
pub use person::{Person, PersonConfig, StartError};
