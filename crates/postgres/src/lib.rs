//! A store's records in PostgreSQL.
//!
//! [`Postgres`] is a [`Database`](freehold_store::database::Database) for
//! [`Store::open_in`](freehold_store::Store::open_in). It brings its tables up by itself (`migrations/`), keeps one connection for
//! the store's writer and a few for readers, each on a thread of its own, and makes new ones when PostgreSQL comes back. One process
//! has a database at a time, or several share it: the writer's connection holds an advisory lock, or a share of it, for as long as
//! it lives. Those that share it compete for names and ring each other's bells (`presence`).
//!
//! What it leaves out: what is in the rows, which is ciphertext and the store's business, and whatever stands between the process
//! and PostgreSQL: a pooler that gives each transaction another connection breaks the locks.
//!
//! Reading order: [`Location`], [`Postgres`]. Inside: `connection` (one connection), `readers`, `batch` (the writer's), `presence`,
//! `migrations`, `secrets` (what is left of deleted ones).

mod batch;
mod connection;
mod location;
mod migrations;
mod postgres;
mod presence;
mod readers;
mod rows;
mod secrets;

pub use freehold_pgclient::AddressError;
pub use location::{Location, LocationError};
pub use postgres::Postgres;
