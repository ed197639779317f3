//! Identifiers: a type each, made from random bytes that the caller brings.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A text that is no identifier of the expected kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an identifier of the form urn:uuid:xxxxxxxx-xxxx-4xxx-xxxx-xxxxxxxxxxxx")]
pub struct IdError;

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Makes an identifier (a version 4 UUID as a URN, RFC 9562) from 16 random bytes.
            #[must_use]
            pub fn from_entropy(random: [u8; 16]) -> Self {
                Self(uuid_urn(random))
            }

            /// Parses the URN form.
            ///
            /// # Errors
            /// [`IdError`] unless it is a lower-case `urn:uuid:` of version 4.
            pub fn parse(text: &str) -> Result<Self, IdError> {
                if is_uuid_urn(text) { Ok(Self(text.to_owned())) } else { Err(IdError) }
            }

            /// The URN.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The first eight hex digits: what a person types.
            #[must_use]
            pub fn short(&self) -> &str {
                &self.0[9..17]
            }

            /// Whether a person meant this id by the whole URN, the UUID or a prefix of it of 4 digits or more.
            #[must_use]
            pub fn is_meant_by(&self, text: &str) -> bool {
                let text = text.strip_prefix("urn:uuid:").unwrap_or(text);
                text.len() >= 4 && self.0[9..].starts_with(text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                Self::parse(&text).map_err(serde::de::Error::custom)
            }
        }
    };
}

uuid_id!(
    /// A data request.
    RequestId
);
uuid_id!(
    /// A grant.
    GrantId
);
uuid_id!(
    /// A revocation.
    RevocationId
);
uuid_id!(
    /// An erasure receipt.
    ErasureId
);
uuid_id!(
    /// A rotation statement.
    RotationId
);
uuid_id!(
    /// One change set of the vault. Never leaves the node: it would link a person across vendors.
    ChangeId
);
uuid_id!(
    /// One relationship, on the side that made the id. Never leaves that side.
    RelationshipId
);

/// One message of a mailbox: 16 random bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MessageId(#[serde(with = "serde_bytes")] [u8; 16]);

impl MessageId {
    /// Makes an id from 16 random bytes.
    #[must_use]
    pub const fn from_entropy(random: [u8; 16]) -> Self {
        Self(random)
    }

    /// The 16 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn uuid_urn(mut bytes: [u8; 16]) -> String {
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let mut text = String::from("urn:uuid:");
    for (i, byte) in bytes.iter().enumerate() {
        if matches!(i, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        text.push_str(&format!("{byte:02x}"));
    }
    text
}

fn is_uuid_urn(text: &str) -> bool {
    let Some(uuid) = text.strip_prefix("urn:uuid:") else { return false };
    uuid.len() == 36
        && uuid.bytes().enumerate().all(|(i, b)| match i {
            8 | 13 | 18 | 23 => b == b'-',
            14 => b == b'4',
            19 => b"89ab".contains(&b),
            _ => b.is_ascii_digit() || (b'a'..=b'f').contains(&b),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_parse_only_in_their_one_spelling() {
        let id = GrantId::from_entropy([0xff; 16]);
        assert_eq!(GrantId::parse(id.as_str()), Ok(id.clone()));
        assert!(GrantId::parse(&id.as_str().to_uppercase()).is_err());
        assert!(GrantId::parse("urn:uuid:1").is_err());
        assert_eq!(id.as_str(), "urn:uuid:ffffffff-ffff-4fff-bfff-ffffffffffff");
        let zero = GrantId::from_entropy([0; 16]);
        assert_eq!(
            (zero.as_str(), zero.short()),
            ("urn:uuid:00000000-0000-4000-8000-000000000000", "00000000")
        );
        assert_eq!(MessageId::from_entropy([0xa1; 16]).to_string(), "a1".repeat(16));
        assert!(id.is_meant_by("ffffffff") && !id.is_meant_by("fff") && !id.is_meant_by("ffff0"));
    }
}
