//! Who can open a backup, and who can have made it.

use std::fmt;
use std::str::FromStr as _;

use age::x25519;
use bech32::{ToBase32 as _, Variant};
use freehold_keystore::Seed;
use hmac::{Hmac, KeyInit as _};
use sha2::Sha256;
use zeroize::{Zeroize as _, Zeroizing};

/// The text form of an age identity begins so; upper case as a whole.
const IDENTITY_PREFIX: &str = "age-secret-key-";

/// Somebody who can open a backup beside the holder of the words: an age recipient, `age1…`.
#[derive(Clone, PartialEq, Eq)]
pub struct Recipient {
    text: String,
    key: x25519::Recipient,
}

/// A text that is no age key. It is not repeated: it may be a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyTextError {
    /// Not a recipient.
    #[error("this is no age recipient: it begins with age1 (make one with `age-keygen`)")]
    Recipient,
    /// Not an identity.
    #[error("this file holds no age identity: it has a line that begins with AGE-SECRET-KEY-1")]
    Identity,
}

/// What opens a backup: the words, or an age identity.
pub struct Opener {
    seed: Option<Seed>,
    identities: Vec<x25519::Identity>,
}

impl Recipient {
    /// Reads `age1…`.
    ///
    /// # Errors
    /// [`KeyTextError::Recipient`].
    pub fn parse(text: &str) -> Result<Self, KeyTextError> {
        let key = x25519::Recipient::from_str(text).map_err(|_| KeyTextError::Recipient)?;
        Ok(Self { text: key.to_string(), key })
    }

    /// The text, `age1…`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub(crate) fn key(&self) -> &x25519::Recipient {
        &self.key
    }
}

impl fmt::Debug for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Recipient({})", self.text)
    }
}

impl Opener {
    /// Opens with the seed that the words spell.
    #[must_use]
    pub fn words(seed: Seed) -> Self {
        let identities = vec![identity(&seed)];
        Self { seed: Some(seed), identities }
    }

    /// Opens with the identities in the text of an age identity file.
    ///
    /// # Errors
    /// [`KeyTextError::Identity`] when a line is neither an identity nor a remark, or when there is none.
    pub fn identities(text: &str) -> Result<Self, KeyTextError> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let identities: Result<Vec<_>, _> = lines.map(x25519::Identity::from_str).collect();
        match identities {
            Ok(identities) if !identities.is_empty() => Ok(Self { seed: None, identities }),
            _ => Err(KeyTextError::Identity),
        }
    }

    pub(crate) fn seed(&self) -> Option<&Seed> {
        self.seed.as_ref()
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = &dyn age::Identity> {
        self.identities.iter().map(|identity| identity as _)
    }
}

impl fmt::Debug for Opener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Opener(…)")
    }
}

/// The recipient that stands for the words.
pub(crate) fn own_recipient(seed: &Seed) -> x25519::Recipient {
    identity(seed).to_public()
}

/// The code that authenticates a backup: nobody without the words can make it.
pub(crate) fn sealing(seed: &Seed) -> Hmac<Sha256> {
    Hmac::<Sha256>::new_from_slice(&*seed.backup_seal_key()).expect("HMAC takes keys of any length")
}

/// The library reads an identity from its text alone.
fn identity(seed: &Seed) -> x25519::Identity {
    let mut digits = seed.backup_key().to_base32();
    let text = bech32::encode(IDENTITY_PREFIX, &digits, Variant::Bech32).map(Zeroizing::new);
    digits.iter_mut().for_each(|digit| *digit = bech32::u5::default());
    let mut text = text.expect("the prefix is a good one");
    text.make_ascii_uppercase();
    let identity = x25519::Identity::from_str(&text).expect("32 bytes are an identity");
    text.zeroize();
    identity
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_key_is_an_age_key_and_a_secret_is_never_repeated() {
        let seed = Seed::generate().unwrap();
        let recipient = own_recipient(&seed).to_string();
        assert!(recipient.starts_with("age1"), "{recipient}");
        assert_eq!(Recipient::parse(&recipient).unwrap().as_str(), recipient);
        let error = Opener::identities("# remark\n\nAGE-SECRET-KEY-1WRONG\n").map(drop).unwrap_err();
        assert!(!error.to_string().contains("WRONG"));
        assert_eq!(Opener::identities("# nothing\n").map(drop), Err(KeyTextError::Identity));
        assert_eq!(Recipient::parse("age1wrong"), Err(KeyTextError::Recipient));
        assert_eq!(format!("{:?}", Opener::words(seed)), "Opener(…)");
    }
}
