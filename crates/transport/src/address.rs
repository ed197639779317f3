//! Where a peer can be reached: a multiaddr of one of the two shapes this crate speaks.

use std::fmt;
use std::str::FromStr;

use freehold_protocol::identity::PublicKey;
use libp2p::Multiaddr;
use libp2p::multiaddr::Protocol;

use crate::peer;

/// Longest address that is accepted, in bytes: a host name (253), a PeerId (52) and the words between.
pub const ADDRESS_BYTES_MAX: usize = 400;

/// A validated multiaddr: `/ip4|ip6|dns|dns4|dns6/HOST` then `/tcp/PORT` or `/udp/PORT/quic-v1`, then optionally
/// `/p2p/PEER` of an Ed25519 key. Kept in its canonical spelling.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address(String);

/// Why a text is no [`Address`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Longer than [`ADDRESS_BYTES_MAX`].
    #[error("the address is longer than {ADDRESS_BYTES_MAX} bytes")]
    TooLong,
    /// No multiaddr at all.
    #[error("the address is no multiaddr: write it like /ip4/192.0.2.1/udp/4001/quic-v1")]
    Syntax,
    /// A multiaddr of a shape this crate does not speak.
    #[error(
        "the address is of no known shape: a host, then /tcp/PORT or /udp/PORT/quic-v1, then perhaps /p2p/PEER"
    )]
    Shape,
    /// The PeerId after `/p2p/` holds no acceptable Ed25519 key.
    #[error("the peer in the address is no Ed25519 key: peers of this kind begin with 12D3Koo")]
    Peer,
}

/// The host part of an [`Address`].
pub(crate) enum Host {
    /// An address that needs no look-up.
    Ip,
    /// A name, and which addresses of it are wanted.
    Name { name: String, want_v4: bool, want_v6: bool },
}

/// The parts of an [`Address`], for this crate only.
pub(crate) struct Parts {
    pub(crate) host: Host,
    pub(crate) port: u16,
    pub(crate) quic: bool,
    pub(crate) peer: Option<PublicKey>,
}

impl Address {
    /// Parses and canonicalizes an address.
    ///
    /// # Errors
    /// [`AddressError`], naming what is wrong.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        if text.len() > ADDRESS_BYTES_MAX {
            return Err(AddressError::TooLong);
        }
        let multiaddr: Multiaddr = text.parse().map_err(|_| AddressError::Syntax)?;
        parts(&multiaddr)?;
        Ok(Self(multiaddr.to_string()))
    }

    /// The address as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is a QUIC address; a TCP address otherwise.
    #[must_use]
    pub fn is_quic(&self) -> bool {
        self.parts().quic
    }

    /// The port, 0 where the system is to choose one.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.parts().port
    }

    /// The key after `/p2p/`.
    #[must_use]
    pub fn peer(&self) -> Option<PublicKey> {
        self.parts().peer
    }

    /// This address with `peer` after `/p2p/`, in place of any other.
    #[must_use]
    pub fn with_peer(&self, peer: PublicKey) -> Self {
        let mut multiaddr = self.transport_part();
        if let Some(peer) = peer::peer_of(&peer) {
            multiaddr.push(Protocol::P2p(peer));
        }
        Self(multiaddr.to_string())
    }

    /// An address that libp2p reports; `None` where it is of a shape this crate does not speak.
    pub(crate) fn from_multiaddr(multiaddr: &Multiaddr) -> Option<Self> {
        parts(multiaddr).ok().map(|_| Self(multiaddr.to_string()))
    }

    /// The multiaddr without `/p2p/`.
    pub(crate) fn transport_part(&self) -> Multiaddr {
        self.multiaddr().iter().filter(|part| !matches!(part, Protocol::P2p(_))).collect()
    }

    pub(crate) fn parts(&self) -> Parts {
        parts(&self.multiaddr()).expect("an address was checked when it was made")
    }

    fn multiaddr(&self) -> Multiaddr {
        self.0.parse().expect("an address was parsed when it was made")
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        Self::parse(text)
    }
}

fn parts(multiaddr: &Multiaddr) -> Result<Parts, AddressError> {
    let mut rest = multiaddr.iter();
    let name = |name: &str, want_v4, want_v6| match name.is_empty() {
        true => Err(AddressError::Shape),
        false => Ok(Host::Name { name: name.to_owned(), want_v4, want_v6 }),
    };
    let host = match rest.next() {
        Some(Protocol::Ip4(_) | Protocol::Ip6(_)) => Host::Ip,
        Some(Protocol::Dns(text)) => name(&text, true, true)?,
        Some(Protocol::Dns4(text)) => name(&text, true, false)?,
        Some(Protocol::Dns6(text)) => name(&text, false, true)?,
        _ => return Err(AddressError::Shape),
    };
    let (port, quic) = match rest.next() {
        Some(Protocol::Tcp(port)) => (port, false),
        Some(Protocol::Udp(port)) if rest.next() == Some(Protocol::QuicV1) => (port, true),
        _ => return Err(AddressError::Shape),
    };
    let peer = match rest.next() {
        None => None,
        Some(Protocol::P2p(peer)) => Some(peer::key_of(&peer).ok_or(AddressError::Peer)?),
        Some(_) => return Err(AddressError::Shape),
    };
    match rest.next() {
        None => Ok(Parts { host, port, quic, peer }),
        Some(_) => Err(AddressError::Shape),
    }
}

#[cfg(test)]
mod tests {
    use freehold_protocol::identity::SigningKey;

    use super::*;

    #[test]
    fn the_known_shapes_parse_and_nothing_else_does() {
        for (text, quic) in [
            ("/ip4/127.0.0.1/tcp/0", false),
            ("/ip6/::1/udp/4001/quic-v1", true),
            ("/dns4/hub.example.com/tcp/443", false),
            ("/dns/hub.example.com/udp/443/quic-v1", true),
        ] {
            let address = Address::parse(text).unwrap();
            assert_eq!((address.as_str(), address.is_quic(), address.peer()), (text, quic, None));
        }
        for (text, error) in [
            ("", AddressError::Shape),
            ("127.0.0.1:80", AddressError::Syntax),
            ("/ip4/127.0.0.1", AddressError::Shape),
            ("/ip4/127.0.0.1/udp/1", AddressError::Shape),
            ("/ip4/127.0.0.1/tcp/1/ws", AddressError::Shape),
            ("/ip4/127.0.0.1/tcp/1/p2p-circuit", AddressError::Shape),
            ("/dnsaddr/example.com/tcp/1", AddressError::Shape),
            ("/unix/tmp", AddressError::Shape),
            ("/ip4/127.0.0.1/tcp/1/p2p/QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N", AddressError::Peer),
        ] {
            assert_eq!(Address::parse(text), Err(error), "{text}");
        }
        assert_eq!(Address::parse(&"/".repeat(ADDRESS_BYTES_MAX + 1)), Err(AddressError::TooLong));
    }

    #[test]
    fn a_peer_is_added_replaced_and_read_back() {
        let (one, two) = (SigningKey::from_seed(&[1; 32]).public(), SigningKey::from_seed(&[2; 32]).public());
        let bare = Address::parse("/ip4/127.0.0.1/udp/9/quic-v1").unwrap();
        let address = bare.with_peer(one).with_peer(two);
        assert_eq!(address.peer(), Some(two));
        assert_eq!(Address::parse(address.as_str()), Ok(address.clone()));
        assert_eq!(address.transport_part().to_string(), bare.as_str());
    }
}
