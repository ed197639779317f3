//! A listening swarm: the hub's side.

use std::collections::BTreeSet;
use std::io;
use std::net::TcpListener;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use freehold_protocol::identity::{PublicKey, SigningKey};
use futures::{FutureExt as _, StreamExt as _};
use libp2p::core::transport::ListenerId;
use libp2p::multiaddr::Protocol;
use libp2p::swarm::SwarmEvent;
use libp2p::{Multiaddr, Swarm};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::swarm::{Node, NodeEvent, build, handle, io_kind};
use crate::{Address, Connection, Limits};

/// Connections that may wait to be taken from the receiver; one more is closed at once. The owner only starts a task
/// for each.
pub const INCOMING_QUEUE: usize = 64;

/// Longest wait for the system to name an address that was bound: it answers at once, unless there is none.
const BIND_TIMEOUT: Duration = Duration::from_secs(5);

/// A swarm that listens. Dropping it ends it and every connection it accepted.
#[derive(Debug)]
pub struct Endpoint {
    pub(crate) key: PublicKey,
    pub(crate) addresses: Arc<RwLock<BTreeSet<Address>>>,
    pub(crate) stop: oneshot::Sender<()>,
    pub(crate) task: JoinHandle<()>,
}

/// Why an endpoint does not listen.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// No address was given.
    #[error("no address to listen on was given")]
    NoAddress,
    /// A name, which cannot be bound.
    #[error("{address} names a host: give an IP address to listen on")]
    Name {
        /// The address that was asked for.
        address: Address,
    },
    /// Another program, or another endpoint, listens there.
    #[error("{address} is in use: stop the other program or choose another port")]
    InUse {
        /// The address that was asked for.
        address: Address,
    },
    /// No interface has such an address.
    #[error("{address} is on no interface of this machine")]
    NoInterface {
        /// The address that was asked for.
        address: Address,
    },
    /// Ports below 1024 and the like.
    #[error("{address} may not be used by this user: choose a port above 1023")]
    Forbidden {
        /// The address that was asked for.
        address: Address,
    },
    /// Anything else.
    #[error("cannot listen on {address}")]
    Other {
        /// The address that was asked for.
        address: Address,
        /// What the system said.
        source: io::Error,
    },
}

impl Endpoint {
    /// Listens on all of `addresses` and gives the connections that come in, whose handshake is done. Port 0 lets
    /// the system choose.
    ///
    /// # Errors
    /// [`ListenError`], naming the first address that failed; nothing listens then.
    pub async fn listen(
        key: &SigningKey,
        addresses: &[Address],
        limits: Limits,
    ) -> Result<(Self, mpsc::Receiver<Connection>), ListenError> {
        if addresses.is_empty() {
            return Err(ListenError::NoAddress);
        }
        #[cfg(feature = "simulation")]
        if let Some(network) = crate::simulation::Network::current() {
            return crate::simulation::listen(&network, key, addresses, limits);
        }
        let mut swarm = build(key, &limits, None);
        let mut listeners = Vec::with_capacity(addresses.len());
        for address in addresses {
            listeners.push((bind(&mut swarm, address)?, address));
        }
        let (sender, receiver) = mpsc::channel(INCOMING_QUEUE);
        let known = Arc::new(RwLock::new(BTreeSet::new()));
        let listening = Listening { swarm, sender, addresses: Arc::clone(&known), key: key.public() };
        let listening = listening.bound(listeners).await?;
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(listening.run(stopped));
        Ok((Self { key: key.public(), addresses: known, stop, task }, receiver))
    }

    /// The key it listens with.
    #[must_use]
    pub fn key(&self) -> PublicKey {
        self.key
    }

    /// The addresses it can be dialled at now, each with its `/p2p/` part: one per interface where all interfaces
    /// were asked for.
    #[must_use]
    pub fn addresses(&self) -> Vec<Address> {
        self.addresses.read().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// Stops listening, ends every connection at once, and waits until its task is gone. The system may need a
    /// moment more to free a UDP port.
    pub async fn close(self) {
        let _ = self.stop.send(());
        let _ = self.task.await;
    }
}

struct Listening {
    swarm: Swarm<Node>,
    sender: mpsc::Sender<Connection>,
    addresses: Arc<RwLock<BTreeSet<Address>>>,
    key: PublicKey,
}

impl Listening {
    /// Waits until each listener has an address.
    async fn bound(mut self, mut waiting: Vec<(ListenerId, &Address)>) -> Result<Self, ListenError> {
        let deadline = tokio::time::Instant::now() + BIND_TIMEOUT;
        while let Some((_, address)) = waiting.first() {
            let event = tokio::time::timeout_at(deadline, self.swarm.select_next_some()).await;
            let event = event.map_err(|_| ListenError::NoInterface { address: (*address).clone() })?;
            match &event {
                SwarmEvent::NewListenAddr { listener_id, .. } => waiting.retain(|(id, _)| id != listener_id),
                SwarmEvent::ListenerClosed { listener_id, reason: Err(error), .. }
                | SwarmEvent::ListenerError { listener_id, error } => {
                    if let Some((_, address)) = waiting.iter().find(|(id, _)| id == listener_id) {
                        return Err(listen_error(address, io::Error::new(error.kind(), error.to_string())));
                    }
                }
                _ => {}
            }
            self.on_event(event);
        }
        // The further interfaces of a wildcard address are reported right behind the first.
        while let Some(event) = self.swarm.select_next_some().now_or_never() {
            self.on_event(event);
        }
        Ok(self)
    }

    async fn run(mut self, mut stopped: oneshot::Receiver<()>) {
        loop {
            tokio::select! {
                biased;
                _ = &mut stopped => return,
                event = self.swarm.select_next_some() => self.on_event(event),
            }
        }
    }

    fn on_event(&mut self, event: SwarmEvent<NodeEvent>) {
        handle(&mut self.swarm, &event);
        match event {
            SwarmEvent::Behaviour(NodeEvent::Links(connection)) => self.hand_over(connection),
            SwarmEvent::NewListenAddr { address, .. } => {
                if let Some(address) = self.real(&address) {
                    tracing::info!(%address, "listening");
                    self.addresses.write().unwrap_or_else(PoisonError::into_inner).insert(address);
                }
            }
            SwarmEvent::ExpiredListenAddr { address, .. } => {
                if let Some(address) = self.real(&address) {
                    tracing::info!(%address, "no longer listening");
                    self.addresses.write().unwrap_or_else(PoisonError::into_inner).remove(&address);
                }
            }
            SwarmEvent::ListenerError { error, .. } => tracing::warn!(%error, "a listener failed"),
            _ => {}
        }
    }

    fn hand_over(&self, connection: Connection) {
        if self.sender.try_send(connection).is_err() {
            tracing::warn!("closing a new connection: {INCOMING_QUEUE} others wait to be taken");
        }
    }

    fn real(&self, address: &Multiaddr) -> Option<Address> {
        Address::from_multiaddr(address).map(|address| address.with_peer(self.key))
    }
}

fn bind(swarm: &mut Swarm<Node>, address: &Address) -> Result<ListenerId, ListenError> {
    let multiaddr = address.transport_part();
    let mut parts = multiaddr.iter();
    let ip = match parts.next() {
        Some(Protocol::Ip4(ip)) => ip.into(),
        Some(Protocol::Ip6(ip)) => std::net::IpAddr::from(ip),
        _ => return Err(ListenError::Name { address: address.clone() }),
    };
    if let Some(Protocol::Tcp(port)) = parts.next()
        && port != 0
    {
        // libp2p shares TCP ports (SO_REUSEPORT), so a second program would silently take half the connections.
        // A plain socket is refused where anyone listens; it is closed again before libp2p binds.
        TcpListener::bind((ip, port)).map_err(|error| listen_error(address, error))?;
    }
    swarm.listen_on(multiaddr).map_err(|error| {
        let kind = io_kind(&error).unwrap_or(io::ErrorKind::Other);
        listen_error(address, io::Error::new(kind, error.to_string()))
    })
}

fn listen_error(address: &Address, source: io::Error) -> ListenError {
    let address = address.clone();
    match source.kind() {
        io::ErrorKind::AddrInUse => ListenError::InUse { address },
        io::ErrorKind::AddrNotAvailable => ListenError::NoInterface { address },
        io::ErrorKind::PermissionDenied => ListenError::Forbidden { address },
        _ => ListenError::Other { address, source },
    }
}
