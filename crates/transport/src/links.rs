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

use crate::handler::{End, Handler, Side, pair};
use crate::pending::{Network, Pending};
use crate::{Connection, Limits, Transport, peer};

/// The behaviour. It emits each established connection once.
pub(crate) struct Links {
    local: PublicKey,
    limits: Limits,
    /// Whom the dialler accepts; a listener accepts every key.
    expected: Option<Vec<PublicKey>>,
    pending: Pending,
    /// Connections whose establishment the swarm has not yet confirmed.
    fresh: HashMap<ConnectionId, (Connection, watch::Sender<()>)>,
    alive: HashMap<ConnectionId, watch::Sender<()>>,
    /// The connections of each peer, oldest first; never an empty list.
    by_peer: HashMap<PeerId, Vec<ConnectionId>>,
    actions: VecDeque<ToSwarm<Connection, THandlerInEvent<Self>>>,
}

/// Why a connection was not accepted. The peer is told nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Denied {
    #[error("too many connections")]
    TooMany,
    #[error("the peer's key is no acceptable Ed25519 key")]
    KeyType,
    #[error("the peer has another key than expected")]
    WrongPeer(PublicKey),
}

impl Links {
    pub(crate) fn new(local: PublicKey, limits: Limits, expected: Option<Vec<PublicKey>>) -> Self {
        Self {
            local,
            limits,
            expected,
            pending: Pending::default(),
            fresh: HashMap::new(),
            alive: HashMap::new(),
            by_peer: HashMap::new(),
            actions: VecDeque::new(),
        }
    }

    fn establish(
        &mut self,
        id: ConnectionId,
        peer: PeerId,
        address: &Multiaddr,
        side: Side,
    ) -> Result<Handler, ConnectionDenied> {
        let key = peer::key_of(&peer).ok_or_else(|| ConnectionDenied::new(Denied::KeyType))?;
        if self.expected.as_ref().is_some_and(|expected| !expected.contains(&key)) {
            return Err(ConnectionDenied::new(Denied::WrongPeer(key)));
        }
        let total = self.alive.len() + self.fresh.len();
        if is_reached(total, self.limits.incoming_max) {
            return Err(ConnectionDenied::new(Denied::TooMany));
        }
        let quic = address.iter().any(|part| part == Protocol::QuicV1);
        let transport = if quic { Transport::Quic } else { Transport::Tcp };
        let (handler, connection, alive) = pair(side, self.local, key, transport, &self.limits);
        self.fresh.insert(id, (connection, alive));
        Ok(handler)
    }

    fn on_established(&mut self, peer_id: PeerId, id: ConnectionId) {
        let Some((connection, alive)) = self.fresh.remove(&id) else { return };
        self.alive.insert(id, alive);
        let of_peer = self.by_peer.entry(peer_id).or_default();
        of_peer.push(id);
        // Whoever dials again has lost the old connection, or its owner ends it with a word. Beyond that they go.
        let spare =
            of_peer.len().saturating_sub(usize::try_from(self.limits.per_peer_max).unwrap_or(usize::MAX));
        for old in &of_peer[..spare] {
            self.actions
                .push_back(ToSwarm::CloseConnection { peer_id, connection: CloseConnection::One(*old) });
        }
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
    }
}

fn is_reached(count: usize, limit: u32) -> bool {
    u32::try_from(count).map_or(true, |count| count >= limit)
}

impl NetworkBehaviour for Links {
    type ConnectionHandler = Handler;
    type ToSwarm = Connection;

    fn handle_pending_inbound_connection(
        &mut self,
        id: ConnectionId,
        _: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<(), ConnectionDenied> {
        let network = Network::of(remote);
        if is_reached(self.pending.len(), self.limits.pending_incoming_max)
            || is_reached(self.pending.of(network), self.limits.pending_per_network_max)
        {
            return Err(ConnectionDenied::new(Denied::TooMany));
        }
        self.pending.insert(id, network);
        Ok(())
    }

    fn handle_established_inbound_connection(
        &mut self,
        id: ConnectionId,
        peer: PeerId,
        local: &Multiaddr,
        _: &Multiaddr,
    ) -> Result<Handler, ConnectionDenied> {
        self.pending.remove(id);
        self.establish(id, peer, local, Side::Listener)
    }

    fn handle_established_outbound_connection(
        &mut self,
        id: ConnectionId,
        peer: PeerId,
        address: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<Handler, ConnectionDenied> {
        self.establish(id, peer, address, Side::Dialler)
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
                self.pending.remove(connection_id);
                self.fresh.remove(&connection_id);
            }
            _ => {}
        }
    }

    fn on_connection_handler_event(&mut self, peer_id: PeerId, id: ConnectionId, End: End) {
        self.actions.push_back(ToSwarm::CloseConnection { peer_id, connection: CloseConnection::One(id) });
    }

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<ToSwarm<Connection, THandlerInEvent<Self>>> {
        self.actions.pop_front().map_or(Poll::Pending, Poll::Ready)
    }
}
