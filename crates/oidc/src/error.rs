//! Why nobody is signed in.

use freehold_outbound::FetchError;

/// Why the provider vouches for nobody. It holds no token, code or secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OidcError {
    /// The provider gives no answer.
    #[error("the identity provider gives no answer: {0}")]
    Away(#[from] FetchError),
    /// It answers with something else than what its specification says.
    #[error("the identity provider's {document} cannot be used: {reason}")]
    Document {
        /// Which of its documents.
        document: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// The answer belongs to no attempt of this browser.
    #[error("this sign-in was not begun here, or was finished before: sign in again")]
    State,
    /// The answer names another provider.
    #[error("the answer comes from another identity provider than the one that was asked")]
    OtherIssuer,
    /// The provider, or the person at it, said no.
    #[error("the identity provider did not let you in ({0})")]
    Denied(String),
    /// The provider does not take the code: it was used before, or is too old.
    #[error("the identity provider does not take the code ({0}): sign in again")]
    Code(String),
    /// The token proves nothing.
    #[error("the identity provider's token is not valid: {0}")]
    Token(#[from] TokenError),
    /// There is no entropy.
    #[error("the system has no entropy to give")]
    Entropy,
}

/// What is wrong with an ID token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// It is no token.
    #[error("it is none")]
    Form,
    /// It is not signed, or by an algorithm without a public key.
    #[error("it is not signed by an algorithm that is taken")]
    Algorithm,
    /// No key of the provider fits.
    #[error("no key of the provider fits it")]
    Key,
    /// The signature is wrong.
    #[error("its signature is wrong")]
    Signature,
    /// Another issuer.
    #[error("it was made by another issuer")]
    Issuer,
    /// For another client.
    #[error("it was made for another client")]
    Audience,
    /// Its time is over.
    #[error("it has expired")]
    Expired,
    /// It comes from the future: one of the two clocks is wrong.
    #[error("it was made in the future: compare the clocks")]
    Early,
    /// It was made for another attempt.
    #[error("it was made for another sign-in")]
    Nonce,
    /// It is about nobody.
    #[error("it is about nobody")]
    Subject,
}
