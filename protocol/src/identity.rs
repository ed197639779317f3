//! Keys and DIDs: who somebody is.
//!
//! A relationship's Ed25519 key is its `did:key` and its libp2p identity at once, so the transport's handshake
//! has already authenticated the DID. Every key is vetted where it is parsed and every signature is checked
//! strictly, because plain Ed25519 verification accepts small-order keys.
//!
//! Sources: RFC 8032, the did:key method (multicodec `0xed01`), DID Core 1.0.

use std::fmt;
use std::str::FromStr;

use ed25519_dalek::{Signer as _, VerifyingKey};
use multibase::Base;

/// The multicodec prefix of an Ed25519 public key (`0xed` as an unsigned varint).
const MULTICODEC_ED25519_PUB: [u8; 2] = [0xed, 0x01];

/// Longest DID that is accepted, in bytes: a `did:web` holds a host name (253) and a short path.
pub const DID_BYTES_MAX: usize = 512;

/// An Ed25519 public key that was vetted: canonical encoding, not of small order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKey([u8; 32]);

/// Why bytes are no acceptable public key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not a 32-byte key, or not multibase base58btc with the Ed25519 multicodec.
    #[error("the key is not a multibase Ed25519 key (z6Mk…)")]
    Encoding,
    /// The bytes are no point of the curve, or not its canonical encoding.
    #[error("the key is not a canonical Ed25519 point")]
    NotCanonical,
    /// The point is of small order: signatures under it prove nothing.
    #[error("the key is of small order and proves nothing")]
    SmallOrder,
}

/// A signature that does not verify. Says nothing more on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the signature does not verify")]
pub struct SignatureError;

impl PublicKey {
    /// Vets 32 raw bytes (RFC 8032 section 5.1.5).
    ///
    /// # Errors
    /// [`KeyError::NotCanonical`] or [`KeyError::SmallOrder`].
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, KeyError> {
        if !is_canonical_y(bytes) {
            return Err(KeyError::NotCanonical);
        }
        let key = VerifyingKey::from_bytes(bytes).map_err(|_| KeyError::NotCanonical)?;
        if key.is_weak() {
            return Err(KeyError::SmallOrder);
        }
        Ok(Self(*bytes))
    }

    /// Parses the multibase form `z6Mk…` of did:key.
    ///
    /// # Errors
    /// [`KeyError`], as the text or the key is wrong.
    pub fn from_multibase(text: &str) -> Result<Self, KeyError> {
        if text.len() > 64 {
            return Err(KeyError::Encoding);
        }
        let (_, bytes) = multibase::decode(text).map_err(|_| KeyError::Encoding)?;
        let raw = bytes.strip_prefix(&MULTICODEC_ED25519_PUB).ok_or(KeyError::Encoding)?;
        let raw: &[u8; 32] = raw.try_into().map_err(|_| KeyError::Encoding)?;
        let key = Self::from_bytes(raw)?;
        // The one spelling, which is in base58btc.
        if key.to_multibase() != text {
            return Err(KeyError::Encoding);
        }
        Ok(key)
    }

    /// The 32 raw bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The multibase form `z6Mk…`: base58btc of the multicodec prefix and the key.
    #[must_use]
    pub fn to_multibase(&self) -> String {
        let mut bytes = MULTICODEC_ED25519_PUB.to_vec();
        bytes.extend_from_slice(&self.0);
        multibase::encode(Base::Base58Btc, bytes)
    }

    /// The `did:key` of this key.
    #[must_use]
    pub fn did(&self) -> Did {
        Did(format!("did:key:{}", self.to_multibase()))
    }

    /// Verifies a 64-byte signature strictly: no malleable `S`, no small-order `R` or key.
    ///
    /// # Errors
    /// [`SignatureError`] for every failure alike.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), SignatureError> {
        let signature: &[u8; 64] = signature.try_into().map_err(|_| SignatureError)?;
        let key = VerifyingKey::from_bytes(&self.0).map_err(|_| SignatureError)?;
        key.verify_strict(message, &ed25519_dalek::Signature::from_bytes(signature))
            .map_err(|_| SignatureError)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_multibase())
    }
}

/// `y` below the field's prime p = 2^255 - 19, once the sign bit is put aside.
fn is_canonical_y(bytes: &[u8; 32]) -> bool {
    let mut y = *bytes;
    y[31] &= 0x7f;
    !(y[31] == 0x7f && y[1..31].iter().all(|b| *b == 0xff) && y[0] >= 0xed)
}

/// An Ed25519 secret key. Its memory is wiped when it is dropped and its `Debug` shows nothing.
#[derive(Clone, zeroize::ZeroizeOnDrop)]
pub struct SigningKey(ed25519_dalek::SigningKey);

impl SigningKey {
    /// The key of a 32-byte RFC 8032 seed.
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(ed25519_dalek::SigningKey::from_bytes(seed))
    }

    /// The RFC 8032 seed, for the transport's handshake. Keep it out of everything else.
    #[must_use]
    pub fn danger_seed(&self) -> zeroize::Zeroizing<[u8; 32]> {
        zeroize::Zeroizing::new(self.0.to_bytes())
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key().to_bytes())
    }

    /// Signs, giving 64 bytes.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(…)")
    }
}

/// A decentralized identifier of one of the two methods the protocol speaks: `did:key` and `did:web`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Did(String);

/// Why a text is no DID of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DidError {
    /// Longer than [`DID_BYTES_MAX`].
    #[error("the DID is longer than {DID_BYTES_MAX} bytes")]
    TooLong,
    /// Neither did:key nor did:web.
    #[error("the DID is neither did:key nor did:web")]
    Method,
    /// A did:key whose key is not acceptable.
    #[error("the did:key is not valid: {0}")]
    Key(#[from] KeyError),
    /// A did:web whose host or path is malformed.
    #[error("the did:web does not name a host: write did:web:example.com or did:web:example.com:path")]
    Web,
}

impl Did {
    /// Parses a DID without fragment, query or path.
    ///
    /// # Errors
    /// [`DidError`], naming which part is wrong.
    pub fn parse(text: &str) -> Result<Self, DidError> {
        if text.len() > DID_BYTES_MAX {
            return Err(DidError::TooLong);
        }
        if let Some(key) = text.strip_prefix("did:key:") {
            PublicKey::from_multibase(key)?;
        } else if let Some(rest) = text.strip_prefix("did:web:") {
            if !is_web_id(rest) {
                return Err(DidError::Web);
            }
        } else {
            return Err(DidError::Method);
        }
        Ok(Self(text.to_owned()))
    }

    /// The DID as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The key of a `did:key`; `None` for every other method.
    #[must_use]
    pub fn key(&self) -> Option<PublicKey> {
        self.0.strip_prefix("did:key:").and_then(|text| PublicKey::from_multibase(text).ok())
    }

    /// The method-specific id of a `did:web`; `None` for every other method.
    #[must_use]
    pub fn web_id(&self) -> Option<&str> {
        self.0.strip_prefix("did:web:")
    }
}

/// Lower-case host, optional `%3A` port, then `:`-separated path segments (did:web section 3.1).
fn is_web_id(id: &str) -> bool {
    let mut segments = id.split(':');
    let host = segments.next().unwrap_or_default();
    let (name, port) = host.split_once("%3A").map_or((host, None), |(name, port)| (name, Some(port)));
    let label = |l: &str| {
        !l.is_empty()
            && l.len() <= 63
            && !l.starts_with('-')
            && !l.ends_with('-')
            && l.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    let segment = |s: &str| {
        !s.is_empty()
            && s != "."
            && s != ".."
            && s.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
    };
    name.len() <= 253
        && name.split('.').all(label)
        && port.is_none_or(|p| p.parse::<u16>().is_ok_and(|n| n > 0 && n.to_string() == p))
        && segments.all(segment)
}

impl fmt::Display for Did {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Did {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Did {
    type Err = DidError;

    fn from_str(text: &str) -> Result<Self, DidError> {
        Self::parse(text)
    }
}

impl serde::Serialize for Did {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> serde::Deserialize<'de> for Did {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn did_key_round_trips_and_refuses_other_spellings() {
        let key = SigningKey::from_seed(&[7; 32]).public();
        let did = key.did();
        assert_eq!(Did::parse(did.as_str()), Ok(did.clone()));
        assert_eq!(did.key(), Some(key));
        assert!(Did::parse(&did.as_str().to_uppercase()).is_err());
        assert!(Did::parse(&format!("{did}#x")).is_err());
    }

    #[test]
    fn small_order_and_non_canonical_keys_are_refused() {
        let mut one = [0; 32];
        one[0] = 1;
        assert_eq!(PublicKey::from_bytes(&one), Err(KeyError::SmallOrder));
        let mut p_plus_one = [0xff; 32];
        p_plus_one[0] = 0xee;
        p_plus_one[31] = 0x7f;
        assert_eq!(PublicKey::from_bytes(&p_plus_one), Err(KeyError::NotCanonical));
    }

    #[test]
    fn did_web_takes_hosts_ports_and_paths_and_nothing_else() {
        for good in ["did:web:example.com", "did:web:localhost%3A8443:hubs:one"] {
            assert!(Did::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "did:web:",
            "did:web:Example.com",
            "did:web:a..b",
            "did:web:a:..:b",
            "did:web:a%3A0",
            "did:web:a/b",
        ] {
            assert_eq!(Did::parse(bad), Err(DidError::Web), "{bad}");
        }
    }

    #[test]
    fn a_secret_key_prints_nothing() {
        assert_eq!(format!("{:?}", SigningKey::from_seed(&[9; 32])), "SigningKey(…)");
    }

    /// RFC 8032 section 5.1.3: y is below p = 2^255 - 19, whatever the sign.
    #[test]
    fn a_canonical_key_is_below_the_prime() {
        let with = |low: u8, middle: u8, high: u8| {
            let mut bytes = [0xff; 32];
            (bytes[0], bytes[15], bytes[31]) = (low, middle, high);
            is_canonical_y(&bytes)
        };
        assert!(with(0xec, 0xff, 0x7f) && with(0xec, 0xff, 0xff), "p - 1");
        assert!(!with(0xed, 0xff, 0x7f) && !with(0xed, 0xff, 0xff), "p");
        assert!(!with(0xff, 0xff, 0x7f));
        assert!(with(0xff, 0xfe, 0x7f) && with(0xff, 0xff, 0x7e));
    }

    #[test]
    fn a_signature_is_of_one_key_and_one_message() {
        let (one, two) = (SigningKey::from_seed(&[1; 32]), SigningKey::from_seed(&[2; 32]));
        let signature = one.sign(b"message");
        assert_eq!(one.public().verify(b"message", &signature), Ok(()));
        assert_eq!(one.public().verify(b"another", &signature), Err(SignatureError));
        assert_eq!(two.public().verify(b"message", &signature), Err(SignatureError));
        assert_eq!(one.public().verify(b"message", &signature[..63]), Err(SignatureError));
        assert_eq!(*one.danger_seed(), [1; 32]);
        assert_eq!(SigningKey::from_seed(&one.danger_seed()).public(), one.public());
    }

    #[test]
    fn a_key_in_multibase_is_in_base58_with_its_prefix() {
        let key = SigningKey::from_seed(&[7; 32]).public();
        assert_eq!(PublicKey::from_multibase(&key.to_multibase()), Ok(key));
        assert_eq!(format!("{key:?}"), key.to_multibase());
        let raw = [&MULTICODEC_ED25519_PUB[..], key.as_bytes()].concat();
        for other in [
            multibase::encode(Base::Base64Url, &raw),
            multibase::encode(Base::Base58Btc, key.as_bytes()),
            multibase::encode(Base::Base58Btc, [&[0xec, 0x01], &key.as_bytes()[..]].concat()),
            multibase::encode(Base::Base58Btc, [&raw[..], &[0]].concat()),
            format!("{}1", key.to_multibase()),
            // Longer than any spelling of a key.
            format!("z{}", "1".repeat(64)),
            String::new(),
        ] {
            assert_eq!(PublicKey::from_multibase(&other), Err(KeyError::Encoding), "{other}");
        }
        let weak = [&MULTICODEC_ED25519_PUB[..], &[1], &[0; 31]].concat();
        let weak = multibase::encode(Base::Base58Btc, weak);
        assert_eq!(PublicKey::from_multibase(&weak), Err(KeyError::SmallOrder));
    }

    #[test]
    fn a_did_is_of_one_method_and_shown_as_it_is_written() {
        let key = SigningKey::from_seed(&[7; 32]).public();
        let web = Did::parse("did:web:example.com:hubs").unwrap();
        assert_eq!((web.key(), web.web_id()), (None, Some("example.com:hubs")));
        assert_eq!((key.did().key(), key.did().web_id()), (Some(key), None));
        for did in [&web, &key.did()] {
            assert_eq!((did.to_string(), format!("{did:?}")), (did.as_str().into(), did.as_str().into()));
            assert_eq!(did.as_str().parse::<Did>().as_ref(), Ok(did));
        }
        assert_eq!("did:example:1".parse::<Did>(), Err(DidError::Method));
    }

    #[test]
    fn hosts_labels_ports_and_paths_of_a_did_web_have_their_bounds() {
        let ok = |id: &str| Did::parse(&format!("did:web:{id}")).is_ok();
        let label = |len: usize| "a".repeat(len);
        assert!(ok(&label(63)) && !ok(&label(64)));
        let host = |len: usize| format!("{0}.{0}.{0}.{1}", label(63), label(len - 192));
        assert!(ok(&host(253)) && !ok(&host(254)));
        for good in ["a-b.c", "a%3A1", "a%3A65535", "a1:B_c-d.e", "a:...", "0"] {
            assert!(ok(good), "{good}");
        }
        for bad in [
            "-a",
            "a-",
            "a_b",
            "a%3A65536",
            "a%3A08",
            "a%3A",
            "a%3A+8",
            "a:",
            "a:.",
            "a:..",
            "a::b",
            "a:b%20",
            "a:b/c",
            "a%3a80",
            ".a",
        ] {
            assert!(!ok(bad), "{bad}");
        }
        let longest = "a:".to_owned() + &"b".repeat(DID_BYTES_MAX - "did:web:a:".len());
        assert!(ok(&longest));
        assert_eq!(Did::parse(&format!("did:web:{longest}b")), Err(DidError::TooLong));
    }
}
