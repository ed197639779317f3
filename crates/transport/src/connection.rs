//! One authenticated connection, as its owner sees it.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError};

use freehold_protocol::identity::PublicKey;
use futures::task::AtomicWaker;
use libp2p::StreamProtocol;
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore, mpsc, oneshot, watch};

use crate::frames::FrameTimes;
use crate::meter::Meter;
use crate::planted::{self, Fault};
use crate::stream::Stream;
use crate::sync::RwLock;
use crate::{Frames, Limits, READ_PROTOCOL, SESSION_PROTOCOL};

/// An authenticated connection, in either direction. Dropping it ends it, with every stream it has.
pub struct Connection {
    pub(crate) peer: PublicKey,
    pub(crate) local: PublicKey,
    pub(crate) transport: Transport,
    pub(crate) frame_times: FrameTimes,
    pub(crate) open: mpsc::Sender<Open>,
    pub(crate) session: Mutex<mpsc::Receiver<Stream>>,
    pub(crate) reads: Mutex<mpsc::Receiver<InboundRead>>,
    pub(crate) outbound_slots: Arc<Semaphore>,
    pub(crate) kill: Arc<Kill>,
    pub(crate) alive: watch::Receiver<()>,
}

/// What a connection runs over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// QUIC v1 with TLS 1.3.
    Quic,
    /// TCP with Noise and Yamux.
    Tcp,
}

/// Why a stream was not opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StreamError {
    /// The peer does not take such a stream (now): it speaks another protocol, has its session already, or has as
    /// many reads as it allows.
    #[error("the peer does not take this stream now")]
    Refused,
    /// [`Limits::streams_max`] reads that this side opened are still open.
    #[error("too many reads are open on this connection: close one first")]
    TooMany,
    /// The peer did not answer within [`Limits::handshake_timeout`].
    #[error("the peer did not answer in time")]
    Timeout,
    /// The connection is gone.
    #[error("the connection is closed")]
    Closed,
}

/// A request to the connection's task for a new stream.
pub(crate) struct Open {
    pub(crate) protocol: StreamProtocol,
    pub(crate) reply: oneshot::Sender<Result<Stream, StreamError>>,
}

/// A read's stream that the peer opened, with its place among those allowed.
pub(crate) type InboundRead = (Stream, OwnedSemaphorePermit);

/// The owner's word on a connection: that its peer is welcome; and that it shall end, which is seen at once by every
/// stream's halves, and by the connection's task at its next poll.
#[derive(Debug, Default)]
pub(crate) struct Kill {
    /// Read for as long as a stream takes a step, so that whoever sets it waits for steps under way.
    set: RwLock<bool>,
    welcome: AtomicBool,
    meter: Option<Arc<Meter>>,
    pub(crate) waker: AtomicWaker,
}

impl Connection {
    /// The peer's key, proved by the handshake.
    #[must_use]
    pub fn peer(&self) -> PublicKey {
        self.peer
    }

    /// The key this side used.
    #[must_use]
    pub fn local(&self) -> PublicKey {
        self.local
    }

    /// What the connection runs over.
    #[must_use]
    pub fn transport(&self) -> Transport {
        self.transport
    }

    /// The owner knows who the peer is: the connection does not make room for others any more, and may take its time.
    /// Nothing changes for one that this side dialled.
    pub fn welcome(&self) {
        self.kill.welcome();
    }

    /// Opens the session's stream. Only the dialler may, and only once.
    ///
    /// # Errors
    /// [`StreamError`].
    pub async fn open_session(&self) -> Result<Frames, StreamError> {
        let stream = self.open(StreamProtocol::new(SESSION_PROTOCOL)).await?;
        Ok(self.frames(stream, None))
    }

    /// The session's stream once the dialler has opened it; `None` when there was one already, when this side
    /// dialled, and when the connection is gone. Cancel-safe.
    pub async fn accept_session(&self) -> Option<Frames> {
        let stream = self.session.lock().await.recv().await?;
        Some(self.frames(stream, None))
    }

    /// Opens a stream for a live read.
    ///
    /// # Errors
    /// [`StreamError`].
    pub async fn open_read(&self) -> Result<Frames, StreamError> {
        let slot = Arc::clone(&self.outbound_slots).try_acquire_owned().map_err(|_| StreamError::TooMany)?;
        let stream = self.open(StreamProtocol::new(READ_PROTOCOL)).await?;
        Ok(self.frames(stream, Some(slot)))
    }

    /// The next stream that the peer opened for a live read; `None` when the connection is gone. Streams beyond
    /// [`Limits::streams_max`] are refused before they get here. Cancel-safe.
    pub async fn accept_read(&self) -> Option<Frames> {
        let (stream, slot) = self.reads.lock().await.recv().await?;
        Some(self.frames(stream, Some(slot)))
    }

    /// Resolves when the connection is gone, for whatever reason; from then on not one byte leaves.
    pub fn closed(&self) -> impl Future<Output = ()> + Send + 'static + use<> {
        let mut alive = self.alive.clone();
        async move { while alive.changed().await.is_ok() {} }
    }

    /// Ends the connection at once. When this returns, no stream hands another byte to the transport; when
    /// [`Connection::closed`] resolves, what the transport had buffered is gone too. What the kernel has already
    /// put on the wire cannot be taken back.
    pub fn abort(&self) {
        self.kill.set();
    }

    async fn open(&self, protocol: StreamProtocol) -> Result<Stream, StreamError> {
        let (reply, answer) = oneshot::channel();
        self.open.send(Open { protocol, reply }).await.map_err(|_| StreamError::Closed)?;
        answer.await.unwrap_or(Err(StreamError::Closed))
    }

    fn frames(&self, stream: Stream, slot: Option<OwnedSemaphorePermit>) -> Frames {
        Frames::new(stream, Arc::clone(&self.kill), self.frame_times, slot)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.abort();
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("transport", &self.transport).finish_non_exhaustive()
    }
}

impl Transport {
    /// `quic` or `tcp`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Quic => "quic",
            Self::Tcp => "tcp",
        }
    }
}

impl Kill {
    /// With the meter of a socket that came in.
    pub(crate) fn with(meter: Option<Arc<Meter>>) -> Self {
        Self { meter, ..Self::default() }
    }

    pub(crate) fn is_set(&self) -> bool {
        *self.set.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a step unless the order was given, which cannot be given meanwhile.
    pub(crate) fn unless_set<T>(&self, step: impl FnOnce() -> T) -> Option<T> {
        if planted::is_on(Fault::StepUnguarded) {
            return (!self.is_set()).then(step);
        }
        let set = self.set.read().unwrap_or_else(PoisonError::into_inner);
        (!*set).then(step)
    }

    pub(crate) fn is_welcome(&self) -> bool {
        self.welcome.load(Ordering::Acquire)
    }

    fn welcome(&self) {
        if let Some(meter) = &self.meter {
            meter.free();
        }
        self.welcome.store(true, Ordering::Release);
        self.waker.wake();
    }

    fn set(&self) {
        *self.set.write().unwrap_or_else(PoisonError::into_inner) = true;
        self.waker.wake();
    }
}

/// How many reads may wait to be accepted: as many as may be open.
pub(crate) fn read_queue(limits: &Limits) -> usize {
    usize::try_from(limits.streams_max).unwrap_or(usize::MAX).clamp(1, Semaphore::MAX_PERMITS)
}
