//! A hub's events as tables of PostgreSQL, for analysts.
//!
//! [`Tables`] writes what happened into a database of the vendor's own: customers, what they granted, the values that are held now,
//! events without values, outcomes. The rows of a batch and the place in the hub's log are one transaction, so that each event is
//! applied exactly once, whichever side dies. An erasure deletes rows.
//!
//! What it leaves out: the event log and the waits between attempts, which are the hub's. Where a hub's own records are in a
//! PostgreSQL, that is another database.
//!
//! Reading order: [`TablesConfig`], [`Tables`], [`Event`], [`What`], [`ApplyError`]. The page is `specs/events.md`, the tables are in
//! `migrations/`.

mod apply;
mod config;
mod connection;
mod event;
mod migrations;
mod tables;

pub use config::{OpenError, TablesConfig};
pub use event::{Event, OutcomeRow, ScopeRow, What};
pub use tables::{ApplyError, Tables};
