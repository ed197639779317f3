//! The dialler: the person's side.

use std::fmt;
use std::net::SocketAddr;

use freehold_protocol::identity::{PublicKey, SigningKey};
use futures::StreamExt as _;
use libp2p::core::transport::TransportError;
use libp2p::multiaddr::Protocol;
use libp2p::swarm::dial_opts::DialOpts;
use libp2p::swarm::{self, SwarmEvent};
use libp2p::{Multiaddr, Swarm};
use tokio::time::timeout;

use crate::address::Host;
use crate::links::Denied;
use crate::swarm::{Node, NodeEvent, build, handle, io_kind};
use crate::{Address, Connection, Limits};

/// Attempts of one [`dial`]; further addresses are not tried. A hub's document lists a handful, and a hostile one
/// could list any number.
pub const DIAL_ADDRESSES_MAX: usize = 16;

/// Addresses of one host name that are tried: one or two families, one spare each.
const NAME_ADDRESSES_MAX: usize = 4;

/// Why there is no connection.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DialError {
    /// No address was given.
    #[error("no address to dial was given")]
    NoAddress,
    /// Somebody answered, and nobody with an expected key. Nothing was sent but the handshake.
    #[error("{address} answered with the key {got:?}, expected was {expected:?}")]
    WrongPeer {
        /// The first address that answered.
        address: Address,
        /// The keys that would have been right.
        expected: Vec<PublicKey>,
        /// The key that the peer proved.
        got: PublicKey,
    },
    /// Nobody answered.
    #[error("no address could be reached: {}", list(attempts))]
    Unreachable {
        /// What was tried, in order.
        attempts: Vec<Attempt>,
    },
}

/// One address that was tried in vain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// The address, as it was given.
    pub address: Address,
    /// What went wrong.
    pub failure: Failure,
}

/// What went wrong with one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// No answer within [`Limits::dial_timeout`].
    #[error("timed out")]
    Timeout,
    /// Nothing listens there.
    #[error("refused")]
    Refused,
    /// The network has no way there.
    #[error("no route")]
    NoRoute,
    /// The host name has no address.
    #[error("name not found")]
    NameNotFound,
    /// The address carries the key of somebody who was not expected; it was not dialled.
    #[error("names another peer")]
    OtherPeer,
    /// Something answered that does not speak the handshake, or broke it off.
    #[error("handshake failed")]
    Handshake,
    /// The address cannot be dialled, for example because its port is 0.
    #[error("not dialable")]
    NotDialable,
}

pub(crate) enum Outcome {
    Failed(Failure),
    WrongPeer(PublicKey),
}

/// Connects to the first of `addresses` that answers with one of the `expected` keys, in a swarm of its own that
/// knows no other key than `key`. QUIC addresses are tried first, then TCP, each for at most
/// [`Limits::dial_timeout`]; a host name counts once for each of its addresses.
///
/// # Errors
/// [`DialError`]. Always within `dial_timeout` times the attempts, of which there are at most
/// [`DIAL_ADDRESSES_MAX`], plus one look-up per name.
pub async fn dial(
    key: &SigningKey,
    addresses: &[Address],
    expected: &[PublicKey],
    limits: Limits,
) -> Result<Connection, DialError> {
    if addresses.is_empty() {
        return Err(DialError::NoAddress);
    }
    // One bound for the whole attempt: the handshake may use all of it.
    let limits = Limits { handshake_timeout: limits.handshake_timeout.max(limits.dial_timeout), ..limits };
    let (quic, tcp): (Vec<_>, Vec<_>) = addresses.iter().partition(|address| address.is_quic());
    let mut attempts = Vec::new();
    let mut wrong = None;
    for address in quic.into_iter().chain(tcp).take(DIAL_ADDRESSES_MAX) {
        let failed = |failure| Attempt { address: address.clone(), failure };
        if address.peer().is_some_and(|peer| !expected.contains(&peer)) {
            attempts.push(failed(Failure::OtherPeer));
            continue;
        }
        let targets = match resolve(address, &limits).await {
            Ok(targets) => targets,
            Err(failure) => {
                attempts.push(failed(failure));
                continue;
            }
        };
        for target in targets {
            if attempts.len() >= DIAL_ADDRESSES_MAX {
                break;
            }
            let attempt = timeout(limits.dial_timeout, attempt(key, target, expected, &limits)).await;
            match attempt.unwrap_or(Err(Outcome::Failed(Failure::Timeout))) {
                Ok(connection) => return Ok(connection),
                Err(Outcome::Failed(failure)) => attempts.push(failed(failure)),
                Err(Outcome::WrongPeer(got)) => {
                    attempts.push(failed(Failure::OtherPeer));
                    wrong.get_or_insert_with(|| (address.clone(), got));
                }
            }
        }
    }
    Err(match wrong {
        Some((address, got)) => DialError::WrongPeer { address, expected: expected.to_vec(), got },
        None => DialError::Unreachable { attempts },
    })
}

/// The addresses without names behind `address`. The system's resolver is asked, so that its hosts file counts too.
async fn resolve(address: &Address, limits: &Limits) -> Result<Vec<Multiaddr>, Failure> {
    let parts = address.parts();
    let Host::Name { name, want_v4, want_v6 } = parts.host else {
        return Ok(vec![address.transport_part()]);
    };
    let found = timeout(limits.dial_timeout, tokio::net::lookup_host((name, parts.port))).await;
    let found = found.map_err(|_| Failure::Timeout)?.map_err(|_| Failure::NameNotFound)?;
    let wanted = |socket: &SocketAddr| if socket.is_ipv4() { want_v4 } else { want_v6 };
    let transport = |socket: SocketAddr| {
        let host = Multiaddr::from(socket.ip());
        match parts.quic {
            true => host.with(Protocol::Udp(socket.port())).with(Protocol::QuicV1),
            false => host.with(Protocol::Tcp(socket.port())),
        }
    };
    let targets: Vec<_> = found.filter(wanted).map(transport).take(NAME_ADDRESSES_MAX).collect();
    if targets.is_empty() { Err(Failure::NameNotFound) } else { Ok(targets) }
}

async fn attempt(
    key: &SigningKey,
    target: Multiaddr,
    expected: &[PublicKey],
    limits: &Limits,
) -> Result<Connection, Outcome> {
    #[cfg(feature = "simulation")]
    if let (Some(network), Some(machine), Some(address)) =
        (crate::simulation::Network::current(), limits.machine, Address::from_multiaddr(&target))
    {
        return crate::simulation::attempt(&network, machine, key, &address, expected, limits).await;
    }
    let mut swarm = build(key, limits, Some(expected.to_vec()));
    swarm.dial(DialOpts::unknown_peer_id().address(target).build()).map_err(outcome)?;
    loop {
        match swarm.select_next_some().await {
            SwarmEvent::Behaviour(NodeEvent::Links(connection)) => {
                tokio::spawn(run(swarm));
                return Ok(connection);
            }
            SwarmEvent::OutgoingConnectionError { error, .. } => return Err(outcome(error)),
            event => handle(&mut swarm, &event),
        }
    }
}

/// Drives the swarm for as long as its one connection lives.
async fn run(mut swarm: Swarm<Node>) {
    loop {
        let event = swarm.select_next_some().await;
        if matches!(event, SwarmEvent::ConnectionClosed { .. }) {
            return;
        }
        handle(&mut swarm, &event);
    }
}

fn outcome(error: swarm::DialError) -> Outcome {
    use std::io::ErrorKind;

    Outcome::Failed(match error {
        swarm::DialError::Denied { cause } => match cause.downcast::<Denied>() {
            Ok(Denied::WrongPeer(got)) => return Outcome::WrongPeer(got),
            Ok(Denied::KeyType) | Ok(Denied::TooMany) | Err(_) => Failure::Handshake,
        },
        swarm::DialError::LocalPeerId { .. } => Failure::OtherPeer,
        swarm::DialError::Transport(errors) => match errors.into_iter().next() {
            Some((_, TransportError::Other(error))) => match io_kind(&error) {
                Some(ErrorKind::ConnectionRefused) => Failure::Refused,
                Some(ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable) => Failure::NoRoute,
                Some(ErrorKind::TimedOut) => Failure::Timeout,
                _ => Failure::Handshake,
            },
            Some((_, TransportError::MultiaddrNotSupported(_))) | None => Failure::NotDialable,
        },
        _ => Failure::NotDialable,
    })
}

fn list(attempts: &[Attempt]) -> String {
    attempts.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.address, self.failure)
    }
}
