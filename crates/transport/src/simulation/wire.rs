//! One connection: two sides, each with a task that opens and takes streams, and the pipes of the streams.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use freehold_protocol::identity::PublicKey;
use futures::FutureExt as _;
use libp2p::StreamProtocol;
use tokio::sync::mpsc;
use tokio::time::{Instant, Sleep, sleep, sleep_until, timeout};

use super::{Machine, Network, Passage};
use crate::connection::Open;
use crate::handler::Handler;
use crate::stream::Stream;
use crate::sync::{Mutex, MutexGuard};
use crate::{Limits, StreamError};

/// Bytes that a pipe holds before its writer waits: what QUIC lets one stream have in flight.
const PIPE_BYTES: usize = 1 << 20;
/// Most bytes of one write: chunks this size may be delayed and lost one by one.
const CHUNK_BYTES: usize = 32 * 1024;
/// Streams under way to the other side.
const STREAMS_ARRIVING: usize = 64;
/// Pings that may stay without an answer.
const MISSED_MAX: u32 = 2;

/// One connection.
pub(crate) struct Wire {
    network: Network,
    id: u64,
    sides: [Machine; 2],
    keys: [PublicKey; 2],
    state: Mutex<WireState>,
}

#[derive(Default)]
struct WireState {
    /// When each side sees the end.
    ended: [Option<Instant>; 2],
    /// Wake the sides' tasks.
    wakers: [Option<Waker>; 2],
    pipes: Vec<Arc<Mutex<Pipe>>>,
}

/// One direction of a stream.
#[derive(Default)]
struct Pipe {
    chunks: VecDeque<(Instant, Vec<u8>)>,
    bytes: usize,
    /// When the last chunk arrives: order is kept.
    last: Option<Instant>,
    closed: bool,
    /// When the reader learns that the writer is gone without a word, and the writer that the reader is.
    reset: Option<Instant>,
    wakers: Vec<Waker>,
}

type Arriving = (Stream, StreamProtocol);

/// One end of a stream.
pub(crate) struct SimulatedStream {
    wire: Arc<Wire>,
    side: usize,
    number: u64,
    inward: Arc<Mutex<Pipe>>,
    outward: Arc<Mutex<Pipe>>,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Wire {
    /// Joins two handlers, the dialler's first, and starts the connection's tasks.
    pub(super) fn join(
        network: &Network,
        sides: [Machine; 2],
        keys: [PublicKey; 2],
        handlers: [Handler; 2],
        limits: [Limits; 2],
    ) -> Arc<Self> {
        let wire = {
            let mut state = network.state();
            let id = state.next_wire;
            state.next_wire += 1;
            let wire = Arc::new(Self { network: network.clone(), id, sides, keys, state: Mutex::default() });
            state.wires.insert(id, Arc::clone(&wire));
            wire
        };
        let (to_first, first_arriving) = mpsc::channel(STREAMS_ARRIVING);
        let (to_second, second_arriving) = mpsc::channel(STREAMS_ARRIVING);
        let [first, second] = handlers;
        tokio::spawn(Arc::clone(&wire).run(0, first, first_arriving, to_second, limits[0]));
        tokio::spawn(Arc::clone(&wire).run(1, second, second_arriving, to_first, limits[1]));
        wire
    }

    pub(super) fn sides(&self) -> [Machine; 2] {
        self.sides
    }

    /// The key and the place of the listening side, to tell one person's connections.
    pub(super) fn is_of(&self, dialler: &PublicKey, listener: Machine) -> bool {
        self.keys[0] == *dialler && self.sides[1] == listener
    }

    /// Whether it was dialled to a key at a place: a machine may listen under several.
    pub(super) fn is_to(&self, listener: Machine, key: &PublicKey) -> bool {
        self.keys[1] == *key && self.sides[1] == listener
    }

    pub(super) fn id(&self) -> u64 {
        self.id
    }

    /// A side sees the end of the connection, at once or later.
    pub(super) fn end(&self, side: usize, later: Option<Duration>) {
        let at = Instant::now() + later.unwrap_or_default();
        {
            let mut state = self.state();
            let ended = &mut state.ended[side];
            *ended = Some(ended.map_or(at, |before| before.min(at)));
        }
        self.wake();
    }

    /// Loses what is under way in both directions.
    pub(super) fn lose(&self) {
        for pipe in &self.state().pipes {
            let mut pipe = lock(pipe);
            pipe.chunks.clear();
            pipe.bytes = 0;
            pipe.reset = Some(Instant::now());
        }
    }

    pub(super) fn wake(&self) {
        let mut state = self.state();
        state.wakers.iter_mut().filter_map(Option::take).for_each(Waker::wake);
        state.pipes.iter().for_each(|pipe| lock(pipe).wake());
    }

    fn has_ended(&self, side: usize) -> bool {
        self.state().ended[side].is_some_and(|at| at <= Instant::now())
    }

    /// Whether nothing of this side reaches the other.
    fn is_blocked_from(&self, side: usize) -> bool {
        self.network.is_blocked(self.sides[side], self.sides[1 - side])
    }

    fn is_up(&self, side: usize) -> bool {
        self.network.state().is_up(self.sides[side])
    }

    /// The task of one side, in the place of libp2p's.
    async fn run(
        self: Arc<Self>,
        side: usize,
        mut handler: Handler,
        mut arriving: mpsc::Receiver<Arriving>,
        other: mpsc::Sender<Arriving>,
        limits: Limits,
    ) {
        let (mut missed, kill) = (0, handler.kill());
        let mut ping = Box::pin(sleep(limits.liveness_interval));
        loop {
            let end = self.state().ended[side];
            let killed = poll_fn(|cx| {
                self.state().wakers[side] = Some(cx.waker().clone());
                kill.waker.register(cx.waker());
                if kill.is_set() { Poll::Ready(()) } else { Poll::Pending }
            });
            let ended = async {
                match end {
                    Some(at) => sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                () = killed => break,
                () = ended => break,
                Some(open) = handler.next_open() => {
                    tokio::spawn(Arc::clone(&self).open(side, open, other.clone(), limits.handshake_timeout));
                }
                Some((stream, protocol)) = arriving.recv() => handler.on_inbound(stream, &protocol),
                () = &mut ping => {
                    let answered = !self.is_blocked_from(side) && !self.is_blocked_from(1 - side);
                    missed = if answered { 0 } else { missed + 1 };
                    if missed >= MISSED_MAX {
                        break;
                    }
                    ping = Box::pin(sleep(limits.liveness_interval));
                }
                // A new end, or a partition that has healed.
                () = self.changed(side, end) => {}
            }
        }
        self.end(side, None);
        if !self.is_blocked_from(side) && self.is_up(side) {
            self.end(1 - side, Some(self.network.delay()));
        }
        let both = self.state().ended.iter().all(Option::is_some);
        if both {
            self.network.state().wires.remove(&self.id);
        }
    }

    /// Resolves when the moment at which a side sees the end is another than it was.
    async fn changed(&self, side: usize, end: Option<Instant>) {
        poll_fn(|_| if self.state().ended[side] == end { Poll::Pending } else { Poll::Ready(()) }).await;
    }

    /// Opens a stream to the other side.
    async fn open(
        self: Arc<Self>,
        side: usize,
        open: Open,
        other: mpsc::Sender<Arriving>,
        longest: Duration,
    ) {
        let way = async {
            while self.is_blocked_from(side) || self.is_blocked_from(1 - side) {
                sleep(Duration::from_secs(1)).await;
            }
            sleep(self.network.delay()).await;
        };
        if timeout(longest, way).await.is_err() {
            let _ = open.reply.send(Err(StreamError::Timeout));
            return;
        }
        if self.has_ended(side) || self.has_ended(1 - side) {
            let _ = open.reply.send(Err(StreamError::Closed));
            return;
        }
        let (there, back) = (Arc::<Mutex<Pipe>>::default(), Arc::<Mutex<Pipe>>::default());
        {
            let mut state = self.state();
            // Pipes that nobody holds any more are forgotten.
            state.pipes.retain(|pipe| Arc::strong_count(pipe) > 1);
            state.pipes.extend([Arc::clone(&there), Arc::clone(&back)]);
        }
        let number = {
            let mut state = self.network.state();
            state.next_stream += 1;
            state.next_stream
        };
        let end = |side, inward: &Arc<Mutex<Pipe>>, outward: &Arc<Mutex<Pipe>>| SimulatedStream {
            wire: Arc::clone(&self),
            side,
            number: number * 2 + side as u64,
            inward: Arc::clone(inward),
            outward: Arc::clone(outward),
            sleep: None,
        };
        let (near, far) = (end(side, &back, &there), end(1 - side, &there, &back));
        // One that is not taken is dropped, which resets it.
        let _ = other.try_send((Stream::Simulated(far), open.protocol));
        let _ = open.reply.send(Ok(Stream::Simulated(near)));
    }

    fn state(&self) -> MutexGuard<'_, WireState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pipe {
    fn wake(&mut self) {
        self.wakers.drain(..).for_each(Waker::wake);
    }

    fn wait(&mut self, cx: &Context<'_>) {
        if !self.wakers.iter().any(|waker| waker.will_wake(cx.waker())) {
            self.wakers.push(cx.waker().clone());
        }
    }

    fn is_reset(&self, now: Instant) -> bool {
        self.reset.is_some_and(|at| at <= now)
    }
}

impl SimulatedStream {
    pub(crate) fn poll_read(&mut self, cx: &mut Context<'_>, bytes: &mut [u8]) -> Poll<io::Result<usize>> {
        loop {
            let now = Instant::now();
            if self.wire.has_ended(self.side) || !self.wire.is_up(self.side) {
                return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
            }
            let blocked = self.wire.is_blocked_from(1 - self.side);
            let mut pipe = lock(&self.inward);
            pipe.wait(cx);
            let reset = pipe.is_reset(now);
            let Pipe { chunks, closed, last, .. } = &mut *pipe;
            let (closed, last) = (*closed, *last);
            let due = match chunks.front_mut() {
                _ if blocked => None,
                Some((at, chunk)) if *at <= now => {
                    let taken = chunk.len().min(bytes.len());
                    bytes[..taken].copy_from_slice(&chunk[..taken]);
                    chunk.drain(..taken);
                    if chunk.is_empty() {
                        chunks.pop_front();
                    }
                    pipe.bytes -= taken;
                    pipe.wake();
                    return Poll::Ready(Ok(taken));
                }
                _ if reset => return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into())),
                Some((at, _)) => Some(*at),
                None if closed && last.is_none_or(|last| last <= now) => return Poll::Ready(Ok(0)),
                None => last.filter(|_| closed),
            };
            let due = [due, pipe.reset.filter(|_| !blocked)].into_iter().flatten().min();
            drop(pipe);
            let Some(due) = due else { return Poll::Pending };
            let sleep = self.sleep.insert(Box::pin(sleep_until(due)));
            if sleep.poll_unpin(cx).is_pending() {
                return Poll::Pending;
            }
        }
    }

    pub(crate) fn poll_write(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let now = Instant::now();
        if self.wire.has_ended(self.side) || !self.wire.is_up(self.side) || lock(&self.outward).is_reset(now)
        {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        let delay = self.wire.network.delay();
        let mut pipe = lock(&self.outward);
        if pipe.bytes >= PIPE_BYTES {
            pipe.wait(cx);
            return Poll::Pending;
        }
        let taken = bytes.len().min(CHUNK_BYTES);
        let at = pipe.last.map_or(now + delay, |last| last.max(now + delay));
        pipe.last = Some(at);
        pipe.bytes += taken;
        pipe.chunks.push_back((at, bytes[..taken].to_vec()));
        pipe.wake();
        drop(pipe);
        let (from, to) = (self.wire.sides[self.side], self.wire.sides[1 - self.side]);
        let key = self.wire.keys[self.side];
        let passage =
            Passage { stream: self.number, from: from.place, to: to.place, key, bytes: &bytes[..taken] };
        // The tap looks at the story, which may ask the network: it is not called under its lock.
        let tap = Arc::clone(&self.wire.network.state().tap);
        (tap.lock().unwrap_or_else(PoisonError::into_inner))(passage);
        Poll::Ready(Ok(taken))
    }

    pub(crate) fn poll_flush(&mut self) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    pub(crate) fn poll_close(&mut self) -> Poll<io::Result<()>> {
        let mut pipe = lock(&self.outward);
        pipe.closed = true;
        pipe.wake();
        Poll::Ready(Ok(()))
    }
}

impl Drop for SimulatedStream {
    fn drop(&mut self) {
        let at = Instant::now() + self.wire.network.delay();
        for (pipe, is_mine) in [(&self.outward, true), (&self.inward, false)] {
            let mut pipe = lock(pipe);
            // Everything was said: that is an end, not a break.
            if !(is_mine && pipe.closed) {
                pipe.reset.get_or_insert(at);
            }
            pipe.wake();
        }
    }
}

fn lock(pipe: &Mutex<Pipe>) -> MutexGuard<'_, Pipe> {
    pipe.lock().unwrap_or_else(PoisonError::into_inner)
}
