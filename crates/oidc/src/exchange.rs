//! The code for tokens, and what else the provider says of a person.

use freehold_outbound::{Client, Response};
use multibase::Base;
use serde::Deserialize;
use serde_json::{Map, Value};
use url::form_urlencoded::{Serializer, byte_serialize};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::begun::Pending;
use crate::error::OidcError;
use crate::metadata::Metadata;
use crate::provider::Settings;

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const JSON: (&str, &str) = ("accept", "application/json");

/// Longest word of a provider's that is repeated to people.
const WORD_BYTES_MAX: usize = 64;

/// What the provider gives for a code.
#[derive(Deserialize, Zeroize, ZeroizeOnDrop)]
pub(crate) struct Tokens {
    pub(crate) id_token: String,
    pub(crate) access_token: Option<String>,
}

#[derive(Deserialize)]
struct Refused {
    error: String,
}

/// Exchanges a code.
pub(crate) async fn tokens(
    client: &Client,
    settings: &Settings,
    metadata: &Metadata,
    pending: &Pending,
    code: &str,
) -> Result<Tokens, OidcError> {
    let (form, basic) = asked(settings, metadata, pending, code);
    let mut headers = vec![FORM, JSON];
    headers.extend(basic.as_ref().map(|value| ("authorization", value.as_str())));
    let answer = client.post(&metadata.token_endpoint, &headers, form).await?;
    let answer = Body(answer);
    if answer.0.status != 200 {
        return Err(refused(&answer.0));
    }
    let bad = |_| OidcError::Document { document: "answer to the code", reason: "it has no ID token".into() };
    serde_json::from_slice(&answer.0.body).map_err(bad)
}

/// The form with the code, and the header that says who asks, if that is where it is said.
fn asked(
    settings: &Settings,
    metadata: &Metadata,
    pending: &Pending,
    code: &str,
) -> (Vec<u8>, Option<Zeroizing<String>>) {
    let mut form = Serializer::new(String::new());
    form.append_pair("grant_type", "authorization_code")
        .append_pair("code", code)
        .append_pair("redirect_uri", &pending.redirect)
        .append_pair("code_verifier", &pending.verifier)
        .append_pair("client_id", &settings.client_id);
    let mut basic = None;
    match &settings.client_secret {
        Some(secret) if metadata.wants_secret_in_body() => {
            form.append_pair("client_secret", secret);
        }
        Some(secret) => basic = Some(basic_header(&settings.client_id, secret)),
        None => {}
    }
    (form.finish().into_bytes(), basic)
}

/// What a provider says of somebody beside the token.
pub(crate) async fn user_info(
    client: &Client,
    url: &str,
    access_token: &str,
    subject: &str,
) -> Result<Map<String, Value>, OidcError> {
    let bad = |reason: String| OidcError::Document { document: "user info", reason };
    let bearer = Zeroizing::new(format!("Bearer {access_token}"));
    let headers = [JSON, ("authorization", bearer.as_str())];
    let answer = client.send(freehold_outbound::Method::Get, url, &headers, Vec::new()).await?;
    if answer.status != 200 {
        return Err(bad(format!("status {}", answer.status)));
    }
    let claims: Map<String, Value> =
        serde_json::from_slice(&answer.body).map_err(|_| bad("it is no JSON object".to_owned()))?;
    // "The sub Claim in the UserInfo Response MUST be verified to exactly match the sub Claim in the ID Token."
    if claims.get("sub").and_then(Value::as_str) != Some(subject) {
        return Err(bad("it is about somebody else".to_owned()));
    }
    Ok(claims)
}

/// "The client identifier is encoded using the application/x-www-form-urlencoded encoding algorithm" (RFC 6749, section 2.3.1).
fn basic_header(id: &str, secret: &str) -> Zeroizing<String> {
    let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
    let pair = Zeroizing::new(format!("{}:{}", encoded(id), encoded(secret)));
    Zeroizing::new(format!("Basic {}", Base::Base64Pad.encode(pair.as_bytes())))
}

/// What a provider says against a code; the error's name alone, since its description may hold anything.
fn refused(answer: &Response) -> OidcError {
    let said = serde_json::from_slice::<Refused>(&answer.body).map(|refused| refused.error);
    OidcError::Code(
        said.ok().and_then(|said| word(&said)).unwrap_or_else(|| format!("status {}", answer.status)),
    )
}

/// A provider's word, if it is one.
pub(crate) fn word(text: &str) -> Option<String> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    (!text.is_empty() && text.len() <= WORD_BYTES_MAX && text.chars().all(is_word)).then(|| text.to_owned())
}

/// An answer with tokens, which is wiped.
struct Body(Response);

impl Drop for Body {
    fn drop(&mut self) {
        self.0.body.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn id_and_secret_are_encoded_before_they_are_put_together() {
        // "id:1" and "s e%c", each encoded: id%3A1:s+e%25c.
        assert_eq!(*basic_header("id:1", "s e%c"), "Basic aWQlM0ExOnMrZSUyNWM=");
    }

    #[test]
    fn only_a_word_of_a_provider_is_repeated() {
        assert_eq!(word("invalid_grant").as_deref(), Some("invalid_grant"));
        for other in ["", "<b>", "two words", &"x".repeat(65)] {
            assert_eq!(word(other), None, "{other}");
        }
    }
}
