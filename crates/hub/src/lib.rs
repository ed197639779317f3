//! The vendor's engine: what stands in front of the CRM, ERP or database that a vendor already has.
//!
//! It asks persons for fields, takes their grants, countersigns them, takes their updates in under exactly what
//! was granted, hands everything to the vendor's sinks as `CloudEvents`, tells the person what became of it, and
//! erases when it is told to stop. It keeps what it holds in `freehold-store`, in its home or in a database that it is given: one
//! process either way.
//!
//! What it leaves out: reaching a database, the command line and the local API.
//!
//! Reading order: [`HubConfig`], [`init`], [`Hub`], [`view`]. Inside: `relationship` (who), `session` (their
//! connections), `families` (what messages do), `held` (grants and values), `log` (events), `sinks` (delivery). The vendor's
//! own keys: `keys` (under which the hub speaks), `serving` (an endpoint for each), `moves` (how persons are told), `rotate`.
//!
//! Every key of the store begins with a tag; `M` is the mailboxes'. A database keeps what belongs to one relationship in one part
//! (`G`, `g`, `F`, `V`, `X`, `Q`; the mailboxes in one of their own), an event's data in another (`P`), and all else together.
//!
//! | tag | record |
//! |---|---|
//! | `A`, `a` | data requests in order; their numbers by id |
//! | `I` | invitations by token |
//! | `R`, `K`, `C` | relationships by id; ids by the person's key; ids by the vendor's reference |
//! | `G`, `g`, `T` | receipts; what happened to them; when they end |
//! | `F` | receipts of what was erased |
//! | `V` | values by relationship, grant and path, each with a key of its own |
//! | `E`, `P`, `X` | events by number; their data in parts; numbers by relationship |
//! | `D`, `d` | dead letters of the webhook; those of them that are due again |
//! | `B`, `b`, `Q` | the same of the CRM; what its connector wants to know again of a customer |
//! | `S`, `N` | cursors of the sinks; counters |
//! | `z`, `Z` | which keys of the vendor there are; the moves to those after the first |

mod ask;
mod config;
mod families;
mod held;
mod hub;
mod init;
mod invite;
mod keys;
mod live;
mod load;
mod log;
mod matching;
mod messages;
mod moves;
mod overview;
mod ports;
mod relationship;
mod restored;
mod rotate;
mod serving;
mod session;
mod shared;
#[cfg(feature = "simulation")]
pub mod simulation;
mod sinks;
mod stop;
mod sweep;
mod tables;
#[cfg(test)]
mod tests;
pub mod view;

pub use ask::{AskCustomerError, AskError, NoSuchAsk, parse as parse_ask};
pub use config::{ConfigError, DidChoice, HubConfig, SinksConfig, StoreLocation, WebhookConfig};
pub use hub::{Hub, StartError};
pub use init::{CONFIG_FILE, InitError, init};
pub use invite::InviteError;
pub use live::ReadError;
pub use matching::MatchError;
pub use messages::MessageError;
pub use rotate::RotateError;
pub use sinks::RetryError;
