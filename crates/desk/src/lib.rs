//! The page and the interface for a vendor's staff, and what its monitoring asks of a hub.
//!
//! Everything shown or changed is a call to [`freehold_hub::Hub`]; whoever looks at a customer, asks one or changes
//! anything is in the hub's log of the staff before they see what comes of it. Pages are made here and need no script;
//! programs use `/api/v1` with a token, as `openapi.json` beside this crate's manifest describes it.
//!
//! Users are the hub's own, by password, or come by an identity provider (OpenID Connect), which may say their roles.
//!
//! What it leaves out: signing out at that provider.
//!
//! Reading order: [`Desk`], `access` (who asks, and what they may), `pages`, `api`, `ops` (figures and health), `provider` (the identity
//! provider).

mod access;
mod api;
mod desk;
mod ops;
mod pages;
mod provider;
mod refusal;
mod sign_in;
mod words;

pub use desk::{Desk, DeskError, Listening};

/// The description of the interface for programs, as OpenAPI.
pub const OPENAPI: &str = include_str!("../openapi.json");
