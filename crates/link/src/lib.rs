//! A running session of one relationship: the session machine over a stream, persisting through the store.
//!
//! Both roles run their sessions through [`Link`], so persist-before-send is written once. A link is owned by one
//! task, which waits in [`Link::next`] together with its own commands.
//!
//! Reading order: [`Context`], [`Link`], [`Event`], [`first_hello`].

/// Under this feature `tokio` is shuttle's, whose tasks and queues take their steps in every order that is tried.
#[cfg(feature = "schedules")]
extern crate shuttle_tokio as tokio;

mod clock;
mod link;
mod pace;

pub use clock::{Clock, Stopwatch, system_clock};
pub use link::{Context, Event, Link, LinkError, first_hello};
pub use pace::Pace;
