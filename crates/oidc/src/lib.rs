//! Signing in by somebody else's identity provider: OpenID Connect, authorization code flow with PKCE.
//!
//! [`Provider::begin`] gives the address a browser is sent to and what has to be remembered of it, [`Provider::finish`] takes what
//! the browser brings back and gives the [`Person`] that the provider vouches for. Everything between is checked: that the answer
//! belongs to this browser and this attempt (`state`), that the code was not taken from somebody else's (PKCE), that the token was
//! made for this attempt (`nonce`), by this provider, for this client, with a key of the provider's and an algorithm that has
//! one, and that it has not expired.
//!
//! What it leaves out: sessions, cookies and who may do what, which are the page's; signing out at the provider; refresh tokens and
//! every other use of the provider's interface. No token outlives [`Provider::finish`].
//!
//! Signatures are checked by jsonwebtoken; claims are checked here, since its own check reads no number where serde_json keeps
//! numbers as texts (`arbitrary_precision`).
//!
//! Reading order: [`Settings`], [`Provider`], [`Begun`], [`Pending`], [`Answer`], [`Person`], [`OidcError`]. Inside: `metadata`
//! (discovery), `keys`, `id_token` (the claims), `exchange` (the code for tokens).

mod begun;
mod error;
mod exchange;
mod id_token;
mod keys;
mod metadata;
mod person;
mod provider;

pub use begun::{Answer, Begun, Pending};
pub use error::{OidcError, TokenError};
pub use person::Person;
pub use provider::{Provider, Settings};
