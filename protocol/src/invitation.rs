//! Invitations: a vendor's link or QR code that begins a relationship. Spec: `specs/invitation.md`.
//!
//! `freehold:connect:u…` with a multibase base64url payload of DAG-CBOR. The token is a bearer secret of 128
//! bits: whoever presents it first becomes the customer. What the vendor says in the link is not signed, since
//! nothing is believed before the handshake has shown the vendor's key.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::identity::Did;
use crate::limits::{ADDRESSES_MAX, LINK_CHARS_MAX};
use crate::time::Timestamp;

/// How every link begins.
pub const LINK_PREFIX: &str = "freehold:connect:";

/// A decoded invitation.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitation {
    /// Version of the link's form.
    pub v: u8,
    /// The vendor's DID.
    pub did: Did,
    /// Multiaddrs of the hub; may be empty for a did:web, whose document lists them.
    pub addresses: Vec<String>,
    /// The single-use token.
    #[serde(with = "serde_bytes")]
    pub token: [u8; 16],
    /// When it ends.
    pub expires: Timestamp,
}

/// Why a text is no invitation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvitationError {
    /// Another kind of text.
    #[error("this is no invitation: a link begins with {LINK_PREFIX}")]
    Prefix,
    /// Damaged or cut.
    #[error("the invitation is damaged or cut: ask the vendor for the link again and copy it whole")]
    Damaged,
    /// From a later version of the protocol.
    #[error("the invitation is of a newer version ({0}): update freehold")]
    Newer(u64),
}

/// What every version has.
#[derive(Deserialize)]
struct Version {
    v: u64,
}

impl Invitation {
    /// The link.
    #[must_use]
    pub fn to_link(&self) -> String {
        format!("{LINK_PREFIX}{}", multibase::encode(multibase::Base::Base64Url, crate::cbor::encode(self)))
    }

    /// Parses a link.
    ///
    /// # Errors
    /// [`InvitationError`].
    pub fn parse(link: &str) -> Result<Self, InvitationError> {
        let payload = link.trim().strip_prefix(LINK_PREFIX).ok_or(InvitationError::Prefix)?;
        if link.len() > LINK_CHARS_MAX {
            return Err(InvitationError::Damaged);
        }
        let (base, bytes) = multibase::decode(payload).map_err(|_| InvitationError::Damaged)?;
        // A later version may have other members than these: its number is looked at first.
        let Version { v } = crate::cbor::decode(&bytes).map_err(|_| InvitationError::Damaged)?;
        if v > 1 {
            return Err(InvitationError::Newer(v));
        }
        let invitation: Self = crate::cbor::decode(&bytes).map_err(|_| InvitationError::Damaged)?;
        if v != 1 {
            return Err(InvitationError::Damaged);
        }
        if base != multibase::Base::Base64Url || invitation.addresses.len() > ADDRESSES_MAX {
            return Err(InvitationError::Damaged);
        }
        Ok(invitation)
    }
}

impl fmt::Debug for Invitation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Invitation({}, expires {})", self.did, self.expires)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::SigningKey;

    #[test]
    fn links_round_trip_and_damage_is_told() {
        let invitation = Invitation {
            v: 1,
            did: SigningKey::from_seed(&[3; 32]).public().did(),
            addresses: vec!["/ip4/127.0.0.1/udp/4101/quic-v1".into()],
            token: [5; 16],
            expires: Timestamp::from_millis(1_800_000_000_000),
        };
        let link = invitation.to_link();
        assert_eq!(Invitation::parse(&format!(" {link}\n")), Ok(invitation.clone()));
        assert_eq!(Invitation::parse(&link[..link.len() - 4]), Err(InvitationError::Damaged));
        assert_eq!(Invitation::parse("https://example.com"), Err(InvitationError::Prefix));
        let newer = Invitation { v: 2, ..invitation };
        assert_eq!(Invitation::parse(&newer.to_link()), Err(InvitationError::Newer(2)));
        // {"v": 300, "relay": true}
        let other = multibase::encode(multibase::Base::Base64Url, b"\xa2\x61v\x19\x01\x2c\x65relay\xf5");
        let other = Invitation::parse(&format!("{LINK_PREFIX}{other}"));
        assert_eq!(other, Err(InvitationError::Newer(300)));
    }
}
