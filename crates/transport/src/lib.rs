//! libp2p behind a small interface: authenticated connections between two Ed25519 keys, and frames of bytes on
//! streams inside them. It knows no protocol rule and shows no libp2p type.
//!
//! Reading order: [`Address`] (where a peer is), [`Limits`] (what a peer may cost), [`Endpoint`] (a hub that
//! listens), [`dial`] (a node that calls), [`Connection`] (what both get), [`Frames`] (what travels).
//!
//! - **Identity.** A relationship's Ed25519 key is the libp2p identity, so the Noise or TLS 1.3 handshake has
//!   proved the peer's [`PublicKey`](freehold_protocol::identity::PublicKey) before a connection is handed out.
//!   Peers with any other kind of key are refused.
//! - **Transports.** QUIC v1, and TCP with Noise and Yamux.
//! - **Streams.** [`SESSION_PROTOCOL`], opened once by the dialler, and [`READ_PROTOCOL`], opened by either side.
//!   A frame is a big-endian `u32` length and that many bytes, see [`FRAME_BYTES_MAX`].
//! - **Dead peers.** QUIC sends keep-alives and gives up after its idle limit. On TCP, and on QUIC too, libp2p's
//!   ping (which carries 32 random bytes and nothing else) runs at [`Limits::liveness_interval`]; two missed
//!   answers in a row end the connection. There is no `identify` and no other protocol that tells something about
//!   the node.
//! - **Strangers.** Whoever has connected to an [`Endpoint`] is a stranger until the owner says
//!   [`Connection::welcome`]. Strangers have little time and few bytes, and where they are too many the oldest of them
//!   makes room; who is welcome never does.
//!
//! Left out: relays, hole punching, discovery, and any guard on which addresses may be dialled.
//!
//! ```
//! use freehold_protocol::identity::SigningKey;
//! use freehold_transport::{Address, Endpoint, Limits, dial};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let (hub, node) = (SigningKey::from_seed(&[1; 32]), SigningKey::from_seed(&[2; 32]));
//! let any = Address::parse("/ip4/127.0.0.1/udp/0/quic-v1")?;
//! let (endpoint, mut incoming) = Endpoint::listen(&hub, &[any], Limits::default()).await?;
//!
//! let out = dial(&node, &endpoint.addresses(), &[hub.public()], Limits::default()).await?;
//! let incoming = incoming.recv().await.expect("the endpoint is alive");
//! assert_eq!(incoming.peer(), node.public());
//! incoming.welcome();
//!
//! let (sender, _) = out.open_session().await?.split();
//! sender.send(b"hello".to_vec()).await?;
//! let (_, mut receiver) = incoming.accept_session().await.expect("the dialler opened it").split();
//! assert_eq!(receiver.recv().await.expect("a frame")?, b"hello");
//! # Ok(()) }
//! ```

/// Under this feature `tokio` is shuttle's, whose tasks and queues take their steps in every order that is tried.
#[cfg(feature = "schedules")]
extern crate shuttle_tokio as tokio;

mod address;
mod connection;
mod dial;
mod endpoint;
mod frames;
mod framing;
mod handler;
mod handshakes;
mod limits;
mod links;
mod meter;
mod muxer;
mod peer;
pub mod planted;
mod room;
#[cfg(feature = "simulation")]
pub mod simulation;
mod stream;
mod swarm;
mod sync;

pub use address::{ADDRESS_BYTES_MAX, Address, AddressError};
pub use connection::{Connection, StreamError, Transport};
pub use dial::{Attempt, DIAL_ADDRESSES_MAX, DialError, Failure, dial};
pub use endpoint::{Endpoint, INCOMING_QUEUE, ListenError};
pub use frames::{FRAME_QUEUE, FrameError, FrameReceiver, FrameSender, Frames, SendError};
pub use framing::FRAME_BYTES_MAX;
pub use limits::Limits;

/// The libp2p protocol name of a session's stream: one per connection, opened by the dialler.
pub const SESSION_PROTOCOL: &str = "/freehold/session/1";

/// The libp2p protocol name of a live read's stream: opened by either side, as often as the limits allow.
pub const READ_PROTOCOL: &str = "/freehold/read/1";
