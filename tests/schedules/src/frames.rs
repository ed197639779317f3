//! The send queue of a stream, and the end of a connection.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use freehold_protocol::identity::SigningKey;
use freehold_transport::simulation::Network;
use freehold_transport::{Address, Connection, Endpoint, FrameReceiver, Limits, SendError, dial};
use shuttle::future::{block_on, spawn, yield_now};
use shuttle_tokio as tokio;
use tokio::sync::mpsc;

/// Where the listener is.
const PLACE: u32 = 100;
const ADDRESS: &str = "/ip4/10.0.0.100/udp/4101/quic-v1";
/// So long that it never comes.
const NEVER: Duration = Duration::from_secs(u32::MAX as u64);
/// Frames that are sent: more than the queue holds.
const FRAMES: u8 = 5;
/// Bytes of each.
const FRAME_BYTES: usize = 3;
/// Bytes of the length before each.
const LENGTH_BYTES: usize = 4;

thread_local! {
    /// The network of this order.
    static KEPT: RefCell<Option<Network>> = const { RefCell::new(None) };
}

/// How often those whose tasks only have to end are let through; each needs some ten steps.
const LAST_STEPS: u32 = 200;

/// A network without delay, which counts the bytes of the dialler.
pub(crate) fn network(tap: impl FnMut(&[u8]) + Send + 'static) -> (Network, Limits) {
    let mut tap = tap;
    let network = Network::new(
        |_| 0,
        move |passage| {
            if passage.to == PLACE {
                tap(passage.bytes);
            }
        },
    );
    network.start(PLACE);
    network.locate(address(), PLACE);
    Network::enter(Some(network.clone()));
    KEPT.set(Some(network.clone()));
    let limits = Limits { liveness_interval: NEVER, machine: Some(network.start(0)), ..Limits::default() };
    (network, limits)
}

/// Ends what is left of an order. A task that is dropped in the middle of a step could not take the locks that it needs.
pub(crate) async fn leave(endpoint: Endpoint) {
    endpoint.close().await;
    Network::enter(None);
    KEPT.set(None);
    for _ in 0..LAST_STEPS {
        yield_now().await;
    }
}

/// Leaves the network of an order that has failed where it is: nothing of shuttle's may be dropped outside of an order.
pub(crate) fn forget() {
    std::mem::forget(KEPT.take());
    Network::enter(None);
}

pub(crate) fn address() -> Address {
    Address::parse(ADDRESS).expect("an address")
}

/// Listens with a key.
pub(crate) async fn listen(key: &SigningKey) -> (Endpoint, mpsc::Receiver<Connection>) {
    let limits = Limits { liveness_interval: NEVER, ..Limits::default() };
    Endpoint::listen(key, &[address()], limits).await.expect("it listens")
}

/// A connection from one side to the other, and what keeps the network alive.
async fn connected(tap: impl FnMut(&[u8]) + Send + 'static) -> (Connection, Connection, Endpoint) {
    let (listener, dialler) = (SigningKey::from_seed(&[1; 32]), SigningKey::from_seed(&[2; 32]));
    let (_, limits) = network(tap);
    let (endpoint, mut incoming) = listen(&listener).await;
    let near = dial(&dialler, &[address()], &[listener.public()], limits).await.expect("a connection");
    let far = incoming.recv().await.expect("the endpoint listens");
    (near, far, endpoint)
}

/// 1. One side sends five frames through a queue of two, waiting or trying again where it is full, and finishes: the transport
///    has all of them then. 2. It keeps the connection until the other side ends its direction, which has received all of
///    them, in order.
pub(crate) fn queue() {
    block_on(async {
        let handed = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&handed);
        let tap = move |bytes: &[u8]| {
            counted.fetch_add(bytes.len(), Ordering::Relaxed);
        };
        let (near, far, endpoint) = connected(tap).await;
        let receiving = spawn(async move {
            let (_sender, receiver) = far.accept_session().await.expect("the session's stream").split();
            let received = receive(receiver).await;
            drop(far);
            received
        });
        let (sender, answers) = near.open_session().await.expect("a stream").split();
        for number in 0..FRAMES {
            let mut frame = vec![number; FRAME_BYTES];
            if number % 2 == 0 {
                sender.send(frame).await.expect("sent");
                continue;
            }
            loop {
                match sender.try_send(frame) {
                    Ok(()) => break,
                    Err(SendError::Full(back)) => frame = back,
                    Err(error) => panic!("{error}"),
                }
                sender.ready().await.expect("the stream is open");
            }
        }
        sender.finish().await.expect("everything is written");
        let whole = usize::from(FRAMES) * (LENGTH_BYTES + FRAME_BYTES);
        assert_eq!(handed.load(Ordering::Relaxed), whole, "it has finished before everything was written");
        assert!(receive(answers).await.is_empty());
        let received = receiving.await.expect("the receiver ends");
        assert_eq!(received, (0..FRAMES).collect::<Vec<_>>(), "frames are missing or out of order");
        let gone = near.closed();
        near.abort();
        gone.await;
        drop(near);
        leave(endpoint).await;
    });
}

/// 1. Two streams of a connection send. 2. The connection is ended. 3. From the moment in which that returns not one
///    byte is handed to the network, and the receivers come to an end.
pub(crate) fn break_off() {
    block_on(async {
        let sent = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&sent);
        let tap = move |bytes: &[u8]| {
            counted.fetch_add(bytes.len(), Ordering::Relaxed);
        };
        let (near, far, endpoint) = connected(tap).await;
        let near = Arc::new(near);
        let taking = spawn(async move {
            let session = far.accept_session().await.expect("the session's stream");
            let reading = spawn(async move { receive(session.split().1).await });
            if let Some(read) = far.accept_read().await {
                receive(read.split().1).await;
            }
            reading.await.expect("the receiver ends");
        });
        let session = near.open_session().await.expect("a stream");
        let read = near.open_read().await.expect("a stream");
        let sending = [session, read].map(|frames| {
            spawn(async move {
                let (sender, _receiver) = frames.split();
                for number in 0..FRAMES {
                    if sender.send(vec![number; 3]).await.is_err() {
                        return;
                    }
                }
            })
        });
        let ending = {
            let (near, sent) = (Arc::clone(&near), Arc::clone(&sent));
            spawn(async move {
                yield_now().await;
                near.abort();
                sent.load(Ordering::Relaxed)
            })
        };
        let at_the_end = ending.await.expect("it ends the connection");
        for task in sending {
            task.await.expect("the sender ends");
        }
        near.closed().await;
        taking.await.expect("the other side ends");
        assert_eq!(sent.load(Ordering::Relaxed), at_the_end, "bytes left after the connection was ended");
        drop(near);
        leave(endpoint).await;
    });
}

/// The first byte of each frame until there are no more.
async fn receive(mut receiver: FrameReceiver) -> Vec<u8> {
    let mut received = Vec::new();
    while let Some(Ok(frame)) = receiver.recv().await {
        received.push(frame[0]);
    }
    received
}
