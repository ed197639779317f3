//! A room of bounded size for peers whom nobody knows yet: who comes to a full room takes the place of another.
//!
//! Refusing newcomers instead would let whoever fills the room first keep everybody else out.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;

use libp2p::Multiaddr;
use libp2p::multiaddr::Protocol;

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

/// A place in a [`Room`]. Later guests have higher ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place(u64);

/// The guests, each with what it takes to make it leave.
#[derive(Debug)]
pub(crate) struct Room<G> {
    guests_max: usize,
    per_network_max: usize,
    entered: u64,
    guests: BTreeMap<Place, (Network, G)>,
    /// The places of each network; never an empty set.
    networks: HashMap<Network, BTreeSet<Place>>,
}

impl<G> Room<G> {
    pub(crate) fn new(guests_max: u32, per_network_max: u32) -> Self {
        Self {
            guests_max: usize::try_from(guests_max).unwrap_or(usize::MAX),
            per_network_max: usize::try_from(per_network_max).unwrap_or(usize::MAX),
            entered: 0,
            guests: BTreeMap::new(),
            networks: HashMap::new(),
        }
    }

    /// Takes a guest in. Where there is no room, the guest who has to leave is given back: the oldest of the same network when
    /// that has its share, else the oldest of the network that has most. It may be the newcomer, where no guest is allowed.
    pub(crate) fn enter(&mut self, network: Network, guest: G) -> (Place, Option<G>) {
        let place = Place(self.entered);
        self.entered += 1;
        self.guests.insert(place, (network, guest));
        let of_network = self.networks.entry(network).or_default();
        of_network.insert(place);
        let leaves = if of_network.len() > self.per_network_max {
            of_network.first().copied()
        } else if self.guests.len() > self.guests_max {
            self.first_of_most()
        } else {
            None
        };
        (place, leaves.and_then(|place| self.leave(place)))
    }

    /// The guest who has to leave when room is needed elsewhere.
    pub(crate) fn make_room(&mut self) -> Option<G> {
        self.first_of_most().and_then(|place| self.leave(place))
    }

    /// A guest leaves; `None` if it has already.
    pub(crate) fn leave(&mut self, place: Place) -> Option<G> {
        let (network, guest) = self.guests.remove(&place)?;
        if let Some(of_network) = self.networks.get_mut(&network) {
            of_network.remove(&place);
            if of_network.is_empty() {
                self.networks.remove(&network);
            }
        }
        Some(guest)
    }

    fn first_of_most(&self) -> Option<Place> {
        let most = self.networks.values().map(BTreeSet::len).max()?;
        self.networks
            .values()
            .filter(|places| places.len() == most)
            .filter_map(BTreeSet::first)
            .min()
            .copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(text: &str) -> Network {
        Network::of(&text.parse().unwrap())
    }

    #[test]
    fn one_network_is_a_24_of_ipv4_and_a_64_of_ipv6() {
        assert_eq!(network("/ip4/192.0.2.1/tcp/1"), network("/ip4/192.0.2.254/udp/9/quic-v1"));
        assert_ne!(network("/ip4/192.0.2.1/tcp/1"), network("/ip4/192.0.3.1/tcp/1"));
        assert_eq!(network("/ip6/::ffff:192.0.2.1/tcp/1"), network("/ip4/192.0.2.9/tcp/1"));
        assert_eq!(network("/ip6/2001:db8:1:2::1/tcp/1"), network("/ip6/2001:db8:1:2:3::4/tcp/1"));
        assert_ne!(network("/ip6/2001:db8:1:2::1/tcp/1"), network("/ip6/2001:db8:1:3::1/tcp/1"));
    }

    #[test]
    fn a_network_with_its_share_loses_its_own_oldest() {
        let mut room = Room::new(10, 2);
        let (one, other) = (network("/ip4/192.0.2.1/tcp/1"), network("/ip4/192.0.3.1/tcp/1"));
        assert_eq!(room.enter(other, "other").1, None);
        assert_eq!(room.enter(one, "first").1, None);
        let (second, _) = room.enter(one, "second");
        assert_eq!(room.enter(one, "third").1, Some("first"));
        assert_eq!(room.leave(second), Some("second"));
        assert_eq!(room.leave(second), None);
        assert_eq!(room.enter(one, "fourth").1, None);
    }

    #[test]
    fn a_full_room_loses_the_oldest_of_the_network_that_has_most() {
        let mut room = Room::new(4, 4);
        let networks = [1, 2, 3].map(|n| network(&format!("/ip4/192.0.{n}.1/tcp/1")));
        assert_eq!(room.enter(networks[0], "honest").1, None);
        for flood in ["a", "b", "c"] {
            assert_eq!(room.enter(networks[1], flood).1, None);
        }
        assert_eq!(room.enter(networks[1], "d").1, Some("a"));
        assert_eq!(room.enter(networks[2], "late").1, Some("b"));
        assert_eq!(room.make_room(), Some("c"));
        // All networks have one: the oldest goes.
        assert_eq!(room.make_room(), Some("honest"));
    }

    #[test]
    fn what_has_left_is_forgotten() {
        let mut room = Room::new(3, 3);
        for port in 0..1_000 {
            room.enter(network(&format!("/ip4/10.{}.{}.1/tcp/1", port / 256, port % 256)), port);
        }
        assert_eq!((room.guests.len(), room.networks.len()), (3, 3));
        while room.make_room().is_some() {}
        assert!(room.guests.is_empty() && room.networks.is_empty());
        assert_eq!(room.make_room(), None);
    }

    #[test]
    fn a_room_for_nobody_takes_nobody() {
        let mut room = Room::new(0, 8);
        assert_eq!(room.enter(Network::Unknown, "x").1, Some("x"));
        let mut room = Room::new(8, 0);
        assert_eq!(room.enter(Network::Unknown, "x").1, Some("x"));
    }
}
