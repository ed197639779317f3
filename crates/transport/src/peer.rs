//! PeerIds and keys: an Ed25519 PeerId holds its key inline, so each is made from the other.

use freehold_protocol::identity::{PublicKey, SigningKey};
use libp2p::PeerId;
use libp2p::identity::{Keypair, PublicKey as Libp2pKey};

/// What precedes the 32 key bytes in an Ed25519 PeerId: identity multihash of 36 bytes, protobuf key type 1
/// (Ed25519), 32 bytes of data (libp2p specs, peer-ids).
const ED25519_PREFIX: [u8; 6] = [0x00, 0x24, 0x08, 0x01, 0x12, 0x20];

/// The libp2p key pair of `key`.
pub(crate) fn keypair(key: &SigningKey) -> Keypair {
    let mut seed = key.danger_seed();
    // `ed25519_from_bytes` wipes what it is given, and refuses nothing but a wrong length.
    Keypair::ed25519_from_bytes(&mut seed[..]).expect("an Ed25519 seed has 32 bytes")
}

/// The key inside `peer`; `None` where it is of another type or not acceptable.
pub(crate) fn key_of(peer: &PeerId) -> Option<PublicKey> {
    let bytes = peer.to_bytes();
    let raw: &[u8; 32] = bytes.strip_prefix(&ED25519_PREFIX)?.try_into().ok()?;
    PublicKey::from_bytes(raw).ok()
}

/// The PeerId of `key`; `None` only if libp2p's idea of an Ed25519 key is narrower than ours.
pub(crate) fn peer_of(key: &PublicKey) -> Option<PeerId> {
    let key = libp2p::identity::ed25519::PublicKey::try_from_bytes(key.as_bytes()).ok()?;
    Some(Libp2pKey::from(key).to_peer_id())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_peer_ids_convert_both_ways() {
        let key = SigningKey::from_seed(&[7; 32]);
        let peer = keypair(&key).public().to_peer_id();
        assert_eq!(key_of(&peer), Some(key.public()));
        assert_eq!(peer_of(&key.public()), Some(peer));
    }

    #[test]
    fn other_key_types_and_weak_keys_have_no_key() {
        let rsa: PeerId = "QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N".parse().unwrap();
        assert_eq!(key_of(&rsa), None);
        let mut small_order = ED25519_PREFIX.to_vec();
        small_order.extend([1]);
        small_order.extend([0; 31]);
        assert_eq!(key_of(&PeerId::from_bytes(&small_order).unwrap()), None);
    }
}
