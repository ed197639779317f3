//! How this program speaks to a PostgreSQL: where it is, whether that is encrypted, and what an error means.
//!
//! [`Address`] reads a connection string and knows whether all of it stays on this machine; [`Encryption`] is what its user makes
//! of that; [`Address::connect`] gives a [`Client`](tokio_postgres::Client), whose connection is a task of the present runtime.
//!
//! What it leaves out: tables, statements, and waits between attempts, which are those of its users: a hub's store
//! (`freehold-postgres`) and tables for analysts (`freehold-tables`).
//!
//! ```
//! use freehold_pgclient::Address;
//! let near: Address = "postgres://hub@127.0.0.1:5432/hub".parse().expect("an address");
//! let far: Address = "postgres://hub@db.example/hub".parse().expect("an address");
//! assert!(near.is_near() && !far.is_near());
//! ```

mod address;
mod connect;
mod tls;

pub use address::{Address, AddressError};
pub use connect::{ConnectError, Encryption, Notified, ends_session, silence};
pub use tokio_postgres;
