//! A muxer that ends at once: closing it throws away what is still buffered instead of sending it.
//!
//! libp2p closes a connection gracefully, which for Yamux means sending everything that is queued first. A
//! revocation must not do that.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures::task::noop_waker_ref;
use libp2p::core::muxing::{StreamMuxer, StreamMuxerEvent};

/// What dropping the inner muxer does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Drops {
    /// The socket goes with it (Yamux over TCP).
    Socket,
    /// Streams that are still held somewhere keep the connection alive, so it is closed by hand (QUIC: a close
    /// frame goes out and unsent stream data is forgotten).
    Handle,
}

/// The wrapper. `inner` is gone once it was closed.
pub(crate) struct Abrupt<M: StreamMuxer + Unpin> {
    inner: Option<M>,
    drops: Drops,
}

impl<M: StreamMuxer + Unpin> Abrupt<M> {
    pub(crate) fn new(inner: M, drops: Drops) -> Self {
        Self { inner: Some(inner), drops }
    }

    fn end(&mut self) {
        let Some(mut inner) = self.inner.take() else { return };
        if self.drops == Drops::Handle {
            // The first poll closes the connection; the rest would only wait for the peer.
            let _ = Pin::new(&mut inner).poll_close(&mut Context::from_waker(noop_waker_ref()));
        }
    }

    fn with<T>(
        self: Pin<&mut Self>,
        poll: impl FnOnce(Pin<&mut M>) -> Poll<Result<T, M::Error>>,
    ) -> Poll<Result<T, M::Error>> {
        // A closed muxer is never polled again by the swarm; pending is the answer that needs no error value.
        self.get_mut().inner.as_mut().map_or(Poll::Pending, |inner| poll(Pin::new(inner)))
    }
}

impl<M: StreamMuxer + Unpin> Drop for Abrupt<M> {
    fn drop(&mut self) {
        self.end();
    }
}

impl<M: StreamMuxer + Unpin> StreamMuxer for Abrupt<M> {
    type Substream = M::Substream;
    type Error = M::Error;

    fn poll_inbound(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Self::Substream, Self::Error>> {
        self.with(|inner| inner.poll_inbound(cx))
    }

    fn poll_outbound(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Self::Substream, Self::Error>> {
        self.with(|inner| inner.poll_outbound(cx))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.get_mut().end();
        Poll::Ready(Ok(()))
    }

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<StreamMuxerEvent, Self::Error>> {
        self.with(|inner| inner.poll(cx))
    }
}
