//! Secrets of Standard Webhooks: `whsec_` and the base64 of 24 to 64 random bytes.

use std::fmt;
use std::str::FromStr;

use multibase::Base;
use zeroize::{ZeroizeOnDrop, Zeroizing};

/// What marks a symmetric secret (Standard Webhooks, "Signature scheme").
const PREFIX: &str = "whsec_";

/// Shortest and longest key, in bytes: "between 24 bytes (192 bits) and 64 bytes (512 bits)".
const KEY_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// Length of a generated key, in bytes: the output of the hash that it keys.
const KEY_BYTES_GENERATED: usize = 32;

/// A secret shared with the receiver. Its memory is wiped when it is dropped and its `Debug` shows nothing.
#[derive(Clone, PartialEq, Eq, ZeroizeOnDrop)]
pub struct Secret(Zeroizing<String>);

/// Why there is no secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// Not `whsec_` and base64 of an acceptable length.
    #[error("not a webhook secret: write whsec_ followed by the base64 of 24 to 64 random bytes")]
    Form,
    /// The system gave no randomness.
    #[error("the system gave no random bytes: check that /dev/urandom can be read")]
    Entropy,
}

impl Secret {
    /// A new random secret.
    ///
    /// # Errors
    /// [`SecretError::Entropy`].
    pub fn generate() -> Result<Self, SecretError> {
        let mut key = Zeroizing::new([0; KEY_BYTES_GENERATED]);
        getrandom::fill(key.as_mut_slice()).map_err(|_| SecretError::Entropy)?;
        let encoded = Zeroizing::new(Base::Base64Pad.encode(key.as_slice()));
        Ok(Self(Zeroizing::new(format!("{PREFIX}{}", encoded.as_str()))))
    }

    /// The text to give to the receiver once. Keep it out of everything else.
    #[must_use]
    pub fn danger_text(&self) -> &str {
        &self.0
    }
}

impl FromStr for Secret {
    type Err = SecretError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let encoded = text.strip_prefix(PREFIX).ok_or(SecretError::Form)?;
        let key = Zeroizing::new(Base::Base64Pad.decode(encoded).map_err(|_| SecretError::Form)?);
        if !KEY_BYTES.contains(&key.len()) {
            return Err(SecretError::Form);
        }
        Ok(Self(Zeroizing::new(text.to_owned())))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generated_secret_parses_and_no_two_are_alike() {
        let (one, two) = (Secret::generate().unwrap(), Secret::generate().unwrap());
        assert_eq!(one.danger_text().parse(), Ok(one.clone()));
        assert!(one != two);
        assert_eq!(format!("{one:?}"), "Secret(…)");
    }

    #[test]
    fn short_foreign_and_broken_secrets_are_refused() {
        let encode = |bytes: usize| format!("whsec_{}", Base::Base64Pad.encode(vec![7; bytes]));
        for (text, good) in [
            (encode(24), true),
            (encode(64), true),
            (encode(23), false),
            (encode(65), false),
            (encode(32).replace("whsec_", ""), false),
            (encode(32).replace("whsec_", "whsk_"), false),
            ("whsec_???".to_owned(), false),
            ("whsec_".to_owned(), false),
        ] {
            assert_eq!(text.parse::<Secret>().is_ok(), good, "{text}");
        }
    }
}
