//! The part of a connection that lives in libp2p's task for it: opens streams, takes streams, enforces their number.

use std::convert::Infallible;
use std::future::{Future as _, Ready, ready};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use freehold_protocol::identity::PublicKey;
use libp2p::StreamProtocol;
use libp2p::core::upgrade::{InboundUpgrade, OutboundUpgrade, UpgradeInfo};
use libp2p::swarm::handler::{
    ConnectionEvent, DialUpgradeError, FullyNegotiatedInbound, FullyNegotiatedOutbound,
};
use libp2p::swarm::{ConnectionHandler, ConnectionHandlerEvent, StreamUpgradeError, SubstreamProtocol};
use tokio::sync::{Mutex, Semaphore, mpsc, oneshot, watch};
use tokio::time::{Sleep, sleep};

use crate::connection::{InboundRead, Kill, Open, read_queue};
use crate::frames::FrameTimes;
use crate::limits::OPEN_QUEUE;
use crate::meter::Meter;
use crate::stream::Stream;
use crate::{Connection, Limits, READ_PROTOCOL, SESSION_PROTOCOL, StreamError, Transport};

type Reply = oneshot::Sender<Result<Stream, StreamError>>;

/// The handler of one connection.
pub(crate) struct Handler {
    timeout: Duration,
    open: mpsc::Receiver<Open>,
    kill: Arc<Kill>,
    kill_reported: bool,
    /// Until when the peer may be a stranger; `None` once it is none.
    stranger: Option<Pin<Box<Sleep>>>,
    takes_reads: bool,
    /// Where the session's stream goes; `None` once it has, and on the dialler's side.
    session: Option<mpsc::Sender<Stream>>,
    reads: mpsc::Sender<InboundRead>,
    slots: Arc<Semaphore>,
    _alive: watch::Sender<()>,
}

/// What the handler tells the behaviour of its connection.
#[derive(Debug)]
pub(crate) enum Word {
    /// Its peer is no stranger any more.
    Welcome,
    /// It shall end.
    End,
}

/// Who opened the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Dialler,
    Listener,
}

/// A connection's two ends: for its task, and for its owner; and what holds [`Connection::closed`] back.
pub(crate) fn pair(
    side: Side,
    local: PublicKey,
    peer: PublicKey,
    transport: Transport,
    meter: Option<Arc<Meter>>,
    limits: &Limits,
) -> (Handler, Connection, watch::Sender<()>) {
    let (open_sender, open) = mpsc::channel(OPEN_QUEUE);
    let (session_sender, session) = mpsc::channel(1);
    let (reads_sender, reads) = mpsc::channel(read_queue(limits));
    let (alive_sender, alive) = watch::channel(());
    let kill = Arc::new(Kill::with(meter));
    let handler = Handler {
        timeout: limits.handshake_timeout,
        open,
        kill: Arc::clone(&kill),
        kill_reported: false,
        stranger: (side == Side::Listener).then(|| Box::pin(sleep(limits.stranger_timeout))),
        takes_reads: limits.takes_reads,
        session: (side == Side::Listener).then_some(session_sender),
        reads: reads_sender,
        slots: Arc::new(Semaphore::new(read_queue(limits))),
        _alive: alive_sender.clone(),
    };
    let connection = Connection {
        peer,
        local,
        transport,
        frame_times: FrameTimes { standstill: limits.frame_timeout, whole: limits.whole_frame_timeout },
        open: open_sender,
        session: Mutex::new(session),
        reads: Mutex::new(reads),
        outbound_slots: Arc::new(Semaphore::new(read_queue(limits))),
        kill,
        alive,
    };
    (handler, connection, alive_sender)
}

impl Handler {
    pub(crate) fn on_inbound(&mut self, stream: Stream, protocol: &StreamProtocol) {
        // A stream that is not passed on is dropped here, which resets it.
        if protocol.as_ref() == SESSION_PROTOCOL {
            if let Some(session) = self.session.take() {
                let _ = session.try_send(stream);
            }
        } else if self.takes_reads
            && let Ok(slot) = Arc::clone(&self.slots).try_acquire_owned()
        {
            let _ = self.reads.try_send((stream, slot));
        }
    }
}

#[cfg(feature = "simulation")]
impl Handler {
    /// The owner's order to end the connection.
    pub(crate) fn kill(&self) -> Arc<Kill> {
        Arc::clone(&self.kill)
    }

    /// The owner's next request for a stream.
    pub(crate) async fn next_open(&mut self) -> Option<Open> {
        self.open.recv().await
    }
}

impl ConnectionHandler for Handler {
    type FromBehaviour = Infallible;
    type ToBehaviour = Word;
    type InboundProtocol = Names;
    type OutboundProtocol = Names;
    type InboundOpenInfo = ();
    type OutboundOpenInfo = Reply;

    /// Offers only what would be taken, so that a peer learns of a refusal while it negotiates.
    fn listen_protocol(&self) -> SubstreamProtocol<Names> {
        let mut names = Vec::new();
        if self.session.is_some() {
            names.push(StreamProtocol::new(SESSION_PROTOCOL));
        }
        if self.takes_reads && self.slots.available_permits() > 0 {
            names.push(StreamProtocol::new(READ_PROTOCOL));
        }
        SubstreamProtocol::new(Names(names), ()).with_timeout(self.timeout)
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<ConnectionHandlerEvent<Names, Reply, Word>> {
        self.kill.waker.register(cx.waker());
        if self.kill.is_set() {
            if self.kill_reported {
                return Poll::Pending;
            }
            self.kill_reported = true;
            return Poll::Ready(ConnectionHandlerEvent::NotifyBehaviour(Word::End));
        }
        if let Some(until) = &mut self.stranger {
            if self.kill.is_welcome() {
                self.stranger = None;
                return Poll::Ready(ConnectionHandlerEvent::NotifyBehaviour(Word::Welcome));
            }
            if until.as_mut().poll(cx).is_ready() {
                self.stranger = None;
                self.kill_reported = true;
                return Poll::Ready(ConnectionHandlerEvent::NotifyBehaviour(Word::End));
            }
        }
        match self.open.poll_recv(cx) {
            Poll::Ready(Some(Open { protocol, reply })) => {
                let names = Names(vec![protocol]);
                let protocol = SubstreamProtocol::new(names, reply).with_timeout(self.timeout);
                Poll::Ready(ConnectionHandlerEvent::OutboundSubstreamRequest { protocol })
            }
            Poll::Ready(None) | Poll::Pending => Poll::Pending,
        }
    }

    fn on_behaviour_event(&mut self, event: Infallible) {
        match event {}
    }

    fn on_connection_event(&mut self, event: ConnectionEvent<'_, Names, Names, (), Reply>) {
        match event {
            ConnectionEvent::FullyNegotiatedInbound(FullyNegotiatedInbound {
                protocol: (stream, protocol),
                ..
            }) => self.on_inbound(stream.into(), &protocol),
            ConnectionEvent::FullyNegotiatedOutbound(FullyNegotiatedOutbound {
                protocol: (stream, _),
                info: reply,
            }) => {
                let _ = reply.send(Ok(stream.into()));
            }
            ConnectionEvent::DialUpgradeError(DialUpgradeError { info: reply, error }) => {
                let _ = reply.send(Err(match error {
                    StreamUpgradeError::Timeout => StreamError::Timeout,
                    StreamUpgradeError::NegotiationFailed | StreamUpgradeError::Io(_) => StreamError::Refused,
                    StreamUpgradeError::Apply(never) => match never {},
                }));
            }
            _ => {}
        }
    }
}

/// The protocols one side offers, or the one that it asks for; the stream itself is the result.
#[derive(Debug, Clone)]
pub(crate) struct Names(Vec<StreamProtocol>);

impl UpgradeInfo for Names {
    type Info = StreamProtocol;
    type InfoIter = std::vec::IntoIter<StreamProtocol>;

    fn protocol_info(&self) -> Self::InfoIter {
        self.0.clone().into_iter()
    }
}

impl InboundUpgrade<libp2p::Stream> for Names {
    type Output = (libp2p::Stream, StreamProtocol);
    type Error = Infallible;
    type Future = Ready<Result<Self::Output, Infallible>>;

    fn upgrade_inbound(self, stream: libp2p::Stream, name: StreamProtocol) -> Self::Future {
        ready(Ok((stream, name)))
    }
}

impl OutboundUpgrade<libp2p::Stream> for Names {
    type Output = (libp2p::Stream, StreamProtocol);
    type Error = Infallible;
    type Future = Ready<Result<Self::Output, Infallible>>;

    fn upgrade_outbound(self, stream: libp2p::Stream, name: StreamProtocol) -> Self::Future {
        ready(Ok((stream, name)))
    }
}
