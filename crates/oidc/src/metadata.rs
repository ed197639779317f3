//! What a provider says of itself (OpenID Connect Discovery 1.0).

use serde::Deserialize;

use crate::error::OidcError;

/// Where the document lies, after the issuer.
const WELL_KNOWN: &str = "/.well-known/openid-configuration";

/// The parts of it that are used.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Metadata {
    pub(crate) issuer: String,
    pub(crate) authorization_endpoint: String,
    pub(crate) token_endpoint: String,
    pub(crate) jwks_uri: String,
    pub(crate) userinfo_endpoint: Option<String>,
    /// How a client proves who it is; by HTTP Basic where nothing is said.
    #[serde(default)]
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    /// Whether an answer names its issuer (RFC 9207).
    #[serde(default)]
    pub(crate) authorization_response_iss_parameter_supported: bool,
}

impl Metadata {
    /// Where it is fetched.
    pub(crate) fn url(issuer: &str) -> String {
        format!("{}{WELL_KNOWN}", issuer.strip_suffix('/').unwrap_or(issuer))
    }

    /// Reads it. "The issuer value returned MUST be identical to the Issuer URL" (section 4.3).
    pub(crate) fn read(bytes: &[u8], issuer: &str) -> Result<Self, OidcError> {
        let bad = |reason: String| OidcError::Document { document: "configuration", reason };
        let metadata: Self = serde_json::from_slice(bytes).map_err(|error| bad(error.to_string()))?;
        if metadata.issuer != issuer {
            return Err(bad(format!(
                "it is that of {}: write the issuer as it stands there",
                metadata.issuer
            )));
        }
        Ok(metadata)
    }

    /// Whether a client's secret goes into the body, because HTTP Basic is not taken.
    pub(crate) fn wants_secret_in_body(&self) -> bool {
        let has = |wanted: &str, methods: &[String]| methods.iter().any(|method| method == wanted);
        self.token_endpoint_auth_methods_supported
            .as_ref()
            .is_some_and(|methods| !has("client_secret_basic", methods) && has("client_secret_post", methods))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(issuer: &str, said: &str, methods: Option<&[&str]>) -> Result<Metadata, OidcError> {
        let document = json!({
            "issuer": said, "authorization_endpoint": "https://id.example/auth",
            "token_endpoint": "https://id.example/token", "jwks_uri": "https://id.example/jwks",
            "token_endpoint_auth_methods_supported": methods, "claims_supported": ["sub"],
        });
        Metadata::read(&serde_json::to_vec(&document).unwrap(), issuer)
    }

    #[test]
    fn a_provider_that_says_it_is_another_is_not_believed() {
        assert!(read("https://id.example", "https://id.example", None).is_ok());
        for other in ["https://id.example/", "https://id.example.evil", "http://id.example", ""] {
            assert!(read("https://id.example", other, None).is_err(), "{other}");
        }
        assert!(Metadata::read(b"{\"issuer\": \"https://id.example\"}", "https://id.example").is_err());
        assert_eq!(
            Metadata::url("https://id.example/realms/x/"),
            Metadata::url("https://id.example/realms/x")
        );
    }

    #[test]
    fn a_secret_goes_into_the_header_unless_only_the_body_is_taken() {
        let check = |methods: Option<&[&str]>, expected: bool| {
            let metadata = read("https://id.example", "https://id.example", methods).unwrap();
            assert_eq!(metadata.wants_secret_in_body(), expected, "{methods:?}");
        };
        check(None, false);
        check(Some(&["client_secret_basic", "client_secret_post"]), false);
        check(Some(&["client_secret_post"]), true);
        check(Some(&["private_key_jwt"]), false);
    }
}
