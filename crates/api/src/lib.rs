//! The local interface of a person's node and of a hub: JSON over HTTP/1.1 on a Unix socket in the home, which only
//! the home's owner may open. `POST /v1/<call>` takes the call's JSON and answers its JSON; a failure is an
//! [`ApiError`] with the code a script can match and the exit status the command line ends with.
//!
//! What it leaves out: any rule. Each call is one function of an engine; this crate carries it.
//!
//! Reading order: [`Call`], [`person`] and [`hub`] (the calls), [`Client`], [`Socket`], [`serve_person`],
//! [`serve_hub`], [`exit`]. Spec of the exit statuses: `specs/exit-codes.md`.
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
mod client;
mod error;
pub mod exit;
mod server;
mod socket;

pub use call::{Call, hub, person};
pub use client::{Client, ConnectError};
pub use error::ApiError;
pub use server::{ServeError, hub::serve_hub, person::serve_person};
pub use socket::{SOCKET_NAME, Socket, SocketError};

/// Longest body of a call or an answer, in bytes: a card with photographs in it, as base64.
pub const BODY_BYTES_MAX: usize = 8 * 1024 * 1024;
