//! An attempt to sign in, from the first address to what the browser brings back.

use std::fmt;

use multibase::Base;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::error::OidcError;

/// An attempt that has begun.
#[derive(Debug)]
pub struct Begun {
    /// Where the browser goes.
    pub url: String,
    /// What has to be remembered until it comes back, for this browser alone.
    pub pending: Pending,
}

/// What was said at the beginning. Whoever has it can finish the attempt: it stays here.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Pending {
    pub(crate) state: String,
    pub(crate) nonce: String,
    pub(crate) verifier: String,
    pub(crate) redirect: String,
}

/// What a browser brings back in the address.
#[derive(Clone, Default)]
pub struct Answer {
    /// `state`.
    pub state: String,
    /// `code`.
    pub code: Option<Zeroizing<String>>,
    /// `error`.
    pub error: Option<String>,
    /// `iss` (RFC 9207).
    pub issuer: Option<String>,
}

impl Pending {
    /// Three random texts of 256 bits each, for a browser that comes back to an address.
    ///
    /// # Errors
    /// [`OidcError::Entropy`].
    pub fn new(redirect: &str) -> Result<Self, OidcError> {
        Ok(Self { state: random()?, nonce: random()?, verifier: random()?, redirect: redirect.to_owned() })
    }

    /// What the provider is told of the verifier (RFC 7636, S256).
    pub(crate) fn challenge(&self) -> String {
        Base::Base64Url.encode(Sha256::digest(self.verifier.as_bytes()))
    }

    /// Whether an answer belongs to this attempt.
    #[must_use]
    pub fn is_of(&self, answer: &Answer) -> bool {
        self.state.as_bytes().ct_eq(answer.state.as_bytes()).into()
    }
}

fn random() -> Result<String, OidcError> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|_| OidcError::Entropy)?;
    let text = Base::Base64Url.encode(bytes);
    bytes.zeroize();
    Ok(text)
}

impl fmt::Debug for Pending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pending(…)")
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Answer(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_is_that_of_the_specification() {
        // RFC 7636, appendix B.
        let mut pending = Pending::new("").unwrap();
        pending.verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".to_owned();
        assert_eq!(pending.challenge(), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }

    #[test]
    fn two_attempts_have_nothing_in_common_and_show_nothing() {
        let [one, two] = [(); 2].map(|()| Pending::new("https://desk.example/").unwrap());
        assert!(one.state != two.state && one.nonce != two.nonce && one.verifier != two.verifier);
        assert!(one.state != one.nonce && one.nonce != one.verifier);
        assert_eq!(format!("{one:?}"), "Pending(…)");
        assert!(one.is_of(&Answer { state: one.state.clone(), ..Answer::default() }));
        assert!(!one.is_of(&Answer { state: two.state.clone(), ..Answer::default() }));
        assert!(!one.is_of(&Answer::default()));
    }
}
