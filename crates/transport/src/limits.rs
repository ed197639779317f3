//! The limits table of the transport: what one peer, and all of them, may cost.

use std::time::Duration;

/// Bytes a peer may have in flight on one QUIC stream: two of the largest frames keep a long link busy.
pub(crate) const QUIC_STREAM_BYTES: u32 = 512 * 1024;

/// Bytes a peer may have in flight on one QUIC connection, and so what it can make this side hold: a session and a read at
/// full speed.
pub(crate) const QUIC_CONNECTION_BYTES: u32 = 1 << 20;

/// Bytes a stranger may send over TCP: a handshake, a few pings and the largest hello, eight times over.
pub(crate) const STRANGER_BYTES: u64 = 64 * 1024;

/// Silence after which a QUIC keep-alive is sent: home routers forget UDP mappings after 30 s at the earliest.
pub(crate) const QUIC_KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Silence after which a QUIC connection is dead: four lost keep-alives in a row.
pub(crate) const QUIC_IDLE_MAX: Duration = Duration::from_secs(60);

/// Streams a connection needs beside the reads: the session, two pings, and a few still being refused.
pub(crate) const STREAMS_SPARE: u32 = 16;

/// Requests for a new stream that may wait for the connection's task: they only wait for a poll.
pub(crate) const OPEN_QUEUE: usize = 16;

/// What a peer may cost. Every field has a default; an owner changes what it must.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Established connections that an [`Endpoint`](crate::Endpoint) has in all; one more closes a stranger's, and where there
    /// is no stranger it is refused. Default 10,000: at about 70 KiB each, well below a gibibyte.
    pub incoming_max: u32,
    /// Of these, strangers': those that were not made [`welcome`](crate::Connection::welcome); one more closes the oldest of
    /// the network that has most. Default 512: a peer that is known stays one for a round trip or two.
    pub strangers_max: u32,
    /// Of these, from one network (IPv4 /24, IPv6 /64); one more closes the oldest of that network. Default 64: a company's
    /// customers behind one address come a few at a time.
    pub strangers_per_network_max: u32,
    /// How long a peer may be a stranger. Default 15 s: a hub waits 10 s for a hello, and a goodbye takes a moment.
    pub stranger_timeout: Duration,
    /// Established connections of one peer's key; a new one beyond them closes the oldest. Default 2: who dials again
    /// has lost the old one, whose owner may still say goodbye.
    pub per_peer_max: u32,
    /// Incoming connections still in their handshake; one more ends the oldest of the network that has most. Default 512:
    /// a handshake takes an honest peer some hundred milliseconds, and costs about 2 ms of CPU.
    pub handshakes_max: u32,
    /// Of these, from one network (IPv4 /24, IPv6 /64); one more ends the oldest of that network. Default 64.
    pub handshakes_per_network_max: u32,
    /// Streams of one connection that either side may have open for live reads. Default 32: a person's node answers
    /// reads within milliseconds, so more would be a flood.
    pub streams_max: u32,
    /// Whether the peer may open live reads. Default true; a hub is not read, and says no.
    pub takes_reads: bool,
    /// Longest handshake of a connection that comes in, and longest negotiation of a stream. Default 10 s.
    pub handshake_timeout: Duration,
    /// How long a connection may live without any open stream. Default 60 s: a session's stream stays open for
    /// days, and between sessions nothing is worth a connection. Noticed at the next ping at the latest.
    pub idle_timeout: Duration,
    /// How long a half-received or half-sent frame may stand still. Default 30 s: longer than a vendor's slowest
    /// disk, shorter than a person's patience.
    pub frame_timeout: Duration,
    /// How long a frame may take from its first byte to its last. Default 120 s: the largest then comes at 2 KiB a second.
    pub whole_frame_timeout: Duration,
    /// Longest attempt at one address, name look-up and handshake included. Default 5 s: four round trips on the
    /// worst link, and the wait before TCP is tried where QUIC is blocked.
    pub dial_timeout: Duration,
    /// Pause between two pings. Default 20 s: with [`Limits::liveness_timeout`] a dead TCP peer is noticed within
    /// about 90 s.
    pub liveness_interval: Duration,
    /// Longest wait for a ping's answer. Default 20 s.
    pub liveness_timeout: Duration,
    /// The computer that dials, on a network in memory.
    #[cfg(feature = "simulation")]
    pub machine: Option<crate::simulation::Machine>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            incoming_max: 10_000,
            strangers_max: 512,
            strangers_per_network_max: 64,
            stranger_timeout: Duration::from_secs(15),
            per_peer_max: 2,
            handshakes_max: 512,
            handshakes_per_network_max: 64,
            streams_max: 32,
            takes_reads: true,
            handshake_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(60),
            frame_timeout: Duration::from_secs(30),
            whole_frame_timeout: Duration::from_secs(120),
            dial_timeout: Duration::from_secs(5),
            liveness_interval: Duration::from_secs(20),
            liveness_timeout: Duration::from_secs(20),
            #[cfg(feature = "simulation")]
            machine: None,
        }
    }
}
