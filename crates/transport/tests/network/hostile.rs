//! Peers that do not keep to the rules. The hostile peer is a plain libp2p node of its own.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use freehold_transport::{
    Connection, Endpoint, FRAME_BYTES_MAX, FrameError, Limits, READ_PROTOCOL, SESSION_PROTOCOL, StreamError,
    dial,
};
use futures::{AsyncReadExt as _, AsyncWriteExt as _, StreamExt as _};
use libp2p::{Multiaddr, PeerId, StreamProtocol, Swarm, swarm::SwarmEvent};
use libp2p_stream::Control;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpSocket;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::pair::{Pair, QUIC, TCP, address, key, soon};

/// Longer than any test.
const HOUR: Duration = Duration::from_secs(3_600);

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

/// Whoever opens sockets to a hub without being anybody; each from an address of its own network.
struct Crowd {
    hub: SocketAddr,
    sockets: Vec<JoinHandle<()>>,
}

impl Crowd {
    fn of(endpoint: &Endpoint) -> Self {
        let port = endpoint.addresses()[0].port();
        Self { hub: SocketAddr::from((Ipv4Addr::LOCALHOST, port)), sockets: Vec::new() }
    }

    /// Connects from a network and says nothing; what waits ends when the hub hangs up.
    async fn mute(&mut self, network: u8) {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::from((Ipv4Addr::new(127, 1, network, 1), 0))).unwrap();
        // The hub may have hung up before the call returns.
        let stream = socket.connect(self.hub).await;
        self.sockets.push(tokio::spawn(async move {
            if let Ok(mut stream) = stream {
                let _ = stream.read_to_end(&mut Vec::new()).await;
            }
        }));
    }

    fn open(&self) -> Vec<usize> {
        (0..self.sockets.len()).filter(|at| !self.sockets[*at].is_finished()).collect()
    }

    /// Waits until only these are still open.
    async fn until_open(&self, wanted: &[usize]) {
        soon(async {
            while self.open() != wanted {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        })
        .await;
    }
}

#[tokio::test]
async fn a_handshake_too_many_ends_the_oldest_and_a_peer_still_gets_in() {
    let limits = Limits { handshakes_max: 3, handshake_timeout: HOUR, ..Limits::default() };
    let (endpoint, mut incoming) = hub(TCP, limits).await;
    let mut crowd = Crowd::of(&endpoint);
    for network in 0..20 {
        crowd.mute(network).await;
    }
    crowd.until_open(&[17, 18, 19]).await;
    let node = dial(&key(2), &endpoint.addresses(), &[key(1).public()], Limits::default()).await;
    assert!(node.is_ok() && soon(incoming.recv()).await.unwrap().peer() == key(2).public());
    crowd.until_open(&[18, 19]).await;
}

#[tokio::test]
async fn a_network_with_its_share_of_handshakes_takes_nobody_elses() {
    let limits = Limits { handshakes_per_network_max: 3, handshake_timeout: HOUR, ..Limits::default() };
    let (endpoint, _incoming) = hub(TCP, limits).await;
    let mut crowd = Crowd::of(&endpoint);
    crowd.mute(1).await;
    for _ in 0..20 {
        crowd.mute(2).await;
    }
    crowd.until_open(&[0, 18, 19, 20]).await;
}

#[tokio::test]
async fn handshakes_that_never_end_are_cleared() {
    let limits = Limits { handshake_timeout: Duration::from_millis(500), ..Limits::default() };
    let (endpoint, _incoming) = hub(TCP, limits).await;
    let mut crowd = Crowd::of(&endpoint);
    for _ in 0..20 {
        crowd.mute(1).await;
    }
    crowd.until_open(&[]).await;
    let dialled = dial(&key(2), &endpoint.addresses(), &[key(1).public()], Limits::default()).await;
    assert!(dialled.is_ok());
}

/// A connection of a key of its own, and the hub's side of it.
async fn guest(
    endpoint: &Endpoint,
    incoming: &mut mpsc::Receiver<Connection>,
    seed: u8,
) -> (Connection, Connection) {
    let own = dial(&key(seed), &endpoint.addresses(), &[key(1).public()], Limits::default()).await.unwrap();
    (own, soon(incoming.recv()).await.unwrap())
}

async fn is_open(connection: &Connection) -> bool {
    tokio::time::timeout(Duration::from_millis(50), connection.closed()).await.is_err()
}

/// 1. A known peer connects. 2. Strangers fill the hub, more than it takes. 3. Another known peer connects, is welcome, and
///    both are served; the oldest strangers have gone.
#[tokio::test]
async fn strangers_make_room_for_each_other_and_never_push_out_who_is_welcome() {
    let few = Limits { strangers_max: 3, ..Limits::default() };
    let full = Limits { incoming_max: 5, ..Limits::default() };
    for listen in [QUIC, TCP] {
        for limits in [few, full] {
            let (endpoint, mut incoming) = hub(listen, limits).await;
            let known = guest(&endpoint, &mut incoming, 2).await;
            known.1.welcome();
            let mut strangers = Vec::new();
            for seed in 10..20 {
                strangers.push(guest(&endpoint, &mut incoming, seed).await);
            }
            let late = guest(&endpoint, &mut incoming, 3).await;
            late.1.welcome();
            for (own, theirs) in [&known, &late] {
                let session = own.open_session().await.unwrap();
                let (_sender, mut receiver) = soon(theirs.accept_session()).await.unwrap().split();
                let (sender, _receiver) = session.split();
                sender.send(b"served".to_vec()).await.unwrap();
                assert_eq!(soon(receiver.recv()).await, Some(Ok(b"served".to_vec())));
            }
            for (_, old) in &strangers[..7] {
                soon(old.closed()).await;
            }
            assert!(is_open(&strangers[9].1).await, "more strangers went than had to");
        }
    }
}

#[tokio::test]
async fn a_peer_that_stays_a_stranger_is_hung_up_on() {
    let limits = Limits { stranger_timeout: Duration::from_millis(600), ..Limits::default() };
    for listen in [QUIC, TCP] {
        let (endpoint, mut incoming) = hub(listen, limits).await;
        let (stranger, known) =
            (guest(&endpoint, &mut incoming, 2).await, guest(&endpoint, &mut incoming, 3).await);
        known.1.welcome();
        let _session = stranger.0.open_session().await;
        soon(stranger.1.closed()).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(is_open(&known.1).await);
    }
}

/// What a peer can send that opens as many streams as it likes and fills them.
async fn filled(listen: &str, limits: Limits, welcome: bool) -> usize {
    let (endpoint, mut incoming) = hub(listen, limits).await;
    let hostile = Hostile::connect(&endpoint).await;
    let connection = soon(incoming.recv()).await.unwrap();
    if welcome {
        connection.welcome();
        // The word is there before the flood.
        assert!(is_open(&connection).await);
    }
    let sent = Arc::new(AtomicUsize::new(0));
    let flood = (0..100).map(|number| {
        let (mut control, sent) = (hostile.control.clone(), Arc::clone(&sent));
        async move {
            let name = if number == 0 { SESSION_PROTOCOL } else { READ_PROTOCOL };
            let Ok(mut stream) = control.open_stream(hostile.hub, StreamProtocol::new(name)).await else {
                return;
            };
            while stream.write_all(&[7; 4_096]).await.is_ok() && stream.flush().await.is_ok() {
                sent.fetch_add(4_096, Ordering::Relaxed);
            }
        }
    });
    // Nobody reads, so whatever is not refused stands still in the end.
    let _ = tokio::time::timeout(Duration::from_secs(3), futures::future::join_all(flood)).await;
    drop((endpoint, connection));
    sent.load(Ordering::Relaxed)
}

#[tokio::test]
async fn a_stranger_fills_no_more_than_a_few_bytes() {
    // What the socket's buffers hold on top has not reached the hub's memory.
    let buffers = 8 << 20;
    let sent = filled(TCP, Limits { takes_reads: false, ..Limits::default() }, false).await;
    assert!(sent <= 64 * 1024 + buffers, "{sent} bytes over TCP");
    let sent = filled(QUIC, Limits { takes_reads: false, ..Limits::default() }, false).await;
    assert!(sent <= 1 << 20, "{sent} bytes over QUIC");
    // The same flood goes on where the meter was lifted.
    let sent = filled(QUIC, Limits::default(), true).await;
    assert!(sent >= 512 * 1024, "{sent} bytes: the flood was none");
}

#[tokio::test]
async fn who_takes_no_reads_is_asked_for_none() {
    for listen in [QUIC, TCP] {
        let pair =
            Pair::with(listen, Limits { takes_reads: false, ..Limits::default() }, Limits::default()).await;
        assert_eq!(pair.node.open_read().await.unwrap_err(), StreamError::Refused);
        // The hub's own reads are not concerned.
        assert!(pair.hub.open_read().await.is_ok() && soon(pair.node.accept_read()).await.is_some());
    }
}

#[tokio::test]
async fn a_frame_that_trickles_too_long_is_given_up_and_one_after_another_is_not() {
    let limits = Limits { whole_frame_timeout: Duration::from_millis(600), ..Limits::default() };
    for slow in [true, false] {
        let (endpoint, mut incoming) = hub(TCP, limits).await;
        let mut hostile = Hostile::connect(&endpoint).await;
        let mut stream = hostile.open(SESSION_PROTOCOL).await.unwrap();
        let connection = soon(incoming.recv()).await.unwrap();
        connection.welcome();
        let (_sender, mut receiver) = soon(connection.accept_session()).await.unwrap().split();
        let sending = tokio::spawn(async move {
            // Either one frame of 100 bytes, byte by byte, or many small ones that each end within a later write.
            let bytes: Vec<u8> =
                if slow { [vec![0, 0, 0, 100], vec![1; 100]].concat() } else { [0, 0, 0, 2, 1, 1].repeat(6) };
            for byte in bytes {
                if stream.write_all(&[byte]).await.is_err() || stream.flush().await.is_err() {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        });
        if slow {
            assert_eq!(soon(receiver.recv()).await, Some(Err(FrameError::Stalled)));
        } else {
            for _ in 0..6 {
                assert_eq!(soon(receiver.recv()).await, Some(Ok(vec![1, 1])));
            }
        }
        sending.abort();
    }
}
