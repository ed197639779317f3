//! The local interface of a person's node and of a hub: JSON over HTTP/1.1. `POST /api/v1/<call>` takes the call's JSON
//! and answers its JSON; what only reads is answered to `GET` as well, with the parameters in the query. A failure is an
//! [`ApiError`] with the code a script can match and the exit status the command line ends with, and travels as
//! `application/problem+json` (RFC 9457).
//!
//! The commands use it on a Unix socket in the home, which only the home's owner may open. Scripts and programs of the
//! person use it over TCP, where [`person_routes`] is mounted, each with a token that allows some [`Scope`]s. [`OPENAPI`]
//! describes the person's calls; it is made from their types, and a test compares it with what is served.
//!
//! What it leaves out: any rule of the engines. Each call is one function of an engine; this crate carries it.
//!
//! Reading order: [`Call`], [`Scope`], [`person`] and [`hub`] (the calls), [`Client`], [`Socket`], [`serve_person`],
//! [`serve_hub`], [`person_routes`], [`exit`]. Spec of the exit statuses: `specs/exit-codes.md`.
//!
//! ```no_run
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! use freehold_api::{Client, person::Get};
//! let client = Client::connect(std::path::Path::new("/home/ada/.freehold")).await?;
//! let fields = client.call(&Get { prefix: Some("phone".into()), ..Get::default() }).await?;
//! # let _ = fields;
//! # Ok(())
//! # }
//! ```

mod call;
mod caller;
mod client;
mod error;
pub mod exit;
mod guard;
mod openapi;
mod scope;
mod server;
mod socket;

pub use call::{Call, hub, person};
pub use client::{Client, ConnectError};
pub use error::ApiError;
pub use guard::{Guard, person_routes};
pub use openapi::openapi;
pub use scope::{Scope, ScopeError};
pub use server::{
    ServeError,
    hub::serve_hub,
    person::{Links, serve_person},
};
pub use socket::{SOCKET_NAME, Socket, SocketError};

/// Where the calls are, on the socket as over TCP.
pub const ADDRESS: &str = "/api/v1";

/// The description of a person's calls, as OpenAPI 3.1.
pub const OPENAPI: &str = include_str!("../openapi.json");

/// Longest body of a call or an answer, in bytes: a card with photographs in it, as base64.
pub const BODY_BYTES_MAX: usize = 8 * 1024 * 1024;
