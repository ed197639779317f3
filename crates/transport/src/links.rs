//! The swarm's behaviour: who may connect, how often, and the hand-over of each connection to its owner.

use std::collections::{HashMap, VecDeque};
use std::task::{Context, Poll};

use freehold_protocol::identity::PublicKey;
use libp2p::core::Endpoint;
use libp2p::core::transport::PortUse;
use libp2p::multiaddr::Protocol;
use libp2p::swarm::behaviour::{ConnectionClosed, ConnectionEstablished, DialFailure, ListenFailure};
use libp2p::swarm::{
    CloseConnection, ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, THandlerInEvent, ToSwarm,
};
use libp2p::{Multiaddr, PeerId};
use tokio::sync::watch;

use crate::handler::{Handler, Side, Word, pair};
use crate::meter::Meters;
use crate::room::{Network, Place, Room};
use crate::{Connection, Limits, Transport, peer};

/// The behaviour. It emits each established connection once.
pub(crate) struct Links {
    local: PublicKey,
    limits: Limits,
    /// Whom the dialler accepts; a listener accepts every key.
    expected: Option<Vec<PublicKey>>,
    meters: Meters,
    strangers: Room<(PeerId, ConnectionId)>,
    /// The strangers' places in their room.
    places: HashMap<ConnectionId, Place>,
    /// Connections whose establishment the swarm has not yet confirmed.
    fresh: HashMap<ConnectionId, (Connection, watch::Sender<()>, Option<Network>)>,
    alive: HashMap<ConnectionId, watch::Sender<()>>,
    /// Those that were told to end, until they have.
    ending: HashMap<ConnectionId, watch::Sender<()>>,
    /// The connections of each peer, oldest first; never an empty list.
    by_peer: HashMap<PeerId, Vec<ConnectionId>>,
    actions: VecDeque<ToSwarm<Connection, THandlerInEvent<Self>>>,
}

/// Why a connection was not accepted. The peer is told nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Denied {
    #[error("too many connections of peers that are known")]
    TooMany,
    #[error("the peer's key is no acceptable Ed25519 key")]
    KeyType,
    #[error("the peer has another key than expected")]
    WrongPeer(PublicKey),
}

impl Links {
    pub(crate) fn new(
        local: PublicKey,
        limits: Limits,
        expected: Option<Vec<PublicKey>>,
        meters: Meters,
    ) -> Self {
        Self {
            local,
            limits,
            expected,
            meters,
            strangers: Room::new(limits.strangers_max, limits.strangers_per_network_max),
            places: HashMap::new(),
            fresh: HashMap::new(),
            alive: HashMap::new(),
            ending: HashMap::new(),
            by_peer: HashMap::new(),
            actions: VecDeque::new(),
        }
    }

    fn establish(
        &mut self,
        id: ConnectionId,
        peer: PeerId,
        (address, remote): (&Multiaddr, Option<&Multiaddr>),
    ) -> Result<Handler, ConnectionDenied> {
        let key = peer::key_of(&peer).ok_or_else(|| ConnectionDenied::new(Denied::KeyType))?;
        if self.expected.as_ref().is_some_and(|expected| !expected.contains(&key)) {
            return Err(ConnectionDenied::new(Denied::WrongPeer(key)));
        }
        let total = self.alive.len() + self.fresh.len();
        if u32::try_from(total).map_or(true, |total| total >= self.limits.incoming_max) {
            // A known peer may be behind this key: it does not wait for strangers to give up.
            let leaves = self.strangers.make_room().ok_or_else(|| ConnectionDenied::new(Denied::TooMany))?;
            self.close_stranger(leaves);
        }
        let quic = address.iter().any(|part| part == Protocol::QuicV1);
        let transport = if quic { Transport::Quic } else { Transport::Tcp };
        let (side, network, meter) = match remote {
            Some(remote) => (Side::Listener, Some(Network::of(remote)), self.meters.of(address, remote)),
            None => (Side::Dialler, None, None),
        };
        let (handler, connection, alive) = pair(side, self.local, key, transport, meter, &self.limits);
        self.fresh.insert(id, (connection, alive, network));
        Ok(handler)
    }

    fn on_established(&mut self, peer_id: PeerId, id: ConnectionId) {
        let Some((connection, alive, network)) = self.fresh.remove(&id) else { return };
        self.alive.insert(id, alive);
        if let Some(network) = network {
            let (place, leaves) = self.strangers.enter(network, (peer_id, id));
            self.places.insert(id, place);
            if let Some(leaves) = leaves {
                self.close_stranger(leaves);
            }
        }
        let of_peer = self.by_peer.entry(peer_id).or_default();
        of_peer.push(id);
        // Whoever dials again has lost the old connection, or its owner ends it with a word. Beyond that they go.
        let spare =
            of_peer.len().saturating_sub(usize::try_from(self.limits.per_peer_max).unwrap_or(usize::MAX));
        let old = of_peer[..spare].to_vec();
        old.into_iter().for_each(|old| self.end(peer_id, old));
        self.actions.push_back(ToSwarm::GenerateEvent(connection));
    }

    fn on_closed(&mut self, peer_id: PeerId, id: ConnectionId) {
        if let Some(of_peer) = self.by_peer.get_mut(&peer_id) {
            of_peer.retain(|other| *other != id);
            if of_peer.is_empty() {
                self.by_peer.remove(&peer_id);
            }
        }
        self.alive.remove(&id);
        self.ending.remove(&id);
        self.is_no_stranger(id);
    }

    /// A stranger has left its room: its connection ends.
    fn close_stranger(&mut self, (peer_id, id): (PeerId, ConnectionId)) {
        self.places.remove(&id);
        tracing::debug!("closing the connection of a stranger: others need the room");
        self.end(peer_id, id);
    }

    /// A connection ends, and does not count any more.
    fn end(&mut self, peer_id: PeerId, id: ConnectionId) {
        if let Some(alive) = self.alive.remove(&id) {
            self.ending.insert(id, alive);
        }
        self.actions.push_back(ToSwarm::CloseConnection { peer_id, connection: CloseConnection::One(id) });
    }

    fn is_no_stranger(&mut self, id: ConnectionId) {
        if let Some(place) = self.places.remove(&id) {
            self.strangers.leave(place);
        }
    }
}

impl NetworkBehaviour for Links {
    type ConnectionHandler = Handler;
    type ToSwarm = Connection;

    fn handle_established_inbound_connection(
        &mut self,
        id: ConnectionId,
        peer: PeerId,
        local: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<Handler, ConnectionDenied> {
        self.establish(id, peer, (local, Some(remote)))
    }

    fn handle_established_outbound_connection(
        &mut self,
        id: ConnectionId,
        peer: PeerId,
        address: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<Handler, ConnectionDenied> {
        self.establish(id, peer, (address, None))
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        match event {
            FromSwarm::ConnectionEstablished(ConnectionEstablished { peer_id, connection_id, .. }) => {
                self.on_established(peer_id, connection_id);
            }
            FromSwarm::ConnectionClosed(ConnectionClosed { peer_id, connection_id, .. }) => {
                self.on_closed(peer_id, connection_id);
            }
            FromSwarm::ListenFailure(ListenFailure { connection_id, .. })
            | FromSwarm::DialFailure(DialFailure { connection_id, .. }) => {
                self.fresh.remove(&connection_id);
            }
            _ => {}
        }
    }

    fn on_connection_handler_event(&mut self, peer_id: PeerId, id: ConnectionId, word: Word) {
        self.is_no_stranger(id);
        match word {
            Word::Welcome => {}
            Word::End => self.end(peer_id, id),
        }
    }

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<ToSwarm<Connection, THandlerInEvent<Self>>> {
        self.actions.pop_front().map_or(Poll::Pending, Poll::Ready)
    }
}
