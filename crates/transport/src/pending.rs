//! Connections in their handshake, counted by the network that they come from: one network cannot keep all others out.

use std::collections::HashMap;
use std::net::IpAddr;

use libp2p::Multiaddr;
use libp2p::multiaddr::Protocol;
use libp2p::swarm::ConnectionId;

/// What one party commonly has: the /24 of an IPv4 address, the /64 of an IPv6 address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Network {
    V4([u8; 3]),
    V6([u16; 4]),
    /// No address to tell by.
    Unknown,
}

impl Network {
    pub(crate) fn of(remote: &Multiaddr) -> Self {
        let address = match remote.iter().next() {
            Some(Protocol::Ip4(v4)) => IpAddr::V4(v4),
            Some(Protocol::Ip6(v6)) => IpAddr::V6(v6).to_canonical(),
            _ => return Self::Unknown,
        };
        match address {
            IpAddr::V4(v4) => {
                let [a, b, c, _] = v4.octets();
                Self::V4([a, b, c])
            }
            IpAddr::V6(v6) => {
                let [a, b, c, d, ..] = v6.segments();
                Self::V6([a, b, c, d])
            }
        }
    }
}

/// The connections in their handshake.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    networks: HashMap<ConnectionId, Network>,
    counts: HashMap<Network, usize>,
}

impl Pending {
    pub(crate) fn len(&self) -> usize {
        self.networks.len()
    }

    pub(crate) fn of(&self, network: Network) -> usize {
        self.counts.get(&network).copied().unwrap_or_default()
    }

    pub(crate) fn insert(&mut self, id: ConnectionId, network: Network) {
        self.networks.insert(id, network);
        *self.counts.entry(network).or_default() += 1;
    }

    pub(crate) fn remove(&mut self, id: ConnectionId) {
        let Some(network) = self.networks.remove(&id) else { return };
        if let Some(count) = self.counts.get_mut(&network) {
            *count -= 1;
            if *count == 0 {
                self.counts.remove(&network);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_network_is_counted_together_and_forgotten_when_it_is_gone() {
        let network = |text: &str| Network::of(&text.parse().unwrap());
        assert_eq!(network("/ip4/192.0.2.1/tcp/1"), network("/ip4/192.0.2.254/udp/9/quic-v1"));
        assert_ne!(network("/ip4/192.0.2.1/tcp/1"), network("/ip4/192.0.3.1/tcp/1"));
        assert_eq!(network("/ip6/::ffff:192.0.2.1/tcp/1"), network("/ip4/192.0.2.9/tcp/1"));
        assert_eq!(network("/ip6/2001:db8:1:2::1/tcp/1"), network("/ip6/2001:db8:1:2:3::4/tcp/1"));
        let mut pending = Pending::default();
        let one = network("/ip4/192.0.2.1/tcp/1");
        let ids = [1, 2].map(ConnectionId::new_unchecked);
        ids.into_iter().for_each(|id| pending.insert(id, one));
        assert_eq!((pending.len(), pending.of(one)), (2, 2));
        ids.into_iter().for_each(|id| pending.remove(id));
        pending.remove(ids[0]);
        assert!(pending.counts.is_empty() && pending.len() == 0);
    }
}
