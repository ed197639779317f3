//! COSE_Sign1 (RFC 9052) over everything durable that is not a JSON document.
//!
//! One algorithm (EdDSA over Ed25519) and one header form: the verifier builds the header it expects from the
//! key it expects and compares bytes, so nothing is ever chosen by the message. The kind of thing that was
//! signed stands in `typ` (RFC 9596) and in the external data, so a signature serves in one place only.

use coset::{CborSerializable as _, CoseSign1, CoseSign1Builder, Header, HeaderBuilder, Label, iana};

use crate::code::Code;
use crate::identity::{PublicKey, SigningKey};

/// `typ`, RFC 9596.
const HEADER_TYP: i64 = 16;

/// What is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A message of a mailbox.
    Message,
    /// A live read's request.
    ReadRequest,
    /// A live read's answer.
    ReadAnswer,
    /// One stored version of a field; never crosses the wire.
    FieldVersion,
}

impl Kind {
    /// The media type that stands in `typ`.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Message => "application/freehold-message+cbor",
            Self::ReadRequest => "application/freehold-read-request+cbor",
            Self::ReadAnswer => "application/freehold-read-answer+cbor",
            Self::FieldVersion => "application/freehold-field-version+cbor",
        }
    }
}

/// Signs a payload, giving an untagged COSE_Sign1.
#[must_use]
pub fn sign(kind: Kind, key: &SigningKey, payload: Vec<u8>) -> Vec<u8> {
    CoseSign1Builder::new()
        .protected(header(kind, &key.public()))
        .payload(payload)
        .create_signature(kind.media_type().as_bytes(), |bytes| key.sign(bytes).to_vec())
        .build()
        .to_vec()
        .expect("a COSE_Sign1 of byte strings encodes")
}

/// Verifies a COSE_Sign1 of this kind by this key and gives its payload.
///
/// # Errors
/// [`Code::Malformed`], [`Code::NotCanonical`], [`Code::WrongSigner`] when another algorithm, kind or key is
/// named, [`Code::BadSignature`].
pub fn verify(kind: Kind, key: &PublicKey, bytes: &[u8]) -> Result<Vec<u8>, Code> {
    let signed = CoseSign1::from_slice(bytes).map_err(|_| Code::Malformed)?;
    if signed.clone().to_vec().ok().as_deref() != Some(bytes) || !signed.unprotected.is_empty() {
        return Err(Code::NotCanonical);
    }
    let expected = header(kind, key).to_vec().expect("a header encodes");
    if signed.protected.original_data.as_deref() != Some(expected.as_slice()) {
        return Err(Code::WrongSigner);
    }
    if signed.payload.is_none() {
        return Err(Code::Malformed);
    }
    signed
        .verify_signature(kind.media_type().as_bytes(), |signature, data| key.verify(data, signature))
        .map_err(|_| Code::BadSignature)?;
    signed.payload.ok_or(Code::Malformed)
}

fn header(kind: Kind, key: &PublicKey) -> Header {
    let mut header =
        HeaderBuilder::new().algorithm(iana::Algorithm::EdDSA).key_id(key.as_bytes().to_vec()).build();
    header.rest.push((Label::Int(HEADER_TYP), coset::cbor::value::Value::Text(kind.media_type().to_owned())));
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_serves_one_kind_one_key_and_one_payload() {
        let key = SigningKey::from_seed(&[1; 32]);
        let other = SigningKey::from_seed(&[2; 32]);
        let signed = sign(Kind::Message, &key, b"payload".to_vec());
        assert_eq!(verify(Kind::Message, &key.public(), &signed), Ok(b"payload".to_vec()));
        assert_eq!(verify(Kind::ReadAnswer, &key.public(), &signed), Err(Code::WrongSigner));
        assert_eq!(verify(Kind::Message, &other.public(), &signed), Err(Code::WrongSigner));
        for at in 0..signed.len() {
            let mut bad = signed.clone();
            bad[at] ^= 1;
            assert!(verify(Kind::Message, &key.public(), &bad).is_err(), "byte {at}");
        }
        assert!(verify(Kind::Message, &key.public(), &[signed.as_slice(), &[0]].concat()).is_err());
    }

    /// What stands outside of the signature could be changed by anyone, so nothing may stand there.
    #[test]
    fn nothing_may_stand_beside_what_is_signed() {
        let key = SigningKey::from_seed(&[1; 32]);
        let mut signed = CoseSign1::from_slice(&sign(Kind::Message, &key, b"payload".to_vec())).unwrap();
        signed.unprotected = HeaderBuilder::new().key_id(vec![1]).build();
        let beside = signed.to_vec().unwrap();
        assert_eq!(verify(Kind::Message, &key.public(), &beside), Err(Code::NotCanonical));
    }
}
