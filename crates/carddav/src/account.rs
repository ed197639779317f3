//! An account at a server: finding its address books (RFC 6764 section 6) and reading their cards.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use freehold_outbound::{Client, ClientError, FetchError, Method, Policy, Response};
use multibase::Base;
use url::{Host, Url};
use zeroize::Zeroizing;

use crate::card::CardEntry;
use crate::error::CardDavError;
use crate::xml::{Resource, escaped, multistatus};

/// Most cards of an address book that are read.
pub const CARDS_MAX: usize = 5_000;

/// Most address books of an account that are listed.
const BOOKS_MAX: usize = 100;

/// Cards asked for at once: with small pictures in them about 1 MiB.
const CARDS_AT_ONCE: usize = 50;

/// Longest time of one exchange: a busy server at home with many cards.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Largest answer, in bytes.
const BODY_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Redirects that are followed for one request.
const REDIRECTS_MAX: usize = 5;

const XML: &str = "application/xml; charset=utf-8";

/// What is asked of a place that may be anything.
const WHO: &str = r#"<?xml version="1.0" encoding="utf-8"?><propfind xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:carddav"><prop><resourcetype/><displayname/><current-user-principal/><C:addressbook-home-set/></prop></propfind>"#;

/// The client for servers that the person named themself: at home, on this machine or anywhere. Extra roots are certificates of
/// authorities to trust beside the system's, as PEM.
///
/// # Errors
/// [`ClientError`], as [`Client::new`].
pub fn client(extra_roots: Vec<Vec<u8>>) -> Result<Client, ClientError> {
    Client::new(Policy {
        extra_roots,
        timeout: TIMEOUT,
        body_bytes_max: BODY_BYTES_MAX,
        ..Policy::configured()
    })
}

/// The address books of an account. `url` is any address of the server: its host alone, the account's or a book's.
///
/// # Errors
/// [`CardDavError`].
pub async fn list(
    client: &Client,
    url: &str,
    user: &str,
    password: &str,
) -> Result<Vec<AddressBook>, CardDavError> {
    let url = Url::parse(url).map_err(|_| CardDavError::Url)?;
    let account = Arc::new(Account::new(client, &url, user, password)?);
    let mut places = vec![url.clone()];
    // "the well-known URI": for who knows the host alone. Where a path was given, it comes second.
    if let Ok(known) = url.join("/.well-known/carddav") {
        places.insert(usize::from(!matches!(url.path(), "" | "/")), known);
    }
    let mut failed = CardDavError::NotFound { host: account.host.clone() };
    for place in places {
        match account.books(&place).await {
            Ok(books) if !books.is_empty() => {
                return Ok(books
                    .into_iter()
                    .map(|(name, url)| AddressBook { name, url, account: account.clone() })
                    .collect());
            }
            Ok(_) | Err(CardDavError::NotFound { .. }) => {}
            // Another address does not make a wrong password right, nor a server answer that is away.
            Err(error @ (CardDavError::SignIn { .. } | CardDavError::Fetch(_))) => return Err(error),
            Err(error) => failed = error,
        }
    }
    Err(failed)
}

/// An address book.
#[derive(Clone)]
pub struct AddressBook {
    name: String,
    url: Url,
    account: Arc<Account>,
}

impl fmt::Debug for AddressBook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AddressBook").finish_non_exhaustive()
    }
}

impl AddressBook {
    /// Its name, or the last part of its address where it has none.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its address.
    #[must_use]
    pub fn url(&self) -> &str {
        self.url.as_str()
    }

    /// Its cards, in the order of their names.
    ///
    /// # Errors
    /// [`CardDavError`]; an address book with more than [`CARDS_MAX`] cards is refused.
    pub async fn cards(&self) -> Result<Vec<CardEntry>, CardDavError> {
        let account = &self.account;
        let hrefs = account.hrefs(&self.url).await?;
        let mut cards = Vec::with_capacity(hrefs.len());
        let mut waiting: Vec<&[Url]> = hrefs.chunks(CARDS_AT_ONCE).rev().collect();
        while let Some(some) = waiting.pop() {
            match account.multiget(&self.url, some).await {
                Ok(Some(found)) => cards.extend(found),
                // It does not know the report: one after the other.
                Ok(None) => {
                    for url in some {
                        cards.extend(account.card(url).await?);
                    }
                }
                Err(CardDavError::Fetch(FetchError::TooLarge { .. })) if some.len() > 1 => {
                    let (first, second) = some.split_at(some.len() / 2);
                    waiting.extend([second, first]);
                }
                Err(error) => return Err(error),
            }
        }
        cards.sort_by(|a, b| (a.name.to_lowercase(), &a.href).cmp(&(b.name.to_lowercase(), &b.href)));
        cards.dedup_by(|a, b| a.href == b.href);
        Ok(cards)
    }
}

/// Who asks, and whom.
struct Account {
    client: Client,
    host: String,
    /// Scheme, host and port that have the password.
    origin: url::Origin,
    authorization: Zeroizing<String>,
}

impl Account {
    fn new(client: &Client, url: &Url, user: &str, password: &str) -> Result<Self, CardDavError> {
        let host = url.host().ok_or(CardDavError::Url)?.to_owned();
        let is_here = match &host {
            Host::Domain(name) => name == "localhost",
            Host::Ipv4(address) => address.is_loopback(),
            Host::Ipv6(address) => address.is_loopback(),
        };
        let host = host.to_string();
        match url.scheme() {
            "https" => {}
            "http" if is_here => {}
            "http" => return Err(CardDavError::Plain { host }),
            _ => return Err(CardDavError::Url),
        }
        // "a user-id containing a colon character is invalid" (RFC 7617 section 2).
        if user.is_empty() || user.contains(':') || user.chars().any(char::is_control) {
            return Err(CardDavError::User);
        }
        client.check(url.as_str())?;
        let pair = Zeroizing::new(format!("{user}:{password}"));
        let authorization =
            Zeroizing::new(format!("Basic {}", &*Zeroizing::new(Base::Base64Pad.encode(&*pair))));
        Ok(Self { client: client.clone(), host, origin: url.origin(), authorization })
    }

    /// The address books that can be found from a place, each with its name.
    async fn books(&self, place: &Url) -> Result<Vec<(String, Url)>, CardDavError> {
        let (at, resources) = self.propfind(place, "0", WHO).await?;
        let this = resources.first().ok_or_else(|| self.not_found())?;
        if this.is_address_book {
            return Ok(vec![(named(this, &at), at)]);
        }
        let mut homes = self.resolved(&at, &this.homes)?;
        if homes.is_empty()
            && let Some(principal) = &this.principal
        {
            let principal = self.join(&at, principal)?;
            let (at, resources) = self.propfind(&principal, "0", WHO).await?;
            homes = self.resolved(&at, resources.first().map(|it| &it.homes[..]).unwrap_or_default())?;
        }
        if homes.is_empty() {
            homes.push(at);
        }
        let mut books = Vec::new();
        for home in homes.into_iter().take(BOOKS_MAX) {
            let (at, resources) = self.propfind(&home, "1", WHO).await?;
            for resource in resources.iter().filter(|it| it.is_address_book) {
                let url = self.join(&at, &resource.href)?;
                if books.len() < BOOKS_MAX && !books.iter().any(|(_, other)| *other == url) {
                    books.push((named(resource, &url), url));
                }
            }
        }
        Ok(books)
    }

    /// The addresses of the cards in a book.
    async fn hrefs(&self, book: &Url) -> Result<Vec<Url>, CardDavError> {
        let body = r#"<?xml version="1.0" encoding="utf-8"?><propfind xmlns="DAV:"><prop><resourcetype/></prop></propfind>"#;
        let (at, resources) = self.propfind(book, "1", body).await?;
        let mut hrefs = Vec::new();
        for resource in &resources {
            let url = self.join(&at, &resource.href)?;
            // "507 Insufficient Storage" of the collection: the server has cut the list (RFC 6352 section 8.6.2).
            if resource.status == Some(507) || hrefs.len() > CARDS_MAX {
                return Err(CardDavError::TooMany { cards_max: CARDS_MAX });
            }
            let is_card = !resource.is_collection && url != at && resource.status.is_none_or(|it| it == 200);
            if is_card && !hrefs.contains(&url) {
                hrefs.push(url);
            }
        }
        if hrefs.len() > CARDS_MAX { Err(CardDavError::TooMany { cards_max: CARDS_MAX }) } else { Ok(hrefs) }
    }

    /// Several cards at once; none where the server does not know the report.
    async fn multiget(&self, book: &Url, hrefs: &[Url]) -> Result<Option<Vec<CardEntry>>, CardDavError> {
        let hrefs: String =
            hrefs.iter().map(|url| format!("<D:href>{}</D:href>", escaped(url.path()))).collect();
        let body = format!(
            r#"<?xml version="1.0" encoding="utf-8"?><C:addressbook-multiget xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:carddav"><D:prop><C:address-data/></D:prop>{hrefs}</C:addressbook-multiget>"#
        );
        let headers = [("content-type", XML), ("depth", "1")];
        let (at, response) = self.send(Method::Report, book, &headers, body.as_bytes()).await?;
        if matches!(response.status, 400 | 403 | 405 | 415 | 422 | 501) {
            return Ok(None);
        }
        let resources = self.answered(&response)?;
        let mut cards = Vec::with_capacity(resources.len());
        for resource in resources {
            if let Some(card) = resource.card {
                cards.push(CardEntry::new(self.join(&at, &resource.href)?.into(), card.into_bytes()));
            }
        }
        Ok(Some(cards))
    }

    /// One card; none that has gone since it was listed.
    async fn card(&self, url: &Url) -> Result<Option<CardEntry>, CardDavError> {
        let (_, response) = self.send(Method::Get, url, &[("accept", "text/vcard")], b"").await?;
        match response.status {
            200 => Ok(Some(CardEntry::new(url.as_str().to_owned(), response.body))),
            404 | 410 => Ok(None),
            status => Err(self.refused(status)),
        }
    }

    async fn propfind(
        &self,
        url: &Url,
        depth: &str,
        body: &str,
    ) -> Result<(Url, Vec<Resource>), CardDavError> {
        let headers = [("content-type", XML), ("depth", depth)];
        let (at, response) = self.send(Method::Propfind, url, &headers, body.as_bytes()).await?;
        Ok((at, self.answered(&response)?))
    }

    fn answered(&self, response: &Response) -> Result<Vec<Resource>, CardDavError> {
        match response.status {
            207 => {
                let answer = multistatus(&response.body);
                answer.map_err(|_| CardDavError::Answer { host: self.host.clone() })
            }
            status => Err(self.refused(status)),
        }
    }

    fn refused(&self, status: u16) -> CardDavError {
        let host = self.host.clone();
        match status {
            401 => CardDavError::SignIn { host },
            403 => CardDavError::Forbidden { host },
            // A web server that has never heard of the method answers so.
            200 | 404 | 405 | 410 | 501 => CardDavError::NotFound { host },
            status => CardDavError::Status { host, status },
        }
    }

    fn not_found(&self) -> CardDavError {
        CardDavError::NotFound { host: self.host.clone() }
    }

    /// One request, and where it was answered in the end.
    async fn send(
        &self,
        method: Method,
        url: &Url,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<(Url, Response), CardDavError> {
        let mut headers = headers.to_vec();
        headers.push(("authorization", &self.authorization));
        let mut at = url.clone();
        for _ in 0..=REDIRECTS_MAX {
            let response = self.client.send(method, at.as_str(), &headers, body.to_vec()).await?;
            if !matches!(response.status, 301 | 302 | 303 | 307 | 308) {
                return Ok((at, response));
            }
            let location = response.location.as_deref().ok_or_else(|| self.not_found())?;
            at = self.join(&at, location)?;
        }
        Err(CardDavError::Redirects { host: self.host.clone() })
    }

    /// An address in an answer. The password is for one origin.
    fn join(&self, at: &Url, href: &str) -> Result<Url, CardDavError> {
        let url = at.join(href).map_err(|_| CardDavError::Answer { host: self.host.clone() })?;
        if url.origin() != self.origin {
            let to = url.origin().ascii_serialization();
            return Err(CardDavError::Elsewhere { host: self.host.clone(), to });
        }
        Ok(url)
    }

    fn resolved(&self, at: &Url, hrefs: &[String]) -> Result<Vec<Url>, CardDavError> {
        hrefs.iter().map(|href| self.join(at, href)).collect()
    }
}

/// What a book is called.
fn named(resource: &Resource, url: &Url) -> String {
    let last =
        || url.path_segments().and_then(|mut parts| parts.rfind(|it| !it.is_empty())).unwrap_or_default();
    match &resource.display_name {
        Some(name) if !name.is_empty() => name.clone(),
        _ => last().to_owned(),
    }
}
