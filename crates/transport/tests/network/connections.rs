//! Connections: who gets one, over what, and how they end.

use std::time::Duration;

use freehold_protocol::identity::PublicKey;
use freehold_transport::{
    Address, Attempt, DialError, Endpoint, Failure, FrameError, Limits, ListenError, StreamError, Transport,
    dial,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UdpSocket};

use crate::pair::{Pair, QUIC, TCP, address, key, soon};

fn quick() -> Limits {
    Limits { dial_timeout: Duration::from_millis(300), ..Limits::default() }
}

#[tokio::test]
async fn both_sides_know_each_other_by_key() {
    for (listen, transport) in [(QUIC, Transport::Quic), (TCP, Transport::Tcp)] {
        let Pair { hub, node, .. } = Pair::new(listen).await;
        assert_eq!((hub.local(), hub.peer()), (key(1).public(), key(2).public()));
        assert_eq!((node.local(), node.peer()), (key(2).public(), key(1).public()));
        assert_eq!((hub.transport(), node.transport()), (transport, transport));
    }
}

#[tokio::test]
async fn an_endpoint_reports_real_addresses_with_its_peer() {
    let wanted = [address(QUIC), address(TCP), address("/ip4/0.0.0.0/tcp/0")];
    let (endpoint, _incoming) = Endpoint::listen(&key(1), &wanted, Limits::default()).await.unwrap();
    let addresses = endpoint.addresses();
    assert!(addresses.len() >= 3, "{addresses:?}");
    for address in &addresses {
        assert_eq!(address.peer(), Some(key(1).public()));
        assert!(address.port() != 0 && !address.as_str().contains("0.0.0.0"), "{address}");
    }
}

#[tokio::test]
async fn a_second_listener_is_told_which_address_is_in_use() {
    for listen in [QUIC, TCP] {
        let (endpoint, _incoming) =
            Endpoint::listen(&key(1), &[address(listen)], Limits::default()).await.unwrap();
        let taken = endpoint.addresses()[0].clone();
        let again = Endpoint::listen(&key(3), &[address(TCP), taken.clone()], Limits::default()).await;
        match again {
            Err(ListenError::InUse { address }) => assert_eq!(address, taken),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn an_address_of_no_interface_and_a_name_are_refused() {
    let nowhere = Endpoint::listen(&key(1), &[address("/ip4/192.0.2.1/tcp/0")], Limits::default()).await;
    assert!(matches!(nowhere, Err(ListenError::NoInterface { .. })), "{nowhere:?}");
    let name = Endpoint::listen(&key(1), &[address("/dns4/localhost/tcp/0")], Limits::default()).await;
    assert!(matches!(name, Err(ListenError::Name { .. })), "{name:?}");
}

#[tokio::test]
async fn a_peer_with_another_key_is_refused() {
    for listen in [QUIC, TCP] {
        let (endpoint, mut incoming) =
            Endpoint::listen(&key(1), &[address(listen)], Limits::default()).await.unwrap();
        let expected = [key(8).public(), key(9).public()];

        // The address itself says that somebody else is there: nobody is dialled.
        let error = dial(&key(2), &endpoint.addresses(), &expected, quick()).await.unwrap_err();
        let failure = Attempt { address: endpoint.addresses()[0].clone(), failure: Failure::OtherPeer };
        assert_eq!(error, DialError::Unreachable { attempts: vec![failure] });

        // The address claims the expected key and somebody else answers.
        let claimed = endpoint.addresses()[0].with_peer(expected[0]);
        let error =
            dial(&key(2), std::slice::from_ref(&claimed), &expected, Limits::default()).await.unwrap_err();
        let got = key(1).public();
        assert_eq!(error, DialError::WrongPeer { address: claimed, expected: expected.to_vec(), got });
        // The hub may have seen the handshake complete, but the connection does not live.
        if let Ok(Some(connection)) = tokio::time::timeout(Duration::from_millis(300), incoming.recv()).await
        {
            soon(connection.closed()).await;
        }
    }
}

#[tokio::test]
async fn any_expected_key_will_do() {
    let (endpoint, _incoming) = Endpoint::listen(&key(1), &[address(TCP)], Limits::default()).await.unwrap();
    let expected = [key(8).public(), key(1).public()];
    let node = dial(&key(2), &endpoint.addresses(), &expected, Limits::default()).await.unwrap();
    assert_eq!(node.peer(), key(1).public());
}

#[tokio::test]
async fn tcp_is_used_where_quic_is_silent() {
    let silent = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let dead = address(&format!("/ip4/127.0.0.1/udp/{}/quic-v1", silent.local_addr().unwrap().port()));
    let (endpoint, _incoming) = Endpoint::listen(&key(1), &[address(TCP)], Limits::default()).await.unwrap();
    // TCP is listed first and still tried second.
    let addresses = [endpoint.addresses(), vec![dead]].concat();
    let limits = Limits { dial_timeout: Duration::from_secs(2), ..Limits::default() };
    let node = dial(&key(2), &addresses, &[key(1).public()], limits).await.unwrap();
    assert_eq!(node.transport(), Transport::Tcp);
    let mut byte = [0; 1];
    assert!(silent.try_recv(&mut byte).is_ok(), "QUIC was not tried first");
}

#[tokio::test]
async fn names_are_resolved() {
    for listen in [QUIC, TCP] {
        let (endpoint, _incoming) =
            Endpoint::listen(&key(1), &[address(listen)], Limits::default()).await.unwrap();
        let named = endpoint.addresses()[0].as_str().replace("/ip4/127.0.0.1/", "/dns4/localhost/");
        dial(&key(2), &[address(&named)], &[key(1).public()], Limits::default()).await.unwrap();
    }
    let nowhere = address("/dns/nowhere.invalid/tcp/1");
    let error = dial(&key(2), std::slice::from_ref(&nowhere), &[key(1).public()], quick()).await.unwrap_err();
    let DialError::Unreachable { attempts } = error else { panic!("{error}") };
    assert_eq!(attempts.len(), 1);
    assert!(matches!(attempts[0].failure, Failure::NameNotFound | Failure::Timeout), "{attempts:?}");
}

#[tokio::test]
async fn every_failed_attempt_is_listed_with_its_reason() {
    let silent = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    // Accepts and never says a word.
    let mute = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let addresses = [
        address(&format!("/ip4/127.0.0.1/tcp/{}", mute.local_addr().unwrap().port())),
        address(&format!("/ip4/127.0.0.1/tcp/{closed}")),
        address(&format!("/ip4/127.0.0.1/udp/{}/quic-v1", silent.local_addr().unwrap().port())),
    ];
    let dialled = soon(dial(&key(2), &addresses, &[key(1).public()], quick())).await;
    let attempt = |index: usize, failure| Attempt { address: addresses[index].clone(), failure };
    let attempts =
        vec![attempt(2, Failure::Timeout), attempt(0, Failure::Timeout), attempt(1, Failure::Refused)];
    assert_eq!(dialled.unwrap_err(), DialError::Unreachable { attempts });
}

#[tokio::test]
async fn a_peer_that_speaks_something_else_fails_the_handshake() {
    let web = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let there = address(&format!("/ip4/127.0.0.1/tcp/{}", web.local_addr().unwrap().port()));
    tokio::spawn(async move {
        let (mut socket, _) = web.accept().await.unwrap();
        let _ = socket.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        let _ = socket.read(&mut [0; 64]).await;
    });
    let error = soon(dial(&key(2), std::slice::from_ref(&there), &[key(1).public()], Limits::default()))
        .await
        .unwrap_err();
    let attempts = vec![Attempt { address: there, failure: Failure::Handshake }];
    assert_eq!(error, DialError::Unreachable { attempts });
}

#[tokio::test]
async fn a_vanished_peer_is_noticed_by_the_other() {
    for listen in [QUIC, TCP] {
        let Pair { endpoint, node, hub, .. } = Pair::new(listen).await;
        drop(endpoint);
        soon(node.closed()).await;
        soon(hub.closed()).await;
        assert_eq!(node.open_read().await.unwrap_err(), StreamError::Closed);
        assert!(soon(node.accept_read()).await.is_none());

        let Pair { endpoint: _endpoint, node, hub, .. } = Pair::new(listen).await;
        let (sender, _receiver) = node.open_session().await.unwrap().split();
        let (_hub_sender, mut hub_receiver) = soon(hub.accept_session()).await.unwrap().split();
        drop(node);
        soon(hub.closed()).await;
        assert!(matches!(soon(hub_receiver.recv()).await, None | Some(Err(FrameError::Lost))));
        assert!(soon(sender.send(vec![1])).await.is_ok() || sender.send(vec![1]).await.is_err());
    }
}

/// Forwards one TCP connection until told to go silent, without closing anything.
async fn freezing_relay(to: u16) -> (u16, tokio::sync::oneshot::Sender<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (freeze, frozen) = tokio::sync::oneshot::channel();
    tokio::spawn(async move {
        let (mut near, _) = listener.accept().await.unwrap();
        let mut far = TcpStream::connect(("127.0.0.1", to)).await.unwrap();
        tokio::select! {
            _ = tokio::io::copy_bidirectional(&mut near, &mut far) => {}
            _ = frozen => {}
        }
        std::future::pending::<()>().await;
        drop((near, far));
    });
    (port, freeze)
}

#[tokio::test]
async fn a_dead_tcp_peer_is_noticed_though_nothing_closes() {
    let limits = Limits {
        liveness_interval: Duration::from_millis(50),
        liveness_timeout: Duration::from_millis(200),
        handshake_timeout: Duration::from_secs(1),
        dial_timeout: Duration::from_secs(1),
        ..Limits::default()
    };
    let (endpoint, mut incoming) = Endpoint::listen(&key(1), &[address(TCP)], limits).await.unwrap();
    let (port, freeze) = freezing_relay(endpoint.addresses()[0].port()).await;
    let there = address(&format!("/ip4/127.0.0.1/tcp/{port}"));
    let node = dial(&key(2), &[there], &[key(1).public()], limits).await.unwrap();
    let hub = soon(incoming.recv()).await.unwrap();
    let _session = node.open_session().await.unwrap();
    let alive = tokio::time::timeout(Duration::from_millis(500), node.closed()).await;
    assert!(alive.is_err(), "closed while the peer still answered");
    freeze.send(()).unwrap();
    soon(node.closed()).await;
    soon(hub.closed()).await;
}

#[tokio::test]
async fn a_peer_that_dials_again_replaces_its_old_connection() {
    for listen in [QUIC, TCP] {
        let one = Limits { per_peer_max: 1, ..Limits::default() };
        let Pair { endpoint, mut incoming, hub: old_hub, node: old_node } =
            Pair::with(listen, one, Limits::default()).await;
        let node = dial(&key(2), &endpoint.addresses(), &[key(1).public()], Limits::default()).await.unwrap();
        let hub = soon(incoming.recv()).await.unwrap();
        soon(old_hub.closed()).await;
        soon(old_node.closed()).await;

        let (sender, _receiver) = node.open_session().await.unwrap().split();
        sender.send(b"new".to_vec()).await.unwrap();
        let (_sender, mut receiver) = soon(hub.accept_session()).await.unwrap().split();
        assert_eq!(soon(receiver.recv()).await, Some(Ok(b"new".to_vec())));
    }
}

#[tokio::test]
async fn beyond_the_limit_no_stranger_gets_in_where_all_are_welcome() {
    let limits = Limits { incoming_max: 2, ..Limits::default() };
    let (endpoint, mut incoming) = Endpoint::listen(&key(1), &[address(TCP)], limits).await.unwrap();
    let mut kept = Vec::new();
    for seed in 2..=3 {
        let node =
            dial(&key(seed), &endpoint.addresses(), &[key(1).public()], Limits::default()).await.unwrap();
        let hub = soon(incoming.recv()).await.unwrap();
        hub.welcome();
        // The word travels through the connection's task.
        assert!(tokio::time::timeout(Duration::from_millis(100), hub.closed()).await.is_err());
        kept.push((node, hub));
    }
    // The third may see its handshake complete before the hub hangs up.
    if let Ok(node) = dial(&key(4), &endpoint.addresses(), &[key(1).public()], Limits::default()).await {
        soon(node.closed()).await;
    }
    assert!(incoming.try_recv().is_err());
    let (node, hub) = kept.pop().unwrap();
    drop(node);
    soon(hub.closed()).await;
    let _again = dial(&key(4), &endpoint.addresses(), &[key(1).public()], Limits::default()).await.unwrap();
    assert_eq!(soon(incoming.recv()).await.unwrap().peer(), key(4).public());
}

#[tokio::test]
async fn a_connection_without_streams_ends_and_one_with_a_session_stays() {
    // libp2p looks at a quiet connection when something happens on it: at the next ping, at the latest.
    let limits = Limits {
        idle_timeout: Duration::from_millis(200),
        liveness_interval: Duration::from_millis(100),
        ..Limits::default()
    };
    for listen in [QUIC, TCP] {
        let Pair { node, hub, endpoint: _endpoint, .. } = Pair::with(listen, limits, limits).await;
        soon(node.closed()).await;
        soon(hub.closed()).await;

        let Pair { node, hub, endpoint: _endpoint, .. } = Pair::with(listen, limits, limits).await;
        let session = node.open_session().await.unwrap();
        let other = soon(hub.accept_session()).await.unwrap();
        let closed = tokio::time::timeout(Duration::from_millis(800), node.closed()).await;
        assert!(closed.is_err(), "an open session was taken for idle");
        drop((session, other));
        soon(node.closed()).await;
    }
}

#[tokio::test]
async fn two_relationships_of_one_machine_share_neither_key_nor_port() {
    // The hub sees two peers, as two unrelated persons would appear; their sockets differ too.
    let (endpoint, mut incoming) =
        Endpoint::listen(&key(1), &[address(QUIC), address(TCP)], Limits::default()).await.unwrap();
    for quic in [true, false] {
        let addresses: Vec<Address> =
            endpoint.addresses().into_iter().filter(|a| a.is_quic() == quic).collect();
        let mut peers: Vec<PublicKey> = Vec::new();
        let mut nodes = Vec::new();
        let before = udp_sockets();
        for seed in [2, 3] {
            nodes.push(dial(&key(seed), &addresses, &[key(1).public()], Limits::default()).await.unwrap());
            let hub = soon(incoming.recv()).await.unwrap();
            peers.push(hub.peer());
            nodes.push(hub);
        }
        assert_eq!(peers, [key(2).public(), key(3).public()]);
        if quic {
            assert!(udp_sockets() >= before + 2, "two QUIC relationships must not share a UDP socket");
        }
    }
}

/// The UDP sockets of this network namespace.
fn udp_sockets() -> usize {
    std::fs::read_to_string("/proc/self/net/udp").unwrap().lines().count()
}
