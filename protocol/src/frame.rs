//! Frames: what travels on a session stream. Spec: `specs/session.md`.

use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use crate::code::Code;
use crate::id::MessageId;
use crate::limits::{FAMILIES_MAX, FRAME_BYTES_MAX, TYPE_BYTES_MAX};

/// The protocol versions this build speaks, best first.
pub const VERSIONS: &[u16] = &[1];

/// One frame of a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Frame {
    /// The first frame of each side.
    Hello(Hello),
    /// A signed message of the sender's mailbox: COSE_Sign1 over a [`crate::message::Message`].
    Message(ByteBuf),
    /// Everything up to this sequence is on the disk of the one who says so.
    Ack {
        /// The last sequence stored.
        stored: u64,
    },
    /// The sender ends the session.
    Bye {
        /// Why.
        code: Code,
        /// From the hub: it has too much to do, and is not to be dialled before so many seconds have passed.
        #[serde(
            rename = "waitSecs",
            default,
            deserialize_with = "crate::optional::present",
            skip_serializing_if = "Option::is_none"
        )]
        wait_secs: Option<u32>,
    },
}

/// What each side says first.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Hello {
    /// Protocol versions, best first.
    pub versions: Vec<u16>,
    /// Message families this side knows.
    pub families: Vec<String>,
    /// The last sequence of the other side's mailbox that is on this side's disk.
    pub stored: u64,
    /// The invitation's token, on a relationship's first session.
    #[serde(default, deserialize_with = "crate::optional::present", skip_serializing_if = "Option::is_none")]
    pub invitation: Option<ByteBuf>,
    /// From the hub: seconds between check-ins when it does not want a session to stay open.
    #[serde(default, deserialize_with = "crate::optional::present", skip_serializing_if = "Option::is_none")]
    pub check_in_secs: Option<u32>,
    /// The id of the message at `stored`, where it is known: shows a side that has gone on from an older copy.
    #[serde(default, deserialize_with = "crate::optional::present", skip_serializing_if = "Option::is_none")]
    pub last: Option<MessageId>,
    /// From the dialler: its home comes from a backup, so that it may lack what it has sent and stored since.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub restored: bool,
    /// To a dialler that was restored: where this side's mailbox stands.
    #[serde(default, deserialize_with = "crate::optional::present", skip_serializing_if = "Option::is_none")]
    pub mailbox: Option<Outgoing>,
}

/// Where an outgoing mailbox stands, for a peer that was restored from a backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Outgoing {
    /// The last sequence that the peer has ever acknowledged.
    pub acknowledged: u64,
    /// The last sequence queued.
    pub queued: u64,
}

impl Hello {
    /// Checks that the two sides have a version in common.
    ///
    /// # Errors
    /// [`Code::UnsupportedVersion`].
    pub fn check_version(&self) -> Result<(), Code> {
        let common = self.versions.iter().any(|version| VERSIONS.contains(version));
        if common { Ok(()) } else { Err(Code::UnsupportedVersion) }
    }
}

impl Frame {
    /// A goodbye.
    #[must_use]
    pub fn bye(code: Code) -> Self {
        Self::Bye { code, wait_secs: None }
    }

    /// The frame's bytes, without the length prefix.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        crate::cbor::encode(self)
    }

    /// Decodes and bounds a frame.
    ///
    /// # Errors
    /// [`Code::TooLarge`] or [`Code::Malformed`].
    pub fn decode(bytes: &[u8]) -> Result<Self, Code> {
        if bytes.len() > FRAME_BYTES_MAX {
            return Err(Code::TooLarge);
        }
        let frame: Self = crate::cbor::decode(bytes)?;
        if let Self::Hello(hello) = &frame {
            let families_ok = hello.families.len() <= FAMILIES_MAX
                && hello.families.iter().all(|f| f.len() <= TYPE_BYTES_MAX);
            if hello.invitation.as_ref().is_some_and(|token| token.len() != 16) {
                return Err(Code::Malformed);
            }
            if !families_ok || hello.versions.len() > 16 {
                return Err(Code::TooLarge);
            }
        }
        Ok(frame)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_round_trip_and_garbage_is_refused() {
        for frame in [
            Frame::Hello(Hello {
                versions: vec![1],
                families: vec!["data/1".into()],
                stored: 3,
                invitation: None,
                check_in_secs: None,
                last: Some(MessageId::from_entropy([7; 16])),
                restored: true,
                mailbox: Some(Outgoing { acknowledged: 2, queued: 5 }),
            }),
            Frame::Message(ByteBuf::from(vec![1, 2])),
            Frame::Ack { stored: 9 },
            Frame::bye(Code::ShuttingDown),
            Frame::Bye { code: Code::Busy, wait_secs: Some(90) },
        ] {
            assert_eq!(Frame::decode(&frame.encode()), Ok(frame));
        }
        assert_eq!(Frame::decode(b"GET / HTTP/1.1"), Err(Code::Malformed));
        assert_eq!(Frame::decode(&vec![0; FRAME_BYTES_MAX + 1]), Err(Code::TooLarge));
    }

    #[test]
    fn a_hello_has_its_bounds() {
        let said = |change: fn(&mut Hello)| {
            let mut hello = Hello {
                versions: vec![1; 16],
                families: vec!["f".repeat(TYPE_BYTES_MAX); FAMILIES_MAX],
                stored: 0,
                invitation: Some(ByteBuf::from(vec![7; 16])),
                check_in_secs: Some(60),
                last: None,
                restored: false,
                mailbox: None,
            };
            change(&mut hello);
            Frame::decode(&Frame::Hello(hello).encode()).map(|_| ())
        };
        assert_eq!(said(|_| {}), Ok(()));
        assert_eq!(said(|hello| hello.versions.push(1)), Err(Code::TooLarge));
        assert_eq!(said(|hello| hello.families.push("data/1".into())), Err(Code::TooLarge));
        assert_eq!(said(|hello| hello.families[0].push('f')), Err(Code::TooLarge));
        for length in [0, 15, 17] {
            let token = Some(ByteBuf::from(vec![7; length]));
            let hello = Hello {
                versions: vec![1],
                families: vec![],
                stored: 0,
                invitation: token,
                check_in_secs: None,
                last: None,
                restored: false,
                mailbox: None,
            };
            assert_eq!(Frame::decode(&Frame::Hello(hello).encode()), Err(Code::Malformed), "{length}");
        }
    }

    #[test]
    fn two_sides_need_one_version_in_common() {
        let speaks = |versions: &[u16]| {
            Hello {
                versions: versions.to_vec(),
                families: vec![],
                stored: 0,
                invitation: None,
                check_in_secs: None,
                last: None,
                restored: false,
                mailbox: None,
            }
            .check_version()
        };
        assert_eq!(speaks(&[2, 1]), Ok(()));
        assert_eq!(speaks(&[2, 3]), Err(Code::UnsupportedVersion));
        assert_eq!(speaks(&[]), Err(Code::UnsupportedVersion));
    }

    #[test]
    fn a_frame_of_the_largest_size_is_read() {
        let message = |bytes: usize| Frame::Message(ByteBuf::from(vec![0; bytes]));
        let around = message(100_000).encode().len() - 100_000;
        let largest = message(FRAME_BYTES_MAX - around);
        assert_eq!(largest.encode().len(), FRAME_BYTES_MAX);
        assert_eq!(Frame::decode(&largest.encode()), Ok(largest));
        let larger = message(FRAME_BYTES_MAX - around + 1);
        assert_eq!(Frame::decode(&larger.encode()), Err(Code::TooLarge));
    }
}
