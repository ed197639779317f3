//! One stream of bytes: libp2p's, or one in memory.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures::{AsyncRead, AsyncWrite};

#[cfg(feature = "simulation")]
use crate::simulation::SimulatedStream;

/// A stream that a connection has opened or taken.
pub(crate) enum Stream {
    Libp2p(libp2p::Stream),
    #[cfg(feature = "simulation")]
    Simulated(SimulatedStream),
}

impl From<libp2p::Stream> for Stream {
    fn from(stream: libp2p::Stream) -> Self {
        Self::Libp2p(stream)
    }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &mut [u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Libp2p(stream) => Pin::new(stream).poll_read(cx, bytes),
            #[cfg(feature = "simulation")]
            Self::Simulated(stream) => stream.poll_read(cx, bytes),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Libp2p(stream) => Pin::new(stream).poll_write(cx, bytes),
            #[cfg(feature = "simulation")]
            Self::Simulated(stream) => stream.poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Libp2p(stream) => Pin::new(stream).poll_flush(cx),
            #[cfg(feature = "simulation")]
            Self::Simulated(stream) => stream.poll_flush(),
        }
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Libp2p(stream) => Pin::new(stream).poll_close(cx),
            #[cfg(feature = "simulation")]
            Self::Simulated(stream) => stream.poll_close(),
        }
    }
}
