//! The libp2p swarm of one key: QUIC, TCP with Noise and Yamux, [`Links`] and ping; nothing else.

use std::error::Error;
use std::io;
use std::time::Duration;

use freehold_protocol::identity::{PublicKey, SigningKey};
use libp2p::core::Transport as _;
use libp2p::core::muxing::StreamMuxerBox;
use libp2p::core::transport::Boxed;
use libp2p::core::transport::timeout::TransportTimeoutError;
use libp2p::core::upgrade::Version;
use libp2p::identity::Keypair;
use libp2p::swarm::{self, NetworkBehaviour, SwarmEvent};
use libp2p::{PeerId, Swarm, noise, ping, quic, tcp, yamux};

use crate::Limits;
use crate::handshakes::{HandshakeError, Handshakes};
use crate::limits::{
    QUIC_CONNECTION_BYTES, QUIC_IDLE_MAX, QUIC_KEEP_ALIVE, QUIC_STREAM_BYTES, STRANGER_BYTES, STREAMS_SPARE,
};
use crate::links::Links;
use crate::meter::Meters;
use crate::muxer::{Abrupt, Drops};
use crate::peer;

/// The swarm's behaviours.
#[derive(NetworkBehaviour)]
#[behaviour(prelude = "libp2p::swarm::derive_prelude")]
pub(crate) struct Node {
    links: Links,
    ping: ping::Behaviour,
}

/// Builds the swarm of `key`; `expected` is given by a dialler.
pub(crate) fn build(key: &SigningKey, limits: &Limits, expected: Option<Vec<PublicKey>>) -> Swarm<Node> {
    let keypair = peer::keypair(key);
    let ping =
        ping::Config::new().with_interval(limits.liveness_interval).with_timeout(limits.liveness_timeout);
    let meters = Meters::default();
    let links = Links::new(key.public(), *limits, expected, meters.clone());
    let node = Node { links, ping: ping::Behaviour::new(ping) };
    let config = swarm::Config::with_tokio_executor()
        .with_idle_connection_timeout(limits.idle_timeout)
        .with_max_negotiating_inbound_streams(count(STREAMS_SPARE));
    Swarm::new(transport(&keypair, limits, meters), node, keypair.public().to_peer_id(), config)
}

/// What every swarm does with an event that its owner has no use for: a dead peer's connection is closed.
pub(crate) fn handle(swarm: &mut Swarm<Node>, event: &SwarmEvent<NodeEvent>) {
    if let SwarmEvent::Behaviour(NodeEvent::Ping(ping::Event { connection, result: Err(error), .. })) = event
        && !matches!(error, ping::Failure::Unsupported)
    {
        tracing::debug!(%error, "closing a connection whose peer no longer answers");
        swarm.close_connection(*connection);
    }
}

fn transport(keypair: &Keypair, limits: &Limits, meters: Meters) -> Boxed<(PeerId, StreamMuxerBox)> {
    let streams_max = limits.streams_max.saturating_add(STREAMS_SPARE);

    let mut quic = quic::Config::new(keypair);
    quic.handshake_timeout = limits.handshake_timeout;
    quic.keep_alive_interval = QUIC_KEEP_ALIVE;
    quic.max_idle_timeout = u32::try_from(QUIC_IDLE_MAX.as_millis()).unwrap_or(u32::MAX);
    quic.max_concurrent_stream_limit = streams_max;
    quic.max_stream_data = QUIC_STREAM_BYTES;
    quic.max_connection_data = QUIC_CONNECTION_BYTES;
    let quic = quic::tokio::Transport::new(quic)
        .map(|(peer, muxer), _| (peer, StreamMuxerBox::new(Abrupt::new(muxer, Drops::Handle))))
        .map_err(quic_error);

    let noise = noise::Config::new(keypair).expect("an Ed25519 key signs everything");
    let mut yamux = yamux::Config::default();
    // Yamux counts both directions together.
    yamux.set_max_num_streams(count(streams_max));
    // Closing without lingering throws away what the kernel has not sent; ends are agreed on per stream.
    let tcp = tcp::Config::new().linger(Some(Duration::ZERO));
    let tcp = tcp::tokio::Transport::new(tcp)
        .map(move |socket, point| meters.put_on(socket, &point, STRANGER_BYTES))
        .map_err(SystemError)
        .upgrade(Version::V1)
        .authenticate(noise)
        .multiplex(yamux)
        .timeout(limits.handshake_timeout)
        .map(|(peer, muxer), _| (peer, StreamMuxerBox::new(Abrupt::new(muxer, Drops::Socket))))
        .map_err(|error| tcp_error(&error));

    let both =
        quic.or_transport(tcp).map(|either, _| either.into_inner()).map_err(|either| either.into_inner());
    Handshakes::new(both, limits.handshakes_max, limits.handshakes_per_network_max)
        .map_err(|error| match error {
            HandshakeError::MadeRoom => io::ErrorKind::ConnectionAborted.into(),
            HandshakeError::Transport(error) => error,
        })
        .boxed()
}

fn count(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// Keeps the system's error visible: libp2p's nested either-errors name only the source of what they hold.
#[derive(Debug, thiserror::Error)]
#[error("the system refused")]
struct SystemError(#[source] io::Error);

fn quic_error(error: quic::Error) -> io::Error {
    match error {
        quic::Error::Io(error) => error,
        quic::Error::HandshakeTimedOut => io::ErrorKind::TimedOut.into(),
        error => io::Error::other(error),
    }
}

fn tcp_error<E: Error + 'static>(error: &TransportTimeoutError<E>) -> io::Error {
    match error {
        TransportTimeoutError::Timeout => io::ErrorKind::TimedOut.into(),
        error => io::Error::new(io_kind(error).unwrap_or(io::ErrorKind::Other), error.to_string()),
    }
}

/// The kind of the system's error behind an error of libp2p, which wraps it several times.
pub(crate) fn io_kind(error: &(dyn Error + 'static)) -> Option<io::ErrorKind> {
    let mut next = Some(error);
    let mut found = None;
    while let Some(error) = next {
        let io = error.downcast_ref::<io::Error>();
        if let Some(kind) = io.map(io::Error::kind).filter(|kind| *kind != io::ErrorKind::Other) {
            found = Some(kind);
        }
        // An `io::Error` does not name the error it carries as its source.
        next = match io.and_then(io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    found
}
