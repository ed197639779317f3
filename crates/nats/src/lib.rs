//! A hub's events in NATS JetStream.
//!
//! [`JetStream`] makes or checks one stream and puts [`Message`]s into it: `PREFIX.RELATIONSHIP.KIND` is the subject, the event's id
//! the `Nats-Msg-Id`. [`JetStream::publish`] returns once the stream has acknowledged every message. At most one message of a
//! customer is under way at a time, so that a customer's order in the stream is the order of the events.
//!
//! What it leaves out: the event log, the cursor in it and the waits between attempts, which are the hub's. It keeps nothing.
//!
//! Reading order: [`NatsConfig`], [`JetStream`], [`Message`], [`PublishError`]. The page is `specs/events.md`.

mod config;
mod connection;
mod publish;
mod stream;

pub use config::{NatsConfig, OpenError};
pub use publish::{JetStream, Message, PublishError};
