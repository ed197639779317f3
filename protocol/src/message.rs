//! Messages: what a mailbox carries. Spec: `specs/mailbox.md`.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use crate::code::Code;
use crate::cose::{self, Kind};
use crate::id::MessageId;
use crate::identity::{Did, PublicKey, SigningKey};
use crate::limits::{BODY_BYTES_MAX, TYPE_BYTES_MAX};
use crate::time::Timestamp;

/// The type of a message: `family/version/name`, such as `data/1/update`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct MessageType(String);

impl MessageType {
    /// Parses a type.
    ///
    /// # Errors
    /// [`Code::Malformed`] unless it is three lower-case words joined by `/`, the middle one a number.
    pub fn parse(text: &str) -> Result<Self, Code> {
        let word = |w: &str| {
            !w.is_empty() && w.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        };
        let parts: Vec<&str> = text.split('/').collect();
        let ok = text.len() <= TYPE_BYTES_MAX
            && parts.len() == 3
            && parts.iter().all(|p| word(p))
            && parts[1].bytes().all(|b| b.is_ascii_digit());
        if ok { Ok(Self(text.to_owned())) } else { Err(Code::Malformed) }
    }

    /// The family with its version: `data/1`.
    #[must_use]
    pub fn family(&self) -> &str {
        self.0.rsplit_once('/').map_or("", |(family, _)| family)
    }

    /// The name within the family: `update`.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.rsplit_once('/').map_or("", |(_, name)| name)
    }

    /// The whole type.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for MessageType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for MessageType {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// One message, as it is signed.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Message {
    /// Its place in the sender's mailbox, from 1 without a gap.
    pub seq: u64,
    /// Its id.
    pub id: MessageId,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: MessageType,
    /// The message this one answers or continues.
    #[serde(default, deserialize_with = "crate::optional::present", skip_serializing_if = "Option::is_none")]
    pub thread: Option<MessageId>,
    /// When it was made, by the sender's clock, coarse and late by the relationship's lag. Shown, never judged by.
    pub at: Timestamp,
    /// Who it is for: the other side's DID in this relationship.
    pub to: Did,
    /// The family's own bytes.
    #[serde(with = "serde_bytes")]
    pub body: Vec<u8>,
    /// Names of fields a receiver must know or refuse the message.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub crit: Vec<String>,
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Message({} {} {}, {} bytes)", self.seq, self.kind, self.id, self.body.len())
    }
}

/// A message under its sender's signature: the bytes that are sent, stored and verified.
#[derive(Clone, PartialEq, Eq)]
pub struct SignedMessage {
    seq: u64,
    bytes: Vec<u8>,
}

impl SignedMessage {
    /// Signs a message under the sender's session key.
    #[must_use]
    pub fn sign(message: &Message, key: &SigningKey) -> Self {
        Self { seq: message.seq, bytes: cose::sign(Kind::Message, key, crate::cbor::encode(message)) }
    }

    /// The sequence number within.
    #[must_use]
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// The COSE_Sign1 bytes.
    #[must_use]
    pub fn into_bytes(self) -> ByteBuf {
        ByteBuf::from(self.bytes)
    }
}

impl fmt::Debug for SignedMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SignedMessage({}, {} bytes)", self.seq, self.bytes.len())
    }
}

/// Verifies and decodes a message from `peer` to `own`.
///
/// # Errors
/// A code for the first thing that is wrong.
pub fn open(bytes: &[u8], peer: &PublicKey, own: &Did) -> Result<Message, Code> {
    let payload = cose::verify(Kind::Message, peer, bytes)?;
    let message: Message = crate::cbor::decode(&payload)?;
    if message.to != *own {
        return Err(Code::WrongAudience);
    }
    if !message.crit.is_empty() {
        return Err(Code::UnknownCritical);
    }
    if message.body.len() > BODY_BYTES_MAX {
        return Err(Code::TooLarge);
    }
    if message.seq == 0 {
        return Err(Code::SequenceGap);
    }
    Ok(message)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn message(seq: u64, to: &Did) -> Message {
        Message {
            seq,
            id: MessageId::from_entropy([seq as u8; 16]),
            kind: MessageType::parse("data/1/update").unwrap(),
            thread: None,
            at: Timestamp::default(),
            to: to.clone(),
            body: vec![0xa0],
            crit: Vec::new(),
        }
    }

    #[test]
    fn a_message_opens_only_for_its_audience_from_its_sender() {
        let (a, b) = (SigningKey::from_seed(&[1; 32]), SigningKey::from_seed(&[2; 32]));
        let sent = message(1, &b.public().did());
        let bytes = SignedMessage::sign(&sent, &a).into_bytes();
        assert_eq!(open(&bytes, &a.public(), &b.public().did()), Ok(sent.clone()));
        assert_eq!(open(&bytes, &a.public(), &a.public().did()), Err(Code::WrongAudience));
        assert_eq!(open(&bytes, &b.public(), &b.public().did()), Err(Code::WrongSigner));
        let critical = Message { crit: vec!["new".into()], ..sent };
        let bytes = SignedMessage::sign(&critical, &a).into_bytes();
        assert_eq!(open(&bytes, &a.public(), &b.public().did()), Err(Code::UnknownCritical));
    }

    #[test]
    fn a_message_is_never_judged_by_its_date_and_always_by_its_size() {
        let (a, b) = (SigningKey::from_seed(&[1; 32]), SigningKey::from_seed(&[2; 32]));
        let opened = |sent: &Message| {
            open(&SignedMessage::sign(sent, &a).into_bytes(), &a.public(), &b.public().did()).map(|_| ())
        };
        for at in [0, 1, u64::MAX] {
            let at = Timestamp::from_millis(at);
            assert_eq!(opened(&Message { at, ..message(1, &b.public().did()) }), Ok(()));
        }
        let of = |bytes| Message { body: vec![0; bytes], ..message(1, &b.public().did()) };
        assert_eq!(opened(&of(BODY_BYTES_MAX)), Ok(()));
        assert_eq!(opened(&of(BODY_BYTES_MAX + 1)), Err(Code::TooLarge));
    }

    #[test]
    fn types_are_three_words() {
        for bad in ["", "data", "data/1", "data/x/y", "Data/1/y", "data/1/y/z", "data//y"] {
            assert!(MessageType::parse(bad).is_err(), "{bad}");
        }
        let kind = MessageType::parse("data/1/update").unwrap();
        assert_eq!((kind.family(), kind.name(), kind.as_str()), ("data/1", "update", "data/1/update"));
        assert_eq!(kind.to_string(), "data/1/update");
    }

    #[test]
    fn a_message_is_shown_by_its_place_and_type_and_without_its_body() {
        let key = SigningKey::from_seed(&[1; 32]);
        let sent = Message { body: b"a value".to_vec(), ..message(7, &key.public().did()) };
        assert_eq!(format!("{sent:?}"), format!("Message(7 data/1/update {}, 7 bytes)", sent.id));
        let signed = SignedMessage::sign(&sent, &key);
        assert_eq!(signed.seq(), 7);
        let shown = format!("{signed:?}");
        assert_eq!(shown, format!("SignedMessage(7, {} bytes)", signed.into_bytes().len()));
    }
}
