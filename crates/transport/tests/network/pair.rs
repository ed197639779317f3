//! A hub and a node on loopback, for the tests of this folder.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::time::Duration;

use freehold_protocol::identity::SigningKey;
use freehold_transport::{Address, Connection, Endpoint, Limits, dial};
use tokio::sync::mpsc;

pub(crate) const QUIC: &str = "/ip4/127.0.0.1/udp/0/quic-v1";
pub(crate) const TCP: &str = "/ip4/127.0.0.1/tcp/0";

/// Long enough for a busy machine, and half the default idle time, so that no connection ends of itself meanwhile.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&[seed; 32])
}

pub(crate) fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

/// A hub with key 1 and a node with key 2, connected.
pub(crate) struct Pair {
    pub(crate) endpoint: Endpoint,
    pub(crate) incoming: mpsc::Receiver<Connection>,
    pub(crate) hub: Connection,
    pub(crate) node: Connection,
}

impl Pair {
    pub(crate) async fn new(listen: &str) -> Self {
        Self::with(listen, Limits::default(), Limits::default()).await
    }

    pub(crate) async fn with(listen: &str, hub_limits: Limits, node_limits: Limits) -> Self {
        let (endpoint, mut incoming) =
            Endpoint::listen(&key(1), &[address(listen)], hub_limits).await.unwrap();
        let node = dial(&key(2), &endpoint.addresses(), &[key(1).public()], node_limits).await.unwrap();
        let hub = soon(incoming.recv()).await.unwrap();
        hub.welcome();
        Self { endpoint, incoming, hub, node }
    }
}

/// Fails the test where something does not happen at all.
pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.expect("this should have happened long ago")
}
