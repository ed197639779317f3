//! The family `connect/1`: what two sides tell each other when they meet. Spec: `specs/connect.md`.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::code::Code;
use crate::document::text_ok;
use crate::identity::PublicKey;
use crate::limits::TEXT_BYTES_MAX;

/// The family's name with its version.
pub const FAMILY: &str = "connect/1";
/// Both ways, the first message of each mailbox.
pub const INTRODUCTION: &str = "connect/1/introduction";
/// Both ways: a message could not be used. Its thread is that message's id.
pub const PROBLEM: &str = "connect/1/problem";

/// Person to vendor: the relationship moves to its next key. The body is a [`crate::data::Carried`] rotation statement.
pub const ROTATION: &str = "connect/1/rotation";

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

/// The commitment to a key: SHA-256 of its 32 bytes.
#[must_use]
pub fn commitment(key: &PublicKey) -> [u8; 32] {
    Sha256::digest(key.as_bytes()).into()
}
