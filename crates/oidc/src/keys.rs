//! A provider's keys (RFC 7517), and which of them a token is checked with.

use jsonwebtoken::jwk::{AlgorithmParameters, Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey, Header};
use serde::Deserialize;

use crate::error::{OidcError, TokenError};

/// Most keys that are looked at.
const KEYS_MAX: usize = 64;

/// Every algorithm that is taken: each has a public key, so that nobody who can check a token can make one.
const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];

/// The keys of a provider.
#[derive(Debug, Clone)]
pub(crate) struct Keys(Vec<Jwk>);

#[derive(Deserialize)]
struct KeySet {
    keys: Vec<serde_json::Value>,
}

impl Keys {
    /// Reads a set; keys of a kind that nobody here knows are left out.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, OidcError> {
        let bad = |reason: String| OidcError::Document { document: "keys", reason };
        let set: KeySet = serde_json::from_slice(bytes).map_err(|error| bad(error.to_string()))?;
        if set.keys.len() > KEYS_MAX {
            return Err(bad(format!("there are more than {KEYS_MAX}")));
        }
        Ok(Self(set.keys.into_iter().filter_map(|key| serde_json::from_value(key).ok()).collect()))
    }

    /// The one key that a token's header means. A header without a name means the only key that fits.
    pub(crate) fn meant(&self, header: &Header) -> Result<DecodingKey, TokenError> {
        if !ALGORITHMS.contains(&header.alg) {
            return Err(TokenError::Algorithm);
        }
        let mut fitting = self.0.iter().filter(|key| fits(key, header));
        let key = fitting.next().ok_or(TokenError::Key)?;
        if header.kid.is_none() && fitting.next().is_some() {
            return Err(TokenError::Key);
        }
        DecodingKey::from_jwk(key).map_err(|_| TokenError::Key)
    }
}

fn fits(key: &Jwk, header: &Header) -> bool {
    let family = match &key.algorithm {
        AlgorithmParameters::RSA(_) => AlgorithmFamily::Rsa,
        AlgorithmParameters::EllipticCurve(_) => AlgorithmFamily::Ec,
        AlgorithmParameters::OctetKeyPair(_) => AlgorithmFamily::Ed,
        _ => return false,
    };
    let is_for_signing = matches!(key.common.public_key_use, None | Some(PublicKeyUse::Signature));
    let says = key.common.key_algorithm.and_then(|said| said.to_string().parse::<Algorithm>().ok());
    let is_said = key.common.key_algorithm.is_none() || says == Some(header.alg);
    let is_named = header.kid.is_none() || key.common.key_id == header.kid;
    family == header.alg.family() && is_for_signing && is_said && is_named
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn keys() -> Keys {
        let set = json!({"keys": [
            {"kty": "RSA", "kid": "r1", "use": "sig", "alg": "RS256", "n": "AQAB", "e": "AQAB"},
            {"kty": "RSA", "kid": "r2", "use": "enc", "n": "AQAB", "e": "AQAB"},
            {"kty": "EC", "kid": "e1", "crv": "P-256", "x": "AQAB", "y": "AQAB"},
            {"kty": "oct", "kid": "s1", "k": "AQAB"},
            {"kty": "future", "kid": "f1"},
        ]});
        Keys::read(&serde_json::to_vec(&set).unwrap()).unwrap()
    }

    fn check(alg: Algorithm, kid: Option<&str>, expected: Option<TokenError>) {
        let header = Header { kid: kid.map(str::to_owned), ..Header::new(alg) };
        assert_eq!(keys().meant(&header).err(), expected, "{alg:?} {kid:?}");
    }

    #[test]
    fn a_token_is_checked_with_the_key_it_names_and_the_algorithm_of_that_key() {
        check(Algorithm::RS256, Some("r1"), None);
        check(Algorithm::ES256, Some("e1"), None);
        check(Algorithm::ES256, None, None);
        check(Algorithm::RS256, None, None);
        check(Algorithm::RS512, Some("r1"), Some(TokenError::Key));
        check(Algorithm::ES256, Some("r1"), Some(TokenError::Key));
        check(Algorithm::RS256, Some("r2"), Some(TokenError::Key));
        check(Algorithm::RS256, Some("other"), Some(TokenError::Key));
    }

    #[test]
    fn whoever_can_check_a_token_cannot_make_one() {
        for alg in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
            check(alg, Some("s1"), Some(TokenError::Algorithm));
            check(alg, Some("r1"), Some(TokenError::Algorithm));
        }
    }
}
