//! The family `connect/1`: what two sides tell each other when they meet. Spec: `specs/connect.md`.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::code::Code;
use crate::document::text_ok;
use crate::identity::PublicKey;
use crate::limits::{ADDRESS_BYTES_MAX, ADDRESSES_MAX, TEXT_BYTES_MAX};

/// The family's name with its version.
pub const FAMILY: &str = "connect/1";
/// Both ways, the first message of each mailbox.
pub const INTRODUCTION: &str = "connect/1/introduction";
/// Both ways: a message could not be used. Its thread is that message's id.
pub const PROBLEM: &str = "connect/1/problem";

/// Person to vendor: the relationship moves to its next key. The body is a [`crate::data::Carried`] rotation statement.
pub const ROTATION: &str = "connect/1/rotation";
/// Vendor to person: the vendor moves to its next key. The body is [`VendorMoves`].
pub const VENDOR_ROTATION: &str = "connect/1/vendor-rotation";

/// The body of an introduction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Introduction {
    /// What the side calls itself. A person says nothing here.
    #[serde(default, deserialize_with = "crate::optional::present", skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The commitment to the side's next key (pre-rotation): SHA-256 of its 32 bytes.
    #[serde(with = "serde_bytes")]
    pub next_key: [u8; 32],
}

impl Introduction {
    /// An introduction that commits to `next`.
    #[must_use]
    pub fn new(name: Option<String>, next: &PublicKey) -> Self {
        Self { name, next_key: commitment(next) }
    }

    /// Decodes and bounds an introduction.
    ///
    /// # Errors
    /// [`Code::Malformed`] or [`Code::TooLarge`].
    pub fn decode(body: &[u8]) -> Result<Self, Code> {
        let said: Self = crate::cbor::decode(body)?;
        match &said.name {
            Some(name) if name.len() > TEXT_BYTES_MAX => Err(Code::TooLarge),
            Some(name) if !text_ok(name) => Err(Code::Malformed),
            _ => Ok(said),
        }
    }
}

/// The body of a problem.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// What was wrong.
    pub code: Code,
    /// The sequence number of the message it is about.
    pub about: u64,
}

/// The body of a vendor's rotation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VendorMoves {
    /// The canonical bytes of a [`crate::document::VendorRotation`].
    #[serde(with = "serde_bytes")]
    pub document: Vec<u8>,
    /// Multiaddrs where the hub is dialled under the new key.
    pub addresses: Vec<String>,
}

impl VendorMoves {
    /// Decodes and bounds a vendor's rotation.
    ///
    /// # Errors
    /// [`Code::Malformed`].
    pub fn decode(body: &[u8]) -> Result<Self, Code> {
        let said: Self = crate::cbor::decode(body)?;
        let fits = |address: &String| {
            (2..=ADDRESS_BYTES_MAX).contains(&address.len())
                && address.starts_with('/')
                && address.bytes().all(|byte| byte.is_ascii_graphic())
        };
        let some = (1..=ADDRESSES_MAX).contains(&said.addresses.len());
        if some && said.addresses.iter().all(fits) { Ok(said) } else { Err(Code::Malformed) }
    }
}

/// The commitment to a key: SHA-256 of its 32 bytes.
#[must_use]
pub fn commitment(key: &PublicKey) -> [u8; 32] {
    Sha256::digest(key.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::SigningKey;

    #[test]
    fn an_introduction_commits_to_a_key_and_has_a_name_that_can_be_shown() {
        let next = SigningKey::from_seed(&[1; 32]).public();
        let decoded = |name: Option<&str>| {
            let said = Introduction::new(name.map(str::to_owned), &next);
            Introduction::decode(&crate::cbor::encode(&said)).map(|decoded| assert_eq!(decoded, said))
        };
        let longest = "a".repeat(TEXT_BYTES_MAX);
        for name in [None, Some("Shop"), Some(&longest)] {
            assert_eq!(decoded(name), Ok(()), "{name:?}");
        }
        assert_eq!(decoded(Some(&format!("{longest}a"))), Err(Code::TooLarge));
        assert_eq!(decoded(Some("right\u{202e}left")), Err(Code::Malformed));
        let digest: [u8; 32] = Sha256::digest(next.as_bytes()).into();
        assert_eq!(Introduction::new(None, &next).next_key, digest);
    }

    #[test]
    fn a_vendor_that_moves_names_a_few_addresses() {
        let decoded = |addresses: &[&str]| {
            let addresses = addresses.iter().map(|address| (*address).to_owned()).collect();
            let said = VendorMoves { document: vec![1], addresses };
            VendorMoves::decode(&crate::cbor::encode(&said)).map(|decoded| assert_eq!(decoded, said))
        };
        let good = "/dns4/hub.shop.example/udp/4102/quic-v1";
        assert_eq!(decoded(&[good; ADDRESSES_MAX]), Ok(()));
        assert_eq!(decoded(&["/".repeat(ADDRESS_BYTES_MAX).as_str()]), Ok(()));
        for bad in [vec![], vec![good; ADDRESSES_MAX + 1], vec![""], vec!["dns4"], vec!["/dns4/a\u{1b}[2J"]] {
            assert_eq!(decoded(&bad), Err(Code::Malformed), "{bad:?}");
        }
        assert_eq!(decoded(&["/".repeat(ADDRESS_BYTES_MAX + 1).as_str()]), Err(Code::Malformed));
    }
}
