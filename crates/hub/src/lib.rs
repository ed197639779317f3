//! The vendor's engine: what stands in front of the CRM, ERP or database that a vendor already has.
//!
//! It asks persons for fields, takes their grants, countersigns them, takes their updates in under exactly what
//! was granted, hands everything to the vendor's sinks as `CloudEvents`, tells the person what became of it, and
//! erases when it is told to stop. It keeps what it holds in `freehold-store`, in its home or in a database that it is given, which
//! several processes may share.
//!
//! What it leaves out: reaching a database, the command line and the local API.
//!
//! Reading order: [`HubConfig`], [`init`], [`Hub`], [`view`]. Inside: `relationship` (who), `session` (their
//! connections), `families` (what messages do), `held` (grants and values), `log` (events), `sinks` (delivery). The vendor's
//! own keys: `keys` (under which the hub speaks), `serving` (an endpoint for each), `moves` (how persons are told), `rotate`. Several
//! processes: `replica` (who they are), `lease` (what one of them does alone), `hearing` (what they tell each other), `drain`.
//!
//! Every key of the store begins with a tag; `M` is the mailboxes'. A database keeps what belongs to one relationship in one part
//! (`G`, `g`, `F`, `H`, `O`, `V`, `X`, `Q`; the mailboxes in one of their own), an event's data in another (`P`), and all else together.
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
//! | `H`, `O` | revocations, and persons' moves to another key, as they were signed |
//! | `W`, `w` | what was worth something; its sums |
//! | `U`, `u` | the vendor's staff; tokens of its programs |
//! | `J`, `j` | what the staff did; the end of that log |
//! | `y` | replicas by number |
//! | `z`, `Z` | which keys of the vendor there are; the moves to those after the first |

mod ask;
mod config;
mod customer;
mod done;
mod drain;
mod evidence;
mod families;
mod figures;
mod grants;
mod hearing;
mod held;
mod hub;
mod init;
mod invite;
mod keys;
mod lease;
mod live;
mod load;
mod log;
mod matching;
mod messages;
mod metrics;
mod moves;
mod overview;
mod ports;
mod relationship;
mod reload;
mod replica;
mod restored;
mod rotate;
mod serving;
mod session;
mod shared;
#[cfg(feature = "simulation")]
pub mod simulation;
mod sinks;
mod staff;
mod stop;
mod sweep;
mod tables;
#[cfg(test)]
mod tests;
mod trace;
pub mod view;
mod worth;

pub use ask::{AskCustomerError, AskError, NoSuchAsk, parse as parse_ask};
pub use config::{
    Amount, ConfigError, DidChoice, HttpConfig, HubConfig, OidcConfig, SinksConfig, StoreLocation,
    TelemetryConfig, ValueConfig, WebhookConfig,
};
pub use done::Done;
pub use evidence::{EvidenceError, EvidenceReport, Finding, verify as verify_evidence};
pub use freehold_nats::NatsConfig;
pub use freehold_tables::TablesConfig;
pub use hub::{Hub, StartError};
pub use init::{CONFIG_FILE, InitError, init};
pub use invite::InviteError;
pub use live::ReadError;
pub use matching::MatchError;
pub use messages::MessageError;
pub use reload::ReloadError;
pub use replica::ForgetReplicaError;
pub use rotate::RotateError;
pub use sinks::RetryError;
pub use sinks::replay::ReplayError;
pub use staff::{Deed, JournalBroken, Known, Role, StaffError, Standing, Vouched, Who};
