//! What a web page of this project stands on, whoever it is for: where it listens, who may ask, how long a request may
//! take, what a browser is told to refuse, who is signed in, and how errors look.
//!
//! A page is served on loopback unless its owner says otherwise, answers only to the names it was given (so a foreign
//! page cannot rebind a name to it), loads nothing from elsewhere, and runs no script but, where it says so, its own. Whoever is signed in holds
//! a random cookie that other sites cannot make a browser send; every form carries a token besides.
//!
//! What it leaves out: what there is to see, who may see it, and where users are kept.
//!
//! Reading order: [`Bind`], [`Site`], [`serve`], [`guarded`], [`Sessions`], [`Attempts`], [`password`], [`Problem`],
//! [`layout`].
//!
//! ```
//! use freehold_web::{Bind, Site};
//! let bind = Bind::parse("127.0.0.1:4180", false).expect("loopback");
//! let site = Site::new(&bind, None).expect("its own names");
//! assert!(site.is_own_host("localhost:4180") && !site.is_own_host("evil.example:4180"));
//! ```

mod attempts;
mod bind;
mod cookie;
mod guard;
pub mod layout;
pub mod password;
mod problem;
mod serve;
mod sessions;
mod site;
mod token;

pub use attempts::{Attempts, Refused};
pub use bind::{Bind, BindError};
pub use cookie::Cookie;
pub use guard::{REQUEST_WAIT, Scripts, guarded};
pub use problem::{PROBLEM_TYPE, Problem};
pub use serve::{Peer, ServeError, listen, serve};
pub use sessions::{Listed, Session, Sessions};
pub use site::{Site, SiteError};
pub use token::{Token, TokenDigest};

/// Longest body of a request, in bytes: forms and small JSON.
pub const BODY_BYTES_MAX: usize = 64 * 1024;
