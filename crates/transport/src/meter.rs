//! What a TCP connection may bring before its owner knows the peer.
//!
//! A peer of Yamux may open streams and fill each of them up to its window, which is 24 MiB for a stranger who has not said a
//! word. So the socket itself stops: a stranger costs no more than what it was allowed to send. (QUIC needs none of this:
//! its windows bound a whole connection.)

use std::collections::HashMap;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use futures::{AsyncRead, AsyncWrite};
use libp2p::Multiaddr;
use libp2p::core::ConnectedPoint;

/// Left when nothing is counted any more.
const FREE: u64 = u64::MAX;

/// The bytes that a socket may still bring.
#[derive(Debug)]
pub(crate) struct Meter(AtomicU64);

impl Meter {
    fn new(bytes: u64) -> Self {
        Self(AtomicU64::new(bytes))
    }

    /// The peer is known: nothing is counted from now on.
    pub(crate) fn free(&self) {
        self.0.store(FREE, Ordering::Release);
    }

    /// Counts bytes that have come; false where they are too many.
    fn count(&self, bytes: usize) -> bool {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        let counted = self.0.fetch_update(Ordering::AcqRel, Ordering::Acquire, |left| match left {
            FREE => Some(FREE),
            left => left.checked_sub(bytes),
        });
        counted.is_ok()
    }
}

/// Both ends' addresses, which no two sockets share.
type Ends = (Multiaddr, Multiaddr);

/// The meters of the sockets that there are; clones are the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct Meters(Arc<Mutex<HashMap<Ends, Arc<Meter>>>>);

impl Meters {
    /// Puts a meter on a socket that came in; one that was dialled needs none.
    pub(crate) fn put_on<S>(&self, socket: S, point: &ConnectedPoint, bytes_max: u64) -> Metered<S> {
        let ConnectedPoint::Listener { local_addr, send_back_addr } = point else {
            return Metered { socket, meter: Arc::new(Meter::new(FREE)), registered: None };
        };
        let (meter, ends) = (Arc::new(Meter::new(bytes_max)), (local_addr.clone(), send_back_addr.clone()));
        self.lock().insert(ends.clone(), Arc::clone(&meter));
        Metered { socket, meter, registered: Some((self.clone(), ends)) }
    }

    /// The meter of a connection that came in.
    pub(crate) fn of(&self, local: &Multiaddr, remote: &Multiaddr) -> Option<Arc<Meter>> {
        self.lock().get(&(local.clone(), remote.clone())).cloned()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Ends, Arc<Meter>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A socket with a meter on what it brings.
#[derive(Debug)]
pub(crate) struct Metered<S> {
    socket: S,
    meter: Arc<Meter>,
    registered: Option<(Meters, Ends)>,
}

impl<S> Drop for Metered<S> {
    fn drop(&mut self) {
        let Some((meters, ends)) = self.registered.take() else { return };
        let mut meters = meters.lock();
        // The system may have given the same ends to a newer socket already.
        if meters.get(&ends).is_some_and(|meter| Arc::ptr_eq(meter, &self.meter)) {
            meters.remove(&ends);
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Metered<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &mut [u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let Poll::Ready(read) = Pin::new(&mut this.socket).poll_read(cx, bytes)? else {
            return Poll::Pending;
        };
        Poll::Ready(if this.meter.count(read) {
            Ok(read)
        } else {
            Err(io::Error::other("the peer sent too much before it was known"))
        })
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Metered<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().socket).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().socket).poll_write_vectored(cx, pieces)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().socket).poll_flush(cx)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().socket).poll_close(cx)
    }
}

#[cfg(test)]
mod tests {
    use futures::AsyncReadExt as _;
    use futures::executor::block_on;

    use super::*;

    fn came_in(port: u16) -> ConnectedPoint {
        ConnectedPoint::Listener {
            local_addr: "/ip4/192.0.2.1/tcp/4101".parse().unwrap(),
            send_back_addr: format!("/ip4/192.0.2.2/tcp/{port}").parse().unwrap(),
        }
    }

    fn read(metered: &mut Metered<&[u8]>, bytes: usize) -> io::Result<usize> {
        block_on(metered.read(&mut vec![0; bytes]))
    }

    #[test]
    fn a_stranger_brings_what_it_may_and_no_more() {
        let meters = Meters::default();
        let mut metered = meters.put_on(&[0; 1_000][..], &came_in(1), 100);
        assert_eq!(read(&mut metered, 60).unwrap(), 60);
        assert_eq!(read(&mut metered, 40).unwrap(), 40);
        assert!(read(&mut metered, 1).is_err());
    }

    #[test]
    fn a_known_peer_is_not_counted() {
        let meters = Meters::default();
        let point = came_in(1);
        let mut metered = meters.put_on(&[0; 1_000][..], &point, 100);
        assert_eq!(read(&mut metered, 100).unwrap(), 100);
        let ConnectedPoint::Listener { local_addr, send_back_addr } = &point else { panic!() };
        meters.of(local_addr, send_back_addr).unwrap().free();
        assert_eq!(read(&mut metered, 900).unwrap(), 900);
    }

    #[test]
    fn a_socket_that_is_gone_leaves_nothing_and_takes_no_newer_ones_meter() {
        let meters = Meters::default();
        let older = meters.put_on((), &came_in(1), 100);
        let newer = meters.put_on((), &came_in(1), 100);
        drop(older);
        assert_eq!(meters.lock().len(), 1);
        drop(newer);
        assert!(meters.lock().is_empty());
    }
}
