//! What an ID token has to say (OpenID Connect Core 1.0, section 3.1.3.7).

use jsonwebtoken::{Header, Validation, decode, decode_header};
use serde_json::{Map, Value};
use subtle::ConstantTimeEq as _;

use crate::error::TokenError;
use crate::keys::Keys;

/// How far two clocks may be apart, in seconds.
const LEEWAY_SECS: f64 = 60.0;

/// Longest subject: "It MUST NOT exceed 255 ASCII characters".
const SUBJECT_BYTES_MAX: usize = 255;

/// What a token has to fit.
pub(crate) struct Expected<'a> {
    pub(crate) issuer: &'a str,
    pub(crate) client_id: &'a str,
    pub(crate) nonce: &'a str,
    /// Seconds since 1970.
    pub(crate) now_secs: u64,
}

/// The claims of a token that passes.
pub(crate) struct Claims {
    pub(crate) subject: String,
    pub(crate) all: Map<String, Value>,
}

/// The header of a token, before anything of it is believed.
pub(crate) fn header(token: &str) -> Result<Header, TokenError> {
    // A name of an algorithm that is not known, `none` among them, is no header.
    decode_header(token)
        .map_err(|_| if token.split('.').count() == 3 { TokenError::Algorithm } else { TokenError::Form })
}

/// Checks signature and claims.
pub(crate) fn check(token: &str, keys: &Keys, expected: &Expected<'_>) -> Result<Claims, TokenError> {
    let header = header(token)?;
    let key = keys.meant(&header)?;
    let mut signature_alone = Validation::new(header.alg);
    signature_alone.required_spec_claims.clear();
    (signature_alone.validate_exp, signature_alone.validate_aud) = (false, false);
    let decoded = decode::<Map<String, Value>>(token, &key, &signature_alone);
    let all = decoded.map_err(|_| TokenError::Signature)?.claims;
    fits(&all, expected)?;
    let subject = all.get("sub").and_then(Value::as_str).filter(|subject| is_subject(subject));
    let subject = subject.ok_or(TokenError::Subject)?.to_owned();
    Ok(Claims { subject, all })
}

fn fits(claims: &Map<String, Value>, expected: &Expected<'_>) -> Result<(), TokenError> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    if text("iss") != Some(expected.issuer) {
        return Err(TokenError::Issuer);
    }
    let audiences = match claims.get("aud") {
        Some(Value::String(one)) => vec![one.as_str()],
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    // "If the ID Token contains multiple audiences, the Client SHOULD verify that an azp Claim is present."
    let party = claims.get("azp").map(|party| party.as_str());
    let is_ours = audiences.contains(&expected.client_id)
        && match party {
            Some(party) => party == Some(expected.client_id),
            None => audiences.len() == 1,
        };
    if !is_ours {
        return Err(TokenError::Audience);
    }
    #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 fit for some million years")]
    let now = expected.now_secs as f64;
    let time = |name: &str| claims.get(name).map(|value| value.as_f64().unwrap_or(f64::NAN));
    // What is no number compares as false: it has expired.
    if !time("exp").is_some_and(|expires| now < expires + LEEWAY_SECS) {
        return Err(TokenError::Expired);
    }
    if ["iat", "nbf"].into_iter().filter_map(time).any(|at| at.is_nan() || at > now + LEEWAY_SECS) {
        return Err(TokenError::Early);
    }
    let nonce = text("nonce").unwrap_or_default();
    if !bool::from(nonce.as_bytes().ct_eq(expected.nonce.as_bytes())) {
        return Err(TokenError::Nonce);
    }
    Ok(())
}

fn is_subject(subject: &str) -> bool {
    !subject.is_empty() && subject.len() <= SUBJECT_BYTES_MAX
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: u64 = 1_800_000_000;

    fn check(change: impl FnOnce(&mut Map<String, Value>), expected: Result<(), TokenError>) {
        let claims = json!({
            "iss": "https://id.example", "aud": "desk", "sub": "1", "nonce": "n",
            "exp": NOW + 300, "iat": NOW - 5,
        });
        let Value::Object(mut claims) = claims else { unreachable!() };
        change(&mut claims);
        let fit = Expected { issuer: "https://id.example", client_id: "desk", nonce: "n", now_secs: NOW };
        assert_eq!(fits(&claims, &fit), expected, "{claims:?}");
    }

    fn put(name: &str, value: Value) -> impl FnOnce(&mut Map<String, Value>) {
        move |claims| drop(claims.insert(name.to_owned(), value))
    }

    #[test]
    fn a_token_for_this_client_and_this_attempt_fits() {
        check(|_| {}, Ok(()));
        check(put("aud", json!(["desk"])), Ok(()));
        check(put("azp", json!("desk")), Ok(()));
        check(put("exp", json!(NOW - 30)), Ok(()));
        #[expect(clippy::cast_precision_loss, reason = "it fits")]
        check(put("exp", json!(NOW as f64 + 0.5)), Ok(()));
    }

    #[test]
    fn another_issuer_and_another_client_do_not_fit() {
        for issuer in [
            json!("https://id.example/"),
            json!("https://evil.example"),
            json!(["https://id.example"]),
            json!(null),
        ] {
            check(put("iss", issuer), Err(TokenError::Issuer));
        }
        for audience in [json!("other"), json!(["other"]), json!([]), json!(["desk", "other"]), json!(7)] {
            check(put("aud", audience), Err(TokenError::Audience));
        }
        check(put("azp", json!("other")), Err(TokenError::Audience));
        check(put("azp", json!(["desk"])), Err(TokenError::Audience));
    }

    #[test]
    fn a_token_out_of_its_time_does_not_fit() {
        for expiry in [json!(NOW - 60), json!(0), json!(-1), json!("never"), json!(null)] {
            check(put("exp", expiry), Err(TokenError::Expired));
        }
        check(|claims| drop(claims.remove("exp")), Err(TokenError::Expired));
        check(put("iat", json!(NOW + 61)), Err(TokenError::Early));
        check(put("nbf", json!("later")), Err(TokenError::Early));
    }

    #[test]
    fn a_token_of_another_attempt_does_not_fit() {
        check(put("nonce", json!("other")), Err(TokenError::Nonce));
        check(|claims| drop(claims.remove("nonce")), Err(TokenError::Nonce));
    }
}
