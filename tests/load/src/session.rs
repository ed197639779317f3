//! One session of a node: the protocol's own machine over a real connection.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use freehold_link::Stopwatch;
use freehold_protocol::code::Code;
use freehold_protocol::connect;
use freehold_protocol::data::{self, Carried, OUTCOME, Outcome, RECEIPT, REQUEST};
use freehold_protocol::disclosure::Grant;
use freehold_protocol::document::DataRequest;
use freehold_protocol::frame::{Hello, VERSIONS};
use freehold_protocol::identity::Did;
use freehold_protocol::message::Message;
use freehold_protocol::session::{Closed, Output, Parties, Session};
use freehold_tests::bench::Failure;
use freehold_transport::{Address, Connection, FrameReceiver, FrameSender, Limits, dial};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::node::{Node, told};

/// Orders that may wait for a session: one at a time is given.
const ORDERS_MAX: usize = 8;

/// How long the hub has to take a goodbye and hang up.
const GOODBYE: Duration = Duration::from_secs(1);

/// The hub as nodes know it.
#[derive(Debug, Clone)]
pub struct Target {
    /// Where it is dialled.
    pub addresses: Vec<Address>,
    /// The vendor.
    pub did: Did,
}

/// Why a session did not begin, or has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum End {
    /// Nobody answered, the handshake failed or took too long.
    Unreached,
    /// The connection was lost.
    Lost,
    /// The hub has too much to do and asks to wait for so many seconds.
    Busy(u32),
    /// The hub, or this side, ended it with a code.
    Code(Code),
}

/// When an update was acknowledged, and when the node was told what became of it.
#[derive(Debug)]
pub struct Sent {
    /// The node's number and the update's place.
    pub of: (usize, u64),
    /// When it was sent.
    pub at: Instant,
    /// Resolves when it is on the hub's disk.
    pub acked: oneshot::Receiver<Instant>,
    /// Resolves when the outcome has come.
    pub told: oneshot::Receiver<Instant>,
}

enum Order {
    Send(oneshot::Sender<Sent>),
    /// Tell when everything that may be sent is on the hub's disk.
    Settled(oneshot::Sender<Instant>),
    Close,
}

/// An open session.
#[derive(Debug)]
pub struct Open {
    orders: mpsc::Sender<Order>,
    task: JoinHandle<(Node, End)>,
}

impl Open {
    /// Has the next prepared update sent.
    ///
    /// # Errors
    /// When the session is over, or nothing is prepared.
    pub async fn send(&self) -> Result<Sent, Failure> {
        let (sent, sending) = oneshot::channel();
        self.orders.send(Order::Send(sent)).await.map_err(|_| "the session is over")?;
        sending.await.map_err(|_| "the session has ended, or there is no update left".into())
    }

    /// Waits until everything that may be sent is on the hub's disk.
    ///
    /// # Errors
    /// When the session ends before.
    pub async fn settled(&self) -> Result<Instant, Failure> {
        let (reply, settled) = oneshot::channel();
        self.orders.send(Order::Settled(reply)).await.map_err(|_| "the session is over")?;
        settled.await.map_err(|_| "the session is over".into())
    }

    /// Ends it in good order.
    ///
    /// # Errors
    /// When its task broke off.
    pub async fn close(self) -> Result<Node, Failure> {
        let _ = self.orders.send(Order::Close).await;
        Ok(self.task.await?.0)
    }

    /// Waits for its end, whoever brings it about.
    ///
    /// # Errors
    /// When its task broke off.
    pub async fn ended(self) -> Result<(Node, End), Failure> {
        Ok(self.task.await?)
    }

    /// Whether it has ended.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.task.is_finished()
    }
}

/// What becomes of a session in its turn.
enum Waiting {
    Acked(u64, oneshot::Sender<Instant>),
    Told(u64, oneshot::Sender<Instant>),
}

struct Running {
    node: Node,
    session: Session,
    stopwatch: Stopwatch,
    sender: Option<FrameSender>,
    receiver: FrameReceiver,
    waiting: VecDeque<Waiting>,
    settled: Option<oneshot::Sender<Instant>>,
    /// Resolves once hellos are exchanged.
    opened: Option<oneshot::Sender<()>>,
    closing: bool,
    connection: Option<Connection>,
}

/// Dials, and opens a session; with an invitation's token, the first one.
///
/// # Errors
/// The node, and why not.
pub async fn open(node: Node, target: &Arc<Target>, token: Option<[u8; 16]>) -> Result<Open, (Node, End)> {
    let Some(expected) = target.did.key() else { return Err((node, End::Unreached)) };
    let connection = match dial(&node.key(), &target.addresses, &[expected], Limits::default()).await {
        Ok(connection) => connection,
        Err(_) => return Err((node, End::Unreached)),
    };
    let frames = match connection.open_session().await {
        Ok(frames) => frames,
        Err(_) => return Err((node, End::Lost)),
    };
    let (sender, receiver) = frames.split();
    let parties = Parties { own: node.key().public().did(), peer: expected };
    let hello = Hello {
        versions: VERSIONS.to_vec(),
        families: vec![connect::FAMILY.to_owned(), data::FAMILY.to_owned()],
        stored: 0,
        invitation: token.map(|token| token.to_vec().into()),
        check_in_secs: None,
        last: None,
        restored: false,
        mailbox: None,
    };
    let stopwatch = Stopwatch::start();
    let session = Session::dial(parties, node.cursors(), hello, stopwatch.now());
    let (opened, opening) = oneshot::channel();
    let (orders, mut inbox) = mpsc::channel(ORDERS_MAX);
    let mut running = Running {
        node,
        session,
        stopwatch,
        sender: Some(sender),
        receiver,
        waiting: VecDeque::new(),
        settled: None,
        opened: Some(opened),
        closing: false,
        connection: Some(connection),
    };
    let task = tokio::spawn(async move {
        let end = running.run(&mut inbox).await;
        (running.node, end)
    });
    match opening.await {
        Ok(()) => Ok(Open { orders, task }),
        // A task that broke off has a fault: there is no node to go on with.
        Err(_) => Err(task.await.expect("a session's task does not panic")),
    }
}

impl Running {
    async fn run(&mut self, orders: &mut mpsc::Receiver<Order>) -> End {
        loop {
            while let Some(output) = self.session.poll_output() {
                if let Some(end) = self.act(output).await {
                    return end;
                }
            }
            if self.session.cursors().delivered == self.node.released
                && let Some(settled) = self.settled.take()
            {
                let _ = settled.send(Instant::now());
            }
            if self.closing && self.node.has_agreed() && self.session.is_idle() {
                self.session.close(Code::ShuttingDown);
                continue;
            }
            let timeout = self.session.poll_timeout().map(|at| self.stopwatch.instant(at));
            tokio::select! {
                frame = self.receiver.recv() => match frame {
                    Some(Ok(bytes)) => self.session.handle_frame(&bytes, self.stopwatch.now()),
                    _ => return End::Lost,
                },
                order = orders.recv(), if !self.closing => match order {
                    Some(Order::Send(reply)) => self.send(reply),
                    Some(Order::Settled(reply)) => self.settled = Some(reply),
                    Some(Order::Close) | None => self.closing = true,
                },
                () = sleep_until(timeout) => self.session.handle_timeout(self.stopwatch.now()),
            }
        }
    }

    fn send(&mut self, reply: oneshot::Sender<Sent>) {
        if self.node.released == self.node.said {
            return;
        }
        self.node.released += 1;
        let seq = self.node.released;
        let ((acking, acked), (telling, told)) = (oneshot::channel(), oneshot::channel());
        self.waiting.extend([Waiting::Acked(seq, acking), Waiting::Told(seq, telling)]);
        let at = Instant::now();
        self.session.queued(seq);
        let _ = reply.send(Sent { of: (self.node.number, seq), at, acked, told });
    }

    /// Does what the machine wants. Gives the end, when it has come.
    async fn act(&mut self, output: Output) -> Option<End> {
        match output {
            Output::Transmit(frame) => {
                let Some(sender) = &self.sender else { return Some(End::Lost) };
                if sender.send(frame).await.is_err() {
                    return Some(End::Lost);
                }
            }
            Output::Open(_) => {
                let _ = self.opened.take().map(|opened| opened.send(()));
            }
            Output::Compose(seq) => {
                if let Some(message) = self.node.waiting.get(&seq) {
                    self.session.send(message.clone(), self.stopwatch.now());
                }
            }
            Output::Received(message) => {
                let seq = message.seq;
                if let Err(error) = self.take(&message) {
                    panic!("the hub sent what a node cannot use: {error}");
                }
                self.node.stored = seq;
                self.session.committed(seq);
            }
            Output::Delivered(through) => {
                self.node.waiting = self.node.waiting.split_off(&(through + 1));
                self.resolve(|waiting| matches!(waiting, Waiting::Acked(seq, _) if *seq <= through));
            }
            Output::Realigned(_) => {}
            Output::Closed(why) => {
                self.hang_up().await;
                return Some(match (why, self.session.wait_secs()) {
                    (Closed::ByPeer(Code::Busy), Some(secs)) => End::Busy(secs),
                    (Closed::ByPeer(code) | Closed::ByUs(code), _) => End::Code(code),
                });
            }
        }
        None
    }

    /// The goodbye is on its way: the connection stays until the hub has hung up, or for a moment.
    async fn hang_up(&mut self) {
        if let Some(sender) = self.sender.take() {
            let _ = tokio::time::timeout(GOODBYE, sender.finish()).await;
        }
        if let Some(connection) = self.connection.take() {
            tokio::spawn(async move {
                let _ = tokio::time::timeout(GOODBYE, connection.closed()).await;
            });
        }
    }

    fn take(&mut self, message: &Message) -> Result<(), Failure> {
        match message.kind.as_str() {
            REQUEST => {
                let carried: Carried = data::decode(&message.body).map_err(told)?;
                let request = DataRequest::read(&carried.document).map_err(told)?;
                self.node.answer(&request, message.id)?;
                self.session.queued(self.node.released);
            }
            RECEIPT => {
                let carried: Carried = data::decode(&message.body).map_err(told)?;
                self.node.stand(&Grant::read(&carried.document).map_err(told)?);
            }
            OUTCOME => {
                let update = Outcome::decode(&message.body).map_err(told)?.update;
                self.resolve(|waiting| matches!(waiting, Waiting::Told(seq, _) if *seq == update));
            }
            _ => {}
        }
        Ok(())
    }

    fn resolve(&mut self, is_meant: impl Fn(&Waiting) -> bool) {
        let now = Instant::now();
        for waiting in std::mem::take(&mut self.waiting) {
            if !is_meant(&waiting) {
                self.waiting.push_back(waiting);
                continue;
            }
            let (Waiting::Acked(_, waiter) | Waiting::Told(_, waiter)) = waiting;
            // Not everybody waits for both.
            let _ = waiter.send(now);
        }
    }
}

async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
