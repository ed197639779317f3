//! Random bearer tokens: what a cookie or an API client holds, and what is kept of them.

use std::fmt;
use std::io;

use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// 32 random bytes in base64url. Whoever holds it is let in: it is shown once and not kept.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Token(String);

/// What is kept of a token: nobody gets in with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TokenDigest([u8; 32]);

impl Token {
    /// A new one.
    ///
    /// # Errors
    /// When the system has no entropy to give.
    pub fn generate() -> io::Result<Self> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(io::Error::other)?;
        let text = multibase::Base::Base64Url.encode(bytes);
        bytes.zeroize();
        Ok(Self(text))
    }

    /// The text to hand out.
    #[must_use]
    pub fn danger_text(&self) -> &str {
        &self.0
    }

    /// What to keep.
    #[must_use]
    pub fn digest(&self) -> TokenDigest {
        TokenDigest::of(&self.0)
    }

    /// Whether a text is this token, in constant time.
    #[must_use]
    pub fn is(&self, text: &str) -> bool {
        self.0.as_bytes().ct_eq(text.as_bytes()).into()
    }
}

impl TokenDigest {
    /// The digest of what somebody presents.
    #[must_use]
    pub fn of(text: &str) -> Self {
        Self(Sha256::digest(text.as_bytes()).into())
    }

    /// The bytes, to be kept.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}
