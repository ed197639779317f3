//! Peers that do not keep to the rules. The hostile peer is a plain libp2p node of its own.

use std::time::Duration;

use freehold_transport::{
    Connection, Endpoint, FRAME_BYTES_MAX, FrameError, Limits, READ_PROTOCOL, SESSION_PROTOCOL,
};
use futures::stream::FuturesUnordered;
use futures::{AsyncReadExt as _, AsyncWriteExt as _, StreamExt as _};
use libp2p::{Multiaddr, PeerId, StreamProtocol, Swarm, swarm::SwarmEvent};
use libp2p_stream::Control;
use tokio::sync::mpsc;

use crate::pair::{QUIC, TCP, address, key, soon};

/// A libp2p node that speaks to a hub as it likes.
struct Hostile {
    control: Control,
    hub: PeerId,
    task: tokio::task::JoinHandle<()>,
}

impl Hostile {
    async fn connect(endpoint: &Endpoint) -> Self {
        let identity = libp2p::identity::Keypair::ed25519_from_bytes([66; 32]).unwrap();
        Self::connect_as(endpoint, identity).await
    }

    async fn connect_as(endpoint: &Endpoint, identity: libp2p::identity::Keypair) -> Self {
        let mut swarm: Swarm<libp2p_stream::Behaviour> =
            libp2p::SwarmBuilder::with_existing_identity(identity)
                .with_tokio()
                .with_tcp(Default::default(), libp2p::noise::Config::new, libp2p::yamux::Config::default)
                .unwrap()
                .with_quic()
                .with_behaviour(|_| libp2p_stream::Behaviour::new())
                .unwrap()
                .build();
        let control = swarm.behaviour().new_control();
        let there: Multiaddr = endpoint.addresses()[0].as_str().parse().unwrap();
        swarm.dial(there).unwrap();
        let hub = soon(async {
            loop {
                if let SwarmEvent::ConnectionEstablished { peer_id, .. } = swarm.select_next_some().await {
                    return peer_id;
                }
            }
        })
        .await;
        let task = tokio::spawn(async move {
            loop {
                swarm.select_next_some().await;
            }
        });
        Self { control, hub, task }
    }

    async fn open(
        &mut self,
        protocol: &'static str,
    ) -> Result<libp2p::Stream, libp2p_stream::OpenStreamError> {
        self.control.open_stream(self.hub, StreamProtocol::new(protocol)).await
    }
}

impl Drop for Hostile {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn hub(listen: &str, limits: Limits) -> (Endpoint, mpsc::Receiver<Connection>) {
    Endpoint::listen(&key(1), &[address(listen)], limits).await.unwrap()
}

/// What the hub makes of these bytes on a session.
async fn received(listen: &str, bytes: &[u8], ends: bool) -> Option<Result<Vec<u8>, FrameError>> {
    let limits = Limits { frame_timeout: Duration::from_millis(300), ..Limits::default() };
    let (endpoint, mut incoming) = hub(listen, limits).await;
    let mut hostile = Hostile::connect(&endpoint).await;
    let mut stream = hostile.open(SESSION_PROTOCOL).await.unwrap();
    let connection = soon(incoming.recv()).await.unwrap();
    let (_sender, mut receiver) = soon(connection.accept_session()).await.unwrap().split();
    // The hub may reset the stream before all is written.
    let _ = stream.write_all(bytes).await;
    let _ = stream.flush().await;
    if ends {
        let _ = stream.close().await;
    }
    let got = soon(receiver.recv()).await;
    if got.as_ref().is_none_or(Result::is_err) {
        assert_eq!(soon(receiver.recv()).await, None);
    }
    if matches!(got, Some(Err(FrameError::Length { .. } | FrameError::Stalled))) {
        // The stream was reset: the peer reads its end.
        assert!(!matches!(soon(stream.read(&mut [0; 1])).await, Ok(1..)));
    }
    got
}

#[tokio::test]
async fn garbage_on_the_session_is_one_error_and_no_more() {
    let oversize = (FRAME_BYTES_MAX as u32 + 1).to_be_bytes();
    for listen in [QUIC, TCP] {
        for (bytes, ends, expected) in [
            (&b"GET / HTTP/1.1\r\n\r\n"[..], false, Some(Err(FrameError::Length { bytes: 0x4745_5420 }))),
            (&[0, 0, 0, 0], false, Some(Err(FrameError::Length { bytes: 0 }))),
            (&oversize, false, Some(Err(FrameError::Length { bytes: FRAME_BYTES_MAX as u32 + 1 }))),
            (&[0, 0, 0, 5, 1, 2], false, Some(Err(FrameError::Stalled))),
            (&[0, 0], false, Some(Err(FrameError::Stalled))),
            (&[0, 0, 0, 5, 1, 2], true, Some(Err(FrameError::Truncated))),
            (&[0, 0], true, Some(Err(FrameError::Truncated))),
            (&[0, 0, 0, 1, 9], true, Some(Ok(vec![9]))),
            (&[], true, None),
        ] {
            assert_eq!(received(listen, bytes, ends).await, expected, "{bytes:?} {ends}");
        }
    }
}

#[tokio::test]
async fn a_frame_that_trickles_is_taken_and_an_idle_session_is_left_alone() {
    let limits = Limits { frame_timeout: Duration::from_millis(400), ..Limits::default() };
    let (endpoint, mut incoming) = hub(TCP, limits).await;
    let mut hostile = Hostile::connect(&endpoint).await;
    let mut stream = hostile.open(SESSION_PROTOCOL).await.unwrap();
    let connection = soon(incoming.recv()).await.unwrap();
    let (_sender, mut receiver) = soon(connection.accept_session()).await.unwrap().split();
    let receiving = tokio::spawn(async move { receiver.recv().await });
    tokio::time::sleep(Duration::from_millis(800)).await;
    for byte in [0, 0, 0, 4, 1, 2, 3, 4] {
        stream.write_all(&[byte]).await.unwrap();
        stream.flush().await.unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(soon(receiving).await.unwrap(), Some(Ok(vec![1, 2, 3, 4])));
}

#[tokio::test]
async fn a_flood_of_streams_is_bounded_and_others_are_served() {
    let limits = Limits { streams_max: 4, ..Limits::default() };
    for listen in [QUIC, TCP] {
        let (endpoint, mut incoming) = hub(listen, limits).await;
        let hostile = Hostile::connect(&endpoint).await;
        let connection = soon(incoming.recv()).await.unwrap();
        let flood = (0..500).map(|_| {
            let mut control = hostile.control.clone();
            async move {
                let name = StreamProtocol::new(READ_PROTOCOL);
                tokio::time::timeout(Duration::from_secs(2), control.open_stream(hostile.hub, name)).await
            }
        });
        // Every stream that the hub lets through stays open.
        let _streams = soon(futures::future::join_all(flood)).await;
        let mut accepted = Vec::new();
        while let Ok(Some(frames)) =
            tokio::time::timeout(Duration::from_millis(300), connection.accept_read()).await
        {
            accepted.push(frames);
        }
        assert!(accepted.len() <= 4, "{} streams were let through", accepted.len());

        let node = freehold_transport::dial(&key(2), &endpoint.addresses(), &[key(1).public()], limits).await;
        assert!(node.unwrap().open_session().await.is_ok());
    }
}

#[tokio::test]
async fn half_open_streams_and_unknown_protocols_reach_nobody() {
    for listen in [QUIC, TCP] {
        let (endpoint, mut incoming) = hub(listen, Limits::default()).await;
        let mut hostile = Hostile::connect(&endpoint).await;
        let connection = soon(incoming.recv()).await.unwrap();
        for name in ["/ipfs/id/1.0.0", "/freehold/session/2", "/meshsub/1.1.0"] {
            assert!(soon(hostile.open(name)).await.is_err(), "{name} was accepted");
        }
        let accepted = tokio::time::timeout(Duration::from_millis(200), connection.accept_read()).await;
        assert!(accepted.is_err());
        assert!(hostile.open(READ_PROTOCOL).await.is_ok());
    }
}

#[tokio::test]
async fn a_second_session_is_refused_and_the_first_goes_on() {
    for listen in [QUIC, TCP] {
        let (endpoint, mut incoming) = hub(listen, Limits::default()).await;
        let mut hostile = Hostile::connect(&endpoint).await;
        let connection = soon(incoming.recv()).await.unwrap();
        let mut first = hostile.open(SESSION_PROTOCOL).await.unwrap();
        let (_sender, mut receiver) = soon(connection.accept_session()).await.unwrap().split();
        assert!(soon(hostile.open(SESSION_PROTOCOL)).await.is_err());
        first.write_all(&[0, 0, 0, 1, 7]).await.unwrap();
        first.flush().await.unwrap();
        assert_eq!(soon(receiver.recv()).await, Some(Ok(vec![7])));
    }
}

#[tokio::test]
async fn raw_garbage_on_the_sockets_leaves_the_endpoint_alive() {
    let both = [address(QUIC), address(TCP)];
    let (endpoint, _incoming) = Endpoint::listen(&key(1), &both, Limits::default()).await.unwrap();
    for address in endpoint.addresses() {
        if address.is_quic() {
            let socket = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
            for len in [0, 1, 20, 1200] {
                socket.send_to(&vec![0xff; len], ("127.0.0.1", address.port())).await.unwrap();
            }
        } else {
            use tokio::io::AsyncWriteExt as _;
            for garbage in [&b""[..], b"\n", &[0xff; 4096]] {
                let mut socket = tokio::net::TcpStream::connect(("127.0.0.1", address.port())).await.unwrap();
                let _ = socket.write_all(garbage).await;
            }
        }
        let dialled =
            freehold_transport::dial(&key(2), &[address], &[key(1).public()], Limits::default()).await;
        assert!(dialled.is_ok());
    }
}

/// Connects and says nothing; gives a task for each socket, which ends when the hub hangs up.
async fn mute(endpoint: &Endpoint, sockets: usize) -> FuturesUnordered<tokio::task::JoinHandle<()>> {
    let port = endpoint.addresses()[0].port();
    let held = FuturesUnordered::new();
    for _ in 0..sockets {
        // The hub may have hung up before the call returns.
        let socket = tokio::net::TcpStream::connect(("127.0.0.1", port)).await;
        held.push(tokio::spawn(async move {
            use tokio::io::AsyncReadExt as _;
            if let Ok(mut socket) = socket {
                let _ = socket.read_to_end(&mut Vec::new()).await;
            }
        }));
    }
    held
}

#[tokio::test]
async fn handshakes_beyond_the_limit_are_hung_up_at_once() {
    let hour = Duration::from_secs(3600);
    let all = Limits { pending_incoming_max: 3, handshake_timeout: hour, ..Limits::default() };
    let network = Limits { pending_per_network_max: 3, handshake_timeout: hour, ..Limits::default() };
    for limits in [all, network] {
        let (endpoint, _incoming) = hub(TCP, limits).await;
        let mut held = mute(&endpoint, 20).await;
        for _ in 0..17 {
            soon(held.next()).await.unwrap().unwrap();
        }
    }
}

#[tokio::test]
async fn handshakes_that_never_end_are_cleared() {
    let limits = Limits {
        pending_incoming_max: 3,
        handshake_timeout: Duration::from_millis(500),
        ..Limits::default()
    };
    let (endpoint, _incoming) = hub(TCP, limits).await;
    let mut held = mute(&endpoint, 20).await;
    while let Some(ended) = soon(held.next()).await {
        ended.unwrap();
    }
    let dialled =
        freehold_transport::dial(&key(2), &endpoint.addresses(), &[key(1).public()], Limits::default()).await;
    assert!(dialled.is_ok());
}
