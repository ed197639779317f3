//! Frames on one stream: a half that sends and a half that receives, each owned by whoever needs it.

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, PoisonError};
use std::task::Poll;
use std::time::Duration;

use futures::{AsyncRead as _, AsyncWrite as _};
use tokio::sync::{OwnedSemaphorePermit, mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout, timeout_at};

use crate::FRAME_BYTES_MAX;
use crate::connection::Kill;
use crate::framing::{self, BadLength, Decoder};
use crate::planted::{self, Fault};
use crate::stream::Stream;
use crate::sync::Mutex;

/// Frames that may wait for a stream's writer: 4 MiB at most, and enough that a busy sender rarely waits. Where orders of
/// steps are tried it is soon full.
pub const FRAME_QUEUE: usize = if cfg!(feature = "schedules") { 2 } else { 16 };

/// Bytes gathered from waiting frames before they are written: one Yamux data frame.
const WRITE_BYTES: usize = 16 * 1024;

/// Bytes asked of a stream at a time: the buffer lives only while there is something to read.
const READ_BYTES: usize = 8 * 1024;

/// A stream of frames in both directions. Dropping it, or both halves, resets the stream.
pub struct Frames {
    shared: Arc<Shared>,
}

/// The sending half. A task of its own writes what it is given, in order.
///
/// Dropping it without [`FrameSender::finish`] forgets the frames that are still queued and ends this direction; the
/// peer sees a cut frame or an end. The other half goes on.
pub struct FrameSender {
    shared: Arc<Shared>,
    /// `None` once finished.
    queue: Option<mpsc::Sender<Queued>>,
    writer: Option<JoinHandle<Result<(), SendError>>>,
}

/// The receiving half.
pub struct FrameReceiver {
    shared: Arc<Shared>,
    halt: watch::Receiver<Halt>,
    decoder: Decoder,
    input: Vec<u8>,
    input_used: usize,
    progress: Instant,
    /// When the present frame began to be read.
    began: Instant,
    ended: bool,
}

/// Why a frame was not taken for sending.
#[derive(thiserror::Error)]
pub enum SendError {
    /// The queue holds [`FRAME_QUEUE`] frames; the frame is given back.
    #[error("the peer takes frames more slowly than they are sent: wait until the sender is ready")]
    Full(Vec<u8>),
    /// The stream or its connection is gone.
    #[error("the stream is closed")]
    Closed,
    /// An empty frame, or one above [`FRAME_BYTES_MAX`].
    #[error("a frame has 1 to {FRAME_BYTES_MAX} bytes, not {bytes}")]
    Length {
        /// The length of the refused frame.
        bytes: usize,
    },
}

/// Why no more frames come. The stream is of no use afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// The peer announced an empty frame, or one above [`FRAME_BYTES_MAX`]. The stream was reset.
    #[error("the peer announced a frame of {bytes} bytes, allowed are 1 to {FRAME_BYTES_MAX}")]
    Length {
        /// The length announced.
        bytes: u32,
    },
    /// Nothing of a half-received frame came for [`Limits::frame_timeout`](crate::Limits), or it was not whole within
    /// [`Limits::whole_frame_timeout`](crate::Limits). The stream was reset.
    #[error("the peer stopped in the middle of a frame")]
    Stalled,
    /// The stream ended inside a frame.
    #[error("the stream ended in the middle of a frame")]
    Truncated,
    /// The stream was reset, by either side, or its connection is gone.
    #[error("the stream was reset or its connection lost")]
    Lost,
}

/// What waits for a stream's writer.
enum Queued {
    Frame(Vec<u8>),
    Unframed(Vec<u8>),
}

/// How long a frame may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FrameTimes {
    /// Without progress.
    pub(crate) standstill: Duration,
    /// From its first byte to its last, when it comes in.
    pub(crate) whole: Duration,
}

/// How far a stream was stopped by this side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Halt {
    Running,
    Sending,
    Everything,
}

struct Shared {
    /// `None` once aborted.
    stream: Mutex<Option<Stream>>,
    halt: watch::Sender<Halt>,
    kill: Arc<Kill>,
    times: FrameTimes,
    /// The stream's place among those its connection may have.
    _slot: Option<OwnedSemaphorePermit>,
}

impl Frames {
    pub(crate) fn new(
        stream: Stream,
        kill: Arc<Kill>,
        times: FrameTimes,
        slot: Option<OwnedSemaphorePermit>,
    ) -> Self {
        let (halt, _) = watch::channel(Halt::Running);
        let stream = Mutex::new(Some(stream));
        Self { shared: Arc::new(Shared { stream, halt, kill, times, _slot: slot }) }
    }

    /// The two halves. Starts the writer, so it needs a tokio runtime.
    #[must_use]
    pub fn split(self) -> (FrameSender, FrameReceiver) {
        let (queue, frames) = mpsc::channel(FRAME_QUEUE);
        let writer = tokio::spawn(write(Arc::clone(&self.shared), frames));
        let receiver = FrameReceiver {
            halt: self.shared.halt.subscribe(),
            shared: Arc::clone(&self.shared),
            decoder: Decoder::default(),
            input: Vec::new(),
            input_used: 0,
            progress: Instant::now(),
            began: Instant::now(),
            ended: false,
        };
        (FrameSender { shared: self.shared, queue: Some(queue), writer: Some(writer) }, receiver)
    }
}

impl FrameSender {
    /// Queues a frame without waiting.
    ///
    /// # Errors
    /// [`SendError`]; [`SendError::Full`] gives the frame back.
    pub fn try_send(&self, frame: Vec<u8>) -> Result<(), SendError> {
        check(&frame)?;
        self.queue()?.try_send(Queued::Frame(frame)).map_err(|error| match error {
            mpsc::error::TrySendError::Full(Queued::Frame(bytes) | Queued::Unframed(bytes)) => {
                SendError::Full(bytes)
            }
            mpsc::error::TrySendError::Closed(_) => SendError::Closed,
        })
    }

    /// Waits until the queue has room for a frame. Cancel-safe.
    ///
    /// # Errors
    /// [`SendError::Closed`].
    pub async fn ready(&self) -> Result<(), SendError> {
        self.queue()?.reserve().await.map(drop).map_err(|_| SendError::Closed)
    }

    /// Queues a frame, waiting for room. When it is cancelled the frame is not sent.
    ///
    /// # Errors
    /// [`SendError::Length`] and [`SendError::Closed`].
    pub async fn send(&self, frame: Vec<u8>) -> Result<(), SendError> {
        check(&frame)?;
        self.queue()?.send(Queued::Frame(frame)).await.map_err(|_| SendError::Closed)
    }

    /// Queues bytes without the length before them: only for a peer that tests how others take what is no frame.
    ///
    /// # Errors
    /// [`SendError::Closed`].
    pub async fn danger_send_unframed(&self, bytes: Vec<u8>) -> Result<(), SendError> {
        self.queue()?.send(Queued::Unframed(bytes)).await.map_err(|_| SendError::Closed)
    }

    /// Writes what is queued and ends this direction; the peer's [`FrameReceiver::recv`] then gives `None`. What the
    /// transport has taken may still be on its way: keep the connection until the peer ends its direction too.
    ///
    /// # Errors
    /// [`SendError::Closed`] where the stream broke, or the peer took nothing for
    /// [`Limits::frame_timeout`](crate::Limits), before everything was written.
    pub async fn finish(mut self) -> Result<(), SendError> {
        self.queue = None;
        match self.writer.take() {
            Some(_) if planted::is_on(Fault::FinishUnwaited) => Ok(()),
            Some(writer) => writer.await.unwrap_or(Err(SendError::Closed)),
            None => Err(SendError::Closed),
        }
    }

    /// Resets the stream in both directions. Queued frames are forgotten and nothing more is handed to the
    /// transport. What it already has may still arrive: only [`Connection::abort`](crate::Connection::abort)
    /// throws that away.
    pub fn abort(&self) {
        self.shared.abort();
    }

    fn queue(&self) -> Result<&mpsc::Sender<Queued>, SendError> {
        self.queue.as_ref().ok_or(SendError::Closed)
    }
}

impl Drop for FrameSender {
    fn drop(&mut self) {
        if self.queue.is_some() {
            self.shared.halt(Halt::Sending);
        }
    }
}

impl FrameReceiver {
    /// The next frame; `None` once the stream has ended between two frames, or after an error. A lost connection can
    /// look like an end on TCP: only an acknowledgement of the protocol above says what arrived. Cancel-safe.
    ///
    /// # Errors
    /// [`FrameError`], once.
    pub async fn recv(&mut self) -> Option<Result<Vec<u8>, FrameError>> {
        if self.ended {
            return None;
        }
        let outcome = self.next().await;
        match outcome {
            Ok(Some(frame)) => return Some(Ok(frame)),
            Ok(None) => {}
            Err(FrameError::Length { .. } | FrameError::Stalled) => self.shared.abort(),
            Err(FrameError::Truncated | FrameError::Lost) => {}
        }
        self.ended = true;
        self.input = Vec::new();
        outcome.transpose()
    }

    async fn next(&mut self) -> Result<Option<Vec<u8>>, FrameError> {
        loop {
            tokio::task::coop::consume_budget().await;
            let was_in_frame = self.decoder.is_partial();
            let mut rest = &self.input[self.input_used..];
            let fed = self.decoder.feed(&mut rest);
            self.input_used = self.input.len() - rest.len();
            if !was_in_frame && self.decoder.is_partial() {
                self.began = Instant::now();
            }
            if let Some(frame) = fed.map_err(|BadLength(bytes)| FrameError::Length { bytes })? {
                return Ok(Some(frame));
            }
            if self.read().await? == 0 {
                return if self.decoder.is_partial() { Err(FrameError::Truncated) } else { Ok(None) };
            }
        }
    }

    /// Fills `input`, which is used up.
    async fn read(&mut self) -> Result<usize, FrameError> {
        let Self { shared, halt, input, input_used, progress, began, decoder, .. } = self;
        let read = poll_fn(|cx| {
            input.resize(READ_BYTES, 0);
            *input_used = 0;
            let polled = shared.with(|stream| stream.poll_read(cx, input));
            match &polled {
                Poll::Ready(Ok(len)) => input.truncate(*len),
                // Nothing is kept while nothing comes: a hub has thousands of idle streams.
                Poll::Ready(Err(_)) | Poll::Pending => *input = Vec::new(),
            }
            polled
        });
        let read = async {
            let latest = (*progress + shared.times.standstill).min(*began + shared.times.whole);
            match decoder.is_partial() {
                true => timeout_at(latest, read).await.map_err(|_| FrameError::Stalled),
                false => Ok(read.await),
            }
        };
        let len = tokio::select! {
            biased;
            _ = halt.wait_for(|halt| *halt == Halt::Everything) => return Err(FrameError::Lost),
            read = read => read?.map_err(|_| FrameError::Lost)?,
        };
        self.progress = Instant::now();
        Ok(len)
    }
}

impl Shared {
    /// Polls the stream, unless it is gone.
    fn with<T>(&self, poll: impl FnOnce(Pin<&mut Stream>) -> Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        let mut stream = self.stream.lock().unwrap_or_else(PoisonError::into_inner);
        let step = stream.as_mut().and_then(|stream| self.kill.unless_set(|| poll(Pin::new(stream))));
        step.unwrap_or_else(|| Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into())))
    }

    fn halt(&self, halt: Halt) {
        self.halt.send_if_modified(|now| {
            let stronger = halt > *now;
            *now = halt.max(*now);
            stronger
        });
    }

    fn abort(&self) {
        self.halt(Halt::Everything);
        drop(self.stream.lock().unwrap_or_else(PoisonError::into_inner).take());
    }

    async fn write_all(&self, mut bytes: &[u8]) -> Result<(), SendError> {
        while !bytes.is_empty() {
            match self.progress(poll_fn(|cx| self.with(|stream| stream.poll_write(cx, bytes)))).await? {
                0 => return Err(SendError::Closed),
                len => bytes = &bytes[len..],
            }
        }
        Ok(())
    }

    async fn flush(&self) -> Result<(), SendError> {
        self.progress(poll_fn(|cx| self.with(|stream| stream.poll_flush(cx)))).await
    }

    async fn close(&self) -> Result<(), SendError> {
        self.progress(poll_fn(|cx| self.with(|stream| stream.poll_close(cx)))).await
    }

    /// Waits for one step; a peer that lets none happen for so long loses the stream.
    async fn progress<T>(&self, step: impl Future<Output = io::Result<T>>) -> Result<T, SendError> {
        match timeout(self.times.standstill, step).await {
            Ok(step) => step.map_err(|_| SendError::Closed),
            Err(_) => {
                self.abort();
                Err(SendError::Closed)
            }
        }
    }
}

/// The writer of one stream: it ends with its queue, its stream, or a halt.
async fn write(shared: Arc<Shared>, queue: mpsc::Receiver<Queued>) -> Result<(), SendError> {
    let mut halt = shared.halt.subscribe();
    let halted = async { halt.wait_for(|halt| *halt != Halt::Running).await.map(|halt| *halt) };
    tokio::select! {
        biased;
        halted = halted => {
            if halted.is_ok_and(|halt| halt == Halt::Sending) {
                let _ = shared.close().await;
            }
            Err(SendError::Closed)
        }
        drained = drain(&shared, queue) => drained,
    }
}

async fn drain(shared: &Shared, mut queue: mpsc::Receiver<Queued>) -> Result<(), SendError> {
    let mut bytes = Vec::new();
    while let Some(frame) = queue.recv().await {
        append(&mut bytes, &frame);
        while bytes.len() < WRITE_BYTES
            && let Ok(frame) = queue.try_recv()
        {
            append(&mut bytes, &frame);
        }
        shared.write_all(&bytes).await?;
        bytes.clear();
        if queue.is_empty() {
            shared.flush().await?;
            bytes = Vec::new();
        }
    }
    shared.flush().await?;
    shared.close().await
}

fn append(bytes: &mut Vec<u8>, queued: &Queued) {
    match queued {
        Queued::Frame(frame) => {
            bytes.extend_from_slice(&framing::header(frame.len()));
            bytes.extend_from_slice(frame);
        }
        Queued::Unframed(unframed) => bytes.extend_from_slice(unframed),
    }
}

fn check(frame: &[u8]) -> Result<(), SendError> {
    framing::check_len(frame.len()).map_err(|_| SendError::Length { bytes: frame.len() })
}

impl fmt::Debug for SendError {
    /// Never shows the frame: it may hold personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full(frame) => write!(f, "Full({} bytes)", frame.len()),
            Self::Closed => f.write_str("Closed"),
            Self::Length { bytes } => write!(f, "Length {{ bytes: {bytes} }}"),
        }
    }
}

macro_rules! opaque_debug {
    ($($name:ident),*) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    )*};
}

opaque_debug!(Frames, FrameSender, FrameReceiver);
