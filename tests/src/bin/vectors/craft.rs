//! Signed things made by hand, so that every part of them can be made wrong.

use curve25519_dalek::constants::{ED25519_BASEPOINT_POINT, EIGHT_TORSION};
use curve25519_dalek::edwards::EdwardsPoint;
use curve25519_dalek::scalar::{Scalar, clamp_integer};
use freehold_protocol::cose::Kind;
use freehold_protocol::identity::{Did, PublicKey, SigningKey};
use freehold_protocol::time::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha512};

use crate::vector::hex;

/// The vendor's seed: 32 bytes `01`.
pub(crate) const VENDOR: u8 = 1;
/// The person's seed: 32 bytes `02`.
pub(crate) const PERSON: u8 = 2;
/// The seed of the person's next key, and of the one after it.
pub(crate) const NEXT: u8 = 3;
pub(crate) const AFTER_NEXT: u8 = 4;
/// The vendor's next key, to which its introduction has committed, and the one after it.
pub(crate) const VENDOR_NEXT: u8 = 5;
pub(crate) const VENDOR_AFTER_NEXT: u8 = 6;
/// The seed of somebody else: 32 bytes `09`.
pub(crate) const STRANGER: u8 = 9;

/// When everything here was made.
pub(crate) const MADE: &str = "2026-11-24T00:00:00Z";
/// When everything here is read.
pub(crate) const NOW: &str = "2026-11-24T12:00:00Z";

/// The group's order, little end first.
const ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

pub(crate) fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&[seed; 32])
}

pub(crate) fn did(seed: u8) -> Did {
    key(seed).public().did()
}

pub(crate) fn seed_hex(seed: u8) -> String {
    hex(&[seed; 32])
}

pub(crate) fn key_hex(seed: u8) -> String {
    hex(key(seed).public().as_bytes())
}

pub(crate) fn time(text: &str) -> Timestamp {
    Timestamp::parse(text).expect("a time of a vector")
}

/// The head of a CBOR item in its shortest form.
pub(crate) fn head(major: u8, argument: usize) -> Vec<u8> {
    let major = major << 5;
    match argument {
        0..24 => vec![major | argument as u8],
        24..0x100 => vec![major | 24, argument as u8],
        0x100..0x1_0000 => [&[major | 25][..], &(argument as u16).to_be_bytes()].concat(),
        _ => [&[major | 26][..], &(argument as u32).to_be_bytes()].concat(),
    }
}

pub(crate) fn byte_string(bytes: &[u8]) -> Vec<u8> {
    [head(2, bytes.len()), bytes.to_vec()].concat()
}

pub(crate) fn text_string(text: &str) -> Vec<u8> {
    [head(3, text.len()), text.as_bytes().to_vec()].concat()
}

/// The frame that carries a signed message.
pub(crate) fn message_frame(cose: &[u8]) -> Vec<u8> {
    [head(5, 1), text_string("message"), byte_string(cose)].concat()
}

/// The parts of a COSE_Sign1 before they are put together.
#[derive(Clone)]
pub(crate) struct Cose {
    pub(crate) protected: Vec<u8>,
    pub(crate) unprotected: Vec<u8>,
    pub(crate) external: Vec<u8>,
    pub(crate) payload: Vec<u8>,
}

impl Cose {
    /// As the page wants them.
    pub(crate) fn new(kind: Kind, signer: &PublicKey, payload: Vec<u8>) -> Self {
        let external = kind.media_type().as_bytes().to_vec();
        Self {
            protected: protected(-8, signer.as_bytes(), kind.media_type()),
            unprotected: head(5, 0),
            external,
            payload,
        }
    }

    /// What is signed (RFC 9052, section 4.4).
    pub(crate) fn structure(&self) -> Vec<u8> {
        let parts = [&self.protected, &self.external, &self.payload].map(|part| byte_string(part));
        [head(4, 4), text_string("Signature1"), parts.concat()].concat()
    }

    /// All four parts under a signature.
    pub(crate) fn with(&self, signature: &[u8]) -> Vec<u8> {
        let Self { protected, unprotected, payload, .. } = self;
        let parts =
            [byte_string(protected), unprotected.clone(), byte_string(payload), byte_string(signature)];
        [head(4, 4), parts.concat()].concat()
    }

    /// All four parts signed.
    pub(crate) fn sign(&self, key: &SigningKey) -> Vec<u8> {
        self.with(&key.sign(&self.structure()))
    }

    /// Every value on the way.
    pub(crate) fn steps(&self, signature: &[u8]) -> Value {
        json!({
            "payload": hex(&self.payload),
            "protected": hex(&self.protected),
            "sigStructure": hex(&self.structure()),
            "signature": hex(signature),
        })
    }
}

/// `{1: alg, 4: kid, 16: typ}`.
pub(crate) fn protected(alg: i8, kid: &[u8], typ: &str) -> Vec<u8> {
    let alg = if alg < 0 { head(1, usize::from(alg.unsigned_abs()) - 1) } else { head(0, alg as usize) };
    [head(5, 3), vec![1], alg, vec![4], byte_string(kid), vec![16], text_string(typ)].concat()
}

/// The same signature with the group's order added to `S`: valid where `S` is not bounded.
pub(crate) fn malleable(signature: [u8; 64]) -> [u8; 64] {
    let mut signature = signature;
    let mut carry = 0;
    for (byte, order) in signature[32..].iter_mut().zip(ORDER) {
        let sum = u16::from(*byte) + u16::from(order) + carry;
        *byte = sum as u8;
        carry = sum >> 8;
    }
    signature
}

/// `S` = 0 under a point of small order as `R`: holds for a key of small order.
pub(crate) fn small_order_r(r: usize) -> [u8; 64] {
    let mut signature = [0; 64];
    signature[..32].copy_from_slice(EIGHT_TORSION[r].compress().as_bytes());
    signature
}

/// A point of small order, by its place among the eight.
pub(crate) fn small_order(place: usize) -> [u8; 32] {
    EIGHT_TORSION[place].compress().to_bytes()
}

/// Signs with `torsion` added to `R`: holds with the cofactor alone.
pub(crate) fn mixed_order_r(seed: u8, message: &[u8]) -> [u8; 64] {
    let public = key(seed).public();
    let r = scalar(&[b"nonce".as_slice(), message].concat());
    let point = (ED25519_BASEPOINT_POINT * r + EIGHT_TORSION[1]).compress();
    finish(seed, point.as_bytes(), public.as_bytes(), message, r)
}

/// A key of mixed order, and a signature under it that holds without the cofactor, because the hash is a
/// multiple of eight: the first counter that gives one is the message.
pub(crate) fn mixed_order_key(seed: u8) -> ([u8; 32], Vec<u8>, [u8; 64]) {
    let public = (secret_point(seed) + EIGHT_TORSION[1]).compress().to_bytes();
    for counter in 0u8.. {
        let message = vec![counter];
        let r = scalar(&[b"nonce".as_slice(), &message].concat());
        let point = (ED25519_BASEPOINT_POINT * r).compress();
        if challenge(point.as_bytes(), &public, &message).to_bytes()[0].is_multiple_of(8) {
            let signature = finish(seed, point.as_bytes(), &public, &message, r);
            return (public, message, signature);
        }
    }
    unreachable!("one hash in eight is a multiple of eight")
}

fn secret(seed: u8) -> Scalar {
    let hash: [u8; 64] = Sha512::digest([seed; 32]).into();
    let mut low = [0; 32];
    low.copy_from_slice(&hash[..32]);
    Scalar::from_bytes_mod_order(clamp_integer(low))
}

fn secret_point(seed: u8) -> EdwardsPoint {
    ED25519_BASEPOINT_POINT * secret(seed)
}

fn scalar(bytes: &[u8]) -> Scalar {
    Scalar::from_bytes_mod_order_wide(&Sha512::digest(bytes).into())
}

fn challenge(r: &[u8], public: &[u8], message: &[u8]) -> Scalar {
    scalar(&[r, public, message].concat())
}

fn finish(seed: u8, point: &[u8], public: &[u8], message: &[u8], r: Scalar) -> [u8; 64] {
    let s = r + challenge(point, public, message) * secret(seed);
    let mut signature = [0; 64];
    signature[..32].copy_from_slice(point);
    signature[32..].copy_from_slice(s.as_bytes());
    signature
}
