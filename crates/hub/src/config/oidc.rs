//! The identity provider that staff sign in with.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::staff::Role;

/// The claim with a person's name when nothing is said.
const NAME_CLAIM: &str = "preferred_username";
/// What is asked for beside `openid` when nothing is said.
const SCOPES: [&str; 1] = ["profile"];

/// `[http.oidc]` of `hub.toml`: an OpenID provider. It names the file of a secret, and holds none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OidcConfig {
    /// The provider as it writes itself, such as `https://id.example/realms/acme`.
    pub issuer: String,
    /// Who the hub is to it.
    pub client_id: String,
    /// The file of what proves that; without one the hub is a public client, whose codes PKCE alone protects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_secret_file: Option<PathBuf>,
    /// What the page calls it: "Sign in with …"; the issuer's host when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// What is asked for beside `openid`; `profile` when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<String>>,
    /// The claim that says what somebody is called; `preferred_username` when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name_claim: Option<String>,
    /// The claim with their roles, such as `groups` or `realm_access.roles`, where roles come from the provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role_claim: Option<String>,
    /// Which of its values gives which role here.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub roles: BTreeMap<String, Role>,
    /// Whether it may be on loopback or inside a private network.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub inward: bool,
    /// Whether `http://` will do: codes and tokens cross the network in the open.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub allow_http: bool,
    /// The certificate authorities to trust beside the machine's, as PEM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
}

impl OidcConfig {
    /// A configuration with every default.
    #[must_use]
    pub fn new(issuer: &str, client_id: &str) -> Self {
        Self {
            issuer: issuer.to_owned(),
            client_id: client_id.to_owned(),
            client_secret_file: None,
            label: None,
            scopes: None,
            name_claim: None,
            role_claim: None,
            roles: BTreeMap::new(),
            inward: false,
            allow_http: false,
            ca_file: None,
        }
    }

    /// What the page calls the provider.
    #[must_use]
    pub fn label(&self) -> &str {
        let host = self.issuer.split_once("://").map_or(self.issuer.as_str(), |(_, rest)| rest);
        self.label.as_deref().unwrap_or_else(|| host.split(['/', ':']).next().unwrap_or_default())
    }

    /// What is asked for beside `openid`.
    #[must_use]
    pub fn scopes(&self) -> Vec<String> {
        self.scopes.clone().unwrap_or_else(|| SCOPES.map(str::to_owned).to_vec())
    }

    /// The claim with a person's name.
    #[must_use]
    pub fn name_claim(&self) -> &str {
        self.name_claim.as_deref().unwrap_or(NAME_CLAIM)
    }

    /// The most that values of the claim of roles give here.
    #[must_use]
    pub fn role(&self, values: &[String]) -> Option<Role> {
        values.iter().filter_map(|value| self.roles.get(value)).max().copied()
    }

    /// What is wrong, if anything is.
    pub(super) fn refusal(&self) -> Option<String> {
        let scheme = self.issuer.split_once("://").map(|(scheme, _)| scheme);
        let is_url = match scheme {
            Some("https") => true,
            Some("http") => self.allow_http,
            _ => false,
        };
        if !is_url || self.issuer.contains(['?', '#', '@', ' ']) {
            return Some(
                "issuer: write the provider as it writes itself, such as https://id.example; http:// needs allow_http"
                    .to_owned(),
            );
        }
        if self.client_id.is_empty() {
            return Some("client_id: say who the hub is to the provider".to_owned());
        }
        if self.role_claim.is_some() == self.roles.is_empty() {
            return Some("role_claim and roles: give both, or neither".to_owned());
        }
        let is_scope = |scope: &String| !scope.is_empty() && !scope.contains(char::is_whitespace);
        (!self.scopes().iter().all(is_scope)).then(|| "scopes: one word each".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(change: impl FnOnce(&mut OidcConfig), refused: bool) {
        let mut config = OidcConfig::new("https://id.example", "desk");
        change(&mut config);
        assert_eq!(config.refusal().is_some(), refused, "{config:?}");
    }

    #[test]
    fn what_cannot_be_used_is_refused() {
        check(|_| {}, false);
        for issuer in [
            "id.example",
            "http://id.example",
            "ftp://id.example",
            "https://id.example?x",
            "https://u@id.example",
        ] {
            check(|config| config.issuer = issuer.to_owned(), true);
        }
        check(|config| (config.issuer, config.allow_http) = ("http://id.example".to_owned(), true), false);
        check(|config| config.client_id.clear(), true);
        check(|config| config.role_claim = Some("groups".to_owned()), true);
        check(|config| config.roles = [("a".to_owned(), Role::Admin)].into(), true);
        check(|config| config.scopes = Some(vec!["a b".to_owned()]), true);
    }

    #[test]
    fn somebody_with_several_roles_has_the_one_that_may_most() {
        let mut config = OidcConfig::new("https://id.example:8443/realms/x", "desk");
        config.roles = [("see", Role::Viewer), ("boss", Role::Admin)].map(|(v, r)| (v.to_owned(), r)).into();
        let role = |values: &[&str]| config.role(&values.iter().map(|v| (*v).to_owned()).collect::<Vec<_>>());
        assert_eq!(role(&["see", "boss", "other"]), Some(Role::Admin));
        assert_eq!(role(&["see"]), Some(Role::Viewer));
        assert_eq!(role(&["See", "other"]), None);
        assert_eq!((config.label(), config.name_claim()), ("id.example", "preferred_username"));
    }
}
