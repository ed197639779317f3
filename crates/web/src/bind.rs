//! Where a page listens.

use std::net::SocketAddr;

/// An address to listen on: loopback, unless somebody has said that it may be reached from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bind(SocketAddr);

/// Why a page does not listen there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BindError {
    /// It is no address.
    #[error("{0} is no address to listen on: write one such as 127.0.0.1:4180")]
    Address(String),
    /// Others could reach it.
    #[error(
        "{0} can be reached from other machines: listen on 127.0.0.1 behind a proxy with TLS, or say `anywhere = true`"
    )]
    Outward(SocketAddr),
}

impl Bind {
    /// Parses an address.
    ///
    /// # Errors
    /// [`BindError`], also for one that is not loopback while `anywhere` is off.
    pub fn parse(text: &str, anywhere: bool) -> Result<Self, BindError> {
        let address: SocketAddr = text.parse().map_err(|_| BindError::Address(text.to_owned()))?;
        if !(anywhere || address.ip().is_loopback()) {
            return Err(BindError::Outward(address));
        }
        Ok(Self(address))
    }

    /// The address.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.0
    }

    /// The same place with the port that the system gave for port 0.
    #[must_use]
    pub fn settled(self, address: SocketAddr) -> Self {
        Self(SocketAddr::new(self.0.ip(), address.port()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_is_listened_on_until_somebody_says_otherwise() {
        for text in ["127.0.0.1:80", "[::1]:8080", "127.5.5.5:1"] {
            assert!(Bind::parse(text, false).is_ok(), "{text}");
        }
        for text in ["0.0.0.0:80", "[::]:80", "192.168.1.2:80", "8.8.8.8:1"] {
            assert!(matches!(Bind::parse(text, false), Err(BindError::Outward(_))), "{text}");
            assert!(Bind::parse(text, true).is_ok(), "{text}");
        }
        assert!(matches!(Bind::parse("localhost", true), Err(BindError::Address(_))));
    }
}
