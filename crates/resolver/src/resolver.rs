//! Resolution: the cache, then the method.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use freehold_outbound::address::is_inward;
use freehold_outbound::{Client, FetchError, Reach};
use freehold_protocol::identity::Did;
use freehold_protocol::time::Timestamp;
use ssi::dids::{DIDKey, DIDMethodResolver as _};
use tokio::sync::Semaphore;

use crate::cache::{Answer, Cache, CachePolicy};
use crate::error::{Malformed, ResolveError};
use crate::read::ResolvedDid;

/// Most fetches at once: whoever makes this program resolve many DIDs waits in line.
const FETCHES_MAX: usize = 8;

/// What a did:web host is asked for; many serve the file as plain JSON.
const ACCEPT: &str = "application/did+json, application/did+ld+json, application/json";

/// Resolves DIDs, with a cache.
pub struct Resolver {
    client: Client,
    cache: Mutex<Cache>,
    fetches: Semaphore,
}

impl Resolver {
    /// A resolver that fetches with this client. Give it one under `Policy::public()`: the DIDs it sees were
    /// chosen by others. `Reach::Anywhere` is for tests and for vendors inside one's own network.
    #[must_use]
    pub fn new(client: Client, cache: CachePolicy) -> Self {
        Self { client, cache: Mutex::new(Cache::new(cache)), fetches: Semaphore::new(FETCHES_MAX) }
    }

    /// The document of a DID: from its key, from the cache, or from its host.
    ///
    /// # Errors
    /// [`ResolveError`]. A failure is repeated from the cache for a short while.
    pub async fn resolve(&self, did: &Did) -> Result<Arc<ResolvedDid>, ResolveError> {
        self.resolve_at(did, Instant::now()).await
    }

    /// Forgets what is known of a DID, so that the next resolution fetches: for when a peer shows a key that
    /// the document does not list, which may have been added since.
    pub fn forget(&self, did: &Did) {
        self.cache().remove(did);
    }

    /// [`Resolver::resolve`] at a given moment of the cache's clock.
    pub(crate) async fn resolve_at(&self, did: &Did, now: Instant) -> Answer {
        let Some(web_id) = did.web_id() else {
            return resolve_key(did).await.map(Arc::new);
        };
        if let Some(answer) = self.cache().find(did, now) {
            return answer;
        }
        let answer = self.fetch(did, web_id).await.map(Arc::new);
        if let Err(error) = &answer {
            tracing::debug!(%error, "a DID did not resolve");
        }
        self.cache().insert(did.clone(), answer.clone(), now);
        answer
    }

    async fn fetch(&self, did: &Did, web_id: &str) -> Result<ResolvedDid, ResolveError> {
        let url = document_url(web_id).ok_or_else(|| ResolveError::Inward { did: did.clone() })?;
        let _turn = self.fetches.acquire().await.expect("the semaphore is never closed");
        let response = self.client.get(&url, ACCEPT).await.map_err(|error| match error {
            FetchError::Inward { .. } => ResolveError::Inward { did: did.clone() },
            FetchError::TooLarge { status: 200, .. } => {
                ResolveError::Malformed { did: did.clone(), what: Malformed::TooLarge }
            }
            FetchError::TooLarge { status, .. } => status_error(did, status),
            error => ResolveError::Unreachable { did: did.clone(), error },
        })?;
        if response.status != 200 {
            return Err(status_error(did, response.status));
        }
        let mut resolved = ResolvedDid::read(did, &response.body, wall_clock())?;
        if self.client.reach() == Reach::PublicOnly {
            resolved.addresses.retain(|address| !is_inward_multiaddr(address));
        }
        Ok(resolved)
    }

    fn cache(&self) -> MutexGuard<'_, Cache> {
        // No call into the cache leaves it half changed.
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Resolver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Resolver").field("client", &self.client).finish_non_exhaustive()
    }
}

/// Whether a multiaddr names an inward IP: a document must not make its readers dial their own networks.
fn is_inward_multiaddr(address: &str) -> bool {
    address.split('/').nth(2).and_then(|host| host.parse().ok()).is_some_and(is_inward)
}

/// A did:key says everything itself; ssi derives its document.
async fn resolve_key(did: &Did) -> Result<ResolvedDid, ResolveError> {
    let malformed = || ResolveError::Malformed { did: did.clone(), what: Malformed::Shape };
    let id = did.as_str().strip_prefix("did:key:").ok_or_else(malformed)?;
    let output =
        DIDKey.resolve_method_representation(id, Default::default()).await.map_err(|_| malformed())?;
    ResolvedDid::read(did, &output.document, wall_clock())
}

fn status_error(did: &Did, status: u16) -> ResolveError {
    let did = did.clone();
    match status {
        404 | 410 => ResolveError::NotFound { did },
        status => ResolveError::Answered { did, status },
    }
}

/// Where a did:web's document is (did:web section 3.2): the host's well-known path, or the DID's own path.
///
/// `None` when the DID names an IP address: "the method specific identifier ... MUST NOT include IP addresses".
/// A host whose last label is a number would be read as one by URL parsers.
fn document_url(web_id: &str) -> Option<String> {
    let mut segments = web_id.split(':');
    let authority = segments.next()?.replace("%3A", ":");
    let host = authority.split(':').next()?;
    let last = host.rsplit('.').next()?;
    let is_number = last.bytes().all(|b| b.is_ascii_digit())
        || last.strip_prefix("0x").is_some_and(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()));
    if is_number {
        return None;
    }
    let path: Vec<&str> = segments.collect();
    let path = if path.is_empty() { ".well-known".to_owned() } else { path.join("/") };
    Some(format!("https://{authority}/{path}/did.json"))
}

fn wall_clock() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_a_document_that_lead_inward_are_known() {
        for (address, wanted) in [
            ("/ip4/127.0.0.1/tcp/22", true),
            ("/ip4/192.168.1.1/udp/4101/quic-v1", true),
            ("/ip6/::1/tcp/22", true),
            ("/ip4/9.9.9.9/tcp/4101", false),
            ("/dns4/hub.example.com/tcp/4101", false),
        ] {
            assert_eq!(is_inward_multiaddr(address), wanted, "{address}");
        }
    }

    #[test]
    fn a_did_web_leads_to_its_well_known_document_or_its_own_path() {
        for (id, wanted) in [
            ("example.com", Some("https://example.com/.well-known/did.json")),
            ("example.com%3A8443", Some("https://example.com:8443/.well-known/did.json")),
            ("example.com:hubs:one", Some("https://example.com/hubs/one/did.json")),
            ("localhost%3A1:a", Some("https://localhost:1/a/did.json")),
            ("127.0.0.1", None),
            ("10.1", None),
            ("2130706433", None),
            ("0x7f.0x1%3A80", None),
            ("0x", None),
        ] {
            assert_eq!(document_url(id).as_deref(), wanted, "{id}");
        }
    }
}
