//! One provider.

use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use freehold_outbound::Client;
use url::Url;
use zeroize::Zeroizing;

use crate::begun::{Answer, Begun, Pending};
use crate::error::{OidcError, TokenError};
use crate::exchange;
use crate::id_token::{self, Claims, Expected};
use crate::keys::Keys;
use crate::metadata::Metadata;
use crate::person::{Person, claim, text, texts};

/// How long what a provider says of itself is believed without asking again.
const KNOWN: Duration = Duration::from_secs(60 * 60);

/// A token with a key that is not known makes the keys be fetched again, but not more often than this.
const KEYS_AGAIN: Duration = Duration::from_secs(10);

/// Which provider, and what of its answer counts.
#[derive(Clone)]
pub struct Settings {
    /// The provider, as it writes itself.
    pub issuer: String,
    /// Who we are to it.
    pub client_id: String,
    /// What proves that, if we have been given something.
    pub client_secret: Option<Zeroizing<String>>,
    /// What is asked for beside `openid`.
    pub scopes: Vec<String>,
    /// The claim that says what somebody is called.
    pub name_claim: String,
    /// The claim with their roles, if roles count.
    pub role_claim: Option<String>,
}

/// A provider, and what is known of it.
pub struct Provider {
    settings: Settings,
    client: Client,
    known: RwLock<Option<Arc<Known>>>,
    /// When the keys were last fetched again because of a token.
    again: Mutex<Option<Instant>>,
}

struct Known {
    metadata: Metadata,
    keys: Keys,
    at: Instant,
}

impl Provider {
    /// A provider that was not asked yet. The client's rules say where it may be, and whether encryption may be left out.
    ///
    /// # Errors
    /// [`OidcError::Away`] when no such address could be contacted.
    pub fn new(settings: Settings, client: Client) -> Result<Self, OidcError> {
        client.check(&Metadata::url(&settings.issuer))?;
        Ok(Self { settings, client, known: RwLock::default(), again: Mutex::default() })
    }

    /// Begins an attempt; `redirect` is where the browser comes back to.
    ///
    /// # Errors
    /// [`OidcError`].
    pub async fn begin(&self, redirect: &str) -> Result<Begun, OidcError> {
        let known = self.known().await?;
        let pending = Pending::new(redirect)?;
        let at = |_| OidcError::Document {
            document: "configuration",
            reason: "its authorization endpoint is no address".to_owned(),
        };
        let mut url = Url::parse(&known.metadata.authorization_endpoint).map_err(at)?;
        if !matches!(url.scheme(), "https" | "http") {
            return Err(at(url::ParseError::EmptyHost));
        }
        let scope = std::iter::once("openid").chain(self.settings.scopes.iter().map(String::as_str));
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.settings.client_id)
            .append_pair("redirect_uri", redirect)
            .append_pair("scope", &scope.collect::<Vec<_>>().join(" "))
            .append_pair("state", &pending.state)
            .append_pair("nonce", &pending.nonce)
            .append_pair("code_challenge", &pending.challenge())
            .append_pair("code_challenge_method", "S256");
        Ok(Begun { url: url.into(), pending })
    }

    /// Finishes an attempt with what the browser brought back; `now_secs` is seconds since 1970.
    ///
    /// # Errors
    /// [`OidcError`]; the attempt is over then too.
    pub async fn finish(
        &self,
        pending: Pending,
        answer: &Answer,
        now_secs: u64,
    ) -> Result<Person, OidcError> {
        if !pending.is_of(answer) {
            return Err(OidcError::State);
        }
        let known = self.known().await?;
        let names_issuer = known.metadata.authorization_response_iss_parameter_supported;
        match answer.issuer.as_deref() {
            Some(issuer) if issuer != self.settings.issuer => return Err(OidcError::OtherIssuer),
            None if names_issuer => return Err(OidcError::OtherIssuer),
            _ => {}
        }
        if let Some(error) = &answer.error {
            return Err(OidcError::Denied(exchange::word(error).unwrap_or_else(|| "error".to_owned())));
        }
        let code = answer.code.as_ref().filter(|code| !code.is_empty()).ok_or(OidcError::State)?;
        let tokens = exchange::tokens(&self.client, &self.settings, &known.metadata, &pending, code).await?;
        let expected = Expected {
            issuer: &self.settings.issuer,
            client_id: &self.settings.client_id,
            nonce: &pending.nonce,
            now_secs,
        };
        let claims = self.checked(&known, &tokens.id_token, &expected).await?;
        self.person(&known.metadata, claims, tokens.access_token.as_deref()).await
    }

    async fn checked(
        &self,
        known: &Known,
        token: &str,
        expected: &Expected<'_>,
    ) -> Result<Claims, OidcError> {
        match id_token::check(token, &known.keys, expected) {
            // The provider may have begun to sign with another key.
            Err(TokenError::Key) if self.may_fetch_again() => {
                let known = self.fetch().await?;
                Ok(id_token::check(token, &known.keys, expected)?)
            }
            checked => Ok(checked?),
        }
    }

    /// What the token does not say of name and roles, the provider is asked for.
    async fn person(
        &self,
        metadata: &Metadata,
        claims: Claims,
        access_token: Option<&str>,
    ) -> Result<Person, OidcError> {
        let Claims { subject, mut all } = claims;
        let Settings { name_claim, role_claim, .. } = &self.settings;
        let wanted = std::iter::once(name_claim).chain(role_claim);
        let lacks = wanted.clone().any(|name| claim(&all, name).is_none());
        if lacks && let (Some(url), Some(access_token)) = (&metadata.userinfo_endpoint, access_token) {
            for (name, value) in exchange::user_info(&self.client, url, access_token, &subject).await? {
                all.entry(name).or_insert(value);
            }
        }
        Ok(Person {
            issuer: self.settings.issuer.clone(),
            name: text(&all, name_claim),
            roles: role_claim.as_ref().map(|name| texts(&all, name)).unwrap_or_default(),
            subject,
        })
    }

    fn may_fetch_again(&self) -> bool {
        let mut again = self.again.lock().unwrap_or_else(PoisonError::into_inner);
        let may = again.is_none_or(|at| at.elapsed() >= KEYS_AGAIN);
        if may {
            *again = Some(Instant::now());
        }
        may
    }

    async fn known(&self) -> Result<Arc<Known>, OidcError> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner).clone();
        match known.filter(|known| known.at.elapsed() < KNOWN) {
            Some(known) => Ok(known),
            None => self.fetch().await,
        }
    }

    async fn fetch(&self) -> Result<Arc<Known>, OidcError> {
        let metadata = self.document("configuration", &Metadata::url(&self.settings.issuer)).await?;
        let metadata = Metadata::read(&metadata, &self.settings.issuer)?;
        let keys = Keys::read(&self.document("keys", &metadata.jwks_uri).await?)?;
        let known = Arc::new(Known { metadata, keys, at: Instant::now() });
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&known));
        Ok(known)
    }

    async fn document(&self, document: &'static str, url: &str) -> Result<Vec<u8>, OidcError> {
        let answer = self.client.get(url, "application/json").await?;
        match answer.status {
            200 => Ok(answer.body),
            status => Err(OidcError::Document { document, reason: format!("status {status}") }),
        }
    }
}

impl std::fmt::Debug for Provider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Provider").field("issuer", &self.settings.issuer).finish_non_exhaustive()
    }
}
