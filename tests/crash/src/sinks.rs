//! A hub with a NATS cluster or a PostgreSQL behind it, and all of them killed while persons change what they have granted.
//!
//! What a sink holds is read without the program: NATS by its text protocol ([`wire`]), PostgreSQL by `psql`.

pub mod cluster;
pub mod compare;
pub mod crowd;
pub mod database;
pub mod wire;

use std::fs;
use std::net::TcpListener;

use crate::peer::Peer;

/// Adds a sink to the configuration of a hub that does not run.
///
/// # Panics
/// When the home has none.
pub fn configure(hub: &Peer, section: &str) {
    let path = hub.home().join("hub.toml");
    let text = fs::read_to_string(&path).expect("a configuration");
    fs::write(path, format!("{text}\n{section}\n")).expect("a file");
}

/// Ports that are free now.
pub(crate) fn free_ports(count: usize) -> Vec<u16> {
    let held: Vec<TcpListener> =
        (0..count).map(|_| TcpListener::bind("127.0.0.1:0").expect("a free port")).collect();
    held.iter().map(|listener| listener.local_addr().expect("an address").port()).collect()
}
