//! Connectors from a hub to the CRM that a vendor already runs.
//!
//! A mapping, which is a file, says where each path of the vocabulary stands in the CRM. A [`Connector`] takes one
//! [`Change`] of one customer, finds the record by its external id and never by a name, writes what differs, reads it
//! back, and says path by path what became of it.
//!
//! What it leaves out: the queue, the clock and the dead letters, which are the hub's. It stores nothing: what it has to
//! know again is in a [`Memory`], which the hub keeps beside the customer.
//!
//! Reading order: [`Customer`], [`Change`], [`Delivery`], [`Line`], [`Connector`], [`CrmConfig`], [`Mapping`]. The page is
//! `specs/crm.md`.

mod adapter;
mod batch;
mod commit;
mod config;
mod connector;
mod convert;
mod core;
mod customer;
mod delivery;
mod erase;
mod http;
mod mapping;
mod matching;
mod place;
mod preview;
mod reason;
mod secret;
mod slot;
mod task;
mod update;
mod value;
mod wanted;

pub use config::{CrmConfig, Kind, OpenError, RefreshConfig};
pub use connector::{Connector, Health, Preview, PreviewError};
pub use customer::{Change, Customer, Memory};
pub use delivery::{Delivery, Line, LineResult};
pub use mapping::{Mapping, MappingError};
pub use reason::Reason;
pub use secret::Secret;
