//! Datagrams that no QUIC peer should send.

use std::net::UdpSocket;
use std::time::Duration;

use freehold_protocol::identity::SigningKey;
use freehold_transport::{Address, Limits, dial};

use super::peer::Target;
use crate::pair::key;

/// Numbers that look random and are the same in every run.
fn noise(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    };
    (0..len).map(|_| next()).collect()
}

/// An initial packet of version 1 up to its length, as RFC 9000 section 17.2.2 lays it out.
fn initial(connection: &[u8], token: &[u8], length: u16, rest: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0xc3, 0, 0, 0, 1, u8::try_from(connection.len()).unwrap()];
    bytes.extend_from_slice(connection);
    bytes.push(0);
    bytes.extend_from_slice(&(0x4000 | u16::try_from(token.len()).unwrap()).to_be_bytes());
    bytes.extend_from_slice(token);
    bytes.extend_from_slice(&(0x4000 | length).to_be_bytes());
    bytes.extend_from_slice(rest);
    bytes
}

async fn check(name: &'static str, datagrams: impl Iterator<Item = Vec<u8>> + Send + 'static) {
    let mut target = Target::new(Limits::default()).await;
    let port = target.port(true);
    let sent = tokio::task::spawn_blocking(move || {
        // From several sockets, as from several peers.
        let sockets: Vec<UdpSocket> = (0..8).map(|_| UdpSocket::bind("127.0.0.1:0").unwrap()).collect();
        for (at, datagram) in datagrams.enumerate() {
            // A full buffer drops it, as a network does.
            let _ = sockets[at % sockets.len()].send_to(&datagram, ("127.0.0.1", port));
        }
    });
    sent.await.unwrap();
    target.stands(name).await;
}

#[tokio::test]
async fn malformed_initial_packets_harm_nobody() {
    check("initial packets", {
        let full = noise(1, 1_100);
        let mut datagrams = vec![
            initial(&[], &[], 1_100, &full),
            initial(&[1; 20], &[], 1_100, &full),
            initial(&[2; 8], &[7; 900], 200, &full[..200]),
            initial(&[3; 8], &[], 16_383, &full),
            initial(&[4; 8], &[], 0, &full),
            initial(&[5; 8], &[], 3, &full),
            // A connection id longer than the packet, and one longer than any may be.
            [vec![0xc3, 0, 0, 0, 1, 255], vec![6; 1_194]].concat(),
            [vec![0xc3, 0, 0, 0, 1, 21], vec![6; 1_194]].concat(),
            // Versions of tomorrow, none at all, and a negotiation.
            [vec![0xc0, 0x1a, 0x2a, 0x3a, 0x4a, 8], vec![7; 1_194]].concat(),
            [vec![0xc0, 0, 0, 0, 0, 8], vec![7; 1_194]].concat(),
            // Retry and 0-RTT to nobody.
            [vec![0xf0, 0, 0, 0, 1, 8], vec![7; 1_194]].concat(),
            [vec![0xd0, 0, 0, 0, 1, 8], vec![7; 1_194]].concat(),
        ];
        let cut: Vec<Vec<u8>> =
            datagrams.iter().flat_map(|whole| (0..40).map(|len| whole[..len].to_vec())).collect();
        datagrams.extend(cut);
        datagrams.into_iter().cycle().take(6_000)
    })
    .await;
}

#[tokio::test]
async fn a_flood_of_datagrams_to_nobody_keeps_nothing() {
    check("initial packets of nobody", {
        (0..15_000).map(|number| initial(&noise(number, 8), &[], 1_100, &noise(number, 1_100)))
    })
    .await;
    check("short packets to nobody", (0..15_000).map(|number| [vec![0x40], noise(number, 60)].concat()))
        .await;
    check("anything", (0..15_000).map(|number| noise(number, usize::try_from(number % 1_400).unwrap())))
        .await;
}

/// Handshakes of QUIC that are begun with a good hello, and left alone at once.
#[tokio::test]
async fn quic_handshakes_that_are_left_alone_make_room() {
    let mut target = Target::new(Limits { handshakes_max: 8, ..Limits::default() }).await;
    let there = Address::parse(&format!("/ip4/127.0.0.1/udp/{}/quic-v1", target.port(true))).unwrap();
    let expected = [key(1).public()];
    let left = (0..200_u8).map(|seed| {
        let (own, there, expected) = (SigningKey::from_seed(&[seed; 32]), there.clone(), expected);
        async move {
            let dialling = dial(&own, std::slice::from_ref(&there), &expected, Limits::default());
            let _ = tokio::time::timeout(Duration::from_millis(u64::from(seed % 8)), dialling).await;
        }
    });
    futures::future::join_all(left).await;
    target.stands("handshakes that were left").await;
}
