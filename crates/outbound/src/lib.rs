//! The one outbound HTTP client: whatever a peer or a document makes this program fetch goes through here.
//!
//! A URL that somebody else chose is a way to make this machine speak to its own neighbours: the router's page,
//! a cloud's metadata address, a database on loopback. So the client resolves the name itself, refuses it when
//! any of its addresses is inward, and connects to exactly the addresses it checked; a second DNS answer is
//! never asked for. It follows no redirect, reads no proxy from the environment, keeps no cookies, sends no
//! referer, and bounds time and bytes.
//!
//! What it leaves out: retries (the caller knows what may be repeated), HTTP/2, compression, caching.
//!
//! Reading order: [`Policy`] and [`Reach`], [`Client`], [`traced`], [`Response`], [`FetchError`]; the ranges are in
//! [`address`].
//!
//! ```no_run
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! use freehold_outbound::{Client, Policy};
//! let client = Client::new(Policy::public())?;
//! let response = client.get("https://example.com/.well-known/did.json", "application/json").await?;
//! assert_eq!(response.status, 200);
//! # Ok(())
//! # }
//! ```

pub mod address;
mod client;
mod error;
mod lookup;
mod policy;
mod traced;

pub use client::{Client, Method, Response};
pub use error::{ClientError, FetchError};
pub use policy::{BODY_BYTES_MAX, Policy, Reach, TIMEOUT};
pub use traced::traced;
