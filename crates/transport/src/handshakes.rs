//! Handshakes of connections that come in: bounded in number, and the oldest makes room for the newest.
//!
//! The swarm has no way to end a connection that is still in its handshake, so this stands between it and the transport.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use futures::future::{AbortHandle, Abortable};
use libp2p::Multiaddr;
use libp2p::core::Transport;
use libp2p::core::transport::{DialOpts, ListenerId, TransportError, TransportEvent};

use crate::room::{Network, Place, Room};

/// A transport whose incoming handshakes are bounded.
pub(crate) struct Handshakes<T> {
    inner: T,
    under_way: UnderWay,
}

/// The handshakes that are under way; clones are the same.
#[derive(Clone)]
struct UnderWay(Arc<Mutex<Room<AbortHandle>>>);

/// One handshake. Dropping it gives its place back.
pub(crate) struct Handshake<F> {
    handshake: Pin<Box<Abortable<F>>>,
    place: Place,
    under_way: UnderWay,
}

/// Why a handshake came to no connection.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HandshakeError<E> {
    /// Others needed the room.
    #[error("the handshake made room for others")]
    MadeRoom,
    /// The transport's own.
    #[error(transparent)]
    Transport(E),
}

impl<T> Handshakes<T> {
    pub(crate) fn new(inner: T, all_max: u32, per_network_max: u32) -> Self {
        Self { inner, under_way: UnderWay(Arc::new(Mutex::new(Room::new(all_max, per_network_max)))) }
    }
}

impl UnderWay {
    fn begin<F: Future>(&self, network: Network, handshake: F) -> Handshake<F> {
        let (abort, registration) = AbortHandle::new_pair();
        let (place, leaves) = self.room().enter(network, abort);
        if let Some(leaves) = leaves {
            leaves.abort();
        }
        let handshake = Box::pin(Abortable::new(handshake, registration));
        Handshake { handshake, place, under_way: self.clone() }
    }

    fn room(&self) -> MutexGuard<'_, Room<AbortHandle>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<F> Drop for Handshake<F> {
    fn drop(&mut self) {
        self.under_way.room().leave(self.place);
    }
}

impl<F: Future<Output = Result<O, E>>, O, E> Future for Handshake<F> {
    type Output = Result<O, HandshakeError<E>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.handshake.as_mut().poll(cx).map(|ended| match ended {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(error)) => Err(HandshakeError::Transport(error)),
            Err(_) => Err(HandshakeError::MadeRoom),
        })
    }
}

impl<T: Transport + Unpin> Transport for Handshakes<T> {
    type Output = T::Output;
    type Error = HandshakeError<T::Error>;
    type ListenerUpgrade = Handshake<T::ListenerUpgrade>;
    type Dial = futures::future::MapErr<T::Dial, fn(T::Error) -> HandshakeError<T::Error>>;

    fn listen_on(&mut self, id: ListenerId, address: Multiaddr) -> Result<(), TransportError<Self::Error>> {
        self.inner.listen_on(id, address).map_err(|error| error.map(HandshakeError::Transport))
    }

    fn remove_listener(&mut self, id: ListenerId) -> bool {
        self.inner.remove_listener(id)
    }

    fn dial(
        &mut self,
        address: Multiaddr,
        opts: DialOpts,
    ) -> Result<Self::Dial, TransportError<Self::Error>> {
        use futures::TryFutureExt as _;
        let dial = self.inner.dial(address, opts).map_err(|error| error.map(HandshakeError::Transport))?;
        Ok(dial.map_err(HandshakeError::Transport as fn(_) -> _))
    }

    fn poll(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<TransportEvent<Self::ListenerUpgrade, Self::Error>> {
        let Self { inner, under_way } = &mut *self;
        Pin::new(inner).poll(cx).map(|event| {
            let event = event.map_err(HandshakeError::Transport);
            match &event {
                TransportEvent::Incoming { send_back_addr, .. } => {
                    let network = Network::of(send_back_addr);
                    event.map_upgrade(|upgrade| under_way.begin(network, upgrade))
                }
                _ => event.map_upgrade(|upgrade| under_way.begin(Network::Unknown, upgrade)),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn the_oldest_handshake_makes_room_for_the_newest_and_those_done_are_forgotten() {
        let under_way = UnderWay(Arc::new(Mutex::new(Room::new(2, 2))));
        let never = || std::future::pending::<Result<(), ()>>();
        let (oldest, done) = (under_way.begin(Network::Unknown, never()), {
            let done = async { Ok::<_, ()>(7) };
            under_way.begin(Network::Unknown, done)
        });
        assert!(matches!(done.await, Ok(7)));
        let second = under_way.begin(Network::Unknown, never());
        let third = under_way.begin(Network::Unknown, never());
        assert!(matches!(oldest.await, Err(HandshakeError::MadeRoom)));
        assert!(second.now_or_never().is_none() && third.now_or_never().is_none());
        assert!(under_way.room().make_room().is_none(), "a handshake that is gone kept its place");
    }
}
